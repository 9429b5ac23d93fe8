package identity

import (
	"context"
	"crypto/subtle"
	"net/http"
	"strings"

	"github.com/reeve-ai/reeve"
)

// The refusals name what is wrong with the request, and never say more about a key than its holder knows: an unknown
// id and a wrong secret are one refusal, and only who has the secret learns that the key expired or was revoked.
func refuse(rule, message, remedy string) *reeve.Refusal {
	return &reeve.Refusal{Status: http.StatusUnauthorized, Code: "unauthenticated", Rule: "identity/" + rule, Message: message, Remedy: remedy}
}

func noKey() *reeve.Refusal {
	return refuse("no-key", "the request carries no API key",
		"send \"Authorization: Bearer rv_…\" or \"x-api-key: rv_…\"; an administrator makes a key with \"reeve key create\"")
}

func ambiguous() *reeve.Refusal {
	return refuse("one-key", "the request carries more than one API key", "send one key in one header")
}

func badScheme() *reeve.Refusal {
	return refuse("scheme", "the Authorization header is not of the form \"Bearer KEY\"", "send \"Authorization: Bearer rv_…\"")
}

func malformed() *reeve.Refusal {
	return refuse("malformed", "what was sent is not a complete reeve key", "copy the whole key: it begins with rv_ and ends with a check against typing errors")
}

func unknown() *reeve.Refusal {
	return refuse("unknown", "the API key is not known here", "check that the key belongs to this server, or ask an administrator for a new one")
}

func revoked() *reeve.Refusal {
	return refuse("revoked", "the API key was revoked", "ask an administrator for a new key")
}

func expired() *reeve.Refusal {
	return refuse("expired", "the API key has expired", "ask an administrator for a new key")
}

func unreadable() *reeve.Refusal {
	return &reeve.Refusal{
		Status: http.StatusServiceUnavailable, Code: "identity_unavailable", Rule: "identity/store",
		Message: "the keys cannot be read at the moment, so nobody is let in", Remedy: "try again; the administrator finds the cause in the server's log",
	}
}

// Authenticate says who sent a request with these headers. Exactly one of its results is nil. The session may be shared by
// several requests: read it, do not change it. It knows keys and tokens only; see AuthenticateRequest.
func (d *Directory) Authenticate(h http.Header) (*Session, *reeve.Refusal) {
	return d.headers(context.Background(), h)
}

func (d *Directory) authenticate(r *http.Request) (*Session, *reeve.Refusal) {
	return d.headers(r.Context(), r.Header)
}

func (d *Directory) headers(ctx context.Context, h http.Header) (*Session, *reeve.Refusal) {
	text, refusal := presented(h)
	if refusal != nil {
		return nil, refusal
	}
	id, secret, ok := parseKey(text)
	if !ok {
		if looksLikeToken(text) {
			return d.bearer(ctx, text)
		}
		return nil, malformed()
	}
	s, err := d.current()
	if err != nil {
		d.log.Error("keys could not be read", "error", err)
		return nil, unreadable()
	}
	// An unknown id is compared too, with a hash that no secret has, so that time does not tell known from unknown.
	e, known := s.byID[id]
	if !known {
		e = &nobody
	}
	hash := hashSecret(secret)
	if same := subtle.ConstantTimeCompare(hash[:], e.hash[:]) == 1; !same || !known {
		return nil, unknown()
	}
	return e.open(d.now)
}

// open gives the session of a key whose secret was shown, or the reason why it opens nothing.
func (e *entry) open(now reeve.Clock) (*Session, *reeve.Refusal) {
	key := e.session.Key
	switch {
	case !key.Revoked.IsZero():
		return nil, revoked()
	case !key.Expires.IsZero() && !now().Before(key.Expires):
		return nil, expired()
	case e.broken:
		return nil, refuse("ownerless", "the account that the API key acts for is gone", "ask an administrator for a new key")
	case e.owner != nil:
		if refusal := e.owner.may(); refusal != nil {
			return nil, refusal
		}
	}
	return &e.session, nil
}

var nobody entry

// presented finds the key in the headers. Both headers may carry it, if they agree.
func presented(h http.Header) (string, *reeve.Refusal) {
	bearer, plain := h["Authorization"], h["X-Api-Key"]
	if len(bearer) > 1 || len(plain) > 1 {
		return "", ambiguous()
	}
	var key string
	if len(bearer) == 1 {
		const scheme = "Bearer " // case-insensitive, RFC 9110 section 11.1
		if len(bearer[0]) <= len(scheme) || !strings.EqualFold(bearer[0][:len(scheme)], scheme) {
			return "", badScheme()
		}
		key = strings.TrimLeft(bearer[0][len(scheme):], " ")
	}
	if len(plain) == 1 {
		if key != "" && subtle.ConstantTimeCompare([]byte(key), []byte(plain[0])) != 1 {
			return "", ambiguous()
		}
		key = plain[0]
	}
	if key == "" {
		return "", noKey()
	}
	return key, nil
}
