package identity

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/reeve-ai/reeve"
)

// Bounds of an emergency.
const (
	BreakGlassDefault = 15 * time.Minute
	BreakGlassMost    = time.Hour
	minReason         = 10 // bytes: a word or two at least
	maxReason         = 512
)

// BreakGlass makes a key for an emergency: for a short time its holder acts as the user, with the roles admin and security
// added and the level of the clearance raised to restricted. It needs a reason, which stands in the record; the act is
// "user.break-glass", on which the server raises an alarm. The key ends by itself.
func (d *Directory) BreakGlass(ctx context.Context, by By, userID, reason string, life time.Duration) (key Key, text string, err error) {
	if life == 0 {
		life = BreakGlassDefault
	}
	reason = strings.TrimSpace(reason)
	switch {
	case len(reason) < minReason || len(reason) > maxReason || !printable(reason):
		return Key{}, "", invalid("breaking the glass needs a reason of %d to %d bytes of text: what happened, and what has to be done", minReason, maxReason)
	case life < 0 || life > BreakGlassMost:
		return Key{}, "", invalid("an emergency lasts %s at most", BreakGlassMost)
	}
	return d.create(ctx, by, NewKey{
		Name: "break-glass", Owner: userID, ExpiresIn: life, Role: reeve.RoleAdmin, Clearance: reeve.Label{Level: reeve.Restricted}, reason: reason,
	})
}

// elevated is a principal while the glass is broken.
func elevated(p reeve.Principal, clearance reeve.Label) reeve.Principal {
	p.Roles = tidyRoles(append(slices.Clone(p.Roles), reeve.RoleAdmin, reeve.RoleSecurity))
	p.Clearance = p.Clearance.Join(clearance)
	return p
}

// ownerOf finds who a new key shall act for.
func (d *Directory) ownerOf(ctx context.Context, who string) (*person, error) {
	s, err := d.latest(ctx)
	if err != nil {
		return nil, err
	}
	p := s.find(who)
	switch {
	case p == nil:
		return nil, invalid("no user or service account is called %q", who)
	case p.row.Inactive:
		return nil, invalid("the account is switched off")
	}
	return p, nil
}
