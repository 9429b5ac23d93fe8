package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/spf13/cobra"

	"github.com/reeve-ai/reeve/internal/model"
	"github.com/reeve-ai/reeve/internal/report"
)

func newModel() *cobra.Command {
	c := &cobra.Command{
		Use:   "model",
		Short: "Audit the files of a model",
		Args:  noArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newModelScan(), newModelSign(), newModelVerify(), newModelBOM(), newModelDeps())
	return c
}

// scanMemory is where the collector begins to work harder, in bytes: a scan holds less whatever the file, and garbage is no reason for more.
const scanMemory = 90 << 20

// modelScanFlags are the flags of `reeve model scan`.
type modelScanFlags struct {
	format, failOn, allow string
	quiet                 bool
	statement             modelStatement
}

func newModelScan() *cobra.Command {
	f := modelScanFlags{format: "text", failOn: "review"}
	c := &cobra.Command{
		Use:   "scan PATH...",
		Short: "Tell whether model files can be opened safely",
		Long: `Tell whether the files of a model can be opened safely, without opening them. Folders are scanned whole.

Pickles (PyTorch, joblib, numpy objects) are followed by an abstract machine that runs nothing; only imports
that are known to hold data are clean. Archives, safetensors, GGUF, ONNX, Keras, SavedModel, HDF5 and the
configuration files of a model's folder are read from their bytes, whatever their names.

Verdicts: clean · review (a person has to say) · malicious · invalid (broken, or not what it says) ·
error (could not be read). Unknown is never clean.

--allow FILE names what was reviewed: files by SHA-256, and imports, each with owner, reason and last day.

--statement FILE --sign-key KEY signs for the verdict of every file (in-toto in DSSE), bad ones too; statements that
lie in the folder are no part of it.

Exit status: 0 nothing at or above --fail-on · 1 such a file · 2 usage · 3 a file could not be read.`,
		Example: "  reeve model scan model/\n  reeve model scan --format jsonl model.pt",
		Args:    cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage("name a file or a folder", "%s wants at least one path", c.CommandPath())
			}
			return f.run(c, args)
		},
	}
	addFormat(c, &f.format, "text", "json", "jsonl", "sarif", "junit", "github", "csv", "html")
	c.Flags().Var(formatFlag{&f.failOn, []string{"review", "invalid", "malicious"}}, "fail-on", "least verdict that makes the exit status 1")
	c.Flags().StringVar(&f.allow, "allow", "", "file of what was reviewed (YAML)")
	c.Flags().BoolVarP(&f.quiet, "quiet", "q", false, "tell nothing of clean files")
	f.statement.add(c)
	return c
}

func (f *modelScanFlags) run(c *cobra.Command, paths []string) error {
	o := model.Options{}
	var reviewed []byte
	if f.allow != "" {
		b, err := os.ReadFile(f.allow)
		reviewed = b
		if err != nil {
			return usage("name the file of what was reviewed", "read %s: %w", f.allow, err)
		}
		allow, err := model.ParseAllowFile(f.allow, b)
		if err != nil {
			return usage("docs/models.md shows such a file", "%w", err)
		}
		o = allow.Options(time.Now)
	}
	if err := f.statement.open(c.Context(), paths, reviewed); err != nil {
		return err
	}
	t := &modelTeller{f: f, w: c.OutOrStdout(), sum: report.Summary{}}
	if err := t.open(c); err != nil {
		return err
	}
	scan := model.NewScanner(o)
	debug.SetMemoryLimit(scanMemory)
	err := scan.Paths(c.Context(), paths, runtime.GOMAXPROCS(0), t.tell)
	if err == nil {
		err = f.statement.sign(c.Context())
	}
	return errors.Join(t.close(), t.status(c.Context(), err))
}

// modelTeller writes results as they come and remembers the worst.
type modelTeller struct {
	f       *modelScanFlags
	w       io.Writer
	report  report.Writer // for formats of findings
	results []*model.Result
	sum     report.Summary
	failed  bool
	errors  bool
	counts  map[model.Verdict]int
}

func (t *modelTeller) open(c *cobra.Command) (err error) {
	t.counts = map[model.Verdict]int{}
	switch t.f.format {
	case "text", "json", "jsonl":
		return nil
	}
	t.report, err = report.New(t.f.format, t.w, report.Options{Version: version().Version})
	return err
}

func (t *modelTeller) tell(r *model.Result) error {
	if err := t.f.statement.note(r); err != nil {
		return err
	}
	t.sum.Files++
	t.sum.Bytes += r.Size
	t.counts[r.Verdict]++
	var least model.Verdict
	if err := least.UnmarshalText([]byte(t.f.failOn)); err != nil {
		return err
	}
	t.failed = t.failed || r.Verdict >= least && r.Verdict != model.Error
	t.errors = t.errors || r.Verdict == model.Error
	for i := range r.Findings {
		g := &r.Findings[i]
		t.sum.Findings.Add(g.Rule, g.Kind, g.Severity, 1)
		if t.report != nil {
			if err := t.report.Finding(g); err != nil {
				return err
			}
		}
	}
	switch {
	case t.f.format == "jsonl":
		b, err := json.Marshal(r)
		if err != nil {
			return fmt.Errorf("encode output: %w", err)
		}
		_, err = t.w.Write(append(b, '\n'))
		return err
	case t.f.format == "json":
		t.results = append(t.results, r)
	case t.f.format == "text" && (r.Verdict != model.Clean || !t.f.quiet):
		return t.text(r)
	}
	return nil
}

func (t *modelTeller) text(r *model.Result) error {
	_, err := fmt.Fprintf(t.w, "%-9s %s", r.Verdict, clean(r.Path))
	if r.Format != "" {
		_, err = fmt.Fprintf(t.w, " (%s)", r.Format)
	}
	fmt.Fprintln(t.w)
	for _, g := range r.Findings {
		where := ""
		if g.Field != "" {
			where = clean(g.Field) + ": "
		}
		fmt.Fprintf(t.w, "  %s: %s%s\n", g.Rule, where, clean(g.Message))
	}
	if n := len(r.Findings); n > 0 {
		_, err = fmt.Fprintf(t.w, "  → %s\n", r.Findings[0].Remedy)
	}
	return err
}

func (t *modelTeller) close() error {
	switch t.f.format {
	case "json":
		return printJSON(t.w, map[string]any{"schema_version": schemaVersion, "files": t.results})
	case "text":
		_, err := fmt.Fprintf(t.w, "%s: %d clean, %d review, %d malicious, %d invalid, %d unreadable\n", counted(t.sum.Files, "file"),
			t.counts[model.Clean], t.counts[model.Review], t.counts[model.Malicious], t.counts[model.Invalid], t.counts[model.Error])
		return err
	case "jsonl":
		return nil
	}
	return t.report.Close(&t.sum)
}

func (t *modelTeller) status(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return &toldError{exitInterrupted}
	case err != nil:
		return err
	case t.failed:
		return &toldError{exitFindings}
	case t.errors:
		return &toldError{exitIncomplete}
	}
	return nil
}
