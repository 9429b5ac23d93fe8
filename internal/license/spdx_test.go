package license_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/reeve-ai/reeve/internal/license"
)

func TestParse(t *testing.T) {
	for _, tt := range []struct {
		text, want string
		choices    [][]string
	}{
		{"MIT", "MIT", [][]string{{"MIT"}}},
		{"  apache-2.0 ", "Apache-2.0", [][]string{{"Apache-2.0"}}},
		{"GPL-2.0+", "GPL-2.0+", [][]string{{"GPL-2.0+"}}},
		{"MIT OR Apache-2.0", "MIT OR Apache-2.0", [][]string{{"MIT"}, {"Apache-2.0"}}},
		{"mit or apache-2.0", "MIT OR Apache-2.0", [][]string{{"MIT"}, {"Apache-2.0"}}},
		{"MIT AND (BSD-3-Clause OR ISC)", "MIT AND (BSD-3-Clause OR ISC)", [][]string{{"MIT", "BSD-3-Clause"}, {"MIT", "ISC"}}},
		{"MIT AND BSD-3-Clause OR ISC", "MIT AND BSD-3-Clause OR ISC", [][]string{{"MIT", "BSD-3-Clause"}, {"ISC"}}},
		{"((MIT))", "MIT", [][]string{{"MIT"}}},
		{"MIT AND (MIT AND ISC)", "MIT AND (MIT AND ISC)", [][]string{{"MIT", "ISC"}}},
		{"GPL-2.0-only WITH Classpath-exception-2.0", "GPL-2.0-only WITH Classpath-exception-2.0", [][]string{{"GPL-2.0-only"}}},
		{"LicenseRef-llama3.1", "LicenseRef-llama3.1", [][]string{{"LicenseRef-llama3.1"}}},
		{"DocumentRef-spdx.tool-1.2:LicenseRef-MIT-Style-2", "DocumentRef-spdx.tool-1.2:LicenseRef-MIT-Style-2", [][]string{{"DocumentRef-spdx.tool-1.2:LicenseRef-MIT-Style-2"}}},
	} {
		t.Run(tt.text, func(t *testing.T) {
			e, err := license.Parse(tt.text)
			if err != nil {
				t.Fatal(err)
			}
			if e.String() != tt.want {
				t.Errorf("got %s, want %s", e, tt.want)
			}
			if diff := cmp.Diff(tt.choices, e.Choices()); diff != "" {
				t.Error("(-want +got):\n" + diff)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	deep := strings.Repeat("(", 40) + "MIT" + strings.Repeat(")", 40)
	for _, text := range []string{
		"", " ", "MIT MIT", "MIT AND", "AND MIT", "(MIT", "MIT)", "()", "MIT WITH", "MIT WITH MIT", "Llama-3", "LicenseRef-", "LicenseRef-a_b",
		"LicenseRef-openrail++", "DocumentRef-x:MIT", "MIT And ISC", "MIT,ISC", "MIT++", "NONE OR MIT", deep,
		strings.Repeat("MIT OR ", 200) + "MIT", strings.Repeat("x", 5000),
	} {
		if e, err := license.Parse(text); err == nil {
			t.Errorf("%.40q is read as %s", text, e)
		}
	}
	for _, text := range []string{"NONE", "NOASSERTION"} {
		if _, err := license.Parse(text); !errors.Is(err, license.ErrNone) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// An expression with very many choices is read but not multiplied out.
func TestChoicesAreBounded(t *testing.T) {
	e, err := license.Parse(strings.Repeat("(MIT OR ISC) AND ", 20) + "(MIT OR Zlib)")
	if err != nil {
		t.Fatal(err)
	}
	if c := e.Choices(); c != nil {
		t.Errorf("%d choices", len(c))
	}
}

// What String writes, Parse reads back to the same choices and the same string.
func TestStringIsReadBack(t *testing.T) {
	var expression func(depth int) *rapid.Generator[string]
	expression = func(depth int) *rapid.Generator[string] {
		return rapid.Custom(func(t *rapid.T) string {
			if depth == 0 || rapid.Bool().Draw(t, "leaf") {
				return rapid.SampledFrom([]string{"MIT", "ISC", "Zlib+", "LicenseRef-x", "GPL-2.0-only WITH Classpath-exception-2.0"}).Draw(t, "id")
			}
			op := rapid.SampledFrom([]string{" AND ", " OR "}).Draw(t, "op")
			return "(" + expression(depth-1).Draw(t, "left") + ")" + op + "(" + expression(depth-1).Draw(t, "right") + ")"
		})
	}
	rapid.Check(t, func(t *rapid.T) {
		text := expression(3).Draw(t, "text")
		e, err := license.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		again, err := license.Parse(e.String())
		if err != nil {
			t.Fatalf("%s: %v", e, err)
		}
		if again.String() != e.String() {
			t.Fatalf("%s becomes %s", e, again)
		}
		if diff := cmp.Diff(e.Choices(), again.Choices()); diff != "" {
			t.Fatal(diff)
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"MIT", "(MIT OR ISC) AND Zlib", "GPL-2.0-only WITH Classpath-exception-2.0", "NONE", "((", "LicenseRef-a AND DocumentRef-b:LicenseRef-c"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		e, err := license.Parse(s)
		if err != nil {
			return
		}
		again, err := license.Parse(e.String())
		if err != nil || again.String() != e.String() {
			t.Fatalf("%q is written as %q, which is read as %v, %v", s, e, again, err)
		}
		if len(e.IDs()) == 0 {
			t.Fatalf("%q has no identifiers", s)
		}
	})
}
