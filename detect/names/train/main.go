// Command train makes the weights of detect/names from labelled sentences, public-domain lists and authored templates.
//
//	go run ./detect/names/train -data DIR -lists DIR -o detect/names/weights.bin
//
// The result depends on the input and the seed only. detect/names/DATA.md names every source, its licence and where it
// is to be had.
package main

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"

	"github.com/reeve-ai/reeve/detect/names/sequence"
)

// options are the flags.
type options struct {
	data, lists, out string
	without          string
	synthetic        int
	epochs           int
	seed             uint64
}

func main() {
	var o options
	flag.StringVar(&o.data, "data", "", "folder with the .conll files")
	flag.StringVar(&o.lists, "lists", "", "folder with the lists of names and places")
	flag.StringVar(&o.out, "o", "weights.bin", "file to write")
	flag.StringVar(&o.without, "without", "", "corpora to leave out, separated by commas, to judge on them")
	flag.IntVar(&o.synthetic, "synthetic", 34000, "texts to make from templates")
	flag.IntVar(&o.epochs, "epochs", 7, "passes over the texts")
	flag.Uint64Var(&o.seed, "seed", 1, "seed of all chance")
	flag.Parse()
	if err := run(&o); err != nil {
		fmt.Fprintln(os.Stderr, "train:", err)
		os.Exit(1)
	}
}

// corpora are what is trained on. Others in the folder, such as those with a share-alike licence, are never read.
var corpora = []string{
	"wnut17-train", "wnut17-dev", "wnut17-test", "btc-a", "btc-b", "btc-e", "btc-f", "btc-g", "btc-h", "wikigold",
}

func run(o *options) error {
	var real []sequence.Example
	skip := strings.Split(o.without, ",")
	for _, name := range corpora {
		if slices.Contains(skip, name) {
			continue
		}
		x, err := readCorpus(o.data, name)
		if err != nil {
			return err
		}
		real = append(real, x...)
	}
	l, err := readLists(o.lists)
	if err != nil {
		return err
	}
	for i := range real {
		l.count(real[i].Text, 1)
	}
	random := rand.New(rand.NewPCG(o.seed, 1))
	full, part := l.lexicon(false), l.lexicon(true)
	made := generate(l, o.synthetic, random)

	t := newTrainer()
	for i := range real {
		t.add(full, &real[i])
	}
	for i := range made {
		if i%2 == 0 {
			t.add(full, &made[i])
		} else {
			t.add(part, &made[i])
		}
	}
	fmt.Fprintf(os.Stderr, "%d labelled texts, %d made, %d runs, %d tokens\n", len(real), len(made), len(t.runs), t.tokens)
	t.train(o.epochs, random)
	m := sequence.NewModel(full, t.weights, t.steps)
	f, err := os.Create(o.out)
	if err != nil {
		return fmt.Errorf("write weights: %w", err)
	}
	if err := m.Write(f); err != nil {
		return err
	}
	return f.Close()
}
