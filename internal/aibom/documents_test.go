package aibom_test

import (
	"context"
	"encoding/json"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reeve-ai/reeve/internal/aibom"
	"github.com/reeve-ai/reeve/internal/attest"
)

const documented = `---
license: apache-2.0
base_model: example/base-7b
datasets: [example/tickets]
pipeline_tag: text-generation
tags: [customer-support, "arxiv:2401.01234"]
co2_eq_emissions: {emissions: 12.5}
model-index:
- results:
  - dataset: {name: held-out}
    metrics: [{type: accuracy, value: 0.91}]
---
# Support bot
Answers questions of customers.
## Model Details
- **Developed by:** Example GmbH
- **Repository:** https://git.example.org/support.
- **Demo [optional]:** [More Information Needed]
## Direct Use
Support of customers.
## Bias, Risks, and Limitations
Knows nothing after 2025.
## Training Details
Two epochs.
### Preprocessing
Names were removed.
## Environmental impact
Two hours, 3.5 kWh.
## Human oversight
A person reads each answer.
`

func wellDocumented(t testing.TB) string {
	return write(t, filepath.Join(t.TempDir(), "support"), map[string]string{
		"README.md":   documented,
		"config.json": `{"model_type":"llama","architectures":["LlamaForCausalLM"],"hidden_size":64,"num_key_value_heads":2,"quantization_config":{"quant_method":"gptq","bits":4}}`,
		"weights.bin": "x",
	})
}

func collected(t testing.TB, dir string) *aibom.Facts {
	t.Helper()
	f, err := aibom.Collect(context.Background(), dir)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// A well documented model reaches the highest profile, has all minimum elements, and each missing field says where it could come from.
func TestScore(t *testing.T) {
	o := options("1.6")
	o.URL, o.Version = "https://models.example.org/support", "2"
	text := written(t, wellDocumented(t), o)
	s, err := aibom.ScoreOf(text)
	if err != nil {
		t.Fatal(err)
	}
	if s.Total < 85 || s.Profile != "advanced" {
		t.Errorf("%v %s: %+v", s.Total, s.Profile, s.Missing)
	}
	for _, m := range s.Missing {
		if m.Remedy == "" || m.Points <= 0 {
			t.Errorf("%+v explains nothing", m)
		}
	}
	if lacks, err := aibom.Lacks(text); err != nil || len(lacks) > 0 {
		t.Error(lacks, err)
	}

	bare := written(t, write(t, filepath.Join(t.TempDir(), "bare"), map[string]string{"w.bin": "x"}), options("1.6"))
	if s, err = aibom.ScoreOf(bare); err != nil || s.Total > 50 || s.Penalty == "" {
		t.Errorf("%+v %v", s, err)
	}
	lacks, err := aibom.Lacks(bare)
	if diff := cmp.Diff([]string{"author of the document", "name of each data set", "identifier of each data set"}, lacks); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

// The score by hand: what is there of each category, by the registry's weights and penalties.
func TestScoreByHand(t *testing.T) {
	for _, tt := range []struct {
		text  string
		total float64
	}{
		{`{"bomFormat":"CycloneDX","specVersion":"1.6","serialNumber":"x","version":1}`, 15.2},                                      // 20 × 0.8 × 0.95
		{`{"bomFormat":"CycloneDX","specVersion":"1.6","serialNumber":"x","version":1,"components":[{"type":"a","name":"b"}]}`, 22}, // (20 + 5.7) × 0.9 × 0.95
		{`{"bomFormat":"CycloneDX"}`, 3.8},
	} {
		s, err := aibom.ScoreOf([]byte(tt.text))
		if err != nil || s.Total != tt.total {
			t.Errorf("%s: %+v, want %v (%v)", tt.text, s, tt.total, err)
		}
	}
	if _, err := aibom.ScoreOf([]byte(`{"spdxVersion":"SPDX-2.3"}`)); err == nil {
		t.Error("another format was scored")
	}
}

func TestDiff(t *testing.T) {
	dir := wellDocumented(t)
	a := written(t, dir, options("1.6"))
	later := options("1.7")
	later.Clock = func() time.Time { return time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC) }
	if changes, err := aibom.Diff(a, written(t, dir, later)); err != nil || len(changes) > 0 {
		t.Error(changes, err)
	}
	write(t, dir, map[string]string{"weights.bin": "y", "more.txt": "z"})
	o := full(t, "1.6")
	changes, err := aibom.Diff(a, written(t, dir, o))
	if err != nil {
		t.Fatal(err)
	}
	var what []string
	for _, c := range changes {
		what = append(what, c.What+" "+c.Name)
	}
	for _, want := range []string{"file weights.bin", "file more.txt", "data tickets", "library jinja2", "ancestor base-7b", "vulnerability CVE-2024-22195", "model version"} {
		if !slices.Contains(what, want) {
			t.Errorf("%s is missing: %v", want, what)
		}
	}
	if slices.Contains(what, "file config.json") {
		t.Error("what did not change is told")
	}
}

// Every damage is told, and what we write has no flaw.
func TestValidate(t *testing.T) {
	for _, spec := range []string{"1.6", "1.7"} {
		if flaws, err := aibom.Validate(written(t, wellDocumented(t), full(t, spec))); err != nil || len(flaws) > 0 {
			t.Errorf("%s: %+v %v", spec, flaws, err)
		}
	}
	const head = `{"bomFormat":"CycloneDX","specVersion":"1.6","components":[`
	for name, text := range map[string]string{
		"an unknown member": `{"bomFormat":"CycloneDX","specVersion":"1.6","invented":1}`,
		"a wrong type":      head + `{"type":"file","name":7}]}`,
		"another version":   `{"bomFormat":"CycloneDX","specVersion":"1.2"}`,
		"no name":           head + `{"type":"file"}]}`,
		"a word":            head + `{"type":"model","name":"a"}]}`,
		"a digest":          head + `{"type":"file","name":"a","hashes":[{"alg":"SHA-256","content":"ab"}]}]}`,
		"an algorithm":      head + `{"type":"file","name":"a","hashes":[{"alg":"CRC","content":"ab"}]}]}`,
		"the same ref":      head + `{"type":"file","name":"a","bom-ref":"x"},{"type":"file","name":"b","bom-ref":"x"}]}`,
		"nothing behind":    head + `{"type":"file","name":"a","bom-ref":"x"}],"dependencies":[{"ref":"x","dependsOn":["y"]}]}`,
		"a card of a file":  head + `{"type":"file","name":"a","modelCard":{}}]}`,
		"two licences":      head + `{"type":"file","name":"a","licenses":[{"license":{"id":"MIT","name":"x"}}]}]}`,
		"a serial number":   `{"bomFormat":"CycloneDX","specVersion":"1.6","serialNumber":"1"}`,
		"a time":            `{"bomFormat":"CycloneDX","specVersion":"1.6","metadata":{"timestamp":"today"}}`,
		"a dangling flaw":   `{"bomFormat":"CycloneDX","specVersion":"1.6","vulnerabilities":[{"id":"CVE-1","affects":[{"ref":"z"}]}]}`,
	} {
		if flaws, err := aibom.Validate([]byte(text)); err != nil || len(flaws) == 0 {
			t.Errorf("%s was not noticed (%v)", name, err)
		}
	}
}

func signed(t testing.TB, p attest.Predicate, subject string) (*attest.Statement, string) {
	t.Helper()
	key, err := attest.Generate("ed25519")
	if err != nil {
		t.Fatal(err)
	}
	e, err := attest.SignPredicate(p, []attest.Resource{{Name: "weights.bin", Digest: map[string]string{"sha256": subject}}}, key)
	if err != nil {
		t.Fatal(err)
	}
	s, _, err := attest.Open(e, key.Public())
	if err != nil {
		t.Fatal(err)
	}
	return s, e.Digest()
}

// What signed statements say stands in the documents: what it was made from with digests, metrics with thresholds, declarations.
func TestLineage(t *testing.T) {
	f := collected(t, wellDocumented(t))
	sum := f.Files[2].SHA256
	at := time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)
	origin := attest.Origin{By: attest.Who{Name: "Ana"}, At: at, Tool: attest.Tool{Name: "reeve", Version: "1"}, Grade: attest.Declared}
	base, data := strings.Repeat("ab", 32), strings.Repeat("cd", 32)
	least := 0.9
	var l aibom.Lineage
	for _, p := range []attest.Predicate{
		&attest.Training{
			Origin: origin, Method: "fine-tune", Result: "succeeded", Ended: at, Parameters: map[string]string{"epochs": "2"},
			Base:     []attest.Material{{Name: "example/base-7b", Digest: map[string]string{"sha256": base}, Grade: attest.Verified}},
			DataSets: []attest.Material{{Name: "example/tickets", Digest: map[string]string{"sha256": data}, Grade: attest.Verified}},
			Outputs:  []attest.Material{{Name: "weights.bin", Digest: map[string]string{"sha256": sum}, Grade: attest.Verified}},
		},
		&attest.Evaluation{Origin: origin, Suite: attest.Suite{Name: "support"}, Metrics: []attest.Metric{{Name: "exact", Value: 0.93, Threshold: &least, Better: "higher"}}},
	} {
		s, digest := signed(t, p, sum)
		if err := l.Add(f, s, digest, []string{"k"}); err != nil {
			t.Fatal(err)
		}
	}
	other, digest := signed(t, &attest.Evaluation{Origin: origin, Suite: attest.Suite{Name: "x"}, Metrics: []attest.Metric{{Name: "a", Value: 1}}}, base)
	if err := l.Add(f, other, digest, nil); !errors.Is(err, aibom.ErrOther) {
		t.Errorf("a statement about another model: %v", err)
	}

	o := options("1.6")
	o.Lineage = l
	text, err := aibom.CycloneDX(f, o)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{base, data, `"exact=0.93@support, accuracy=0.91@held-out"`, `"exact 0.9"`, "epochs=2", "fine-tune: succeeded", `"declarations"`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%s is missing in %s", want, text)
		}
	}
	if n := strings.Count(string(text), `"name": "example/tickets"`); n != 2 { // the component and its data: once, though the card names it, too
		t.Errorf("the data set stands %d times", n)
	}
	if flaws, err := aibom.Validate(text); err != nil || len(flaws) > 0 {
		t.Error(flaws, err)
	}
	checkSchema(t, "1.6", text)
	o.Spec = "1.7"
	if text, err = aibom.CycloneDX(f, o); err != nil {
		t.Fatal(err)
	}
	checkSchema(t, "1.7", text)

	o.URL, o.Supplier = "https://models.example.org/m", "Example GmbH"
	spdx, err := aibom.SPDX(f, o)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(spdx), `"ai"`) || !strings.Contains(string(spdx), "2026-02-01T00:00:00Z") {
		t.Errorf("it does not conform to the AI profile: %s", spdx)
	}
}

// What is written as SPDX 3.0.1: one context, elements with unique ids and known classes, and every id that is named exists.
func TestSPDX(t *testing.T) {
	classes := []string{
		"CreationInfo", "Agent", "SoftwareAgent", "Tool", "ai_AIPackage", "software_File", "software_Package", "dataset_DatasetPackage", "Relationship",
		"simplelicensing_LicenseExpression", "SpdxDocument",
	}
	for name, dir := range map[string]string{"documented": wellDocumented(t), "bare": write(t, filepath.Join(t.TempDir(), "bare"), map[string]string{"w.bin": "x"})} {
		o := full(t, "")
		if name == "bare" {
			o = options("")
		}
		text, err := aibom.SPDX(collected(t, dir), o)
		if err != nil {
			t.Fatal(err)
		}
		if again, _ := aibom.SPDX(collected(t, dir), o); string(again) != string(text) {
			t.Error("other bytes of the same facts")
		}
		var doc struct {
			Context string           `json:"@context"`
			Graph   []map[string]any `json:"@graph"`
		}
		if err := json.Unmarshal(text, &doc); err != nil || doc.Context != "https://spdx.org/rdf/3.0.1/spdx-context.jsonld" {
			t.Fatal(err, doc.Context)
		}
		ids := map[string]bool{}
		for _, e := range doc.Graph {
			if class, _ := e["type"].(string); !slices.Contains(classes, class) {
				t.Errorf("class %q", class)
			}
			id, _ := e["spdxId"].(string)
			if ids[id] && id != "" {
				t.Errorf("%s stands twice", id)
			}
			ids[id] = true
			if e["type"] != "CreationInfo" && (id == "" || e["creationInfo"] != "_:creation") {
				t.Errorf("%v", e)
			}
		}
		named := func(v any) {
			switch v := v.(type) {
			case string:
				if !ids[v] {
					t.Errorf("%s: %s is nothing", name, v)
				}
			case []any:
				for _, x := range v {
					if s, _ := x.(string); !ids[s] {
						t.Errorf("%s: %s is nothing", name, s)
					}
				}
			}
		}
		for _, e := range doc.Graph {
			for _, member := range []string{"from", "to", "suppliedBy", "originatedBy", "element", "rootElement", "createdBy", "createdUsing"} {
				named(e[member])
			}
		}
		if name == "bare" && (strings.Contains(string(text), "suppliedBy") || strings.Contains(string(text), `"ai"`)) {
			t.Errorf("something was made up: %s", text)
		}
	}
}

// What strangers wrote cannot become markup of the card.
func TestMarkdown(t *testing.T) {
	dir := write(t, filepath.Join(t.TempDir(), "m"), map[string]string{"README.md": "# T\n<script>alert(1)</script> [x](javascript:1) | a\n## Limitations\n**none** ![i](http://x)\n", "w.bin": "x"})
	text, err := aibom.Markdown(collected(t, dir), full(t, ""))
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"<script", "[x](", "![i]", "**none"} {
		if strings.Contains(string(text), bad) {
			t.Errorf("%s: %s", bad, text)
		}
	}
	for _, want := range []string{"## Limitations", "## Data", "| tickets |", "verified (signed audit)", "CVE-2024-22195", "| w.bin | 1 |"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%s is missing: %s", want, text)
		}
	}
}

func FuzzDocuments(f *testing.F) {
	f.Add([]byte(`{"bomFormat":"CycloneDX","components":[{"type":"file","name":"a","licenses":[{}],"pedigree":{"ancestors":[{"name":"b"}]}}],"dependencies":[{"dependsOn":[1]}]}`))
	f.Add([]byte(`{"bomFormat":"CycloneDX","components":{},"metadata":[],"vulnerabilities":[{"affects":{}}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err1 := aibom.ScoreOf(text)
		_, err2 := aibom.Validate(text)
		_, err3 := aibom.Lacks(text)
		changes, err4 := aibom.Diff(text, text)
		if (err1 == nil) != (err2 == nil) || (err1 == nil) != (err3 == nil) || (err1 == nil) != (err4 == nil) {
			t.Error(err1, err2, err3, err4)
		}
		if err1 == nil && (s.Total < 0 || s.Total > 100 || len(changes) > 0) {
			t.Errorf("%+v %v", s, changes)
		}
	})
}
