package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/reeve-ai/reeve/internal/access"
	"github.com/reeve-ai/reeve/internal/access/analysis"
)

func newAccessDiff() *cobra.Command {
	var recorded, entitiesFile string
	var models []string
	format := "text"
	c := &cobra.Command{
		Use:   "diff OLD NEW",
		Short: "Tell what two folders of policies decide differently",
		Long: `Tell what two folders of policies decide differently: which requests were denied and are allowed, or the other way
round, and by which rules.

For each action that a changed rule is about it goes through all values of what the changed rules look at, before
several backgrounds for everything else. With --recorded it asks recorded questions (JSON lines with principal,
action, resource, context, entities, decision) of the new set instead.

Exit status: 0 no decision differs · 1 some do · 2 usage, or the policies are in error.`,
		Example: `  reeve access diff main/policies/access policies/access`,
		Args:    exactly(2, "the old and the new folder"),
		RunE: func(c *cobra.Command, args []string) error {
			before, err := loadAccess(args[0], models)
			if err != nil {
				return err
			}
			after, err := loadAccess(args[1], models)
			if err != nil {
				return err
			}
			var r analysis.DiffResult
			if recorded == "" {
				r = analysis.Diff(before, after)
			} else if r, err = diffRecorded(before, after, recorded, entitiesFile); err != nil {
				return err
			}
			if err := printDiff(c.OutOrStdout(), format, &r); err != nil {
				return err
			}
			if len(r.Differences) > 0 {
				return &toldError{exitFindings}
			}
			return nil
		},
	}
	c.Flags().StringVar(&recorded, "recorded", "", "file of recorded questions, - for standard input")
	c.Flags().StringVar(&entitiesFile, "entities", "", "file of entities, for records that hold none of their own")
	c.Flags().StringSliceVar(&models, "models", nil, "which of dac, rbac, mac, abac are in force (default all that are there)")
	addFormat(c, &format, "text", "json")
	return c
}

// diffRecorded asks recorded questions of both sets.
func diffRecorded(before, after *access.Set, file, entitiesFile string) (r analysis.DiffResult, err error) {
	old, err := loadEntities(before, entitiesFile)
	if err != nil {
		return r, err
	}
	now, err := loadEntities(after, entitiesFile)
	if err != nil {
		return r, err
	}
	from := analysis.NewReplay(before, old)
	to := analysis.NewReplay(after, now)
	err = withRecorded(file, func(in io.Reader) error {
		return analysis.ReadRecorded(in, func(_ int, rec *analysis.Recorded) error {
			d, err := from.Answer(rec)
			if err != nil {
				return err
			}
			again := *rec
			again.Decision, again.Rule = verdictWord(d), d.Rule
			return to.Ask(&again)
		})
	})
	r.Differences, r.Worlds = to.Differences(), to.Asked
	r.Name(before, after)
	return r, err
}

func withRecorded(file string, do func(io.Reader) error) error {
	in := io.Reader(os.Stdin)
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return usage("", "read recorded questions: %w", err)
		}
		defer f.Close()
		in = f
	}
	if err := do(in); err != nil {
		return usage(`a line is {"principal": …, "action": …, "resource": …, "context": {…}, "decision": "allow"}`, "%s: %w", file, err)
	}
	return nil
}

func printDiff(w io.Writer, format string, r *analysis.DiffResult) error {
	if format == "json" {
		return printJSON(w, struct {
			SchemaVersion int                   `json:"schema_version"`
			Added         []string              `json:"added"`
			Removed       []string              `json:"removed"`
			Changed       []string              `json:"changed"`
			Worlds        int                   `json:"worlds"`
			Exhaustive    bool                  `json:"exhaustive"`
			Differences   []analysis.Difference `json:"differences"`
		}{
			schemaVersion, append([]string{}, r.Added...), append([]string{}, r.Removed...), append([]string{}, r.Changed...), r.Worlds, r.Exhaustive,
			append([]analysis.Difference{}, r.Differences...),
		})
	}
	for _, part := range []struct {
		word string
		ids  []string
	}{{"added", r.Added}, {"removed", r.Removed}, {"changed", r.Changed}} {
		if len(part.ids) > 0 {
			fmt.Fprintf(w, "rules %s: %s\n", part.word, strings.Join(part.ids, ", "))
		}
	}
	printDifferences(w, r.Differences)
	_, err := fmt.Fprintf(w, "%s in %s\n", counted(len(r.Differences), "difference"), counted(r.Worlds, "question"))
	return err
}

func printDifferences(w io.Writer, list []analysis.Difference) {
	words := map[string]string{"allowed": "now allowed", "denied": "now denied", "error": "no longer judged"}
	for _, d := range list {
		fmt.Fprintf(w, "%s: %s (was by %s, is by %s; %d times), for example\n    %s\n", d.Action, words[d.Change], d.Before, d.After, d.Count, strings.Join(d.Example, "\n    "))
	}
}

func newAccessReplay() *cobra.Command {
	var flags accessFlags
	format := "text"
	c := &cobra.Command{
		Use:   "replay RECORDED",
		Short: "Ask recorded questions again, of another set of policies",
		Long: `Ask recorded questions again, of another set of policies, and tell which are answered otherwise. RECORDED is a file of
JSON lines with principal, action, resource, context, entities, decision and rule, or - for standard input.

Exit status: 0 all the same · 1 some otherwise · 2 usage, or the policies are in error.`,
		Example: `  reeve access replay decisions.jsonl --policies policies/access`,
		Args:    exactly(1, "a file of recorded questions"),
		RunE: func(c *cobra.Command, args []string) error {
			set, entities, err := flags.load()
			if err != nil {
				return err
			}
			replay := analysis.NewReplay(set, entities)
			err = withRecorded(args[0], func(in io.Reader) error {
				return analysis.ReadRecorded(in, func(_ int, rec *analysis.Recorded) error { return replay.Ask(rec) })
			})
			if err != nil {
				return err
			}
			list := replay.Differences()
			if format == "json" {
				err = printJSON(c.OutOrStdout(), struct {
					SchemaVersion int                   `json:"schema_version"`
					Asked         int                   `json:"asked"`
					Same          int                   `json:"same"`
					Differences   []analysis.Difference `json:"differences"`
				}{schemaVersion, replay.Asked, replay.Same, append([]analysis.Difference{}, list...)})
			} else {
				printDifferences(c.OutOrStdout(), list)
				_, err = fmt.Fprintf(c.OutOrStdout(), "%s asked again, %d answered the same\n", counted(replay.Asked, "question"), replay.Same)
			}
			if err == nil && replay.Same != replay.Asked {
				return &toldError{exitFindings}
			}
			return err
		},
	}
	flags.add(c)
	addFormat(c, &format, "text", "json")
	return c
}
