package attest_test

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"github.com/reeve-ai/reeve/internal/attest"
)

var day = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func origin() attest.Origin {
	return attest.Origin{By: attest.Who{Name: "Ada", Role: "engineer", From: "flag"}, At: day, Tool: attest.Tool{Name: "reeve", Version: "devel"}, Grade: attest.Declared}
}

func folder(t testing.TB, name string) attest.Material {
	t.Helper()
	m, err := attest.FolderMaterial(name, files())
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func treeOf(t testing.TB) attest.Tree {
	t.Helper()
	tree, err := attest.NewTree(files())
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

func ptr[T any](v T) *T { return &v }

// samples are one good predicate of each kind about the files of files().
func samples(t testing.TB) map[string]attest.Predicate {
	base := attest.Material{Name: "acme/base-1b", URI: "https://huggingface.co/acme/base-1b", Grade: attest.Declared}
	sum := strings.Repeat("ab", 32)
	scan := &attest.ModelScan{
		Origin: origin(), Scanner: attest.Tool{Name: "reeve", Version: "devel"}, Model: treeOf(t), Verdict: "review",
		Counts: map[string]int64{"clean": 3, "review": 1}, Rules: map[string]int64{"pickle/unknown-import": 2},
	}
	for i, f := range folder(t, "m").Files {
		scan.Files = append(scan.Files, attest.ScannedFile{File: f, Verdict: "clean"})
		if i == 0 {
			scan.Files[0].Verdict, scan.Files[0].Rules = "review", []string{"pickle/unknown-import"}
		}
	}
	return map[string]attest.Predicate{
		"training": &attest.Training{
			Origin: origin(), Method: "fine-tune", Base: []attest.Material{base}, DataSets: []attest.Material{folder(t, "data")},
			Code: &attest.Code{Commit: strings.Repeat("1", 40), Dirty: ptr(false), Grade: attest.Verified}, Command: []string{"python", "train.py"},
			Environment: &attest.Environment{Interpreter: &attest.Software{Name: "python", Version: "3.12.1"}, Grade: attest.Inferred},
			Started:     day, Ended: day.Add(time.Hour), Result: attest.Succeeded, ExitCode: ptr(0), Outputs: []attest.Material{folder(t, "out")},
		},
		"conversion": &attest.Conversion{
			Origin: origin(), Method: "quantization", Converter: attest.Tool{Name: "llama-quantize"}, Encoding: "Q4_K_M",
			Parameters: map[string]string{"threads": "4"}, Inputs: []attest.Material{base}, Outputs: []attest.Material{folder(t, "out")},
		},
		"merge": &attest.Merge{
			Origin: origin(), Method: "linear", Outputs: []attest.Material{folder(t, "out")},
			Inputs: []attest.MergeInput{{Material: base, Weight: ptr(0.5)}, {Material: folder(t, "b"), Weight: ptr(0.5)}},
		},
		"model-scan": scan,
		"evaluation": &attest.Evaluation{
			Origin: origin(), Suite: attest.Suite{Name: "house", Version: "3"}, DataSet: ptr(folder(t, "test")),
			Metrics: []attest.Metric{{Name: "accuracy", Value: 0.9, N: ptr(int64(100)), Low: ptr(0.85), High: ptr(0.94), Confidence: ptr(0.95), Threshold: ptr(0.8), Better: "higher"}},
		},
		"approval": &attest.Approval{Origin: origin(), Decision: attest.Approved, Reason: "reviewed", Expires: day.AddDate(0, 6, 0), LookedAt: []attest.Material{folder(t, "m")}},
		"waiver": &attest.Waiver{
			Origin: origin(), Owner: attest.Who{Name: "Bo"}, Rule: "gate/evaluation", Reason: "no test set yet", Expires: day.AddDate(0, 1, 0), Scope: []string{"z"},
		},
		"gate-verdict": &attest.GateVerdict{
			Origin: origin(), Target: "support-bot", Verdict: attest.Pass, Policy: attest.Material{Name: "gate.yaml", Digest: map[string]string{"sha256": sum}, Grade: attest.Verified},
			Packs: []attest.Pack{{Name: "eu", Version: "2026.11"}}, Tree: treeOf(t), Expires: day.AddDate(0, 3, 0),
			Consumed:   []attest.Consumed{{SHA256: sum, PredicateType: attest.TrainingType, SignedBy: []string{"k"}}},
			Violations: []attest.GateFinding{{Rule: "r", Message: "m", Waived: sum}},
		},
	}
}

func subjects(t testing.TB) []attest.Resource {
	m := folder(t, "m")
	return m.Subjects()
}

func TestPredicatesRoundTrip(t *testing.T) {
	k := key(t, attest.Ed25519)
	all := samples(t)
	names := append(slices.Sorted(maps.Keys(all)), "dataset-audit")
	slices.Sort(names)
	kinds := attest.Kinds()
	slices.Sort(kinds)
	if diff := cmp.Diff(kinds, names); diff != "" {
		t.Error("a kind without a sample: " + diff)
	}
	for kind, p := range all {
		t.Run(kind, func(t *testing.T) {
			if attest.KindOf(p.PredicateType()) != kind {
				t.Errorf("type %s", p.PredicateType())
			}
			e, err := attest.SignPredicate(p, subjects(t), k)
			if err != nil {
				t.Fatal(err)
			}
			s, _, err := attest.Open(e, k.Public())
			if err != nil {
				t.Fatal(err)
			}
			got, err := s.Decode()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(p, got); diff != "" {
				t.Error("(-want +got):\n" + diff)
			}
			// A member more is refused: it may be a limit.
			s.Predicate = append([]byte(`{"later":1,`), s.Predicate[1:]...)
			if _, err := s.Decode(); !errors.Is(err, attest.ErrMalformed) {
				t.Errorf("an unknown member: %v", err)
			}
		})
	}
}

func TestAs(t *testing.T) {
	e, err := attest.SignPredicate(samples(t)["waiver"], subjects(t), key(t, attest.Ed25519))
	if err != nil {
		t.Fatal(err)
	}
	s, err := attest.ParseStatement(e.Payload)
	if err != nil {
		t.Fatal(err)
	}
	w, err := attest.As[attest.Waiver](s)
	if err != nil || w.Owner.Name != "Bo" {
		t.Errorf("%+v, %v", w, err)
	}
	if _, err := attest.As[attest.Approval](s); !errors.Is(err, attest.ErrUnknownType) {
		t.Errorf("a waiver is read as an approval: %v", err)
	}
	s.PredicateType = "https://slsa.dev/provenance/v1"
	if _, err := s.Decode(); !errors.Is(err, attest.ErrUnknownType) {
		t.Errorf("another type: %v", err)
	}
}

// What contradicts itself or its subjects is refused, whoever signed it.
func TestPredicatesHoldTogether(t *testing.T) {
	for _, tt := range []struct {
		name, kind, from, to string // in the JSON
	}{
		{"nobody", "training", `"by":{"name":"Ada"`, `"by":{"name":""`},
		{"no time", "training", `"at":"2026-11-21T12:00:00Z"`, `"at":"0001-01-01T00:00:00Z"`},
		{"unknown grade", "training", `"grade":"declared"`, `"grade":"sure"`},
		{"ended before", "training", `"ended":"2026-11-21T13`, `"ended":"2026-11-21T11`},
		{"unknown result", "training", `"result":"succeeded"`, `"result":"fine"`},
		{"exit code", "training", `"exitCode":0`, `"exitCode":1`},
		{"foreign output", "training", `"dirHash":"h1:`, `"dirHash":"h2:`},
		{"method", "conversion", `"method":"quantization"`, `"method":"magic"`},
		{"no converter", "conversion", `"name":"llama-quantize"`, `"name":""`},
		{"one input", "merge", `"inputs":[{"name":"acme/base-1b","uri":"https://huggingface.co/acme/base-1b","grade":"declared","weight":0.5},`, `"inputs":[`},
		{"better than its files", "model-scan", `"verdict":"review","counts"`, `"verdict":"clean","counts"`},
		{"a wrong count", "model-scan", `"review":1`, `"review":0`},
		{"rules not counted", "model-scan", `"rules":{"pickle/unknown-import":2}`, `"rules":{}`},
		{"another tree", "model-scan", `"files":4`, `"files":5`},
		{"outside of its interval", "evaluation", `"low":0.85`, `"low":0.95`},
		{"confidence", "evaluation", `"confidence":0.95`, `"confidence":95`},
		{"threshold without a side", "evaluation", `"better":"higher"`, `"better":""`},
		{"decision", "approval", `"decision":"approved"`, `"decision":"yes"`},
		{"no reason", "approval", `"reason":"reviewed"`, `"reason":""`},
		{"no role", "approval", `"role":"engineer"`, `"role":""`},
		{"expired when made", "approval", `"expires":"2027-05-21`, `"expires":"2026-05-21`},
		{"no end", "waiver", `"expires":"2026-12-21`, `"expires":"2026-10-21`},
		{"foreign scope", "waiver", `"scope":["z"]`, `"scope":["y"]`},
		{"passes with a violation", "gate-verdict", `"waived":"`, `"path":"`},
		{"fails with nothing", "gate-verdict", `"verdict":"pass"`, `"verdict":"fail"`},
		{"no policy", "gate-verdict", `"digest":{"sha256"`, `"digest":{"sha512"`},
		{"other files", "gate-verdict", `"root":"`, `"root":"0`},
		{"signed by nobody", "gate-verdict", `"signedBy":["k"]`, `"signedBy":[]`},
	} {
		t.Run(tt.kind+"/"+tt.name, func(t *testing.T) {
			text, err := json.Marshal(samples(t)[tt.kind], json.Deterministic(true))
			if err != nil {
				t.Fatal(err)
			}
			bad := strings.Replace(string(text), tt.from, tt.to, 1)
			if bad == string(text) {
				t.Fatalf("nothing changed in %s", text)
			}
			s := &attest.Statement{Type: attest.StatementType, Subject: subjects(t), PredicateType: samples(t)[tt.kind].PredicateType(), Predicate: []byte(bad)}
			if _, err := s.Decode(); !errors.Is(err, attest.ErrMalformed) {
				t.Errorf("got %v", err)
			}
		})
	}
	none := attest.Evaluation{Origin: origin(), Suite: attest.Suite{Name: "house"}}
	if err := none.Check(nil); !errors.Is(err, attest.ErrMalformed) {
		t.Errorf("an evaluation without metrics: %v", err)
	}
	for _, kind := range []string{"training", "conversion", "merge", "model-scan", "gate-verdict"} {
		if err := samples(t)[kind].Check(subjects(t)[1:]); !errors.Is(err, attest.ErrMalformed) {
			t.Errorf("%s with a subject less: %v", kind, err)
		}
	}
}

func TestMetricMeets(t *testing.T) {
	for _, tt := range []struct {
		m            attest.Metric
		meets, known bool
	}{
		{attest.Metric{Value: 1}, false, false},
		{attest.Metric{Value: 1, Threshold: ptr(1.0), Better: "higher"}, true, true},
		{attest.Metric{Value: 0.9, Threshold: ptr(1.0), Better: "higher"}, false, true},
		{attest.Metric{Value: 0.9, Threshold: ptr(1.0), Better: "lower"}, true, true},
		{attest.Metric{Value: 1.1, Threshold: ptr(1.0), Better: "lower"}, false, true},
	} {
		if meets, known := tt.m.Meets(); meets != tt.meets || known != tt.known {
			t.Errorf("%+v: %v, %v", tt.m, meets, known)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for kind, p := range samples(f) {
		text, err := json.Marshal(p)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(kind, text)
	}
	f.Fuzz(func(t *testing.T, kind string, text []byte) {
		p := attest.NewPredicate(kind)
		if p == nil {
			return
		}
		s := &attest.Statement{Type: attest.StatementType, Subject: subjects(t), PredicateType: p.PredicateType(), Predicate: text}
		got, err := s.Decode()
		if err != nil {
			return
		}
		again, err := json.Marshal(got, json.Deterministic(true))
		if err != nil {
			t.Fatal(err)
		}
		s.Predicate = again
		if _, err := s.Decode(); err != nil {
			t.Errorf("what was read is not written so that it can be read: %v", err)
		}
	})
}
