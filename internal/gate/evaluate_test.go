package gate

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"github.com/reeve-ai/reeve/internal/attest"
)

func TestTheWorldPasses(t *testing.T) {
	w := newWorld(t)
	r := w.evaluate()
	if r.Verdict != Pass || len(r.Violations)+len(r.Missing) > 0 {
		t.Fatalf("got %s: %+v %+v", r.Verdict, r.Violations, r.Missing)
	}
	var kinds []string
	for _, c := range r.Consumed {
		kinds = append(kinds, c.Kind)
	}
	if diff := cmp.Diff([]string{"approval", "approval", "dataset-audit", "evaluation", "model-scan", "training"}, kinds); diff != "" {
		t.Error("(-want +got):\n" + diff)
	}
	if r.Label.String() != "confidential{PII}" {
		t.Errorf("label %s", r.Label)
	}
	if want := noon.Add(27 * day); !r.Expires.Equal(want) { // the scan of three days ago is good for thirty
		t.Errorf("it ends at %s, want %s", r.Expires, want)
	}
}

// Each case spoils one thing; the gate must say exactly what.
func TestEverythingThatIsWrongHasItsName(t *testing.T) {
	for _, tt := range []struct {
		name   string
		spoil  func(w *world)
		want   Verdict
		rules  []string // of what stands against it, each once, ascending
		broken bool
	}{
		{"no training", func(w *world) { w.drop[KindTraining] = true }, Incomplete, []string{"origin/missing"}, false},
		{"no audit", func(w *world) { w.drop[KindDataset] = true }, Incomplete, []string{"data/missing"}, false},
		{"no scan", func(w *world) { w.drop[KindScan] = true }, Incomplete, []string{"scan/missing"}, false},
		{"no scan by the gate", func(w *world) { w.ev.Scans = nil }, Incomplete, []string{"scan/missing"}, false},
		{"no evaluation", func(w *world) { w.drop[KindEvaluation] = true }, Incomplete, []string{"evaluation/missing"}, false},
		{"nobody approved", func(w *world) { w.drop["alice"], w.drop["bob"] = true, true }, Incomplete, []string{"approval/missing"}, false},
		{"nothing at all", func(w *world) {
			for _, k := range append(Kinds(), "alice", "bob") {
				w.drop[k] = true
			}
		}, Incomplete, []string{"approval/missing", "evaluation/missing", "origin/missing", "scan/missing"}, false},
		{"no files", func(w *world) { w.ev.Files = nil }, Incomplete, []string{"evaluation/missing", "target/empty"}, false},

		{"a file that nobody speaks of", func(w *world) { w.add("adapter_model.safetensors", "private", "clean") }, Fail, []string{"approval/missing", "evaluation/missing", "origin/uncovered", "scan/missing"}, false},
		{"weights by the name of a text", func(w *world) {
			f := textFile("README.md", "private")
			w.ev.Files[0] = File{f, RoleOf("README.md", []byte("GGUF\x03\x00\x00\x00........"), f.Size)}
			w.ev.Scans["README.md"] = Scanned{SHA256: f.SHA256, Verdict: "clean"}
		}, Fail, []string{"approval/missing", "evaluation/missing", "origin/uncovered", "scan/missing"}, false},
		{"a changed tokenizer", func(w *world) {
			w.ev.Files[3].SHA256 = sumText("other")
			w.ev.Scans["tokenizer.json"] = Scanned{SHA256: sumText("other"), Verdict: "clean"}
		}, Fail, []string{"approval/missing", "scan/missing", "target/changed"}, true},
		{"a link out of the target", func(w *world) { w.ev.Odd = []Odd{{"x", "it is a symbolic link out of the target"}} }, Fail, []string{"target/file"}, false},
		{"weights elsewhere in the repository", func(w *world) { w.ev.Ungoverned = []string{"experiments/x.gguf"} }, Fail, []string{"target/ungoverned"}, false},
		{"a file that changes", func(w *world) { w.ev.Scans["config.json"] = Scanned{SHA256: sumText("x"), Verdict: "clean"} }, Fail, []string{"target/changed"}, true},
		{"a file of statements that is cut off", func(w *world) { w.ev.Unreadable = []Odd{{"x.intoto.jsonl", "line 1: malformed envelope"}} }, Fail, []string{"statement/malformed"}, true},

		{"a key that nobody knows", func(w *world) { w.signer[KindTraining] = "stranger" }, Incomplete, []string{"origin/missing", "statement/signer"}, false},
		{"a key for something else", func(w *world) { w.signer[KindTraining] = "alice" }, Incomplete, []string{"origin/missing", "statement/signer"}, false},
		{"a key that has ended", func(w *world) { w.signer[KindTraining] = "former"; w.train.At = noon.AddDate(0, -6, 0) }, Incomplete, []string{"origin/missing", "statement/signer"}, false},
		{"a statement from the future", func(w *world) { w.scan.At = noon.Add(time.Hour) }, Incomplete, []string{"scan/missing", "statement/future"}, false},
		{"clocks that differ a little", func(w *world) { w.scan.At = noon.Add(4 * time.Minute) }, Pass, nil, false},
		{"bytes of a statement changed", func(w *world) {
			s := w.sign(w.scan, w.model(), "ci")
			s.Envelope.Payload = []byte(strings.Replace(string(s.Envelope.Payload), `"clean"`, `"clear"`, 1))
			w.drop[KindScan], w.extra = true, []Signed{s}
		}, Fail, []string{"scan/missing", "statement/signature"}, true},
		{"a trusted key on something malformed", func(w *world) {
			e, err := attest.Seal(attest.PayloadType, []byte(`{"_type":"x"}`), w.keys["ci"])
			w.check(err)
			w.extra = []Signed{{"x", false, e}}
		}, Fail, []string{"statement/malformed"}, true},
		{"the same statement twice", func(w *world) { w.extra = []Signed{w.sign(w.scan, w.model(), "ci")} }, Pass, nil, false},
		{"the same words signed by somebody who may not, first", func(w *world) {
			w.drop[KindScan] = true
			w.extra = []Signed{w.sign(w.scan, w.model(), "alice"), w.sign(w.scan, w.model(), "ci")}
		}, Pass, nil, false},
		{"a statement about another digest", func(w *world) {
			w.drop[KindEvaluation] = true
			w.extra = []Signed{w.sign(w.eval, []attest.Resource{{Name: "model.safetensors", Digest: map[string]string{"sha256": sumText("another")}}}, "ci")}
		}, Incomplete, []string{"evaluation/missing"}, false},

		{"the training failed", func(w *world) { w.train.Result = attest.Failed }, Fail, []string{"origin/failed"}, false},
		{"data changed while it was trained on", func(w *world) { w.train.Changed = []string{"train.jsonl"} }, Fail, []string{"origin/failed"}, false},
		{"outputs that were only told", func(w *world) { w.train.Outputs[0].Grade = attest.Declared }, Incomplete, []string{"origin/grade"}, false},
		{"a training that was only told", func(w *world) {
			w.train.Grade, w.text = attest.Declared, strings.Replace(w.text, "max_age: 365d", "max_age: 365d\n  watched: true", 1)
		}, Incomplete, []string{"origin/grade"}, false},
		{"a training that was watched", func(w *world) { w.text = strings.Replace(w.text, "max_age: 365d", "max_age: 365d\n  watched: true", 1) }, Pass, nil, false},
		{"a training of another tool", func(w *world) {
			w.train.Grade, w.train.Imported = attest.Declared, &attest.Resource{Name: "run.json", Digest: map[string]string{"sha256": sumText("x")}}
		}, Incomplete, []string{"origin/grade"}, false},
		{"a training on nothing", func(w *world) { w.train.DataSets = nil }, Incomplete, []string{"data/missing"}, false},
		{"a training of long ago", func(w *world) { w.train.At = noon.AddDate(-2, 0, 0) }, Incomplete, []string{"origin/missing"}, false},
		{"data by name only", func(w *world) { w.train.DataSets[0] = attest.Material{Name: "tickets", Grade: attest.Declared} }, Incomplete, []string{"data/missing", "origin/grade"}, false},
		{"an audit of long ago", func(w *world) { w.audit.At = noon.AddDate(-1, 0, 0) }, Incomplete, []string{"data/missing"}, false},
		{"another data set on the disk", func(w *world) {
			tree, err := attest.NewTree([]attest.File{textFile("train.jsonl", "more data")})
			w.check(err)
			w.ev.DataSets = []DataSet{{"tickets", tree}}
		}, Incomplete, []string{"data/changed"}, false},
		{"findings", func(w *world) {
			w.audit.Before.Total, w.audit.Before.BySeverity = 3, map[string]int64{"high": 1, "medium": 2}
		}, Fail, []string{"data/findings"}, false},
		{"one too many", func(w *world) { w.audit.Before.Total, w.audit.Before.BySeverity = 3, map[string]int64{"medium": 3} }, Fail, []string{"data/findings"}, false},
		{"findings that are not counted", func(w *world) { w.audit.Before.BySeverity = nil }, Fail, []string{"data/findings"}, false},
		{"what was not read", func(w *world) { w.audit.NotScanned = []attest.NotScanned{{Path: "a", Reason: "b"}} }, Fail, []string{"data/not-scanned"}, false},
		{"what was left out", func(w *world) { w.audit.Suppressed = 6 }, Fail, []string{"data/suppressed"}, false},
		{"secrets", func(w *world) { w.audit.Label = "restricted{SECRET}" }, Fail, []string{"data/use"}, false},
		{"too sensitive", func(w *world) {
			w.text = strings.Replace(w.text, "suppressed: 5", "suppressed: 5, max_label: internal", 1)
		}, Fail, []string{"data/label"}, false},
		{"no manifest", func(w *world) { w.text = strings.Replace(w.text, "suppressed: 5", "sourcing: true", 1) }, Incomplete, []string{"data/sourcing"}, false},
		{"no estimate of what is left", func(w *world) { w.text = strings.Replace(w.text, "suppressed: 5", "max_residual: 0.01", 1) }, Incomplete, []string{"data/residual"}, false},
		{"too much is left", func(w *world) {
			w.text = strings.Replace(w.text, "suppressed: 5", "max_residual: 0.01", 1)
			w.audit.Residual = &attest.Residual{Method: "x", Sample: 10, High: 0.02}
		}, Fail, []string{"data/residual"}, false},
		{"a source without licence", func(w *world) {
			w.audit.Sourcing = &attest.SourcingSummary{Digest: "sha256:x", Sources: []attest.LicenceVerdict{{Source: "web", Licence: "NONE", Verdict: "unknown"}}}
		}, Incomplete, []string{"data/licence"}, false},
		{"a source that must not be used", func(w *world) {
			w.audit.Sourcing = &attest.SourcingSummary{Digest: "sha256:x", Sources: []attest.LicenceVerdict{{Source: "web", Licence: "CC-BY-NC-4.0", Verdict: "denied"}}}
		}, Fail, []string{"data/licence"}, false},

		{"a malicious file", func(w *world) {
			w.ev.Scans["config.json"] = Scanned{w.ev.Files[1].SHA256, "malicious", []string{"pickle/import"}}
		}, Fail, []string{"scan/verdict"}, false},
		{"a malicious text", func(w *world) { w.ev.Scans["README.md"] = Scanned{w.ev.Files[0].SHA256, "malicious", nil} }, Fail, []string{"scan/verdict"}, false},
		{"a file for review", func(w *world) { w.ev.Scans["config.json"] = Scanned{w.ev.Files[1].SHA256, "review", nil} }, Fail, []string{"scan/verdict"}, false},
		{"a verdict of no scanner", func(w *world) { w.ev.Scans["config.json"] = Scanned{w.ev.Files[1].SHA256, "", nil} }, Fail, []string{"scan/verdict"}, false},
		{"a scan that somebody signed", func(w *world) {
			w.scan.Files[0].Verdict, w.scan.Verdict, w.scan.Counts = "review", "review", map[string]int64{"clean": 2, "review": 1}
		}, Fail, []string{"scan/verdict"}, false},
		{"a scan of long ago", func(w *world) { w.scan.At = noon.AddDate(0, -2, 0) }, Incomplete, []string{"scan/missing"}, false},

		{"a low score", func(w *world) { w.eval.Metrics[0].Value = 0.8 }, Fail, []string{"evaluation/metric"}, false},
		{"a low score of one group", func(w *world) {
			w.eval.Metrics = append(w.eval.Metrics, attest.Metric{Name: "refusal_rate", Slice: "de", Value: 0.1})
		}, Fail, []string{"evaluation/metric"}, false},
		{"a threshold of its own", func(w *world) {
			high := 0.99
			w.eval.Metrics = append(w.eval.Metrics, attest.Metric{Name: "other", Value: 0.5, Threshold: &high, Better: "higher"})
		}, Fail, []string{"evaluation/metric"}, false},
		{"another metric", func(w *world) { w.eval.Metrics[0].Name = "bleu" }, Incomplete, []string{"evaluation/missing"}, false},
		{"another suite", func(w *world) { w.eval.Suite.Name = "bleu" }, Incomplete, []string{"evaluation/missing"}, false},
		{"an evaluation of long ago", func(w *world) { w.eval.At = noon.AddDate(0, -4, 0) }, Incomplete, []string{"evaluation/missing"}, false},

		{"a base that nobody knows", func(w *world) { w.train.Base[0].Digest["sha256"] = sumText("x") }, Incomplete, []string{"base/missing"}, false},
		{"a base by name only", func(w *world) { w.train.Base[0] = attest.Material{Name: "acme/base", Grade: attest.Declared} }, Incomplete, []string{"base/missing", "origin/grade"}, false},
		{"a base without licence", func(w *world) { w.text = strings.Replace(w.text, "licence: Apache-2.0, ", "", 1) }, Incomplete, []string{"licence/missing"}, false},
		{"a base that must not be sold", func(w *world) { w.text = strings.Replace(w.text, "Apache-2.0", "CC-BY-NC-4.0", 1) }, Fail, []string{"licence/verdict"}, false},
		{"a card with another licence", func(w *world) { w.ev.Licences = []Declared{{"README.md", "CC-BY-NC-4.0"}} }, Fail, []string{"licence/verdict"}, false},

		{"somebody refused", func(w *world) { w.bob.Decision = attest.Rejected }, Fail, []string{"approval/rejected"}, false},
		{"the trainer approves", func(w *world) { w.drop["bob"] = true; w.train.By.Name = "Alice Doe <Alice@example.org>" }, Incomplete, []string{"approval/missing"}, false},
		{"an approval for something else", func(w *world) { w.drop["bob"] = true; w.alice.For = []string{"search"} }, Incomplete, []string{"approval/missing"}, false},
		{"an approval of other bytes", func(w *world) {
			w.drop["alice"], w.drop["bob"] = true, true
			w.extra = []Signed{w.sign(w.alice, w.model()[:1], "alice")}
		}, Incomplete, []string{"approval/missing"}, false},
		{"an approval that has ended", func(w *world) { w.drop["bob"] = true; w.alice.Expires = noon.Add(-time.Hour) }, Incomplete, []string{"approval/missing", "statement/expired"}, false},

		{"a signature that does not verify", func(w *world) { w.ev.Signature = &Check{false, "changed: config.json"} }, Fail, []string{"signature/invalid"}, true},
		{"no signature", func(w *world) { w.text += "signature: {required: true, keys: [ci.pub]}\n" }, Incomplete, []string{"signature/missing"}, false},
		{"no bill of materials", func(w *world) { w.text += "bill: {required: true}\n" }, Incomplete, []string{"bill/missing"}, false},
		{"a bill of other materials", func(w *world) { w.ev.Bill = &Check{false, "it names other bytes"} }, Fail, []string{"bill/differs"}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			tt.spoil(w)
			r := w.evaluate()
			var got []string
			for _, p := range append(slices.Clone(r.Violations), r.Missing...) {
				got = append(got, p.Rule)
				if p.Reason == "" || p.Remedy == "" {
					t.Errorf("%s: no reason or no remedy: %+v", p.Rule, p)
				}
				if !slices.ContainsFunc(rules, func(r Rule) bool { return r.ID == p.Rule }) {
					t.Errorf("the rule %s is not listed", p.Rule)
				}
			}
			slices.Sort(got)
			if r.Verdict != tt.want || r.Broken() != tt.broken {
				t.Errorf("verdict %s, broken %v; want %s, %v", r.Verdict, r.Broken(), tt.want, tt.broken)
			}
			if diff := cmp.Diff(tt.rules, slices.Compact(got)); diff != "" {
				t.Error("(-want +got):\n" + diff)
			}
		})
	}
}

func (w *world) add(path, content, verdict string) {
	f := textFile(path, content)
	w.ev.Files = append(w.ev.Files, File{f, RoleOf(path, nil, f.Size)})
	w.ev.Scans[path] = Scanned{SHA256: f.SHA256, Verdict: verdict}
}

// Four eyes: two persons, whatever keys and names they use.
func TestRestrictedNeedsTwoPersons(t *testing.T) {
	restricted := func(w *world) {
		w.audit.Label = "restricted{PHI,PII}"
		w.text = strings.Replace(w.text, "approvals: [{label: confidential, people: 1}, {label: restricted, people: 2}]\n", "", 1) // two are needed whatever the policy says
	}
	for _, tt := range []struct {
		name  string
		spoil func(w *world)
		want  Verdict
	}{
		{"two", func(*world) {}, Pass},
		{"one", func(w *world) { w.drop["bob"] = true }, Incomplete},
		{"one twice", func(w *world) {
			w.drop["bob"] = true
			again := *w.alice
			again.Reason = "again"
			w.extra = []Signed{w.sign(&again, w.model(), "alice")}
		}, Incomplete},
		{"one in the name of the other", func(w *world) { w.signer["bob"] = "alice" }, Incomplete},
		{"two keys and one name", func(w *world) { w.bob.By.Name = "ALICE" }, Incomplete},
		{"one of them trained", func(w *world) { w.train.By.Name = "bob@example.org" }, Incomplete},
		{"nobody with the role", func(w *world) {
			w.text = strings.Replace(w.text, "roles: [data-protection, health-privacy]", "roles: [data-protection]", 1)
		}, Incomplete},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			restricted(w)
			tt.spoil(w)
			if r := w.evaluate(); r.Verdict != tt.want {
				t.Errorf("got %s, want %s: %+v %+v", r.Verdict, tt.want, r.Violations, r.Missing)
			}
		})
	}
}

// A model that was made of a model that was made: each step has its statement, or a verdict of its own.
func TestTheChainIsFollowedToItsEnd(t *testing.T) {
	w := newWorld(t)
	gguf := textFile("bot.gguf", "quantised")
	conversion := &attest.Conversion{Origin: w.train.Origin, Method: "quantization", Converter: attest.Tool{Name: "llama.cpp"}, Inputs: w.train.Outputs, Outputs: []attest.Material{attest.FileMaterial("bot.gguf", gguf)}}
	subjects := []attest.Resource{{Name: "bot.gguf", Digest: map[string]string{"sha256": gguf.SHA256}}}
	scan := *w.scan
	tree, err := attest.NewTree([]attest.File{gguf})
	w.check(err)
	scan.Files, scan.Model, scan.Counts = []attest.ScannedFile{{File: gguf, Verdict: "clean"}}, tree, map[string]int64{"clean": 1}
	around := []Signed{w.sign(conversion, subjects, "ci"), w.sign(&scan, subjects, "ci"), w.sign(w.eval, subjects, "ci"), w.sign(w.alice, subjects, "alice"), w.sign(w.bob, subjects, "bob")}
	own, err := Sign(w.evaluate(), w.policy(), attest.Who{Name: "release"}, attest.Tool{Name: "reeve"}, w.keys["release"])
	w.check(err)
	training, audit := w.evidence().Statements[1], w.evidence().Statements[0]
	target := &Evidence{Target: "bot.gguf", Files: []File{{gguf, Weights}}, Scans: map[string]Scanned{"bot.gguf": {SHA256: gguf.SHA256, Verdict: "clean"}}, Packs: w.ev.Packs}
	p := w.policy()
	for _, tt := range []struct {
		name  string
		with  []Signed
		packs []Pack
		want  Verdict
		rule  string
	}{
		{"statements all the way", append(slices.Clone(around), training, audit), w.ev.Packs, Pass, ""},
		{"a verdict on the model that was converted", append(slices.Clone(around), Signed{"v", false, own}), w.ev.Packs, Pass, ""},
		{"neither", around, w.ev.Packs, Incomplete, "base/missing"},
		{"no audit behind it", append(slices.Clone(around), training), w.ev.Packs, Incomplete, "data/missing"},
		{"licences have changed since the verdict", append(slices.Clone(around), Signed{"v", false, own}), []Pack{{"labels", "1"}, {"licences", "2"}}, Incomplete, "base/missing"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ev := *target
			ev.Statements, ev.Packs = tt.with, tt.packs
			r := Evaluate(p, &ev, noon)
			if r.Verdict != tt.want || tt.rule != "" && !slices.ContainsFunc(r.Missing, func(p Problem) bool { return p.Rule == tt.rule }) {
				t.Errorf("got %s, want %s with %s: %+v %+v", r.Verdict, tt.want, tt.rule, r.Violations, r.Missing)
			}
			if r.Verdict == Pass && r.Label.String() != "confidential{PII}" {
				t.Errorf("the label got lost: %s", r.Label)
			}
		})
	}
}

func TestOneEvidenceGivesOneResult(t *testing.T) {
	w := newWorld(t)
	w.drop[KindScan] = true
	w.ev.Odd = []Odd{{"b", "x"}, {"a", "x"}}
	p, ev := w.policy(), w.evidence()
	first, err := json.Marshal(Evaluate(p, ev, noon), json.Deterministic(true))
	w.check(err)
	slices.Reverse(ev.Statements)
	slices.Reverse(ev.Odd)
	second, err := json.Marshal(Evaluate(p, ev, noon), json.Deterministic(true))
	w.check(err)
	if diff := cmp.Diff(string(first), string(second)); diff != "" {
		t.Error("(-want +got):\n" + diff)
	}
}
