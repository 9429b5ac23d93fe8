package audit

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/reeve-ai/reeve/internal/report"
	"github.com/reeve-ai/reeve/internal/strict"
)

// AllowList says what is no finding at all: by path, rule and value. It is immutable and safe for concurrent use.
type AllowList struct {
	salt    []byte
	entries []allowance
	digest  string // of the file
}

// allowance is an entry of the list. Every part that it has must fit.
type allowance struct {
	paths, rules []string
	pattern      *regexp.Regexp
	values       map[[32]byte]bool
	owner        string
	expires      Date
}

// allowFile is the YAML form.
type allowFile struct {
	Version int    `yaml:"version"`
	Salt    string `yaml:"salt"` // for values: at least 16 characters
	Allow   []struct {
		Paths   []string `yaml:"paths"`   // globs; "**" is any number of folders
		Rules   []string `yaml:"rules"`   // identifiers, or classes such as secret/*
		Values  []string `yaml:"values"`  // HMAC-SHA-256 of values under salt, hexadecimal (see HashValue)
		Pattern string   `yaml:"pattern"` // regular expression that must match all of the value
		Owner   string   `yaml:"owner"`
		Reason  string   `yaml:"reason"`
		Expires string   `yaml:"expires"` // day
	} `yaml:"allow"`
}

var allowLimits = strict.Limits{Bytes: 1 << 20, Marks: 20_000, Depth: 8}

// maxPattern bounds a pattern: it runs on values, of which a long one is no candidate.
const (
	maxPattern      = 512
	maxAllowedValue = 4 << 10
)

// ErrAllow says that an allow list cannot be used.
var ErrAllow = errors.New("the allow list cannot be used")

// ReadAllow reads an allow list.
func ReadAllow(path string) (*AllowList, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrAllow, err)
	}
	a, err := ParseAllow(path, text)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrAllow, err)
	}
	return a, nil
}

// ParseAllow reads the text of an allow list. Errors tell line and column; name is for messages.
func ParseAllow(name string, text []byte) (*AllowList, error) {
	var f allowFile
	doc, err := strict.Decode(name, text, &f, allowLimits)
	if err != nil {
		return nil, err
	}
	if f.Version != 1 {
		return nil, doc.At("this reeve reads version 1", "version")
	}
	sum := sha256.Sum256(text)
	list := &AllowList{salt: []byte(f.Salt), digest: hex.EncodeToString(sum[:])}
	for i := range f.Allow {
		entry, err := f.compile(doc, i)
		if err != nil {
			return nil, err
		}
		list.entries = append(list.entries, entry)
	}
	return list, nil
}

func (f *allowFile) compile(doc *strict.Doc, i int) (a allowance, err error) {
	in := &f.Allow[i]
	a = allowance{paths: in.Paths, rules: in.Rules, owner: in.Owner, expires: Date(in.Expires)}
	switch {
	case len(in.Paths)+len(in.Rules)+len(in.Values) == 0 && in.Pattern == "":
		return a, doc.At("the entry names no paths, rules, values or pattern, so it would allow everything", "allow", i)
	case strings.TrimSpace(in.Owner) == "":
		return a, doc.At("the entry has no owner", "allow", i, "owner")
	case strings.TrimSpace(in.Reason) == "":
		return a, doc.At("the entry has no reason", "allow", i, "reason")
	}
	if err := new(Date).UnmarshalText([]byte(in.Expires)); err != nil {
		return a, doc.At("the entry must end: "+err.Error(), "allow", i, "expires")
	}
	for k, p := range in.Paths {
		if _, err := path.Match(p, ""); err != nil || p == "" {
			return a, doc.At("want a path with *, ?, [a-z] or **", "allow", i, "paths", k)
		}
	}
	for k, r := range in.Rules {
		if stem := strings.TrimSuffix(r, "/*"); stem == "" || strings.Contains(stem, "*") {
			return a, doc.At("want the id of a rule, such as secret/github-pat, or a class, such as secret/*", "allow", i, "rules", k)
		}
	}
	return a, f.values(doc, i, &a)
}

func (f *allowFile) values(doc *strict.Doc, i int, a *allowance) error {
	in := &f.Allow[i]
	if in.Pattern != "" {
		re, err := regexp.Compile(`\A(?:` + in.Pattern + `)\z`)
		if err != nil || len(in.Pattern) > maxPattern {
			return doc.At(fmt.Sprintf("want a regular expression of at most %d bytes", maxPattern), "allow", i, "pattern")
		}
		a.pattern = re
	}
	if len(in.Values) == 0 {
		return nil
	}
	if len(f.Salt) < 16 {
		return doc.At("values need a salt of at least 16 characters: `reeve scan hash` makes one", "salt")
	}
	a.values = map[[32]byte]bool{}
	for k, v := range in.Values {
		raw, err := hex.DecodeString(v)
		if err != nil || len(raw) != 32 {
			return doc.At("want 64 hexadecimal digits, as `reeve scan hash` prints them; never write the value itself here", "allow", i, "values", k)
		}
		a.values[[32]byte(raw)] = true
	}
	return nil
}

// HashValue is what stands for a value under a salt: HMAC-SHA-256, hexadecimal. Whoever has the list can try values, so
// short ones are no secret any more.
func HashValue(salt string, value []byte) string {
	sum := hashValue([]byte(salt), value)
	return hex.EncodeToString(sum[:])
}

func hashValue(salt, value []byte) (sum [32]byte) {
	h := hmac.New(sha256.New, salt)
	h.Write(value)
	h.Sum(sum[:0])
	return sum
}

// has reports whether an entry without values fits.
func (l *AllowList) has(rule, path string, today time.Time) bool {
	if l == nil {
		return false
	}
	for i := range l.entries {
		if e := &l.entries[i]; !e.byValue() && !e.expires.over(today) && e.fits(rule, path) {
			return true
		}
	}
	return false
}

// hasValue reports whether an entry with values fits.
func (l *AllowList) hasValue(rule, path string, value []byte, today time.Time) bool {
	if l == nil || len(value) > maxAllowedValue {
		return false
	}
	var sum [32]byte
	hashed := false
	for i := range l.entries {
		e := &l.entries[i]
		if !e.byValue() || e.expires.over(today) || !e.fits(rule, path) {
			continue
		}
		if e.pattern != nil && !e.pattern.Match(value) {
			continue
		}
		if e.values != nil {
			if !hashed {
				sum, hashed = hashValue(l.salt, value), true
			}
			if !e.values[sum] {
				continue
			}
		}
		return true
	}
	return false
}

func (a *allowance) byValue() bool { return a.pattern != nil || a.values != nil }

func (a *allowance) fits(rule, path string) bool {
	return (len(a.rules) == 0 || slices.ContainsFunc(a.rules, func(p string) bool { return matchRule(p, rule) })) &&
		(len(a.paths) == 0 || slices.ContainsFunc(a.paths, func(p string) bool { return matchPath(p, path) }))
}

// byPlace reports whether an entry lets findings be because of their rule or path alone.
func (l *AllowList) byPlace() bool {
	return l != nil && slices.ContainsFunc(l.entries, func(a allowance) bool { return !a.byValue() })
}

// expired lists the entries that have ended.
func (l *AllowList) expired(today time.Time) []report.Expiry {
	if l == nil {
		return nil
	}
	var list expiries
	for i := range l.entries {
		if e := &l.entries[i]; e.expires.over(today) {
			list.add("allow", e.owner, string(e.expires))
		}
	}
	return list
}

// valuesDigest changes whenever hasValue may answer differently.
func (l *AllowList) valuesDigest(today time.Time) string {
	if l == nil || !slices.ContainsFunc(l.entries, func(a allowance) bool { return a.byValue() }) {
		return ""
	}
	return l.digest + today.UTC().Format(time.DateOnly)
}

// matchPath compares a path with a glob, part by part. A glob without a slash fits the last part, or any folder if it ends
// in one; "**" stands for any number of folders.
func matchPath(glob, name string) bool {
	name = strings.TrimPrefix(name, "./")
	parts := strings.Split(name, "/")
	if !strings.Contains(strings.TrimSuffix(glob, "/"), "/") {
		if folder, ok := strings.CutSuffix(glob, "/"); ok {
			return slices.ContainsFunc(parts[:len(parts)-1], func(p string) bool { ok, _ := path.Match(folder, p); return ok })
		}
		ok, _ := path.Match(glob, parts[len(parts)-1])
		return ok || glob == "**"
	}
	if folder, ok := strings.CutSuffix(glob, "/"); ok {
		glob = folder + "/**"
	}
	return matchParts(strings.Split(strings.TrimPrefix(glob, "/"), "/"), parts)
}

func matchParts(glob, parts []string) bool {
	for ; len(glob) > 0; glob, parts = glob[1:], parts[1:] {
		if glob[0] == "**" {
			for i := range len(parts) + 1 {
				if matchParts(glob[1:], parts[i:]) {
					return true
				}
			}
			return false
		}
		if len(parts) == 0 {
			return false
		}
		if ok, _ := path.Match(glob[0], parts[0]); !ok {
			return false
		}
	}
	return len(parts) == 0
}
