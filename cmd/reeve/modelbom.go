package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/reeve-ai/reeve/internal/aibom"
	"github.com/reeve-ai/reeve/internal/attest"
	"github.com/reeve-ai/reeve/internal/deps"
	"github.com/reeve-ai/reeve/internal/model"
	"github.com/reeve-ai/reeve/internal/sourcing"
)

// bomFlags are the flags of `reeve model bom`.
type bomFlags struct {
	format, spec, output            string
	name, version, supplier, author string
	url, sourcing, db               string
	datasets, keys, bases, locks    []string
	statements                      []string
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

Formats: cyclonedx-json (1.6 and 1.7), spdx-json (SPDX 3.0.1, JSON-LD) and markdown, a model card of the same facts.

Exit status: 0 written · 2 usage · 3 the model could not be read · 4 a statement is not by a key that is trusted, or is about
other files.`,
		Example: "  reeve model bom model/ --supplier 'Example GmbH' -o model.cdx.json",
		Args:    exactly(1, "a model"),
		RunE:    func(c *cobra.Command, args []string) error { return f.run(c, args[0]) },
	}
	c.AddCommand(newBOMScore(), newBOMDiff(), newBOMValidate())
	addFormat(c, &f.format, "cyclonedx-json", "spdx-json", "markdown")
	fl := c.Flags()
	fl.Var(formatFlag{&f.spec, []string{"1.6", "1.7"}}, "spec-version", "version of CycloneDX")
	fl.StringVarP(&f.output, "output", "o", "", "file to write (default: standard output)")
	fl.StringVar(&f.name, "name", "", "name of the model")
	fl.StringVar(&f.version, "model-version", "", "version of the model")
	fl.StringVar(&f.supplier, "supplier", "", "who supplies it")
	fl.StringVar(&f.author, "author", "", "who made it")
	fl.StringVar(&f.url, "url", "", "where it can be had")
	fl.StringVar(&f.sourcing, "sourcing", "", "sourcing.yaml of its training data")
	fl.StringSliceVar(&f.statements, "statement", nil, "files of signed statements about the model; those that lie in its folder are found by themselves, with --key")
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
		Spec: f.spec, Tool: version().Version, Name: f.name, Version: f.version, Supplier: f.supplier, Author: f.author, URL: f.url, Clock: time.Now,
	}
	if err := f.gather(c, path, &o); err != nil {
		return err
	}
	if err := f.lineage(facts, &o); err != nil {
		return err
	}
	if err := f.lying(c, path, facts, &o); err != nil {
		return err
	}
	write := aibom.CycloneDX
	switch f.format {
	case "spdx-json":
		write = aibom.SPDX
	case "markdown":
		write = aibom.Markdown
	}
	text, err := write(facts, o)
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

// lineage reads signed statements about the model, and what sourcing.yaml says of its data.
func (f *bomFlags) lineage(facts *aibom.Facts, o *aibom.Options) error {
	if f.sourcing != "" {
		sources, err := readDataSources(f.sourcing)
		if err != nil {
			return err
		}
		o.Sources = sources
	}
	if len(f.statements) == 0 {
		return nil
	}
	if len(f.keys) == 0 {
		return usage("name the key that signed the statements", "--key is missing")
	}
	keys, err := readPublicKeys(f.keys)
	if err != nil {
		return err
	}
	for _, p := range f.statements {
		if err := addStatements(&o.Lineage, facts, p, keys); err != nil {
			return fmt.Errorf("read statement %s: %w", p, err)
		}
	}
	return nil
}

// lying takes the signed statements that lie beside the model, where keys are named. What these did not sign is told and left out.
func (f *bomFlags) lying(c *cobra.Command, path string, facts *aibom.Facts, o *aibom.Options) error {
	if len(f.keys) == 0 {
		return nil
	}
	keys, err := readPublicKeys(f.keys)
	if err != nil {
		return err
	}
	found, err := filepath.Glob(filepath.Join(path, "*.intoto.jsonl"))
	if err != nil {
		return nil //nolint:nilerr // a path that is no pattern has none beside it
	}
	for _, p := range found {
		if err := addStatements(&o.Lineage, facts, p, keys); err != nil {
			fmt.Fprintf(c.ErrOrStderr(), "reeve: left out: %s: %s\n", clean(p), clean(err.Error()))
		}
	}
	return nil
}

func addStatements(l *aibom.Lineage, facts *aibom.Facts, path string, keys []*attest.PublicKey) error {
	r, err := os.Open(path)
	if err != nil {
		return err
	}
	defer r.Close()
	lines, err := attest.ReadLines(r)
	if err != nil {
		return err
	}
	for _, e := range lines {
		s, by, err := attest.Open(e, keys...)
		if err != nil {
			return err
		}
		if err := l.Add(facts, s, e.Digest(), by); err != nil {
			if errors.Is(err, aibom.ErrOther) {
				err = fmt.Errorf("%w: %w", attest.ErrSignature, err)
			}
			return err
		}
	}
	return nil
}

// readDataSources takes from a sourcing manifest what a bill of materials says of data.
func readDataSources(path string) ([]aibom.DataSource, error) {
	doc, err := sourcing.Read(path)
	if err != nil {
		return nil, err
	}
	said := func(s string) string {
		if strings.EqualFold(s, "unknown") {
			return ""
		}
		return s
	}
	var out []aibom.DataSource
	for i := range doc.Sources {
		s := &doc.Sources[i]
		d := aibom.DataSource{
			Name: cmp.Or(said(s.Name), s.ID), Version: said(s.Version), Description: said(s.Description), Licence: said(s.Licence.Declared),
			Owner: said(s.RightsHolder), Steward: said(s.Creator), Classification: said(s.Classification), Digest: strings.TrimPrefix(said(s.Digest), "sha256:"),
		}
		if len(s.Origin.URLs) > 0 {
			d.URL = said(s.Origin.URLs[0])
		}
		if s.PersonalData.Present == "yes" {
			d.Sensitive = []string{"personal data"}
		}
		out = append(out, d)
	}
	return out, nil
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
