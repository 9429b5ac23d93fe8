package audit

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/report"
)

// Baseline is a list of findings that somebody has accepted, until a day. It is safe for concurrent reading but for has.
type Baseline struct {
	SchemaVersion int             `json:"schema_version"`
	Entries       []BaselineEntry `json:"entries"`

	by map[string]*BaselineEntry
}

// BaselineEntry accepts one finding. Rule, Path and Line are there for the reader; the fingerprint decides.
type BaselineEntry struct {
	Fingerprint string `json:"fingerprint"`
	Rule        string `json:"rule"`
	Path        string `json:"path"`
	Line        int    `json:"line,omitzero"`
	Owner       string `json:"owner"`
	Reason      string `json:"reason"`
	Expires     Date   `json:"expires"`

	used bool
}

// Date is a day, "2006-01-02". What expires on a day counts again on that day, in UTC.
type Date string

// UnmarshalText checks the form.
func (d *Date) UnmarshalText(b []byte) error {
	if _, err := time.Parse(time.DateOnly, string(b)); err != nil {
		return errors.New("want a day such as 2027-01-31")
	}
	*d = Date(b)
	return nil
}

// MarshalText implements encoding.TextMarshaler.
func (d Date) MarshalText() ([]byte, error) { return []byte(d), nil }

func (d Date) over(today time.Time) bool { return string(d) <= today.UTC().Format(time.DateOnly) }

const (
	baselineVersion = 1
	maxBaseline     = 256 << 20
)

// ErrBaseline says that a baseline cannot be used.
var ErrBaseline = errors.New("the baseline cannot be used")

// ReadBaseline reads a baseline. Every entry must have an owner, a reason and a day on which it ends.
func ReadBaseline(path string) (*Baseline, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBaseline, err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxBaseline+1))
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrBaseline, path, err)
	}
	return ParseBaseline(path, text)
}

// ParseBaseline reads the text of a baseline; path is for errors.
func ParseBaseline(path string, text []byte) (*Baseline, error) {
	if len(text) > maxBaseline {
		return nil, fmt.Errorf("%w: %s is larger than %s", ErrBaseline, path, report.Size(maxBaseline))
	}
	var b Baseline
	if err := json.Unmarshal(text, &b, json.RejectUnknownMembers(true)); err != nil {
		var at *json.SemanticError
		if errors.As(err, &at) {
			return nil, fmt.Errorf("%w: %s: %s at %s", ErrBaseline, path, orUnknown(at.Err), at.JSONPointer)
		}
		return nil, fmt.Errorf("%w: %s is not JSON", ErrBaseline, path)
	}
	if b.SchemaVersion != baselineVersion {
		return nil, fmt.Errorf("%w: %s has schema_version %d, want %d", ErrBaseline, path, b.SchemaVersion, baselineVersion)
	}
	b.by = make(map[string]*BaselineEntry, len(b.Entries))
	for i := range b.Entries {
		e := &b.Entries[i]
		if e.Fingerprint == "" || e.Owner == "" || e.Reason == "" || e.Expires == "" {
			return nil, fmt.Errorf("%w: %s: entry %d lacks its fingerprint, owner, reason or expiry", ErrBaseline, path, i+1)
		}
		b.by[e.Fingerprint] = e
	}
	return &b, nil
}

func orUnknown(err error) string {
	if err == nil {
		return "a value of the wrong type"
	}
	return err.Error()
}

// Add accepts a finding, under the terms of an earlier acceptance that has not ended, if there is one.
func (b *Baseline) Add(f *reeve.Finding, owner, reason string, expires Date) {
	b.Entries = append(b.Entries, BaselineEntry{
		Fingerprint: f.Fingerprint, Rule: f.Rule, Path: f.Path, Line: f.Line, Owner: owner, Reason: reason, Expires: expires,
	})
}

// Live returns the entries of b that have not ended and that the last run has met.
func (b *Baseline) Live(today time.Time) []BaselineEntry {
	var out []BaselineEntry
	if b == nil {
		return out
	}
	for _, e := range b.Entries {
		if e.used && !e.Expires.over(today) {
			out = append(out, e)
		}
	}
	return out
}

// Write writes the baseline, complete or not at all.
func (b *Baseline) Write(path string) error {
	b.SchemaVersion = baselineVersion
	if b.Entries == nil {
		b.Entries = []BaselineEntry{}
	}
	text, err := json.Marshal(b, jsontext.WithIndent("  "), json.Deterministic(true))
	if err != nil {
		return fmt.Errorf("encode baseline: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("write baseline: %w", err)
	}
	if err := os.WriteFile(path+".new", append(text, '\n'), 0o644); err != nil {
		return fmt.Errorf("write baseline: %w", err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return fmt.Errorf("write baseline: %w", err)
	}
	return nil
}

// has reports whether the finding is accepted today.
func (b *Baseline) has(fingerprint string, today time.Time) bool {
	if b == nil {
		return false
	}
	e := b.by[fingerprint]
	if e == nil {
		return false
	}
	e.used = true
	return !e.Expires.over(today)
}

// expired lists the entries that have ended and whose findings are still there.
func (b *Baseline) expired(today time.Time) []report.Expiry {
	if b == nil {
		return nil
	}
	var list expiries
	for i := range b.Entries {
		if e := &b.Entries[i]; e.used && e.Expires.over(today) {
			list.add("baseline", e.Owner, string(e.Expires))
		}
	}
	return list
}

// unused counts the entries that no finding met.
func (b *Baseline) unused() int {
	n := 0
	if b != nil {
		for i := range b.Entries {
			if !b.Entries[i].used {
				n++
			}
		}
	}
	return n
}

// expiries groups what has ended by owner and day.
type expiries []report.Expiry

func (l *expiries) add(what, owner, day string) {
	for i := range *l {
		if e := &(*l)[i]; e.What == what && e.Owner == owner && e.Expires == day {
			e.Entries++
			return
		}
	}
	*l = append(*l, report.Expiry{What: what, Owner: owner, Expires: day, Entries: 1})
}

// Missing reports whether err says that there is no file.
func Missing(err error) bool { return errors.Is(err, fs.ErrNotExist) }
