package identity

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/oidc"
	"github.com/reeve-ai/reeve/internal/store"
)

// TokenVerifier checks bearer tokens of OpenID providers. It is safe for concurrent use.
type TokenVerifier interface {
	// Verify checks the signature and every claim that decides, and maps the rest. Exactly one of its results is nil.
	Verify(ctx context.Context, token string) (*oidc.Person, *reeve.Refusal)
	// Generation differs after the keys of a provider have changed, so that nothing signed with a withdrawn key stays good.
	Generation() uint64
}

// Unknown says what becomes of people whom a provider vouches for and the directory does not know. The zero value refuses.
type Unknown struct {
	Create bool         // make an account at the first sign-in
	Roles  []reeve.Role // that such an account has, beside those that the claims map to
}

// vouchers remembers tokens that were verified, by their SHA-256, so that the signature is checked once.
type vouchers struct {
	mu   sync.Mutex
	seen map[[sha256.Size]byte]*voucher
}

type voucher struct {
	person     *oidc.Person
	generation uint64
	version    int64 // of the snapshot that session was made from
	session    *Session
}

// maxVouchers bounds the memory. Where it is full, all are forgotten: each costs one verification to come back.
const maxVouchers = 8192

// bearer recognises the sender of a token.
func (d *Directory) bearer(ctx context.Context, token string) (*Session, *reeve.Refusal) {
	if d.tokens == nil {
		return nil, malformed()
	}
	s, err := d.current()
	if err != nil {
		d.log.Error("users could not be read", "error", err)
		return nil, unreadable()
	}
	hash, generation := sha256.Sum256([]byte(token)), d.tokens.Generation()
	d.vouched.mu.Lock()
	v := d.vouched.seen[hash]
	d.vouched.mu.Unlock()
	if v != nil && v.generation == generation && d.now().Before(v.person.Expires) && v.version == s.version {
		return v.session, nil
	}
	person := (*oidc.Person)(nil)
	if v != nil && v.generation == generation && d.now().Before(v.person.Expires) {
		person = v.person
	} else {
		var refusal *reeve.Refusal
		if person, refusal = d.tokens.Verify(ctx, token); refusal != nil {
			return nil, refusal
		}
	}
	p, s, refusal := d.account(ctx, s, person)
	if refusal != nil {
		return nil, refusal
	}
	fresh := &voucher{person: person, generation: generation, version: s.version, session: d.session(p, person, AuthnOIDC)}
	fresh.session.MFA = person.MFA
	d.vouched.mu.Lock()
	defer d.vouched.mu.Unlock()
	if d.vouched.seen == nil || len(d.vouched.seen) >= maxVouchers {
		d.vouched.seen = map[[sha256.Size]byte]*voucher{}
	}
	d.vouched.seen[hash] = fresh
	return fresh.session, nil
}

// account finds who the person is here, and makes an account where that is allowed.
func (d *Directory) account(ctx context.Context, s *snapshot, claims *oidc.Person) (*person, *snapshot, *reeve.Refusal) {
	link := store.Link{Issuer: claims.Issuer, Subject: claims.Subject}
	p := s.users[s.links[link]]
	if p == nil && d.unknown.Create {
		var refusal *reeve.Refusal
		if s, refusal = d.admit(ctx, link, claims); refusal != nil {
			return nil, nil, refusal
		}
		p = s.users[s.links[link]]
	}
	if p == nil {
		return nil, nil, refuse("unknown-user", "the provider vouches for you, but you have no account here",
			"ask an administrator for \"reeve user link\", or to have your account provisioned")
	}
	if refusal := p.may(); refusal != nil {
		return nil, nil, refusal
	}
	if len(claims.Groups)+len(p.principal.Groups) > maxGroups {
		return nil, nil, refuse("groups", fmt.Sprintf("the account is in more than %d groups", maxGroups), "ask an administrator to map only the groups that rules need")
	}
	return p, s, nil
}

// admit makes an account for somebody whom the provider vouches for. A name that somebody has, or one that looks like it,
// is refused: an account is never taken over by its name.
func (d *Directory) admit(ctx context.Context, link store.Link, person *oidc.Person) (*snapshot, *reeve.Refusal) {
	name := person.Name
	if name == "" {
		name = person.Email
	}
	if name == "" {
		host := link.Issuer
		if u, err := url.Parse(link.Issuer); err == nil {
			host = u.Hostname()
		}
		name = link.Subject + "@" + host
	}
	_, err := d.CreateUser(ctx, By{Source: SourceOIDC}, store.User{
		Name: name, DisplayName: person.DisplayName, Email: person.Email, Roles: slices.Clone(d.unknown.Roles), Links: []store.Link{link},
	})
	s, failed := d.latest(ctx)
	switch {
	case failed != nil:
		return nil, unreadable()
	case err == nil, s.links[link] != "": // another request was faster
		return s, nil
	case errors.Is(err, ErrConflict):
		return nil, refuse("name-taken", "another account here has this user name, or one that looks like it", "ask an administrator for \"reeve user link\" if the account is yours")
	case errors.Is(err, ErrInvalid):
		return nil, refuse("name", "the user name that the provider gives cannot be used here", "ask an administrator to make the account and link it")
	}
	d.log.Error("an account could not be made", "error", err)
	return nil, unreadable()
}

// session is a session of a user, with what the provider vouches for added: roles, groups and clearance are joined,
// attributes fill what the account leaves open.
func (d *Directory) session(p *person, claims *oidc.Person, authn string) *Session {
	who := p.principal
	if claims != nil {
		who.Roles = tidyRoles(slices.Concat(who.Roles, claims.Roles))
		who.Groups = slices.Concat(who.Groups, claims.Groups)
		slices.Sort(who.Groups)
		who.Groups = slices.Compact(who.Groups)
		who.Clearance = who.Clearance.Join(claims.Clearance)
		who.Training = slices.Concat(who.Training, claims.Training)
		slices.Sort(who.Training)
		who.Training = slices.Compact(who.Training)
		if who.Department == "" {
			who.Department = claims.Department
		}
		if who.Country == "" {
			who.Country = claims.Country
		}
		attributes := maps.Clone(claims.Attributes)
		if attributes == nil {
			attributes = map[string]string{}
		}
		maps.Copy(attributes, who.Attributes)
		who.Attributes = attributes
	}
	return &Session{Key: &Key{}, Principal: who, RoleDigest: roleDigest(&who), Authn: authn, use: p.use, now: d.now}
}

// SignIn finds or makes the account of somebody whom a provider vouches for, and opens a session.
func (d *Directory) SignIn(ctx context.Context, person *oidc.Person, old string) (token string, refusal *reeve.Refusal) {
	s, err := d.latest(ctx)
	if err != nil {
		return "", unreadable()
	}
	p, _, refusal := d.account(ctx, s, person)
	if refusal != nil {
		return "", refusal
	}
	return d.OpenSession(ctx, p.row.ID, "oidc", person.MFA, person, old)
}

// looksLikeToken tells a JSON Web Token from an API key by its shape: three parts in base64url (RFC 7515 section 7.1).
func looksLikeToken(s string) bool {
	return !strings.HasPrefix(s, keyPrefix) && strings.Count(s, ".") == 2 && strings.HasPrefix(s, "ey")
}
