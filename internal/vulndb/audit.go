package vulndb

import (
	"slices"
	"strings"

	"github.com/reeve-ai/reeve/internal/deps"
)

// Affected is a package with what is known against its version.
type Affected struct {
	deps.Package
	PURL            string          `json:"purl,omitzero"`
	Vulnerabilities []Vulnerability `json:"vulnerabilities"`
	Doubtful        []Vulnerability `json:"doubtful,omitzero"`  // as Match.Doubt says; they are none of Vulnerabilities
	Unchecked       string          `json:"unchecked,omitzero"` // why nothing could be said: not pinned, no advisories for the ecosystem
}

// Vulnerability is one flaw under all its names. ID is the first of CVE, GHSA and the rest, by the alphabet among equals.
type Vulnerability struct {
	ID       string     `json:"id"`
	Aliases  []string   `json:"aliases,omitzero"` // its other names, those of advisories and those they name
	Records  []string   `json:"records"`          // the advisories of the snapshot
	Summary  string     `json:"summary,omitzero"`
	Severity []Severity `json:"severity,omitzero"`
	Fixed    []string   `json:"fixed,omitzero"`
	VEX      string     `json:"vex,omitzero"` // what an exchange document says: "not_affected", "fixed" …
	Reason   string     `json:"vex_reason,omitzero"`
	Signal   *Signal    `json:"signal,omitzero"` // nil where nothing is known of its exploitation
}

// Audit looks every package up, in their order. VEX may be nil.
func (db *DB) Audit(packages []deps.Package, vex *VEX) ([]Affected, error) {
	out := make([]Affected, 0, len(packages))
	for _, p := range packages {
		a := Affected{Package: p, PURL: p.PURL(), Vulnerabilities: []Vulnerability{}}
		switch {
		case p.Version == "":
			a.Unchecked = "not pinned to a version"
		case !db.Knows(p.Ecosystem):
			a.Unchecked = "the snapshot has no advisories for " + p.Ecosystem
		}
		if a.Unchecked == "" {
			found, err := db.Find(p.Ecosystem, p.Name, p.Version)
			if err != nil {
				return nil, err
			}
			for _, group := range groups(found) {
				v, sure := merged(found, group)
				if v.Signal, err = db.signal(&v); err != nil {
					return nil, err
				}
				v.VEX, v.Reason = vex.status(v, a.PURL)
				if sure {
					a.Vulnerabilities = append(a.Vulnerabilities, v)
				} else {
					a.Doubtful = append(a.Doubtful, v)
				}
			}
		}
		out = append(out, a)
	}
	return out, nil
}

// merged joins the advisories of one flaw: those that are sure of it, or where none is, those in doubt.
func merged(found []Match, group []int) (v Vulnerability, sure bool) {
	var names []string
	sure = slices.ContainsFunc(group, func(i int) bool { return !found[i].Doubt })
	for _, i := range group {
		m := &found[i]
		if m.Doubt == sure {
			names = append(names, m.ID)
			continue
		}
		v.Records = append(v.Records, m.ID)
		names = append(append(names, m.ID), m.Aliases...)
		if v.Summary == "" {
			v.Summary = m.Summary
		}
		if len(v.Severity) == 0 {
			v.Severity = m.Severity
		}
		for _, f := range m.Fixed {
			if !slices.Contains(v.Fixed, f) {
				v.Fixed = append(v.Fixed, f)
			}
		}
	}
	slices.SortFunc(names, func(a, b string) int {
		if ra, rb := rank(a), rank(b); ra != rb {
			return ra - rb
		}
		return strings.Compare(a, b)
	})
	names = slices.Compact(names)
	v.ID, v.Aliases = names[0], names[1:]
	return v, sure
}

func rank(id string) int {
	switch {
	case strings.HasPrefix(id, "CVE-"):
		return 0
	case strings.HasPrefix(id, "GHSA-"):
		return 1
	}
	return 2
}

// Counts reports whether a vulnerability counts: an exchange document may say that it does not apply.
func (v *Vulnerability) Counts() bool { return v.VEX != "not_affected" && v.VEX != "fixed" }
