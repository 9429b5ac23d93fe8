package main

import (
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/reeve-ai/reeve/internal/admission"
	"github.com/reeve-ai/reeve/internal/config"
	"github.com/reeve-ai/reeve/internal/custody"
	"github.com/reeve-ai/reeve/internal/gate"
	"github.com/reeve-ai/reeve/internal/gateway"
	"github.com/reeve-ai/reeve/internal/upstream"
)

// admits is the admission of a server as its gateway asks it.
type admits struct{ *admission.Controller }

// Admit implements gateway.Admission.
func (a admits) Admit(upstream, model string) gateway.Pass {
	if s := a.Controller.Admit(upstream, model); s != nil {
		return s
	}
	return nil
}

// admitting reports whether any model is looked at.
func (s *settings) admitting() bool {
	if s.Admission.Mode != "off" {
		return true
	}
	for i := range s.Gateway.Models {
		if m := s.Gateway.Models[i].Admission; m == "warn" || m == "enforce" {
			return true
		}
	}
	return false
}

// openAdmission makes the controller for upstreams that are open, and has the gateway ask it. Hashing begins when the server runs.
func (s *server) openAdmission(o *gateway.Options) error {
	if !s.settings.admitting() {
		return nil
	}
	cfg := &s.settings.Admission
	policy, err := s.settings.gatePolicy()
	if err != nil {
		return err
	}
	s.verdicts = newGateJudge(policy, o.Labels.Digest())
	var places []string
	for _, p := range cfg.Verdicts {
		places = append(places, s.settings.Path(p))
	}
	otherwise := admission.ParseMode(cfg.Mode, admission.Off)
	a := admission.Options{
		Otherwise: otherwise, Sources: map[string]admission.Source{}, Shelf: admission.NewShelf(places, s.verdicts),
		Poll: time.Duration(cfg.Poll), Record: s.recordAdmission, Diagnostics: s.log, Metrics: admission.NewMetrics(s.metrics),
	}
	for i := range o.Upstreams {
		name := o.Upstreams[i].Name
		a.Upstreams = append(a.Upstreams, name)
		source, err := s.source(&s.settings.Gateway.Upstreams[i], o.Upstreams[i].Client)
		if err != nil {
			return err
		}
		if source != nil {
			a.Sources[name] = source
		}
	}
	for i := range o.Models {
		m, said := &o.Models[i], s.settings.Gateway.Models[i].Admission
		r := admission.Rule{Upstream: m.Upstream, Model: m.As, Mode: admission.ParseMode(said, otherwise)}
		if r.Upstream == "" {
			r.Upstream = o.Upstreams[0].Name
		}
		if r.Model == "" {
			r.Model = m.Name
		}
		a.Rules = append(a.Rules, r)
	}
	s.admission = admission.New(a)
	close(s.admissionReady)
	o.Admission = admits{s.admission}
	s.loops = append(s.loops, s.admission.Run)
	return nil
}

// gatePolicy is the one that verdicts must have been given under.
func (s *settings) gatePolicy() (*gate.Policy, error) {
	path := orString(s.Admission.Policy, s.Gate.Policy)
	if path == "" {
		return gate.Default(), nil
	}
	p, err := gate.Load(s.Path(path))
	if err != nil {
		return nil, usage("docs/gate.md explains the format", "gate policy: %w", err)
	}
	return p, nil
}

// source measures what a runtime serves; nil where the configuration says nothing of its files.
func (s *server) source(u *config.Upstream, client *upstream.Client) (admission.Source, error) {
	if u.Runtime.Agent != "" {
		ends, err := admission.TLS(s.settings.Path(u.Runtime.Cert), s.settings.Path(u.Runtime.Key), s.settings.Path(u.Runtime.CA))
		if err != nil {
			return nil, usage("`reeve agent certificates` makes them", "upstream %s: agent: %w", u.Name, err)
		}
		remote := admission.NewRemote(u.Runtime.Agent, u.Runtime.Kind, ends, nil)
		s.measuring = append(s.measuring, remote)
		return remote, nil
	}
	var places []string
	for _, p := range append([]string{u.Runtime.Models}, u.Runtime.Paths...) {
		abs, err := filepath.Abs(s.settings.Path(p))
		if err != nil {
			return nil, fmt.Errorf("find model files: %w", err)
		}
		places = append(places, abs)
	}
	runtime, process := runtimeOf(&u.Runtime, client, places[0], places[1:])
	if runtime == nil {
		return nil, nil
	}
	if s.hasher == nil {
		s.hasher = admission.NewHasher(nil)
	}
	local, err := admission.NewLocal(admission.LocalOptions{
		Runtime: runtime, Process: process, Hasher: s.hasher, Rehash: time.Duration(s.settings.Admission.Rehash),
		Changed: func() { <-s.admissionReady; s.admission.Changed() },
	})
	if err != nil {
		return nil, err
	}
	s.measuring = append(s.measuring, local)
	return local, nil
}

// runtimeOf knows the kinds of runtimes.
func runtimeOf(r *config.Runtime, client *upstream.Client, models string, paths []string) (admission.Runtime, *admission.Process) {
	process := admission.NewProcess(client.Addr())
	var proof admission.Proof = process
	if r.Unproven == "accept" {
		proof = admission.Assumed{}
	}
	switch r.Kind {
	case "ollama":
		return admission.NewOllama(client, models), process
	case "llamacpp":
		return admission.NewLlamaCpp(client, paths, proof), process
	case "vllm":
		return admission.NewVLLM(client, paths, proof), process
	}
	return nil, nil
}

// recordAdmission puts a change of how a model stands on record.
func (s *server) recordAdmission(e admission.Event) error {
	ev := &custody.Event{Kind: custody.EventGate, Time: e.At, Actor: "reeve", Act: e.Act, Result: "ok", Names: map[string]string{}, Digests: map[string][32]byte{}, Numbers: map[string]uint64{}}
	if e.Actor != "" {
		ev.Kind, ev.Actor = custody.EventAdmin, e.Actor
	}
	if st := e.Standing; st != nil {
		if ev.Object = st.Model; ev.Object == "" {
			ev.Object = st.Upstream // it serves one model under any name
		}
		ev.Names["upstream"], ev.Names["mode"] = st.Upstream, st.Mode.String()
		if st.Rule != "" {
			ev.Names["rule"], ev.Result = st.Rule, "refused"
		}
		if st.Verdict != nil {
			ev.Digests["verdict"] = sumOf(st.Verdict.ID)
		}
		if m := st.Measured; m != nil {
			ev.Digests["files"], ev.Numbers["files"] = m.Digest(), uint64(len(m.Files))
		}
	}
	if e.Actor != "" && e.Reason != "" {
		ev.Payload = []byte(e.Reason)
	}
	if e.Act == "admission.allow" {
		s.log.Warn("ALARM: a model is admitted without a verdict", "alarm", "break-glass", "upstream", e.Standing.Upstream, "model", e.Standing.Model)
		s.broken.Inc()
	}
	_, err := s.custody.Event(ev)
	return err
}

// reloadAdmission puts a changed gate policy in force: verdicts under another one count no longer.
func (s *server) reloadAdmission() {
	if s.admission == nil {
		return
	}
	policy, err := s.settings.gatePolicy()
	if err != nil {
		s.log.Error("gate policy not reloaded, the old one stays in force", "error", err)
		return
	}
	if policy.Digest() == s.verdicts.Policy() {
		return
	}
	s.verdicts.policy.Store(policy) // a stricter policy must not wait for its record; a laxer one admits nobody without a record of its own
	if err := s.putOnRecord("gate.reload", policy.Digest()); err != nil {
		s.log.Error("the change of the gate policy is not on record", "error", err)
	}
	s.log.Info("gate policy reloaded", "digest", policy.Digest())
	s.admission.Notice()
}

// closeAdmission ends what measures.
func (s *server) closeAdmission() error {
	var errs []error
	for _, m := range s.measuring {
		errs = append(errs, m.Close())
	}
	return errors.Join(errs...)
}

// sumOf reads a SHA-256 in hex; zero where it is none.
func sumOf(hexSum string) (sum [32]byte) {
	if b, err := hex.DecodeString(hexSum); err == nil && len(b) == len(sum) {
		copy(sum[:], b)
	}
	return sum
}
