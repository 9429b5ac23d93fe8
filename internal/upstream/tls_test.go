package upstream

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// party is one end of a connection: a certificate, its key, and the files of both.
type party struct {
	cert    *x509.Certificate
	pair    tls.Certificate
	crt, id string
}

func newParty(t *testing.T, name string, by *party) *party {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, DNSNames: []string{"runtime.test", "127.0.0.1"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: by == nil, BasicConstraintsValid: true,
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	issuer, signer := template, any(key)
	if by != nil {
		issuer, signer = by.cert, by.pair.PrivateKey
	}
	der, err := x509.CreateCertificate(rand.Reader, template, issuer, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	p := &party{crt: filepath.Join(t.TempDir(), "c.pem"), id: filepath.Join(t.TempDir(), "k.pem")}
	certPEM, keyPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})
	if os.WriteFile(p.crt, certPEM, 0o600) != nil || os.WriteFile(p.id, keyPEM, 0o600) != nil {
		t.Fatal("cannot write certificates")
	}
	if p.pair, err = tls.X509KeyPair(certPEM, keyPEM); err != nil {
		t.Fatal(err)
	}
	p.cert = p.pair.Leaf
	return p
}

// TestMutualTLS checks both ends of the connection to a runtime: whom we trust, and who we are.
func TestMutualTLS(t *testing.T) {
	ca, stranger := newParty(t, "authority", nil), newParty(t, "stranger", nil)
	server, client, foreign := newParty(t, "runtime", ca), newParty(t, "reeve", ca), newParty(t, "reeve", stranger)
	pool := x509.NewCertPool()
	pool.AddCert(ca.cert)
	var seen string
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = r.TLS.PeerCertificates[0].Subject.CommonName
		w.Write([]byte(`{}`))
	}))
	s.TLS = &tls.Config{Certificates: []tls.Certificate{server.pair}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool}
	s.StartTLS()
	defer s.Close()
	pin := func(p *party) []byte {
		sum := sha256.Sum256(p.cert.RawSubjectPublicKeyInfo)
		return sum[:]
	}
	for _, tt := range []struct {
		name string
		o    TLSOptions
		ok   bool
	}{
		{"both known", TLSOptions{CA: ca.crt, Cert: client.crt, Key: client.id, ServerName: "runtime.test"}, true},
		{"pinned leaf", TLSOptions{CA: ca.crt, Cert: client.crt, Key: client.id, ServerName: "runtime.test", Pin: pin(server)}, true},
		{"pinned authority", TLSOptions{CA: ca.crt, Cert: client.crt, Key: client.id, ServerName: "runtime.test", Pin: pin(ca)}, true},
		{"another pin", TLSOptions{CA: ca.crt, Cert: client.crt, Key: client.id, ServerName: "runtime.test", Pin: pin(client)}, false},
		{"another authority", TLSOptions{CA: stranger.crt, Cert: client.crt, Key: client.id, ServerName: "runtime.test"}, false},
		{"authorities of the system", TLSOptions{Cert: client.crt, Key: client.id, ServerName: "runtime.test"}, false},
		{"another name", TLSOptions{CA: ca.crt, Cert: client.crt, Key: client.id, ServerName: "other.test"}, false},
		{"no certificate of ours", TLSOptions{CA: ca.crt, ServerName: "runtime.test"}, false},
		{"a certificate that they do not know", TLSOptions{CA: ca.crt, Cert: foreign.crt, Key: foreign.id, ServerName: "runtime.test"}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cfg, err := TLS(tt.o)
			if err != nil {
				t.Fatal(err)
			}
			c, err := NewClient(Options{URL: s.URL, TLS: cfg})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			seen = ""
			a, err := c.Do(t.Context(), "POST", "/", []byte("{}"))
			if (err == nil) != tt.ok {
				t.Fatalf("got %v, want ok=%v", err, tt.ok)
			}
			if err == nil {
				a.Close()
			}
			if (seen == "reeve") != tt.ok {
				t.Errorf("the runtime saw %q", seen)
			}
		})
	}
}

func TestTLSRefusesFiles(t *testing.T) {
	p := newParty(t, "x", nil)
	for _, o := range []TLSOptions{{CA: "/nonexistent"}, {CA: p.id}, {Cert: p.crt, Key: p.crt}, {Cert: "/nonexistent", Key: p.id}} {
		if _, err := TLS(o); err == nil {
			t.Errorf("%+v is accepted", o)
		}
	}
}

func TestNoOldTLS(t *testing.T) {
	ca := newParty(t, "authority", nil)
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.TLS = &tls.Config{Certificates: []tls.Certificate{newParty(t, "runtime", ca).pair}, MaxVersion: tls.VersionTLS12}
	s.StartTLS()
	defer s.Close()
	cfg, err := TLS(TLSOptions{CA: ca.crt, ServerName: "runtime.test"})
	if err != nil {
		t.Fatal(err)
	}
	c, err := NewClient(Options{URL: s.URL, TLS: cfg})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if a, err := c.Do(t.Context(), "GET", "/", nil); err == nil {
		a.Close()
		t.Error("TLS 1.2 is spoken with a runtime")
	}
}
