package label

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/strict"
)

// limits bound a classification policy.
var limits = strict.Limits{Bytes: 256 << 10, Marks: 10_000, Depth: 8}

// file is labels.yaml. Its fields are the manual of the format.
type file struct {
	Version  int           `yaml:"version"`  // of the format, now 1
	Other    string        `yaml:"other"`    // label of findings that no row names; left out: internal
	Unread   string        `yaml:"unread"`   // label of attachments that cannot be read, such as images; left out: internal
	Marks    []fileMark    `yaml:"marks"`    // words that authors put on documents, and what they mean
	Rows     []fileRow     `yaml:"rows"`     // which findings get which label
	Handling []fileHandles `yaml:"handling"` // what must be done with labelled data
}

type fileRow struct {
	Rules     []string `yaml:"rules"`     // ids of rules, or a class of them such as "pii/*"
	Kinds     []string `yaml:"kinds"`     // kinds of findings, such as US_SSN
	Label     string   `yaml:"label"`     // such as confidential{PII}
	Overrides bool     `yaml:"overrides"` // stands instead of the label of the finding's class
}

type fileMark struct {
	Words    []string `yaml:"words"`     // the mark as it is written, such as "strictly confidential"
	FoldCase bool     `yaml:"fold_case"` // in any case of its letters
	Label    string   `yaml:"label"`     // of a text that has the mark
}

type fileHandles struct {
	Level         string   `yaml:"level"`          // data of this level and above; either this or category
	Category      string   `yaml:"category"`       // data of this category
	Mask          bool     `yaml:"mask"`           // values are masked where people read them
	Encrypt       bool     `yaml:"encrypt"`        // stored encrypted
	Retention     string   `yaml:"retention"`      // longest time it is kept, in days: 180d; left out: no limit
	Reviewers     []string `yaml:"reviewers"`      // who must have looked before it is used
	ForbiddenUses []string `yaml:"forbidden_uses"` // what it must not be used for
}

// Handling is what must be done with labelled data.
type Handling struct {
	Mask          bool
	Encrypt       bool
	Retention     time.Duration // longest time it is kept; negative: no limit
	Reviewers     []string      // sorted
	ForbiddenUses []string      // sorted

	level    reeve.Level // applies from this level, where category is ""
	category string
}

// Load reads a classification policy from a file.
func Load(path string) (*Policy, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read classification policy: %w", err)
	}
	return Parse(path, text)
}

// Parse reads a classification policy. Errors tell line and column; name is for messages.
func Parse(name string, text []byte) (*Policy, error) {
	var f file
	doc, err := strict.Decode(name, text, &f, limits)
	if err != nil {
		return nil, err
	}
	if f.Version != 1 {
		return nil, doc.At("this reeve reads version 1", "version")
	}
	other := reeve.Label{Level: reeve.Internal}
	if f.Other != "" {
		if other, err = reeve.ParseLabel(f.Other); err != nil {
			return nil, doc.At(err.Error(), "other")
		}
	}
	rows, err := f.rows(doc)
	if err != nil {
		return nil, err
	}
	p, err := New(rows, other)
	if err != nil {
		return nil, doc.At(err.Error(), "rows") // names were checked with their places, so this tells of none
	}
	p.unread = reeve.Label{Level: reeve.Internal}
	if f.Unread != "" {
		if p.unread, err = reeve.ParseLabel(f.Unread); err != nil {
			return nil, doc.At(err.Error(), "unread")
		}
	}
	if p.marks, err = f.marks(doc); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(text)
	p.digest = "sha256:" + hex.EncodeToString(sum[:])
	for i, h := range f.Handling {
		handling, err := h.compile(doc, i)
		if err != nil {
			return nil, err
		}
		p.handling = append(p.handling, handling)
	}
	return p, nil
}

var (
	ruleName = regexp.MustCompile(`^[a-z0-9_.-]+/(\*|[a-z0-9_./-]+)$`)
	kindName = regexp.MustCompile(`^[A-Z][A-Z0-9_]*$`)
)

func (f *file) rows(doc *strict.Doc) ([]Row, error) {
	var rows []Row
	for i, r := range f.Rows {
		l, err := reeve.ParseLabel(r.Label)
		if err != nil {
			return nil, doc.At(err.Error(), "rows", i, "label")
		}
		if len(r.Rules)+len(r.Kinds) == 0 {
			return nil, doc.At("the row names no rules and no kinds", "rows", i)
		}
		for k, name := range r.Rules {
			if !ruleName.MatchString(name) {
				return nil, doc.At("want the id of a rule, such as secret/github-pat, or a class, such as secret/*", "rows", i, "rules", k)
			}
			rows = append(rows, Row{Rule: name, Label: l, Overrides: r.Overrides})
		}
		for k, name := range r.Kinds {
			if !kindName.MatchString(name) {
				return nil, doc.At("want a kind, such as US_SSN", "rows", i, "kinds", k)
			}
			rows = append(rows, Row{Kind: name, Label: l, Overrides: r.Overrides})
		}
	}
	return rows, nil
}

func (h *fileHandles) compile(doc *strict.Doc, i int) (Handling, error) {
	out := Handling{
		Mask: h.Mask, Encrypt: h.Encrypt, Retention: -1, Reviewers: slices.Clone(h.Reviewers), ForbiddenUses: slices.Clone(h.ForbiddenUses),
		category: h.Category,
	}
	if (h.Level == "") == (h.Category == "") {
		return out, doc.At("name either a level or a category", "handling", i)
	}
	if h.Level != "" {
		l, err := reeve.ParseLabel(h.Level)
		if err != nil || len(l.Categories) > 0 {
			return out, doc.At("want public, internal, confidential or restricted", "handling", i, "level")
		}
		out.level = l.Level
	}
	if h.Retention != "" {
		days, err := strconv.Atoi(trimDays(h.Retention))
		if err != nil || days < 0 || days > 36500 {
			return out, doc.At("want days, such as 180d", "handling", i, "retention")
		}
		out.Retention = time.Duration(days) * 24 * time.Hour
	}
	return out, nil
}

func trimDays(s string) string {
	if len(s) < 2 || s[len(s)-1] != 'd' {
		return ""
	}
	return s[:len(s)-1]
}

// Handling adds up what must be done with data of a label: everything that applies to its level or below, and to each of
// its categories; of retention times the shortest.
func (p *Policy) Handling(l reeve.Label) Handling {
	sum := Handling{Retention: -1}
	if p == nil {
		return sum
	}
	for i := range p.handling {
		h := &p.handling[i]
		if h.category == "" && l.Level < h.level || h.category != "" && !slices.Contains(l.Categories, h.category) {
			continue
		}
		sum.Mask = sum.Mask || h.Mask
		sum.Encrypt = sum.Encrypt || h.Encrypt
		if h.Retention >= 0 && (sum.Retention < 0 || h.Retention < sum.Retention) {
			sum.Retention = h.Retention
		}
		sum.Reviewers = append(sum.Reviewers, h.Reviewers...)
		sum.ForbiddenUses = append(sum.ForbiddenUses, h.ForbiddenUses...)
	}
	slices.Sort(sum.Reviewers)
	slices.Sort(sum.ForbiddenUses)
	sum.Reviewers, sum.ForbiddenUses = slices.Compact(sum.Reviewers), slices.Compact(sum.ForbiddenUses)
	return sum
}
