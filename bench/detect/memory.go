package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// memory scans a file of many gigabytes and looks at the highest resident set of the process. Names are not looked for:
// they need little memory and much time.
func memory(args []string) error {
	var corpus, reeve, dir string
	var gb int64
	if err := flags("memory", args, func(f *flag.FlagSet) {
		f.StringVar(&corpus, "corpus", "", "the mixed corpus; it is repeated")
		f.StringVar(&reeve, "reeve", "", "reeve's binary")
		f.StringVar(&dir, "dir", os.TempDir(), "where the large file is written, and removed")
		f.Int64Var(&gb, "gb", 20, "its size in gigabytes")
	}); err != nil {
		return err
	}
	big := filepath.Join(dir, "big.jsonl")
	defer os.Remove(big)
	if err := repeat(corpus, big, gb*1e9); err != nil {
		return err
	}
	c, err := run("", reeve, "scan", "-q", "--no-cache", "--names", "off", "--format", "jsonl", "-o", os.DevNull, big)
	if err != nil {
		return err
	}
	fmt.Printf("%d GB in %.0f s, %.0f s CPU, %.0f MB/CPU-s\n", gb, c.wall.Seconds(), c.cpu.Seconds(), rate(gb*1e9, c))
	var g goals
	g.check(fmt.Sprintf("peak memory on a %d GB file, MB", gb), c.peakMB, 256, false)
	return g.err()
}

func repeat(from, to string, size int64) (err error) {
	out, err := os.Create(to)
	if err != nil {
		return fmt.Errorf("create large file: %w", err)
	}
	for written := int64(0); written < size; {
		in, err := os.Open(from)
		if err != nil {
			return fmt.Errorf("open corpus: %w", err)
		}
		n, err := io.Copy(out, in)
		_ = in.Close()
		if err != nil || n == 0 {
			return fmt.Errorf("write large file: %d bytes, %w", n, err)
		}
		written += n
	}
	return out.Close()
}
