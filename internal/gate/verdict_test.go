package gate

import (
	"slices"
	"testing"
	"time"

	"github.com/reeve-ai/reeve/internal/attest"
)

func (w *world) verdict(key string) *attest.Envelope {
	w.t.Helper()
	e, err := Sign(w.evaluate(), w.policy(), attest.Who{Name: "release"}, attest.Tool{Name: "reeve"}, w.keys[key])
	w.check(err)
	return e
}

func TestAVerdictHoldsUntilSomethingChanges(t *testing.T) {
	w := newWorld(t)
	e := w.verdict("release")
	v, no := Open(e, w.policy(), w.ev.Packs, noon)
	if no != nil {
		t.Fatalf("it does not hold: %+v", no)
	}
	if len(v.Consumed) != 6 || v.Tree.Files != 4 || v.Label != "confidential{PII}" {
		t.Errorf("it does not name what it consumed: %+v", v)
	}
	other := *w
	other.text += "bill: {required: false}\n"
	spoilt := *e
	spoilt.Payload = append(slices.Clone(e.Payload), ' ')
	failed := newWorld(t)
	failed.keys = w.keys
	failed.drop[KindScan] = true
	for _, tt := range []struct {
		name  string
		e     *attest.Envelope
		p     *Policy
		packs []Pack
		now   time.Time
		rule  string
	}{
		{"another policy", e, other.policy(), w.ev.Packs, noon, "base/verdict"},
		{"a key of somebody's own", w.verdict("ci"), w.policy(), w.ev.Packs, noon, "statement/signer"},
		{"one more key that is trusted", e, w.policy().Trust(Signer{Name: "me", Keys: []*attest.PublicKey{w.keys["stranger"].Public()}, May: Kinds()}), w.ev.Packs, noon, "base/verdict"},
		{"licences changed", e, w.policy(), []Pack{{"labels", "1"}, {"licences", "2"}}, noon, "base/verdict"},
		{"a duty more", e, w.policy(), append(slices.Clone(w.ev.Packs), Pack{"law", "1"}), noon, "base/verdict"},
		{"its end", e, w.policy(), w.ev.Packs, noon.Add(27 * day), "statement/expired"},
		{"before its beginning", e, w.policy(), w.ev.Packs, noon.Add(-time.Hour), "statement/future"},
		{"changed bytes", &spoilt, w.policy(), w.ev.Packs, noon, "statement/signature"},
		{"no pass", failed.verdict("release"), w.policy(), w.ev.Packs, noon, "base/verdict"},
		{"no verdict", w.sign(w.scan, w.model(), "ci").Envelope, w.policy(), w.ev.Packs, noon, "statement/malformed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if v, no := Open(tt.e, tt.p, tt.packs, tt.now); v != nil || no == nil || no.Rule != tt.rule {
				t.Errorf("got %+v, want %s", no, tt.rule)
			}
		})
	}
}

// The tree says what makes the recorded verdict stale.
func TestStatusSaysWhatMakesStale(t *testing.T) {
	base := newWorld(t)
	recorded := Signed{"v.intoto.jsonl", false, base.verdict("release")}
	for _, tt := range []struct {
		name   string
		change func(w *world)
		now    time.Time
		want   State
		why    string
	}{
		{"nothing", func(*world) {}, noon, Fresh, ""},
		{"the policy", func(w *world) { w.text += "bill: {required: false}\n" }, noon, Stale, "it was decided under another policy"},
		{"the licences", func(w *world) { w.ev.Packs = []Pack{{"labels", "1"}, {"licences", "2"}} }, noon, Stale, "it was decided under another version of licences"},
		{"the tokenizer", func(w *world) {
			w.ev.Files = slices.Clone(w.ev.Files)
			w.ev.Files[3].SHA256 = sumText("x")
		}, noon, Stale, "a file changed since: tokenizer.json"},
		{"the data", func(w *world) { w.ev.DataSets = []DataSet{{"tickets", attest.Tree{Root: sumText("x")}}} }, noon, Stale, "the gate would now say incomplete"},
		{"a statement less", func(w *world) { w.drop["bob"] = true }, noon, Stale, "a statement that it rests on is no longer there: approval"},
		{"the base", func(w *world) { w.text = w.text[:len(w.text)-1] + " \n" }, noon, Stale, "it was decided under another policy"},
		{"time", func(*world) {}, noon.Add(28 * day), Stale, "it ended on 2026-12-18"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := *base
			ev := *base.ev
			w.ev, w.drop = &ev, map[string]bool{}
			tt.change(&w)
			w.extra = []Signed{recorded}
			root, _ := Status(w.policy(), w.evidence(), tt.now)
			if got := root.Children[0]; got.Kind != "verdict" || got.State != tt.want || got.Why != tt.why {
				t.Errorf("got %s %q, want %s %q", got.State, got.Why, tt.want, tt.why)
			}
			if root.State != tt.want && tt.want == Fresh {
				t.Errorf("the target is %s", root.State)
			}
		})
	}
}
