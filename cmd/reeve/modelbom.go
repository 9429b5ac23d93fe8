package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/reeve-ai/reeve/internal/aibom"
	"github.com/reeve-ai/reeve/internal/attest"
	"github.com/reeve-ai/reeve/internal/deps"
	"github.com/reeve-ai/reeve/internal/model"
)

// bomFlags are the flags of `reeve model bom`.
type bomFlags struct {
	format, spec, output            string
	name, version, supplier, author string
	datasets, keys, bases, locks    []string
	db                              string
}

func newModelBOM() *cobra.Command {
	f := bomFlags{format: "cyclonedx-json", spec: "1.6"}
	c := &cobra.Command{
		Use:   "bom PATH",
		Short: "Write the bill of materials of a model",
		Long: `Write the bill of materials of a model, a folder or one file: digests, what its card and its files say of it, base models,
data sets with their signed statements, what it needs to run and what is known against that.

Each claim carries its grade: declared (somebody wrote it), inferred (read off the bytes) or verified (a digest was computed,
a signature checked). What nobody said and no byte shows is left out.

Exit status: 0 written · 2 usage · 3 the model could not be read · 4 a statement is not by a key that is trusted.`,
		Example: "  reeve model bom model/ --supplier 'Example GmbH' -o model.cdx.json",
		Args:    exactly(1, "a model"),
		RunE:    func(c *cobra.Command, args []string) error { return f.run(c, args[0]) },
	}
	addFormat(c, &f.format, "cyclonedx-json")
	fl := c.Flags()
	fl.Var(formatFlag{&f.spec, []string{"1.6", "1.7"}}, "spec-version", "version of CycloneDX")
	fl.StringVarP(&f.output, "output", "o", "", "file to write (default: standard output)")
	fl.StringVar(&f.name, "name", "", "name of the model")
	fl.StringVar(&f.version, "model-version", "", "version of the model")
	fl.StringVar(&f.supplier, "supplier", "", "who supplies it")
	fl.StringVar(&f.author, "author", "", "who made it")
	fl.StringSliceVar(&f.datasets, "dataset", nil, "signed statements of `reeve scan --statement` about its training data")
	fl.StringSliceVar(&f.keys, "key", nil, "public keys that may have signed them")
	fl.StringSliceVar(&f.bases, "base", nil, "folders or files of models that it was made from")
	fl.StringSliceVar(&f.locks, "deps", nil, "what it needs to run, as for `reeve model deps`")
	fl.StringVar(&f.db, "db", defaultVulnDB, "folder of the vulnerability snapshot, with --deps")
	return c
}

func (f *bomFlags) run(c *cobra.Command, path string) error {
	facts, err := aibom.Collect(c.Context(), path)
	if err != nil {
		return err
	}
	o := aibom.Options{
		Spec: f.spec, Tool: version().Version, Name: f.name, Version: f.version, Supplier: f.supplier, Author: f.author, Clock: time.Now,
	}
	if err := f.gather(c, path, &o); err != nil {
		return err
	}
	text, err := aibom.CycloneDX(facts, o)
	if err != nil {
		return err
	}
	return writeTo(c.OutOrStdout(), f.output, text)
}

// gather collects what stands outside of the model's own files.
func (f *bomFlags) gather(c *cobra.Command, path string, o *aibom.Options) error {
	worst := model.Clean
	err := model.NewScanner(model.Options{}).Paths(c.Context(), []string{path}, runtime.GOMAXPROCS(0), func(r *model.Result) error {
		worst = max(worst, r.Verdict)
		return nil
	})
	if err != nil {
		return err
	}
	o.Scan = worst.String()
	keys, err := readPublicKeys(f.keys)
	if err != nil {
		return err
	}
	for _, p := range f.datasets {
		d, err := readDatasetAudit(p, keys)
		if err != nil {
			return err
		}
		o.Datasets = append(o.Datasets, d)
	}
	for _, p := range f.bases {
		base, err := aibom.Collect(c.Context(), p)
		if err != nil {
			return err
		}
		o.Base = append(o.Base, aibom.BaseModel{Name: base.Claims["name"].Value, SHA256: base.Root})
	}
	return f.libraries(o)
}

func (f *bomFlags) libraries(o *aibom.Options) error {
	if len(f.locks) == 0 {
		return nil
	}
	var packages []deps.Package
	for _, p := range f.locks {
		list, err := readDeps(p, func(string, string) {})
		if err != nil {
			return err
		}
		packages = append(packages, list...)
	}
	db, err := openVulnDB(f.db)
	if err != nil {
		return err
	}
	o.Deps, err = db.Audit(packages, nil)
	return firstError(err, db.Close())
}

func readDatasetAudit(path string, keys []*attest.PublicKey) (*attest.DatasetAudit, error) {
	if len(keys) == 0 {
		return nil, usage("name the key that signed the statement", "--key is missing")
	}
	r, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open statement: %w", err)
	}
	defer r.Close()
	lines, err := attest.ReadLines(r)
	if err != nil {
		return nil, fmt.Errorf("read statement %s: %w", path, err)
	}
	s, _, err := attest.Open(lines[len(lines)-1], keys...)
	if err != nil {
		return nil, fmt.Errorf("read statement %s: %w", path, err)
	}
	return s.DatasetAudit()
}

// writeTo writes to a file, or to standard output where none is named.
func writeTo(stdout io.Writer, path string, text []byte) error {
	if path == "" || path == "-" {
		_, err := stdout.Write(text)
		return err
	}
	if err := writeWhole(path, text); err != nil {
		return usage("give -o a file in a folder that may be written", "write %s: %w", strings.TrimSpace(path), err)
	}
	return nil
}
