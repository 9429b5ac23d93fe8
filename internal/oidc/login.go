package oidc

import (
	"context"
	"crypto/rand"
	"encoding/base64"

	"golang.org/x/oauth2"

	"github.com/reeve-ai/reeve"
)

// Flow is a sign-in under way. Nonce and Verifier never leave the server before the provider needs them.
type Flow struct {
	Issuer   string `json:"issuer"`
	Nonce    string `json:"nonce"`
	Verifier string `json:"verifier"` // RFC 7636
	Return   string `json:"return,omitzero"`
}

// Issuer is the provider's name.
func (p *Provider) Issuer() string { return p.cfg.Issuer }

// Begin makes the state of a new sign-in and the address at the provider to which the browser goes. state is the only part
// that travels by the browser.
func (p *Provider) Begin(ctx context.Context) (address, state string, flow Flow, refusal *reeve.Refusal) {
	k, err := p.current(ctx)
	if err != nil {
		return "", "", Flow{}, away()
	}
	state = random()
	flow = Flow{Issuer: p.cfg.Issuer, Nonce: random(), Verifier: oauth2.GenerateVerifier()}
	address = p.oauth(k).AuthCodeURL(state, oauth2.S256ChallengeOption(flow.Verifier), oauth2.SetAuthURLParam("nonce", flow.Nonce))
	return address, state, flow, nil
}

// Finish takes the code that the provider gave to the browser for an ID token, and checks that.
func (p *Provider) Finish(ctx context.Context, code string, flow Flow) (*Person, *reeve.Refusal) {
	if flow.Nonce == "" || flow.Verifier == "" || flow.Issuer != p.cfg.Issuer {
		return nil, refuse("flow", "the sign-in was not begun here", "sign in again")
	}
	k, err := p.current(ctx)
	if err != nil {
		return nil, away()
	}
	tokens, err := p.oauth(k).Exchange(context.WithValue(ctx, oauth2.HTTPClient, p.client), code, oauth2.VerifierOption(flow.Verifier))
	if err != nil {
		return nil, refuse("code", "the provider did not take the code of this sign-in", "sign in again")
	}
	text, ok := tokens.Extra("id_token").(string)
	if !ok {
		return nil, refuse("none", "the provider gave no ID token", "have the provider answer with the scope openid")
	}
	t, err := split(text)
	if err != nil {
		return nil, refuse("malformed", err.Error(), "ask the administrator of the provider")
	}
	if t.claims.Issuer != p.cfg.Issuer {
		return nil, refuse("issuer", "another issuer gave the token", "sign in again")
	}
	return p.verify(ctx, t, []string{p.cfg.ClientID}, flow.Nonce)
}

func (p *Provider) oauth(k *known) *oauth2.Config {
	style := oauth2.AuthStyleInHeader
	if p.cfg.ClientSecret == "" {
		style = oauth2.AuthStyleInParams
	}
	return &oauth2.Config{
		ClientID: p.cfg.ClientID, ClientSecret: p.cfg.ClientSecret, RedirectURL: p.cfg.RedirectURL,
		Scopes:   append([]string{"openid"}, p.cfg.Scopes...),
		Endpoint: oauth2.Endpoint{AuthURL: k.Authorization, TokenURL: k.Token, AuthStyle: style},
	}
}

func away() *reeve.Refusal {
	r := refuse("provider", "the provider does not answer", "try again, or sign in with a passkey")
	r.Status, r.Code = 503, "identity_unavailable"
	return r
}

// random is 256 bits in base64url.
func random() string {
	var b [32]byte
	rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}
