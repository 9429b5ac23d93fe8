package identity_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/identity"
	"github.com/reeve-ai/reeve/internal/store"
)

// authority signs certificates for tests.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	next int64
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(240 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign, SubjectKeyId: []byte{1},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	must(t, err)
	cert, err := x509.ParseCertificate(der)
	must(t, err)
	return &authority{t, cert, key, 1}
}

func (a *authority) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw})
}

func (a *authority) issue(life time.Duration, ids ...string) *tls.Certificate {
	a.t.Helper()
	a.next++
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(a.t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(a.next), NotBefore: time.Now().Add(-time.Minute), NotAfter: time.Now().Add(life), KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	for _, id := range ids {
		u, err := url.Parse(id)
		must(a.t, err)
		template.URIs = append(template.URIs, u)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	must(a.t, err)
	leaf, err := x509.ParseCertificate(der)
	must(a.t, err)
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

func (a *authority) revoke(until time.Time, certs ...*tls.Certificate) []byte {
	a.t.Helper()
	list := &x509.RevocationList{Number: big.NewInt(time.Now().UnixNano()), ThisUpdate: time.Now().Add(-time.Hour), NextUpdate: until}
	for _, c := range certs {
		list.RevokedCertificateEntries = append(list.RevokedCertificateEntries, x509.RevocationListEntry{SerialNumber: c.Leaf.SerialNumber, RevocationTime: time.Now()})
	}
	der, err := x509.CreateRevocationList(rand.Reader, list, a.cert, a.key)
	must(a.t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: der})
}

// programs is a TLS server that says who called it.
type programs struct {
	t   *testing.T
	d   *identity.Directory
	srv *httptest.Server
	ca  *authority
	dir string
	now *clock
}

func newPrograms(t *testing.T, mode string) *programs {
	t.Helper()
	p := &programs{t: t, ca: newAuthority(t), dir: t.TempDir(), now: &clock{t: time.Now()}}
	must(t, os.WriteFile(p.path("ca.pem"), p.ca.pem(), 0o600))
	must(t, os.WriteFile(p.path("crl.pem"), p.ca.revoke(time.Now().Add(time.Hour)), 0o600))
	authorities, err := identity.OpenAuthorities(p.path("ca.pem"), p.path("crl.pem"), p.now.now, nil)
	must(t, err)
	p.d = openKeys(t, openStore(t, t.TempDir()), identity.Options{
		Clock: p.now.now, Programs: identity.ProgramPolicy{Mode: mode, TrustDomains: []string{"example.org"}, MaxLife: 48 * time.Hour, Authorities: authorities},
	})
	user(t, p.d, store.User{Name: "ci-bot", Kind: reeve.KindService, Links: []store.Link{{Issuer: identity.SPIFFE, Subject: "spiffe://example.org/ci"}}})
	p.srv = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, refusal := p.d.AuthenticateRequest(r)
		if refusal != nil {
			io.WriteString(w, refusal.Rule)
			return
		}
		io.WriteString(w, s.Principal.Name+" "+s.Authn)
	}))
	donor := httptest.NewTLSServer(nil)
	donor.Close()
	p.srv.TLS = &tls.Config{MinVersion: tls.VersionTLS13, Certificates: donor.TLS.Certificates}
	authorities.Ask(p.srv.TLS)
	p.srv.StartTLS()
	t.Cleanup(p.srv.Close)
	return p
}

func (p *programs) path(name string) string { return filepath.Join(p.dir, name) }

// call asks on a fresh connection with a certificate (nil: none) and a key ("": none).
func (p *programs) call(cert *tls.Certificate, key string, change ...with) string {
	p.t.Helper()
	transport := p.srv.Client().Transport.(*http.Transport).Clone()
	defer transport.CloseIdleConnections()
	if cert != nil {
		transport.TLSClientConfig.Certificates = []tls.Certificate{*cert}
	}
	r, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, p.srv.URL, nil)
	must(p.t, err)
	if key != "" {
		r.Header.Set("Authorization", "Bearer "+key)
	}
	for _, c := range change {
		c(r)
	}
	resp, err := transport.RoundTrip(r)
	if err != nil {
		return "handshake"
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	must(p.t, err)
	return string(text)
}

type with func(*http.Request)

func TestClientCertificates(t *testing.T) {
	p := newPrograms(t, identity.ProgramsMay)
	_, key := create(t, p.d, identity.NewKey{Name: "alone"})
	good := p.ca.issue(time.Hour, "spiffe://example.org/ci")
	leaf := good.Leaf
	for _, tt := range []struct {
		name string
		cert *tls.Certificate
		key  string
		want string
	}{
		{"a certificate", good, "", "ci-bot mtls"},
		{"a key", nil, key, "alone key"},
		{"both", good, key, "alone key"},
		{"neither", nil, "", "identity/no-key"},
		{"a wrong key beside a good certificate", good, "rv_x", "identity/malformed"},
		{"another authority", newAuthority(t).issue(time.Hour, "spiffe://example.org/ci"), "", "handshake"},
		{"ended", p.ca.issue(-time.Second, "spiffe://example.org/ci"), "", "handshake"},
		{"issued for too long", p.ca.issue(72*time.Hour, "spiffe://example.org/ci"), "", "identity/certificate-life"},
		{"no id", p.ca.issue(time.Hour), "", "identity/certificate"},
		{"two ids", p.ca.issue(time.Hour, "spiffe://example.org/ci", "spiffe://example.org/x"), "", "identity/certificate"},
		{"an id and another address", p.ca.issue(time.Hour, "spiffe://example.org/ci", "https://example.org"), "", "identity/certificate"},
		{"no SPIFFE id", p.ca.issue(time.Hour, "https://example.org/ci"), "", "identity/certificate"},
		{"a trust domain alone", p.ca.issue(time.Hour, "spiffe://example.org"), "", "identity/certificate"},
		{"a port", p.ca.issue(time.Hour, "spiffe://example.org:443/ci"), "", "identity/certificate"},
		{"a user", p.ca.issue(time.Hour, "spiffe://x@example.org/ci"), "", "identity/certificate"},
		{"a query", p.ca.issue(time.Hour, "spiffe://example.org/ci?x"), "", "identity/certificate"},
		{"a fragment", p.ca.issue(time.Hour, "spiffe://example.org/ci#x"), "", "identity/certificate"},
		{"dots", p.ca.issue(time.Hour, "spiffe://example.org/x/../ci"), "", "identity/certificate"},
		{"a coded slash", p.ca.issue(time.Hour, "spiffe://example.org/x%2Fci"), "", "identity/certificate"},
		{"a slash at the end", p.ca.issue(time.Hour, "spiffe://example.org/ci/"), "", "identity/certificate"},
		{"another trust domain", p.ca.issue(time.Hour, "spiffe://evil.org/ci"), "", "identity/trust-domain"},
		{"a trust domain that begins the same", p.ca.issue(time.Hour, "spiffe://example.org.evil.org/ci"), "", "identity/trust-domain"},
		{"a program that nobody linked", p.ca.issue(time.Hour, "spiffe://example.org/other"), "", "identity/unknown-program"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := p.call(tt.cert, tt.key); got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
		})
	}
	// What a proxy says of a certificate is not one.
	forwarded := func(r *http.Request) {
		r.Header.Set("X-Forwarded-Client-Cert", "URI=spiffe://example.org/ci")
		r.Header.Set("X-SSL-Client-Verify", "SUCCESS")
		r.Header["Ssl-Client-Cert"] = []string{base64.StdEncoding.EncodeToString(leaf.Raw)}
	}
	if got := p.call(nil, "", forwarded); got != "identity/no-key" {
		t.Errorf("a header stands for a certificate: %s", got)
	}
	// Revoked while the server runs: the next request is refused.
	must(t, os.WriteFile(p.path("crl.pem"), p.ca.revoke(time.Now().Add(2*time.Hour), good), 0o600))
	p.now.advance(2 * time.Second)
	if got := p.call(good, ""); got != "identity/certificate-revoked" {
		t.Errorf("revoked: %s", got)
	}
	fresh := p.ca.issue(24*time.Hour, "spiffe://example.org/ci")
	if got := p.call(fresh, ""); got != "ci-bot mtls" {
		t.Errorf("another of the same program: %s", got)
	}
	// A list that has ended says nothing any more, so nobody passes.
	p.now.advance(3 * time.Hour)
	if got := p.call(fresh, ""); got != "identity/certificate-revoked" {
		t.Errorf("with a list that has ended: %s", got)
	}
}

func TestCertificateAndKey(t *testing.T) {
	p := newPrograms(t, identity.ProgramsMust)
	_, own := create(t, p.d, identity.NewKey{Name: "own", Owner: "ci-bot"})
	_, other := create(t, p.d, identity.NewKey{Name: "other"})
	good := p.ca.issue(time.Hour, "spiffe://example.org/ci")
	for _, tt := range []struct {
		name string
		cert *tls.Certificate
		key  string
		want string
	}{
		{"both of one account", good, own, "ci-bot key"},
		{"of different accounts", good, other, "identity/certificate-mismatch"},
		{"the key alone", nil, own, "identity/certificate-needed"},
		{"the certificate alone", good, "", "identity/no-key"},
	} {
		if got := p.call(tt.cert, tt.key); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
	if _, r := p.d.AuthenticateRequest(&http.Request{Header: bearer(own)}); rule(r) != "identity/certificate-needed" {
		t.Errorf("without TLS: %+v", r)
	}
}

func TestAuthoritiesFilesAreChecked(t *testing.T) {
	a, b, dir := newAuthority(t), newAuthority(t), t.TempDir()
	write := func(name string, text []byte) string {
		t.Helper()
		path := filepath.Join(dir, name)
		must(t, os.WriteFile(path, text, 0o600))
		return path
	}
	ca := write("ca.pem", a.pem())
	leaf := a.issue(time.Hour, "spiffe://example.org/ci")
	for name, files := range map[string][2]string{
		"no file":                     {filepath.Join(dir, "none"), ""},
		"no certificate":              {write("empty", []byte("x")), ""},
		"not an authority":            {write("leaf", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf.Leaf.Raw})), ""},
		"a list of another authority": {ca, write("crl", b.revoke(time.Now().Add(time.Hour)))},
		"no list":                     {ca, write("nolist", []byte("x"))},
	} {
		if _, err := identity.OpenAuthorities(files[0], files[1], nil, nil); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

func FuzzSPIFFE(f *testing.F) {
	for _, s := range []string{"spiffe://example.org/ci", "spiffe://a", "spiffe:///x", "spiffe://a/..", "SPIFFE://a/b", "spiffe://a//b", "spiffe://a/%2e"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, id string) {
		if !identity.ValidSPIFFE(id) {
			return
		}
		u, err := url.Parse(id)
		if err != nil || u.String() != id || u.Port() != "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Path == "" {
			t.Fatalf("%q is no plain address: %+v %v", id, u, err)
		}
	})
}
