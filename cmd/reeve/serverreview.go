package main

import (
	"context"
	"net/http"
	"os"
	"strings"
	"sync"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/detect"
	"github.com/reeve-ai/reeve/detect/names"
	"github.com/reeve-ai/reeve/internal/access"
	"github.com/reeve-ai/reeve/internal/config"
	"github.com/reeve-ai/reeve/internal/control"
	"github.com/reeve-ai/reeve/internal/guard"
	"github.com/reeve-ai/reeve/internal/identity"
	review "github.com/reeve-ai/reeve/internal/people"
)

// openReview opens the review queue over an open house. owner says who answers for a guard rule.
func (h *house) openReview(ctx context.Context, cfg *config.Review, decider access.Decider, keys *identity.Directory, owner func(string) string, o review.Options) (err error) {
	o.Store, o.Log, o.Reader, o.Find, o.Keys = h.db, h.custody, h.reader, h.keeper.Records, h.ring
	o.Access, o.Rules, o.Mask, o.Owner = decider, cfg.Rules(), masker(), owner
	o.Principal = func(ctx context.Context, who string) (reeve.Principal, bool, error) {
		return principalOf(ctx, keys, who)
	}
	h.review, err = review.Open(ctx, o)
	return err
}

// reviewCalls serves the calls of the review queue. Where no server runs the queue is opened with the first of them.
func (h *house) reviewCalls() http.Handler {
	var mu sync.Mutex
	var mux *http.ServeMux
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		var err error
		if h.review == nil {
			err = h.openOwnReview(context.WithoutCancel(r.Context()))
		}
		if mux == nil && err == nil {
			mux = http.NewServeMux()
			h.review.Handle(mux, controlWords())
		}
		mu.Unlock()
		if err != nil {
			control.Refuse(w, controlWords(), err)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// openOwnReview opens the queue with what the configuration says, for a command without a server.
func (h *house) openOwnReview(ctx context.Context) error {
	cfg, err := loadConfig(os.Getenv(configVariable))
	if err != nil {
		return err
	}
	set, err := loadAccess(cfg.Path(cfg.Access.Policies), cfg.Access.Models)
	if err != nil {
		return err
	}
	engine, err := access.NewEngine(set)
	if err != nil {
		return accessError(err)
	}
	policy, err := loadPolicy(cfg.Path(cfg.Guard.Policy))
	if err != nil {
		return err
	}
	if h.keys, err = identity.Open(ctx, h.db, identity.Options{}); err != nil {
		return err
	}
	return h.openReview(ctx, &cfg.Review, engine, h.keys, func(rule string) string { return ownerOf(policy, rule) }, review.Options{})
}

// openPeople opens the queue in the server, and what callers reach of it.
func (s *server) openPeople(ctx context.Context) error {
	owner := func(rule string) string { return s.gateway.RuleOwner(rule) }
	err := s.house.openReview(ctx, &s.settings.Review, s.access, s.keys, owner, review.Options{Diagnostics: s.log})
	if err != nil {
		return err
	}
	s.gateway.SetPeople(review.NewPublic(s.house.review, s.keys))
	s.loops = append(s.loops, s.house.review.Run)
	return nil
}

// principalOf is who a name, an id or the id of a key stands for, and whether they may act.
func principalOf(ctx context.Context, keys *identity.Directory, who string) (reeve.Principal, bool, error) {
	p, may, err := keys.Principal(ctx, strings.TrimPrefix(who, "user:"))
	if err != nil || may {
		return p, may, err
	}
	list, err := keys.List(ctx)
	if err != nil {
		return p, false, err
	}
	for i := range list {
		k := &list[i]
		if k.ID != who && k.Name != who && "key:"+k.ID != who {
			continue
		}
		if k.Owner != "" {
			return keys.Principal(ctx, strings.TrimPrefix(k.Owner, "user:"))
		}
		who = "key:" + k.ID
		break
	}
	all, err := keys.Principals(ctx)
	if err != nil {
		return p, false, err
	}
	for i := range all {
		if all[i].ID == who {
			return all[i], true, nil
		}
	}
	return p, false, nil
}

// ownerOf is who answers for a rule of a guard policy; "" where it has none of this name.
func ownerOf(p *guard.Policy, rule string) string {
	for _, r := range p.Rules() {
		if r.ID == rule {
			return r.Owner
		}
	}
	return ""
}

// masker replaces what detectors and the tagger of names find in a text by its kind. They are compiled when the first text is
// shown; where that fails nothing is shown.
func masker() func([]byte) []byte {
	type finder struct {
		engine *detect.Engine
		tagger *names.Tagger
	}
	open := sync.OnceValues(func() (f finder, err error) {
		var all []string
		for _, r := range detect.Rules() {
			all = append(all, r.ID)
		}
		if f.engine, err = detect.New(detect.Options{Rules: all}); err != nil {
			return f, err
		}
		f.tagger, err = names.New(names.Options{})
		return f, err
	})
	return func(text []byte) []byte {
		f, err := open()
		if err != nil {
			return []byte("[not shown]")
		}
		kindOf := func(m detect.Match, r *detect.Rule) span { return span{m.Start, m.End, string(r.Kind)} }
		var found []span
		for _, m := range f.engine.Find(nil, text) {
			found = append(found, kindOf(m, f.engine.RuleAt(m.Rule)))
		}
		for _, m := range f.tagger.Tag(nil, text) {
			found = append(found, kindOf(m, f.tagger.RuleAt(m.Rule)))
		}
		return maskSpans(text, found)
	}
}
