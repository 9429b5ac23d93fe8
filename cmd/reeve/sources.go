package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/reeve-ai/reeve/internal/sourcing"
)

func newSources() *cobra.Command {
	c := &cobra.Command{
		Use:   "sources",
		Short: "Keep the documented origin of data sets",
		Long: `Keep the documented origin of data sets: sourcing.yaml, one entry per source.

init drafts it from a folder, check holds it against the files, the licences and the
declared use, export writes it in the formats of others. What nobody knows is written as
unknown, and stays reported. Nothing here says that a law is kept.`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newSourcesInit(), newSourcesCheck(), newSourcesShow(), newSourcesExport(), newSourcesImport(), newSourcesOptOut(), newSourcesSchema())
	return c
}

// readSources reads the manifest of a folder. A file that cannot be used is a mistake in configuration; none at all is
// evidence that is missing.
func readSources(dir string) (*sourcing.Doc, error) {
	path := filepath.Join(dir, sourcing.FileName)
	d, err := sourcing.Read(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, &hinted{fmt.Errorf("%s has no %s", dir, sourcing.FileName), "`reeve sources init " + dir + "` drafts one"}
	case err != nil:
		return nil, usage("`reeve sources schema` prints the format", "%w", err)
	}
	return d, nil
}

// hinted is an error with advice and no exit code of its own.
type hinted struct {
	error
	hint string
}

func (h *hinted) Hint() string  { return h.hint }
func (h *hinted) Unwrap() error { return h.error }

func newSourcesInit() *cobra.Command {
	var out string
	var force bool
	c := &cobra.Command{
		Use:     "init DIR",
		Short:   "Draft sourcing.yaml from a folder",
		Example: "  reeve sources init data/",
		Long: `Draft sourcing.yaml from a folder: one source for each top-level part, with the digest of
its files and the licence that was found. A Hugging Face card (README.md) and a Croissant
description (croissant.json) are read if they are there. The rest says unknown.

Exit status: 0 written · 2 usage · 3 the folder cannot be read.`,
		Args: exactly(1, "a folder"),
		RunE: func(c *cobra.Command, args []string) error {
			m, notes, err := sourcing.Draft(c.Context(), args[0], time.Now())
			if err != nil {
				return err
			}
			text, err := sourcing.Marshal(m)
			if err != nil {
				return err
			}
			text = append([]byte(draftHead), text...)
			if out == "" {
				out = filepath.Join(args[0], sourcing.FileName)
			}
			if err := writeNew(c.OutOrStdout(), out, text, force); err != nil {
				return err
			}
			for _, n := range notes {
				fmt.Fprintf(c.ErrOrStderr(), "reeve: %s\n", n)
			}
			if out != "-" {
				fmt.Fprintf(c.ErrOrStderr(), "reeve: %s drafted with %d sources; replace unknown where you know better, then `reeve sources check %s`\n", out, len(m.Sources), args[0])
			}
			return nil
		},
	}
	c.Flags().StringVarP(&out, "output", "o", "", "file to write, - for standard output (default DIR/sourcing.yaml)")
	c.Flags().BoolVar(&force, "force", false, "replace a file that is there")
	return c
}

const draftHead = `# Where this data comes from, one entry per source. Drafted by "reeve sources init"; "reeve sources schema" prints the format.
# unknown is an honest answer, and "reeve sources check" reports it until somebody knows.
`

// writeNew writes a file that is not there yet, or standard output for "-".
func writeNew(stdout io.Writer, path string, text []byte, force bool) error {
	if path == "-" {
		_, err := stdout.Write(text)
		return err
	}
	flags := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if force {
		flags = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	}
	f, err := os.OpenFile(path, flags, 0o644) //nolint:gosec // a document, not a secret
	if errors.Is(err, fs.ErrExist) {
		return usage("give --force to replace it, or -o for another file", "%s is there already", path)
	}
	if err != nil {
		return fmt.Errorf("write: %w", err)
	}
	_, err = f.Write(text)
	return firstError(err, f.Close())
}

func newSourcesSchema() *cobra.Command {
	return &cobra.Command{
		Use: "schema", Short: "Print the JSON Schema of sourcing.yaml", Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			text, err := sourcing.Schema()
			if err != nil {
				return err
			}
			_, err = c.OutOrStdout().Write(text)
			return err
		},
	}
}

func newSourcesShow() *cobra.Command {
	format := "text"
	c := &cobra.Command{
		Use:   "show DIR",
		Short: "Show the sources of a data set",
		Args:  exactly(1, "a folder"),
		RunE: func(c *cobra.Command, args []string) error {
			d, err := readSources(args[0])
			if err != nil {
				return err
			}
			if format == "json" {
				return printJSON(c.OutOrStdout(), sourcesShown(d))
			}
			return showSources(c.OutOrStdout(), d)
		},
	}
	addFormat(c, &format, "text", "json")
	return c
}

type shownSource struct {
	ID         string   `json:"id"`
	Kind       string   `json:"kind"`
	Licence    string   `json:"licence"`
	Generators []string `json:"generators,omitzero"`
	Personal   string   `json:"personal_data"`
	LegalBasis string   `json:"legal_basis,omitzero"`
	Label      string   `json:"classification"`
	Files      []string `json:"files"`
	Digest     string   `json:"digest"`
	Bytes      int64    `json:"bytes"`
	Expires    string   `json:"expires,omitzero"`
	Recheck    string   `json:"recheck,omitzero"`
}

type shownSources struct {
	SchemaVersion int           `json:"schema_version"`
	Dataset       string        `json:"dataset"`
	Version       string        `json:"version,omitzero"`
	Creator       string        `json:"creator"`
	Sources       []shownSource `json:"sources"`
}

func sourcesShown(d *sourcing.Doc) shownSources {
	out := shownSources{SchemaVersion: schemaVersion, Dataset: d.Dataset.Name, Version: d.Dataset.Version, Creator: orUnknown(d.Dataset.Creator), Sources: []shownSource{}}
	for i := range d.Sources {
		s := &d.Sources[i]
		shown := shownSource{
			ID: s.ID, Kind: s.Kind, Licence: orUnknown(s.Licence.Declared), Personal: orUnknown(s.PersonalData.Present), LegalBasis: s.PersonalData.LegalBasis,
			Label: orUnknown(s.Classification), Files: s.Files, Digest: orUnknown(s.Digest), Bytes: s.Bytes, Expires: s.Expires, Recheck: s.Recheck,
		}
		for _, g := range s.Synthetic.Generators {
			shown.Generators = append(shown.Generators, g.Model+" ("+orUnknown(g.Licence)+")")
		}
		out.Sources = append(out.Sources, shown)
	}
	return out
}

func orUnknown(s string) string {
	if s == "" {
		return sourcing.Unknown
	}
	return s
}

func showSources(w io.Writer, d *sourcing.Doc) error {
	shown := sourcesShown(d)
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s, by %s\n", shown.Dataset, shown.Version, shown.Creator)
	for i := range shown.Sources {
		s := &shown.Sources[i]
		fmt.Fprintf(&b, "\n%s (%s)\n  files           %s\n  digest          %s\n  licence         %s\n", s.ID, s.Kind, strings.Join(s.Files, ", "), s.Digest, s.Licence)
		for _, g := range s.Generators {
			fmt.Fprintf(&b, "  written by      %s\n", g)
		}
		fmt.Fprintf(&b, "  personal data   %s\n", s.Personal)
		if s.LegalBasis != "" {
			fmt.Fprintf(&b, "  legal basis     %s\n", s.LegalBasis)
		}
		fmt.Fprintf(&b, "  classification  %s\n", s.Label)
		if s.Expires != "" {
			fmt.Fprintf(&b, "  expires         %s\n", s.Expires)
		}
		if s.Recheck != "" {
			fmt.Fprintf(&b, "  look again by   %s\n", s.Recheck)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
