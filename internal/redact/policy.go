package redact

import (
	"fmt"
	"slices"
	"strings"

	"github.com/reeve-ai/reeve/detect"
)

// Policy says which operator takes the place of what. It is immutable and safe for concurrent use.
type Policy struct {
	def   Operator
	by    map[string]Operator // by kind, rule or "class/*"
	order []string            // of the keys
	// SubjectField is the name of the field whose value decides how far the dates of a record move; "" means that all
	// dates of a file move as far.
	SubjectField string
}

// Kind "SECRET" in a policy stands for every rule of class "secret/".
const secret = "SECRET"

// NewPolicy takes specifications such as "mask", the default, and "EMAIL_ADDRESS=pseudonymise" for a kind, a rule or a class
// "secret/*". Later ones go before earlier ones.
//
// Secrets follow the default only where that is remove, mask or replace, else they are masked: a default that can be
// turned back must not put live keys into a data set, and a surrogate of a secret looks like a live one. So SECRET can be
// encrypted when that is asked for by name, and never be pseudonymised.
func NewPolicy(specs []string) (*Policy, error) {
	p := &Policy{by: map[string]Operator{}}
	p.def, _ = ParseOperator(string(Mask))
	p.by[secret], _ = ParseOperator(string(Mask))
	for _, spec := range specs {
		if err := p.add(spec); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func (p *Policy) add(spec string) error {
	key, text, named := cutKind(spec)
	o, err := ParseOperator(text)
	if err != nil {
		return err
	}
	if !named {
		p.def = o
		if o.Name == Remove || o.Name == Mask || o.Name == Replace {
			p.by[secret] = o
		}
		return nil
	}
	if isSecret(key) && o.Name == Pseudonymise {
		return fmt.Errorf("%s cannot be pseudonymised: nobody could tell the surrogate from a live secret; use remove, mask, hash or encrypt", key)
	}
	p.by[key] = o
	p.order = append(slices.DeleteFunc(p.order, func(s string) bool { return s == key }), key)
	return nil
}

// cutKind splits "KIND=operator:setting=value" at its first equals sign, unless a colon comes before it.
func cutKind(spec string) (key, operator string, named bool) {
	key, operator, named = strings.Cut(spec, "=")
	if !named || strings.Contains(key, ":") {
		return "", spec, false
	}
	return key, operator, true
}

func isSecret(key string) bool { return key == secret || strings.HasPrefix(key, "secret/") }

// Keys are the kinds, rules and classes that the policy names, so that a caller can refuse misspelt ones.
func (p *Policy) Keys() []string { return slices.Clone(p.order) }

// Operators are all operators that the policy can come to, without repeats.
func (p *Policy) Operators() []Operator {
	out := []Operator{p.def}
	for _, o := range p.by {
		if !slices.Contains(out, o) {
			out = append(out, o)
		}
	}
	return out
}

// NeedsKey reports whether some operator is a function of a key.
func (p *Policy) NeedsKey() bool {
	return slices.ContainsFunc(p.Operators(), func(o Operator) bool { return o.NeedsKey() })
}

// For is the operator for what a rule finds: that of the rule, of its class, of its kind, or the default.
func (p *Policy) For(rule *detect.Rule) Operator {
	class, _, _ := strings.Cut(rule.ID, "/")
	for _, key := range []string{rule.ID, class + "/*", string(rule.Kind)} {
		if o, ok := p.by[key]; ok {
			return o
		}
	}
	if class == "secret" {
		return p.by[secret]
	}
	return p.fallback(rule)
}

// fallback is the default operator as it suits a kind: dates are shifted where other values get surrogates, and what has
// no coarser form is masked where others have.
func (p *Policy) fallback(rule *detect.Rule) Operator {
	o := p.def
	if o.Name == DateShift && !isDate(rule.Kind) {
		o, _ = ParseOperator(string(Mask))
	}
	return o
}

func isDate(k detect.Kind) bool { return k == "DATE_TIME" || k == "DATE_OF_BIRTH" }
