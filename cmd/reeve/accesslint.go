package main

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/reeve-ai/reeve/internal/access"
	"github.com/reeve-ai/reeve/internal/access/analysis"
)

func newAccessLint() *cobra.Command {
	var flags accessFlags
	format := "text"
	c := &cobra.Command{
		Use:   "lint",
		Short: "Find rules that are wrong, or that can never matter",
		Long: `Find rules that are in error (grammar, types, no @id or the same twice), and those that are well typed and all
the same wrong: permits without any condition, conditions that are always or never met, rules that another
one shadows, names of roles and entities that do not exist, texts that an attribute never has, actions that
no rule grants.

Exit status: 0 clean · 1 findings · 2 usage, or the policies are in error.`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			var problems access.Problems
			code := exitFindings
			set, entities, err := flags.load()
			switch {
			case errors.As(err, &problems):
				code = exitUsage
			case err != nil:
				return err
			case len(entities.All()) == 0:
				problems = analysis.Lint(set, nil)
			default:
				problems = analysis.Lint(set, entities)
			}
			if format == "json" {
				err = printJSON(c.OutOrStdout(), struct {
					SchemaVersion int              `json:"schema_version"`
					Problems      []access.Problem `json:"problems"`
				}{schemaVersion, append([]access.Problem{}, problems...)})
			} else {
				err = printProblems(c.OutOrStdout(), problems)
			}
			if err == nil && len(problems) > 0 {
				return &toldError{code}
			}
			return err
		},
	}
	flags.add(c)
	addFormat(c, &format, "text", "json")
	return c
}

func printProblems(w io.Writer, problems access.Problems) error {
	for _, p := range problems {
		fmt.Fprintf(w, "%s\n  what to do: %s\n", p, p.Remedy)
	}
	_, err := fmt.Fprintf(w, "%s\n", counted(len(problems), "problem"))
	return err
}

func newAccessProve() *cobra.Command {
	var flags accessFlags
	format := "text"
	c := &cobra.Command{
		Use:   "prove [INVARIANTS.cedar]",
		Short: "Search small worlds for a request that a stated invariant forbids",
		Long: `Search small worlds for a request that a stated invariant forbids and the rules allow.

An invariant is a Cedar forbid with an @id, in a file of its own (default: invariants/*.cedar beside the
policies): it says what must never be allowed, whatever the rules are. It holds if in all worlds over the
facts it speaks of (levels, two categories, all roles, the values that rules compare with and what lies
beside them) the forbids refuse it. It is broken if a world is found in which it is allowed; that world is
shown. Where neither is shown it is open: a bounded search cannot prove what depends on everything else.

Exit status: 0 all hold · 1 one is broken · 2 usage, or the policies are in error · 3 one is open.`,
		Args: atMostOne,
		RunE: func(c *cobra.Command, args []string) error {
			set, dir, err := flags.set()
			if err != nil {
				return err
			}
			invariants, err := loadInvariants(dir, args)
			if err != nil {
				return err
			}
			proofs := analysis.Prove(set, invariants)
			if format == "json" {
				err = printJSON(c.OutOrStdout(), struct {
					SchemaVersion int              `json:"schema_version"`
					Proofs        []analysis.Proof `json:"proofs"`
				}{schemaVersion, proofs})
			} else {
				err = printProofs(c.OutOrStdout(), proofs)
			}
			if code := proofCode(proofs); err == nil && code != exitClean {
				return &toldError{code}
			}
			return err
		},
	}
	flags.add(c)
	addFormat(c, &format, "text", "json")
	return c
}

// loadInvariants compiles invariants against the schema of the policies in dir.
func loadInvariants(dir string, args []string) (*access.Set, error) {
	src := access.Default()
	if dir != "" {
		var err error
		if src, err = access.ReadDir(dir); err != nil {
			return nil, accessError(err)
		}
	}
	src.Policies = access.DefaultInvariants()
	var paths []string
	switch {
	case len(args) == 1:
		paths = args
	case dir != "":
		paths, _ = filepath.Glob(filepath.Join(dir, "invariants", "*.cedar")) // fails for a malformed pattern only
		if len(paths) == 0 {
			return nil, usage("give a file of invariants; `reeve init` writes some", "there are no invariants in %s", filepath.Join(dir, "invariants"))
		}
	}
	if paths != nil {
		src.Policies = nil
	}
	for _, path := range paths {
		text, err := readBounded(path, 1<<20)
		if err != nil {
			return nil, usage("", "read invariants: %w", err)
		}
		src.Policies = append(src.Policies, access.Source{Name: path, Text: text})
	}
	set, err := access.Compile(src, access.Options{})
	if err != nil {
		return nil, accessError(err)
	}
	for _, p := range set.Policies() {
		if !p.Forbid {
			return nil, usage("write it as a forbid: what must never be allowed", "%s:%d: the invariant %s is a permit", p.File, p.Line, p.ID)
		}
	}
	return set, nil
}

func proofCode(proofs []analysis.Proof) int {
	code := exitClean
	for _, p := range proofs {
		switch p.Verdict {
		case analysis.Broken:
			return exitFindings
		case analysis.Open:
			code = exitIncomplete
		}
	}
	return code
}

func printProofs(w io.Writer, proofs []analysis.Proof) error {
	for _, p := range proofs {
		fmt.Fprintf(w, "%-6s %s (%s)\n", p.Verdict, p.Invariant, counted(p.Worlds, "world"))
		if p.Verdict == analysis.Broken {
			fmt.Fprintf(w, "  allowed by %s in this one:\n    %s\n", strings.Join(p.Rules, ", "), strings.Join(p.Example, "\n    "))
		}
	}
	return nil
}
