package identity

import (
	"context"
	"crypto/sha256"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/oidc"
	"github.com/reeve-ai/reeve/internal/store"
)

// A session's token is "rs_" and 43 characters of base 62: 256 random bits. It travels in a cookie only.
const (
	sessionPrefix = "rs_"
	sessionLen    = len(sessionPrefix) + secretLen
	seenEvery     = time.Minute // how exactly other processes know when a session was last used
)

// WebSession is what may be known of a session. JSON is the form of the admin API.
type WebSession struct {
	ID      string    `json:"id"`
	User    string    `json:"user"` // principal
	Method  string    `json:"method"`
	MFA     bool      `json:"mfa"`
	Created time.Time `json:"created"`
	Seen    time.Time `json:"seen"` // to the minute
	Expires time.Time `json:"expires"`
}

// signedIn is a session in memory.
type signedIn struct {
	row    store.Session
	claims *oidc.Person
	seen   *atomic.Int64 // ms; outlives the snapshot
}

func (s *snapshot) takeSessions(c *store.Changes, old *snapshot, now time.Time) {
	for i := range c.Sessions {
		row := c.Sessions[i]
		if !row.Revoked.IsZero() {
			delete(s.sessions, row.TokenSHA256)
			continue
		}
		in := &signedIn{row: row, seen: new(atomic.Int64)}
		if old != nil && old.sessions[row.TokenSHA256] != nil {
			in.seen = old.sessions[row.TokenSHA256].seen
		}
		in.saw(row.Seen)
		if row.Claims != "" {
			in.claims = new(oidc.Person)
			if err := json.Unmarshal([]byte(row.Claims), in.claims); err != nil {
				continue // what cannot be read opens nothing
			}
		}
		s.sessions[row.TokenSHA256] = in
	}
	if len(c.Sessions) > 0 {
		for hash, in := range s.sessions {
			if !now.Before(in.row.Expires) {
				delete(s.sessions, hash)
			}
		}
	}
}

func (in *signedIn) saw(t time.Time) {
	for {
		was := in.seen.Load()
		if was >= t.UnixMilli() || in.seen.CompareAndSwap(was, t.UnixMilli()) {
			return
		}
	}
}

func noSession(rule, message string) *reeve.Refusal {
	return refuse(rule, message, "sign in again")
}

// OpenSession opens a session for a user and ends the one whose token is old ("": none), so that a token from before the
// sign-in is worth nothing after it. The text is the only copy of the token.
func (d *Directory) OpenSession(ctx context.Context, userID, method string, mfa bool, claims *oidc.Person, old string) (string, *reeve.Refusal) {
	s, err := d.latest(ctx)
	if err != nil {
		return "", unreadable()
	}
	p := s.users[userID]
	if p == nil {
		return "", refuse("unknown-user", "there is no such account", "ask an administrator")
	}
	if refusal := p.may(); refusal != nil {
		return "", refusal
	}
	if in := s.sessions[sha256.Sum256([]byte(old))]; in != nil {
		d.endSession(ctx, in)
	}
	now := d.stampTime()
	token := sessionPrefix + randomText(secretLen, base62)
	row := store.Session{
		TokenSHA256: sha256.Sum256([]byte(token)), ID: newID(), UserID: userID, Method: method, MFA: mfa,
		Created: now, Seen: now, Expires: now.Add(d.absolute),
	}
	if claims != nil {
		text, err := json.Marshal(claims, json.Deterministic(true))
		if err != nil {
			return "", unreadable()
		}
		row.Claims = string(text)
	}
	subject := p.principal.ID
	if err := d.store.CreateSession(ctx, row, d.act(By{Actor: subject, Source: method}, "session.open", "session:"+row.ID, map[string]string{"user": subject})); err != nil {
		d.log.Error("a session could not be opened", "error", err)
		return "", unreadable()
	}
	return token, nil
}

func (d *Directory) endSession(ctx context.Context, in *signedIn) {
	act := d.act(By{Actor: in.row.UserID, Source: in.row.Method}, "session.end", "session:"+in.row.ID, nil)
	if _, err := d.store.RevokeSessions(ctx, in.row.ID, "", d.stampTime(), act); err != nil {
		d.log.Error("a session could not be ended", "error", err)
	}
}

// Resume says whose session a token opens. Exactly one of session and refusal is nil.
func (d *Directory) Resume(ctx context.Context, token string) (*Session, *WebSession, *reeve.Refusal) {
	if len(token) != sessionLen || !strings.HasPrefix(token, sessionPrefix) {
		return nil, nil, noSession("no-session", "the session cookie is not one of this server")
	}
	s, err := d.current()
	if err != nil {
		d.log.Error("sessions could not be read", "error", err)
		return nil, nil, unreadable()
	}
	in := s.sessions[sha256.Sum256([]byte(token))] // looked up by digest: time tells nothing about the token
	if in == nil {
		return nil, nil, noSession("session-ended", "the session has ended")
	}
	now := d.now()
	if !now.Before(in.row.Expires) {
		return nil, nil, noSession("session-expired", "the session has reached its longest life")
	}
	if refusal := d.idleFor(ctx, in, now); refusal != nil {
		return nil, nil, refusal
	}
	p := s.users[in.row.UserID]
	if p == nil {
		return nil, nil, noSession("session-ended", "the account is gone")
	}
	if refusal := p.may(); refusal != nil {
		return nil, nil, refusal
	}
	session := d.session(p, in.claims, AuthnSession)
	session.MFA, session.SessionID = in.row.MFA, in.row.ID
	web := in.web(s)
	return session, &web, nil
}

// idleFor refuses a session that has rested too long. Before it does, it asks the store whether another process saw it.
func (d *Directory) idleFor(ctx context.Context, in *signedIn, now time.Time) *reeve.Refusal {
	if now.Sub(time.UnixMilli(in.seen.Load())) > d.idle {
		seen, err := d.store.SessionSeen(ctx, in.row.ID)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return unreadable()
		}
		if err != nil || now.Sub(seen) > d.idle {
			d.endSession(ctx, in)
			return noSession("session-idle", "the session was not used for too long")
		}
	}
	stored := in.row.Seen
	if last := time.UnixMilli(in.seen.Load()); last.After(stored) {
		stored = last
	}
	if now.Sub(stored) >= min(seenEvery, d.idle/2) {
		if err := d.store.SeenSession(ctx, in.row.ID, now); err != nil {
			d.log.Warn("the use of a session is not stored", "error", err)
		}
		in.saw(now)
	}
	return nil
}

func (in *signedIn) web(s *snapshot) WebSession {
	w := WebSession{ID: in.row.ID, User: "user:" + in.row.UserID, Method: in.row.Method, MFA: in.row.MFA, Created: in.row.Created, Seen: time.UnixMilli(in.seen.Load()).UTC(), Expires: in.row.Expires}
	if p := s.users[in.row.UserID]; p != nil {
		w.User = p.principal.ID
	}
	return w
}

// SignOut ends the session of a token. A token that opens nothing is no error.
func (d *Directory) SignOut(ctx context.Context, token string) error {
	s, err := d.latest(ctx)
	if err != nil {
		return err
	}
	if in := s.sessions[sha256.Sum256([]byte(token))]; in != nil {
		d.endSession(ctx, in)
	}
	return nil
}

// Sessions lists the sessions in force, oldest first.
func (d *Directory) Sessions(ctx context.Context) ([]WebSession, error) {
	s, err := d.latest(ctx)
	if err != nil {
		return nil, err
	}
	list := []WebSession{}
	for _, in := range s.sessions {
		if d.now().Before(in.row.Expires) {
			list = append(list, in.web(s))
		}
	}
	slices.SortFunc(list, func(a, b WebSession) int {
		if n := a.Created.Compare(b.Created); n != 0 {
			return n
		}
		return strings.Compare(a.ID, b.ID)
	})
	return list, nil
}

// RevokeSession ends one session for ever; false where none with the id was in force.
func (d *Directory) RevokeSession(ctx context.Context, by By, id string) (bool, error) {
	n, err := d.store.RevokeSessions(ctx, id, "", d.stampTime(), d.act(by, "session.revoke", "session:"+id, nil))
	return n > 0, err
}
