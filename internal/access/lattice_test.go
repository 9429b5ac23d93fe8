package access

import (
	"os"
	"testing"
	"time"

	"github.com/cedar-policy/cedar-go/types"

	"github.com/reeve-ai/reeve"
)

// Mandatory access control against its mathematical definition: 4 levels × 16 sets of categories. With REEVE_TORTURE set,
// every clearance with every label and every session, reading and writing (524,288 decisions); without it all pairs of
// clearance and label with the two sessions that matter most, and all pairs of clearance and session.
func TestMandatoryExhaustive(t *testing.T) {
	s, err := Compile(Default(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	st := &state{Set: s}
	names := []string{"A", "B", "C", "D"}
	var labels []reeve.Label
	for level := range reeve.Restricted + 1 {
		for mask := range 16 {
			var c []string
			for i, n := range names {
				if mask>>i&1 == 1 {
					c = append(c, n)
				}
			}
			labels = append(labels, reeve.NewLabel(level, c...))
		}
	}
	users, reads, writes, contexts := make([]*built, 64), make([]*built, 64), make([]*built, 64), make([]types.Record, 64)
	for i, l := range labels {
		users[i] = st.user(&reeve.Principal{ID: "u", Kind: reeve.KindService, Roles: []reeve.Role{reeve.RoleMLEngineer}, Clearance: l})
		reads[i] = st.resource(&Resource{Kind: KindDataset, Name: "d", Label: l})
		writes[i] = reads[i]
		contexts[i] = contextOf(&Context{Now: time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC), Session: l, MFA: true, Device: DeviceManaged})
	}
	count := 0
	check := func(c, r, h int) {
		for _, action := range []types.String{"dataset:read", "dataset:update"} {
			v := &view{st, users[c], reads[r]}
			got := s.Decide(Query{v.principal.entity.UID, uid("Action", action), v.resource.entity.UID, contexts[h], v})
			want := labels[c].Dominates(labels[h])
			if action == "dataset:read" {
				want = want && labels[c].Dominates(labels[r])
			} else {
				want = want && labels[r].Dominates(labels[h])
			}
			if count++; got.Allow != want {
				t.Fatalf("clearance %s, label %s, session %s, %s: allow=%v by %v", labels[c], labels[r], labels[h], action, got.Allow, got.Rules)
			}
		}
	}
	full := os.Getenv("REEVE_TORTURE") != ""
	for c := range labels {
		for r := range labels {
			if !full {
				check(c, r, 0)
				check(c, 63, r)
				check(63, c, r)
				continue
			}
			for h := range labels {
				check(c, r, h)
			}
		}
	}
	t.Logf("%d decisions, each as defined", count)
}

// All 16 combinations of the four models: a model that only restricts never grants, one that grants never takes away, and
// without one that grants there is nothing.
func TestModelsAreMonotone(t *testing.T) {
	sets := make([]*Engine, 16)
	for mask := range sets {
		modules := []string{}
		for i, m := range Modules() {
			if mask>>i&1 == 1 {
				modules = append(modules, m)
			}
		}
		s, err := Compile(Default(), Options{Modules: modules})
		if err != nil {
			t.Fatal(err)
		}
		if sets[mask], err = NewEngine(s); err != nil {
			t.Fatal(err)
		}
	}
	const dac, rbac, mac, abac = 1, 2, 4, 8
	compared := 0
	for name, r := range sampleRequests() {
		var allow [16]bool
		for mask, e := range sets {
			allow[mask] = Decide(e, r).Allow
		}
		for mask := range allow {
			if allow[mask] && mask&(dac|rbac) == 0 {
				t.Errorf("%s: allowed by models that only restrict (%04b)", name, mask)
			}
			for _, restricts := range []int{mac, abac} {
				if compared++; mask&restricts == 0 && allow[mask|restricts] && !allow[mask] {
					t.Errorf("%s: adding a restricting model to %04b grants", name, mask)
				}
			}
			if compared++; mask&dac == 0 && allow[mask] && !allow[mask|dac] { // rbac has forbids of its own: the separation of duties
				t.Errorf("%s: adding dac to %04b takes away", name, mask)
			}
		}
	}
	t.Logf("%d comparisons", compared)
}
