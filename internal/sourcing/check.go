package sourcing

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/attest"
	"github.com/reeve-ai/reeve/internal/license"
)

// Kind is the kind of every finding of this package.
const Kind = "SOURCING"

// Options of a check.
type Options struct {
	Dir      string    // folder of the data set
	Now      time.Time // for dates that pass
	Observed *Observed // what a scan found; nil: no scan is known
	Classify func(rule, kind string) reeve.Label
}

// Result is what a check came to.
type Result struct {
	Findings []reeve.Finding // in a fixed order
	Violated int             // findings that say that something is wrong
	Missing  int             // findings that say that evidence is missing or stale
	Sources  []SourceResult  // in the order of the manifest
	Tree     attest.Tree     // over all files, documents included
	Files    []attest.File
}

// SourceResult is what a check came to for one source.
type SourceResult struct {
	ID        string            `json:"id"`
	Files     int               `json:"files"`
	Bytes     int64             `json:"bytes"`
	Digest    string            `json:"digest"`
	Licence   string            `json:"licence"`
	Judgement license.Judgement `json:"licence_judgement"`
}

// Verdict is the result in words: there is none for compliance.
func (r *Result) Verdict() string {
	switch {
	case r.Violated > 0:
		return "refused"
	case r.Missing > 0:
		return "evidence is missing"
	}
	return "the evidence supports the declared use"
}

// Summary is what a data set statement keeps of a check.
func (r *Result) Summary(d *Doc) *attest.SourcingSummary {
	s := &attest.SourcingSummary{Digest: DigestBytes(d.Text)}
	for _, src := range r.Sources {
		s.Sources = append(s.Sources, attest.LicenceVerdict{Source: src.ID, Licence: src.Licence, Verdict: src.Judgement.Verdict.String()})
	}
	return s
}

// outcome tells what a rule's finding says.
type outcome bool

const (
	violated outcome = false // something is wrong
	missing  outcome = true  // evidence is missing or stale
)

// Rule is one rule of this package.
type Rule struct {
	ID       string
	Severity reeve.Severity
	Outcome  outcome
	Remedy   string
}

// Missing reports whether the rule speaks of evidence that is missing rather than of something that is wrong.
func (r Rule) Missing() bool { return r.Outcome == missing }

// Rules are the rules, in the order in which they are documented.
func Rules() []Rule { return slices.Clone(rules) }

var rules = []Rule{
	{"sourcing/uncovered-file", reeve.SeverityHigh, violated, "add the file to one source, or to dataset.documents"},
	{"sourcing/overlapping-sources", reeve.SeverityHigh, violated, "narrow the globs, so that each file has one source"},
	{"sourcing/no-files", reeve.SeverityHigh, violated, "mend the globs, or remove the source"},
	{"sourcing/unreadable-file", reeve.SeverityHigh, missing, "make the file readable, or take it out of the folder"},
	{"sourcing/digest-missing", reeve.SeverityMedium, missing, "`reeve sources init` writes digests; look at what changed first"},
	{"sourcing/digest-mismatch", reeve.SeverityHigh, violated, "find out what changed the files, then write the new digest down"},
	{"sourcing/field-missing", reeve.SeverityMedium, missing, "fill the field; unknown is an honest answer, and stays reported"},
	{"sourcing/licence-unknown", reeve.SeverityHigh, missing, "find the licence of the source, or leave the source out"},
	{"sourcing/licence-expression", reeve.SeverityHigh, violated, "write an SPDX expression, LicenseRef-NAME for other licences, or NONE"},
	{"sourcing/licence-mismatch", reeve.SeverityHigh, violated, "read the text that was found, and declare what it says"},
	{"sourcing/licence-evidence", reeve.SeverityHigh, violated, "keep the licence text beside the data, and its digest in the manifest"},
	{"sourcing/licence-commercial-use", reeve.SeverityHigh, violated, ""},
	{"sourcing/licence-territory", reeve.SeverityHigh, violated, ""},
	{"sourcing/licence-user-limit", reeve.SeverityHigh, violated, ""},
	{"sourcing/licence-forbidden-use", reeve.SeverityHigh, violated, ""},
	{"sourcing/licence-synthetic-data", reeve.SeverityHigh, violated, ""},
	{"sourcing/licence-name-prefix", reeve.SeverityMedium, violated, ""},
	{"sourcing/licence-notices", reeve.SeverityMedium, violated, ""},
	{"sourcing/licence-share-alike", reeve.SeverityHigh, violated, ""},
	{"sourcing/licence-no-derivatives", reeve.SeverityHigh, violated, ""},
	{"sourcing/licence-mixing", reeve.SeverityHigh, violated, ""},
	{"sourcing/licence-review", reeve.SeverityMedium, missing, "have a person decide, and record the decision for this digest"},
	{"sourcing/prohibited-use", reeve.SeverityHigh, violated, "drop the use, or leave the source out"},
	{"sourcing/generator-missing", reeve.SeverityHigh, missing, "name the models that wrote the data, with their licences"},
	{"sourcing/legal-basis", reeve.SeverityHigh, violated, "name the letter of GDPR Art. 6(1) that allows the processing, or redact the data"},
	{"sourcing/special-category-basis", reeve.SeverityCritical, violated, "name the letter of GDPR Art. 9(2), or redact the data"},
	{"sourcing/health-basis", reeve.SeverityHigh, missing, "name what 45 CFR 164.508 or 164.514 asks for, or not-applicable"},
	{"sourcing/personal-data-undeclared", reeve.SeverityHigh, violated, "set personal_data.present to yes and say what allows the use, or redact the data"},
	{"sourcing/personal-data-unknown", reeve.SeverityMedium, missing, "`reeve scan` tells; then set personal_data.present"},
	{"sourcing/impact-assessment", reeve.SeverityMedium, missing, "name the data protection impact assessment (GDPR Art. 35)"},
	{"sourcing/secrets-found", reeve.SeverityCritical, violated, "revoke the secrets and `reeve redact` them: they do not belong in data"},
	{"sourcing/classification", reeve.SeverityMedium, violated, "raise the classification to what was found"},
	{"sourcing/classification-missing", reeve.SeverityMedium, missing, "give the source a label, such as confidential{PII}"},
	{"sourcing/export-control", reeve.SeverityMedium, missing, "write down the classification (EAR99, an ECCN, none) and when sanctions lists were looked at"},
	{"sourcing/territory-missing", reeve.SeverityMedium, missing, "write down where the data was made; for personal data also where the people live"},
	{"sourcing/territory-excluded", reeve.SeverityHigh, violated, "process and store the data where that is allowed"},
	{"sourcing/retention-missing", reeve.SeverityMedium, missing, "say how long personal data is kept, and how one person's is deleted"},
	{"sourcing/opt-out-missing", reeve.SeverityHigh, missing, "record robots.txt, tdmrep.json and response headers as they were, with time and digest"},
	{"sourcing/opt-out-reserved", reeve.SeverityHigh, violated, "leave the source out, or attach the licence under which it may be used"},
	{"sourcing/opt-out-mismatch", reeve.SeverityHigh, violated, "record what the signal says"},
	{"sourcing/expired", reeve.SeverityHigh, violated, "renew the permission, or leave the source out"},
	{"sourcing/recheck-due", reeve.SeverityMedium, missing, "look at the entry again, and set a new date"},
	{"sourcing/scan-elsewhere", reeve.SeverityMedium, missing, "scan this folder as it is now"},
}

func ruleByID(id string) Rule {
	for _, r := range rules {
		if r.ID == id {
			return r
		}
	}
	panic("sourcing: no rule " + id)
}

// check is one run.
type check struct {
	*Doc
	o     Options
	files *Files
	out   Result
	by    map[string][]int // sources of a file, by path
}

// Check holds a manifest against the files of its folder and the declared use.
func Check(ctx context.Context, d *Doc, o Options) (*Result, error) {
	files, err := Hash(ctx, o.Dir)
	if err != nil {
		return nil, err
	}
	c := &check{Doc: d, o: o, files: files, by: map[string][]int{}}
	if c.out.Tree, err = attest.NewTree(files.Files); err != nil {
		return nil, fmt.Errorf("data set %s: %w", o.Dir, err)
	}
	c.out.Files = files.Files
	c.dataset()
	c.cover()
	for i := range d.Sources {
		c.source(i)
	}
	c.mixing()
	c.stale()
	c.sort()
	return &c.out, nil
}

// say adds a finding about a place of the manifest. One that says that evidence is missing counts as such.
func (c *check) say(id, message string, path ...any) { c.sayWith(id, message, "", false, path...) }

func (c *check) sayWith(id, message, remedy string, onlyMissing bool, path ...any) {
	rule := ruleByID(id)
	if remedy == "" {
		remedy = rule.Remedy
	}
	f := reeve.Finding{
		Rule: id, Kind: Kind, Severity: rule.Severity, Score: 1, Path: c.name(), Line: c.line(path...), Field: fieldName(path),
		Message: message, Remedy: remedy,
	}
	if onlyMissing {
		f.Severity = min(f.Severity, reeve.SeverityMedium)
	}
	c.add(f, rule.Missing() || onlyMissing)
}

func (c *check) add(f reeve.Finding, isMissing bool) {
	f.Message = strings.TrimSuffix(f.Message, ".") + "."
	sum := sha256.Sum256([]byte(strings.Join([]string{f.Rule, f.Path, f.Field, f.Message}, "\x00")))
	f.Fingerprint = hex.EncodeToString(sum[:8])
	c.out.Findings = append(c.out.Findings, f)
	if isMissing {
		c.out.Missing++
	} else {
		c.out.Violated++
	}
}

// sayFile adds a finding about a file.
func (c *check) sayFile(id, file, message string) {
	rule := ruleByID(id)
	c.add(reeve.Finding{
		Rule: id, Kind: Kind, Severity: rule.Severity, Score: 1, Path: filepath.ToSlash(filepath.Join(c.o.Dir, file)),
		Message: message, Remedy: rule.Remedy,
	}, rule.Missing())
}

func (c *check) name() string { return filepath.ToSlash(c.Name) }

// fieldName writes a path as sources[0].licence.declared.
func fieldName(path []any) string {
	var b strings.Builder
	for _, p := range path {
		switch p := p.(type) {
		case int:
			fmt.Fprintf(&b, "[%d]", p)
		case string:
			if b.Len() > 0 {
				b.WriteByte('.')
			}
			b.WriteString(p)
		}
	}
	return b.String()
}

// sort puts findings about the manifest in the order of its lines, then those about files.
func (c *check) sort() {
	slices.SortStableFunc(c.out.Findings, func(a, b reeve.Finding) int {
		inManifest := func(f *reeve.Finding) int {
			if f.Path == c.name() {
				return 0
			}
			return 1
		}
		return cmp.Or(cmp.Compare(inManifest(&a), inManifest(&b)), cmp.Compare(a.Path, b.Path), cmp.Compare(a.Line, b.Line))
	})
}

func (c *check) dataset() {
	d := &c.Dataset
	for _, f := range []struct{ key, value string }{{"name", d.Name}, {"description", d.Description}, {"creator", d.Creator}} {
		if !known(f.value) {
			c.say("sourcing/field-missing", "the data set has no "+f.key, "dataset", f.key)
		}
	}
}

// cover looks whether every file has exactly one source.
func (c *check) cover() {
	for _, s := range c.files.Skipped {
		c.sayFile("sourcing/unreadable-file", s.Path, "not read: "+s.Reason)
	}
	for _, f := range c.files.Files {
		var names []string
		for i := range c.Sources {
			if matchAny(c.Sources[i].Files, f.Path) {
				c.by[f.Path] = append(c.by[f.Path], i)
				names = append(names, c.Sources[i].ID)
			}
		}
		document := matchAny(c.Dataset.Documents, f.Path)
		if document {
			names = append(names, "dataset.documents")
		}
		switch {
		case len(names) == 0:
			c.sayFile("sourcing/uncovered-file", f.Path, "no source covers this file")
		case len(names) > 1:
			c.sayFile("sourcing/overlapping-sources", f.Path, "more than one entry covers this file: "+strings.Join(names, ", "))
		}
	}
}

// source checks one source.
func (c *check) source(i int) {
	s := &c.Sources[i]
	files := c.files.of(s.Files)
	digest := c.digests(i, files)
	c.fields(i)
	c.dates(i)
	judgement := c.licence(i, digest)
	c.optOut(i)
	c.personal(i)
	c.places(i)
	var size int64
	for _, f := range files {
		size += f.Size
	}
	c.out.Sources = append(c.out.Sources, SourceResult{ID: s.ID, Files: len(files), Bytes: size, Digest: digest, Licence: s.Licence.Declared, Judgement: judgement})
}

func (c *check) digests(i int, files []attest.File) string {
	s := &c.Sources[i]
	if len(files) == 0 {
		c.say("sourcing/no-files", "no file of the folder belongs to source "+s.ID, "sources", i, "files")
		return ""
	}
	digest, _, err := digestOf(files)
	switch {
	case err != nil:
		c.say("sourcing/unreadable-file", "the files of source "+s.ID+" cannot be summed up: "+err.Error(), "sources", i, "files")
	case !known(s.Digest):
		c.say("sourcing/digest-missing", "source "+s.ID+" has no digest; its files come to "+digest, "sources", i, "digest")
	case s.Digest != digest:
		c.say("sourcing/digest-mismatch", "the files of source "+s.ID+" are not those that were written down; they come to "+digest, "sources", i, "digest")
	}
	return digest
}

// fields looks for what every source of its kind needs.
func (c *check) fields(i int) {
	s := &c.Sources[i]
	need := []struct {
		value string
		path  []any
	}{
		{s.Kind, []any{"kind"}},
		{s.Creator, []any{"creator"}},
		{s.Origin.RetrievedAt, []any{"origin", "retrieved_at"}},
	}
	if s.Kind == "public" || s.Kind == "crawl" || s.Kind == "licensed" {
		need = append(need, struct {
			value string
			path  []any
		}{strings.Join(s.Origin.URLs, ""), []any{"origin", "urls"}})
	}
	if s.Kind == "licensed" {
		need = append(need, struct {
			value string
			path  []any
		}{s.RightsHolder, []any{"rights_holder"}})
	}
	for _, n := range need {
		if !known(n.value) {
			path := append([]any{"sources", i}, n.path...)
			c.say("sourcing/field-missing", fmt.Sprintf("source %s does not say: %s", s.ID, fieldName(n.path)), path...)
		}
	}
	if s.Origin.RetrievedAt != "" && known(s.Origin.RetrievedAt) {
		if _, err := day(s.Origin.RetrievedAt); err != nil {
			c.say("sourcing/field-missing", "source "+s.ID+": retrieved_at is no date", "sources", i, "origin", "retrieved_at")
		}
	}
}

func (c *check) dates(i int) {
	s := &c.Sources[i]
	if t, err := day(s.Expires); err == nil && t.AddDate(0, 0, 1).Before(c.o.Now) {
		c.say("sourcing/expired", fmt.Sprintf("source %s must not be used after %s", s.ID, s.Expires), "sources", i, "expires")
	}
	if t, err := day(s.Recheck); err == nil && t.AddDate(0, 0, 1).Before(c.o.Now) {
		c.say("sourcing/recheck-due", fmt.Sprintf("source %s was to be looked at again by %s", s.ID, s.Recheck), "sources", i, "recheck")
	}
}
