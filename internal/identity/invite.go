package identity

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/store"
)

// InviteKind is the kind of flow that an invitation is; its body is the id of the user.
const InviteKind = "invite"

// inviteLife is how long an invitation can be taken up.
const inviteLife = 24 * time.Hour

// Invite makes the token of a link by which a person registers a passkey for the account, once, within a day. Whoever has
// the token becomes that person here, so it is shown once and handed over on a way that both trust.
func (d *Directory) Invite(ctx context.Context, by By, userID string) (token string, expires time.Time, err error) {
	return d.hand(ctx, by, userID, "ri_", InviteKind, "user.invite", inviteLife)
}

// OnceKind is the kind of flow that a one-time link is; its body is the id of the user.
const OnceKind = "once"

// onceLife is how long a one-time link can be used.
const onceLife = time.Hour

// SignInOnce makes the code of a link by which a person signs in at the admin listener without a passkey or a provider, once,
// within an hour. It is one factor. Whoever has the code becomes that person here.
func (d *Directory) SignInOnce(ctx context.Context, by By, userID string) (code string, expires time.Time, err error) {
	return d.hand(ctx, by, userID, "ro_", OnceKind, "user.sign-in", onceLife)
}

// hand makes a token that is good once, and records that it was made.
func (d *Directory) hand(ctx context.Context, by By, userID, prefix, kind, act string, life time.Duration) (token string, expires time.Time, err error) {
	s, err := d.latest(ctx)
	if err != nil {
		return "", time.Time{}, err
	}
	p := s.users[userID]
	switch {
	case p == nil:
		return "", time.Time{}, fmt.Errorf("%s: %w", kind, store.ErrNotFound)
	case p.row.Kind != reeve.KindUser:
		return "", time.Time{}, invalid("a service account does not sign in: make a key for it")
	case p.may() != nil:
		return "", time.Time{}, invalid("the account may not act: %s", p.may().Message)
	}
	token, expires = prefix+randomText(secretLen, base62), d.stampTime().Add(life)
	if err := d.store.PutFlow(ctx, sha256.Sum256([]byte(token)), kind, []byte(userID), d.now(), expires); err != nil {
		return "", time.Time{}, err
	}
	return token, expires, d.store.AddAct(ctx, d.act(by, act, p.principal.ID, nil))
}

// Act is the record of an act that another room does for a person, such as adding a passkey.
func (d *Directory) Act(by By, act, subject string) store.Act { return d.act(by, act, subject, nil) }
