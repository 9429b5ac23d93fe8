package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// noise counts findings of medium or more in text that holds no personal data and no secrets: source code, lock files,
// logs, identifiers, hashes. Each kind is a file or folder of its own.
func noise(args []string) error {
	var reeve, dir string
	var size int64
	var shown bool
	if err := flags("noise", args, func(f *flag.FlagSet) {
		f.StringVar(&reeve, "reeve", "", "reeve's binary")
		f.StringVar(&dir, "dir", os.TempDir(), "working folder")
		f.Int64Var(&size, "size", 2e6, "bytes of each kind")
		f.BoolVar(&shown, "show", false, "print where the findings are")
	}); err != nil {
		return err
	}
	root := filepath.Join(dir, "noise")
	sizes, err := writeNoise(root, size)
	if err != nil {
		return err
	}
	var g goals
	for _, name := range slices.Sorted(maps.Keys(sizes)) {
		path := filepath.Join(root, name)
		findings, err := scanTree(reeve, path)
		if err != nil {
			return err
		}
		n, rules := 0, map[string]int{}
		for _, f := range findings {
			if f.Severity == "medium" || f.Severity == "high" || f.Severity == "critical" {
				n++
				rules[f.Rule]++
				if shown {
					fmt.Printf("  %s:%d %s\n", f.Path, f.Line, f.Rule)
				}
			}
		}
		g.check(fmt.Sprintf("%s: findings of medium or more per MB", name), float64(n)/(float64(sizes[name])/1e6), 1, false)
		for _, rule := range slices.Sorted(maps.Keys(rules)) {
			fmt.Printf("    %4d %s\n", rules[rule], rule)
		}
	}
	return g.err()
}

// writeNoise makes the folder and returns the bytes of each kind. Code is that of the Go tree without its tests, which are
// full of keys and addresses on purpose.
func writeNoise(root string, size int64) (map[string]int64, error) {
	if err := os.RemoveAll(root); err != nil {
		return nil, err
	}
	rng := rand.New(rand.NewPCG(3, 4))
	lines := map[string]func() string{
		"ids.txt": func() string {
			return fmt.Sprintf("%s %s %d", uuid(rng), hexOf(rng, 20+12*rng.IntN(2)), 1500000000+rng.IntN(400000000))
		},
		"package-lock.json": func() string {
			return fmt.Sprintf(`    "node_modules/%s-%s": {"version": "%d.%d.%d", "resolved": "https://registry.invalid/%s.tgz", "integrity": "sha512-%s"},`,
				pick(rng, words), pick(rng, words), rng.IntN(20), rng.IntN(40), rng.IntN(90), pick(rng, words), b64(rng, 64))
		},
		"go.sum": func() string {
			return fmt.Sprintf("example.com/%s/%s v%d.%d.%d-2024%04d%06d-%s h1:%s=", pick(rng, words), pick(rng, words), rng.IntN(3), rng.IntN(40), rng.IntN(90),
				rng.IntN(10000), rng.IntN(1e6), hexOf(rng, 6), b64(rng, 32)[:43])
		},
		"service.log": func() string {
			return fmt.Sprintf("2024-%02d-%02dT%02d:%02d:%02d.%06dZ level=%s pid=%d trace=%s took=%dms %s %s finished, %d of %d items, checksum %08x", 1+rng.IntN(12), 1+rng.IntN(28),
				rng.IntN(24), rng.IntN(60), rng.IntN(60), rng.IntN(1e6), pick(rng, []string{"info", "warn", "debug"}), rng.IntN(1e6), hexOf(rng, 16), rng.IntN(9000),
				pick(rng, words), pick(rng, words), rng.IntN(1e4), rng.IntN(1e7), rng.Uint32())
		},
		"images.css": func() string {
			return fmt.Sprintf(".%s{background:url(data:image/png;base64,%s);margin:%dpx %dpx;z-index:%d}", pick(rng, words), b64(rng, 400), rng.IntN(90), rng.IntN(90), rng.IntN(100000))
		},
		"numbers.csv": func() string {
			return fmt.Sprintf("%d,%d.%04d,%d-%d,%d/%d,v%d.%d.%d.%d,%d", rng.IntN(1e9), rng.IntN(1000), rng.IntN(1e4), rng.IntN(1e5), rng.IntN(1e4), rng.IntN(500), rng.IntN(500),
				rng.IntN(9), rng.IntN(30), rng.IntN(30), rng.IntN(9999), 1500000000000+rng.Int64N(4e11))
		},
	}
	sizes := map[string]int64{}
	if err := os.MkdirAll(filepath.Join(root, "code"), 0o700); err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(lines)) {
		var b strings.Builder
		for int64(b.Len()) < size {
			b.WriteString(lines[name]() + "\n")
		}
		sizes[name] = int64(b.Len())
		if err := os.WriteFile(filepath.Join(root, name), []byte(b.String()), 0o600); err != nil {
			return nil, err
		}
	}
	n, err := copyCode(filepath.Join(root, "code"), 4*size)
	sizes["code"] = n
	return sizes, err
}

// copyCode copies Go files that are no tests.
func copyCode(to string, want int64) (int64, error) {
	pieces, err := collect(8*want, ".go")
	if err != nil {
		return 0, err
	}
	var have int64
	for i := 0; i < len(pieces) && have < want; i += 7 {
		if strings.Contains(pieces[i], "testing.T") {
			continue
		}
		if err := os.WriteFile(filepath.Join(to, fmt.Sprintf("f%05d.go", i)), []byte(pieces[i]), 0o600); err != nil {
			return 0, err
		}
		have += int64(len(pieces[i]))
	}
	return have, nil
}

var words = strings.Fields("array buffer cache delta engine filter graph handle index join kernel layer merge node option parser queue router signal table update vector worker")

func hexOf(r *rand.Rand, n int) string {
	b := sha256.Sum256(fmt.Appendf(nil, "%d", r.Uint64()))
	return fmt.Sprintf("%x", b[:min(n, 32)])
}

func uuid(r *rand.Rand) string {
	h := hexOf(r, 16)
	return h[:8] + "-" + h[8:12] + "-4" + h[13:16] + "-a" + h[17:20] + "-" + h[20:]
}

func b64(r *rand.Rand, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return base64.StdEncoding.EncodeToString(b)
}

// finding is what we read of a line of `reeve scan --format jsonl`.
type finding struct {
	Rule, Kind, Severity, Path string
	Field                      string
	Record, Line, Start, End   int
	Score                      float64
}

func scanTree(reeve string, paths ...string) ([]finding, error) {
	c, err := run("", reeve, append([]string{"scan", "-q", "--no-cache", "--format", "jsonl"}, paths...)...)
	if err != nil {
		return nil, err
	}
	var out []finding
	for lines := bufio.NewReader(strings.NewReader(string(c.out))); ; {
		line, err := lines.ReadBytes('\n')
		if len(line) > 1 {
			var f finding
			if err := json.Unmarshal(line, &f); err != nil {
				return nil, fmt.Errorf("reeve scan: %w", err)
			}
			out = append(out, f)
		}
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("reeve scan: %w", err)
		}
	}
}
