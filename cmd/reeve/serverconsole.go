package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/admin"
	"github.com/reeve-ai/reeve/internal/attest"
	"github.com/reeve-ai/reeve/internal/config"
	"github.com/reeve-ai/reeve/internal/console"
	"github.com/reeve-ai/reeve/internal/custody"
	"github.com/reeve-ai/reeve/internal/identity"
	"github.com/reeve-ai/reeve/internal/lifecycle"
	"github.com/reeve-ai/reeve/internal/lineage"
	"github.com/reeve-ai/reeve/internal/posture"
	"github.com/reeve-ai/reeve/internal/store"
	"github.com/reeve-ai/reeve/policies"
)

// mountConsole puts the console on the admin listener.
func (s *server) mountConsole(a *admin.Admin) error {
	if !s.settings.Console.Enabled {
		return nil
	}
	o := console.Options{
		Door: a, Records: s.house.keeper, Log: s.custody, Prover: lifecycle.Provable(s.custody, s.settings.data).Prover, Directory: s.keys, Decider: s.access, Review: s.house.review,
		Verify: func(context.Context) (custody.Report, error) {
			return custody.Verify(s.settings.data, custody.VerifyOptions{})
		},
		Posture: remembered(5*time.Second, s.standingNow), Policies: s.access.Set, Guards: s.guardRules, Models: s.models,
		Settings: func() ([]byte, error) { return config.Show(s.settings.Config) },
		Digests: func() map[string]string {
			return map[string]string{"guard": s.gateway.PolicyDigest(), "labels": s.gateway.LabelDigest(), "access": "sha256:" + s.access.Set().PolicyDigest()}
		},
		Version: version().Version, Diagnostics: s.log,
	}
	s.watchedIn(&o)
	if places := s.settings.statementPlaces(); len(places) > 0 {
		o.Statements = s.statements(places)
	}
	c, err := console.New(o)
	if err != nil {
		return err
	}
	a.Mount(console.Home, c)
	return nil
}

// watchedIn hands on what watches the exchanges, where it does.
func (s *server) watchedIn(o *console.Options) {
	if s.watch == nil {
		return
	}
	if s.watch.alerts != nil {
		o.Alerts = s.watch.alerts
	}
	if s.watch.drift != nil {
		o.Drift = s.watch.drift
	}
}

// statementPlaces are the folders and files of statements that the configuration names.
func (s *settings) statementPlaces() (out []string) {
	named := slices.Concat(s.Gate.Evidence, s.Admission.Verdicts)
	for i := range s.Gate.Models {
		named = append(named, s.Gate.Models[i].Evidence...)
	}
	for _, p := range named {
		out = append(out, s.Path(p))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// statements reads what lies in these places. What cannot be read is told in the server's log; the rest is shown.
func (s *server) statements(places []string) console.Statements {
	type answer struct {
		all []lineage.Statement
		err error
	}
	ask := remembered(30*time.Second, func() (a answer) {
		policy, err := s.settings.gatePolicy()
		if err != nil {
			return answer{nil, err}
		}
		var keys []*attest.PublicKey
		for i := range policy.Signers {
			keys = append(keys, policy.Signers[i].Keys...)
		}
		seen := map[string]bool{} // one place may lie in another
		for _, place := range places {
			files, err := statementFiles([]string{place})
			if err != nil {
				s.log.Debug("no statements are shown of a place", "error", err)
			}
			for _, path := range files {
				if seen[path] {
					continue
				}
				seen[path] = true
				envelopes, err := readStatements(path)
				if err != nil {
					s.log.Warn("a file of statements cannot be read", "error", err)
				}
				for _, e := range envelopes {
					a.all = append(a.all, lineage.Read(e, filepath.ToSlash(path), keys...))
				}
			}
		}
		return a
	})
	return func() ([]lineage.Statement, error) { a := ask(); return a.all, a.err }
}

// remembered keeps an answer for a while, so that many who ask at once cost one look.
func remembered[T any](life time.Duration, ask func() T) func() T {
	var mu sync.Mutex
	var last T
	var until time.Time
	return func() T {
		mu.Lock()
		defer mu.Unlock()
		if now := time.Now(); now.After(until) {
			last, until = ask(), now.Add(life)
		}
		return last
	}
}

// standingNow is the posture with the policies in force.
func (s *server) standingNow() []posture.Check {
	return s.settings.standing([]posture.Check{
		{Name: "policy.guard", Status: posture.OK, Detail: s.gateway.PolicyDigest()},
		{Name: "policy.labels", Status: posture.OK, Detail: s.gateway.LabelDigest()},
		{Name: "policy.access", Status: posture.OK, Detail: "sha256:" + s.access.Set().PolicyDigest()},
	})
}

func (s *server) guardRules() []console.Rule {
	var out []console.Rule
	for _, r := range s.gateway.Rules() {
		out = append(out, console.Rule{ID: r.ID, Source: r.Action.String(), Message: r.Message, Remedy: r.Remedy, LegalBasis: r.LegalBasis, Owner: r.Owner})
	}
	return out
}

// models are those that are configured, and those that a runtime serves and admission looks at, each with how it stands.
func (s *server) models() []console.Model {
	var out []console.Model
	known := map[string]int{}
	for i := range s.settings.Gateway.Models {
		m := &s.settings.Gateway.Models[i]
		known[m.Upstream+" "+orString(m.UpstreamModel, m.Name)] = len(out)
		out = append(out, console.Model{
			Name: m.Name, Upstream: m.Upstream, As: m.UpstreamModel, Owner: m.Owner, Department: m.Department, Label: m.Label.String(), Takes: m.Takes,
			Admission: orString(m.Admission, s.settings.Admission.Mode),
		})
	}
	if s.admission == nil {
		return out
	}
	for _, at := range s.admission.Standings() {
		i, there := known[at.Upstream+" "+at.Model]
		if !there {
			i = len(out)
			out = append(out, console.Model{Name: at.Model, Upstream: at.Upstream, Admission: s.settings.Admission.Mode})
		}
		m := &out[i]
		m.Verdict, m.Reason, m.Remedy, m.Until = "refused", at.Reason, at.Remedy, at.Until
		if at.Admitted {
			m.Verdict = "admitted"
		}
		if at.Measured != nil {
			m.Files = at.Measured.Digests()
		}
	}
	return out
}

// adminURL is under which browsers reach the admin listener.
func (s *server) adminURL() string {
	if u := trimSlash(s.settings.Identity.PublicURL); u != "" {
		return u
	}
	return map[bool]string{true: "http", false: "https"}[s.settings.Gateway.TLS.Mode == "off"] + "://" + s.admin.Addr().String()
}

// firstAdministrator is the account that the first start makes for whoever set the server up.
const firstAdministrator = "administrator"

// inviteFirst makes an account for whoever set the server up, where nobody has one, and prints a link that signs them in once.
func (s *server) inviteFirst(ctx context.Context) error {
	if s.admin == nil || !s.settings.Console.Enabled {
		return nil
	}
	users, err := s.keys.Users(ctx)
	if err != nil || len(users) > 0 {
		return err
	}
	u, err := s.keys.CreateUser(ctx, identity.Operator, store.User{Name: firstAdministrator, Roles: []reeve.Role{reeve.RoleAdmin}})
	if errors.Is(err, identity.ErrConflict) {
		return nil // another server on the same database was faster
	}
	if err != nil {
		return fmt.Errorf("make the first account: %w", err)
	}
	link, err := s.signInLink(ctx, u.ID)
	if err == nil {
		fmt.Fprintf(s.out, "reeve: console, sign in once within an hour: %s\n", link)
	}
	return err
}

func (s *server) signInLink(ctx context.Context, user string) (string, error) {
	code, _, err := s.keys.SignInOnce(ctx, identity.Operator, user)
	if err != nil {
		return "", err
	}
	return s.adminURL() + oncePath + code, nil
}

// recordRules keeps the text of rules that come into force, so that the console can show what differs between two versions. The
// text is sealed like any payload, and let go with payloads. Where the newest version on record is this one, nothing is written.
func (s *server) recordRules(ctx context.Context, name, digest string, text []byte) error {
	if p, err := s.house.keeper.List(ctx, lifecycle.Listing{Kind: custody.EventPolicy, Limit: 50}); err == nil {
		for i := range p.Hits {
			o, err := s.house.keeper.Outline(ctx, p.Hits[i].ID, "")
			if err != nil || len(o.Records) == 0 {
				continue
			}
			if leaf := string(o.Records[0].Leaf); strings.Contains(leaf, `"act":"`+name+`.version"`) {
				if strings.Contains(leaf, digest) {
					return nil
				}
				break
			}
		}
	}
	_, err := s.custody.Event(&custody.Event{Kind: custody.EventPolicy, Actor: "operator", Act: name + ".version", Object: digest, Result: "ok", Payload: text})
	if err != nil {
		return fmt.Errorf("record rules: %w", err)
	}
	return nil
}

// guardText is the guard policy as it is written, and accessText are the access policies one after the other.
func (s *server) guardText() []byte {
	if s.settings.policy == "" {
		return policies.Guard()
	}
	text, err := os.ReadFile(s.settings.policy)
	if err != nil {
		return nil // it was read a moment ago; the next reload tells
	}
	return text
}

func (s *server) accessText() []byte {
	var b strings.Builder
	for _, p := range s.access.Set().Policies() {
		fmt.Fprintf(&b, "%s\n\n", strings.TrimSpace(p.Cedar()))
	}
	return []byte(b.String())
}
