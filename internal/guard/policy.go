package guard

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// Policy is a parsed and compiled policy file. It is immutable and safe for concurrent use.
type Policy struct {
	rules  []*bound // sorted by id
	digest string
	labels Labels // nil: nothing is known of labels

	mu   sync.Mutex            // serialises the filling of sets
	sets atomic.Pointer[cache] // read without a lock, replaced as a whole
}

// bound is a rule with what it looks for and where that stands in the file.
type bound struct {
	Rule
	mask     string // the mask as written; "" means by kind
	from     string // id of the rule of the file that this is a part of; "" for itself
	label    string // label that a finding of the rule brings with it, or ""
	detect   []string
	minScore float64 // of what detectors find
	literals []string
	foldCase bool
	whole    bool
	patterns []patternSource
	examples exampleSource
	lines    [2][]int // of the examples: match, no_match
}

// Parse reads a policy. The name is the path of the file: it stands in errors, and list files are looked up in the
// folder it names, never outside of it.
//
// Unknown keys, keys that stand twice, rules with the same id, detectors that do not exist and rules without examples
// are errors that tell line and column and show the place. A mask must be printable text without quote and backslash, so
// that it can stand inside any JSON string and leave the document valid. Parse runs no example; see Test.
func Parse(name string, source []byte) (*Policy, error) {
	// A Root is opened only when a list file is asked for: a policy without one needs no file system.
	return parse(name, source, func(file string) ([]byte, error) {
		root, err := os.OpenRoot(filepath.Dir(name))
		if err != nil {
			return nil, err
		}
		defer root.Close()
		return readList(root.FS(), file)
	})
}

// ParseFS is Parse with the list files taken from fsys.
func ParseFS(fsys fs.FS, name string, source []byte) (*Policy, error) {
	return parse(name, source, func(file string) ([]byte, error) { return readList(fsys, file) })
}

func parse(name string, source []byte, open func(string) ([]byte, error)) (*Policy, error) {
	doc, err := decode(name, source)
	if err != nil {
		return nil, err
	}
	b := binder{doc: doc, open: open, lists: map[string][]byte{}, detectors: detectors()}
	rules, err := b.bind()
	if err != nil {
		return nil, err
	}
	p := &Policy{rules: rules, digest: digest(source, b.lists)}
	if err := p.compiles(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return p, nil
}

// Digest is "sha256:" and the hash, in hex, over the bytes of the policy file and of the list files it names. Two
// policies with the same digest judge alike.
func (p *Policy) Digest() string { return p.digest }

// Rules are the rules of the policy, sorted by id. The slice is the caller's, the rules are shared.
func (p *Policy) Rules() []*Rule {
	out := make([]*Rule, len(p.rules))
	for i, b := range p.rules {
		out[i] = &b.Rule
	}
	return out
}

// digest hashes every file with its name and length before it, so that no two different sets of files run together.
func digest(source []byte, lists map[string][]byte) string {
	h := sha256.New()
	write := func(name string, content []byte) {
		var n [16]byte
		binary.BigEndian.PutUint64(n[:8], uint64(len(name)))
		binary.BigEndian.PutUint64(n[8:], uint64(len(content)))
		h.Write(n[:])
		io.WriteString(h, name)
		h.Write(content)
	}
	write("reeve.guard/1", source)
	names := make([]string, 0, len(lists))
	for name := range lists {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		write(name, lists[name])
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil))
}

// readList reads a list file whole, up to its limit.
func readList(fsys fs.FS, name string) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxSource+1))
	if err != nil {
		return nil, err
	}
	if len(b) > maxSource {
		return nil, fmt.Errorf("more than %d bytes", maxSource)
	}
	return b, nil
}

// listWords reads the lines of a list file. Space around a literal does not count; empty lines and lines that begin with
// "#" are skipped.
func listWords(content []byte) []string {
	var words []string
	for line := range strings.Lines(string(content)) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			words = append(words, line)
		}
	}
	return words
}
