package admin

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json" // the types of the WebAuthn library are made for it
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/identity"
	"github.com/reeve-ai/reeve/internal/store"
)

// passkeys is the relying party of Web Authentication (W3C, level 3): credentials that the authenticator can discover, and
// only after it has verified the person, so that a passkey counts as two factors.
type passkeys struct{ party *webauthn.WebAuthn }

const (
	registerKind = "passkey-register"
	passkeyKind  = "passkey-login"
	maxPasskeys  = 16
)

func newPasskeys(origin *url.URL) (*passkeys, error) {
	party, err := webauthn.New(&webauthn.Config{
		RPID: origin.Hostname(), RPDisplayName: "reeve", RPOrigins: []string{origin.String()},
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementRequired, RequireResidentKey: protocol.ResidentKeyRequired(), UserVerification: protocol.VerificationRequired,
		},
	})
	if err != nil {
		return nil, fmt.Errorf("passkeys for %s: %w", origin, err)
	}
	return &passkeys{party}, nil
}

// holder is a user as the ceremony wants it. The handle is the account's id, which says nothing about the person.
type holder struct {
	user identity.User
	keys []webauthn.Credential
}

func (h *holder) WebAuthnID() []byte                         { return []byte(h.user.ID) }
func (h *holder) WebAuthnName() string                       { return h.user.Name }
func (h *holder) WebAuthnCredentials() []webauthn.Credential { return h.keys }
func (h *holder) WebAuthnDisplayName() string {
	if h.user.DisplayName != "" {
		return h.user.DisplayName
	}
	return h.user.Name
}

func (a *Admin) holder(r *http.Request, id string) (*holder, error) {
	u, err := a.o.Directory.User(r.Context(), id)
	if err != nil {
		return nil, err
	}
	rows, err := a.o.Store.Passkeys(r.Context(), u.ID)
	if err != nil {
		return nil, err
	}
	h := &holder{user: u}
	for _, row := range rows {
		var c webauthn.Credential
		if err := json.Unmarshal(row.Body, &c); err != nil {
			return nil, fmt.Errorf("passkey %s is damaged: %w", row.ID, err)
		}
		h.keys = append(h.keys, c)
	}
	return h, nil
}

// ceremony is what is kept between the two halves.
type ceremony struct {
	User    string               `json:"user,omitzero"`
	Invite  string               `json:"invite,omitzero"` // SHA-256 of the invitation, hex
	Session webauthn.SessionData `json:"session"`
}

type begun struct {
	Flow    string         `json:"flow"`
	Options jsontext.Value `json:"options"`
}

// offered tells that the server has no passkeys, which needs an address under which browsers know it.
func (a *Admin) offered(w http.ResponseWriter) bool {
	if a.passkeys == nil {
		problem(w, &reeve.Refusal{Status: http.StatusNotFound, Code: "not_found", Rule: "admin/no-passkeys", Message: "passkeys are not configured", Remedy: "an administrator sets identity.public_url"})
		return false
	}
	return true
}

func notInvited() *reeve.Refusal {
	return &reeve.Refusal{
		Status: http.StatusForbidden, Code: "forbidden", Rule: "identity/invite", Message: "the invitation is not known, was used, or has ended",
		Remedy: "ask an administrator for a new one (reeve user invite)",
	}
}

func ceremonyFailed() *reeve.Refusal {
	return &reeve.Refusal{
		Status: http.StatusUnauthorized, Code: "unauthenticated", Rule: "identity/passkey", Message: "the passkey was not accepted", Remedy: "try again; if it fails again, ask an administrator for an invitation",
	}
}

// keep stores the first half of a ceremony and answers with the options for the browser.
func (a *Admin) keep(w http.ResponseWriter, r *http.Request, kind string, c ceremony, options any) {
	flow := randomToken()
	body, err := json.Marshal(c)
	if err == nil {
		now := a.o.Clock()
		err = a.o.Store.PutFlow(r.Context(), sha256.Sum256([]byte(flow)), kind, body, now, now.Add(flowLife))
	}
	var text jsontext.Value
	if err == nil {
		var raw []byte
		raw, err = json.Marshal(options)
		text = raw
	}
	if err != nil {
		problem(w, a.refusalOf(err))
		return
	}
	answer(w, http.StatusOK, "application/json", begun{flow, text})
}

// second reads the second half and takes the first out of the store: it is good once.
func (a *Admin) second(w http.ResponseWriter, r *http.Request, kind string) (c ceremony, credential jsontext.Value, ok bool) {
	var in struct {
		Flow       string         `json:"flow"`
		Credential jsontext.Value `json:"credential"`
	}
	if refusal := readJSON(r, &in, "application/json"); refusal != nil {
		problem(w, refusal)
		return c, nil, false
	}
	body, err := a.o.Store.TakeFlow(r.Context(), sha256.Sum256([]byte(in.Flow)), kind, a.o.Clock())
	if err == nil {
		err = json.Unmarshal(body, &c)
	}
	switch {
	case errors.Is(err, store.ErrNotFound):
		problem(w, ceremonyFailed())
		return c, nil, false
	case err != nil:
		problem(w, a.refusalOf(err))
		return c, nil, false
	}
	return c, in.Credential, true
}

func (a *Admin) beginRegistration(w http.ResponseWriter, r *http.Request) {
	if !a.offered(w) {
		return
	}
	var in struct {
		Token string `json:"token"`
	}
	if refusal := readJSON(r, &in, "application/json"); refusal != nil {
		problem(w, refusal)
		return
	}
	invite := sha256.Sum256([]byte(in.Token))
	id, err := a.o.Store.Flow(r.Context(), invite, identity.InviteKind, a.o.Clock())
	if errors.Is(err, store.ErrNotFound) {
		problem(w, notInvited())
		return
	}
	var h *holder
	if err == nil {
		h, err = a.holder(r, string(id))
	}
	switch {
	case errors.Is(err, store.ErrNotFound):
		problem(w, notInvited())
		return
	case err != nil:
		problem(w, a.refusalOf(err))
		return
	case len(h.keys) >= maxPasskeys:
		problem(w, &reeve.Refusal{Status: http.StatusConflict, Code: "conflict", Rule: "identity/passkeys", Message: "the account has as many passkeys as it can have", Remedy: "ask an administrator to remove them"})
		return
	}
	options, session, err := a.passkeys.party.BeginRegistration(h, webauthn.WithExclusions(webauthn.Credentials(h.keys).CredentialDescriptors()))
	if err != nil {
		problem(w, a.refusalOf(err))
		return
	}
	a.keep(w, r, registerKind, ceremony{User: h.user.ID, Invite: base64.RawURLEncoding.EncodeToString(invite[:]), Session: *session}, options.Response)
}

func (a *Admin) finishRegistration(w http.ResponseWriter, r *http.Request) {
	if !a.offered(w) {
		return
	}
	c, body, ok := a.second(w, r, registerKind)
	if !ok {
		return
	}
	h, err := a.holder(r, c.User)
	if err != nil {
		problem(w, a.refusalOf(err))
		return
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(body)
	var made *webauthn.Credential
	if err == nil {
		made, err = a.passkeys.party.CreateCredential(h, c.Session, parsed)
	}
	if err != nil {
		a.o.Log.Info("a passkey was not accepted", "user", h.user.Principal(), "error", err)
		problem(w, ceremonyFailed())
		return
	}
	// The invitation is used up now, and not before: a ceremony that fails leaves it. Of two that finish, one gets it.
	var invite [sha256.Size]byte
	if raw, err := base64.RawURLEncoding.DecodeString(c.Invite); err == nil {
		copy(invite[:], raw)
	}
	if _, err := a.o.Store.TakeFlow(r.Context(), invite, identity.InviteKind, a.o.Clock()); err != nil {
		problem(w, notInvited())
		return
	}
	text, err := json.Marshal(made)
	if err == nil {
		by := identity.By{Actor: h.user.Principal(), Source: identity.SourceAPI}
		err = a.o.Store.AddPasskey(r.Context(), store.Passkey{ID: credentialID(made), UserID: h.user.ID, Body: text, Created: a.o.Clock().UTC().Truncate(time.Millisecond)},
			a.o.Directory.Act(by, "passkey.add", h.user.Principal()))
	}
	if err != nil {
		problem(w, a.refusalOf(err))
		return
	}
	a.welcome(w, r, h.user.ID)
}

func credentialID(c *webauthn.Credential) string { return base64.RawURLEncoding.EncodeToString(c.ID) }

func (a *Admin) beginPasskey(w http.ResponseWriter, r *http.Request) {
	if !a.offered(w) {
		return
	}
	options, session, err := a.passkeys.party.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		problem(w, a.refusalOf(err))
		return
	}
	a.keep(w, r, passkeyKind, ceremony{Session: *session}, options.Response)
}

func (a *Admin) finishPasskey(w http.ResponseWriter, r *http.Request) {
	if !a.offered(w) {
		return
	}
	c, body, ok := a.second(w, r, passkeyKind)
	if !ok {
		return
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(body)
	if err != nil {
		problem(w, ceremonyFailed())
		return
	}
	find := func(_, handle []byte) (webauthn.User, error) { return a.holder(r, string(handle)) }
	user, used, err := a.passkeys.party.ValidatePasskeyLogin(find, c.Session, parsed)
	if err != nil {
		a.o.Log.Info("a passkey was not accepted", "error", err)
		problem(w, ceremonyFailed())
		return
	}
	h, ok := user.(*holder)
	if !ok || used.Authenticator.CloneWarning {
		a.o.Log.Warn("a passkey may have been copied: its counter went back", "user", string(user.WebAuthnID()))
		problem(w, ceremonyFailed())
		return
	}
	text, err := json.Marshal(used)
	if err == nil {
		err = a.o.Store.UpdatePasskey(r.Context(), store.Passkey{ID: credentialID(used), UserID: h.user.ID, Body: text})
	}
	if err != nil {
		problem(w, a.refusalOf(err))
		return
	}
	a.welcome(w, r, h.user.ID)
}

// welcome opens the session of a person whose passkey was accepted.
func (a *Admin) welcome(w http.ResponseWriter, r *http.Request, id string) {
	old, _ := sessionToken(r)
	token, refusal := a.o.Directory.OpenSession(r.Context(), id, "passkey", true, nil, old)
	if refusal != nil {
		problem(w, refusal)
		return
	}
	setCookie(w, cookie, token, 0)
	answer(w, http.StatusOK, "application/json", map[string]string{"next": a.after(w, r)})
}

type invitation struct {
	Link    string    `json:"link"` // the token stands behind the #, which browsers do not send
	Expires time.Time `json:"expires"`
}

func (a *Admin) inviteUser(c *call) (int, any, error) {
	if a.origin == nil {
		return refused(&reeve.Refusal{Status: http.StatusConflict, Code: "conflict", Rule: "admin/no-passkeys", Message: "passkeys are not configured", Remedy: "set identity.public_url"})
	}
	token, expires, err := a.o.Directory.Invite(c.r.Context(), c.by, c.r.PathValue("id"))
	if err != nil {
		return 0, nil, err
	}
	return http.StatusCreated, invitation{a.origin.String() + "/auth/invite#" + token, expires}, nil
}
