package gate

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/attest"
)

// person is somebody by all names that are known for them, folded.
type person map[string]bool

func (p person) is(q person) bool {
	for name := range p {
		if q[name] {
			return true
		}
	}
	return false
}

// aliases are the names by which a person may be told from others: the whole name, and of "Name <address>" or an address
// the name and the part before "@", in lower case. Two that share one are taken for one person.
func aliases(name string) []string {
	name = strings.ToLower(strings.TrimSpace(name))
	out := []string{name}
	if display, address, ok := strings.Cut(strings.TrimSuffix(name, ">"), "<"); ok {
		out = append(out, strings.TrimSpace(display), address)
		name = address
	}
	if local, _, ok := strings.Cut(name, "@"); ok {
		out = append(out, local)
	}
	return slices.DeleteFunc(out, func(s string) bool { return s == "" })
}

func (p person) name(name string) person {
	for _, alias := range aliases(name) {
		p[alias] = true
	}
	return p
}

// personOf is who a statement is by: who signed, under all names that the policy gives them, and who it says it is by.
func personOf(s *Signer, o *attest.Origin) person {
	p := person{}.name(s.Name)
	for _, aka := range s.Aka {
		p.name(aka)
	}
	if o != nil {
		p.name(o.By.Name)
	}
	return p
}

// makers are who trained, converted or merged what the target came from, and who audited its data.
func (e *evaluation) makers() []person {
	var out []person
	for _, m := range e.chain.made {
		for _, s := range m.signers {
			out = append(out, e.known(personOf(s, originOf(m.p))))
		}
	}
	return out
}

// known adds the names under which the policy lists a person who was named.
func (e *evaluation) known(p person) person {
	for i := range e.policy.Signers {
		if q := personOf(&e.policy.Signers[i], nil); q.is(p) {
			for name := range q {
				p[name] = true
			}
		}
	}
	return p
}

// approvals counts who has approved. What is restricted always needs two people.
func (e *evaluation) approvals() {
	if e.unknown() {
		e.result.Label = e.result.Label.Join(reeve.Label{Level: reeve.Restricted}) // what nobody looked at is not therefore public
	}
	people, age := 0, time.Duration(0)
	roles := map[string]bool{}
	for _, a := range e.policy.Approvals {
		if !e.result.Label.Dominates(a.Label) {
			continue
		}
		people = max(people, a.People)
		if a.MaxAge > 0 && (age == 0 || a.MaxAge < age) {
			age = a.MaxAge
		}
		for _, r := range a.Roles {
			roles[r] = true
		}
	}
	if e.result.Label.Level == reeve.Restricted {
		people = max(people, 2)
	}
	if people > 0 {
		for _, r := range e.handling(e.result.Label).Reviewers {
			roles[r] = true
		}
	}
	counted, stale := e.count(age, people > 0)
	as := ""
	if e.unknown() {
		as = "; what nobody knows the origin of counts as restricted"
	}
	if len(counted) < people {
		p := Problem{
			Rule: "approval/missing", Stale: stale, Command: "reeve attest create approval TARGET --decision approved --role ROLE --reason WHY --key KEY",
			Reason: fmt.Sprintf("%d of %d people have approved; whoever trained the model does not count", len(counted), people) + as,
			Remedy: "have it approved by people whom the policy lists, for exactly these files",
		}
		e.root.add(&Node{Name: KindApproval, Kind: "statement", State: Missing, Why: p.Reason})
		e.miss(p)
	}
	for _, role := range sortedKeys(roles) {
		if !slices.ContainsFunc(counted, func(s *Signer) bool { return slices.Contains(s.Roles, role) }) {
			e.miss(Problem{
				Rule: "approval/missing", Command: "reeve attest create approval TARGET --decision approved --role ROLE --reason WHY --key KEY",
				Reason: "nobody with the role " + role + " has approved, which " + e.result.Label.String() + " needs" + as,
				Remedy: "have it approved by somebody with that role; the policy lists roles under signers",
			})
		}
	}
}

// unknown reports whether something went in of which nobody knows how sensitive it is.
func (e *evaluation) unknown() bool {
	return slices.ContainsFunc(e.result.Missing, func(p Problem) bool {
		return p.Rule == "origin/missing" || p.Rule == "data/missing" || p.Rule == "base/missing"
	}) || slices.ContainsFunc(e.result.Violations, func(p Problem) bool { return p.Rule == "origin/uncovered" || p.Rule == "target/changed" })
}

// count are the people who have approved, each once.
func (e *evaluation) count(age time.Duration, needed bool) (counted []*Signer, stale bool) {
	makers := e.makers()
	var persons, spoken []person
	for _, c := range e.claims { // the newest first: somebody's last word counts
		a, ok := c.p.(*attest.Approval)
		if !ok || !e.coversAll(c) && (a.Decision != attest.Rejected || !e.coversSome(c)) {
			continue
		}
		for _, s := range c.signers {
			by := &a.Origin
			if len(c.signers) > 1 {
				by = nil // it names one person, and several have signed
			}
			who := e.known(personOf(s, by))
			if slices.ContainsFunc(spoken, who.is) {
				continue
			}
			spoken = append(spoken, who)
			if a.Decision == attest.Rejected {
				e.violate(Problem{Rule: "approval/rejected", Path: c.path, Statement: c.digest, Reason: s.Name + " has refused the model", Remedy: "settle what was found; only " + s.Name + " can take that back, by approving"})
				continue
			}
			if why := e.discount(c, a, who, makers, age); why != "" {
				_, fresh := e.fresh(c, age)
				stale = stale || !fresh
				if needed {
					e.root.add(&Node{Name: KindApproval, Kind: "statement", Digest: c.digest, State: Stale, Why: why, At: c.at, By: names(c)})
				}
				continue
			}
			if slices.ContainsFunc(persons, who.is) {
				continue
			}
			persons, counted = append(persons, who), append(counted, s)
			if needed {
				until, _ := e.fresh(c, age)
				e.root.once(&Node{Name: KindApproval, Kind: "statement", Digest: c.digest, State: Fresh, At: c.at, Until: until, By: names(c)})
				e.consume(c, age)
			}
		}
	}
	return counted, stale
}

// discount says why an approval does not count, "" where it does.
func (e *evaluation) discount(c *claim, a *attest.Approval, who person, makers []person, age time.Duration) string {
	if _, ok := e.fresh(c, age); !ok {
		return "it is older than " + ageWord(age)
	}
	if slices.ContainsFunc(makers, who.is) {
		return "whoever trained the model does not approve it"
	}
	for _, tag := range e.policy.Licence.Use.Tags {
		if len(a.For) > 0 && !slices.Contains(a.For, tag) {
			return "it is not for the use " + tag
		}
	}
	if len(a.For) > 0 && len(e.policy.Licence.Use.Tags) == 0 {
		return "it is for some uses only, and the policy declares none"
	}
	return ""
}

func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
