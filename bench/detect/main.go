// Command detectbench measures reeve's detectors beside others: speed, quality on labelled text, memory, and what a
// second run costs. bench/README.md says how to run it and how to read it.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strconv"
)

func main() {
	if len(os.Args) < 2 {
		fail(fmt.Errorf("usage: detectbench corpus|speed|again|memory|noise|quality [flags]"))
	}
	var err error
	switch args := os.Args[2:]; os.Args[1] {
	case "corpus":
		err = corpus(args)
	case "speed":
		err = speed(args)
	case "again":
		err = again(args)
	case "memory":
		err = memory(args)
	case "noise":
		err = noise(args)
	case "quality":
		err = quality(args)
	default:
		err = fmt.Errorf("detectbench does not know %q", os.Args[1])
	}
	if err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "detectbench:", err)
	if errors.Is(err, errDiffers) {
		os.Exit(3) // wrong, not slow
	}
	os.Exit(1)
}

// corpus writes the mixed corpus: detectbench corpus FILE MEGABYTES.
func corpus(args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("usage: detectbench corpus FILE MEGABYTES")
	}
	mb, err := strconv.ParseInt(args[1], 10, 32)
	if err != nil || mb < 1 {
		return fmt.Errorf("megabytes: %q is no number above 0", args[1])
	}
	return writeCorpus(args[0], mb*1e6)
}

// goals collects bars that are not reached.
type goals struct{ missed int }

// check prints one bar and whether it is reached.
func (g *goals) check(name string, got, want float64, atLeast bool) {
	ok, sign := got >= want, ">="
	if !atLeast {
		ok, sign = got <= want, "<="
	}
	verdict := "met"
	if !ok {
		verdict = "MISSED"
		g.missed++
	}
	fmt.Printf("%-52s %10.3g  (%s %g) %s\n", name, got, sign, want, verdict)
}

func (g *goals) err() error {
	if g.missed > 0 {
		return fmt.Errorf("%d bars are not reached", g.missed)
	}
	return nil
}

// flags parses and refuses what is left over.
func flags(name string, args []string, define func(*flag.FlagSet)) error {
	f := flag.NewFlagSet("detectbench "+name, flag.ContinueOnError)
	define(f)
	if err := f.Parse(args); err != nil {
		return err
	}
	if f.NArg() > 0 {
		return fmt.Errorf("%s: unexpected %q", name, f.Arg(0))
	}
	return nil
}
