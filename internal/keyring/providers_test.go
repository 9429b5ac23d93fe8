package keyring

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// exercise proves what every provider must do: wrap and unwrap, also as another process, bound to the place; refuse what was
// altered; become another root key without a loss.
func exercise(t *testing.T, spec string) {
	t.Helper()
	dir := t.TempDir()
	open1 := func() Root {
		t.Helper()
		root, err := OpenRoot(t.Context(), dir, spec, true)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = root.Close() })
		return root
	}
	a, key := open1(), bytes.Repeat([]byte{5}, masterSize)
	wrapped, err := a.Wrap(t.Context(), []byte("place"), key)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(wrapped, key[:8]) {
		t.Error("the key is in what was wrapped")
	}
	b := open1()
	got, err := b.Unwrap(t.Context(), []byte("place"), wrapped)
	if err != nil || !bytes.Equal(got, key) || a.ID() != b.ID() || !strings.Contains(a.ID(), "/") {
		t.Fatalf("%v, %s, %s", err, a.ID(), b.ID())
	}
	if _, err := b.Unwrap(t.Context(), []byte("elsewhere"), wrapped); !errors.Is(err, ErrWrongRoot) {
		t.Errorf("opened at another place: %v", err)
	}
	for _, i := range []int{0, 1, 2, len(wrapped) - 1} {
		bad := bytes.Clone(wrapped)
		bad[i] ^= 1
		if _, err := open1().Unwrap(t.Context(), []byte("place"), bad); err == nil {
			t.Errorf("opened with byte %d altered", i)
		}
	}
	ring := open(t, dir, spec)
	id := subject(t, ring, "jane").ID()
	_, err = ring.Rewrap(t.Context(), nil)
	if err != nil && !errors.Is(err, ErrNoRotate) {
		t.Errorf("rotate: %v", err)
	}
	if subject(t, open(t, dir, spec), "jane").ID() != id {
		t.Error("the key did not stay")
	}
}

func write(t *testing.T, path, text string, mode os.FileMode) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil { // whatever the umask
		t.Fatal(err)
	}
	return path
}

func TestCredential(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "root"), strings.Repeat("07", 32), 0o400)
	t.Setenv("CREDENTIALS_DIRECTORY", dir)
	exercise(t, "credential:root")
	for _, name := range []string{"../root", ".", "missing"} {
		if _, err := OpenRoot(t.Context(), "", "credential:"+name, false); err == nil {
			t.Errorf("%q was accepted", name)
		}
	}
	t.Setenv("CREDENTIALS_DIRECTORY", "")
	if _, err := OpenRoot(t.Context(), "", "credential:root", false); !errors.Is(err, ErrNoRoot) {
		t.Errorf("%v", err)
	}
}

func TestPermissions(t *testing.T) {
	for _, mode := range []os.FileMode{0o640, 0o604, 0o660, 0o620} {
		path := write(t, filepath.Join(t.TempDir(), "k"), strings.Repeat("07", 32), mode)
		for _, spec := range []string{"file:", "passphrase-file:"} {
			if _, err := OpenRoot(t.Context(), "", spec+path, false); err == nil || !strings.Contains(err.Error(), "chmod") {
				t.Errorf("%s with mode %o: %v", spec, mode, err)
			}
		}
	}
	if os.Geteuid() == 0 {
		path := write(t, filepath.Join(t.TempDir(), "k"), strings.Repeat("07", 32), 0o600)
		if err := os.Chown(path, 12345, 12345); err != nil {
			t.Skip("this machine does not let root give files away")
		}
		if _, err := OpenRoot(t.Context(), "", "file:"+path, false); err == nil || !strings.Contains(err.Error(), "another user") {
			t.Errorf("a stranger's file: %v", err)
		}
	}
	if _, err := OpenRoot(t.Context(), "", "file:"+t.TempDir(), false); err == nil {
		t.Error("a folder is no key")
	}
}

func TestPassphrase(t *testing.T) {
	path := write(t, filepath.Join(t.TempDir(), "p"), "correct horse battery staple\n", 0o600)
	exercise(t, "passphrase-file:"+path)
	short := write(t, filepath.Join(t.TempDir(), "p"), "secret\n", 0o600)
	if _, err := OpenRoot(t.Context(), "", "passphrase-file:"+short, false); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("%v", err)
	}
}

// TestStretching holds the stretching against the cost that is documented and against a known answer.
func TestStretching(t *testing.T) {
	s := newStretching()
	if s.passes != 3 || s.memory != 65536 || s.lanes != 4 {
		t.Errorf("cost %+v", s)
	}
	if again, err := parseStretching(s.header()); err != nil || *again != *s {
		t.Errorf("%+v %v", again, err)
	}
	if bytes.Equal(newStretching().header(), s.header()) {
		t.Error("two salts are equal")
	}
}

func FuzzParseStretching(f *testing.F) {
	f.Add(newStretching().header())
	f.Add(bytes.Repeat([]byte{0xff}, stretchingSize))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := parseStretching(b)
		if err == nil && (s.memory > maxArgonMemory || s.passes > maxArgonPasses || s.lanes == 0 || !bytes.Equal(s.header(), b)) {
			t.Errorf("%+v", s)
		}
	})
}

func FuzzUnwrap(f *testing.F) {
	k, err := rawRoot("fuzz", bytes.Repeat([]byte{7}, 32))
	if err != nil {
		f.Fatal(err)
	}
	good, err := k.Wrap(context.Background(), []byte("x"), []byte("key"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte{'t', 0xff, 0xff})
	f.Add([]byte{'k', 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := k.Unwrap(context.Background(), []byte("x"), b)
		if err == nil && string(got) != "key" {
			t.Errorf("%q", got)
		}
		if _, _, err := parseSealed(b); err == nil && len(b) < 4 {
			t.Error("a sealed object of nothing")
		}
	})
}

// swtpm starts an emulator of a TPM 2.0 and returns its socket.
func swtpm(t *testing.T) string {
	t.Helper()
	program, err := exec.LookPath("swtpm")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Error("swtpm is not installed, and continuous integration must have it")
		}
		t.Skip("swtpm is not installed (Debian: apt-get install swtpm)")
	}
	dir := t.TempDir()
	socket := filepath.Join(dir, "s")
	cmd := exec.Command(program, "socket", "--tpm2", "--tpmstate", "dir="+dir, "--server", "type=unixio,path="+socket,
		"--flags", "not-need-init,startup-clear")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	for range 1000 {
		if _, err := os.Stat(socket); err == nil {
			return socket
		}
		<-time.After(5 * time.Millisecond)
	}
	t.Fatal("swtpm does not start")
	return ""
}

func TestTPM(t *testing.T) {
	socket := swtpm(t)
	exercise(t, "tpm:"+socket)
	dir := t.TempDir()
	open(t, dir, "tpm:"+socket)
	if _, err := Open(Options{Dir: dir, Root: "tpm:" + swtpm(t)}); !errors.Is(err, ErrWrongRoot) {
		t.Errorf("another TPM: %v", err)
	}
	if _, err := OpenRoot(t.Context(), "", "tpm:/dev/no-such-tpm", false); !errors.Is(err, ErrNoRoot) {
		t.Errorf("no TPM: %v", err)
	}
}

// fakeVault answers as the transit engine does, so far as we ask it; TestVaultServer asks a real one.
func fakeVault(t *testing.T) *httptest.Server {
	t.Helper()
	version := 1
	srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var ask map[string]string
		_ = json.Unmarshal(body, &ask)
		switch {
		case r.Header.Get("X-Vault-Token") != "sample-token" || r.Header.Get("X-Vault-Namespace") != "team":
			http.Error(w, `{"errors":["permission denied"]}`, http.StatusForbidden)
		case r.URL.Path == "/v1/transit/keys/reeve/rotate":
			version++
		case r.URL.Path == "/v1/transit/encrypt/reeve":
			fmt.Fprintf(w, `{"data":{"ciphertext":"vault:v%d:%s","key_version":%d}}`, version, ask["plaintext"], version)
		case r.URL.Path == "/v1/transit/decrypt/reeve":
			parts := strings.Split(ask["ciphertext"], ":")
			if len(parts) != 3 || !strings.HasPrefix(parts[1], "v") {
				http.Error(w, `{"errors":["invalid ciphertext"]}`, http.StatusBadRequest)
				return
			}
			fmt.Fprintf(w, `{"data":{"plaintext":%q}}`, parts[2])
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(srv.Close)
	return srv
}

// vaultCA writes the certificate of a test server to a file.
func vaultCA(t *testing.T, srv *httptest.Server) string {
	t.Helper()
	pem := "-----BEGIN CERTIFICATE-----\n" + base64.StdEncoding.EncodeToString(srv.Certificate().Raw) + "\n-----END CERTIFICATE-----\n"
	return write(t, filepath.Join(t.TempDir(), "ca.pem"), pem, 0o600)
}

func TestVaultFake(t *testing.T) {
	srv := fakeVault(t)
	ca := vaultCA(t, srv)
	token := write(t, filepath.Join(t.TempDir(), "token"), "sample-token\n", 0o600)
	good := "vault:" + srv.URL + "/transit/reeve?namespace=team&ca=" + ca + "&token=file:" + token
	exercise(t, good)
	t.Setenv("VAULT_TOKEN", "sample-token")
	t.Setenv("VAULT_NAMESPACE", "team")
	t.Setenv("VAULT_CACERT", ca)
	exercise(t, "vault:"+srv.URL+"/reeve")

	wrap := func(spec string) error {
		root, err := OpenRoot(t.Context(), "", spec, false)
		if err == nil {
			_, err = root.Wrap(t.Context(), nil, []byte("key"))
		}
		return err
	}
	t.Setenv("VAULT_CACERT", "")
	if err := wrap("vault:" + srv.URL + "/reeve"); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("TLS is not verified: %v", err)
	}
	t.Setenv("VAULT_CACERT", ca)
	if err := wrap("vault:" + srv.URL + "/other"); !errors.Is(err, ErrWrongRoot) {
		t.Errorf("no such key: %v", err)
	}
	t.Setenv("VAULT_TOKEN", "sample-other")
	if err := wrap("vault:" + srv.URL + "/reeve"); !errors.Is(err, errDenied) || strings.Contains(err.Error(), "sample-other") {
		t.Errorf("wrong token: %v", err)
	}
	t.Setenv("VAULT_TOKEN", "")
	if err := wrap("vault:" + srv.URL + "/reeve"); !errors.Is(err, ErrNoRoot) {
		t.Errorf("no token: %v", err)
	}
	if err := wrap("vault:" + srv.URL + "/reeve?tokn=x"); err == nil {
		t.Error("a misspelt option was accepted")
	}
}

func FuzzVaultAnswer(f *testing.F) {
	f.Add([]byte(`{"data":{"ciphertext":"vault:v1:AAAA"}}`), true)
	f.Add([]byte(`{"data":{"plaintext":"AAAA"}}`), false)
	f.Add([]byte(`{"data":{"plaintext":"AAAA","plaintext":"BBBB"}}`), false)
	f.Add([]byte(`{"errors":["x"]}`), false)
	f.Fuzz(func(t *testing.T, b []byte, cipher bool) {
		want := map[bool]string{true: "ciphertext", false: "plaintext"}[cipher]
		if text, err := parseVaultAnswer(b, want); err == nil && (text == "" || len(text) > maxHeader) {
			t.Errorf("%d bytes", len(text))
		}
	})
}

// plugin is a program that answers with the body of a shell function of $op and $field.
func plugin(t *testing.T, body string) string {
	t.Helper()
	return write(t, filepath.Join(t.TempDir(), "plugin"), "#!/bin/sh\nin=$(cat)\n"+body+"\n", 0o700)
}

func TestExec(t *testing.T) {
	example, err := filepath.Abs("../../integrations/keys/exec-openssl")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := exec.LookPath("openssl"); err == nil {
		t.Setenv("REEVE_EXEC_KEY", write(t, filepath.Join(t.TempDir(), "k"), strings.Repeat("07", 32), 0o600))
		program := write(t, filepath.Join(t.TempDir(), "plugin"), read(t, example), 0o700)
		exercise(t, "exec:"+program)
	} else {
		t.Log("openssl is not installed: the example is not run")
	}
	wrap := func(program string) error {
		root, err := OpenRoot(t.Context(), "", "exec:"+program, false)
		if err == nil {
			_, err = root.Wrap(t.Context(), nil, []byte("key"))
		}
		return err
	}
	for name, body := range map[string]string{
		"no JSON":         `echo hello`,
		"fails":           `exit 1`,
		"another version": `echo '{"version":2,"wrapped":"AAAA"}'`,
		"too much":        `head -c 1000000 /dev/zero`,
		"nothing wrapped": `echo '{"version":1}'`,
		"unknown member":  `echo '{"version":1,"wrapped":"AAAA","more":1}'`,
		"gives it back":   `key=${in#*\"key\":\"}; echo "{\"version\":1,\"wrapped\":\"${key%%\"*}\"}"`,
		"denied":          `echo '{"version":1,"error":"denied"}'`,
		"tells a secret":  `echo "{\"version\":1,\"error\":\"sample-secret\"}"; echo sample-secret >&2; exit 0`,
	} {
		if err := wrap(plugin(t, body)); err == nil || strings.Contains(err.Error(), "sample-secret") {
			t.Errorf("%s: %v", name, err)
		}
	}
	program := plugin(t, `echo`)
	if err := os.Chmod(program, 0o722); err != nil {
		t.Fatal(err)
	}
	if err := wrap(program); err == nil || !strings.Contains(err.Error(), "chmod") {
		t.Errorf("a program that others can change: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := runProgram(ctx, plugin(t, `sleep 600 & sleep 600`), &execRequest{Version: 1, Op: "wrap"}); err == nil {
		t.Error("a program without an answer")
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func FuzzExecAnswer(f *testing.F) {
	f.Add([]byte(`{"version":1,"wrapped":"AAAA"}`))
	f.Add([]byte(`{"version":1,"error":"denied"}`))
	f.Add([]byte(`{"version":1}{"version":1}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if a, err := parseExecAnswer(b); err == nil && (a.Version != 1 || a.Error != "") {
			t.Errorf("%+v", a)
		}
	})
}
