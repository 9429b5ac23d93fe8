package store_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/store"
)

func TestPrincipals(t *testing.T) {
	db := open(t, t.TempDir())
	for _, k := range []store.APIKey{
		{ID: "k1", Name: "Ana", Role: reeve.RoleEmployee, Created: noon},
		{ID: "k2", Name: "Ana", Role: reeve.RoleEmployee, Created: noon},
		{ID: "k3", Name: "laptop", Role: reeve.RoleEmployee, Created: noon, Owner: "u1"},
		{ID: "k4", Name: store.ErasedName, Role: reeve.RoleEmployee, Created: noon},
	} {
		must(t, db.CreateKey(t.Context(), k, act(k.ID)))
	}
	_, err := db.CreateUser(t.Context(), store.User{ID: "u1", NameKey: "ben", Name: "ben", DisplayName: "Ben Doe", Email: "Ben@example.org", Kind: "user", Created: noon}, act("u1"))
	must(t, err)
	for name, want := range map[string][]string{
		"Ana": {"key:k1", "key:k2"}, "key:k1": {"key:k1"}, "K1": {"key:k1"}, "laptop": {"user:u1"}, "ben": {"user:u1"}, "user:u1": {"user:u1"},
		"ben@EXAMPLE.org": {"user:u1"}, "Ben Doe": {"user:u1"}, "nobody": nil, "": nil, store.ErasedName: nil, "k4": {"key:k4"},
	} {
		got, err := db.Principals(t.Context(), name)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%q: %v (-want +got):\n%s", name, err, diff)
		}
	}
}

func TestForgetPrincipalLeavesNoNameInTheFiles(t *testing.T) {
	dir := t.TempDir()
	db := open(t, dir)
	const canary = "Zebulon Quartermain"
	must(t, db.CreateKey(t.Context(), store.APIKey{ID: "k1", Name: canary, Role: reeve.RoleEmployee, Created: noon}, act("k1")))
	_, err := db.CreateUser(t.Context(), store.User{ID: "u1", NameKey: "z", Name: "z", DisplayName: canary, Email: "z@example.org", Attributes: map[string]string{"a": canary}, Kind: "user", Created: noon}, act("u1"))
	must(t, err)
	if !found(t, dir, canary) {
		t.Fatal("the name is not in the files before")
	}
	for id, want := range map[string]int{"key:K1": 1, "user:U1": 1, "key:none": 0, "user:none": 0, "other": 0} {
		if n, err := db.ForgetPrincipal(t.Context(), id); n != want || err != nil {
			t.Errorf("%s: %d rows, %v", id, n, err)
		}
	}
	if n, err := db.ForgetPrincipal(t.Context(), "key:k1"); n != 0 || err != nil {
		t.Errorf("a second time: %d, %v", n, err)
	}
	if found(t, dir, canary) {
		t.Error("the name is still in the files")
	}
	keys, _, err := db.Keys(t.Context(), -1)
	if err != nil || len(keys) != 1 || keys[0].Name != store.ErasedName || !keys[0].Revoked.IsZero() {
		t.Errorf("%+v, %v", keys, err)
	}
}

func found(t *testing.T, dir, text string) bool {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*"))
	must(t, err)
	for _, path := range paths {
		b, err := os.ReadFile(path)
		must(t, err)
		if bytes.Contains(b, []byte(text)) {
			return true
		}
	}
	return false
}
