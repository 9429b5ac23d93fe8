// Package verifier is a second verifier of custody logs. It was written from docs/custody-format.md and shares no code with the
// product: it imports nothing of it, so that a mistake in one is not a mistake in both. It is small and slow, and reads one
// segment after the other.
package verifier

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Result is what was found.
type Result struct {
	OK       bool
	Leaves   uint64
	FirstBad *uint64
	Problems []string
}

// verifier walks along one log.
type verifier struct {
	dir    string
	res    Result
	keys   []key
	cp     checkpoint
	has    bool // there is a good checkpoint
	chain  hash
	leaves []hash
	texts  [][]byte
	gone   []part
	why    []reason
	origin string
	rooted bool
}

// part is a sealed part that is not there any more.
type part struct {
	seq uint64
	kek string
}

// reason is a leaf that says why parts are gone.
type reason struct {
	seq    uint64
	keks   []string
	ranges [][2]uint64
}

// Verify reads the custody directory of a data directory.
func Verify(dir string) (*Result, error) {
	v := &verifier{dir: filepath.Join(dir, "custody")}
	if _, err := os.Stat(v.dir); err != nil {
		return nil, err
	}
	v.trust()
	v.names()
	v.reserve()
	v.segments()
	if v.res.FirstBad == nil { // else the reason may stand in what could not be read
		v.explain()
	}
	v.tiles()
	if v.has && uint64(len(v.leaves)) < v.cp.size && len(v.res.Problems) == 0 {
		v.bad("the log ends before its checkpoint")
	}
	v.res.OK, v.res.Leaves = len(v.res.Problems) == 0, uint64(len(v.leaves))
	return &v.res, nil
}

func (v *verifier) problem(format string, args ...any) {
	v.res.Problems = append(v.res.Problems, fmt.Sprintf(format, args...))
}

// bad is a problem with the record that comes next.
func (v *verifier) bad(format string, args ...any) {
	v.badAt(uint64(len(v.leaves)), format, args...)
}

func (v *verifier) badAt(seq uint64, format string, args ...any) {
	v.problem("record %d: "+format, append([]any{seq}, args...)...)
	if v.res.FirstBad == nil || seq < *v.res.FirstBad {
		v.res.FirstBad = &seq
	}
}

func (v *verifier) trust() {
	b, err := os.ReadFile(filepath.Join(v.dir, "log.pub"))
	if err == nil {
		v.keys, err = readKeys(string(b))
	}
	if err != nil {
		v.problem("log.pub: %v", err)
		return
	}
	b, err = os.ReadFile(filepath.Join(v.dir, "checkpoint"))
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err == nil {
		v.cp, err = readCheckpoint(string(b), v.keys)
	}
	if err != nil {
		v.problem("checkpoint: %v", err)
		return
	}
	v.has, v.origin = true, v.cp.origin
}

var known = map[string]*regexp.Regexp{
	".":       regexp.MustCompile(`^(lock|log\.pub|checkpoint|reserve)$`),
	"wal":     regexp.MustCompile(`^[0-9]{8}\.seg$`),
	"leaves":  regexp.MustCompile(`^[0-9]{8}\.leaf$`),
	"payload": regexp.MustCompile(`^[0-9]{8}\.pay$`),
}

// names looks for files that do not belong there. What is below tile/ is looked at when the leaves are known.
func (v *verifier) names() {
	_ = filepath.WalkDir(v.dir, func(path string, e fs.DirEntry, err error) error {
		rel, _ := filepath.Rel(v.dir, path)
		if err != nil || e.IsDir() && (rel == "." || known[rel] != nil) {
			return err
		}
		if rel == "tile" && e.IsDir() {
			return fs.SkipDir
		}
		r := known[filepath.Dir(rel)]
		if e.IsDir() || !e.Type().IsRegular() || r == nil || !r.MatchString(e.Name()) && !strings.HasSuffix(e.Name(), ".new") {
			v.problem("%s does not belong to the log", rel)
			if e.IsDir() {
				return fs.SkipDir
			}
		}
		return nil
	})
}

// reserve is zeros, whatever its size.
func (v *verifier) reserve() {
	b, err := os.ReadFile(filepath.Join(v.dir, "reserve"))
	if err == nil && len(bytes.Trim(b, "\x00")) > 0 {
		v.problem("reserve: something else than zeros")
	}
}

// numbers are the segments in one folder.
func (v *verifier) numbers(folder, suffix string) []int {
	var out []int
	entries, _ := os.ReadDir(filepath.Join(v.dir, folder))
	for _, e := range entries {
		if text, is := strings.CutSuffix(e.Name(), suffix); is {
			if n, err := strconv.Atoi(text); err == nil {
				out = append(out, n)
			}
		}
	}
	return out
}

// segments reads all segments in order until one is bad.
func (v *verifier) segments() {
	open, sealed := v.numbers("wal", ".seg"), v.numbers("leaves", ".leaf")
	last := slices.Max(append(append([]int{0}, open...), sealed...))
	if last == 0 {
		v.bad("there is no segment")
		return
	}
	for _, n := range v.numbers("payload", ".pay") {
		if !slices.Contains(sealed, n) && !slices.Contains(open, n) {
			v.problem("payload %d belongs to no segment", n)
		}
	}
	var before *ended
	for n := 1; n <= last; n++ {
		s, err := v.load(n, slices.Contains(sealed, n))
		if err == nil {
			err = v.follows(s.h, before, n)
		}
		if err != nil {
			v.bad("segment %d: %v", n, err)
			return
		}
		if before, err = s.read(v, n == last); err != nil {
			v.bad("segment %d: %v", n, err)
			return
		}
		if before.length, err = v.endOf(n+1, n == last, before); err != nil {
			v.bad("segment %d: %v", n, err)
			return
		}
	}
}

// ended is how a segment ended.
type ended struct {
	length uint64
	rest   []byte // behind the last frame
}

// endOf compares the end of a segment with what the next one says about it.
func (v *verifier) endOf(next int, last bool, e *ended) (uint64, error) {
	if last {
		return e.length, nil
	}
	h, err := v.header(next)
	if err != nil {
		return 0, fmt.Errorf("segment %d is missing or damaged", next)
	}
	if h.prevEnd != e.length {
		return 0, errors.New("it does not end where the next one says")
	}
	if h.prevHow != 2 && len(bytes.Trim(e.rest, "\x00")) > 0 {
		return 0, errors.New("there is something behind its end")
	}
	return e.length, nil
}

// follows checks a header against everything before.
func (v *verifier) follows(h *header, before *ended, n int) error {
	if n == 1 {
		if v.origin == "" {
			v.origin = h.origin
		}
		v.chain = sum([]byte("reeve.custody/1\n" + v.origin + "\n"))
	}
	length := uint64(0)
	if before != nil {
		length = before.length
	}
	switch {
	case h.number != uint64(n), h.origin != v.origin, h.first != uint64(len(v.leaves)), h.chain != v.chain, h.prevEnd != length:
		return errors.New("its header does not follow from what came before")
	case !slices.Equal(h.nodes, peaks(v.leaves)):
		return errors.New("its header has another tree")
	case !slices.Equal(h.open, v.unanswered()):
		return errors.New("its header has other unanswered intents")
	}
	return nil
}

// unanswered are the exchanges with an intent and no outcome, by sequence number.
func (v *verifier) unanswered() []intent {
	var out []intent
	for seq, text := range v.texts {
		l, _ := parseLeaf(text) // was read before
		switch l.Kind {
		case "intent":
			out = append(out, intent{l.ULID, uint64(seq)})
		case "outcome", "aborted":
			out = slices.DeleteFunc(out, func(i intent) bool { return i.ulid == l.ULID })
		}
	}
	return out
}

// take checks one leaf with its sealed part and adds it. gone says that there was one.
func (v *verifier) take(text, sealed []byte, gone bool) error {
	l, err := parseLeaf(text)
	if err != nil {
		return err
	}
	if l.Seq != uint64(len(v.leaves)) {
		return errors.New("the leaf has another sequence number")
	}
	switch {
	case gone && l.Sealed == "":
		return errors.New("there is a payload that no leaf knows")
	case gone:
		v.gone = append(v.gone, part{l.Seq, l.KEK})
	case (l.Sealed != "") != (len(sealed) > 0), l.Sealed != "" && l.Sealed != encode(sum(sealed)):
		return errors.New("the payload is not that of the leaf")
	}
	if l.Kind == "erasure" || l.Kind == "retention" && l.Act != "leaves.drop" {
		v.why = append(v.why, reason{l.Seq, l.Keks, l.Ranges})
	}
	h := sum(append([]byte{0}, text...))
	v.chain = sum(append(v.chain[:], h[:]...))
	v.leaves, v.texts = append(v.leaves, h), append(v.texts, bytes.Clone(text))
	if v.has && uint64(len(v.leaves)) == v.cp.size {
		if v.rooted = root(v.leaves) == v.cp.root; !v.rooted {
			v.problem("checkpoint: the records do not have the root that was signed")
		}
	}
	return nil
}

// explain looks for the reason of every missing part.
func (v *verifier) explain() {
	for _, p := range v.gone {
		if !slices.ContainsFunc(v.why, func(r reason) bool {
			return r.seq > p.seq && (slices.Contains(r.keks, p.kek) || slices.ContainsFunc(r.ranges, func(s [2]uint64) bool { return s[0] <= p.seq && p.seq < s[1] }))
		}) {
			v.badAt(p.seq, "its payload is gone without a reason")
			return
		}
	}
}
