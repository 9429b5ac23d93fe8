package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/reeve-ai/reeve/internal/attest"
	"github.com/reeve-ai/reeve/internal/sourcing"
	"github.com/reeve-ai/reeve/internal/store"
)

func newAttest() *cobra.Command {
	c := &cobra.Command{
		Use:   "attest",
		Short: "Make signing keys and verify signed statements",
		Args:  noArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newAttestKeygen(), newAttestVerify())
	return c
}

func newAttestKeygen() *cobra.Command {
	out, algorithm := "", string(attest.Ed25519)
	c := &cobra.Command{
		Use:     "keygen -o FILE",
		Short:   "Make a signing key",
		Example: "  reeve attest keygen -o signing.key",
		Long: `Make a signing key: FILE (PKCS #8 in PEM, mode 0600, not encrypted) and FILE.pub. Keep FILE
where only those can read it who may sign; give FILE.pub to those who verify.

Exit status: 0 made · 2 usage, or a file is there already · 3 not written.`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if out == "" {
				return usage("for example -o signing.key", "-o is missing")
			}
			k, err := attest.Generate(attest.Algorithm(algorithm))
			if err != nil {
				return usage("", "%w", err)
			}
			private, err := k.MarshalPEM()
			if err != nil {
				return err
			}
			if err := createFile(out, private, 0o600); err != nil {
				return err
			}
			if err := createFile(out+".pub", k.Public().MarshalPEM(), 0o644); err != nil {
				return err
			}
			_, err = fmt.Fprintln(c.OutOrStdout(), k.Public().ID())
			return err
		},
	}
	c.Flags().StringVarP(&out, "output", "o", "", "file of the private key; the public one is written beside it")
	c.Flags().Var(formatFlag{&algorithm, []string{string(attest.Ed25519), string(attest.ECDSAP256)}}, "algorithm", "kind of key")
	return c
}

// createFile writes a file that must not be there yet and reaches the disk before it is reported.
func createFile(path string, text []byte, mode os.FileMode) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if errors.Is(err, os.ErrExist) {
		return usage("keys are never replaced: give another name", "%s is there already", path)
	}
	if err != nil {
		return fmt.Errorf("write key: %w", err)
	}
	_, err = f.Write(text)
	err = firstError(err, f.Sync())
	return firstError(err, f.Close())
}

type verifiedStatement struct {
	SchemaVersion int                  `json:"schema_version"`
	OK            bool                 `json:"ok"`
	SignedBy      []string             `json:"signed_by"`
	PredicateType string               `json:"predicate_type"`
	Subjects      []attest.Resource    `json:"subjects"`
	Dataset       *attest.DatasetAudit `json:"dataset_audit,omitzero"`
	Changed       []string             `json:"changed,omitzero"`
	Missing       []string             `json:"missing,omitzero"`
	Added         []string             `json:"added,omitzero"`
}

func newAttestVerify() *cobra.Command {
	var keys []string
	var dir string
	format := "text"
	c := &cobra.Command{
		Use:     "verify FILE --key PUB",
		Short:   "Verify signed statements, and that the data is what they speak of",
		Example: "  reeve attest verify data.intoto.jsonl --key signing.key.pub --dir data/",
		Long: `Verify every statement of a file: that a trusted key signed it, and that it does not contradict
itself. With --dir the data set's files are read again and held against the statement.

Exit status: 0 all verify · 2 usage · 3 a file cannot be read · 4 a signature is not valid, or
the data is not what was signed.`,
		Args: exactly(1, "one file of statements"),
		RunE: func(c *cobra.Command, args []string) error {
			if len(keys) == 0 {
				return usage("give the public key of who must have signed", "--key is missing")
			}
			return verifyStatements(c, args[0], keys, dir, format)
		},
	}
	c.Flags().StringSliceVar(&keys, "key", nil, "public key that is trusted; more than one with commas")
	c.Flags().StringVar(&dir, "dir", "", "folder of the data set")
	addFormat(c, &format, "text", "json")
	return c
}

func verifyStatements(c *cobra.Command, path string, keyFiles []string, dir, format string) error {
	var keys []*attest.PublicKey
	for _, name := range keyFiles {
		k, err := attest.ReadPublicKey(name)
		if err != nil {
			return err
		}
		keys = append(keys, k)
	}
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("open statement: %w", err)
	}
	defer f.Close()
	all, err := attest.ReadLines(f)
	if err != nil {
		return fmt.Errorf("statement %s: %w", path, err)
	}
	broken := false
	for _, e := range all {
		v, err := verifyStatement(c.Context(), e, keys, dir)
		if err != nil {
			return fmt.Errorf("statement %s: %w", path, err)
		}
		if err := printVerified(c.OutOrStdout(), v, format); err != nil {
			return err
		}
		broken = broken || !v.OK
	}
	if broken {
		return &toldError{exitIntegrity}
	}
	return nil
}

func verifyStatement(ctx context.Context, e *attest.Envelope, keys []*attest.PublicKey, dir string) (*verifiedStatement, error) {
	s, by, err := attest.Open(e, keys...)
	if err != nil {
		return nil, err
	}
	v := &verifiedStatement{SchemaVersion: schemaVersion, OK: true, SignedBy: by, PredicateType: s.PredicateType, Subjects: s.Subject}
	if s.PredicateType == attest.DatasetAuditType {
		if v.Dataset, err = s.DatasetAudit(); err != nil {
			return nil, err
		}
	}
	if dir == "" {
		return v, nil
	}
	if v.Dataset == nil {
		return nil, usage("leave --dir out", "the statement is not about a data set")
	}
	return v, v.compare(ctx, dir)
}

// compare holds the files of a folder against those that were signed.
func (v *verifiedStatement) compare(ctx context.Context, dir string) error {
	now, err := sourcing.Hash(ctx, dir)
	if err != nil {
		return err
	}
	signed := map[string]string{}
	for _, f := range v.Dataset.Files {
		signed[f.Path] = f.SHA256
	}
	for _, f := range now.Files {
		switch was, known := signed[f.Path]; {
		case !known:
			v.Added = append(v.Added, f.Path)
		case was != f.SHA256:
			v.Changed = append(v.Changed, f.Path)
		}
		delete(signed, f.Path)
	}
	for _, f := range v.Dataset.Files {
		if _, left := signed[f.Path]; left {
			v.Missing = append(v.Missing, f.Path)
		}
	}
	v.OK = len(v.Added)+len(v.Changed)+len(v.Missing) == 0
	return nil
}

func printVerified(w io.Writer, v *verifiedStatement, format string) error {
	if format == "json" {
		return printJSON(w, v)
	}
	for _, id := range v.SignedBy {
		fmt.Fprintf(w, "signed by %s\n", id)
	}
	if d := v.Dataset; d != nil {
		fmt.Fprintf(w, "data set %s: %d files, root %s\nlabel %s; %d findings; not scanned: %d; %s %s, engine %s, %s\n",
			d.Dataset, d.Tree.Files, d.Tree.Root, d.Label, d.Before.Total, len(d.NotScanned), d.Tool.Name, d.Tool.Version, d.Engine.Version, d.At.Format(time.RFC3339))
	} else {
		fmt.Fprintf(w, "statement of type %s\n", v.PredicateType)
	}
	for _, part := range []struct {
		name  string
		paths []string
	}{{"changed", v.Changed}, {"missing", v.Missing}, {"not signed", v.Added}} {
		for _, p := range part.paths {
			fmt.Fprintf(w, "%s: %s\n", part.name, p)
		}
	}
	verdict := "verified"
	if !v.OK {
		verdict = "the data is not what was signed"
	}
	_, err := fmt.Fprintln(w, verdict)
	return err
}

// signDataset signs what a scan found, appends the statement to path and, where data is a data directory, leaves word for
// the custody log. It returns the digest of the statement's line.
func signDataset(ctx context.Context, path, keyFile, data string, a *attest.DatasetAudit) (string, error) {
	key, err := attest.ReadPrivateKey(keyFile)
	if err != nil {
		return "", &hinted{err, "`reeve attest keygen -o FILE` makes one; its mode must be 0600"}
	}
	e, err := attest.SignDatasetAudit(a, key)
	if err != nil {
		return "", err
	}
	line, err := e.MarshalLine()
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // a statement is not secret
		return "", fmt.Errorf("write statement: %w", err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644) //nolint:gosec // a statement is not secret
	if err != nil {
		return "", fmt.Errorf("write statement: %w", err)
	}
	_, err = f.Write(line)
	err = firstError(err, f.Sync())
	if err = firstError(err, f.Close()); err != nil {
		return "", fmt.Errorf("write statement: %w", err)
	}
	digest := digestOf(line)
	if data == "" {
		return digest, nil
	}
	return digest, tellStatement(ctx, data, digest, a, time.Now())
}

// digestOf is the SHA-256 of a statement's line.
func digestOf(line []byte) string {
	sum := sha256.Sum256(line)
	return hex.EncodeToString(sum[:])
}

// tellStatement puts the act into the outbox of a data directory; the server that holds the log records it. The log names
// the statement by its digest, which binds everything in it. No path goes there: a path may name a person.
func tellStatement(ctx context.Context, data, digest string, a *attest.DatasetAudit, now time.Time) (err error) {
	if err := exists(data); err != nil {
		return err
	}
	db, err := store.Open(ctx, data)
	if err != nil {
		return err
	}
	defer func() { err = firstError(err, db.Close()) }()
	tree, err := attest.NewTree(a.Files)
	if err != nil {
		return err
	}
	details := map[string]string{
		"dataset_root": tree.Root, "label": a.Label, "files": strconv.Itoa(tree.Files), "findings": strconv.FormatInt(a.Before.Total, 10),
		"not_scanned": strconv.Itoa(len(a.NotScanned)),
	}
	for severity, n := range a.Before.BySeverity {
		details["findings_"+severity] = strconv.FormatInt(n, 10)
	}
	return db.AddAct(ctx, store.Act{At: now.UTC(), Act: "dataset.statement", Subject: "statement:" + digest, Details: details})
}
