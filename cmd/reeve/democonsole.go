package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"golang.org/x/term"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/console"
	"github.com/reeve-ai/reeve/internal/identity"
	"github.com/reeve-ai/reeve/internal/store"
)

// console makes an account for whoever watches the demo, and returns a link that signs them in to the console once.
func (d *demoRun) console(ctx context.Context) (string, error) {
	clearance, err := reeve.ParseLabel("restricted{PCI,PII,SECRET}")
	if err != nil {
		return "", err
	}
	u, err := d.srv.keys.User(ctx, demoWatcher)
	if identity.IsNotFound(err) {
		u, err = d.srv.keys.CreateUser(ctx, identity.Operator, store.User{Name: demoWatcher, Roles: []reeve.Role{"compliance", "security"}, Clearance: clearance})
	}
	if err != nil {
		return "", fmt.Errorf("demo: make an account for the console: %w", err)
	}
	return d.srv.signInLink(ctx, u.ID)
}

// demoWatcher is the account that the demo's link signs in: compliance and security see what happened, and who may what.
const demoWatcher = "demo-watcher"

// firstPage signs in with a link and reads the page that a person would see, which must tell of the refused exchanges.
func (d *demoRun) firstPage(ctx context.Context, link string) error {
	at, code, _ := strings.Cut(link, "#")
	send := func(method, address, body string, cookies []*http.Cookie) (*http.Response, error) {
		r, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(body))
		if err != nil {
			return nil, err
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		for _, c := range cookies {
			r.AddCookie(c)
		}
		return http.DefaultTransport.RoundTrip(r)
	}
	in, err := send(http.MethodPost, at, url.Values{"code": {code}}.Encode(), nil)
	if err != nil {
		return fmt.Errorf("demo: sign in to the console: %w", err)
	}
	defer in.Body.Close()
	page, err := send(http.MethodGet, d.srv.adminURL()+console.Home, "", in.Cookies())
	if err != nil {
		return fmt.Errorf("demo: open the console: %w", err)
	}
	defer page.Body.Close()
	text, err := io.ReadAll(io.LimitReader(page.Body, 1<<20))
	if err != nil {
		return fmt.Errorf("demo: open the console: %w", err)
	}
	if page.StatusCode != http.StatusOK || !strings.Contains(string(text), "secret/private-key") {
		return failed("console", "its first page does not tell of the refused answer ("+page.Status+")")
	}
	return nil
}

// inBrowser opens an address in the browser of whoever sits at the terminal. Where that cannot be done nothing happens: the address
// is printed as well.
func inBrowser(ctx context.Context, address string) {
	command := map[string][]string{"darwin": {"open"}, "windows": {"rundll32", "url.dll,FileProtocolHandler"}, "linux": {"xdg-open"}}[runtime.GOOS]
	if command == nil || !term.IsTerminal(int(os.Stdout.Fd())) || runtime.GOOS == "linux" && os.Getenv("DISPLAY")+os.Getenv("WAYLAND_DISPLAY") == "" {
		return
	}
	if path, err := exec.LookPath(command[0]); err == nil {
		_ = exec.CommandContext(ctx, path, append(command[1:], address)...).Start() // the address stands on the terminal, too
	}
}
