package main

import (
	"bufio"
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
)

var errDiffers = errors.New("the scan with a cache reports something else than one without")

func median(x []float64) float64 {
	s := slices.Sorted(slices.Values(x))
	return s[len(s)/2]
}

func least(x []float64) float64 { return slices.Min(x) }
func most(x []float64) float64  { return slices.Max(x) }

// again measures what a second scan costs after 1 % of the records have changed, with the cache that the first one left,
// and sees that it reports the same as a scan without a cache. Each is measured twice: with every finding told into a file,
// which on this corpus is twice as large as the corpus, and with the summary alone, which is what the looking costs.
func again(args []string) error {
	var corpus, reeve, dir string
	if err := flags("again", args, func(f *flag.FlagSet) {
		f.StringVar(&corpus, "corpus", "", "the mixed corpus")
		f.StringVar(&reeve, "reeve", "", "reeve's binary")
		f.StringVar(&dir, "dir", os.TempDir(), "working folder; it is not emptied")
	}); err != nil {
		return err
	}
	file, cache := filepath.Join(dir, "again.jsonl"), filepath.Join(dir, "again-cache")
	kept := cache + "-kept"
	for _, folder := range []string{cache, kept} {
		if err := os.RemoveAll(folder); err != nil {
			return err
		}
	}
	scan := func(name string, extra ...string) (cost, error) {
		out := filepath.Join(dir, name)
		c, err := run("", reeve, append([]string{"scan", "-q", "--format", "jsonl", "-o", out, file}, extra...)...)
		if err == nil {
			c.out, err = os.ReadFile(out)
		}
		return c, err
	}
	if err := change(corpus, file, 0); err != nil {
		return err
	}
	full, err := scan("full", "--cache", cache)
	if err != nil {
		return err
	}
	if err := os.CopyFS(kept, os.DirFS(cache)); err != nil {
		return fmt.Errorf("keep the cache: %w", err)
	}
	if err := change(corpus, file, 100); err != nil {
		return err
	}
	second, err := scan("second", "--cache", cache)
	if err != nil {
		return err
	}
	fresh, err := scan("fresh", "--no-cache")
	if err != nil {
		return err
	}
	if err := os.RemoveAll(cache); err != nil {
		return err
	}
	if err := os.Rename(kept, cache); err != nil {
		return err
	}
	summary, err := scan("summary", "--summary", "--cache", cache)
	if err != nil {
		return err
	}
	plain, err := scan("plain", "--summary", "--no-cache")
	if err != nil {
		return err
	}
	fmt.Printf("told: first scan %.2f s CPU, second %.2f s CPU, without cache %.2f s CPU\n", full.cpu.Seconds(), second.cpu.Seconds(), fresh.cpu.Seconds())
	fmt.Printf("summary: second %.2f s CPU, without cache %.2f s CPU\n", summary.cpu.Seconds(), plain.cpu.Seconds())
	if !bytes.Equal(second.out, fresh.out) || !bytes.Equal(summary.out, plain.out) {
		return errDiffers
	}
	var g goals
	g.check("1 % changed, CPU of the full scan, findings told", second.cpu.Seconds()/fresh.cpu.Seconds(), 0.03, false)
	g.check("1 % changed, CPU of the full scan, summary", summary.cpu.Seconds()/plain.cpu.Seconds(), 0.03, false)
	return g.err()
}

// change copies the corpus. With every > 0 a run of records is changed once in a while, so that one record in every is.
// Changes come in runs of 50, as when somebody appends to or edits parts of a data set.
func change(from, to string, every int) error {
	in, err := os.Open(from)
	if err != nil {
		return fmt.Errorf("open corpus: %w", err)
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return fmt.Errorf("create copy: %w", err)
	}
	r, w := bufio.NewReaderSize(in, 1<<20), bufio.NewWriterSize(out, 1<<20)
	for n := 0; ; n++ {
		line, err := r.ReadBytes('\n')
		if every > 0 && len(line) > 1 && n%(50*every) < 50 {
			line = append(line[:len(line)-2], ",\"note\":\"changed, ask jo.changed@corp.com\"}\n"...)
		}
		if _, err := w.Write(line); err != nil {
			return fmt.Errorf("write copy: %w", err)
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return fmt.Errorf("read corpus: %w", err)
		}
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("write copy: %w", err)
	}
	return out.Close()
}
