package access

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/reeve-ai/reeve/policies"
)

// Limits of a policy set. What is larger is no policy that somebody can review, and is refused before it is parsed.
const (
	maxSourceBytes = 4 << 20  // all files of a set together
	maxPolicyBytes = 64 << 10 // one policy; it bounds the depth of expressions too
	maxSchemaBytes = 1 << 20  // one schema file
	maxPolicies    = 20_000
)

// Where the policies of a project lie.
const (
	Folder       = "policies/access" // from the folder of reeve.yaml
	EntitiesName = "entities.json"   // beside the policies
)

// Source is one file of a policy set.
type Source struct {
	Name string // as it appears in errors
	Text []byte
}

// Sources are the files of a policy set: schema files (.cedarschema) and policy files (.cedar), each sorted by name.
type Sources struct {
	Schemas, Policies []Source
}

// Modules are the names of the four models' policy files, without ".cedar".
func Modules() []string { return []string{"dac", "rbac", "mac", "abac"} }

// Default returns the policy set that ships.
func Default() Sources {
	s, err := readFolder(policies.Access(), ".", policies.AccessName)
	if err != nil {
		panic("the access policy that ships cannot be read: " + err.Error())
	}
	return s
}

// DefaultInvariants are the invariants that ship: what the policies that ship must never allow.
func DefaultInvariants() []Source {
	s, err := readFolder(policies.Access(), "invariants", policies.AccessName+"/invariants")
	if err != nil {
		panic("the invariants that ship cannot be read: " + err.Error())
	}
	return s.Policies
}

// ReadDir reads the policy set in a folder; folders in it are not looked at. Without a schema file of its own it uses the
// schema that ships.
func ReadDir(dir string) (Sources, error) {
	s, err := readFolder(os.DirFS(dir), ".", dir)
	if err != nil {
		return Sources{}, fmt.Errorf("read access policies in %s: %w", dir, err)
	}
	if len(s.Policies) == 0 {
		return Sources{}, Problems{{File: dir, Message: "there is no policy file (*.cedar)", Remedy: "`reeve init` writes the default policies; without any rule everything is denied"}}
	}
	if len(s.Schemas) == 0 {
		s.Schemas = Default().Schemas
	}
	return s, nil
}

func readFolder(from fs.FS, dir, name string) (Sources, error) {
	entries, err := fs.ReadDir(from, dir)
	if err != nil {
		return Sources{}, err
	}
	var s Sources
	total := int64(0)
	for _, e := range entries {
		schema, policy := strings.HasSuffix(e.Name(), ".cedarschema"), strings.HasSuffix(e.Name(), ".cedar")
		if !schema && !policy || e.IsDir() || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		info, err := fs.Stat(from, path.Join(dir, e.Name()))
		if err != nil {
			return Sources{}, err
		}
		if !info.Mode().IsRegular() {
			return Sources{}, Problems{{File: path.Join(name, e.Name()), Message: "is no regular file", Remedy: "keep policies as plain files"}}
		}
		if total += info.Size(); total > maxSourceBytes {
			return Sources{}, tooLarge(path.Join(name, e.Name()))
		}
		text, err := fs.ReadFile(from, path.Join(dir, e.Name()))
		if err != nil {
			return Sources{}, err
		}
		if schema {
			s.Schemas = append(s.Schemas, Source{path.Join(name, e.Name()), text})
		} else {
			s.Policies = append(s.Policies, Source{path.Join(name, e.Name()), text})
		}
	}
	return s, nil
}

func tooLarge(file string) Problems {
	return Problems{{
		File: file, Message: fmt.Sprintf("with this file the policies are larger than %d MiB", maxSourceBytes>>20),
		Remedy: "say it with roles, groups and attributes instead of a policy for each case",
	}}
}

// only keeps the files of the modules named, and every file that belongs to no module. Nil keeps all.
func (s Sources) only(modules []string) (Sources, error) {
	if modules == nil {
		return s, nil
	}
	for _, m := range modules {
		if !slices.Contains(Modules(), m) {
			return Sources{}, fmt.Errorf("access model %q is none of %v", m, Modules())
		}
		if !slices.ContainsFunc(s.Policies, func(f Source) bool { return moduleOf(f.Name) == m }) {
			return Sources{}, errors.New("the access model " + m + " is asked for, but there is no file " + m + ".cedar")
		}
	}
	s.Policies = slices.DeleteFunc(slices.Clone(s.Policies), func(f Source) bool {
		m := moduleOf(f.Name)
		return m != "" && !slices.Contains(modules, m)
	})
	return s, nil
}

// moduleOf is the module that a policy file holds, "" for a file of the house's own.
func moduleOf(file string) string {
	name := strings.TrimSuffix(path.Base(file), ".cedar")
	if slices.Contains(Modules(), name) {
		return name
	}
	return ""
}
