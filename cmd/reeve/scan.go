package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/audit"
	"github.com/reeve-ai/reeve/internal/dataset"
	"github.com/reeve-ai/reeve/internal/redact"
	"github.com/reeve-ai/reeve/internal/report"
	"github.com/reeve-ai/reeve/internal/sourcing"
)

// Where a repository keeps what belongs to its scans.
const (
	baselineFile = ".reeve/baseline.json"
	allowFile    = ".reeve/allow.yaml"
	cacheFolder  = ".reeve/cache"
)

// scanFlags are the flags of `reeve scan`.
type scanFlags struct {
	detectors detectorFlags
	tell      tellFlags
	git       gitFlags
	baseline  writeBaselineFlags
	statement statementFlags

	cache            string
	noCache, resume  bool
	include, exclude []string
	workers          int
	stdin, jsonl     bool
	stdinName        string
	surrogates       string
	key              redactKey
	plan, shard      string
}

// tellFlags say what of the findings counts, and how they are told.
type tellFlags struct {
	format, output      string
	failOn, minSeverity string
	values, summary     bool
	explain             bool
	quiet               bool
	baseline, allow     string
	labels              string
}

func newScan() *cobra.Command {
	s := scanFlags{detectors: detectorFlags{readings: true}}
	c := &cobra.Command{
		Use:   "scan [PATH…]",
		Short: "Find personal data and secrets in data sets, models and source code",
		Long: `Find personal data, health and payment data and secrets in files and folders: JSONL, JSON, CSV, Parquet, Arrow,
text, Markdown, HTML, source code, PDF, DOCX, XLSX, and archives of them. Values are not printed unless --show-values is
given. docs/scan.md has examples.

What does not count: findings in the baseline (.reeve/baseline.json), those that .reeve/allow.yaml allows, and in texts
those with a comment "reeve:allow RULE reason" on their line or the line above.

Exit status: 0 clean · 1 findings of --fail-on or worse · 2 usage or configuration · 3 something was not scanned, or the
findings are not complete (goes before 1) · 130 interrupted. Files without text, such as images, are not scanned and do
not change the exit status.`,
		Example: `  reeve scan data/
  reeve scan --format sarif -o reeve.sarif .
  reeve scan --staged
  reeve scan --write-baseline --owner ml-team --reason "synthetic customers" --expires 2027-01-31 data/`,
		RunE: func(c *cobra.Command, args []string) error { return s.run(c, args) },
	}
	s.add(c)
	c.AddCommand(newScanPlan(), newScanShard(), newScanMerge(), newScanHash())
	return c
}

func (s *scanFlags) add(c *cobra.Command) {
	f := c.Flags()
	s.detectors.add(c)
	s.tell.add(c)
	s.git.add(c)
	s.baseline.add(c)
	s.statement.add(c)
	f.BoolVar(&s.tell.explain, "explain", false, "say under each finding what made its score; takes longer, and neither uses nor writes the cache")
	f.StringVar(&s.cache, "cache", cacheFolder, "folder with what earlier scans found, so that unchanged data is not scanned again")
	f.BoolVar(&s.noCache, "no-cache", false, "neither use nor write the cache")
	f.BoolVar(&s.resume, "resume", false, "go on with an interrupted scan of the same paths and options")
	addWalk(c, &s.include, &s.exclude)
	f.StringVar(&s.surrogates, "surrogates", "", "OUT.surrogates of a redaction: what is in it is no finding; needs its --redact-key")
	f.StringVar(&s.key.spec, "redact-key", "", "key of that redaction: file:PATH or env:NAME")
	f.IntVar(&s.workers, "workers", 0, "files and parts of files to scan at a time (default: one for each processor, at most 16)")
	f.BoolVar(&s.stdin, "stdin", false, "scan standard input")
	f.BoolVar(&s.jsonl, "jsonl", false, "with --stdin: a filter that answers each JSON line with one of its findings")
	f.StringVar(&s.stdinName, "stdin-name", "stdin", "with --stdin: name by which it is told; its ending may tell the format")
	f.StringVar(&s.plan, "plan", "", "with --shard: the plan that `reeve scan plan` made")
	f.StringVar(&s.shard, "shard", "", "scan shard i/n of --plan")
}

func addWalk(c *cobra.Command, include, exclude *[]string) {
	c.Flags().StringSliceVar(include, "include", nil, "only files that match, such as *.jsonl or train/**")
	c.Flags().StringSliceVar(exclude, "exclude", nil, "files and folders to leave out, deliberately: they are not told as not scanned")
}

func (t *tellFlags) add(c *cobra.Command) {
	f := c.Flags()
	t.format, t.failOn, t.minSeverity = "text", "medium", "info"
	addFormat(c, &t.format, report.Formats()...)
	severities := []string{"info", "low", "medium", "high", "critical"}
	f.StringVarP(&t.output, "output", "o", "", "write the report to a file (default: standard output)")
	f.Var(formatFlag{&t.failOn, append([]string{"none"}, severities...)}, "fail-on", "severity from which findings make the exit status 1")
	f.Var(formatFlag{&t.minSeverity, severities}, "min-severity", "least severity that is told and counted")
	f.BoolVar(&t.values, "show-values", false, "print the values that were found, for your eyes only")
	f.BoolVar(&t.summary, "summary", false, "tell only what the scan comes to, not each finding")
	f.BoolVarP(&t.quiet, "quiet", "q", false, "no progress and no closing line on standard error")
	f.StringVar(&t.baseline, "baseline", "", "list of accepted findings (default: "+baselineFile+" if there is one)")
	f.StringVar(&t.allow, "allow", "", "list of what is no finding (default: "+allowFile+" if there is one)")
	f.StringVar(&t.labels, "labels", "", "classification policy (default: the one that ships)")
}

func (s *scanFlags) run(c *cobra.Command, args []string) error {
	if err := s.check(c, args); err != nil {
		return err
	}
	if s.surrogates != "" && (s.shard != "" || s.statement.path != "") {
		return usage("scan in one piece, without --statement", "--surrogates goes with neither --shard nor --statement")
	}
	if s.shard != "" {
		return runShard(c, &s.detectors, s.plan, s.shard, s.tell.output, s.tell.allow, s.tell.quiet)
	}
	in, err := s.detectors.inspector()
	if err != nil {
		return err
	}
	known, err := s.openSurrogates()
	if err != nil {
		return err
	}
	if known != nil {
		defer known.Close()
		in = in.Without(func(text []byte) bool {
			ok, err := known.Has(text)
			return ok && err == nil
		}, known.ID())
	}
	o := audit.Options{
		Inspector: in, Workers: s.workers, Values: s.tell.values, Explain: s.tell.explain, Today: time.Now(), Cache: s.cache,
		Walk: walkOptions(s.include, s.exclude), Exclude: []string{s.tell.output},
	}
	if s.noCache {
		o.Cache = ""
	}
	o.Root = repositoryRoot()
	if s.stdin && s.jsonl {
		return s.filter(c, &o)
	}
	if err := s.tell.options(&o); err != nil {
		return err
	}
	return s.scan(c, args, &o)
}

// openSurrogates opens the list that the flags name, or none.
func (s *scanFlags) openSurrogates() (*redact.Surrogates, error) {
	if s.surrogates == "" {
		return nil, nil
	}
	if s.key.spec == "" {
		return nil, usage("give the key of the redaction that wrote the list", "--surrogates needs --redact-key")
	}
	key, err := s.key.read()
	if err != nil {
		return nil, err
	}
	known, err := redact.OpenSurrogates(s.surrogates, key)
	if err != nil {
		return nil, redactError(err)
	}
	return known, nil
}

// walkOptions leaves out what scans keep for themselves.
func walkOptions(include, exclude []string) dataset.WalkOptions {
	return dataset.WalkOptions{Include: include, Exclude: append([]string{".reeve"}, exclude...)}
}

// check refuses flags that do not go together.
func (s *scanFlags) check(c *cobra.Command, args []string) error {
	const hint = "`reeve scan --help` shows what goes together"
	sources := 0
	for _, given := range []bool{len(args) > 0 && s.git.none(), !s.git.none(), s.stdin, s.shard != ""} {
		if given {
			sources++
		}
	}
	switch {
	case sources == 0:
		return usage("`reeve scan .` scans the current folder", "reeve scan wants paths, --staged, --since or --stdin")
	case sources > 1:
		return usage(hint, "paths, --staged, --since, --stdin and --shard are different things to scan: give one of them")
	case s.git.staged && s.git.since != "":
		return usage(hint, "--staged and --since are different things to scan: give one of them")
	case s.git.lines && s.git.none():
		return usage(hint, "--changed-lines needs --staged or --since")
	case s.jsonl && !s.stdin:
		return usage(hint, "--jsonl needs --stdin; for output use --format jsonl")
	case (s.plan == "") != (s.shard == ""):
		return usage("`reeve scan --shard 1/4 --plan plan.json -o part-1.jsonl`", "--plan and --shard go together")
	case s.tell.explain && (s.shard != "" || s.tell.summary || !slices.Contains([]string{"text", "json", "jsonl"}, s.tell.format)):
		return usage(hint, "--explain goes with findings in --format text, json or jsonl, and not with --shard or --summary")
	case s.resume && (s.noCache || s.tell.values || s.tell.explain || !s.git.none() || s.stdin):
		return usage(hint, "--resume goes on from the cache, which this scan does not use")
	case c.Flags().Changed("workers") && s.workers < 1:
		return usage(hint, "--workers wants a number from 1")
	}
	if err := s.statement.check(s, args); err != nil {
		return err
	}
	return s.baseline.check(s)
}

// options reads what says which findings count.
func (t *tellFlags) options(o *audit.Options) error {
	if err := o.MinSeverity.UnmarshalText([]byte(t.minSeverity)); err != nil {
		return usage("", "--min-severity: %w", err)
	}
	var err error
	if o.Policy, err = loadLabels(t.labels); err != nil {
		return usage("policies/labels.yaml in the repository is the one that ships", "%w", err)
	}
	if path := orDefault(t.baseline, baselineFile); path != "" {
		if o.Baseline, err = audit.ReadBaseline(path); err != nil {
			return usage("`reeve scan --write-baseline` writes a new one", "%w", err)
		}
	}
	if path := orDefault(t.allow, allowFile); path != "" {
		if o.Allow, err = audit.ReadAllow(path); err != nil {
			return usage("docs/scan.md describes the allow list", "%w", err)
		}
	}
	return nil
}

// orDefault is the file that was asked for, or else the one that a repository may have.
func orDefault(asked, file string) string {
	if asked != "" {
		return asked
	}
	if _, err := os.Lstat(file); err == nil {
		return file
	}
	return ""
}

// repositoryRoot is the folder around the working directory that holds .git, or else the working directory.
func repositoryRoot() string {
	dir, err := os.Getwd()
	if err != nil {
		return ""
	}
	for at := dir; ; at = filepath.Dir(at) {
		if _, err := os.Lstat(filepath.Join(at, ".git")); err == nil {
			return at
		}
		if at == filepath.Dir(at) {
			return dir
		}
	}
}

// scan runs and reports.
func (s *scanFlags) scan(c *cobra.Command, args []string, o *audit.Options) error {
	source, err := s.source(c, args, o)
	if err != nil {
		return err
	}
	if s.resume && !audit.Interrupted(source.paths, *o) {
		return usage("without --resume the scan begins anew, and what the cache knows is used all the same",
			"there is no interrupted scan of these paths with these rules and options in %s", s.cache)
	}
	var accepted *audit.Baseline
	if s.baseline.write {
		accepted = &audit.Baseline{}
	}
	run := func(ctx context.Context) (*report.Summary, error) {
		if accepted != nil {
			return s.baseline.run(ctx, o, source, accepted)
		}
		return source.run(ctx, *o)
	}
	if s.statement.path != "" {
		o.Walk.Exclude = append(o.Walk.Exclude, sourcing.FileName, "*.intoto.jsonl") // they are about the data, and no part of it
		run = s.statement.sign(args[0], o.Inspector, o, run)
	}
	return s.tell.report(c, o, source.paths, accepted == nil, run)
}

// report opens the report, has it filled and closes it, and turns what the run came to into the exit status.
func (t *tellFlags) report(c *cobra.Command, o *audit.Options, paths []string, findings bool, run func(context.Context) (*report.Summary, error)) (err error) {
	out, closeOutput, err := t.open(c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeOutput()) }()
	w, err := report.New(t.format, out, report.Options{Version: version().Version, Color: t.output == "" && colorful(c.OutOrStdout())})
	if err != nil {
		return err
	}
	var failOn reeve.Severity
	fails := t.failOn != "none" && failOn.UnmarshalText([]byte(t.failOn)) == nil
	failed := false
	if findings && !t.summary && !t.unread(c.OutOrStdout()) {
		o.Found = w.Finding
	}
	bar := newProgress(c.ErrOrStderr(), t.quiet)
	o.Progress = bar.add
	bar.measure(c.Context(), paths, o.Walk, t.quiet)
	sum, runErr := run(c.Context())
	bar.done()
	if sum == nil {
		return runErr
	}
	for s := failOn; fails && s <= reeve.SeverityCritical; s++ {
		failed = failed || sum.Findings.BySeverity[s.String()] > 0
	}
	if err := w.Close(sum); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	t.closing(c.ErrOrStderr(), sum)
	switch {
	case errors.Is(runErr, context.Canceled):
		fmt.Fprintln(c.ErrOrStderr(), "reeve: interrupted: what was found so far is told; the same command goes on where it stopped, unless it has --no-cache")
		return &toldError{exitInterrupted}
	case runErr != nil:
		return runErr
	case sum.Skipped > 0:
		return &toldError{exitIncomplete}
	case failed && findings:
		return &toldError{exitFindings}
	}
	return nil
}

// open opens the output.
func (t *tellFlags) open(c *cobra.Command) (io.Writer, func() error, error) {
	if t.output == "" || t.output == "-" {
		return bufferedOutput(c.OutOrStdout())
	}
	f, err := os.Create(t.output)
	if err != nil {
		return nil, nil, usage("give -o a file in a folder that exists and may be written", "write report: %w", err)
	}
	w, flush, _ := bufferedOutput(f)
	return w, func() error { return errors.Join(flush(), f.Close()) }, nil
}

// closing names on standard error what was not scanned and what has expired.
func (t *tellFlags) closing(w io.Writer, s *report.Summary) {
	for _, skip := range s.NotScanned {
		fmt.Fprintf(w, "reeve: not scanned: %s: %s\n", clean(skip.Path), clean(skip.Reason))
	}
	if more := s.Skipped - len(s.NotScanned); more > 0 {
		fmt.Fprintf(w, "reeve: not scanned: %d more\n", more)
	}
	for _, e := range s.Expired {
		fmt.Fprintf(w, "reeve: expired: %d of the %s, owned by %s, ended on %s\n", e.Entries, e.What, clean(e.Owner), e.Expires)
	}
	if !t.quiet && t.format != "text" {
		fmt.Fprintf(w, "reeve: %d findings in %d files, %s; label %s\n", s.Findings.Total, s.Files, report.Size(s.Bytes), s.Label)
	}
}

// clean keeps control characters of names away from the terminal.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return '\uFFFD'
		}
		return r
	}, s)
}
