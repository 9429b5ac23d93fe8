package gate

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/reeve-ai/reeve/policies"
)

var update = flag.Bool("update", false, "write golden files")

// The schema that ships is the one of the types; the policy that ships fits it, one with a wrong word does not.
func TestSchema(t *testing.T) {
	const path = "../../docs/schemas/gate.schema.json"
	text, err := Schema()
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
		t.Error("docs/schemas/gate.schema.json is not that of the types: run the test with -update")
	}
	if strings.Contains(string(text), `"description": ""`) {
		t.Error("a field without a description")
	}
	parsed, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("gate", parsed); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("gate")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		text string
		fits bool
	}{
		{string(policies.Gate()), true},
		{worldPolicy, true},
		{"version: 1\nscann: {}\n", false},
		{"version: 1\nscan: {accept: [malicious]}\n", false},
		{"version: 1\nsigners: [{name: x, may: [everything]}]\n", false},
	} {
		var doc any
		if err := yaml.Unmarshal([]byte(tt.text), &doc); err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(doc); (err == nil) != tt.fits {
			t.Errorf("%.40q: %v", tt.text, err)
		}
	}
}
