package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/access"
	"github.com/reeve-ai/reeve/policies"
)

// A changed folder of access policies comes into force; a set with a mistake in it does not, and the old one stays.
func TestReloadAccess(t *testing.T) {
	dir := t.TempDir()
	put := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	entries, err := fs.ReadDir(policies.Access(), ".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if text, err := fs.ReadFile(policies.Access(), e.Name()); err == nil {
			put(e.Name(), string(text))
		}
	}
	s, _ := startServer(t, func(set *settings) { set.access = dir })
	ask := func() access.Decision {
		return access.Decide(s.access, access.Request{
			Principal: reeve.Principal{ID: "key:a", Kind: reeve.KindService, Roles: []reeve.Role{reeve.RoleEmployee}},
			Action:    access.ModelUse, Resource: access.Model("m", reeve.Label{}), Context: access.Context{Now: time.Now()},
		})
	}
	if d := ask(); !d.Allow {
		t.Fatalf("the policies that ship deny an employee a model: %+v", d)
	}
	put("house.cedar", `@id("house-closed") @reason("the house is closed") forbid (principal, action == Action::"model:use", resource);`)
	s.reload() // as SIGHUP does; the watcher may do it besides
	if d := ask(); d.Allow || d.Rule != "house-closed" || d.Reason != "the house is closed" {
		t.Errorf("a new policy file is not in force: %+v", d)
	}
	digest := s.access.Set().PolicyDigest()
	for name, bad := range map[string]string{
		"syntax":     `@id("x") permit (principal`,
		"type":       `@id("x") permit (principal, action, resource) when { resource.lable.level > 1 };`,
		"id missing": `permit (principal, action, resource);`,
		"id twice":   `@id("dac-owner") permit (principal, action, resource);`,
		"not there":  "",
	} {
		put("house.cedar", bad)
		if bad == "" {
			put("access.cedarschema", "entity User;")
		}
		s.reload()
		if got := s.access.Set().PolicyDigest(); got != digest || ask().Allow {
			t.Errorf("%s: the set in force is another one", name)
		}
	}
}
