package main

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/detect"
	"github.com/reeve-ai/reeve/detect/names"
)

var update = flag.Bool("update", false, "write generated documents instead of comparing them")

const kindsHead = `# What reeve finds

Each line is a rule; ` + "`reeve scan --rules`" + ` takes its name or its class (` + "`secret/*`" + `). The kind is what a finding says it is, the
severity what it has when the score is 0.7 or more: from 0.5 it is at most medium, from 0.3 at most low, and below it is
information, as for numbers that are published as samples.

This page is generated from the rules: ` + "`go test ./cmd/reeve -run Kinds -update`" + `.
`

// TestKindsDocument keeps docs/kinds.md what the rules say.
func TestKindsDocument(t *testing.T) {
	var b strings.Builder
	b.WriteString(kindsHead)
	class := ""
	for _, r := range allRules(t) {
		if c, _, _ := strings.Cut(r.ID, "/"); c != class {
			class = c
			fmt.Fprintf(&b, "\n## %s\n\n| rule | kind | severity | finds |\n|---|---|---|---|\n", class)
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", r.ID, r.Kind, reeve.Severity(r.Severity), strings.ReplaceAll(r.Description, "|", "\\|"))
	}
	const path = "../../docs/kinds.md"
	if *update {
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(b.String(), string(got)); diff != "" {
		t.Errorf("docs/kinds.md is old; run: go test ./cmd/reeve -run Kinds -update\n%s", diff)
	}
}

// allRules are those of every detector that the command line applies, by name.
func allRules(t *testing.T) []detect.Rule {
	t.Helper()
	rules := append(detect.Rules(), names.Rules()...)
	slices.SortStableFunc(rules, func(a, b detect.Rule) int { return strings.Compare(a.ID, b.ID) })
	return rules
}
