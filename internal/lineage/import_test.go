package lineage_test

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"github.com/reeve-ai/reeve/internal/attest"
	"github.com/reeve-ai/reeve/internal/lineage"
)

const card = `---
license: apache-2.0
base_model: acme/base-1b
base_model_relation: finetune
datasets:
- acme/chat
- acme/more
library_name: transformers
model-index:
- name: bot
  results:
  - task: {type: text-generation, name: Text Generation}
    dataset: {name: MMLU, type: cais/mmlu, config: all, split: test}
    metrics:
    - {type: acc, value: 45.5, name: accuracy}
    - {type: acc, value: 44, name: accuracy of seed 2}
    - {type: f1, value: "0.4"}
    - {type: pass, value: 40%}
---
# Bot
`

func names(all []attest.Material) []string {
	var out []string
	for _, m := range all {
		out = append(out, m.Name)
	}
	return out
}

func TestCard(t *testing.T) {
	in, err := lineage.Card("README.md", []byte(card))
	if err != nil {
		t.Fatal(err)
	}
	if len(in.Predicates) != 2 {
		t.Fatalf("%d predicates", len(in.Predicates))
	}
	tr := in.Predicates[0].(*attest.Training)
	if tr.Method != "fine-tune" || tr.Result != attest.Unknown || tr.Parameters["license"] != "apache-2.0" || tr.Grade != attest.Declared || tr.Imported.Name != "README.md" {
		t.Errorf("%+v", tr)
	}
	if diff := cmp.Diff([][]string{{"acme/base-1b"}, {"acme/chat", "acme/more"}}, [][]string{names(tr.Base), names(tr.DataSets)}); diff != "" {
		t.Error(diff)
	}
	e := in.Predicates[1].(*attest.Evaluation)
	want := []attest.Metric{{Name: "acc", Value: 45.5}, {Name: "acc", Slice: "accuracy of seed 2", Value: 44}, {Name: "f1", Value: 0.4}}
	if diff := cmp.Diff(want, e.Metrics); diff != "" || e.Suite.Name != "Text Generation" || e.DataSet.Name != "cais/mmlu" || e.Parameters["dataset.split"] != "test" {
		t.Errorf("%+v\n%s", e, diff)
	}
	if diff := cmp.Diff([]string{"model-index, result 1: metric pass"}, in.NotRead); diff != "" {
		t.Error(diff)
	}
}

func TestCardRelations(t *testing.T) {
	for _, tt := range []struct{ head, kind, method string }{
		{"base_model: a\nbase_model_relation: quantized", "conversion", "quantization"},
		{"base_model: [a, b]\nbase_model_relation: merge", "merge", "unknown"},
		{"base_model: a\nbase_model_relation: adapter", "training", "adapter"},
		{"base_model: a", "training", "unknown"},
		{"datasets: [d]", "training", "unknown"},
	} {
		in, err := lineage.Card("README.md", []byte("---\n"+tt.head+"\n---\n"))
		if err != nil || len(in.Predicates) != 1 {
			t.Fatalf("%s: %v, %v", tt.head, in, err)
		}
		p := in.Predicates[0]
		method := ""
		switch p := p.(type) {
		case *attest.Training:
			method = p.Method
		case *attest.Conversion:
			method = p.Method
		case *attest.Merge:
			method = p.Method
		}
		if kind := attest.KindOf(p.PredicateType()); kind != tt.kind || method != tt.method {
			t.Errorf("%s: %s by %s", tt.head, kind, method)
		}
	}
	if in, err := lineage.Card("README.md", []byte("---\nlicense: mit\n---\n")); err != nil || len(in.Predicates) != 0 {
		t.Errorf("a card that says nothing of its making: %v, %v", in, err)
	}
	for _, bad := range []string{"", "# Bot", "---\nlicense: mit\n", "---\na: &x [1]\nb: *x\n---\n", "---\na: [\n---\n", "---\n- x\n---\n"} {
		if _, err := lineage.Card("README.md", []byte(bad)); err == nil {
			t.Errorf("%q is read", bad)
		}
	}
}

// store is an experiment of MLflow's file store with one run.
func store() fstest.MapFS {
	f := fstest.MapFS{}
	for name, text := range map[string]string{
		"0/meta.yaml":                         "experiment_id: '0'\nname: Default\n",
		"0/r1/meta.yaml":                      "run_id: r1\nrun_name: bold-fox\nstatus: 3\nstart_time: 1763726400000\nend_time: 1763730000000\nuser_id: bo\ntags: []\n",
		"0/r1/params/lr":                      "0.001",
		"0/r1/params/model/layers":            "12",
		"0/r1/metrics/loss":                   "1 2.5 0\n2 0.5 2\n3 0.9 1\n",
		"0/r1/metrics/broken":                 "1 nan 0\n",
		"0/r1/tags/mlflow.user":               "bo",
		"0/r1/tags/mlflow.source.name":        "/home/bo/train.py",
		"0/r1/tags/mlflow.source.git.commit":  "abc123",
		"0/r1/tags/mlflow.source.git.repoURL": "https://bo:pw@git.example.org/x.git",
		"0/r1/tags/note":                      "private words",
		"0/r1/inputs/i1/meta.yaml":            "source_type: DATASET\nsource_id: d1\ndestination_type: RUN\ntags: {mlflow.data.context: training}\n",
		"0/r1/inputs/i2/meta.yaml":            "source_type: DATASET\nsource_id: d2\ntags: {mlflow.data.context: eval}\n",
		"0/r1/inputs/i3/meta.yaml":            "source_type: DATASET\nsource_id: ../../x\n",
		"0/datasets/d1/meta.yaml":             "name: chat\ndigest: 9f86d081\nsource_type: local\n",
		"0/r1/artifacts/model.bin":            "w",
	} {
		f[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return f
}

func TestMLflow(t *testing.T) {
	runs, err := lineage.MLflowRuns(store())
	if err != nil || cmp.Diff([]string{"0/r1"}, runs) != "" {
		t.Fatal(runs, err)
	}
	in, err := lineage.MLflow(store(), "0/r1")
	if err != nil {
		t.Fatal(err)
	}
	tr := in.Predicates[0].(*attest.Training)
	if tr.Name != "bold-fox" || tr.Result != attest.Succeeded || tr.Ended.Sub(tr.Started) != time.Hour {
		t.Errorf("%+v", tr)
	}
	if diff := cmp.Diff(map[string]string{"lr": "0.001", "model/layers": "12", "mlflow.user": "bo"}, tr.Parameters); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]attest.Metric{{Name: "loss", Value: 0.5}}, tr.Metrics); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(&attest.Code{URI: "https://git.example.org/x.git", Commit: "abc123", Entry: "train.py", Grade: attest.Declared}, tr.Code); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]attest.Material{{Name: "chat", Digest: map[string]string{"mlflow": "9f86d081"}, Grade: attest.Declared}}, tr.DataSets); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"metrics/broken", "inputs/i2: data for eval", "inputs/i3"}, in.NotRead); diff != "" {
		t.Error(diff)
	}
	for status, want := range map[string]string{"1": attest.Unknown, "4": attest.Failed, "5": attest.Failed} {
		f := store()
		f["0/r1/meta.yaml"].Data = []byte("run_id: r1\nstatus: " + status + "\nstart_time: 20\nend_time: 10\n")
		in, err := lineage.MLflow(f, "0/r1")
		if err != nil {
			t.Fatal(err)
		}
		if tr := in.Predicates[0].(*attest.Training); tr.Result != want || !tr.Ended.IsZero() {
			t.Errorf("status %s: %s, ended %s", status, tr.Result, tr.Ended)
		}
	}
	if _, err := lineage.MLflow(store(), "0"); !errors.Is(err, lineage.ErrNoRun) {
		t.Errorf("an experiment is read as a run: %v", err)
	}
}

const lock = `schema: '2.0'
stages:
  prepare:
    cmd: python prepare.py
    deps: [{path: raw, hash: md5, md5: 0123456789abcdef0123456789abcdef.dir, size: 10, nfiles: 2}]
    outs: [{path: clean.jsonl, hash: md5, md5: 0123456789abcdef0123456789abcdee, size: 5}]
  train:
    cmd: [python train.py --hf-token=abc, echo done]
    deps:
    - {path: base.bin, md5: 0123456789abcdef0123456789abcded, size: 1}
    - {path: clean.jsonl, md5: 0123456789abcdef0123456789abcdee, size: 5}
    - {path: train.py, md5: 0123456789abcdef0123456789abcdea, size: 5}
    params: {params.yaml: {train.lr: 0.1, opt: {name: adam, betas: [0.9, 0.99]}, bad: null}}
    outs: [{path: model.bin, md5: 0123456789abcdef0123456789abcdeb, size: 9}]
  look:
    cmd: python look.py
    deps: [{path: model.bin, md5: 0123456789abcdef0123456789abcdeb, size: 9}]
`

func TestDVC(t *testing.T) {
	in, err := lineage.DVC("dvc.lock", []byte(lock), lineage.DVCOptions{Base: []string{"base.bin"}, Mask: masker(t)})
	if err != nil {
		t.Fatal(err)
	}
	if len(in.Predicates) != 2 {
		t.Fatalf("%d predicates", len(in.Predicates))
	}
	p, tr := in.Predicates[0].(*attest.Training), in.Predicates[1].(*attest.Training)
	if p.Name != "prepare" || p.DataSets[0].Digest["dvc-dir-md5"] != "0123456789abcdef0123456789abcdef" {
		t.Errorf("%+v", p)
	}
	if diff := cmp.Diff([][]string{{"base.bin"}, {"clean.jsonl"}, {"train.py"}, {"model.bin"}}, [][]string{names(tr.Base), names(tr.DataSets), names(tr.Configuration), names(tr.Outputs)}); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]string{"params.yaml:train.lr": "0.1", "params.yaml:opt.name": "adam", "params.yaml:opt.betas": "0.9, 0.99"}, tr.Parameters); diff != "" {
		t.Error(diff)
	}
	if strings.Contains(strings.Join(tr.Command, " "), "abc") {
		t.Error("a secret is in the command")
	}
	if diff := cmp.Diff([]string{"stage look: nothing comes out", "stage train: parameter params.yaml:bad"}, in.NotRead); diff != "" {
		t.Error(diff)
	}
	if in, err = lineage.DVC("dvc.lock", []byte(lock), lineage.DVCOptions{Stage: "train", Mask: masker(t)}); err != nil || len(in.Predicates) != 1 {
		t.Errorf("one stage: %v", err)
	}
	if _, err = lineage.DVC("dvc.lock", []byte(lock), lineage.DVCOptions{Stage: "none", Mask: masker(t)}); !errors.Is(err, lineage.ErrNoLineage) {
		t.Errorf("no such stage: %v", err)
	}
	const imported = "deps: [{path: 'https://example.org/d.csv', etag: x}]\nouts: [{path: d.csv, md5: 0123456789abcdef0123456789abcdef}]\n"
	if in, err = lineage.DVC("d.csv.dvc", []byte(imported), lineage.DVCOptions{Mask: masker(t)}); err != nil || in.Predicates[0].(*attest.Conversion).Inputs[0].Name != "https://example.org/d.csv" {
		t.Errorf("an import: %v", err)
	}
	if _, err := lineage.DVC("d.dvc", []byte("outs: [{path: d, md5: 0123456789abcdef0123456789abcdef}]"), lineage.DVCOptions{Mask: masker(t)}); !errors.Is(err, lineage.ErrNoLineage) {
		t.Errorf("a file without dependencies: %v", err)
	}
}

// An MD5 that a statement gives together with a SHA-256 names the same artefact from then on.
func TestGraphJoinsByWeakDigest(t *testing.T) {
	md5 := strings.Repeat("7", 32)
	both := attest.Material{Name: "d.csv", Digest: map[string]string{"sha256": strings.Repeat("a", 64), "md5": md5}, Grade: attest.Verified}
	weak := attest.Material{Name: "elsewhere.csv", Digest: map[string]string{"md5": md5}, Grade: attest.Declared}
	out := attest.FileMaterial("m", file("m", 'b'))
	g := lineage.Build([]lineage.Statement{train(t, '1', weak, weak, out), train(t, '2', out, out, both)}, time.Time{})
	if len(g.Artefacts) != 2 || len(g.Artefacts[0].Names) != 2 {
		t.Errorf("%+v", g.Artefacts)
	}
}

// whole demands of what an importer made that it is declared and can be signed.
func whole(t *testing.T, in *lineage.Imported) {
	t.Helper()
	out := attest.FileMaterial("m", file("m", 'b'))
	for _, p := range in.Predicates {
		o := attest.OriginOf(p)
		if o.Grade != attest.Declared || o.Imported == nil {
			t.Errorf("%T is not declared", p)
		}
		o.By, o.At, o.Tool = attest.Who{Name: "x"}, day, attest.Tool{Name: "reeve"}
		if made := attest.Outputs(p); made != nil {
			*made = []attest.Material{out}
		}
		if err := p.Check(out.Subjects()); err != nil {
			text, _ := json.Marshal(p)
			t.Errorf("%v: %s", err, text)
		}
	}
}

func FuzzCard(f *testing.F) {
	f.Add([]byte(card))
	f.Add([]byte("---\nbase_model: [a, a]\nbase_model_relation: merge\n---\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if in, err := lineage.Card("README.md", text); err == nil {
			whole(t, in)
		}
	})
}

func FuzzDVC(f *testing.F) {
	f.Add([]byte(lock))
	f.Add([]byte("deps: [{path: a}]\nouts: [{path: b}]\n"))
	m := masker(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		if in, err := lineage.DVC("dvc.lock", text, lineage.DVCOptions{Mask: m}); err == nil {
			whole(t, in)
		}
	})
}

func FuzzMLflow(f *testing.F) {
	f.Add([]byte("run_id: r\nstatus: 3\nstart_time: 1\nend_time: 2\n"), "lr", []byte("0.1"), []byte("1 2 3\n"), []byte("source_type: DATASET\nsource_id: d\n"))
	f.Fuzz(func(t *testing.T, meta []byte, name string, param, metric, input []byte) {
		fsys := fstest.MapFS{"0/r/meta.yaml": {Data: meta}, "0/r/inputs/i/meta.yaml": {Data: input}, "0/datasets/d/meta.yaml": {Data: meta}}
		if name != "" && !strings.ContainsAny(name, "/\\") && name != "." && name != ".." {
			fsys["0/r/params/"+name], fsys["0/r/metrics/"+name], fsys["0/r/tags/"+name] = &fstest.MapFile{Data: param}, &fstest.MapFile{Data: metric}, &fstest.MapFile{Data: param}
		}
		if in, err := lineage.MLflow(fsys, "0/r"); err == nil {
			whole(t, in)
		}
	})
}

func FuzzMaskCommand(f *testing.F) {
	f.Add("--token", "x")
	m := masker(f)
	f.Fuzz(func(t *testing.T, a, b string) {
		if got := m.Command([]string{"x", a, b}); len(got) != 3 {
			t.Errorf("%q", got)
		}
	})
}
