package lifecycle

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/reeve-ai/reeve"
)

func TestResolve(t *testing.T) {
	phi := reeve.NewLabel(reeve.Restricted, "PHI", "SPI")
	r := DefaultRetention()
	r.Profiles = append(r.Profiles, "hipaa")
	r.Classes = []Class{
		{Name: "health", Categories: []string{"PHI"}, Payload: 7 * Day},
		{Name: "bot", Models: []string{"support-bot"}, Payload: 90 * Day, Metadata: 400 * Day},
		{Name: "quick", Routes: []string{"/v1/embeddings"}, Payload: Day},
	}
	if err := r.Validate(); err != nil {
		t.Fatal(err)
	}
	plain := DefaultRetention()
	day := func(n int) time.Time { return at(0).Add(time.Duration(n) * Day) }
	for _, c := range []struct {
		name  string
		r     Retention
		facts Facts
		now   time.Time
		want  [2]string // rule of payload, of metadata
		keep  [2]bool
		until [2]time.Time
	}{
		{"young", plain, Facts{}, day(1), [2]string{"default", "default"}, [2]bool{true, true}, [2]time.Time{day(30), day(186)}},
		{"payload due on the day", plain, Facts{}, day(30), [2]string{"default", "default"}, [2]bool{false, true}, [2]time.Time{day(30), day(186)}},
		{"old", plain, Facts{}, day(186), [2]string{"default", "default"}, [2]bool{false, false}, [2]time.Time{day(30), day(186)}},
		{"floor over a shorter period", Retention{Metadata: 10 * Day, Payload: Day, Profiles: []string{"ai-act"}}, Facts{}, day(100), [2]string{"default", "floor/ai-act"}, [2]bool{false, true}, [2]time.Time{day(1), day(184)}},
		{"class over default", r, Facts{Labels: []reeve.Label{phi}}, day(8), [2]string{"class/health", "floor/hipaa"}, [2]bool{false, true}, [2]time.Time{day(7), day(6*365 + 2)}},
		{"shortest payload of two classes", r, Facts{Model: "support-bot", Labels: []reeve.Label{{}, phi}}, day(8), [2]string{"class/health", "floor/hipaa"}, [2]bool{false, true}, [2]time.Time{day(7), day(6*365 + 2)}},
		{"a class may be longer than the default", r, Facts{Model: "support-bot"}, day(60), [2]string{"class/bot", "floor/hipaa"}, [2]bool{true, true}, [2]time.Time{day(90), day(6*365 + 2)}},
		{"route", r, Facts{Route: "/v1/embeddings"}, day(2), [2]string{"class/quick", "floor/hipaa"}, [2]bool{false, true}, [2]time.Time{day(1), day(6*365 + 2)}},
		{"erased", plain, Facts{Erased: true}, day(1), [2]string{"erasure", "default"}, [2]bool{false, true}, [2]time.Time{{}, day(186)}},
		{"held", plain, Facts{Holds: []string{"H"}}, day(9999), [2]string{"hold", "hold"}, [2]bool{true, true}, [2]time.Time{}},
		{"held and erased", plain, Facts{Holds: []string{"H"}, Erased: true}, day(9999), [2]string{"hold", "hold"}, [2]bool{true, true}, [2]time.Time{}},
		{"evidence", plain, Facts{Kind: "hold"}, day(100), [2]string{"evidence", "default"}, [2]bool{true, true}, [2]time.Time{day(186), day(186)}},
	} {
		c.facts.Time = at(0)
		d := c.r.Resolve(&c.facts, c.now)
		got := [2]string{d.Payload.Rule, d.Metadata.Rule}
		if got != c.want || [2]bool{d.Payload.Keep, d.Metadata.Keep} != c.keep || [2]time.Time{d.Payload.Until, d.Metadata.Until} != c.until {
			t.Errorf("%s: %+v", c.name, d)
		}
	}
	d := r.Resolve(&Facts{Time: at(0), Model: "support-bot", Labels: []reeve.Label{phi}, Erased: true, Holds: []string{"H1"}}, day(1))
	if diff := cmp.Diff([]string{"default", "class/bot", "class/health", "erasure"}, d.Payload.Beaten); diff != "" {
		t.Errorf("who lost (-want +got):\n%s", diff)
	}
}

// Whatever the classes: a hold keeps all, an erasure no payload, a floor is never undercut, and time only moves one way.
func TestResolveProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := Retention{Metadata: Day * time.Duration(rapid.IntRange(1, 500).Draw(t, "metadata")), Payload: Day * time.Duration(rapid.IntRange(0, 500).Draw(t, "payload"))}
		for i := range rapid.IntRange(0, 3).Draw(t, "classes") {
			c := Class{Name: string(rune('a' + i)), Metadata: Day * time.Duration(rapid.IntRange(0, 500).Draw(t, "m")), Payload: Day * time.Duration(rapid.IntRange(0, 500).Draw(t, "p"))}
			if rapid.Bool().Draw(t, "of a model") {
				c.Models = []string{"m"}
			}
			r.Classes = append(r.Classes, c)
		}
		for _, p := range Profiles {
			if rapid.Bool().Draw(t, p.Name) {
				r.Profiles = append(r.Profiles, p.Name)
			}
		}
		f := Facts{Time: at(0), Model: rapid.SampledFrom([]string{"m", "n"}).Draw(t, "model"), Kind: rapid.SampledFrom([]string{"intent", "hold"}).Draw(t, "kind")}
		if rapid.Bool().Draw(t, "held") {
			f.Holds = []string{"H"}
		}
		f.Erased = rapid.Bool().Draw(t, "erased")
		age := Day * time.Duration(rapid.IntRange(0, 4000).Draw(t, "age"))
		d, later := r.Resolve(&f, at(0).Add(age)), r.Resolve(&f, at(0).Add(age+Day))
		switch {
		case f.Holds != nil && !(d.Payload.Keep && d.Metadata.Keep):
			t.Fatalf("held and let go: %+v", d)
		case f.Holds == nil && f.Erased && d.Payload.Keep:
			t.Fatalf("erased and kept: %+v", d)
		case !d.Payload.Keep && later.Payload.Keep, !d.Metadata.Keep && later.Metadata.Keep:
			t.Fatalf("what was due comes back: %+v, %+v", d, later)
		case f.Holds == nil && !f.Erased && f.Kind != "hold" && age < r.shortestPayload() && !d.Payload.Keep:
			t.Fatalf("let go before the shortest period: %+v", d)
		}
		for _, p := range Profiles {
			for _, name := range r.Profiles {
				if p.Name == name && age < p.Metadata && !d.Metadata.Keep {
					t.Fatalf("the floor %s is undercut: %+v", name, d)
				}
			}
		}
	})
}

func TestRetentionValidate(t *testing.T) {
	for name, r := range map[string]Retention{
		"no metadata":     {},
		"unknown profile": {Metadata: Day, Profiles: []string{"nothing"}},
		"nameless class":  {Metadata: Day, Classes: []Class{{Payload: Day}}},
		"empty class":     {Metadata: Day, Classes: []Class{{Name: "a"}}},
	} {
		if r.Validate() == nil {
			t.Errorf("%s is valid", name)
		}
	}
}
