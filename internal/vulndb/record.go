package vulndb

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/reeve-ai/reeve/internal/deps"
)

// maxRecord bounds one advisory, in bytes.
const maxRecord = 16 << 20

// osvRecord is an advisory, as far as matching needs it.
type osvRecord struct {
	ID        string     `json:"id"`
	Modified  time.Time  `json:"modified"`
	Published time.Time  `json:"published"`
	Withdrawn *time.Time `json:"withdrawn"`
	Aliases   []string   `json:"aliases"`
	Summary   string     `json:"summary"`
	Severity  []Severity `json:"severity"`
	Affected  []affected `json:"affected"`
}

// Severity is a score of an advisory, such as CVSS_V3 with its vector.
type Severity struct {
	Type  string `json:"type"`
	Score string `json:"score"`
}

type affected struct {
	Package struct {
		Name      string `json:"name"`
		Ecosystem string `json:"ecosystem"`
	} `json:"package"`
	Severity []Severity `json:"severity"`
	Ranges   []Range    `json:"ranges"`
	Versions []string   `json:"versions"`
}

// Range is a range of versions: events in the order of versions.
type Range struct {
	Type   string  `json:"type"`
	Events []Event `json:"events"`
}

// Event begins or ends what is affected. Exactly one of its members is set.
type Event struct {
	Introduced   string `json:"introduced,omitzero"`
	Fixed        string `json:"fixed,omitzero"`
	LastAffected string `json:"last_affected,omitzero"`
	Limit        string `json:"limit,omitzero"`
}

// Advisory is what is kept of an advisory about one package.
type Advisory struct {
	ID       string     `json:"id"`
	Aliases  []string   `json:"aliases,omitzero"`
	Summary  string     `json:"summary,omitzero"`
	Severity []Severity `json:"severity,omitzero"`
	Ranges   []Range    `json:"ranges,omitzero"`
	Versions []string   `json:"versions,omitzero"`
	Later    []Range    `json:"later,omitzero"` // ranges behind one of commits: see Doubt
}

// entry is one line of a snapshot: all advisories about one package.
type entry struct {
	Name       string     `json:"name"`
	Advisories []Advisory `json:"advisories"`
}

// parseRecord reads an advisory. It returns nil for one that was withdrawn.
func parseRecord(text []byte) (*osvRecord, error) {
	if len(text) > maxRecord {
		return nil, fmt.Errorf("%d bytes, more than %d", len(text), maxRecord)
	}
	var r osvRecord
	if err := json.Unmarshal(text, &r); err != nil {
		return nil, errors.New("no sound JSON of an advisory")
	}
	if r.ID == "" || strings.ContainsAny(r.ID, "\n\t ") {
		return nil, errors.New("an advisory without an id")
	}
	if r.Modified.IsZero() {
		r.Modified = r.Published
	}
	return &r, nil
}

// kept are the parts of an advisory by ecosystem and package. Ranges over commits of a repository are left out: they say nothing of
// versions. Ranges of versions that stand behind one of commits are kept apart.
func (r *osvRecord) kept() map[[2]string]Advisory {
	out := map[[2]string]Advisory{}
	for _, a := range r.Affected {
		if a.Package.Name == "" || a.Package.Ecosystem == "" || strings.ContainsAny(a.Package.Name, "\n\x00") {
			continue
		}
		key := [2]string{a.Package.Ecosystem, normal(a.Package.Ecosystem, a.Package.Name)}
		v, known := out[key]
		if !known {
			v = Advisory{ID: r.ID, Aliases: r.Aliases, Summary: short(r.Summary), Severity: r.Severity}
			if len(v.Severity) == 0 {
				v.Severity = a.Severity
			}
		}
		commits := false
		for _, g := range a.Ranges {
			switch commits = commits || g.Type != "ECOSYSTEM" && g.Type != "SEMVER"; {
			case !commits:
				v.Ranges = append(v.Ranges, g)
			case g.Type != "GIT":
				v.Later = append(v.Later, g)
			}
		}
		v.Versions = append(v.Versions, a.Versions...)
		out[key] = v
	}
	return out
}

func short(s string) string {
	if r := []rune(s); len(r) > 200 {
		return string(r[:200]) + "…"
	}
	return s
}

// normal is the name under which an ecosystem knows a package.
func normal(ecosystem, name string) string {
	if strings.HasPrefix(ecosystem, "PyPI") {
		return deps.NormalPyPI(name)
	}
	return name
}

// groups joins advisories that name each other as aliases.
func groups(found []Match) [][]int {
	parent := make([]int, len(found))
	for i := range parent {
		parent[i] = i
	}
	root := func(i int) int {
		for parent[i] != i {
			parent[i] = parent[parent[i]]
			i = parent[i]
		}
		return i
	}
	by := map[string]int{}
	for i := range found {
		for _, id := range append([]string{found[i].ID}, found[i].Aliases...) {
			if j, known := by[id]; known {
				parent[root(i)] = root(j)
			} else {
				by[id] = i
			}
		}
	}
	members := map[int][]int{}
	var order []int
	for i := range found {
		r := root(i)
		if members[r] == nil {
			order = append(order, r)
		}
		members[r] = append(members[r], i)
	}
	out := make([][]int, 0, len(order))
	for _, r := range order {
		slices.Sort(members[r])
		out = append(out, members[r])
	}
	return out
}
