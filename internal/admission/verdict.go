package admission

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/attest"
)

// Verdict is a signed verdict of the gate that says "pass".
type Verdict struct {
	ID       string   // SHA-256 of the statement, hex
	Policy   string   // digest of the gate policy that it was made under
	Subjects []string // SHA-256 digests of the files, hex, ascending
	Issued   time.Time
	Expires  time.Time
	Label    reeve.Label // of the data that went into the model, and into those it was made from
}

// LabelOf reads the label that a verdict gives. What cannot be read is not therefore public.
func LabelOf(text string) reeve.Label {
	if text == "" {
		return reeve.Label{}
	}
	l, err := reeve.ParseLabel(text)
	if err != nil {
		return reeve.Label{Level: reeve.Restricted}
	}
	return l
}

// Judge reads envelopes. It is safe for concurrent use; what it answers may change when the policy does.
type Judge interface {
	// Policy is the digest of the gate policy in force.
	Policy() string
	// Read verifies an envelope. It returns nil where the envelope holds something else than a verdict "pass" by a key
	// that may give one, with a reason where it is a verdict.
	Read(e *attest.Envelope) (*Verdict, string)
}

// Limits of what is looked through for verdicts.
const (
	maxStatementFiles = 10_000
	maxStatements     = 64 << 20 // bytes of one file
)

// Shelf is where verdicts lie: files and folders with *.intoto.jsonl. It reads a file again when it has another identity.
// It is used by one goroutine at a time.
type Shelf struct {
	places []string
	judge  Judge
	policy string
	read   map[string]shelved // by path
}

type shelved struct {
	id       Identity
	verdicts []*Verdict
	rejected []string // why verdicts in it do not count
}

// NewShelf looks in places.
func NewShelf(places []string, judge Judge) *Shelf {
	return &Shelf{places: places, judge: judge, read: map[string]shelved{}}
}

// Refresh reads what has changed. It reports whether anything has; an error names what cannot be read, and what it held
// before counts no longer.
func (s *Shelf) Refresh(ctx context.Context) (bool, error) {
	paths, errs := s.list()
	changed := false
	if p := s.judge.Policy(); p != s.policy {
		s.policy, changed = p, true
		clear(s.read)
	}
	seen := map[string]bool{}
	for _, path := range paths {
		if err := ctx.Err(); err != nil {
			return changed, err
		}
		seen[path] = true
		id := lookAt(path)
		if old, ok := s.read[path]; ok && old.id == id && len(old.rejected) == 0 { // what was from the future need not stay so
			continue
		}
		changed = true
		got, err := s.open(path)
		if err != nil {
			errs = append(errs, err)
		}
		got.id = id
		s.read[path] = got
	}
	for path := range s.read {
		if !seen[path] {
			delete(s.read, path)
			changed = true
		}
	}
	return changed, errors.Join(errs...)
}

func (s *Shelf) list() (paths []string, errs []error) {
	for _, place := range s.places {
		info, err := os.Stat(place)
		if err != nil {
			errs = append(errs, fmt.Errorf("look for verdicts: %w", err))
			continue
		}
		if !info.IsDir() {
			paths = append(paths, place)
			continue
		}
		err = filepath.WalkDir(place, func(path string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case d.IsDir() || !strings.HasSuffix(d.Name(), ".intoto.jsonl"):
				return nil
			case len(paths) == maxStatementFiles:
				return fmt.Errorf("more than %d files of statements", maxStatementFiles)
			}
			paths = append(paths, path)
			return nil
		})
		if err != nil {
			errs = append(errs, fmt.Errorf("look for verdicts: %w", err))
		}
	}
	slices.Sort(paths)
	return slices.Compact(paths), errs
}

func (s *Shelf) open(path string) (shelved, error) {
	var out shelved
	f, err := os.Open(path)
	if err != nil {
		return out, fmt.Errorf("read verdicts: %w", err)
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() || info.Size() > maxStatements {
		return out, fmt.Errorf("read verdicts: %s is no regular file of at most %d bytes", path, int64(maxStatements))
	}
	envelopes, err := attest.ReadLines(f)
	if err != nil {
		return out, fmt.Errorf("read verdicts: %s: %w", path, err)
	}
	for _, e := range envelopes {
		v, why := s.judge.Read(e)
		if v != nil {
			sum := sha256.Sum256(e.Payload)
			v.ID = hex.EncodeToString(sum[:])
			slices.Sort(v.Subjects)
			out.verdicts = append(out.verdicts, v)
		} else if why != "" {
			out.rejected = append(out.rejected, filepath.Base(path)+": "+why)
		}
	}
	return out, nil
}

// find returns the verdict of which every one of these digests is a subject and which lasts longest, or why there is none.
func (s *Shelf) find(digests []string, now time.Time) (best *Verdict, why string) {
	nearest, missing := -1, 0
	var reasons []string
	for _, path := range sortedKeys(s.read) {
		entry := s.read[path]
		reasons = append(reasons, entry.rejected...)
		for _, v := range entry.verdicts {
			lacks := 0
			for _, d := range digests {
				if _, ok := slices.BinarySearch(v.Subjects, d); !ok {
					lacks++
				}
			}
			if nearest < 0 || lacks < missing {
				nearest, missing = len(digests)-lacks, lacks
			}
			if lacks > 0 {
				continue
			}
			if reason := v.wrong(s.policy, now); reason != "" {
				reasons = append(reasons, filepath.Base(path)+": "+reason)
				continue
			}
			if best == nil || v.Expires.After(best.Expires) {
				best = v
			}
		}
	}
	switch {
	case best != nil:
		return best, ""
	case len(reasons) > 0:
		return nil, strings.Join(reasons[:min(3, len(reasons))], "; ")
	case nearest > 0:
		return nil, fmt.Sprintf("the nearest verdict names %d of the %d files that the runtime loads", nearest, len(digests))
	}
	return nil, "no verdict names any of the files that the runtime loads"
}

// wrong says why a verdict about the right files does not count; "" where it does.
func (v *Verdict) wrong(policy string, now time.Time) string {
	switch {
	case policy == "" || v.Policy != policy:
		return "it was made under another gate policy than the one in force"
	case now.Before(v.Issued.Add(-clockSkew)):
		return "it is from the future: a clock is wrong"
	case !now.Before(v.Expires):
		return "it expired on " + v.Expires.UTC().Format(time.RFC3339)
	}
	return ""
}

// clockSkew is how far two clocks may differ.
const clockSkew = 2 * time.Minute

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
