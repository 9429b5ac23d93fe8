package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"time"

	"github.com/spf13/cobra"

	"github.com/reeve-ai/reeve/internal/attest"
)

// verifiedStatement is what `reeve attest verify --format json` prints for each statement.
type verifiedStatement struct {
	SchemaVersion int                  `json:"schema_version"`
	OK            bool                 `json:"ok"`
	Digest        string               `json:"digest"` // sha256 of the payload
	SignedBy      []string             `json:"signed_by"`
	PredicateType string               `json:"predicate_type"`
	Kind          string               `json:"kind,omitzero"`
	Subjects      []attest.Resource    `json:"subjects"`
	Dataset       *attest.DatasetAudit `json:"dataset_audit,omitzero"`
	Predicate     attest.Predicate     `json:"predicate,omitzero"` // of the other kinds
	Expires       time.Time            `json:"expires,omitzero"`
	Expired       bool                 `json:"expired,omitzero"`
	Changed       []string             `json:"changed,omitzero"`
	Missing       []string             `json:"missing,omitzero"`
	Added         []string             `json:"added,omitzero"`
}

// verifyFlags are the flags of `reeve attest verify`.
type verifyFlags struct {
	keys            []string
	dir, at, format string
}

func newAttestVerify() *cobra.Command {
	f := verifyFlags{format: "text"}
	c := &cobra.Command{
		Use:   "verify FILE... --key PUB",
		Short: "Verify signed statements, and that the files are what they speak of",
		Example: `  reeve attest verify data.intoto.jsonl --key signing.key.pub --dir data/
  reeve attest verify model/*.intoto.jsonl --key team.pub,board.pub --dir model/`,
		Long: `Verify every statement of the files: that a trusted key signed it, that it does not contradict itself,
and that it has not expired. With --dir the files that it speaks of are read again and held against it: the folder, or
the one file, that the statement is about. Statements, sourcing.yaml and version control are no part of a folder.

Statements of kinds that reeve does not know verify by their signature and their subjects alone, and are told as such.

Exit status: 0 all verify · 2 usage · 3 a file cannot be read, or a statement has expired · 4 a signature is not valid,
a statement contradicts itself, or the files are not what was signed.`,
		Args: cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			switch {
			case len(args) == 0:
				return usage("`"+c.CommandPath()+" --help` shows an example", "%s wants at least one file of statements", c.CommandPath())
			case len(f.keys) == 0:
				return usage("give the public key of who must have signed", "--key is missing")
			}
			return f.run(c, args)
		},
	}
	c.Flags().StringSliceVar(&f.keys, "key", nil, "public key that is trusted; more than one with commas")
	c.Flags().StringVar(&f.dir, "dir", "", "folder or file that the statements are about")
	c.Flags().StringVar(&f.at, "at", "", "day or time for which to verify (default: now)")
	addFormat(c, &f.format, "text", "json")
	return c
}

func (f *verifyFlags) run(c *cobra.Command, paths []string) error {
	keys, err := readPublicKeys(f.keys)
	if err != nil {
		return err
	}
	now := time.Now()
	if f.at != "" {
		if now, err = readTime(f.at, now); err != nil {
			return err
		}
	}
	var files []attest.File
	if f.dir != "" {
		found, err := filesOf(c.Context(), f.dir)
		if err != nil {
			return err
		}
		files = found.Files
	}
	broken, expired := false, false
	for _, path := range paths {
		all, err := readStatements(path)
		if err != nil {
			return err
		}
		for _, e := range all {
			v, err := f.verify(c.Context(), e, keys, files, now)
			if err != nil {
				return fmt.Errorf("statement %s: %w", path, err)
			}
			if err := v.print(c.OutOrStdout(), f.format); err != nil {
				return err
			}
			broken = broken || !v.OK && !v.Expired || len(v.Added)+len(v.Changed)+len(v.Missing) > 0
			expired = expired || v.Expired
		}
	}
	switch {
	case broken:
		return &toldError{exitIntegrity}
	case expired:
		return &toldError{exitIncomplete}
	}
	return nil
}

// readStatements reads a file of statements.
func readStatements(path string) ([]*attest.Envelope, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open statement: %w", err)
	}
	defer f.Close()
	all, err := attest.ReadLines(f)
	if err != nil {
		return nil, fmt.Errorf("statement %s: %w", path, err)
	}
	return all, nil
}

// readTime reads a day (its end, UTC), a time (RFC 3339), or a span from now such as 90d.
func readTime(s string, now time.Time) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t.UTC(), nil
	}
	if t, err := time.Parse(time.DateOnly, s); err == nil {
		return t.AddDate(0, 0, 1).Add(-time.Second), nil
	}
	days := 0
	if n, err := fmt.Sscanf(s, "%dd", &days); err == nil && n == 1 && fmt.Sprintf("%dd", days) == s && days > 0 && days <= 36500 {
		return now.UTC().AddDate(0, 0, days).Truncate(time.Second), nil
	}
	return time.Time{}, usage("a day such as 2027-03-31, a time such as 2027-03-31T12:00:00Z, or a span such as 90d", "%q is no time", s)
}

func (f *verifyFlags) verify(_ context.Context, e *attest.Envelope, keys []*attest.PublicKey, files []attest.File, now time.Time) (*verifiedStatement, error) {
	s, by, err := attest.Open(e, keys...)
	if err != nil {
		return nil, err
	}
	v := &verifiedStatement{
		SchemaVersion: schemaVersion, OK: true, Digest: e.Digest(), SignedBy: by, PredicateType: s.PredicateType, Kind: attest.KindOf(s.PredicateType), Subjects: s.Subject,
	}
	p, err := s.Decode()
	switch d, isData := p.(*attest.DatasetAudit); {
	case errors.Is(err, attest.ErrUnknownType):
	case err != nil:
		return nil, err
	case isData:
		v.Dataset = d
	default:
		v.Predicate = p
	}
	if x, ok := p.(attest.Expiring); ok && !x.Expiry().IsZero() {
		v.Expires, v.Expired = x.Expiry(), now.After(x.Expiry())
	}
	if f.dir != "" {
		v.compare(files)
	}
	v.OK = !v.Expired && len(v.Added)+len(v.Changed)+len(v.Missing) == 0
	return v, nil
}

// signed are the files that a statement speaks of, by path.
func (v *verifiedStatement) signed() []attest.File {
	if v.Dataset != nil {
		return v.Dataset.Files
	}
	var out []attest.File
	for _, s := range v.Subjects {
		out = append(out, attest.File{Path: path.Clean(s.Name), SHA256: s.Digest["sha256"]})
	}
	return out
}

// compare holds the files that are there against those that were signed.
func (v *verifiedStatement) compare(now []attest.File) {
	signed := map[string]string{}
	for _, f := range v.signed() {
		signed[f.Path] = f.SHA256
	}
	for _, f := range now {
		switch was, known := signed[f.Path]; {
		case !known:
			v.Added = append(v.Added, f.Path)
		case was != f.SHA256:
			v.Changed = append(v.Changed, f.Path)
		}
		delete(signed, f.Path)
	}
	for _, f := range v.signed() {
		if _, left := signed[f.Path]; left {
			v.Missing = append(v.Missing, f.Path)
		}
	}
}

func (v *verifiedStatement) print(w io.Writer, format string) error {
	if format == "json" {
		return printJSON(w, v)
	}
	for _, id := range v.SignedBy {
		fmt.Fprintf(w, "signed by %s\n", id)
	}
	switch {
	case v.Dataset != nil:
		d := v.Dataset
		fmt.Fprintf(w, "data set %s: %d files, root %s\nlabel %s; %d findings; not scanned: %d; %s %s, engine %s, %s\n",
			clean(d.Dataset), d.Tree.Files, d.Tree.Root, d.Label, d.Before.Total, len(d.NotScanned), clean(d.Tool.Name), clean(d.Tool.Version), clean(d.Engine.Version), d.At.Format(time.RFC3339))
	case v.Predicate != nil:
		fmt.Fprintf(w, "%s of %s: %s\n", v.Kind, aboutSubjects(v.Subjects), clean(attest.Describe(v.Predicate)))
	default:
		fmt.Fprintf(w, "statement of type %s about %s: reeve does not know this kind\n", clean(v.PredicateType), aboutSubjects(v.Subjects))
	}
	for _, part := range []struct {
		name  string
		paths []string
	}{{"changed", v.Changed}, {"missing", v.Missing}, {"not signed", v.Added}} {
		for _, p := range part.paths {
			fmt.Fprintf(w, "%s: %s\n", part.name, clean(p))
		}
	}
	verdict := "verified"
	switch {
	case len(v.Changed)+len(v.Missing)+len(v.Added) > 0:
		verdict = "the data is not what was signed"
	case v.Expired:
		verdict = "expired on " + v.Expires.Format(time.RFC3339)
	}
	_, err := fmt.Fprintln(w, verdict)
	return err
}

// aboutSubjects names what a statement speaks of in a few words.
func aboutSubjects(all []attest.Resource) string {
	if len(all) == 1 {
		return clean(all[0].Name)
	}
	return clean(all[0].Name) + " and " + counted(len(all)-1, "other")
}
