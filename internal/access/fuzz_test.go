package access

import (
	"testing"

	"github.com/cedar-policy/cedar-go/types"
)

// Whatever stands in a policy file, a schema, a file of entities or a context: an answer or an error, never a panic, and no
// allowance from a set that has no permit.
func FuzzCompile(f *testing.F) {
	f.Add([]byte(`@id("a") permit (principal, action, resource);`), []byte(smallSchema))
	f.Add([]byte(`@id("a") @reason("\u{41}") forbid (principal is User in Role::"x", action in [Action::"show"], resource) unless { if true then [1,{a: ip("::1")}].contains(-1) else "a" like "*" };`), []byte("namespace A { entity B; } type C = Set<Long>;"))
	f.Fuzz(func(t *testing.T, policy, schema []byte) {
		_, _ = Compile(Sources{Schemas: []Source{{"s", schema}}, Policies: []Source{{"p.cedar", policy}}}, Options{})
	})
}

func FuzzEntities(f *testing.F) {
	f.Add([]byte(`[{"uid":{"type":"User","id":"u"},"parents":[{"type":"Role","id":"reader"}],"attrs":{"clearance":{"level":0,"categories":[]},"hours":1}}]`), []byte(`{"mfa":true}`))
	f.Add([]byte(`[{"uid":{"__entity":{"type":"Doc","id":"d"}},"parents":[],"attrs":{"label":{"level":9,"categories":["a",{"__extn":{"fn":"ip","arg":"::1"}}]}}}]`), []byte(`{"mfa":{"__extn":{"fn":"datetime","arg":"2026-01-01"}}}`))
	s := small(f, `@id("no") forbid (principal, action, resource) when { context.mfa };`)
	f.Fuzz(func(t *testing.T, text, context []byte) {
		e, err := s.ParseEntities("e.json", text)
		if err != nil {
			return
		}
		c, err := s.ParseContext(uid("Action", "show"), context)
		if err != nil {
			return
		}
		for _, p := range e.All() {
			if d := s.Decide(Query{p.UID, types.NewEntityUID("Action", "show"), uid("Doc", "d"), c, e}); d.Allow {
				t.Fatal("allowed without a permit")
			}
		}
	})
}
