package keyring

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
)

const (
	vaultTimeout = 15 * time.Second
	maxAnswer    = 64 << 10 // bytes that are read of what Vault or a program answers
	maxToken     = 8 << 10
)

// vault is a key of the transit engine of Vault or OpenBao. Its key never leaves the server; what it seals is a random key of
// ours, once for all rows of keys.db, so that the server is asked when keys.db is opened and not again.
type vault struct {
	base      *url.URL // address and the path of the engine
	key       string
	namespace string
	token     string
	client    *http.Client
}

// openVaultRoot opens vault:URL/KEY or vault:URL/ENGINE/KEY (engine: transit). Behind a question mark may stand token=file:PATH or
// token=env:NAME, namespace=NAME and ca=FILE. Without them the variables that Vault's and OpenBao's own clients know hold:
// VAULT_TOKEN or BAO_TOKEN, VAULT_NAMESPACE, VAULT_CACERT. TLS is verified; without TLS only loopback is spoken to.
func openVaultRoot(_ context.Context, _, spec string, _ bool) (Root, error) {
	v, err := parseVault(spec)
	if err != nil {
		return nil, fmt.Errorf("root key vault: %w", err)
	}
	k := &keyed{kind: kindVault, name: "vault/" + v.key}
	k.fresh = func(ctx context.Context) (header, key []byte, err error) {
		key = make([]byte, rootKeySize)
		_, _ = rand.Read(key) // never fails: crypto/rand ends the process instead
		text, err := v.ask(ctx, "encrypt", "ciphertext", map[string]string{"plaintext": base64.StdEncoding.EncodeToString(key)})
		return []byte(text), key, err
	}
	k.derive = func(ctx context.Context, header []byte) ([]byte, error) {
		text, err := v.ask(ctx, "decrypt", "plaintext", map[string]string{"ciphertext": string(header)})
		if err != nil {
			return nil, err
		}
		key, err := base64.StdEncoding.DecodeString(text)
		if err != nil || len(key) != rootKeySize {
			return nil, fmt.Errorf("vault: what it opened is no key of ours: %w", ErrWrongRoot)
		}
		return key, nil
	}
	k.rotate = func(ctx context.Context) (Root, func() error, error) {
		// A token that may not rotate seals the next key under the newest version that there is.
		if err := v.rotate(ctx); err != nil && !errors.Is(err, errDenied) {
			return nil, nil, err
		}
		next, err := openVaultRoot(ctx, "", spec, false)
		return next, nothing, err
	}
	return k, nil
}

func parseVault(spec string) (*vault, error) {
	u, err := url.Parse(spec)
	if err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" || u.Fragment != "" {
		return nil, errors.New("want vault:https://HOST:PORT/KEY")
	}
	if u.User != nil {
		return nil, errors.New("the address holds a name or password: give the token as ?token=file:PATH or in VAULT_TOKEN")
	}
	if ip := net.ParseIP(u.Hostname()); u.Scheme == "http" && u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, errors.New("keys would cross the network in the clear: want https")
	}
	engine, key := path.Split(strings.Trim(u.Path, "/"))
	if engine = strings.Trim(engine, "/"); engine == "" {
		engine = "transit"
	}
	if !isVaultPath(key) || !isVaultPath(engine) {
		return nil, errors.New("want the name of a key behind the address, such as vault:https://vault.example:8200/transit/reeve")
	}
	v := &vault{base: &url.URL{Scheme: u.Scheme, Host: u.Host, Path: "/v1/" + engine}, key: key}
	return v, v.options(u.Query())
}

// isVaultPath reports whether a path consists of plain names.
func isVaultPath(p string) bool {
	for part := range strings.SplitSeq(p, "/") {
		if part == "" || part == "." || part == ".." || strings.Trim(part, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") != "" {
			return false
		}
	}
	return true
}

func (v *vault) options(q url.Values) (err error) {
	for name := range q {
		if name != "token" && name != "namespace" && name != "ca" {
			return fmt.Errorf("option %q is not known: want token, namespace or ca", name)
		}
	}
	if v.token, err = vaultToken(q.Get("token")); err != nil {
		return err
	}
	v.namespace = firstOf(q.Get("namespace"), os.Getenv("VAULT_NAMESPACE"), os.Getenv("BAO_NAMESPACE"))
	if strings.ContainsAny(v.namespace, "\r\n") {
		return errors.New("namespace with a line's end")
	}
	t := &tls.Config{MinVersion: tls.VersionTLS12}
	if ca := firstOf(q.Get("ca"), os.Getenv("VAULT_CACERT"), os.Getenv("BAO_CACERT")); ca != "" {
		pem, err := os.ReadFile(ca)
		if err != nil {
			return fmt.Errorf("ca: %w", err)
		}
		t.RootCAs = x509.NewCertPool()
		if !t.RootCAs.AppendCertsFromPEM(pem) {
			return fmt.Errorf("ca: %s holds no certificate", ca)
		}
	}
	v.client = &http.Client{
		Timeout:       vaultTimeout,
		Transport:     &http.Transport{TLSClientConfig: t, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return nil
}

func firstOf(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

// vaultToken reads the token from its place. Its errors never hold it.
func vaultToken(where string) (string, error) {
	scheme, arg, _ := strings.Cut(where, ":")
	token := firstOf(os.Getenv("VAULT_TOKEN"), os.Getenv("BAO_TOKEN"))
	switch {
	case scheme == "file" && arg != "":
		b, err := readPrivate(arg, maxToken)
		if err != nil {
			return "", fmt.Errorf("token: %w", err)
		}
		token = string(b)
	case scheme == "env" && arg != "":
		token = os.Getenv(arg)
	case where != "":
		return "", errors.New("token: want file:PATH or env:NAME")
	}
	token = strings.TrimSpace(token)
	if token == "" {
		return "", fmt.Errorf("there is no token: give ?token=file:PATH or set VAULT_TOKEN: %w", ErrNoRoot)
	}
	if strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", errors.New("the token is malformed")
	}
	return token, nil
}

// errDenied says that the token may not do what was asked.
var errDenied = errors.New("the token may not do this")

func (v *vault) rotate(ctx context.Context) error {
	_, err := v.post(ctx, v.base.JoinPath("keys", v.key, "rotate"), nil)
	return err
}

// ask has the engine encrypt or decrypt and returns the named text of its answer.
func (v *vault) ask(ctx context.Context, op, want string, body map[string]string) (string, error) {
	b, err := json.Marshal(body)
	if err != nil {
		return "", fmt.Errorf("vault: %w", err)
	}
	defer clear(b)
	answer, err := v.post(ctx, v.base.JoinPath(op, v.key), b)
	if err != nil {
		return "", err
	}
	defer clear(answer)
	return parseVaultAnswer(answer, want)
}

// parseVaultAnswer takes {"data":{"ciphertext"|"plaintext":"…"}} apart. Its errors hold nothing of the answer.
func parseVaultAnswer(answer []byte, want string) (string, error) {
	var a struct {
		Data struct {
			Ciphertext string `json:"ciphertext"`
			Plaintext  string `json:"plaintext"`
		} `json:"data"`
	}
	if err := json.Unmarshal(answer, &a); err != nil {
		return "", errors.New("vault: the answer is malformed")
	}
	text := a.Data.Plaintext
	if want == "ciphertext" {
		text = a.Data.Ciphertext
		if !strings.HasPrefix(text, "vault:") && !strings.HasPrefix(text, "bao:") {
			return "", errors.New("vault: the answer holds no ciphertext")
		}
	}
	if text == "" || len(text) > maxHeader {
		return "", fmt.Errorf("vault: the answer holds no %s", want)
	}
	return text, nil
}

func (v *vault) post(ctx context.Context, u *url.URL, body []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("vault: %w", err)
	}
	req.Header.Set("X-Vault-Token", v.token)
	req.Header.Set("X-Vault-Request", "true")
	if v.namespace != "" {
		req.Header.Set("X-Vault-Namespace", v.namespace)
	}
	resp, err := v.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("vault: %w", err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("vault: read answer: %w", err)
	}
	switch resp.StatusCode {
	case http.StatusOK, http.StatusNoContent:
		return answer, nil
	case http.StatusForbidden:
		return nil, fmt.Errorf("vault: status 403: %w", errDenied)
	case http.StatusBadRequest, http.StatusNotFound:
		return nil, fmt.Errorf("vault: status %d: the server has no such key, or did not seal this: %w", resp.StatusCode, ErrWrongRoot)
	case http.StatusServiceUnavailable:
		return nil, errors.New("vault: status 503: the server is sealed or in maintenance")
	}
	return nil, fmt.Errorf("vault: status %d", resp.StatusCode)
}
