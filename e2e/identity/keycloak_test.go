//go:build e2e

package identity

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// keycloak is a running Keycloak with the realm "reeve": ana, in the groups hr and staff; a public client for the console that
// must use PKCE; and a client whose tokens are for the gateway.
type keycloak struct {
	t   *testing.T
	url string
}

const realm = `{
  "realm": "reeve", "enabled": true, "sslRequired": "none", "accessTokenLifespan": 300,
  "groups": [{"name": "hr"}, {"name": "staff"}],
  "users": [{"username": "ana", "enabled": true, "email": "ana@example.org", "emailVerified": true, "firstName": "Ana", "lastName": "Berg", "groups": ["/hr", "/staff"],
    "credentials": [{"type": "password", "value": "sample-password", "temporary": false}]}],
  "clients": [
    {"clientId": "console", "publicClient": true, "standardFlowEnabled": true, "directAccessGrantsEnabled": false, "redirectUris": ["CALLBACK"],
      "attributes": {"pkce.code.challenge.method": "S256"}, "protocolMappers": [GROUPS]},
    {"clientId": "caller", "publicClient": true, "standardFlowEnabled": false, "directAccessGrantsEnabled": true, "protocolMappers": [GROUPS,
      {"name": "audience", "protocol": "openid-connect", "protocolMapper": "oidc-audience-mapper",
        "config": {"included.custom.audience": "reeve-gateway", "access.token.claim": "true", "id.token.claim": "false"}}]},
    {"clientId": "stranger", "publicClient": true, "standardFlowEnabled": false, "directAccessGrantsEnabled": true}
  ]
}`

const groupMapper = `{"name": "groups", "protocol": "openid-connect", "protocolMapper": "oidc-group-membership-mapper",
  "config": {"claim.name": "groups", "full.path": "false", "id.token.claim": "true", "access.token.claim": "true"}}`

func startKeycloak(t *testing.T, callback string) *keycloak {
	t.Helper()
	home := t.TempDir()
	if out, err := exec.Command("cp", "-r", need(t, "REEVE_E2E_KEYCLOAK")+"/.", home).CombinedOutput(); err != nil {
		t.Fatalf("copy keycloak: %v: %s", err, out)
	}
	must(t, os.MkdirAll(filepath.Join(home, "data", "import"), 0o700))
	text := strings.NewReplacer("CALLBACK", callback, "GROUPS", groupMapper).Replace(realm)
	must(t, os.WriteFile(filepath.Join(home, "data", "import", "reeve-realm.json"), []byte(text), 0o600))
	port := freePort(t)
	k := &keycloak{t, fmt.Sprintf("http://localhost:%d", port)}
	cmd := exec.Command(filepath.Join(home, "bin", "kc.sh"), "start-dev", "--import-realm", "--http-host=127.0.0.1", fmt.Sprintf("--http-port=%d", port), "--hostname="+k.url, "--cache=local")
	cmd.Env = append(os.Environ(), "KC_BOOTSTRAP_ADMIN_USERNAME=admin", "KC_BOOTSTRAP_ADMIN_PASSWORD=sample-password", "JAVA_OPTS_APPEND=-Xmx512m -XX:TieredStopAtLevel=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	log, err := os.Create(filepath.Join(home, "log"))
	must(t, err)
	cmd.Stdout, cmd.Stderr = log, log
	must(t, cmd.Start())
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		<-ended
	})
	for deadline := time.Now().Add(4 * time.Minute); ; time.Sleep(200 * time.Millisecond) {
		resp, err := http.Get(k.url + "/realms/reeve/.well-known/openid-configuration")
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode == 200 {
				return k
			}
		}
		select {
		case <-ended:
		default:
			if time.Now().Before(deadline) {
				continue
			}
		}
		text, _ := os.ReadFile(filepath.Join(home, "log"))
		t.Fatalf("keycloak is not ready: %s", text)
	}
}

// token is an access token of a user by password.
func (k *keycloak) token(realm, client, user string) string {
	k.t.Helper()
	resp, err := http.PostForm(k.url+"/realms/"+realm+"/protocol/openid-connect/token", url.Values{"grant_type": {"password"}, "client_id": {client}, "username": {user}, "password": {"sample-password"}, "scope": {"openid"}})
	must(k.t, err)
	defer resp.Body.Close()
	var got struct {
		Token string `json:"access_token"`
		Error string `json:"error_description"`
	}
	must(k.t, json.NewDecoder(resp.Body).Decode(&got))
	if got.Token == "" {
		k.t.Fatalf("no token for %s: %s", client, got.Error)
	}
	return got.Token
}

// TestKeycloak signs in through a real provider with PKCE in a real browser, and sends its tokens to the gateway.
func TestKeycloak(t *testing.T) {
	need(t, "REEVE_E2E_CHROMIUM")
	need(t, "REEVE_E2E_KEYCLOAK")
	port := freePort(t)
	k := startKeycloak(t, fmt.Sprintf("http://localhost:%d/auth/callback", port))
	s := serveAt(t, port, strings.ReplaceAll(`identity:
  public_url: http://localhost:ADMIN
  unknown: create
  oidc:
    - issuer: ISSUER
      client_id: console
      audiences: [reeve-gateway]
      clients: [caller]
      groups_claim: groups
      groups_prefix: kc/
      rules:
        - {claim: groups, value: hr, clearance: "internal{HR}"}
        - {claim: groups, value: staff, role: reviewer}
`, "ISSUER", k.url+"/realms/reeve"))

	b := openBrowser(t)
	b.do(chromedp.Navigate(s.admin + "/auth/login"))
	b.click(`a[href="/auth/start"]`)
	b.do(chromedp.SendKeys(chromedp.CSS(`#username`), "ana"), chromedp.SendKeys(chromedp.CSS(`#password`), "sample-password"))
	b.click(`#kc-login`)
	if name := b.text(`#name`); name != "ana" {
		t.Fatalf("signed in as %q at %s", name, b.address())
	}
	who, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`fetch("/admin/v1/whoami").then(r => r.text())`, chromedp.EvalAwaitPromise))
	must(t, err)
	for _, want := range []string{`"roles":["employee","reviewer"]`, `"groups":["kc/hr","kc/staff"]`, `"clearance":"internal{HR}"`, `"authn":"session"`} {
		if !strings.Contains(who, want) {
			t.Errorf("whoami lacks %s: %s", want, who)
		}
	}
	// A callback a second time, and one with a state that nobody made.
	for _, query := range []string{"?state=x&code=y", "?code=y", ""} {
		status, _ := do(t, "GET", s.admin+"/auth/callback"+query, "", "")
		if status != 400 {
			t.Errorf("callback%s: %d", query, status)
		}
	}

	good := k.token("reeve", "caller", "ana")
	if got := s.chat(good); got != 200 {
		t.Errorf("a good token: %d", got)
	}
	parts := strings.Split(good, ".")
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + parts[1] + "."
	for name, token := range map[string]string{
		"for another audience": k.token("reeve", "stranger", "ana"), "alg none": none, "changed": parts[0] + "." + parts[1] + "." + parts[2][:len(parts[2])-6] + "AAAAAA",
		"of another realm": k.token("master", "admin-cli", "admin"),
	} {
		if got := s.chat(token); got != 401 {
			t.Errorf("a token %s: %d", name, got)
		}
	}

	// The provider changes its key: new tokens are good as soon as the provider may be asked again.
	admin := k.token("master", "admin-cli", "admin")
	status, body := do(t, "POST", k.url+"/admin/realms/reeve/components", admin, `{"name":"rsa2","providerId":"rsa-generated","providerType":"org.keycloak.keys.KeyProvider","config":{"priority":["500"],"enabled":["true"],"active":["true"]}}`)
	if status != 201 {
		t.Fatalf("a new key: %d %v", status, body)
	}
	rotated := k.token("reeve", "caller", "ana")
	if strings.Split(rotated, ".")[0] == parts[0] {
		t.Fatal("the provider still signs with the old key")
	}
	for deadline := time.Now().Add(15 * time.Second); s.chat(rotated) != 200; time.Sleep(200 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("a token by the provider's new key is refused")
		}
	}
	// The account is switched off here: token and session stop with the next request, whatever the provider says.
	s.cli(nil, "user", "disable", "ana")
	if got := s.chat(rotated); got != 401 {
		t.Errorf("a token of a disabled account: %d", got)
	}
	if got := b.fetch(`fetch("/admin/v1/whoami")`); got != 401 {
		t.Errorf("a session of a disabled account: %d", got)
	}
}
