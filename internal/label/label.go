// Package label says how sensitive a text is, by what was found in it, and who may handle it.
//
// It is pure. Classification only ever raises a label: the label of a text is the join of the labels of its findings,
// so neither the order of the findings nor that of the rows can change it, and more findings never make it less
// sensitive.
package label

import (
	"fmt"
	"strings"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/policies"
)

// Categories of the policy that ships.
const (
	PII     = "PII"     // personal data (GDPR Art. 4(1))
	PHI     = "PHI"     // data concerning health (GDPR Art. 9(1); 45 CFR § 160.103)
	Special = "SPECIAL" // special categories (GDPR Art. 9(1)) and criminal records (Art. 10)
	PCI     = "PCI"     // payment card data (PCI DSS)
	Secret  = "SECRET"  // keys, tokens, passwords
)

// Row gives a label to the findings that it names: either by rule ("secret/github-pat", or a whole class, "secret/*")
// or by kind ("US_SSN").
type Row struct {
	Rule      string
	Kind      string
	Label     reeve.Label
	Overrides bool // the label stands instead of that of the finding's class
}

// Policy is a compiled table. It is immutable and safe for concurrent use.
type Policy struct {
	byRule   map[string]given
	byClass  map[string]given // "secret/" of "secret/*"
	byKind   map[string]given
	other    reeve.Label
	unread   reeve.Label
	marks    []Mark
	handling []Handling
	digest   string
}

type given struct {
	label     reeve.Label
	overrides bool
}

// New compiles a table. Several rows for the same name are joined; one that overrides makes the join override. The label
// other is for findings that no row names: what nobody classified is not therefore public.
func New(rows []Row, other reeve.Label) (*Policy, error) {
	p := &Policy{byRule: map[string]given{}, byClass: map[string]given{}, byKind: map[string]given{}, other: other}
	for i, row := range rows {
		table, name := p.byKind, row.Kind
		switch {
		case (row.Rule == "") == (row.Kind == ""):
			return nil, fmt.Errorf("row %d: name either a rule or a kind", i+1)
		case strings.HasSuffix(row.Rule, "/*"):
			table, name = p.byClass, strings.TrimSuffix(row.Rule, "*")
		case row.Rule != "":
			table, name = p.byRule, row.Rule
		}
		if strings.Contains(name, "*") || name == "/" {
			return nil, fmt.Errorf("row %d: %q: \"*\" stands only at the end, after a class and a slash", i+1, name)
		}
		g := table[name]
		table[name] = given{g.label.Join(row.Label), g.overrides || row.Overrides}
	}
	return p, nil
}

// Default is the policy that ships, policies/labels.yaml; findings that it does not know, such as those of a user's own
// literals, make a text internal.
func Default() *Policy {
	p, err := Parse(policies.LabelsName, policies.Labels())
	if err != nil {
		panic("the classification policy that ships cannot be read: " + err.Error())
	}
	return p
}

// Classify is the join of the labels of all findings: public where there are none. A finding that brings a label of
// its own has at least that one. A nil policy, or a finding's label that cannot be read, gives restricted.
func (p *Policy) Classify(findings []reeve.Finding) reeve.Label {
	var l reeve.Label
	for i := range findings {
		l = l.Join(p.of(&findings[i]))
	}
	return l
}

// Of is the label of one finding, its own label not looked at.
func (p *Policy) Of(rule, kind string) reeve.Label {
	if p == nil {
		return reeve.Label{Level: reeve.Restricted}
	}
	class, _, _ := strings.Cut(rule, "/")
	byRule, known := p.byRule[rule]
	byKind, knownKind := p.byKind[kind]
	byClass, knownClass := p.byClass[class+"/"]
	if !known && !knownClass && !knownKind {
		return p.other
	}
	l := byRule.label.Join(byKind.label)
	if byRule.overrides || byKind.overrides {
		return l
	}
	return l.Join(byClass.label)
}

func (p *Policy) of(f *reeve.Finding) reeve.Label {
	l := p.Of(f.Rule, f.Kind)
	if f.Label == "" {
		return l
	}
	own, err := reeve.ParseLabel(f.Label)
	if err != nil {
		own = reeve.Label{Level: reeve.Restricted}
	}
	return l.Join(own)
}

// May reports whether a holder of the clearance may handle what carries the label: whether the clearance dominates it
// (no read up; Bell and LaPadula, MTR-2547, 1973).
func May(clearance, l reeve.Label) bool { return clearance.Dominates(l) }
