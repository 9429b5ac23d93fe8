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

	"github.com/spf13/cobra"

	"github.com/reeve-ai/reeve/internal/dataset"
	"github.com/reeve-ai/reeve/internal/redact/risk"
)

// riskFlags are the flags of reeve redact risk.
type riskFlags struct {
	quasi            []string
	sensitive        string
	k                int
	duplicates       bool
	field            string
	threshold        float64
	sample           int
	seed             uint64
	out, labels      string
	confidence       float64
	include, exclude []string
	format           string
}

// riskReport is what reeve redact risk prints.
type riskReport struct {
	SchemaVersion int               `json:"schema_version"`
	Anonymity     *risk.Anonymity   `json:"anonymity,omitzero"`
	Duplicates    *risk.Duplicates  `json:"duplicates,omitzero"`
	Sample        *risk.Sample      `json:"sample,omitzero"`
	Skipped       map[string]string `json:"skipped"` // what was not read, and why
}

func newRedactRisk() *cobra.Command {
	f := riskFlags{k: 5, threshold: 0.8, confidence: 0.95, format: "text"}
	c := &cobra.Command{
		Use:   "risk PATH",
		Short: "Estimate what a data set still says about people",
		Long: `Estimate what a data set still says about people: how many records share a combination of columns
(k-anonymity, l-diversity), which texts stand there more than once (MinHash), and how much redaction may have
missed (a sample, with an interval once a person has labelled it). No value is printed.

To label: --sample 300 --sample-out sample.jsonl; in each line write how many values should not be there
("leaks":0, 1, …); then --sample 300 --labels sample.jsonl. The file holds text of the data and is readable
for its owner only.

Exit status: 0 done · 1 some class has fewer records than --k · 2 usage · 3 some file could not be read.`,
		Example: `  reeve redact risk clean.csv --quasi age,zip,sex --sensitive diagnosis --k 5
  reeve redact risk clean/ --duplicates --sample 300 --sample-out sample.jsonl`,
		Args: exactly(1, "one file or folder"),
		RunE: func(c *cobra.Command, args []string) error { return f.run(c, args[0]) },
	}
	fs := c.Flags()
	fs.StringSliceVar(&f.quasi, "quasi", nil, "fields that together could point at a person, such as age,zip,sex")
	fs.StringVar(&f.sensitive, "sensitive", "", "field that must differ among those who share the others")
	fs.IntVar(&f.k, "k", f.k, "fewest records that may share a combination")
	fs.BoolVar(&f.duplicates, "duplicates", false, "look for near-duplicate texts of eight words and more")
	fs.StringVar(&f.field, "text-field", "", "compare only the values of this field")
	fs.Float64Var(&f.threshold, "threshold", f.threshold, "similarity from which texts are near-duplicates, 0.5 to 1")
	fs.IntVar(&f.sample, "sample", 0, "draw so many records")
	fs.Uint64Var(&f.seed, "seed", 0, "draws other records; the same seed draws the same")
	fs.StringVar(&f.out, "sample-out", "", "write the drawn records with their text, to be labelled")
	fs.StringVar(&f.labels, "labels", "", "the file of --sample-out with its labels")
	fs.Float64Var(&f.confidence, "confidence", f.confidence, "of the intervals, 0.5 to 0.999")
	fs.StringSliceVar(&f.include, "include", nil, "only files that fit a pattern")
	fs.StringSliceVar(&f.exclude, "exclude", nil, "no files or folders that fit a pattern")
	addFormat(c, &f.format, "text", "json")
	return c
}

func (f *riskFlags) check() error {
	const hint = "`reeve redact risk --help` shows examples"
	switch {
	case len(f.quasi) == 0 && !f.duplicates && f.sample == 0:
		return usage(hint, "nothing to do: give --quasi, --duplicates or --sample")
	case len(f.quasi) == 0 && f.sensitive != "":
		return usage(hint, "--sensitive needs --quasi")
	case slices.Contains(f.quasi, f.sensitive) || slices.Contains(f.quasi, ""):
		return usage(hint, "a field is empty, or both --quasi and --sensitive")
	case f.k < 1:
		return usage(hint, "--k is less than 1")
	case f.threshold < 0.5 || f.threshold > 1:
		return usage(hint, "--threshold is not between 0.5 and 1")
	case f.confidence < 0.5 || f.confidence > 0.999:
		return usage(hint, "--confidence is not between 0.5 and 0.999")
	case f.sample > risk.MaxSample:
		return usage(hint, "--sample is more than %d", risk.MaxSample)
	case f.sample < 0 || f.sample == 0 && (f.out != "" || f.labels != ""):
		return usage(hint, "--sample-out and --labels need --sample with the number of records")
	case f.out != "" && f.labels != "":
		return usage("write the sample first, then read its labels", "--sample-out and --labels exclude each other")
	}
	return nil
}

func (f *riskFlags) run(c *cobra.Command, path string) error {
	if err := f.check(); err != nil {
		return err
	}
	rep := &riskReport{SchemaVersion: schemaVersion, Skipped: map[string]string{}}
	in := &risk.Input{Paths: []string{path}, Walk: dataset.WalkOptions{Include: f.include, Exclude: f.exclude}}
	if err := f.measure(c.Context(), in, rep); err != nil {
		return err
	}
	var err error
	if f.format == "json" {
		err = printJSON(c.OutOrStdout(), rep)
	} else {
		err = printRisk(c.OutOrStdout(), rep)
	}
	switch {
	case err != nil:
		return err
	case rep.Anonymity != nil && rep.Anonymity.Below > 0:
		return &toldError{exitFindings}
	case len(rep.Skipped) > 0:
		return &toldError{exitIncomplete}
	}
	return nil
}

// measure answers what the flags ask.
func (f *riskFlags) measure(ctx context.Context, in *risk.Input, rep *riskReport) error {
	note := func(skipped map[string]string) {
		for path, reason := range skipped {
			rep.Skipped[path] = reason
		}
	}
	if len(f.quasi) > 0 {
		a, skipped, err := risk.CountAnonymity(ctx, in, risk.AnonymityOptions{Quasi: f.quasi, Sensitive: f.sensitive, K: f.k})
		if err != nil {
			return fmt.Errorf("count classes: %w", err)
		}
		note(skipped)
		if a.Records == 0 && len(skipped) == 0 {
			return usage("field names are as in findings, such as patient.age", "no record has any of the fields %s", strings.Join(f.quasi, ", "))
		}
		rep.Anonymity = a
	}
	if f.duplicates {
		d, skipped, err := risk.FindDuplicates(ctx, in, risk.DuplicateOptions{Field: f.field, Threshold: f.threshold})
		if err != nil {
			return fmt.Errorf("find duplicates: %w", err)
		}
		note(skipped)
		rep.Duplicates = d
	}
	if f.sample > 0 {
		s, skipped, err := f.drawSample(ctx, in)
		if err != nil {
			return err
		}
		note(skipped)
		rep.Sample = s
	}
	return nil
}

func (f *riskFlags) drawSample(ctx context.Context, in *risk.Input) (_ *risk.Sample, _ map[string]string, err error) {
	o := risk.SampleOptions{N: f.sample, Seed: f.seed, Confidence: f.confidence}
	if f.out != "" {
		out, err := os.OpenFile(filepath.Clean(f.out), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, os.ErrExist) {
			return nil, nil, usage("it may hold labels: move it away", "%s is there already", f.out)
		}
		if err != nil {
			return nil, nil, fmt.Errorf("write sample: %w", err)
		}
		defer func() { err = firstError(err, out.Close()) }()
		o.Out = out
	}
	s, skipped, err := risk.DrawSample(ctx, in, o)
	if err != nil {
		return nil, nil, fmt.Errorf("draw sample: %w", err)
	}
	if f.labels != "" {
		labels, err := os.Open(f.labels)
		if err != nil {
			return nil, nil, usage("give the labelled file of --sample-out", "open labels: %w", err)
		}
		defer labels.Close()
		if s.Labelled, err = risk.ReadLabels(labels, s.Records, f.confidence); err != nil {
			return nil, nil, usage("each line wants \"leaks\": with a number", "%w", err)
		}
	}
	return s, skipped, nil
}

// printRisk writes the report for people.
func printRisk(w io.Writer, rep *riskReport) error {
	var b strings.Builder
	if a := rep.Anonymity; a != nil {
		fmt.Fprintf(&b, "%s: %d records in %d classes; the smallest has %d (k = %d)\n", strings.Join(a.Quasi, ", "), a.Records, a.Classes, a.K, a.K)
		fmt.Fprintf(&b, "  %d records in classes of fewer than %d, %d alone in theirs\n", a.Below, a.Wanted, a.Unique)
		for _, bin := range a.Histogram {
			if bin.Classes > 0 {
				fmt.Fprintf(&b, "  %-9s %8d classes %10d records\n", binName(bin), bin.Classes, bin.Records)
			}
		}
		if a.Sensitive != "" {
			fmt.Fprintf(&b, "  %s: at least %d values in each class (l = %d); one value only in %d classes\n", a.Sensitive, a.L, a.L, a.Uniform)
		}
	}
	if d := rep.Duplicates; d != nil {
		fmt.Fprintf(&b, "%d texts: %d clusters of near-duplicates, %d texts in them, %d too many\n", d.Texts, d.Clusters, d.InClusters, d.Redundant)
		for _, c := range d.Largest {
			fmt.Fprintf(&b, "  %d times: %s record %d …\n", c.Size, c.Members[0].Path, c.Members[0].Record)
		}
		if d.NotCompared > 0 {
			fmt.Fprintf(&b, "  %d texts more were not compared\n", d.NotCompared)
		}
	}
	printSample(&b, rep.Sample)
	for _, path := range sortedKeys(rep.Skipped) {
		fmt.Fprintf(&b, "%s: not read: %s\n", path, rep.Skipped[path])
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func printSample(b *strings.Builder, s *risk.Sample) {
	if s == nil {
		return
	}
	fmt.Fprintf(b, "%d of %d records drawn (seed %d, confidence %g)\n", s.Drawn, s.Records, s.Seed, s.Confidence)
	fmt.Fprintf(b, "  like an identifier: %d records, at most %.2f %% of all\n", s.Identifiers.Suspicious, 100*s.Identifiers.Upper)
	fmt.Fprintf(b, "  like a name: %d records, at most %.2f %% of all\n", s.Names.Suspicious, 100*s.Names.Upper)
	if l := s.Labelled; l != nil {
		fmt.Fprintf(b, "  labelled: something left in %d of %d: %.2f %%, between %.2f and %.2f %% (Wilson), %.2f and %.2f %% (Clopper-Pearson)\n",
			l.WithLeaks, l.N, 100*l.Rate, 100*l.Wilson.Low, 100*l.Wilson.High, 100*l.ClopperPearson.Low, 100*l.ClopperPearson.High)
	}
}

func binName(b risk.Bin) string {
	switch {
	case b.To == 0:
		return fmt.Sprintf("%d and more", b.From)
	case b.To == b.From:
		return fmt.Sprint(b.From)
	}
	return fmt.Sprintf("%d to %d", b.From, b.To)
}

func sortedKeys(m map[string]string) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
