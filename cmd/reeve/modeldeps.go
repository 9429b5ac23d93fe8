package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/reeve-ai/reeve/internal/deps"
	"github.com/reeve-ai/reeve/internal/vulndb"
)

// depsFlags are the flags of `reeve model deps`.
type depsFlags struct {
	db, format, vex, author string
	keys                    []string
	maxAge                  time.Duration
}

// depsReport is what `reeve model deps --format json` prints.
type depsReport struct {
	SchemaVersion int               `json:"schema_version"`
	Packages      []vulndb.Affected `json:"packages"`
	Vulnerable    int               `json:"vulnerable_packages"`
	Total         int               `json:"vulnerabilities"`
	Unchecked     int               `json:"unchecked_packages"`
	Doubtful      int               `json:"doubtful"`
	Snapshot      snapshotFacts     `json:"snapshot"`
	Unread        []string          `json:"unread,omitzero"`

	files int
}

type snapshotFacts struct {
	Imported time.Time       `json:"imported"`
	Newest   time.Time       `json:"newest_modified"`
	State    string          `json:"state"`
	Sources  []vulndb.Source `json:"sources"`
}

func newModelDeps() *cobra.Command {
	f := depsFlags{format: "text"}
	c := &cobra.Command{
		Use:   "deps FILE...",
		Short: "Find known vulnerabilities in what a model needs to run",
		Long: `Find known vulnerabilities in dependencies: requirements.txt and what pip freeze prints, uv.lock, poetry.lock, pdm.lock,
pylock.toml, Pipfile.lock, conda environments and their lock files, go.mod, Cargo.lock, package-lock.json, yarn.lock,
pnpm-lock.yaml; folders with installed packages, such as the root of a container (Python, conda, dpkg, apk, rpm); inference
runtimes as programs (Ollama and others in Go, llama.cpp).

A requirement with a lower bound (>=, ~=) is looked up by the lowest version that it allows. conda's packages are looked up
under the same names of PyPI.

The network is never asked: --db is a snapshot made by ` + "`reeve vulndb import`" + `. What is not pinned to a version, or of an
ecosystem without advisories, is told as unchecked.

Where an advisory tells by commits what is affected and lists versions, one that is in its range and not in its list is
doubtful: a person has to say.

Exit status: 0 nothing known · 1 vulnerabilities · 2 usage, no snapshot · 3 something is doubtful or could not be read, or the
snapshot is stale · 4 the snapshot is corrupt, or with --key not signed by such a key.`,
		Example: "  reeve model deps requirements.txt --db vulndb --format json",
		Args:    cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage("name a lock file, a folder or a program", "%s wants at least one file", c.CommandPath())
			}
			return f.run(c, args)
		},
	}
	addDB(c, &f.db)
	addFormat(c, &f.format, "text", "json", "sarif", "openvex", "cyclonedx-vex", "junit", "csv", "github", "html")
	c.Flags().StringVar(&f.vex, "vex", "", "OpenVEX or CycloneDX document: what it says is not affected or fixed does not count")
	c.Flags().StringVar(&f.author, "author", "", "who answers for an exchange document that is written")
	c.Flags().StringSliceVar(&f.keys, "key", nil, "public keys, one of which must have signed the snapshot")
	c.Flags().DurationVar(&f.maxAge, "max-age", vulnFail, "how old the snapshot may be")
	return c
}

func (f *depsFlags) run(c *cobra.Command, paths []string) error {
	var vex *vulndb.VEX
	if f.vex != "" {
		b, err := os.ReadFile(f.vex)
		if err == nil {
			vex, err = vulndb.ParseVEX(b)
		}
		if err != nil {
			return usage("openvex.dev describes the format", "read %s: %w", f.vex, err)
		}
	}
	db, err := openVulnDB(f.db)
	if err != nil {
		return err
	}
	if err := f.signed(); err != nil {
		return errors.Join(err, db.Close())
	}
	r := depsReport{files: len(paths), SchemaVersion: schemaVersion, Packages: []vulndb.Affected{}}
	var packages []deps.Package
	for _, p := range paths {
		list, err := readDeps(p, func(path, reason string) { r.Unread = append(r.Unread, path+": "+reason) })
		if err != nil {
			r.Unread = append(r.Unread, err.Error())
		}
		packages = append(packages, list...)
	}
	r.Packages, err = db.Audit(packages, vex)
	if err := errors.Join(err, db.Close()); err != nil {
		return vulnError(err)
	}
	m := db.Manifest()
	r.Snapshot = snapshotFacts{Imported: m.Imported, Newest: m.Newest(), State: ageOf(time.Since(m.Imported), f.maxAge), Sources: m.Sources}
	r.count()
	err = f.write(c, &r)
	for _, u := range r.Unread {
		fmt.Fprintf(c.ErrOrStderr(), "reeve: not read: %s\n", clean(u))
	}
	if r.Snapshot.State == "stale" {
		fmt.Fprintln(c.ErrOrStderr(), "reeve: the snapshot is stale: what became known since is missing; import a new one")
	}
	if r.Snapshot.State == "to come" {
		fmt.Fprintln(c.ErrOrStderr(), "reeve: the snapshot was imported in the future: set the clock right, or import a new one")
	}
	switch {
	case err != nil:
		return err
	case r.Total > 0:
		return &toldError{exitFindings}
	case r.Doubtful > 0 || len(r.Unread) > 0 || r.Snapshot.State == "stale" || r.Snapshot.State == "to come":
		return &toldError{exitIncomplete}
	}
	return nil
}

// signed checks the signature of the snapshot where keys are named.
func (f *depsFlags) signed() error {
	if len(f.keys) == 0 {
		return nil
	}
	keys, err := readPublicKeys(f.keys)
	if err == nil {
		err = vulndb.VerifySigned(f.db, keys...)
	}
	return vulnError(err)
}

func (r *depsReport) count() {
	for i := range r.Packages {
		p := &r.Packages[i]
		n := 0
		for k := range p.Vulnerabilities {
			if p.Vulnerabilities[k].Counts() {
				n++
			}
		}
		if r.Total += n; n > 0 {
			r.Vulnerable++
		}
		if p.Unchecked != "" {
			r.Unchecked++
		}
		for k := range p.Doubtful {
			if p.Doubtful[k].Counts() {
				r.Doubtful++
			}
		}
	}
}

func (r *depsReport) text(w io.Writer) error {
	for i := range r.Packages {
		p := &r.Packages[i]
		for k := range p.Vulnerabilities {
			v := &p.Vulnerabilities[k]
			fmt.Fprintf(w, "%s %s %s (%s): %s; %s\n", clean(p.Path), clean(p.Name), clean(p.Version), p.Ecosystem, clean(v.ID), clean(told(v)))
			if v.Summary != "" {
				fmt.Fprintf(w, "  %s\n", clean(v.Summary))
			}
		}
		for k := range p.Doubtful {
			fmt.Fprintf(w, "%s %s %s (%s): in doubt %s; %s\n", clean(p.Path), clean(p.Name), clean(p.Version), p.Ecosystem, clean(p.Doubtful[k].ID), clean(told(&p.Doubtful[k])))
		}
	}
	_, err := fmt.Fprintf(w, "%s, %d vulnerable, %s; %d doubtful, %d unchecked; advisories until %s\n", counted(len(r.Packages), "package"), r.Vulnerable,
		counted(r.Total, "flaw"), r.Doubtful, r.Unchecked, r.Snapshot.Newest.UTC().Format(time.DateOnly))
	return err
}

// readDeps reads a list of dependencies, a folder with what is installed, or a program.
func readDeps(path string, skipped func(path, reason string)) ([]deps.Package, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return deps.Installed(os.DirFS(path), skipped)
	}
	if !deps.Known(path) {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		if list, err := deps.Program(f); err == nil {
			for i := range list {
				list[i].Path = path
			}
			return list, nil
		}
	}
	text, err := readBounded(path, deps.MaxBytes)
	if err != nil {
		return nil, err
	}
	list, err := deps.Parse(filepath.ToSlash(path), text)
	if err == nil && deps.IsRequirements(path) {
		list = append(list, readIncluded(path, text, skipped)...)
	}
	return list, err
}
