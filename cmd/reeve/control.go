package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/reeve-ai/reeve/internal/admission"
	"github.com/reeve-ai/reeve/internal/config"
	"github.com/reeve-ai/reeve/internal/control"
	"github.com/reeve-ai/reeve/internal/custody"
	"github.com/reeve-ai/reeve/internal/identity"
	"github.com/reeve-ai/reeve/internal/keyring"
	"github.com/reeve-ai/reeve/internal/lifecycle"
	"github.com/reeve-ai/reeve/internal/monitor/incident"
	"github.com/reeve-ai/reeve/internal/monitor/rollup"
	review "github.com/reeve-ai/reeve/internal/people"
	"github.com/reeve-ai/reeve/internal/store"
)

// house is an open data directory: what a server holds, and what a command opens where no server runs.
type house struct {
	dir     string
	ring    *keyring.Ring
	custody *custody.Log
	db      *store.DB
	reader  *custody.Reader
	keeper  *lifecycle.Custodian
	review  *review.Service     // of a server; of a command from its first call on
	keys    *identity.Directory // of a command's review; a server has its own
	rollups *rollup.Store
	watch   *monitors // of a running server; nil in a command
	// admission is that of a running server; nil where none runs, or where no model needs a verdict.
	admission *admission.Controller
}

// calls are the handlers by which commands reach a data directory, served by the running server or by the command
// itself. A room adds its own here.
func (h *house) calls() http.Handler {
	mux := http.NewServeMux()
	h.addKeyCalls(mux)
	h.addAdmissionCalls(mux)
	h.keeper.Handle(mux, controlWords())
	mux.Handle("/review/", h.reviewCalls())
	h.addMonitorCalls(mux)
	handleRebuild(mux, controlWords(), h.custody)
	return mux
}

// controlWords are the errors that keep their identity on the way from a server to a command.
func controlWords() control.Words {
	return append(append(lifecycle.Words(), review.Words()...), control.Words{
		{Code: "unavailable", Err: custody.ErrUnavailable},
		{Code: "allowance", Err: admission.ErrAllowance},
		{Code: "no-admission", Err: errNoAdmission},
		{Code: "not-found", Err: custody.ErrNotFound},
		{Code: "damaged", Err: custody.ErrDamaged},
		{Code: "erased", Err: keyring.ErrErased},
		{Code: "wrong-root", Err: keyring.ErrWrongRoot},
		{Code: "no-root", Err: keyring.ErrNoRoot},
		{Code: "root-spec", Err: keyring.ErrRootSpec},
		{Code: "no-incident", Err: incident.ErrNoIncident},
		{Code: "incident-state", Err: incident.ErrState},
		{Code: "incident-reason", Err: incident.ErrReason},
		{Code: "no-server", Err: errNoServer},
		{Code: "no-rotate", Err: keyring.ErrNoRotate},
	}...)
}

// withHouse runs do against the server that holds the data directory, or against the directory itself where none does.
func withHouse(c *cobra.Command, dir, root string, do func(context.Context, *control.Client) error) (err error) {
	if err := exists(dir); err != nil {
		return err
	}
	ctx := c.Context()
	client, err := control.Open(ctx, dir, controlWords(), custody.ErrInUse, func() (http.Handler, io.Closer, error) {
		h, err := openHouse(ctx, dir, root)
		if err != nil {
			return nil, nil, err
		}
		return h.calls(), h, nil
	})
	if err != nil {
		return err
	}
	defer func() { err = firstError(err, client.Close()) }()
	return do(ctx, client)
}

// openHouse opens a data directory for one command. The log comes before the store: it holds the lock.
func openHouse(ctx context.Context, dir, root string) (_ *house, err error) {
	h := &house{dir: dir}
	defer func() {
		if err != nil {
			_ = h.Close() // the error that counts is the first
		}
	}()
	if h.ring, err = keyring.Open(keyring.Options{Dir: dir, Root: root}); err != nil {
		return nil, err
	}
	cfg, err := loadConfig("")
	if err != nil {
		return nil, err
	}
	witnesses, err := (&settings{Config: cfg}).witnesses() // a head that needs cosignatures is not published without them
	if err != nil {
		return nil, err
	}
	if h.custody, err = custody.Open(custody.Options{Dir: dir, Keys: h.ring, Witnesses: witnesses}); err != nil {
		return nil, err
	}
	if h.db, err = openStore(ctx, cfg, dir); err != nil {
		return nil, err
	}
	return h, h.openKeeper(ctx, &cfg.Custody, nil)
}

// openKeeper opens what searches, erases, holds and exports.
func (h *house) openKeeper(ctx context.Context, cfg *config.Custody, log *slog.Logger) (err error) {
	if h.reader, err = h.custody.Reader(); err != nil {
		return err
	}
	o := lifecycle.Options{
		Dir: h.dir, Log: lifecycle.Provable(h.custody, h.dir), Reader: h.reader, Keys: h.ring, People: people{h.db}, Retention: cfg.Retention.Rules(), Diagnostics: log,
		Later: log != nil, // a server
	}
	if cfg.IndexIdentifiers {
		o.Identify = identifiersIn
	}
	if h.keeper, err = lifecycle.Open(ctx, o); err != nil {
		return err
	}
	h.rollups, err = rollup.Open(ctx, h.dir, h.reader, nil)
	return err
}

// people are the principals that the store knows.
type people struct{ db *store.DB }

// Principals implements lifecycle.People.
func (p people) Principals(ctx context.Context, name string) ([]string, error) {
	return p.db.Principals(ctx, name)
}

// Forget implements lifecycle.People.
func (p people) Forget(ctx context.Context, principal string) (int, error) {
	return p.db.ForgetPrincipal(ctx, principal)
}

// Close gives back what openHouse opened, in the opposite order.
func (h *house) Close() error {
	errs := []error{h.closeKeeper()}
	if h.keys != nil {
		errs = append(errs, h.keys.Close())
	}
	if h.db != nil {
		errs = append(errs, h.db.Close())
	}
	if h.custody != nil {
		errs = append(errs, h.custody.Close())
	}
	if h.ring != nil {
		errs = append(errs, h.ring.Close())
	}
	return errors.Join(errs...)
}

// closeKeeper gives back what openKeeper opened.
func (h *house) closeKeeper() error {
	var errs []error
	if h.rollups != nil {
		errs = append(errs, h.rollups.Close())
	}
	if h.keeper != nil {
		errs = append(errs, h.keeper.Close())
	}
	if h.reader != nil {
		errs = append(errs, h.reader.Close())
	}
	return errors.Join(errs...)
}

// openControl lets commands reach this server, and retention run.
func (s *server) openControl(ctx context.Context) (err error) {
	s.house = &house{dir: s.settings.data, ring: s.ring, custody: s.custody, db: s.db, admission: s.admission}
	if err := s.house.openKeeper(ctx, &s.settings.Custody, s.log); err != nil {
		return err
	}
	if err := s.openPeople(ctx); err != nil {
		return err
	}
	if s.control, err = control.Listen(s.settings.data, s.house.calls(), s.log); err != nil {
		return err
	}
	wait := time.Duration(s.settings.Gateway.Timeouts.Shutdown)
	s.loops = append(s.loops, func(ctx context.Context) error { return s.control.Serve(ctx, wait) }, s.house.keeper.Run)
	return nil
}
