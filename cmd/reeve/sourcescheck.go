package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/attest"
	"github.com/reeve-ai/reeve/internal/report"
	"github.com/reeve-ai/reeve/internal/sourcing"
)

type sourcesCheckFlags struct {
	findings, key, labels, format string
	use                           []string
	establishments                []string
	family, release               string
}

func newSourcesCheck() *cobra.Command {
	f := sourcesCheckFlags{format: "text"}
	c := &cobra.Command{
		Use:   "check DIR",
		Short: "Hold sourcing.yaml against the files, the licences and the declared use",
		Example: `  reeve sources check data/ --use commercial
  reeve scan --format jsonl data/ > findings.jsonl; reeve sources check data/ --findings findings.jsonl`,
		Long: `Hold sourcing.yaml against the files of its folder, the licence texts that are there, what a
scan found, and the declared use.

--findings takes what "reeve scan --format jsonl" printed, or a signed data set statement
together with --key.
--use adds to the use that the manifest declares: commercial, release, or any tag such as
military.

Exit status: 0 the evidence supports the declared use · 1 something is wrong ·
2 usage, or sourcing.yaml cannot be read · 3 evidence is missing or stale ·
4 the statement's signature is not valid.`,
		Args: exactly(1, "a folder"),
		RunE: func(c *cobra.Command, args []string) error { return f.run(c, args[0]) },
	}
	fl := c.Flags()
	fl.StringVar(&f.findings, "findings", "", "findings of a scan, or a signed data set statement")
	fl.StringVar(&f.key, "key", "", "public key that must have signed the statement")
	fl.StringVar(&f.labels, "labels", "", "classification policy (default: the one that ships)")
	fl.StringSliceVar(&f.use, "use", nil, "commercial, release, or a tag; more than one with commas")
	fl.StringSliceVar(&f.establishments, "establishment", nil, "where the user is established, such as DE")
	fl.StringVar(&f.family, "family", "", "family of the model that is trained, such as llama")
	fl.StringVar(&f.release, "release-name", "", "name under which the model is released")
	addFormat(c, &f.format, append([]string{"text", "json", "jsonl"}, "sarif", "junit", "github", "csv")...)
	return c
}

func (f *sourcesCheckFlags) run(c *cobra.Command, dir string) error {
	d, err := readSources(dir)
	if err != nil {
		return err
	}
	f.apply(&d.Use)
	labels, err := loadLabels(f.labels)
	if err != nil {
		return usage("policies/labels.yaml in the repository is the one that ships", "%w", err)
	}
	observed, err := f.observed(dir)
	if err != nil {
		return err
	}
	r, err := sourcing.Check(c.Context(), d, sourcing.Options{Dir: dir, Now: time.Now(), Observed: observed, Classify: labels.Of})
	if err != nil {
		return err
	}
	if err := f.print(c.OutOrStdout(), d, r); err != nil {
		return err
	}
	switch {
	case r.Violated > 0:
		return &toldError{exitFindings}
	case r.Missing > 0:
		return &toldError{exitIncomplete}
	}
	return nil
}

// apply adds to the declared use. It never takes anything away.
func (f *sourcesCheckFlags) apply(u *sourcing.Use) {
	for _, word := range f.use {
		switch word {
		case "commercial":
			u.Commercial = true
		case "release":
			u.Release = true
		default:
			u.Tags = append(u.Tags, word)
		}
	}
	u.Establishments = append(u.Establishments, f.establishments...)
	if f.family != "" {
		u.Family = f.family
	}
	if f.release != "" {
		u.Release, u.ReleaseName = true, f.release
	}
}

// maxStatementHead is how much of a file tells whether it is a statement.
const maxStatementHead = 64

func (f *sourcesCheckFlags) observed(dir string) (*sourcing.Observed, error) {
	if f.findings == "" {
		return nil, nil //nolint:nilnil // no scan is known
	}
	file, err := os.Open(f.findings)
	if err != nil {
		return nil, fmt.Errorf("open findings: %w", err)
	}
	defer file.Close()
	head := make([]byte, maxStatementHead)
	n, err := io.ReadFull(file, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read findings: %w", err)
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return nil, fmt.Errorf("read findings: %w", err)
	}
	if !bytes.HasPrefix(bytes.TrimSpace(head[:n]), []byte(`{"payload`)) {
		return sourcing.ReadFindings(file, dir)
	}
	if f.key == "" {
		return nil, usage("give --key with the public key of who scanned", "%s is a signed statement", f.findings)
	}
	key, err := attest.ReadPublicKey(f.key)
	if err != nil {
		return nil, err
	}
	all, err := attest.ReadLines(file)
	if err != nil {
		return nil, fmt.Errorf("statement %s: %w", f.findings, err)
	}
	statement, _, err := attest.Open(all[len(all)-1], key)
	if err != nil {
		return nil, fmt.Errorf("statement %s: %w", f.findings, err)
	}
	return sourcing.FromStatement(statement)
}

type checkedSources struct {
	SchemaVersion int                     `json:"schema_version"`
	Dataset       string                  `json:"dataset"`
	Manifest      string                  `json:"manifest"`
	Digest        string                  `json:"manifest_digest"`
	Root          string                  `json:"dataset_root"`
	Verdict       string                  `json:"verdict"`
	Violated      int                     `json:"violated"`
	Missing       int                     `json:"missing"`
	Sources       []sourcing.SourceResult `json:"sources"`
	Findings      []reeve.Finding         `json:"findings"`
}

func (f *sourcesCheckFlags) print(w io.Writer, d *sourcing.Doc, r *sourcing.Result) error {
	switch f.format {
	case "text":
		return printSourcesCheck(w, d, r)
	case "json":
		out := checkedSources{schemaVersion, d.Dataset.Name, d.Name, sourcing.DigestBytes(d.Text), r.Tree.Root, r.Verdict(), r.Violated, r.Missing, r.Sources, r.Findings}
		if out.Findings == nil {
			out.Findings = []reeve.Finding{}
		}
		if out.Sources == nil {
			out.Sources = []sourcing.SourceResult{}
		}
		return printJSON(w, out)
	}
	writer, err := report.New(f.format, w, report.Options{Version: version().Version})
	if err != nil {
		return err
	}
	s := report.Summary{Files: r.Tree.Files, Bytes: r.Tree.Bytes, Digest: r.Tree.Root}
	for i := range r.Findings {
		s.Findings.Add(r.Findings[i].Rule, r.Findings[i].Kind, r.Findings[i].Severity, 1)
		if err := writer.Finding(&r.Findings[i]); err != nil {
			return err
		}
	}
	return writer.Close(&s)
}

func printSourcesCheck(w io.Writer, d *sourcing.Doc, r *sourcing.Result) error {
	var b strings.Builder
	for i := range r.Findings {
		f := &r.Findings[i]
		place := f.Path
		if f.Line > 0 {
			place = fmt.Sprintf("%s:%d", f.Path, f.Line)
		}
		fmt.Fprintf(&b, "%s: %s: %s: %s\n", place, f.Severity, f.Rule, f.Message)
		if f.Remedy != "" {
			fmt.Fprintf(&b, "    %s\n", f.Remedy)
		}
	}
	if len(r.Findings) > 0 {
		b.WriteByte('\n')
	}
	for i := range r.Sources {
		s := &r.Sources[i]
		fmt.Fprintf(&b, "source %s: %d files, licence %s: %s\n", s.ID, s.Files, orUnknown(s.Licence), s.Judgement.Verdict)
	}
	fmt.Fprintf(&b, "%s: %s (%d wrong, %d missing); %d files, root %s\n", d.Dataset.Name, r.Verdict(), r.Violated, r.Missing, r.Tree.Files, r.Tree.Root)
	_, err := io.WriteString(w, b.String())
	return err
}
