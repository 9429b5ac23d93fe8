package gate

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reeve-ai/reeve/internal/attest"
)

func (w *world) waiver(rule string, change func(*attest.Waiver)) *attest.Waiver {
	v := &attest.Waiver{
		Origin: attest.Origin{By: attest.Who{Name: "alice"}, At: noon.Add(-day), Tool: attest.Tool{Name: "reeve"}, Grade: attest.Verified},
		Owner:  attest.Who{Name: "dora"}, Rule: rule, Reason: "until the next release", Expires: noon.Add(30 * day),
	}
	if change != nil {
		change(v)
	}
	return v
}

func (w *world) tree() attest.Resource {
	w.t.Helper()
	r := w.evaluate()
	return attest.Resource{Name: "bot", Digest: map[string]string{"rfc6962-sha256": r.Tree.Root}}
}

func TestWaivers(t *testing.T) {
	for _, tt := range []struct {
		name    string
		rule    string
		subject string // "" for the tree
		key     string
		change  func(*attest.Waiver)
		spoil   func(*world)
		want    Verdict
	}{
		{"one rule, these bytes, in time", "evaluation/missing", "", "alice", nil, nil, Pass},
		{"other bytes", "evaluation/missing", sumText("x"), "alice", nil, nil, Incomplete},
		{"another rule", "scan/missing", "", "alice", nil, nil, Incomplete},
		{"a class of rules", "evaluation/*", "", "alice", nil, nil, Incomplete},
		{"everything", "*", "", "alice", nil, nil, Incomplete},
		{"by somebody who may not", "evaluation/missing", "", "ci", nil, nil, Incomplete},
		{"by a stranger", "evaluation/missing", "", "stranger", nil, nil, Incomplete},
		{"too long", "evaluation/missing", "", "alice", func(v *attest.Waiver) { v.Expires = noon.Add(100 * day) }, nil, Incomplete},
		{"over", "evaluation/missing", "", "alice", func(v *attest.Waiver) { v.Expires = noon.Add(-time.Hour) }, nil, Incomplete},
		{"not yet begun", "evaluation/missing", "", "alice", func(v *attest.Waiver) { v.At = noon.Add(day) }, nil, Incomplete},
		{"forbidden by the policy", "evaluation/missing", "", "alice", nil, func(w *world) { w.text += "waivers: {never: [evaluation/*]}\n" }, Incomplete},
		{"for the same person, of what is not restricted", "evaluation/missing", "", "alice", func(v *attest.Waiver) { v.Owner.Name = "alice" }, nil, Pass},
		{"for the same person, of what is restricted", "evaluation/missing", "", "alice", func(v *attest.Waiver) { v.Owner.Name = "alice@example.org" }, func(w *world) { w.audit.Label = "restricted{PII}" }, Incomplete},
		{"for somebody else, of what is restricted", "evaluation/missing", "", "alice", nil, func(w *world) { w.audit.Label = "restricted{PII}" }, Pass},
		{"by who trained, of what is restricted", "evaluation/missing", "", "bob", nil, func(w *world) { w.audit.Label = "restricted{PII}"; w.train.By.Name = "bob" }, Incomplete},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			if tt.spoil != nil {
				tt.spoil(w)
			}
			w.drop[KindEvaluation] = true
			subject := w.tree()
			if tt.subject != "" {
				subject = attest.Resource{Name: "x", Digest: map[string]string{"sha256": tt.subject}}
			}
			s := w.sign(w.waiver(tt.rule, tt.change), []attest.Resource{subject}, tt.key)
			w.extra = []Signed{s}
			r := w.evaluate()
			if r.Verdict != tt.want {
				t.Fatalf("got %s, want %s: %+v %+v", r.Verdict, tt.want, r.Violations, r.Missing)
			}
			if tt.want == Pass {
				if len(r.Waived) != 1 || r.Waived[0].Waiver != s.Envelope.Digest() || !slices.ContainsFunc(r.Consumed, func(c Consumed) bool { return c.Kind == KindWaiver }) {
					t.Errorf("the waiver is not told: %+v", r)
				}
			}
		})
	}
}

// Nobody waives integrity, or who may decide.
func TestFinalRulesCannotBeWaived(t *testing.T) {
	w := newWorld(t)
	w.ev.Files = append(w.ev.Files, File{textFile("private.gguf", "private"), Weights})
	w.ev.Scans["private.gguf"] = Scanned{SHA256: sumText("private"), Verdict: "clean"}
	w.ev.Signature = &Check{Reason: "x"}
	w.bob.Decision = attest.Rejected
	r := w.evaluate()
	for _, p := range slices.Concat(r.Violations, r.Missing) {
		w.extra = append(w.extra, w.sign(w.waiver(p.Rule, nil), []attest.Resource{{Name: "x", Digest: map[string]string{"sha256": p.Subject}}, {Name: "y", Digest: map[string]string{"rfc6962-sha256": p.Subject}}}, "alice"))
	}
	var left []string
	for _, p := range w.evaluate().Violations {
		left = append(left, p.Rule)
	}
	if diff := cmp.Diff([]string{"approval/rejected", "origin/uncovered", "signature/invalid"}, left); diff != "" {
		t.Error("(-want +got):\n" + diff)
	}
}

// A waiver of the audit does not make the data public: two people must still look.
func TestWhatIsNotKnownCountsAsRestricted(t *testing.T) {
	w := newWorld(t)
	w.drop[KindDataset], w.drop["bob"] = true, true
	root := w.train.DataSets[0].Digest["rfc6962-sha256"]
	w.extra = []Signed{w.sign(w.waiver("data/missing", nil), []attest.Resource{{Name: "tickets", Digest: map[string]string{"rfc6962-sha256": root}}}, "bob")}
	r := w.evaluate()
	if r.Verdict != Incomplete || !strings.HasPrefix(r.Label.String(), "restricted") || !slices.ContainsFunc(r.Missing, func(p Problem) bool { return p.Rule == "approval/missing" }) {
		t.Errorf("got %s, label %s: %+v", r.Verdict, r.Label, r.Missing)
	}
}
