package lineage_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/reeve-ai/reeve/internal/attest"
	"github.com/reeve-ai/reeve/internal/lineage"
)

var update = flag.Bool("update", false, "write the golden files")

var day = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func origin(grade attest.Grade) attest.Origin {
	return attest.Origin{By: attest.Who{Name: "Ada", Role: "owner"}, At: day, Tool: attest.Tool{Name: "reeve", Version: "devel"}, Grade: grade}
}

// file is a file whose digest is one digit again and again.
func file(path string, digit rune) attest.File {
	return attest.File{Path: path, SHA256: strings.Repeat(string(digit), 64), Size: 10}
}

func folder(t testing.TB, name string, files ...attest.File) attest.Material {
	t.Helper()
	m, err := attest.FolderMaterial(name, files)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// statement wraps a predicate as if it had been read; digit stands for its digest.
func statement(digit rune, signed bool, p attest.Predicate, subjects ...attest.Resource) lineage.Statement {
	s := lineage.Statement{Digest: strings.Repeat(string(digit), 64), Kind: attest.KindOf(p.PredicateType()), Predicate: p, Subjects: subjects, Paths: []string{string(digit) + ".intoto.jsonl"}}
	if signed {
		s.SignedBy = []string{strings.Repeat("5", 64)}
	}
	return s
}

func train(t testing.TB, digit rune, base, data, out attest.Material) lineage.Statement {
	return statement(digit, true, &attest.Training{
		Origin: origin(attest.Verified), Method: "fine-tune", Base: []attest.Material{base}, DataSets: []attest.Material{data},
		Result: attest.Succeeded, Outputs: []attest.Material{out},
	}, out.Subjects()...)
}

// life is a model's, from data to verdict, with a base model that is known by name alone and an approval nobody signed.
func life(t testing.TB) []lineage.Statement {
	data, out := folder(t, "clean", file("a.jsonl", 'a'), file("b.jsonl", 'b')), folder(t, "model", file("config.json", 'c'), file("weights.bin", 'd'))
	weights, gguf := attest.FileMaterial("weights.bin", file("weights.bin", 'd')), attest.FileMaterial("model.gguf", file("model.gguf", 'e'))
	tree, err := attest.NewTree(data.Files)
	if err != nil {
		t.Fatal(err)
	}
	looked := attest.Material{Name: "evaluation.intoto.jsonl", Digest: map[string]string{"sha256": strings.Repeat("3", 64)}, Grade: attest.Verified}
	return []lineage.Statement{
		statement('1', true, &attest.DatasetAudit{Dataset: "clean", Tree: tree, Files: data.Files, Engine: attest.Engine{Version: "1"}, Label: "internal", Tool: attest.Tool{Name: "reeve"}, At: day},
			attest.Resource{Name: "clean", Digest: tree.Digests()}),
		train(t, '2', attest.Material{Name: "acme/base", Grade: attest.Declared}, data, out),
		statement('3', true, &attest.Evaluation{Origin: origin(attest.Declared), Suite: attest.Suite{Name: "house", Version: "3"}, Metrics: []attest.Metric{{Name: "accuracy", Value: 0.9}}}, out.Subjects()...),
		statement('4', false, &attest.Approval{Origin: origin(attest.Declared), Decision: attest.Approved, Reason: "read", LookedAt: []attest.Material{looked}, Expires: day.AddDate(0, 1, 0)}, out.Subjects()...),
		statement('6', true, &attest.Conversion{
			Origin: origin(attest.Declared), Method: "quantization", Converter: attest.Tool{Name: "llama-quantize"}, Encoding: "Q4_K_M",
			Inputs: []attest.Material{weights}, Outputs: []attest.Material{gguf},
		}, gguf.Subjects()...),
		statement('7', true, &attest.GateVerdict{
			Origin: origin(attest.Verified), Target: "model", Verdict: attest.Fail, Expires: day.AddDate(0, 3, 0), Missing: []attest.GateFinding{{Rule: "gate/scan", Message: "no scan"}},
			Consumed: []attest.Consumed{{SHA256: strings.Repeat("2", 64)}, {SHA256: strings.Repeat("8", 64)}},
		}, out.Subjects()...),
	}
}

func rendered(t testing.TB, g *lineage.Graph) map[string]string {
	t.Helper()
	var text, svg bytes.Buffer
	if err := errors.Join(g.Text(&text), g.SVG(&svg)); err != nil {
		t.Fatal(err)
	}
	j, err := json.Marshal(g, json.Deterministic(true))
	if err != nil {
		t.Fatal(err)
	}
	return map[string]string{"life.txt": text.String(), "life.svg": svg.String(), "life.json": string(j) + "\n"}
}

func TestGraphGolden(t *testing.T) {
	for name, got := range rendered(t, lineage.Build(life(t), day)) {
		path := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// The graph is a function of the set of statements: neither their order nor how often one is given matters.
func TestGraphIsAFunctionOfTheSet(t *testing.T) {
	want := rendered(t, lineage.Build(life(t), day))
	rapid.Check(t, func(r *rapid.T) {
		all := rapid.Permutation(life(t)).Draw(r, "order")
		all = append(all, rapid.SliceOfN(rapid.SampledFrom(life(t)), 0, 5).Draw(r, "again")...)
		if diff := cmp.Diff(want, rendered(t, lineage.Build(all, day))); diff != "" {
			r.Fatal(diff)
		}
	})
}

func problems(g *lineage.Graph) []string {
	var out []string
	for _, p := range g.Problems {
		id := p.ID
		if i := strings.IndexByte(id, ':'); len(id) > i+2 && !strings.HasPrefix(id, "name:") {
			id = id[:i+2]
		}
		out = append(out, p.Rule+" "+id)
	}
	return out
}

func TestGraphTellsWhatIsNotWhole(t *testing.T) {
	a, b, c := folder(t, "a", file("x", 'a'), file("y", 'b')), folder(t, "b", file("x", 'c'), file("y", 'd')), attest.FileMaterial("c", file("c", 'e'))
	failed := train(t, '9', a, c, b)
	p := failed.Predicate.(*attest.Training)
	p.Result, p.Outputs, p.Changed = attest.Failed, nil, []string{"c"}
	for _, tt := range []struct {
		name string
		all  []lineage.Statement
		want []string
	}{
		{"cycle", []lineage.Statement{train(t, '1', a, c, b), train(t, '2', b, c, a)}, []string{"cycle tree:" + root(a)[:1], "cycle tree:" + root(b)[:1], "missing sha256:e"}},
		{"made of itself", []lineage.Statement{train(t, '1', a, c, a)}, []string{"cycle tree:" + root(a)[:1], "missing sha256:e"}},
		{"fork", []lineage.Statement{train(t, '1', c, c, a), train(t, '2', c, c, a)}, []string{"fork tree:" + root(a)[:1], "missing sha256:e"}},
		{"file of a folder", []lineage.Statement{train(t, '1', c, c, a), train(t, '2', attest.FileMaterial("x", file("x", 'a')), c, b)}, []string{"missing sha256:e"}},
		{"failed", []lineage.Statement{failed}, []string{"changed-input statement:9", "failed statement:9", "missing sha256:e", "missing tree:" + root(a)[:1]}},
		{"whole life", life(t), []string{"absent statement:8", "missing name:acme/base", "unverified statement:4"}},
		{"unreadable", []lineage.Statement{{Digest: strings.Repeat("1", 64), Kind: "x", Problem: "malformed"}}, []string{"malformed statement:1", "unverified statement:1"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := problems(lineage.Build(tt.all, day))
			slices.Sort(tt.want)
			slices.Sort(got)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	if got := problems(lineage.Build(life(t), day.AddDate(1, 0, 0))); !slices.Contains(got, "expired statement:4") || !slices.Contains(got, "expired statement:7") {
		t.Errorf("nothing expired: %v", got)
	}
}

func root(m attest.Material) string { return m.Digest["rfc6962-sha256"] }

// Hostile names neither break the drawing nor reach the terminal.
func TestGraphHostileNames(t *testing.T) {
	for _, name := range []string{`"><script>alert(1)</script>`, "\x1b[2Jx", "a\u202Egnp.exe", "]]>", "a\x00b\xff\xfe\uFFFE", strings.Repeat("ä", 5000), "&amp;<!--", "\n\nverified"} {
		out := attest.FileMaterial(name, file("x", 'a'))
		s := train(t, '1', attest.Material{Name: name, Grade: attest.Declared}, attest.Material{Name: name + "2", Grade: attest.Declared}, out)
		s.Predicate.(*attest.Training).Method = name
		g := lineage.Build([]lineage.Statement{s, {Digest: strings.Repeat("2", 64), Kind: name, Problem: name, Paths: []string{name}}}, day)
		r := rendered(t, g)
		for d := xml.NewDecoder(strings.NewReader(r["life.svg"])); ; {
			token, err := d.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%q: %v", name, err)
			}
			if e, ok := token.(xml.StartElement); ok && !slices.Contains([]string{"svg", "title", "desc", "defs", "marker", "path", "g", "rect", "text"}, e.Name.Local) {
				t.Errorf("%q: element %s", name, e.Name.Local)
			} else if ok && slices.ContainsFunc(e.Attr, func(a xml.Attr) bool { return a.Name.Local == "style" || strings.HasPrefix(a.Name.Local, "on") }) {
				t.Errorf("%q: a style or a script on %s", name, e.Name.Local)
			}
		}
		for _, bad := range []string{"\x1b", "\u202E", "\x00", "\n\nverified"} {
			if strings.Contains(r["life.txt"], bad) || strings.Contains(r["life.svg"], bad) {
				t.Errorf("%q comes through", bad)
			}
		}
	}
}

func TestSVGTooLarge(t *testing.T) {
	var all []lineage.Statement
	for i := range 1500 {
		s := train(t, '1', attest.Material{Name: fmt.Sprint(i), Grade: attest.Declared}, attest.Material{Name: fmt.Sprint(i), Grade: attest.Declared}, attest.FileMaterial("x", file("x", 'a')))
		s.Digest = fmt.Sprintf("%064x", i)
		all = append(all, s)
	}
	if err := lineage.Build(all, day).SVG(io.Discard); !errors.Is(err, lineage.ErrTooLarge) {
		t.Errorf("got %v", err)
	}
}

// A graph of many statements, and one long cycle, takes time that grows with them and no more.
func TestGraphLarge(t *testing.T) {
	const n = 5_000
	name := func(i int) attest.Material {
		return attest.Material{Name: fmt.Sprint("m", i%n), Grade: attest.Declared}
	}
	all := make([]lineage.Statement, 0, n)
	for i := range n {
		s := train(t, '1', name(i), name(i), name(i+1))
		s.Digest = fmt.Sprintf("%064x", i)
		all = append(all, s)
	}
	g := lineage.Build(all, day)
	if err := g.Text(io.Discard); err != nil {
		t.Fatal(err)
	}
	if len(g.Problems) != n || g.Problems[0].Rule != "cycle" {
		t.Errorf("%d problems", len(g.Problems))
	}
}

// What is read of an envelope: who signed it, whether it can be read, and that another type is no mistake.
func TestRead(t *testing.T) {
	k, err := attest.Generate(attest.Ed25519)
	if err != nil {
		t.Fatal(err)
	}
	subject := []attest.Resource{{Name: "x", Digest: map[string]string{"sha256": strings.Repeat("a", 64)}}}
	foreign, err := attest.Sign("https://slsa.dev/provenance/v1", subject, map[string]string{}, k)
	if err != nil {
		t.Fatal(err)
	}
	if s := lineage.Read(foreign, "p", k.Public()); s.Problem != "" || len(s.SignedBy) != 1 || s.Kind != "https://slsa.dev/provenance/v1" {
		t.Errorf("%+v", s)
	}
	if s := lineage.Read(foreign, "p"); len(s.SignedBy) != 0 {
		t.Error("verified without a key")
	}
	broken, err := attest.Sign(attest.TrainingType, subject, map[string]string{"x": "y"}, k)
	if err != nil {
		t.Fatal(err)
	}
	if s := lineage.Read(broken, "p", k.Public()); s.Problem == "" || s.Predicate != nil {
		t.Errorf("%+v", s)
	}
	text, err := attest.Seal("text/plain", []byte("x"), k)
	if err != nil {
		t.Fatal(err)
	}
	if s := lineage.Read(text, "p", k.Public()); s.Problem == "" {
		t.Errorf("%+v", s)
	}
}
