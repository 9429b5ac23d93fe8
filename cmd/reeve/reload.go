package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/reeve-ai/reeve/internal/access"
	"github.com/reeve-ai/reeve/internal/custody"
	"github.com/reeve-ai/reeve/internal/identity"
	"github.com/reeve-ai/reeve/internal/store"
)

// reloadLoop puts changed guard and access policies in force: on SIGHUP, and when a file changes. What is under way ends under the
// policy it began with; a bad file never replaces a good one.
func (s *server) reloadLoop(ctx context.Context) error {
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	changed := make(chan struct{}, 1)
	if s.watcher != nil {
		go func() {
			err := s.watcher.Run(ctx, func() {
				select {
				case changed <- struct{}{}:
				default: // one reload takes all changes so far
				}
			})
			if err != nil && ctx.Err() == nil {
				s.log.Error("the policy file is not watched any more; SIGHUP still reloads it", "error", err)
			}
		}()
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-hup:
		case <-changed:
		}
		s.reload()
	}
}

func (s *server) reload() {
	s.reloadGuard()
	s.reloadAccess()
	s.reloadAdmission()
	if err := s.applyIdentity(context.Background()); err != nil {
		s.log.Error("the identity file was not applied as a whole", "error", err)
	}
	s.postureChanged()
}

// reloadAccess puts changed access policies in force. Decisions under way end under the set they began with.
func (s *server) reloadAccess() {
	set, err := loadAccess(s.settings.access, s.settings.Access.Models)
	if err == nil && set.PolicyDigest() == s.access.Set().PolicyDigest() && set.SchemaDigest() == s.access.Set().SchemaDigest() {
		return
	}
	if err == nil {
		_, err = access.NewEngine(set) // asks for everything that Swap would, before anything is put on record
	}
	if err != nil {
		s.log.Error("access policies not reloaded, the old ones stay in force", "error", err)
		_ = s.custody.Admin(&custody.Admin{Actor: "operator", Act: "access.reload", Result: "refused"})
		return
	}
	if err := s.putOnRecord("access.reload", set.PolicyDigest()); err != nil {
		s.log.Error("access policies not reloaded: it cannot be recorded", "error", err)
		return
	}
	if err := s.access.Swap(set); err != nil {
		s.log.Error("access policies not reloaded, the old ones stay in force", "error", err)
		return
	}
	if err := s.recordRules(context.Background(), "access", set.PolicyDigest(), s.accessText()); err != nil {
		s.log.Error("the text of the access policies is not on record", "error", err)
	}
	s.log.Info("access policies reloaded", "digest", set.PolicyDigest(), "policies", len(set.Policies()))
}

func (s *server) reloadGuard() {
	policy, err := loadPolicy(s.settings.policy)
	if err != nil {
		s.log.Error("policy not reloaded, the old one stays in force", "error", err)
		_ = s.custody.Admin(&custody.Admin{Actor: "operator", Act: "policy.reload", Result: "refused"})
		return
	}
	if policy.Digest() == s.gateway.PolicyDigest() {
		return
	}
	if failures := policy.Test(); len(failures) > 0 {
		s.log.Error("policy not reloaded: it fails its own examples, the old one stays in force", "failures", len(failures), "first", failures[0].String())
		_ = s.custody.Admin(&custody.Admin{Actor: "operator", Act: "policy.reload", Object: policy.Digest(), Result: "refused"})
		return
	}
	if err := s.putOnRecord("policy.reload", policy.Digest()); err != nil {
		s.log.Error("policy not reloaded: it cannot be recorded", "error", err)
		return
	}
	if err := s.gateway.SetPolicy(policy); err != nil {
		s.log.Error("policy not reloaded, the old one stays in force", "error", err)
		return
	}
	if err := s.recordRules(context.Background(), "guard", policy.Digest(), s.guardText()); err != nil {
		s.log.Error("the text of the guard policy is not on record", "error", err)
	}
	s.log.Info("policy reloaded", "digest", policy.Digest())
}

// drainEvery is how long an act of another process (`reeve key create`) may wait for its record.
const drainEvery = time.Second

func (s *server) drainLoop(ctx context.Context) error {
	tick := time.NewTicker(drainEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if err := s.drain(ctx); err != nil && ctx.Err() == nil {
				s.log.Error("administrative acts wait for their record", "error", err)
			}
		}
	}
}

// drain records the administrative acts that other processes left in the store.
func (s *server) drain(ctx context.Context) error {
	_, err := s.db.Drain(ctx, func(a store.Act) error {
		_, err := s.custody.Event(eventOf(a))
		if err == nil && a.Act == identity.ActBreakGlass {
			s.alarm(a)
		}
		return err
	})
	return err
}

// eventOf is the record of an administrative act. Why somebody broke the glass is sealed with it.
func eventOf(a store.Act) *custody.Event {
	ev := &custody.Event{
		Kind: kindOfAct(a.Act), Time: a.At, Actor: "operator", Act: a.Act, Object: a.Subject, Result: "ok",
		Names: map[string]string{}, Numbers: map[string]uint64{"outbox": uint64(a.Seq)}, //nolint:gosec // counts from 1
	}
	for name, value := range a.Details {
		switch {
		case name == "actor":
			ev.Actor = value
		case name == "reason":
			ev.Payload = []byte(value)
		case value != "":
			ev.Names[name] = value
		}
	}
	return ev
}

// kindOfAct is the kind of record that an act leaves: statements about data and models are evidence of their own kind.
func kindOfAct(act string) string {
	switch act {
	case "dataset.statement", "model.scan":
		return custody.EventScan
	case "model.training":
		return custody.EventTraining
	case "model.verdict", "model.waiver", "model.approval":
		return custody.EventGate
	}
	return custody.EventAdmin
}

// alarm tells who watches the log and the metrics that somebody broke the glass.
func (s *server) alarm(a store.Act) {
	s.log.Warn("ALARM: somebody broke the glass", "alarm", "break-glass", "key", a.Subject, "owner", a.Details["owner"], "at", a.At)
	s.broken.Inc()
	s.brokenAt.Store(a.At.UnixNano())
}
