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
	s, err := d.latest(ctx)
	if err != nil {
		return "", time.Time{}, err
	}
	p := s.users[userID]
	switch {
	case p == nil:
		return "", time.Time{}, fmt.Errorf("invite: %w", store.ErrNotFound)
	case p.row.Kind != reeve.KindUser:
		return "", time.Time{}, invalid("a service account has no passkey: make a key for it")
	case p.may() != nil:
		return "", time.Time{}, invalid("the account may not act: %s", p.may().Message)
	}
	token, expires = "ri_"+randomText(secretLen, base62), d.stampTime().Add(inviteLife)
	if err := d.store.PutFlow(ctx, sha256.Sum256([]byte(token)), InviteKind, []byte(userID), d.now(), expires); err != nil {
		return "", time.Time{}, err
	}
	return token, expires, d.store.AddAct(ctx, d.act(by, "user.invite", p.principal.ID, nil))
}

// Act is the record of an act that another room does for a person, such as adding a passkey.
func (d *Directory) Act(by By, act, subject string) store.Act { return d.act(by, act, subject, nil) }
