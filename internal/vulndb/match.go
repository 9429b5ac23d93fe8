package vulndb

import (
	"slices"
	"strings"

	"github.com/google/osv-scalibr/semantic"
)

// Match is an advisory that speaks of the version that was asked for.
type Match struct {
	ID       string     `json:"id"`
	Aliases  []string   `json:"aliases,omitzero"`
	Summary  string     `json:"summary,omitzero"`
	Severity []Severity `json:"severity,omitzero"`
	Fixed    []string   `json:"fixed,omitzero"` // versions in which it is mended, ascending, at or above the one asked for

	// Doubt says that the version is in a range of versions, but that the advisory tells first by commits what is affected, and lists
	// versions of which this is none: its authors knew of no such release. osv-scanner does not tell of these.
	Doubt bool `json:"doubt,omitzero"`
}

// affects reports whether an advisory speaks of a version, as the OSV schema's evaluation says: listed, or within a range.
func (a *Advisory) affects(ecosystem, version string, v semantic.Version, parsed bool) bool {
	if slices.Contains(a.Versions, version) {
		return true
	}
	if !parsed {
		return false
	}
	return within(a.Ranges, ecosystem, v)
}

// doubts reports whether an advisory that does not affect a version may all the same.
func (a *Advisory) doubts(ecosystem string, v semantic.Version, parsed bool) bool {
	return parsed && within(a.Later, ecosystem, v)
}

func within(ranges []Range, ecosystem string, v semantic.Version) bool {
	return slices.ContainsFunc(ranges, func(r Range) bool { return r.holds(v, ecosystem) })
}

func parseVersion(ecosystem, version string) (v semantic.Version, ok bool) {
	v, err := semantic.Parse(version, ecosystem)
	return v, err == nil
}

// compare orders the version before, at or after another. What cannot be compared is told as not ordered.
func compare(v semantic.Version, ecosystem, other string) (order int, ok bool) {
	if other == "0" { // the version before all others
		return 1, true
	}
	c, err := v.CompareStr(other)
	return c, err == nil
}

// holds evaluates the events of a range in the order of versions. An event that cannot be compared is taken against the package:
// the version counts as affected rather than not.
func (r *Range) holds(v semantic.Version, ecosystem string) bool {
	affected := false
	for _, e := range r.sorted(ecosystem) {
		switch {
		case e.Introduced != "":
			if c, ok := compare(v, ecosystem, e.Introduced); !ok || c >= 0 {
				affected = true
			}
		case e.Fixed != "":
			if c, ok := compare(v, ecosystem, e.Fixed); ok && c >= 0 {
				affected = false
			}
		case e.LastAffected != "":
			if c, ok := compare(v, ecosystem, e.LastAffected); ok && c > 0 {
				affected = false
			}
		case e.Limit != "" && e.Limit != "*":
			if c, ok := compare(v, ecosystem, e.Limit); ok && c >= 0 {
				affected = false
			}
		}
	}
	return affected
}

func (e *Event) version() string {
	return e.Introduced + e.Fixed + e.LastAffected + e.Limit
}

// sorted are the events by version; an advisory may list them in any order.
func (r *Range) sorted(ecosystem string) []Event {
	events := slices.Clone(r.Events)
	slices.SortStableFunc(events, func(a, b Event) int {
		switch {
		case a.version() == b.version():
			return 0
		case a.Introduced == "0":
			return -1
		case b.Introduced == "0":
			return 1
		}
		v, ok := parseVersion(ecosystem, a.version())
		if !ok {
			return 0
		}
		c, err := v.CompareStr(b.version())
		if err != nil {
			return 0
		}
		return c
	})
	return events
}

// fixes are the versions above v in which the advisory is mended.
func (a *Advisory) fixes(ecosystem string, v semantic.Version, parsed bool) []string {
	if !parsed {
		return nil
	}
	var out []string
	for _, r := range slices.Concat(a.Ranges, a.Later) {
		for _, e := range r.Events {
			if e.Fixed == "" {
				continue
			}
			if c, ok := compare(v, ecosystem, e.Fixed); ok && c < 0 && !slices.Contains(out, e.Fixed) {
				out = append(out, e.Fixed)
			}
		}
	}
	slices.SortFunc(out, func(a, b string) int {
		if v, ok := parseVersion(ecosystem, a); ok {
			if c, err := v.CompareStr(b); err == nil {
				return c
			}
		}
		return strings.Compare(a, b)
	})
	return out
}
