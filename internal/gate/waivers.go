package gate

import (
	"fmt"
	"slices"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/attest"
)

// maxWaived bounds how many things one waiver may speak of: more is no exception, it is another policy.
const maxWaived = 64

// waivers takes out what somebody answers for: one rule, exactly these bytes, for a time.
func (e *evaluation) waivers() {
	for _, c := range e.claims {
		w, ok := c.p.(*attest.Waiver)
		if !ok || !e.concerns(c, w.Rule) {
			continue
		}
		if why := e.void(c, w); why != "" {
			e.root.add(&Node{Name: KindWaiver + " of " + short(w.Rule), Kind: "statement", Digest: c.digest, State: Stale, Why: why, At: c.at, Until: c.until, By: names(c)})
			e.miss(Problem{Rule: "waiver/invalid", Path: c.path, Statement: c.digest, Reason: "a waiver of " + short(w.Rule) + " does not count: " + why, Remedy: "have somebody who may waive exactly the rule for exactly these bytes, or do what the rule asks", Command: "reeve gate waive"})
			continue
		}
		used := e.waive(&e.result.Violations, c, w)
		used = e.waive(&e.result.Missing, c, w) || used
		if used {
			e.consume(c, 0)
			e.root.add(&Node{Name: KindWaiver + " of " + w.Rule, Kind: "statement", Digest: c.digest, State: Fresh, At: c.at, Until: c.until, By: names(c)})
		}
	}
}

// concerns reports whether a waiver is meant for something that stands against this target.
func (e *evaluation) concerns(c *claim, rule string) bool {
	match := func(p Problem) bool { return covers(rule, p.Rule) || rule == "*" }
	return (c.covers(e.result.Tree.Root) || e.about(c.files)) &&
		(slices.ContainsFunc(e.result.Violations, match) || slices.ContainsFunc(e.result.Missing, match))
}

// void says why a waiver does not count, "" where it does.
func (e *evaluation) void(c *claim, w *attest.Waiver) string {
	if why := e.policy.voidRule(w); why != "" {
		return why
	}
	switch {
	case len(c.s.Subject) > maxWaived:
		return fmt.Sprintf("it speaks of more than %d things", maxWaived)
	case e.result.Label.Level == reeve.Restricted && e.own(c, w):
		return "nobody waives restricted data for themselves: whoever trained the model or owns the waiver does not sign it"
	}
	return ""
}

func (p *Policy) voidRule(w *attest.Waiver) string {
	at := slices.IndexFunc(rules, func(r Rule) bool { return r.ID == w.Rule })
	switch {
	case at < 0:
		return "it does not name exactly one rule"
	case rules[at].Final:
		return "nobody may waive this rule"
	case slices.ContainsFunc(p.Waivers.Never, func(never string) bool { return covers(never, w.Rule) }):
		return "the policy lets nobody waive this rule"
	case w.Expires.Sub(w.At) > p.Waivers.Longest:
		return "it is for longer than " + ageWord(p.Waivers.Longest)
	case !w.Expires.After(w.At):
		return "it ends before it begins"
	}
	return ""
}

// Waivable says why a waiver by a key could not count under the policy, whatever it is for; "" where it could.
func (p *Policy) Waivable(w *attest.Waiver, keyID string) string {
	if why := p.voidRule(w); why != "" {
		return why
	}
	s := p.signer(keyID)
	switch {
	case s == nil:
		return "the policy does not know the key"
	case !slices.Contains(s.May, KindWaiver):
		return "the policy takes no waiver from " + s.Name
	case !s.Until.IsZero() && !s.Until.After(w.At), w.At.Before(s.From):
		return "the keys of " + s.Name + " are not good now"
	}
	return ""
}

// own reports whether a waiver is by somebody who asks for it.
func (e *evaluation) own(c *claim, w *attest.Waiver) bool {
	owner := e.known(person{}.name(w.Owner.Name))
	makers := append(e.makers(), owner)
	for _, s := range c.signers {
		if !slices.ContainsFunc(makers, e.known(personOf(s, nil)).is) {
			return false // of several who signed one is enough
		}
	}
	return true
}

// waive moves problems from a list to those that are waived.
func (e *evaluation) waive(list *[]Problem, c *claim, w *attest.Waiver) (used bool) {
	scope := c.files
	if len(w.Scope) > 0 {
		scope = map[string]bool{}
		for _, s := range c.s.Subject {
			if slices.Contains(w.Scope, s.Name) {
				for _, d := range []string{s.Digest["sha256"], s.Digest["rfc6962-sha256"]} {
					scope[d] = d != ""
				}
			}
		}
	}
	*list = slices.DeleteFunc(*list, func(p Problem) bool {
		if p.Rule != w.Rule || p.Broken || p.Subject == "" || !scope[p.Subject] {
			return false
		}
		p.Waiver = c.digest
		e.result.Waived = append(e.result.Waived, p)
		used = true
		return true
	})
	return used
}
