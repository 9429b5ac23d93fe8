package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/reeve-ai/reeve/internal/admission"
	"github.com/reeve-ai/reeve/internal/attest"
	"github.com/reeve-ai/reeve/internal/backup"
	"github.com/reeve-ai/reeve/internal/control"
	"github.com/reeve-ai/reeve/internal/custody"
	"github.com/reeve-ai/reeve/internal/gateway"
	"github.com/reeve-ai/reeve/internal/keyring"
	"github.com/reeve-ai/reeve/internal/lifecycle"
	"github.com/reeve-ai/reeve/internal/monitor/incident"
	review "github.com/reeve-ai/reeve/internal/people"
	"github.com/reeve-ai/reeve/internal/store"
)

// Exit codes. Every command's help lists those it uses.
const (
	exitClean       = 0
	exitFindings    = 1   // findings, or a refusal
	exitUsage       = 2   // usage or configuration
	exitIncomplete  = 3   // input unreadable, evidence missing or stale, run not complete
	exitIntegrity   = 4   // integrity broken
	exitInterrupted = 130 // interrupted
)

// toldError carries an exit code for something that the command has already told on stdout.
type toldError struct{ code int }

func (e *toldError) Error() string { return fmt.Sprintf("exit status %d", e.code) }

// usageError is a mistake in flags, arguments or configuration.
type usageError struct {
	error
	hint string
}

func (e *usageError) Unwrap() error { return e.error }

// Hint tells what to do next.
func (e *usageError) Hint() string { return e.hint }

func usage(hint, format string, args ...any) error {
	return &usageError{fmt.Errorf(format, args...), hint}
}

func exitCode(err error) int {
	var told *toldError
	var wrong *usageError
	switch {
	case errors.As(err, &told):
		return told.code
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	case errors.As(err, &wrong), errors.Is(err, gateway.ErrPlaintext), errors.Is(err, custody.ErrInUse),
		errors.Is(err, custody.ErrNewer), errors.Is(err, store.ErrNewer), errors.Is(err, keyring.ErrNewer),
		errors.Is(err, keyring.ErrNoRoot), errors.Is(err, keyring.ErrWrongRoot), errors.Is(err, keyring.ErrRootSpec),
		errors.Is(err, backup.ErrExists), errors.Is(err, keyring.ErrLedger):
		return exitUsage
	case errors.Is(err, review.ErrTaken), errors.Is(err, review.ErrNotYours), errors.Is(err, review.ErrDone):
		return exitFindings
	case errors.Is(err, review.ErrInvalid):
		return exitUsage
	case errors.Is(err, incident.ErrReason):
		return exitUsage
	case errors.Is(err, incident.ErrNoIncident), errors.Is(err, incident.ErrState):
		return exitFindings
	case errors.Is(err, lifecycle.ErrHeld), errors.Is(err, lifecycle.ErrNoHold), errors.Is(err, lifecycle.ErrNobody):
		return exitFindings
	case errors.Is(err, custody.ErrDamaged), errors.Is(err, backup.ErrNotBackup), errors.Is(err, backup.ErrBroken), errors.Is(err, attest.ErrSignature), errors.Is(err, attest.ErrMalformed):
		return exitIntegrity
	case errors.Is(err, admission.ErrAllowance):
		return exitFindings
	default:
		return exitIncomplete
	}
}

// hints are for errors of the rooms below, which do not know the command line.
var hints = []struct {
	err  error
	hint string
}{
	{gateway.ErrPlaintext, "give --tls local or --tls-cert and --tls-key; --insecure allows it and is recorded"},
	{custody.ErrInUse, "stop the other reeve, or give another --data; key, custody show and custody verify work beside a running one"},
	{custody.ErrNewer, "use the reeve that wrote it, or a newer one"},
	{store.ErrNewer, "use the reeve that wrote it, or a newer one"},
	{keyring.ErrNewer, "use the reeve that wrote it, or a newer one"},
	{keyring.ErrNoRoot, "give the root key that this data directory was made with: --root-key; docs/keys.md lists the kinds"},
	{keyring.ErrWrongRoot, "give the root key that this data directory was made with: --root-key; docs/keys.md lists the kinds"},
	{backup.ErrExists, "name a place that is not there yet"},
	{backup.ErrNotBackup, "take another backup: this one was not finished, or was altered since"},
	{keyring.ErrLedger, "give the keys.ledger of this data directory, as it was written"},
	{keyring.ErrRootSpec, "docs/keys.md lists the kinds of root keys"},
	{custody.ErrDamaged, "keep the directory as it is; `reeve custody verify` names the first bad record"},
	{incident.ErrNoIncident, "`reeve incident list --all` shows them"},
	{errNoServer, "what watches lives in a running server: start reeve serve with this --data"},
	{lifecycle.ErrNoHold, "`reeve custody hold list` shows the holds in force"},
	{lifecycle.ErrNobody, "give the id or the name of an API key or user; `reeve key list` shows the keys"},
	{control.ErrUnknown, "the running server is another version of reeve: restart it"},
	{custody.ErrNotFound, "the id is in the Reeve-Exchange header of the answer"},
	{custody.ErrUnpublished, "wait a second, or start the server: it signs a checkpoint over what is not under one yet"},
	{attest.ErrSignature, "verify with the public key of who should have signed; do not use the data before it is clear who did"},
	{fs.ErrPermission, "reeve needs a data directory that it may read and write: check its owner and mode (0700)"},
}

func printError(w io.Writer, err error) {
	fmt.Fprintf(w, "reeve: error: %v\n", err)
	var h interface{ Hint() string }
	if errors.As(err, &h) && h.Hint() != "" {
		fmt.Fprintf(w, "reeve: hint: %s\n", h.Hint())
		return
	}
	for _, x := range hints {
		if errors.Is(err, x.err) {
			fmt.Fprintf(w, "reeve: hint: %s\n", x.hint)
			return
		}
	}
}
