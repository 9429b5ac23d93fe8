package strict_test

import (
	"strings"
	"testing"

	"github.com/reeve-ai/reeve/internal/strict"
)

type file struct {
	Version int     `yaml:"version"`
	On      bool    `yaml:"on"`
	Rows    []entry `yaml:"rows"`
}

type entry struct {
	Name string `yaml:"name"`
}

var limits = strict.Limits{Bytes: 1 << 16, Marks: 1000, Depth: 6}

func TestDecode(t *testing.T) {
	var f file
	doc, err := strict.Decode("x.yaml", []byte("version: 1\nrows:\n  - name: a\n  - name: b\n"), &f, limits)
	if err != nil || f.Version != 1 || len(f.Rows) != 2 || f.Rows[1].Name != "b" {
		t.Fatalf("%+v, %v", f, err)
	}
	if got := doc.At("wrong", "rows", 1, "name").Error(); !strings.HasPrefix(got, "x.yaml:4:11: wrong\n") || !strings.Contains(got, "^") {
		t.Errorf("at: %s", got)
	}
	if got := doc.Line("rows", 1, "missing"); got != 4 {
		t.Errorf("line %d", got)
	}
	if _, err := strict.Decode("x.yaml", nil, &f, limits); err != nil {
		t.Errorf("empty: %v", err)
	}
}

func TestDecodeRefuses(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"unknown key", "version: 1\nversoin: 2\n", "x.yaml:2:1: unknown field"},
		{"repeated key", "version: 1\nversion: 2\n", "x.yaml:2:1: mapping key \"version\" already defined"},
		{"type", "version: many\n", "x.yaml:1:10: a number is wanted here"},
		{"list", "rows: 5\n", "x.yaml:1:7: "},
		{"anchor", "version: &a 1\n", "anchors, aliases and tags"},
		{"alias", "version: *a\n", "anchors, aliases and tags"},
		{"tag", "version: !!int 1\n", "anchors, aliases and tags"},
		{"deep", "rows: " + strings.Repeat("[", 50) + strings.Repeat("]", 50), "nested too deeply"},
		{"two documents", "version: 1\n---\nversion: 2\n", "2 YAML documents"},
		{"no YAML", "version: [1\n", "x.yaml:"},
		{"size", strings.Repeat("# comment\n", 10_000), "more than 65536"},
		{"marks", strings.Repeat("- ", 2000), "more than 1000 keys"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var f file
			if _, err := strict.Decode("x.yaml", []byte(tt.text), &f, limits); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte("version: 1\nrows:\n  - name: a\n"))
	f.Add([]byte("rows: [{name: \"x\"}, ]"))
	f.Add([]byte("? a\n: b"))
	f.Fuzz(func(t *testing.T, text []byte) {
		var v file
		doc, err := strict.Decode("x", text, &v, limits)
		if err == nil && doc.Line("rows", 0, "name") < 1 {
			t.Fatal("no line")
		}
	})
}
