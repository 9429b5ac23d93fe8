package sourcing

import (
	"fmt"
	"slices"
	"strings"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/label"
)

// personal holds what is declared about people against what a scan found.
func (c *check) personal(i int) {
	s := &c.Sources[i]
	p := &s.PersonalData
	seen := c.seen(i)
	at := []any{"sources", i, "personal_data"}
	declared := p.Present == "yes" || seen.personal && p.Present != "no"
	switch {
	case seen.personal && p.Present == "no":
		c.say("sourcing/personal-data-undeclared", fmt.Sprintf("source %s declares no personal data, and %s", s.ID, seen.what), at...)
	case !known(p.Present) && !seen.personal:
		c.say("sourcing/personal-data-unknown", "source "+s.ID+" does not say whether it holds personal data, and no scan that found some is known", append(at, "present")...)
	}
	if declared {
		c.legalBasis(i, seen)
	}
	if seen.secrets {
		c.say("sourcing/secrets-found", "source "+s.ID+" holds secrets: "+seen.what, at...)
	}
	c.classification(i, seen)
}

func (c *check) legalBasis(i int, seen seen) {
	s := &c.Sources[i]
	p := &s.PersonalData
	at := []any{"sources", i, "personal_data"}
	why := "it declares personal data"
	if seen.personal {
		why = seen.what
	}
	switch {
	case !known(p.LegalBasis):
		c.say("sourcing/legal-basis", fmt.Sprintf("source %s names no legal basis, and %s", s.ID, why), append(at, "legal_basis")...)
	case p.LegalBasis == "consent" && !known(p.Consent):
		c.say("sourcing/legal-basis", "source "+s.ID+" rests on consent and names no consent document", append(at, "consent")...)
	}
	if seen.special && !known(p.SpecialBasis) {
		c.say("sourcing/special-category-basis", fmt.Sprintf("source %s holds special categories of personal data and names no basis of Art. 9(2): %s", s.ID, seen.what), append(at, "special_basis")...)
	}
	if seen.special && !known(p.DPIA) {
		c.say("sourcing/impact-assessment", "source "+s.ID+" holds special categories of personal data and names no impact assessment", append(at, "dpia")...)
	}
	if seen.health && !known(p.HIPAA) {
		c.say("sourcing/health-basis", "source "+s.ID+" holds health data and does not say how HIPAA is met or why it does not apply", append(at, "hipaa")...)
	}
	if len(p.Jurisdictions) == 0 {
		c.say("sourcing/territory-missing", "source "+s.ID+" does not say where the people live whose data it holds", append(at, "jurisdictions")...)
	}
	if !known(s.Retention.Period) || !known(s.Retention.Deletion) {
		c.say("sourcing/retention-missing", "source "+s.ID+" does not say how long personal data is kept and how it is deleted", "sources", i, "retention")
	}
}

func (c *check) classification(i int, seen seen) {
	s := &c.Sources[i]
	if !known(s.Classification) {
		c.say("sourcing/classification-missing", "source "+s.ID+" has no classification", "sources", i, "classification")
		return
	}
	l, err := reeve.ParseLabel(s.Classification)
	if err == nil && !l.Dominates(seen.label) {
		c.say("sourcing/classification", fmt.Sprintf("source %s is classified %s, and what was found makes it %s", s.ID, l, l.Join(seen.label)), "sources", i, "classification")
	}
}

// seen is what a scan found in one source.
type seen struct {
	personal, special, health, secrets bool
	label                              reeve.Label
	what                               string // a sentence with counts by kind
}

// seen sums up the findings in a source's files. Findings of severities below low say too little to demand a legal basis.
func (c *check) seen(i int) seen {
	var out seen
	if c.o.Observed == nil {
		return out
	}
	counts := map[string]int64{}
	for _, n := range c.o.Observed.Counts {
		if !c.concerns(i, n.Path) || n.Severity < reeve.SeverityLow {
			continue
		}
		counts[n.Kind] += n.Count
		l := c.o.Classify(n.Rule, n.Kind)
		out.label = out.label.Join(l)
		has := func(category string) bool { return slices.Contains(l.Categories, category) }
		out.personal = out.personal || has(label.PII) || has(label.PHI) || has(label.Special)
		out.special = out.special || has(label.Special) || has(label.PHI)
		out.health = out.health || has(label.PHI)
		out.secrets = out.secrets || has(label.Secret)
	}
	var kinds []string
	for k, n := range counts {
		kinds = append(kinds, fmt.Sprintf("%d × %s", n, k))
	}
	slices.Sort(kinds)
	const most = 6
	if len(kinds) > most {
		kinds = append(kinds[:most], "…")
	}
	out.what = "a scan found " + strings.Join(kinds, ", ")
	return out
}

// concerns reports whether findings at a path are about a source. Findings of the data set as a whole concern every
// source but those that declare no personal data beside others that declare some.
func (c *check) concerns(i int, path string) bool {
	if path != "" {
		return slices.Contains(c.by[path], i)
	}
	return c.Sources[i].PersonalData.Present != "no" ||
		!slices.ContainsFunc(c.Sources, func(s Source) bool { return s.PersonalData.Present == "yes" })
}

// places holds geography, export control and sanctions.
func (c *check) places(i int) {
	s := &c.Sources[i]
	g := &s.Geography
	if len(g.Origin) == 0 || slices.Contains(g.Origin, Unknown) {
		c.say("sourcing/territory-missing", "source "+s.ID+" does not say where its data was made", "sources", i, "geography", "origin")
	}
	if !known(s.Export.Classification) || !known(s.Export.SanctionsScreened) {
		c.say("sourcing/export-control", "source "+s.ID+" does not say how it is classified for export and when sanctions lists were looked at", "sources", i, "export")
	}
	c.territory(i, "processed", c.Use.Processing, g.ProcessingAllowed, g.ProcessingExcluded, "processing")
	c.territory(i, "stored", c.Use.Storage, g.StorageAllowed, g.StorageExcluded, "storage")
	for _, place := range slices.Concat(c.Use.Establishments, c.Use.Processing, c.Use.Storage) {
		if anyWithin(place, s.Export.EmbargoedRecipients) {
			c.say("sourcing/territory-excluded", fmt.Sprintf("source %s must not reach recipients in %s", s.ID, place), "sources", i, "export", "embargoed_recipients")
		}
	}
}

func (c *check) territory(i int, verb string, declared, allowed, excluded []string, key string) {
	s := &c.Sources[i]
	if len(declared) == 0 && len(allowed)+len(excluded) > 0 {
		c.say("sourcing/territory-missing", fmt.Sprintf("source %s limits where it may be %s, and the declared use does not say where it is", s.ID, verb), "use", key)
	}
	for _, place := range declared {
		if anyWithin(place, excluded) || len(allowed) > 0 && !anyWithin(place, allowed) {
			c.say("sourcing/territory-excluded", fmt.Sprintf("source %s must not be %s in %s", s.ID, verb, place), "sources", i, "geography")
		}
	}
}
