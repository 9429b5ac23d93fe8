package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// errFull ends the reading of a folder when enough was taken.
var errFull = errors.New("enough")

// record is one line of the corpus.
type record struct {
	ID     int    `json:"id"`
	Source string `json:"source"`
	Text   string `json:"text"`
}

// writeCorpus writes about size bytes of JSON lines: a third source code and configuration, a third documentation, a
// third prose full of invented personal data. Code and documentation are those of the Go tree and of the module cache
// on this machine, so that nothing is fetched and nothing foreign lies in the repository; where they do not suffice,
// they repeat.
func writeCorpus(path string, size int64) (err error) {
	code, err := collect(size/3, ".go", ".s", ".json", ".yaml", ".yml", ".sh", ".mod", ".sum", ".c", ".h", ".js", ".toml")
	if err != nil {
		return err
	}
	docs, err := collect(size/3, ".md", ".html", ".rst", ".txt")
	if err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("create corpus: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := bufio.NewWriterSize(f, 1<<20)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	rng := rand.New(rand.NewPCG(1, 2))
	var written [3]int64
	for n := 0; written[0]+written[1]+written[2] < size; n++ {
		kind := slices.Index(written[:], slices.Min(written[:]))
		r := record{ID: n}
		switch kind {
		case 0:
			r.Source, r.Text = "code", code[n%len(code)]
		case 1:
			r.Source, r.Text = "docs", docs[n%len(docs)]
		default:
			r.Source, r.Text = "prose", prose(rng, 60+rng.IntN(40))
		}
		if err := enc.Encode(r); err != nil {
			return fmt.Errorf("write corpus: %w", err)
		}
		written[kind] += int64(len(r.Text)) + 40
	}
	return w.Flush()
}

// collect reads files with the given endings, in pieces of at most 8 KiB, until it has want bytes.
func collect(want int64, endings ...string) ([]string, error) {
	var out []string
	var have int64
	for _, root := range roots() {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !slices.Contains(endings, filepath.Ext(path)) {
				return nil //nolint:nilerr // what cannot be read is left out
			}
			b, err := os.ReadFile(path)
			if err != nil || len(b) < 200 {
				return nil //nolint:nilerr // as above
			}
			for _, piece := range pieces(b, 8<<10) {
				out = append(out, piece)
				if have += int64(len(piece)); have >= want {
					return errFull
				}
			}
			return nil
		})
		if errors.Is(err, errFull) {
			return out, nil
		}
	}
	if len(out) == 0 {
		return nil, errors.New("no source code found: is Go's own source tree there?")
	}
	return out, nil
}

// pieces cuts a file at line ends.
func pieces(b []byte, limit int) (out []string) {
	text := strings.ToValidUTF8(string(b), "?")
	for len(text) > limit {
		cut := strings.LastIndexByte(text[:limit], '\n') + 1
		if cut == 0 {
			cut = limit
		}
		out = append(out, text[:cut])
		text = text[cut:]
	}
	return append(out, text)
}

// roots are folders with text that is on every machine which builds Go programs.
func roots() (out []string) {
	for _, name := range []string{"GOROOT", "GOMODCACHE"} {
		b, err := exec.Command("go", "env", name).Output()
		if err == nil && len(strings.TrimSpace(string(b))) > 0 {
			out = append(out, strings.TrimSpace(string(b)))
		}
	}
	return out
}

// head copies the first whole lines of a file, at most limit bytes.
func head(from, to string, limit int64) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return fmt.Errorf("open corpus: %w", err)
	}
	defer in.Close()
	b, err := io.ReadAll(io.LimitReader(in, limit))
	if err != nil {
		return fmt.Errorf("read corpus: %w", err)
	}
	if cut := strings.LastIndexByte(string(b), '\n'); cut >= 0 {
		b = b[:cut+1]
	}
	if err := os.WriteFile(to, b, 0o600); err != nil {
		return fmt.Errorf("write slice: %w", err)
	}
	return nil
}
