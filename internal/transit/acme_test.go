package transit_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"

	"github.com/reeve-ai/reeve/internal/transit"
)

// authority is an ACME server (RFC 8555) that gives out certificates for what it has seen proven by tls-alpn-01 (RFC 8737).
type authority struct {
	t    *testing.T
	url  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	dial string // where names are: the listener under test

	mu      sync.Mutex
	nonces  map[string]bool
	account *jose.JSONWebKey
	name    string
	proven  bool
	chain   []byte
	issued  int
}

const token = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA"

func newAuthority(t *testing.T) (a *authority, caFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(48 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	a = &authority{t: t, key: key, nonces: map[string]bool{}}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	s := httptest.NewTLSServer(a)
	t.Cleanup(s.Close)
	a.url = s.URL
	caFile = filepath.Join(t.TempDir(), "directory.pem")
	if err := os.WriteFile(caFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	return a, caFile
}

func (a *authority) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	nonce := strconv.Itoa(len(a.nonces))
	a.nonces[nonce] = true
	w.Header().Set("Replay-Nonce", nonce)
	switch r.URL.Path {
	case "/dir":
		a.say(w, 200, map[string]any{"newNonce": a.url + "/nonce", "newAccount": a.url + "/account", "newOrder": a.url + "/order", "meta": map[string]any{}})
		return
	case "/nonce":
		return
	}
	payload, err := a.signed(r)
	if err != nil {
		a.say(w, 400, map[string]any{"type": "urn:ietf:params:acme:error:malformed", "detail": err.Error()})
		return
	}
	status := map[bool]string{false: "pending", true: "valid"}[a.proven]
	challenge := map[string]any{"type": "tls-alpn-01", "url": a.url + "/challenge", "token": token, "status": status}
	order := map[string]any{
		"status": map[bool]string{false: "pending", true: "ready"}[a.proven], "identifiers": []any{map[string]any{"type": "dns", "value": a.name}},
		"authorizations": []string{a.url + "/authz"}, "finalize": a.url + "/finalize",
	}
	switch r.URL.Path {
	case "/account":
		w.Header().Set("Location", a.url+"/account/1")
		a.say(w, 201, map[string]any{"status": "valid"})
	case "/order":
		var o struct{ Identifiers []struct{ Value string } }
		if json.Unmarshal(payload, &o) != nil || len(o.Identifiers) != 1 {
			a.say(w, 400, map[string]any{"type": "urn:ietf:params:acme:error:malformed"})
			return
		}
		a.name = o.Identifiers[0].Value
		order["identifiers"] = []any{map[string]any{"type": "dns", "value": a.name}}
		w.Header().Set("Location", a.url+"/order/1")
		a.say(w, 201, order)
	case "/authz":
		a.say(w, 200, map[string]any{"status": status, "identifier": map[string]any{"type": "dns", "value": a.name}, "challenges": []any{challenge}})
	case "/challenge":
		if err := a.prove(); err != nil {
			a.t.Error(err)
		} else {
			a.proven, challenge["status"] = true, "valid"
		}
		a.say(w, 200, challenge)
	case "/finalize":
		if !a.proven || a.issue(payload) != nil {
			a.say(w, 403, map[string]any{"type": "urn:ietf:params:acme:error:orderNotReady"})
			return
		}
		fallthrough
	case "/order/1":
		if a.chain != nil {
			order["status"], order["certificate"] = "valid", a.url+"/cert"
		}
		w.Header().Set("Location", a.url+"/order/1")
		a.say(w, 200, order)
	case "/cert":
		w.Header().Set("Content-Type", "application/pem-certificate-chain")
		_, _ = w.Write(a.chain)
	default:
		a.say(w, 404, map[string]any{"type": "urn:ietf:params:acme:error:malformed", "detail": r.URL.Path})
	}
}

func (a *authority) say(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

// signed checks a request's signature, nonce and URL (RFC 8555 section 6).
func (a *authority) signed(r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return nil, err
	}
	jws, err := jose.ParseSignedJSON(string(body), []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		return nil, err
	}
	h := jws.Signatures[0].Protected
	if h.ExtraHeaders["url"] != a.url+r.URL.Path || !a.nonces[h.Nonce] {
		return nil, errors.New("another URL, or a nonce that was used")
	}
	a.nonces[h.Nonce] = false
	if h.JSONWebKey != nil && r.URL.Path == "/account" {
		a.account = h.JSONWebKey
	}
	if a.account == nil {
		return nil, errors.New("no account")
	}
	return jws.Verify(a.account)
}

// prove asks the listener for the certificate that answers the challenge (RFC 8737 section 3).
func (a *authority) prove() error {
	c, err := tls.Dial("tcp", a.dial, &tls.Config{ServerName: a.name, NextProtos: []string{"acme-tls/1"}, InsecureSkipVerify: true}) //nolint:gosec // the extension is the proof
	if err != nil {
		return err
	}
	defer c.Close()
	thumb, err := a.account.Thumbprint(crypto.SHA256)
	if err != nil {
		return err
	}
	want := sha256.Sum256([]byte(token + "." + base64.RawURLEncoding.EncodeToString(thumb)))
	state := c.ConnectionState()
	for _, e := range state.PeerCertificates[0].Extensions {
		var got []byte
		if e.Id.Equal(asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 31}) && e.Critical {
			if _, err := asn1.Unmarshal(e.Value, &got); err == nil && string(got) == string(want[:]) && state.NegotiatedProtocol == "acme-tls/1" {
				return nil
			}
		}
	}
	return errors.New("the listener does not prove the name")
}

func (a *authority) issue(payload []byte) error {
	var f struct{ CSR string }
	if err := json.Unmarshal(payload, &f); err != nil {
		return err
	}
	der, err := base64.RawURLEncoding.DecodeString(f.CSR)
	if err != nil {
		return err
	}
	csr, err := x509.ParseCertificateRequest(der)
	if err != nil || csr.CheckSignature() != nil || len(csr.DNSNames) != 1 || csr.DNSNames[0] != a.name {
		return errors.New("another request than the order")
	}
	a.issued++
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(int64(100 + a.issued)), Subject: pkix.Name{CommonName: a.name}, DNSNames: csr.DNSNames,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	cert, err := x509.CreateCertificate(rand.Reader, leaf, a.cert, csr.PublicKey, a.key)
	if err != nil {
		return err
	}
	a.chain = append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw})...)
	return nil
}

// serve listens with the certificates of an ACME, and returns its address.
func serve(t *testing.T, a *transit.ACME) (addr string, port int) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Proto) }), TLSConfig: a.Config(), ReadHeaderTimeout: time.Minute}
	go s.Serve(tls.NewListener(l, a.Config())) //nolint:errcheck // ends with the test
	t.Cleanup(func() { s.Close() })
	return l.Addr().String(), l.Addr().(*net.TCPAddr).Port
}

// messages is a log that tells when a certificate can be shown.
type messages chan string

func (messages) Enabled(context.Context, slog.Level) bool { return true }
func (m messages) WithAttrs([]slog.Attr) slog.Handler     { return m }
func (m messages) WithGroup(string) slog.Handler          { return m }
func (m messages) Handle(_ context.Context, r slog.Record) error {
	m <- r.Message
	return nil
}

func (m messages) await(t *testing.T) {
	t.Helper()
	select {
	case got := <-m:
		if got != transit.InUse {
			t.Fatal(got)
		}
	case <-t.Context().Done():
		t.Fatal("no certificate")
	}
}

func open(t *testing.T, dir, directory, ca string, log messages) *transit.ACME {
	t.Helper()
	a, err := transit.New(transit.Options{Dir: dir, Domains: []string{"llm.reeve.test"}, Email: "ops@reeve.test", Directory: directory, CA: ca, Log: slog.New(log)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	return a
}

// TestACME gets a certificate from an authority that checks everything, serves with it, and asks for none after a restart.
func TestACME(t *testing.T) {
	authority, caFile := newAuthority(t)
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	defer cancel()
	log := make(messages, 100)
	first := open(t, dir, authority.url+"/dir", caFile, log)
	addr, port := serve(t, first)
	authority.dial = addr
	if err := first.Manage(ctx, "127.0.0.1", port); err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(authority.cert)
	shown := func(addr string, cfg *tls.Config) (*tls.ConnectionState, error) {
		cfg.RootCAs, cfg.ServerName = roots, "llm.reeve.test"
		c, err := tls.Dial("tcp", addr, cfg)
		if err != nil {
			return nil, err
		}
		defer c.Close()
		state := c.ConnectionState()
		return &state, nil
	}
	log.await(t)
	state, err := shown(addr, &tls.Config{NextProtos: []string{"h2"}})
	if err != nil {
		t.Fatal(err)
	}
	if state.Version != tls.VersionTLS13 || state.NegotiatedProtocol != "h2" || state.PeerCertificates[0].DNSNames[0] != "llm.reeve.test" {
		t.Errorf("%x %s %v", state.Version, state.NegotiatedProtocol, state.PeerCertificates[0].DNSNames)
	}
	if _, err := shown(addr, &tls.Config{MaxVersion: tls.VersionTLS12}); err == nil {
		t.Error("TLS 1.2 is accepted")
	}
	second := open(t, dir, authority.url+"/dir", caFile, log)
	addr, port = serve(t, second)
	if err := second.Manage(ctx, "127.0.0.1", port); err != nil {
		t.Fatal(err)
	}
	log.await(t)
	again, err := shown(addr, &tls.Config{})
	if err != nil || !again.PeerCertificates[0].Equal(state.PeerCertificates[0]) || authority.issued != 1 {
		t.Errorf("after a restart: %v, %d certificates given out", err, authority.issued)
	}
	err = filepath.WalkDir(filepath.Join(dir, "tls"), func(path string, e os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s may be read by others: %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestNewRefuses(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "x.pem")
	if err := os.WriteFile(bad, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, o := range map[string]transit.Options{
		"no names": {Dir: t.TempDir()}, "no file": {Dir: t.TempDir(), Domains: []string{"a.test"}, CA: "/nonexistent"}, "no PEM": {Dir: t.TempDir(), Domains: []string{"a.test"}, CA: bad},
	} {
		if _, err := transit.New(o); err == nil {
			t.Error(name + " is accepted")
		}
	}
}
