package analysis_test

import (
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/reeve-ai/reeve/internal/access"
	"github.com/reeve-ai/reeve/internal/access/analysis"
	"github.com/reeve-ai/reeve/policies"
)

func shipped(t testing.TB, modules ...string) (*access.Set, *access.Entities) {
	t.Helper()
	set, err := access.Compile(access.Default(), access.Options{Modules: modules})
	if err != nil {
		t.Fatal(err)
	}
	text, err := fs.ReadFile(policies.Access(), access.EntitiesName)
	if err != nil {
		t.Fatal(err)
	}
	entities, err := set.ParseEntities(access.EntitiesName, text)
	if err != nil {
		t.Fatal(err)
	}
	return set, entities
}

// Every example in docs/access.md is decided as the page says.
func TestExamplesOfTheManual(t *testing.T) {
	page, err := os.ReadFile("../../../docs/access.md")
	if err != nil {
		t.Fatal(err)
	}
	set, entities := shipped(t)
	cases := 0
	for _, block := range strings.Split(string(page), "```yaml case\n")[1:] {
		block, _, _ = strings.Cut(block, "```")
		text := "version: 1\ncontext: {mfa: true, country: DE, purpose: support, device: managed}\ncases:\n" + block
		f, err := analysis.ParseCases("docs/access.md", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range f.Run(set, entities) {
			if cases++; !r.OK {
				t.Errorf("%s: %s", r.Name, r.Message)
			}
		}
	}
	if cases < 14 {
		t.Errorf("only %d examples were found", cases)
	}
}

func TestShippedPoliciesAreClean(t *testing.T) {
	set, entities := shipped(t)
	for _, p := range analysis.Lint(set, entities) {
		t.Error(p)
	}
	src := access.Default()
	src.Policies = access.DefaultInvariants()
	invariants, err := access.Compile(src, access.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range analysis.Prove(set, invariants) {
		if p.Verdict != analysis.Holds {
			t.Errorf("%s: %s %v", p.Invariant, p.Verdict, p.Example)
		}
	}
	lax, _ := shipped(t, "dac", "rbac", "abac")
	broken := 0
	for _, p := range analysis.Prove(lax, invariants) {
		if p.Verdict == analysis.Broken && len(p.Example) > 0 && len(p.Rules) > 0 {
			broken++
		}
	}
	if broken != 3 {
		t.Errorf("without mac.cedar %d invariants are broken, want the three about labels", broken)
	}
}

func FuzzParseCases(f *testing.F) {
	f.Add([]byte("version: 1\ncases:\n  - {name: a, principal: b, action: c, resource: d, expect: allow}\n"))
	f.Add([]byte("version: 1\nnow: x\ncontext: {a: [1, {b: c}]}\n"))
	set, entities := shipped(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		if file, err := analysis.ParseCases("x", text); err == nil {
			file.Run(set, entities)
		}
	})
}

func FuzzReadRecorded(f *testing.F) {
	f.Add(`{"principal": "ana", "action": "model:use", "resource": "support-bot", "decision": "allow", "context": {}}`)
	f.Add(`{"principal": "User::\"a", "action": "::", "resource": "A::", "decision": "deny", "entities": []}`)
	set, entities := shipped(f)
	f.Fuzz(func(t *testing.T, text string) {
		r := analysis.NewReplay(set, entities)
		_ = analysis.ReadRecorded(strings.NewReader(text), func(_ int, rec *analysis.Recorded) error { return r.Ask(rec) })
	})
}
