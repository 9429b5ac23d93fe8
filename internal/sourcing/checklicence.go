package sourcing

import (
	"errors"
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/reeve-ai/reeve/internal/license"
)

const maxLicenceText = 1 << 20

// licence holds what is declared against the text that was found and against the declared use.
func (c *check) licence(i int, digest string) license.Judgement {
	s := &c.Sources[i]
	l := &s.Licence
	declared := l.Declared
	if !known(declared) {
		declared = ""
	}
	expr, err := license.Parse(declared)
	switch {
	case declared == "" || errors.Is(err, license.ErrNone):
		c.say("sourcing/licence-unknown", "the licence of source "+s.ID+" is not known", "sources", i, "licence", "declared")
	case err != nil:
		c.say("sourcing/licence-expression", fmt.Sprintf("source %s: %v", s.ID, err), "sources", i, "licence", "declared")
	default:
		declared = expr.String()
		if !known(l.VerifiedBy) {
			c.say("sourcing/field-missing", "nobody has compared the licence of source "+s.ID+" with its text: licence.verified_by", "sources", i, "licence", "verified_by")
		}
	}
	c.licenceText(i, declared)
	c.prohibited(i)
	if s.Kind == "synthetic" && len(s.Synthetic.Generators) == 0 {
		c.say("sourcing/generator-missing", "source "+s.ID+" was written by models, and they are not named", "sources", i, "synthetic")
	}
	subject := c.subject(i, declared, digest)
	use := c.use()
	judgement := license.Judge(subject, use, c.o.Now)
	for _, r := range judgement.Rulings {
		c.ruling(i, r)
	}
	return judgement
}

// ruling turns what a licence rule says into a finding: a denial is something wrong, the rest is evidence that is
// missing.
func (c *check) ruling(i int, r license.Ruling) {
	id := "sourcing/licence-" + strings.TrimPrefix(r.Rule, "licence/")
	if r.Rule == "licence/expression" || r.Licence == "unknown" && r.Verdict != license.Denied {
		return // told by the rule on the declaration itself
	}
	message := fmt.Sprintf("source %s, %s: %s", c.Sources[i].ID, r.Licence, r.Reason)
	if r.Note != "" {
		message += " (" + r.Note + ")"
	}
	if r.Verdict == license.Denied && r.Rule == "licence/review" {
		id = "sourcing/expired" // the time for a decision is over
	}
	c.sayWith(id, message, r.Remedy, r.Verdict != license.Denied, "sources", i, "licence", "declared")
}

// mixing looks at licences that meet in one release.
func (c *check) mixing() {
	var expressions []string
	for i := range c.Sources {
		expressions = append(expressions, c.Sources[i].Licence.Declared)
	}
	for _, r := range license.Mix(expressions, c.use()) {
		message := r.Licence + ": " + r.Reason
		if r.Note != "" {
			message += " (" + r.Note + ")"
		}
		c.sayWith("sourcing/licence-mixing", message, r.Remedy, r.Verdict != license.Denied, "use")
	}
}

func (c *check) use() *license.Use {
	u := &c.Use
	weights := u.WeightsAreAdaptation
	if weights == "undecided" {
		weights = ""
	}
	return &license.Use{
		Commercial: u.Commercial, Establishments: u.Establishments, MonthlyUsers: u.MonthlyActiveUsers, Tags: u.Tags, Modality: u.Modality,
		Family: u.Family, Release: u.Release, ReleaseName: u.ReleaseName, ReleaseLicence: u.ReleaseLicence, Weights: weights, Bundle: u.Bundle,
	}
}

func (c *check) subject(i int, declared, digest string) *license.Subject {
	s := &c.Sources[i]
	subject := &license.Subject{Licence: declared, Digest: digest, Grants: s.Licence.Grants, ReviewBy: endOf(s.Licence.ReviewBy)}
	for _, f := range c.files.of(s.Files) {
		if base := strings.ToUpper(path.Base(f.Path)); base == "NOTICE" || strings.HasPrefix(base, "NOTICE.") {
			subject.Notice = true
		}
	}
	for _, g := range s.Synthetic.Generators {
		licence := g.Licence
		if !known(licence) {
			licence = ""
		}
		subject.Generators = append(subject.Generators, license.Generator{Model: g.Model, Licence: licence, Family: g.Family})
	}
	if d := s.Licence.Decision; d != nil {
		subject.Decision = &license.Decision{By: d.By, Reference: d.Reference, Digest: d.Digest, Until: endOf(d.Until), Allows: d.Allows && known(d.By) && known(d.Reference)}
	}
	return subject
}

// endOf is the end of a day; the zero time where there is none.
func endOf(s string) time.Time {
	t, err := day(s)
	if err != nil {
		return time.Time{}
	}
	return t.AddDate(0, 0, 1)
}

// licenceText reads the licence file that the source names, or the licence files among its files, and compares.
func (c *check) licenceText(i int, declared string) {
	s := &c.Sources[i]
	l := &s.Licence
	at := []any{"sources", i, "licence", "declared"}
	names := []string{l.Evidence}
	if l.Evidence == "" {
		names = nil
		for _, f := range c.files.of(s.Files) {
			if license.IsName(f.Path) && !strings.HasPrefix(strings.ToUpper(path.Base(f.Path)), "NOTICE") {
				names = append(names, f.Path)
			}
		}
	}
	var all []string
	for _, name := range names {
		text, err := readSmall(c.o.Dir, name, maxLicenceText)
		if err != nil {
			c.say("sourcing/licence-evidence", fmt.Sprintf("source %s: the licence text %s cannot be read: %s", s.ID, name, reason(err)), "sources", i, "licence", "evidence")
			continue
		}
		if l.Evidence != "" && l.EvidenceDigest != "" && l.EvidenceDigest != DigestBytes(text) {
			c.say("sourcing/licence-evidence", fmt.Sprintf("source %s: the licence text %s is not the one that was written down", s.ID, name), "sources", i, "licence", "evidence_digest")
		}
		if found := license.Expression(license.InText(text)); found != "" {
			all = append(all, found)
		}
	}
	found := strings.Join(all, ") AND (")
	if len(all) > 1 {
		found = "(" + found + ")"
	}
	switch {
	case found == "" || declared == "":
		if found != "" {
			c.sayWith("sourcing/licence-mismatch", fmt.Sprintf("source %s declares no licence, and its text says %s", s.ID, found), "", true, at...)
		}
	case !agree(declared, found):
		c.say("sourcing/licence-mismatch", fmt.Sprintf("source %s declares %s, and its text says %s", s.ID, declared, found), at...)
	}
	if l.Detected != "" && known(l.Detected) && found != "" && !license.Same(l.Detected, found) {
		c.say("sourcing/licence-mismatch", fmt.Sprintf("source %s writes down %s as found, and its text says %s", s.ID, l.Detected, found), "sources", i, "licence", "detected")
	}
}

// agree reports whether a text supports a declaration: the same licences, or one that the declaration lets the user
// choose.
func agree(declared, found string) bool {
	if license.Same(declared, found) {
		return true
	}
	e, err := license.Parse(declared)
	if err != nil {
		return true // told elsewhere
	}
	for _, set := range e.Choices() {
		if license.Same(strings.Join(set, " AND "), found) {
			return true
		}
	}
	return false
}

// prohibited holds the declared use against what the source itself must not be used for.
func (c *check) prohibited(i int) {
	s := &c.Sources[i]
	for _, tag := range c.Use.Tags {
		for _, p := range s.Uses.Prohibited {
			if strings.EqualFold(tag, p) {
				c.say("sourcing/prohibited-use", fmt.Sprintf("source %s must not be used for %q", s.ID, p), "sources", i, "uses", "prohibited")
			}
		}
	}
	if c.Use.Commercial && (s.Licence.UseClass == "non-commercial" || s.Licence.UseClass == "research") {
		c.say("sourcing/prohibited-use", fmt.Sprintf("source %s is for %s use only, and the declared use is commercial", s.ID, s.Licence.UseClass), "sources", i, "licence", "use_class")
	}
}
