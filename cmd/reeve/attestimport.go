package main

import (
	"context"
	"crypto/md5" //nolint:gosec // what DVC names bytes with; it is held against, never trusted
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/reeve-ai/reeve/internal/attest"
	"github.com/reeve-ai/reeve/internal/lineage"
)

// importFlags are the flags of every `reeve attest import`.
type importFlags struct {
	key, output, about, format string
	who                        whoFlags
}

func newAttestImport() *cobra.Command {
	c := &cobra.Command{
		Use:   "import",
		Short: "Make statements of what other tools wrote about a model",
		Long: `Make signed statements of what other tools wrote about a model. Every claim in them is marked declared: nobody here saw
it happen. Nothing is filled in that a file does not say; what it says and a statement cannot hold is told. The files that a
statement is about are hashed.`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newImportMLflow(), newImportCard(), newImportDVC())
	return c
}

func (f *importFlags) command(use, short, long, example string, run func(c *cobra.Command, path string) error) *cobra.Command {
	f.format = "text"
	c := &cobra.Command{
		Use: use, Short: short, Example: example,
		Long: long + `

Exit status: 0 made · 2 usage, or a file that is not what it should be · 3 something cannot be read, or there is nothing to say.`,
		Args: exactly(1, "one file or folder"),
		RunE: func(c *cobra.Command, args []string) error { return run(c, args[0]) },
	}
	fs := c.Flags()
	fs.StringVar(&f.key, "key", "", "private key that signs, as `reeve attest keygen` makes it")
	fs.StringVarP(&f.output, "output", "o", "", "file to append to (default: beside what the statement is about)")
	f.who.add(c)
	addFormat(c, &f.format, "text", "json")
	return c
}

func newImportMLflow() *cobra.Command {
	var f importFlags
	c := f.command("mlflow RUN|MLRUNS --key KEY", "Take over runs of MLflow's file store",
		`Take over runs of MLflow's file store: one run's folder, or all runs below a folder. Parameters, the last value of each
metric, the git commit, and the data sets that were logged as inputs become a training statement about the run's artefacts.`,
		"  reeve attest import mlflow mlruns/0/4f1c… --key signing.key\n  reeve attest import mlflow mlruns --key signing.key",
		func(c *cobra.Command, path string) error { return f.mlflow(c, path) })
	c.Flags().StringVar(&f.about, "about", "", "file or folder that came out (default: the run's artifacts)")
	return c
}

func (f *importFlags) mlflow(c *cobra.Command, dir string) error {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return fmt.Errorf("open runs: %w", err)
	}
	root, runs, err := openRuns(abs)
	if err != nil {
		return err
	}
	defer root.Close()
	if f.about != "" && len(runs) > 1 {
		return usage("name the folder of one run", "--about is about one run, and there are %d", len(runs))
	}
	made := 0
	for _, run := range runs {
		in, err := lineage.MLflow(root.FS(), run)
		if err != nil {
			return notWhatItShouldBe(err)
		}
		here := filepath.Join(root.Name(), filepath.FromSlash(run))
		about := f.about
		if about == "" {
			about = filepath.Join(here, "artifacts")
		}
		out, err := materialAt(c.Context(), about)
		if err != nil {
			fmt.Fprintf(c.ErrOrStderr(), "reeve: run %s left out: %s\n", clean(run), clean(err.Error()))
			continue
		}
		path := f.output
		if path == "" {
			path = filepath.Join(here, "training.intoto.jsonl")
		}
		if err := f.sign(c, in, []attest.Material{out}, path); err != nil {
			return err
		}
		made++
	}
	if made == 0 {
		return &hinted{fmt.Errorf("no run in %s has artefacts", dir), "give the folder of a run, and --about for a model that lies elsewhere"}
	}
	return nil
}

// openRuns opens the folder of an experiment or above it, and names the runs in it: the one that dir is, or all below dir. Nothing
// that a link names outside of it is read. A run finds its data sets beside it.
func openRuns(dir string) (*os.Root, []string, error) {
	root, err := os.OpenRoot(filepath.Dir(dir))
	if err != nil {
		return nil, nil, fmt.Errorf("open runs: %w", err)
	}
	if _, err := lineage.MLflow(root.FS(), filepath.Base(dir)); !errors.Is(err, lineage.ErrNoRun) {
		return root, []string{filepath.Base(dir)}, nil
	}
	if err := root.Close(); err != nil {
		return nil, nil, fmt.Errorf("open runs: %w", err)
	}
	if root, err = os.OpenRoot(dir); err != nil {
		return nil, nil, fmt.Errorf("open runs: %w", err)
	}
	runs, err := lineage.MLflowRuns(root.FS())
	if err != nil {
		return nil, nil, firstError(fmt.Errorf("look for runs: %w", err), root.Close())
	}
	if len(runs) == 0 {
		return nil, nil, firstError(usage("give a run's folder, or a folder of MLflow's file store", "%w", fmt.Errorf("%s: %w", dir, lineage.ErrNoRun)), root.Close())
	}
	return root, runs, nil
}

// notWhatItShouldBe makes a usage error of a file that cannot be what was asked for.
func notWhatItShouldBe(err error) error {
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, os.ErrPermission) {
		return err
	}
	return usage("docs/lineage.md tells what each importer reads", "%w", err)
}

func newImportCard() *cobra.Command {
	var f importFlags
	c := f.command("hf-card README.md --key KEY", "Take over a Hugging Face model card",
		`Take over the head of a Hugging Face model card: base_model, base_model_relation, datasets and license become a training,
conversion or merge statement, each result of its model-index an evaluation, about the folder that the card lies in.`,
		"  reeve attest import hf-card model/README.md --key signing.key",
		func(c *cobra.Command, path string) error { return f.card(c, path) })
	c.Flags().StringVar(&f.about, "about", "", "file or folder of the model (default: the card's folder)")
	return c
}

func (f *importFlags) card(c *cobra.Command, path string) error {
	text, err := readBounded(path, 8<<20)
	if err != nil {
		return fmt.Errorf("read card: %w", err)
	}
	in, err := lineage.Card(filepath.Base(path), text)
	if err != nil {
		return notWhatItShouldBe(err)
	}
	if len(in.Predicates) == 0 {
		return &hinted{fmt.Errorf("%s names no base model, no data set and no result", path), "`reeve attest create` says what the card does not"}
	}
	about := f.about
	if about == "" {
		about = filepath.Dir(path)
	}
	out, err := materialAt(c.Context(), about)
	if err != nil {
		return err
	}
	return f.sign(c, in, []attest.Material{out}, f.output, about)
}

func newImportDVC() *cobra.Command {
	var f importFlags
	var o lineage.DVCOptions
	c := f.command("dvc dvc.lock|FILE.dvc --key KEY", "Take over stages and imports of DVC",
		`Take over what Data Version Control keeps: each stage of dvc.lock becomes a training statement about its outputs, FILE.dvc
with dependencies a conversion. Files that are here are hashed and held against DVC's MD5 digests; what is not here is known by those
alone, which prove nothing.`,
		"  reeve attest import dvc dvc.lock --stage train --base models/base.bin --key signing.key",
		func(c *cobra.Command, path string) error { return f.dvc(c, path, o) })
	c.Flags().StringVar(&o.Stage, "stage", "", "the one stage to take over (default: all)")
	c.Flags().StringArrayVar(&o.Base, "base", nil, "dependency that is a base model (may be repeated)")
	return c
}

func (f *importFlags) dvc(c *cobra.Command, path string, o lineage.DVCOptions) (err error) {
	text, err := readBounded(path, 8<<20)
	if err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	if o.Mask, err = lineage.NewMasker(); err != nil {
		return err
	}
	in, err := lineage.DVC(filepath.Base(path), text, o)
	if errors.Is(err, lineage.ErrNoLineage) {
		return &hinted{err, "`reeve scan --statement` speaks of a data set; --stage must name a stage of the file"}
	}
	if err != nil {
		return notWhatItShouldBe(err)
	}
	dir := filepath.Dir(path)
	for _, p := range in.Predicates {
		for _, input := range attest.Inputs(p) {
			if err := hashHere(c.Context(), dir, input.Material); err != nil {
				return err
			}
		}
		made := attest.Outputs(p)
		for i := range *made {
			if err := hashHere(c.Context(), dir, &(*made)[i]); err != nil {
				return err
			}
		}
		if slices.ContainsFunc(*made, func(m attest.Material) bool { return len(m.Digest) == 0 }) {
			return &hinted{fmt.Errorf("%s: an output has no digest and is not here", path), "run `dvc pull`, or `dvc commit`"}
		}
	}
	if f.output == "" {
		f.output = path + ".intoto.jsonl"
	}
	return f.sign(c, in, nil, f.output)
}

// hashHere hashes what lies below dir. A file must be what DVC says it is.
func hashHere(ctx context.Context, dir string, m *attest.Material) error {
	path := filepath.FromSlash(m.Name)
	if !filepath.IsLocal(path) {
		return nil
	}
	path = filepath.Join(dir, path)
	info, err := os.Stat(path)
	if err != nil {
		return nil // it is not here, and known by what DVC says
	}
	here, err := materialAt(ctx, path)
	if err != nil {
		return err
	}
	said := m.Digest
	if want := said["md5"]; want != "" && info.Mode().IsRegular() {
		got, err := md5Of(path)
		if err != nil {
			return err
		}
		if got != want {
			return &hinted{fmt.Errorf("%s is not what DVC says it is", path), "run `dvc status`"}
		}
	}
	m.Digest, m.Files, m.Grade = here.Digest, here.Files, attest.Verified
	for algorithm, digest := range said {
		if m.Digest[algorithm] = digest; algorithm != "md5" {
			m.Grade = attest.Inferred // the folder's digest by DVC was not computed again
		}
	}
	return nil
}

func md5Of(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("hash %s: %w", path, err)
	}
	defer f.Close()
	h := md5.New() //nolint:gosec // see the import
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("hash %s: %w", path, err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// sign signs imported predicates. out is what they are about; without it, each is about its own outputs. Where path is empty, the
// statements lie beside beside.
func (f *importFlags) sign(c *cobra.Command, in *lineage.Imported, out []attest.Material, path string, beside ...string) error {
	key, err := readSigningKey(f.key)
	if err != nil {
		return err
	}
	by, err := f.who.read(c.Context())
	if err != nil {
		return err
	}
	for _, p := range in.Predicates {
		from := attest.OriginOf(p).Imported
		o := origin(by, attest.Declared)
		o.Imported = from
		*attest.OriginOf(p) = o
		if made := attest.Outputs(p); made != nil && out != nil {
			*made = out
		}
		e, err := attest.SignPredicate(p, importSubjects(p, out), key)
		if err != nil {
			return fmt.Errorf("import: %w", err)
		}
		kind, to := attest.KindOf(p.PredicateType()), path
		if to == "" {
			to = statementPath(beside[0], kind)
		}
		if _, err := appendStatement(to, e); err != nil {
			return err
		}
		if err := tellCreated(c, f.format, kind, to, e, p); err != nil {
			return err
		}
	}
	for i, what := range in.NotRead {
		if i == 20 {
			fmt.Fprintf(c.ErrOrStderr(), "reeve: %d more not taken over\n", len(in.NotRead)-i)
			break
		}
		fmt.Fprintf(c.ErrOrStderr(), "reeve: not taken over: %s\n", clean(strings.TrimSpace(what)))
	}
	return nil
}

func importSubjects(p attest.Predicate, out []attest.Material) []attest.Resource {
	if made := attest.Outputs(p); made != nil {
		out = *made
	}
	var all []attest.Resource
	for i := range out {
		all = append(all, out[i].Subjects()...)
	}
	return all
}
