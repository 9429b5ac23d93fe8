package sourcing_test

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/reeve-ai/reeve/internal/sourcing"
)

var update = flag.Bool("update", false, "write golden files anew")

// What Marshal writes, Parse reads back.
func TestRoundTrip(t *testing.T) {
	m := manifest()
	d := parsed(t, m)
	if diff := cmp.Diff(*m, d.Manifest, cmpopts.EquateEmpty()); diff != "" {
		t.Error("(-want +got):\n" + diff)
	}
}

func TestParseRefuses(t *testing.T) {
	const head = "version: 1\ndataset: {name: x}\nsources:\n"
	const source = "  - {id: a, kind: public, files: [a], licence: {declared: MIT}}\n"
	if _, err := sourcing.Parse("s.yaml", []byte(head+source)); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ name, text, want string }{
		{"no version", "dataset: {name: x}\n", "this reeve reads version 1"},
		{"newer", "version: 2\n", "s.yaml:1:10: "},
		{"unknown key", head + "  - {id: a, licnece: {}}\n", "s.yaml:4:13: unknown field \"licnece\""},
		{"kind", head + strings.Replace(source, "public", "pubic", 1), "s.yaml:4:19: want one of public, licensed"},
		{"id", head + strings.Replace(source, "id: a", "id: A b", 1), "want text that matches"},
		{"no id", head + strings.Replace(source, "id: a, ", "", 1), "a source needs an id"},
		{"twice", head + source + source, "s.yaml:5:10: two sources have this id"},
		{"no files", head + strings.Replace(source, "files: [a], ", "", 1), "a source needs files"},
		{"glob", head + strings.Replace(source, "[a]", "[\"../a\"]", 1), "a glob has no . and no .."},
		{"broken glob", head + strings.Replace(source, "[a]", "[\"a[\"]", 1), "the glob is malformed"},
		{"document", "version: 1\ndataset: {name: x, documents: [/etc/passwd]}\nsources: []\n", "below the folder"},
		{"date", head + "  - {id: a, kind: public, files: [a], licence: {declared: MIT}, expires: soon}\n", "want a date"},
		{"digest", head + "  - {id: a, kind: public, files: [a], licence: {declared: MIT}, digest: md5}\n", "want text that matches"},
		{"label", head + "  - {id: a, kind: public, files: [a], licence: {declared: MIT}, classification: high}\n", "label \"high\""},
		{"number", head + "  - {id: a, kind: public, files: [a], licence: {declared: MIT}, bytes: -1}\n", "not negative"},
		{"answer", head + "  - {id: a, kind: public, files: [a], licence: {declared: MIT}, personal_data: {present: perhaps}}\n", "want one of yes, no, unknown"},
		{"many sources", head + strings.Repeat("  - {id: a}\n", 600), "600 sources, more than 500"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := sourcing.Parse("s.yaml", []byte(tt.text)); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

// The schema that ships is the one of the types; the whole manifest fits it, one with a wrong word does not.
func TestSchema(t *testing.T) {
	const path = "../../docs/schemas/sourcing.schema.json"
	text, err := sourcing.Schema()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	shipped, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(shipped) != string(text) {
		t.Error("docs/schemas/sourcing.schema.json is not that of the types: run the test with -update")
	}
	if n := strings.Count(string(text), `"type":`) - strings.Count(string(text), `"items":`); strings.Count(string(text), `"description": "`) < n*9/10 {
		t.Error("fields without a description")
	}
	parsed, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("sourcing", parsed); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("sourcing")
	if err != nil {
		t.Fatal(err)
	}
	m := manifest()
	if err := schema.Validate(generic(t, m)); err != nil {
		t.Error(err)
	}
	m.Sources[0].Kind = "pubic"
	if schema.Validate(generic(t, m)) == nil {
		t.Error("a wrong kind fits the schema")
	}
}

func generic(t *testing.T, m *sourcing.Manifest) any {
	t.Helper()
	text, err := sourcing.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	j, err := yaml.YAMLToJSON(text)
	if err != nil {
		t.Fatal(err)
	}
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(string(j)))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func FuzzParse(f *testing.F) {
	text, err := sourcing.Marshal(manifest())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte("version: 1\nsources:\n  - {id: a, kind: public, files: [\"**/*[a]\"], licence: {declared: MIT}}\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := sourcing.Parse("s", text)
		if err != nil {
			return
		}
		again, err := sourcing.Marshal(&d.Manifest)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := sourcing.Parse("s", again); err != nil {
			t.Fatalf("what is written cannot be read: %v\n%s", err, again)
		}
	})
}

// The manual names every rule.
func TestManualNamesEveryRule(t *testing.T) {
	text, err := os.ReadFile("../../docs/sourcing.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range sourcing.Rules() {
		if !strings.Contains(string(text), "`"+strings.TrimPrefix(r.ID, "sourcing/")+"`") && !strings.Contains(string(text), "`"+r.ID+"`") {
			t.Errorf("docs/sourcing.md does not name %s", r.ID)
		}
	}
}
