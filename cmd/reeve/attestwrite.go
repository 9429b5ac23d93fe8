package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/reeve-ai/reeve/internal/attest"
	"github.com/reeve-ai/reeve/internal/store"
)

// readSigningKey reads the private key that signs statements.
func readSigningKey(path string) (*attest.PrivateKey, error) {
	if path == "" {
		return nil, usage("`reeve attest keygen -o signing.key` makes one", "--key is missing")
	}
	key, err := attest.ReadPrivateKey(path)
	if err != nil {
		return nil, &hinted{err, "`reeve attest keygen -o FILE` makes one; its mode must be 0600"}
	}
	return key, nil
}

// signDataset signs what a scan found, appends the statement to path and, where data is a data directory, leaves word for
// the custody log. It returns the digest of the statement's line.
func signDataset(ctx context.Context, path, keyFile, data string, a *attest.DatasetAudit) (string, error) {
	key, err := readSigningKey(keyFile)
	if err != nil {
		return "", err
	}
	e, err := attest.SignDatasetAudit(a, key)
	if err != nil {
		return "", err
	}
	digest, err := appendStatement(path, e)
	if err != nil || data == "" {
		return digest, err
	}
	details, err := auditDetails(a)
	if err != nil {
		return "", err
	}
	return digest, tellStatement(ctx, data, "dataset.statement", digest, details, time.Now())
}

// appendStatement adds a line to a file of statements, durably, and returns the digest of the line.
func appendStatement(path string, e *attest.Envelope) (string, error) {
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
	return digestOf(line), nil
}

// digestOf is the SHA-256 of a statement's line.
func digestOf(line []byte) string {
	sum := sha256.Sum256(line)
	return hex.EncodeToString(sum[:])
}

func auditDetails(a *attest.DatasetAudit) (map[string]string, error) {
	tree, err := attest.NewTree(a.Files)
	if err != nil {
		return nil, err
	}
	details := map[string]string{
		"dataset_root": tree.Root, "label": a.Label, "files": strconv.Itoa(tree.Files), "findings": strconv.FormatInt(a.Before.Total, 10),
		"not_scanned": strconv.Itoa(len(a.NotScanned)),
	}
	for severity, n := range a.Before.BySeverity {
		details["findings_"+severity] = strconv.FormatInt(n, 10)
	}
	return details, nil
}

// tellStatement puts the act into the outbox of a data directory; the server that holds the log records it. The log names
// the statement by its digest, which binds everything in it. No path goes there: a path may name a person.
func tellStatement(ctx context.Context, data, act, digest string, details map[string]string, now time.Time) (err error) {
	if err := exists(data); err != nil {
		return err
	}
	db, err := store.Open(ctx, data)
	if err != nil {
		return err
	}
	defer func() { err = firstError(err, db.Close()) }()
	return db.AddAct(ctx, store.Act{At: now.UTC(), Act: act, Subject: "statement:" + digest, Details: details})
}
