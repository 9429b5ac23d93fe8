package gate

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/reeve-ai/reeve/internal/attest"
)

// wrongs each put something against the world that was not there, and take nothing away that stood against it.
var wrongs = []func(ev *Evidence){
	func(ev *Evidence) { ev.Odd = append(slices.Clone(ev.Odd), Odd{"x", "y"}) },
	func(ev *Evidence) { ev.Unreadable = append(slices.Clone(ev.Unreadable), Odd{"x", "y"}) },
	func(ev *Evidence) { ev.Ungoverned = append(slices.Clone(ev.Ungoverned), "x.gguf") },
	func(ev *Evidence) { ev.Signature = &Check{Reason: "x"} },
	func(ev *Evidence) { ev.Bill = &Check{Reason: "x"} },
	func(ev *Evidence) { ev.Scans = nil },
	func(ev *Evidence) {
		ev.Licences = append(slices.Clone(ev.Licences), Declared{"README.md", "CC-BY-NC-4.0"})
	},
	func(ev *Evidence) { ev.Packs = append(slices.Clone(ev.Packs), Pack{"law", "2"}) },
	func(ev *Evidence) {
		ev.Files = append(slices.Clone(ev.Files), File{textFile("private.gguf", "private"), Weights})
	},
	func(ev *Evidence) {
		ev.Files = slices.Clone(ev.Files)
		ev.Files[0].SHA256 = sumText("changed")
	},
	func(ev *Evidence) {
		ev.DataSets = append(slices.Clone(ev.DataSets), DataSet{"tickets", attest.Tree{Root: sumText("other")}})
	},
}

// More that stands against a target never makes a verdict a pass, and neither does less evidence. Statements that say
// something bad are no evidence for the target: who holds one back is found out by what the gate checks itself.
func TestNeitherMoreWrongsNorLessEvidenceMakesAPass(t *testing.T) {
	w := newWorld(t)
	p := w.policy()
	pool := w.evidence().Statements
	old := *w.scan
	old.At = old.At.Add(-5 * day)
	stale := *w.scan
	stale.At = stale.At.Add(-50 * day)
	again := *w.alice
	again.At = again.At.Add(-day)
	pool = append(pool, w.sign(&old, w.model(), "ci"), w.sign(&stale, w.model(), "ci"), w.sign(&again, w.model(), "alice"), w.sign(w.eval, w.model(), "stranger"))
	rapid.Check(t, func(t *rapid.T) {
		ev := *w.ev
		have := rapid.SliceOfN(rapid.Float64Range(0, 1), len(pool), len(pool)).Draw(t, "statements")
		likely := rapid.SampledFrom([]float64{0, 0.05, 0.2, 0.6}).Draw(t, "share that is left out")
		for i, s := range pool {
			if have[i] >= likely {
				ev.Statements = append(ev.Statements, s)
			}
		}
		for _, i := range rapid.SliceOfN(rapid.IntRange(0, len(wrongs)-1), 0, 2).Draw(t, "wrongs") {
			wrongs[i](&ev)
		}
		before := Evaluate(p, &ev, noon)
		worse := ev
		if rapid.Bool().Draw(t, "take away") && len(ev.Statements) > 0 {
			i := rapid.IntRange(0, len(ev.Statements)-1).Draw(t, "which")
			worse.Statements = slices.Delete(slices.Clone(ev.Statements), i, i+1)
		} else {
			wrongs[rapid.IntRange(0, len(wrongs)-1).Draw(t, "wrong")](&worse)
		}
		after := Evaluate(p, &worse, noon)
		if before.Verdict != Pass && after.Verdict == Pass {
			t.Fatalf("%s became a pass", before.Verdict)
		}
		if (after.Verdict == Pass) != (len(after.Violations)+len(after.Missing) == 0) || after.Verdict == Incomplete && len(after.Violations) > 0 {
			t.Fatalf("%s with %d violations and %d missing", after.Verdict, len(after.Violations), len(after.Missing))
		}
	})
}

// Whatever bytes a statement has, the gate ends with a verdict, and a stranger's statement changes nothing for the better.
func FuzzEvaluate(f *testing.F) {
	w := newWorld(f)
	w.drop[KindTraining] = true
	p, ev := w.policy(), w.evidence()
	for _, s := range append(ev.Statements, w.sign(w.train, w.model(), "stranger")) {
		line, err := s.Envelope.MarshalLine()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		e, err := attest.ParseEnvelope(line)
		if err != nil {
			return
		}
		with := *ev
		with.Statements = append(slices.Clone(ev.Statements), Signed{"x", false, e})
		if r := Evaluate(p, &with, noon); r.Verdict == Pass {
			t.Error("it passes without a training")
		}
	})
}
