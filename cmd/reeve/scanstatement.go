package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/reeve-ai/reeve/internal/attest"
	"github.com/reeve-ai/reeve/internal/audit"
	"github.com/reeve-ai/reeve/internal/label"
	"github.com/reeve-ai/reeve/internal/report"
	"github.com/reeve-ai/reeve/internal/sourcing"
)

// statementFlags ask for a signed statement about what was scanned.
type statementFlags struct {
	path, key, data string
}

func (s *statementFlags) add(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&s.path, "statement", "", "append a signed data set statement (in-toto in DSSE) to this file")
	f.StringVar(&s.key, "sign-key", "", "with --statement: private key that signs, as `reeve attest keygen` makes it")
	f.StringVar(&s.data, "data", "", "with --statement: data directory whose custody log gets the statement's digest")
}

// check refuses what would make a statement say more than was scanned.
func (s *statementFlags) check(scan *scanFlags, args []string) error {
	const hint = "`reeve scan --statement data.intoto.jsonl --sign-key signing.key data/`"
	switch {
	case s.path == "" && s.key == "" && s.data == "":
		return nil
	case s.path == "" || s.key == "":
		return usage(hint, "--statement and --sign-key go together; --data needs both")
	case len(args) != 1 || !scan.git.none() || scan.stdin || scan.shard != "" || scan.baseline.write:
		return usage(hint, "a statement is about one folder or one file, scanned as a whole")
	case len(scan.include) > 0 || len(scan.exclude) > 0 || scan.tell.minSeverity != "info":
		return usage(hint, "a statement is about everything in a folder: leave --include, --exclude and --min-severity out")
	}
	return nil
}

// sign wraps a scan: the files are read before and after it, and what was scanned is signed only where nothing changed
// in between.
func (s *statementFlags) sign(dir string, in interface{ Version() string }, o *audit.Options, run func(context.Context) (*report.Summary, error)) func(context.Context) (*report.Summary, error) {
	return func(ctx context.Context) (*report.Summary, error) {
		before, err := filesOf(ctx, dir)
		if err != nil {
			return nil, err
		}
		sum, err := run(ctx)
		if err != nil || sum == nil {
			return sum, err
		}
		after, err := filesOf(ctx, dir)
		if err != nil {
			return sum, err
		}
		tree, err := attest.NewTree(before.Files)
		if err != nil {
			return sum, fmt.Errorf("data set statement: %w", err)
		}
		if now, err := attest.NewTree(after.Files); err != nil || now != tree {
			return sum, &hinted{fmt.Errorf("data set statement: %s changed while it was scanned", dir), "scan again when nothing writes to it"}
		}
		a, err := statementOf(ctx, dir, before, sum, in.Version(), o.Policy)
		if err != nil {
			return sum, err
		}
		if _, err := signDataset(ctx, s.path, s.key, s.data, a); err != nil {
			return sum, err
		}
		sum.Digest, sum.Statement = tree.Root, s.path
		return sum, nil
	}
}

// filesOf are the files of a folder, or the one file.
func filesOf(ctx context.Context, path string) (*sourcing.Files, error) {
	info, err := os.Stat(path)
	if err == nil && info.Mode().IsRegular() {
		f, err := sourcing.HashFile(path)
		if err != nil {
			return nil, fmt.Errorf("data set statement: %w", err)
		}
		return &sourcing.Files{Files: []attest.File{f}}, nil
	}
	return sourcing.Hash(ctx, path)
}

// statementOf sums up a scan.
func statementOf(ctx context.Context, dir string, files *sourcing.Files, sum *report.Summary, engine string, labels *label.Policy) (*attest.DatasetAudit, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("data set statement: %w", err)
	}
	a := &attest.DatasetAudit{
		Dataset: filepath.Base(abs), Files: files.Files, Engine: attest.Engine{Version: engine, Rules: sum.Rules}, Label: sum.Label,
		Before:     attest.Counts{Total: sum.Findings.Total, ByKind: sum.Findings.ByKind, BySeverity: sum.Findings.BySeverity},
		Suppressed: sum.Suppressed.Baseline + sum.Suppressed.Inline + sum.Suppressed.Allow + sum.Suppressed.Severity,
		Tool:       attest.Tool{Name: "reeve", Version: version().Version}, At: time.Now().UTC().Truncate(time.Second),
	}
	for _, skip := range sum.NotScanned {
		a.NotScanned = append(a.NotScanned, attest.NotScanned{Path: skip.Path, Reason: skip.Reason})
	}
	if more := sum.Skipped - len(sum.NotScanned); more > 0 {
		a.NotScanned = append(a.NotScanned, attest.NotScanned{Path: "…", Reason: fmt.Sprintf("%d more", more)})
	}
	for _, skip := range files.Skipped {
		a.NotScanned = append(a.NotScanned, attest.NotScanned{Path: skip.Path, Reason: skip.Reason})
	}
	return a, addSourcing(ctx, dir, a, labels)
}

// addSourcing binds the manifest beside the data and what its licences come to, if there is one.
func addSourcing(ctx context.Context, dir string, a *attest.DatasetAudit, labels *label.Policy) error {
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return nil // a single file has no manifest
	}
	d, err := readSources(dir)
	if err != nil {
		var wrong *usageError
		if errors.As(err, &wrong) {
			return err
		}
		return nil // there is none
	}
	r, err := sourcing.Check(ctx, d, sourcing.Options{Dir: dir, Now: time.Now(), Classify: labels.Of})
	if err != nil {
		return err
	}
	if known := d.Dataset.Name; known != "" && known != sourcing.Unknown {
		a.Dataset = known
	}
	a.Sourcing = r.Summary(d)
	return nil
}
