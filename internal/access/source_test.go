package access_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/access"
)

// Ten megabytes of policies are refused by their size, before anything of them is parsed.
func TestPoliciesOfTenMegabytes(t *testing.T) {
	dir := t.TempDir()
	line := []byte("@id(\"a\") permit (principal, action, resource);\n")
	if err := os.WriteFile(filepath.Join(dir, "big.cedar"), bytes.Repeat(line, 10<<20/len(line)), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := access.ReadDir(dir)
	var problems access.Problems
	if !errors.As(err, &problems) || !strings.Contains(err.Error(), "larger than 4 MiB") || problems.Hint() == "" {
		t.Errorf("got %v", err)
	}
}

// Decisions go on while sets and shares are exchanged; each sees one whole set.
func TestSwapWhileDeciding(t *testing.T) {
	e := defaults(t)
	closed := access.Default()
	closed.Policies = append(closed.Policies, access.Source{Name: "house.cedar", Text: []byte(`@id("house-closed") forbid (principal, action, resource);`)})
	set, err := access.Compile(closed, access.Options{})
	if err != nil {
		t.Fatal(err)
	}
	open := e.Set()
	r := access.Request{
		Principal: reeve.Principal{ID: "key:a", Kind: reeve.KindService, Roles: []reeve.Role{reeve.RoleEmployee}},
		Action:    access.ModelUse, Resource: access.Model("m", reeve.Label{}), Context: monday,
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 300 {
				d := access.Decide(e, r)
				if want := d.PolicyDigest == open.PolicyDigest(); d.Allow != want {
					t.Errorf("allow=%v by %s under %s", d.Allow, d.Rule, d.PolicyDigest)
					return
				}
			}
		})
	}
	for i := range 60 {
		next := set
		if i%2 == 1 {
			next = open
		}
		if err := e.Swap(next); err != nil {
			t.Error(err)
		}
		e.SetShares(map[string][]string{"model:m": {"user:zoe"}})
	}
	all.Wait()
}
