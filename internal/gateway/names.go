package gateway

import (
	"maps"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// Names bounds what a label of a metric may be: the first names that come keep theirs, later ones are "other". It is safe for
// concurrent use.
type Names struct {
	max int

	mu    sync.RWMutex
	known map[string]string
}

// NewNames allows at most max names.
func NewNames(max int) *Names { return &Names{max: max, known: map[string]string{}} }

// otherName stands for every name beyond the bound.
const otherName = "other"

// maxNameBytes bounds a name: a caller may call a model anything.
const maxNameBytes = 128

// Bound is the name, or "other".
func (n *Names) Bound(name string) string {
	n.mu.RLock()
	kept, known := n.known[name]
	n.mu.RUnlock()
	if known {
		return kept
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.known) >= n.max || len(name) > maxNameBytes || !printable(name) {
		return otherName
	}
	kept = string([]byte(name)) // the name may lie in the buffer of a request
	n.known[kept] = kept
	return kept
}

// printable reports whether a name is of the characters that the names of models and labels have.
func printable(name string) bool {
	for i := range len(name) {
		if c := name[i]; c <= ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return name != ""
}

// Team is what a department's people and programs asked, since the start.
type Team struct{ Exchanges, Refused uint64 }

// Teams counts exchanges by department. It is a prometheus.Collector, and safe for concurrent use.
type Teams struct {
	names *Names

	mu sync.Mutex
	by map[string]*Team
}

func newTeams() *Teams { return &Teams{names: NewNames(maxTeams), by: map[string]*Team{}} }

func (t *Teams) add(department string, refused bool) {
	if department == "" {
		return
	}
	name := t.names.Bound(department)
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.by[name]
	if c == nil {
		c = &Team{}
		t.by[name] = c
	}
	c.Exchanges++
	if refused {
		c.Refused++
	}
}

// Snapshot is a copy of the counters by department.
func (t *Teams) Snapshot() map[string]Team {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := make(map[string]Team, len(t.by))
	for name, c := range maps.All(t.by) {
		out[name] = *c
	}
	return out
}

var (
	teamExchanges = prometheus.NewDesc("reeve_team_exchanges_total", "Exchanges by the department of the caller.", []string{"team"}, nil)
	teamRefused   = prometheus.NewDesc("reeve_team_refused_total", "Exchanges that did not end well, by the department of the caller.", []string{"team"}, nil)
)

// Describe implements prometheus.Collector.
func (t *Teams) Describe(into chan<- *prometheus.Desc) { into <- teamExchanges; into <- teamRefused }

// Collect implements prometheus.Collector.
func (t *Teams) Collect(into chan<- prometheus.Metric) {
	for name, c := range t.Snapshot() {
		into <- prometheus.MustNewConstMetric(teamExchanges, prometheus.CounterValue, float64(c.Exchanges), name)
		into <- prometheus.MustNewConstMetric(teamRefused, prometheus.CounterValue, float64(c.Refused), name)
	}
}
