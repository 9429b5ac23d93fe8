//go:build e2e

package identity

import (
	"context"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
)

// browser is a tab of a real Chromium.
type browser struct {
	t   *testing.T
	ctx context.Context
}

func openBrowser(t *testing.T) *browser {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(need(t, "REEVE_E2E_CHROMIUM")), chromedp.NoSandbox, chromedp.Flag("disable-dev-shm-usage", true))
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	must(t, chromedp.Do(ctx)) // starts it
	ctx, cancel = context.WithTimeout(ctx, 2*time.Minute)
	t.Cleanup(cancel)
	return &browser{t, ctx}
}

func (b *browser) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	must(b.t, chromedp.Do(b.ctx, steps...))
}

func (b *browser) click(css string) { b.t.Helper(); b.do(chromedp.Click(chromedp.CSS(css))) }

func (b *browser) text(css string) string {
	b.t.Helper()
	s, err := chromedp.Run(b.ctx, chromedp.Text(chromedp.CSS(css)))
	must(b.t, err)
	return s
}

func (b *browser) address() string {
	b.t.Helper()
	s, err := chromedp.Run(b.ctx, chromedp.Location())
	must(b.t, err)
	return s
}

// fetch asks from the page and returns the status.
func (b *browser) fetch(expression string) int {
	b.t.Helper()
	n, err := chromedp.Run(b.ctx, chromedp.Evaluate[int](expression+".then(r => r.status)", chromedp.EvalAwaitPromise))
	must(b.t, err)
	return n
}

func (b *browser) authenticator() {
	b.t.Helper()
	_, err := chromedp.Call(b.ctx, webauthn.Enable, webauthn.EnableParams{})
	must(b.t, err)
	_, err = chromedp.Call(b.ctx, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
		Protocol: "ctap2", Transport: "internal", HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
	}})
	must(b.t, err)
}

// session is the session cookie.
func (b *browser) session() *network.Cookie {
	b.t.Helper()
	got, err := chromedp.Call(b.ctx, network.GetCookies, network.GetCookiesParams{})
	must(b.t, err)
	for _, c := range got.Cookies {
		if c.Name == "__Host-reeve" {
			return c
		}
	}
	b.t.Fatal("there is no session cookie")
	return nil
}

// TestPasskey registers a passkey by a one-time link and signs in with it, in a real Chromium with a virtual authenticator.
func TestPasskey(t *testing.T) {
	need(t, "REEVE_E2E_CHROMIUM")
	s := serve(t, "identity: {public_url: 'http://localhost:ADMIN'}\n")
	s.cli(nil, "user", "add", "ana", "--role", "reviewer")
	link := s.cli(nil, "user", "invite", "ana")
	b := openBrowser(t)
	b.authenticator()

	b.do(chromedp.Navigate(link))
	b.click(`[data-ceremony=register]`)
	if name := b.text(`#name`); name != "ana" {
		t.Fatalf("signed in as %q", name)
	}
	// The cookie is one of this host alone, and no script sees it.
	first := b.session()
	if !first.Secure || !first.HTTPOnly || first.SameSite != "Lax" || first.Path != "/" {
		t.Errorf("cookie %+v", first)
	}
	visible, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`document.cookie`))
	must(t, err)
	if visible != "" {
		t.Errorf("scripts see %q", visible)
	}
	// Signed out, and in again with the passkey: another session.
	b.click(`#name`) // opens the menu of the account
	b.click(`#logout`)
	b.click(`[data-ceremony=login]`)
	if name := b.text(`#name`); name != "ana" {
		t.Errorf("signed in as %q at %s", name, b.address())
	}
	if b.session().Value == first.Value {
		t.Error("the session token outlived the sign-out")
	}
	// The session may do what its person may, and no more.
	if status := b.fetch(`fetch("/admin/v1/whoami")`); status != 200 {
		t.Errorf("whoami: %d", status)
	}
	make := `fetch("/admin/v1/users", {method: "POST", headers: {"Content-Type": "application/json"}, body: '{"name":"x"}'})`
	if status := b.fetch(make); status != 403 {
		t.Errorf("a reviewer makes users: %d", status)
	}
	// Revoked at the command line, the very next request is refused.
	s.cli(nil, "user", "revoke", "ana")
	if status := b.fetch(`fetch("/admin/v1/whoami")`); status != 401 {
		t.Errorf("after the revocation: %d", status)
	}
	// The link is good once.
	b.do(chromedp.Navigate("about:blank"), chromedp.Navigate(link))
	b.click(`[data-ceremony=register]`)
	_, err = chromedp.Run(b.ctx, chromedp.Poll[bool](`document.querySelector("[role=status]").textContent.includes("was used")`))
	must(t, err)
}
