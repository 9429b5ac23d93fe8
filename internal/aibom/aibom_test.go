package aibom_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/reeve-ai/reeve/internal/aibom"
	"github.com/reeve-ai/reeve/internal/attest"
	"github.com/reeve-ai/reeve/internal/deps"
	"github.com/reeve-ai/reeve/internal/vulndb"
)

const card = `---
license: apache-2.0
base_model: example/base-7b
base_model_relation: finetune
datasets:
- example/tickets
language: [en, de]
pipeline_tag: text-generation
library_name: transformers
co2_eq_emissions: {emissions: 12.5}
model-index:
- name: support
  results:
  - task: {type: text-generation}
    dataset: {name: held-out tickets}
    metrics:
    - {type: accuracy, value: 0.91}
---
# Support bot

Answers questions of customers.

## Intended use

Support of customers in two languages.

## Limitations

<!-- nothing here -->
Knows nothing after 2025.

## Bias, Risks

[More Information Needed]

## Environmental impact

Trained for two hours.
`

func write(t testing.TB, dir string, files map[string]string) string {
	t.Helper()
	for name, text := range files {
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func rich(t testing.TB) string {
	return write(t, filepath.Join(t.TempDir(), "support"), map[string]string{
		"README.md":             card,
		"config.json":           `{"model_type":"llama","architectures":["LlamaForCausalLM"],"hidden_size":64,"vocab_size":1000,"torch_dtype":"bfloat16","_name_or_path":"x"}`,
		"tokenizer_config.json": `{"tokenizer_class":"LlamaTokenizer","chat_template":"{{ messages }}"}`,
		"model.safetensors":     "\x37\x00\x00\x00\x00\x00\x00\x00" + `{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}} ` + "\x00\x00\x00\x00\x00\x00\x00\x00",
	})
}

func options(spec string) aibom.Options {
	return aibom.Options{Spec: spec, Tool: "1.0", Clock: func() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }}
}

func written(t testing.TB, dir string, o aibom.Options) []byte {
	t.Helper()
	f, err := aibom.Collect(context.Background(), dir)
	if err != nil {
		t.Fatal(err)
	}
	b, err := aibom.CycloneDX(f, o)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func full(t testing.TB, spec string) aibom.Options {
	o := options(spec)
	o.Supplier, o.Author, o.Version, o.Scan = "Example GmbH", "Ana", "1.2", "clean"
	o.Base = []aibom.BaseModel{{Name: "base-7b", SHA256: strings.Repeat("ab", 32)}}
	o.Datasets = []*attest.DatasetAudit{{Dataset: "tickets", Tree: attest.Tree{Root: strings.Repeat("cd", 32)}, Label: "confidential{PII}"}}
	o.Deps = []vulndb.Affected{{
		Package: deps.Package{Name: "jinja2", Version: "3.1.2", Ecosystem: "PyPI"}, PURL: "pkg:pypi/jinja2@3.1.2",
		Vulnerabilities: []vulndb.Vulnerability{{ID: "CVE-2024-22195", Records: []string{"PYSEC-1"}, Fixed: []string{"3.1.3"}, VEX: "not_affected"}},
	}}
	return o
}

// What was said and seen stands in the document, with its grade.
func TestClaims(t *testing.T) {
	f, err := aibom.Collect(context.Background(), rich(t))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]aibom.Claim{
		"licence":      {"Apache-2.0", aibom.Declared, "README.md"},
		"task":         {"text-generation", aibom.Declared, "README.md"},
		"limitations":  {"Knows nothing after 2025.", aibom.Declared, "README.md"},
		"intended_use": {"Support of customers in two languages.", aibom.Declared, "README.md"},
		"energy":       {"Trained for two hours.", aibom.Declared, "README.md"},
		"emissions":    {"12.5", aibom.Declared, "README.md"},
		"architecture": {"llama", aibom.Inferred, "config.json"},
		"parameters":   {"2", aibom.Inferred, "model.safetensors"},
		"vocab_size":   {"1000", aibom.Inferred, "config.json"},
		"name":         {"support", aibom.Inferred, "file name"},
	}
	got := map[string]aibom.Claim{}
	for name := range want {
		got[name] = f.Claims[name]
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if c, said := f.Claims["ethics"]; said {
		t.Errorf("a placeholder became %q", c.Value)
	}
	if c := f.Claims["chat_template_sha256"]; c.Grade != aibom.Verified || len(c.Value) != 64 {
		t.Errorf("%+v", c)
	}
}

// A model that says nothing of itself gets nothing made up: no supplier, author, licence, task or data.
func TestNothingIsInvented(t *testing.T) {
	dir := write(t, filepath.Join(t.TempDir(), "bare"), map[string]string{"weights.bin": "x", "other.bin": "y"})
	text := string(written(t, dir, options("1.6")))
	for _, word := range []string{"supplier", "authors", "licenses", "task", "datasets", "ancestors", "considerations", "externalReferences", "unknown", "NOASSERTION"} {
		if strings.Contains(text, word) {
			t.Errorf("%s: %s", word, text)
		}
	}
}

func TestSameInputSameBytes(t *testing.T) {
	dir := rich(t)
	if diff := cmp.Diff(string(written(t, dir, full(t, "1.6"))), string(written(t, dir, full(t, "1.6")))); diff != "" {
		t.Error(diff)
	}
}

// schemaOf compiles a schema of CycloneDX from the folder that REEVE_TESTDATA names, nil where it is not set.
func schemaOf(t testing.TB, spec string) *jsonschema.Schema {
	t.Helper()
	data := os.Getenv("REEVE_TESTDATA")
	if data == "" {
		return nil
	}
	c := jsonschema.NewCompiler()
	for _, name := range []string{"spdx.schema.json", "jsf-0.82.schema.json", "cryptography-defs.schema.json", "bom-1.6.schema.json", "bom-1.7.schema.json"} {
		b, err := os.ReadFile(filepath.Join(data, "schemas", name))
		if err != nil {
			t.Fatal(err)
		}
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		if err := c.AddResource("http://cyclonedx.org/schema/"+name, v); err != nil {
			t.Fatal(err)
		}
	}
	schema, err := c.Compile("http://cyclonedx.org/schema/bom-" + spec + ".schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// checkSchema holds a document against the published schema, where that is at hand.
func checkSchema(t testing.TB, spec string, text []byte) {
	t.Helper()
	schema := schemaOf(t, spec)
	if schema == nil {
		return
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(v); err != nil {
		t.Errorf("%s: %v", spec, err)
	}
}

func TestAgainstTheSchema(t *testing.T) {
	if os.Getenv("REEVE_TESTDATA") == "" {
		t.Skip("REEVE_TESTDATA is not set: it names the folder with schemas/bom-1.6.schema.json")
	}
	bare := write(t, filepath.Join(t.TempDir(), "bare"), map[string]string{"weights.bin": "x"})
	for _, spec := range []string{"1.6", "1.7"} {
		for _, text := range [][]byte{written(t, rich(t), full(t, spec)), written(t, rich(t), options(spec)), written(t, bare, options(spec)), written(t, wellDocumented(t), full(t, spec))} {
			checkSchema(t, spec, text)
		}
	}
	o := vulndb.VEXOptions{Author: "Ana", Tool: "1", Clock: options("").Clock}
	vex, err := vulndb.CycloneDXVEX(full(t, "").Deps, o)
	if err != nil {
		t.Fatal(err)
	}
	checkSchema(t, "1.6", vex)
}

func FuzzCard(f *testing.F) {
	f.Add(card)
	f.Add("---\na: [\n---\n# T\n")
	f.Fuzz(func(t *testing.T, text string) {
		dir := write(t, filepath.Join(t.TempDir(), "m"), map[string]string{"README.md": text})
		if !json.Valid(written(t, dir, options("1.6"))) {
			t.Error("no JSON")
		}
	})
}
