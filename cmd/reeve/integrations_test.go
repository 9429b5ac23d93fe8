package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/rogpeppe/go-internal/testscript"
)

// TestIntegrationScripts runs the commands of the templates in integrations/ in a repository of their own.
func TestIntegrationScripts(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/integrations",
		Setup: func(e *testscript.Env) error {
			e.Setenv("REPO", root)
			e.Setenv("HOME", e.WorkDir)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exit": scriptExit,
			// steps YAML OUT: what a template runs, as one bash script.
			"steps": func(ts *testscript.TestScript, _ bool, args []string) {
				text, err := os.ReadFile(ts.MkAbs(args[0]))
				ts.Check(err)
				var doc any
				ts.Check(yaml.Unmarshal(text, &doc))
				found := commands(doc, nil)
				if len(found) == 0 {
					ts.Fatalf("%s runs nothing", args[0])
				}
				scriptWrite(ts, args[1], "set -eo pipefail\n"+strings.Join(found, "\n"))
			},
			// hook ID OUT: the entry of a pre-commit hook.
			"hook": func(ts *testscript.TestScript, _ bool, args []string) {
				text, err := os.ReadFile(filepath.Join(root, ".pre-commit-hooks.yaml"))
				ts.Check(err)
				var hooks []struct {
					ID, Entry, Language string
					PassFilenames       *bool `yaml:"pass_filenames"`
				}
				ts.Check(yaml.Unmarshal(text, &hooks))
				for _, h := range hooks {
					if h.ID == args[0] && h.Language != "" && h.PassFilenames != nil && !*h.PassFilenames {
						scriptWrite(ts, args[1], h.Entry+"\n")
						return
					}
				}
				ts.Fatalf("no hook is called %s, or it lacks something", args[0])
			},
		},
	})
}

// commands collects the values of "run" (GitHub) and "script" (GitLab), in order.
func commands(node any, found []string) []string {
	switch n := node.(type) {
	case map[string]any:
		for _, key := range []string{"run", "script"} {
			switch v := n[key].(type) {
			case string:
				found = append(found, v)
			case []any:
				for _, line := range v {
					if s, ok := line.(string); ok {
						found = append(found, s)
					}
				}
			}
		}
		for _, key := range []string{"runs", "jobs", "scan", "steps", "reeve-scan", "reeve-gate"} {
			found = commands(n[key], found)
		}
	case []any:
		for _, v := range n {
			found = commands(v, found)
		}
	}
	return found
}
