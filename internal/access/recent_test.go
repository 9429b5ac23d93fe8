package access

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/reeve-ai/reeve"
)

// Decisions that are answered again within a second are those of an engine that was never asked before.
func TestRecent(t *testing.T) {
	set, err := Compile(Default(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	engine, err := NewEngine(set)
	if err != nil {
		t.Fatal(err)
	}
	base := time.Date(2026, 3, 2, 6, 59, 58, 0, time.UTC) // two seconds before working hours
	rapid.Check(t, func(t *rapid.T) {
		pick := func(name string, of ...string) string { return rapid.SampledFrom(of).Draw(t, name) }
		labels := rapid.SampledFrom([]reeve.Label{{}, reeve.NewLabel(reeve.Internal, "PII"), reeve.NewLabel(reeve.Confidential, "PII"), reeve.NewLabel(reeve.Confidential)})
		for range 30 {
			r := Request{
				Principal: reeve.Principal{
					ID: pick("id", "user:a", "user:b"), Kind: reeve.KindUser, Roles: []reeve.Role{reeve.Role(pick("role", "employee", "compliance", "ml-engineer"))},
					Clearance: labels.Draw(t, "clearance"), Employment: pick("employment", "active", "leave"),
				},
				Action:   Action(pick("action", "dataset:export", "dataset:read")),
				Resource: Resource{Kind: KindDataset, Name: pick("name", "x", "y"), Owner: pick("owner", "user:a", "user:c"), Label: labels.Draw(t, "label")},
				Context: Context{
					Now:     base.Add(time.Duration(rapid.IntRange(0, 4000).Draw(t, "ms")) * time.Millisecond).In(time.FixedZone("", rapid.IntRange(0, 1).Draw(t, "zone")*3600)),
					Country: pick("country", "", "DE"), IP: netip.MustParseAddr(pick("ip", "192.0.2.1", "192.0.2.2")), Purpose: pick("purpose", "", "research"),
					MFA: rapid.Bool().Draw(t, "mfa"), Device: pick("device", "", DeviceManaged), Session: labels.Draw(t, "session"),
				},
			}
			fresh, err := NewEngine(set)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(fresh.Decide(r), engine.Decide(r)); diff != "" {
				t.Fatalf("%+v: %s", r, diff)
			}
		}
	})
}

// The memory of a second does not grow without bound.
func TestRecentIsBounded(t *testing.T) {
	var r recent
	now := time.Unix(1000, 0)
	for i := range 3 * maxRecent {
		r.put(now, &question{zone: i}, Decision{})
	}
	if len(r.decisions) > maxRecent {
		t.Errorf("%d decisions are kept", len(r.decisions))
	}
}
