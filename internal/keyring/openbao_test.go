package keyring

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestVaultServer asks a real OpenBao server, over TLS: that of REEVE_OPENBAO, or bao or vault on the path. e2e/openbao installs one.
func TestVaultServer(t *testing.T) {
	program := os.Getenv("REEVE_OPENBAO")
	for _, name := range []string{"bao", "vault"} {
		if path, err := exec.LookPath(name); program == "" && err == nil {
			program = path
		}
	}
	if program == "" {
		t.Skip("REEVE_OPENBAO is not set, and there is no bao or vault on the path (e2e/openbao/install.sh)")
	}
	s := startVault(t, program)
	s.post(t, "sys/mounts/transit", `{"type":"transit"}`)
	s.post(t, "transit/keys/reeve", "")
	t.Setenv("VAULT_TOKEN", "sample-root")
	t.Setenv("VAULT_CACERT", s.ca)
	spec := "vault:" + s.url + "/reeve"
	exercise(t, spec)

	if _, err := mustWrap(t, spec+"x"); err != nil { // the engine makes a key that is missing for a token that may create one
		t.Logf("a key that is missing: %v", err)
	}
	dir := t.TempDir()
	ring := open(t, dir, spec)
	id := subject(t, ring, "jane").ID()
	for range 2 { // rows of the old version open after a rotation of the server's own
		s.post(t, "transit/keys/reeve/rotate", "")
	}
	if subject(t, open(t, dir, spec), "jane").ID() != id {
		t.Error("the key did not stay")
	}
	if done, err := ring.Rewrap(t.Context(), nil); err != nil || done.From == done.To {
		t.Errorf("%+v %v", done, err)
	}
	var wrapped []byte
	if err := ring.db.QueryRow(`SELECT wrapped FROM masters LIMIT 1`).Scan(&wrapped); err != nil || !bytes.Contains(wrapped, []byte(":v5:")) {
		t.Errorf("not under the newest version: %v", err)
	}
	t.Setenv("VAULT_TOKEN", "sample-other")
	if _, err := Open(Options{Dir: dir, Root: spec}); !errors.Is(err, errDenied) {
		t.Errorf("wrong token: %v", err)
	}
	t.Setenv("VAULT_CACERT", "")
	if _, err := Open(Options{Dir: dir, Root: spec}); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("TLS is not verified: %v", err)
	}
}

func mustWrap(t *testing.T, spec string) ([]byte, error) {
	t.Helper()
	root, err := OpenRoot(t.Context(), "", spec, false)
	if err != nil {
		return nil, err
	}
	return root.Wrap(t.Context(), nil, []byte("key"))
}

type vaultServer struct {
	url, ca string
	client  *http.Client
}

// startVault starts a server in memory that ends with the test.
func startVault(t *testing.T, program string) *vaultServer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cmd := exec.Command(program, "server", "-dev", "-dev-tls", "-dev-tls-cert-dir="+dir, "-dev-root-token-id=sample-root",
		"-dev-listen-address="+addr, "-dev-no-store-token")
	cmd.Env = append(os.Environ(), "HOME="+dir)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Log(said.String())
		}
	})
	s := &vaultServer{url: "https://" + addr, ca: filepath.Join(dir, "vault-ca.pem")}
	for range 600 {
		<-time.After(100 * time.Millisecond)
		pem, err := os.ReadFile(s.ca)
		pool := x509.NewCertPool()
		if err != nil || !pool.AppendCertsFromPEM(pem) {
			continue
		}
		s.client = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
		resp, err := s.client.Get(s.url + "/v1/sys/health")
		if err != nil {
			continue
		}
		resp.Body.Close()
		if resp.StatusCode == http.StatusOK {
			return s
		}
	}
	t.Fatal("the server does not start")
	return nil
}

func (s *vaultServer) post(t *testing.T, path, body string) {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, s.url+"/v1/"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Vault-Token", "sample-root")
	resp, err := s.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode >= 300 {
		t.Fatalf("%s: status %d", path, resp.StatusCode)
	}
}
