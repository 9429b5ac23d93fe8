package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/reeve-ai/reeve/internal/lineage"
)

// maxStatementFiles bounds how many files of statements a graph reads.
const maxStatementFiles = 10_000

// graphFlags are the flags of `reeve attest graph`.
type graphFlags struct {
	keys           []string
	format, output string
	check          bool
}

func newAttestGraph() *cobra.Command {
	f := graphFlags{format: "text"}
	c := &cobra.Command{
		Use:   "graph [DIR|FILE...]",
		Short: "Show how a model came to be, from its statements",
		Long: `Show what signed statements say about how artefacts came from one another: data sets, training, conversion, scan,
evaluation, approval, verdict. Folders are searched for *.intoto.jsonl (default: the current one).

Artefacts are one by their digests, whatever their names. Statements that no trusted key signed are shown as not verified; links
that are missing, artefacts that two statements made, and cycles are told.

Exit status: 0 shown · 1 with --check: something is not whole · 2 usage · 3 a file could not be read.`,
		Example: "  reeve attest graph model/ data/ --key team.pub,board.pub\n  reeve attest graph --format svg -o lineage.svg --key team.pub",
		Args:    cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				args = []string{"."}
			}
			return f.run(c, args)
		},
	}
	c.Flags().StringSliceVar(&f.keys, "key", nil, "public key that is trusted; more than one with commas")
	c.Flags().StringVarP(&f.output, "output", "o", "", "file to write (default: standard output)")
	c.Flags().BoolVar(&f.check, "check", false, "exit with 1 where something is not whole")
	addFormat(c, &f.format, "text", "svg", "json")
	return c
}

func (f *graphFlags) run(c *cobra.Command, args []string) (err error) {
	keys, err := readPublicKeys(f.keys)
	if err != nil {
		return err
	}
	paths, err := statementFiles(args)
	if err != nil {
		return err
	}
	var all []lineage.Statement
	unread := false
	for _, path := range paths {
		envelopes, err := readStatements(path)
		if err != nil {
			fmt.Fprintf(c.ErrOrStderr(), "reeve: %s\n", clean(err.Error()))
			unread = true
		}
		for _, e := range envelopes {
			all = append(all, lineage.Read(e, filepath.ToSlash(path), keys...))
		}
	}
	g := lineage.Build(all, time.Now())
	if err := f.write(c, g); err != nil {
		return err
	}
	switch {
	case unread:
		return &toldError{exitIncomplete}
	case f.check && len(g.Problems) > 0:
		return &toldError{exitFindings}
	}
	return nil
}

func (f *graphFlags) write(c *cobra.Command, g *lineage.Graph) (err error) {
	w := c.OutOrStdout()
	if f.output != "" {
		file, createErr := os.Create(f.output)
		if createErr != nil {
			return fmt.Errorf("write graph: %w", createErr)
		}
		defer func() { err = firstError(err, file.Close()) }()
		w = file
	}
	switch f.format {
	case "json":
		return printJSON(w, g)
	case "svg":
		if err = g.SVG(w); errors.Is(err, lineage.ErrTooLarge) {
			err = usage("name fewer files, or use --format text or json", "%w", err)
		}
		return err
	}
	return g.Text(w)
}

// statementFiles are the files of statements among args: files as they are, folders searched.
func statementFiles(args []string) ([]string, error) {
	var out []string
	for _, arg := range args {
		info, err := os.Stat(arg)
		if err != nil {
			return nil, fmt.Errorf("open statements: %w", err)
		}
		if !info.IsDir() {
			out = append(out, arg)
			continue
		}
		err = filepath.WalkDir(arg, func(p string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case d.IsDir() && d.Name() == ".git":
				return fs.SkipDir
			case d.Type().IsRegular() && strings.HasSuffix(p, ".intoto.jsonl"):
				out = append(out, p)
			}
			if len(out) > maxStatementFiles {
				return usage("name fewer folders", "more than %d files of statements", maxStatementFiles)
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("search %s: %w", arg, err)
		}
	}
	if len(out) == 0 {
		return nil, usage("statements lie in files *.intoto.jsonl", "no statements in %s", strings.Join(args, ", "))
	}
	return out, nil
}
