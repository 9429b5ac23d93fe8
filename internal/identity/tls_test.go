package identity_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/reeve-ai/reeve/internal/identity"
)

// shown does a handshake with the server's configuration and returns the certificate that the client saw.
func shown(t *testing.T, c *identity.Certificates, client *tls.Config) (*x509.Certificate, error) {
	t.Helper()
	here, there := net.Pipe()
	defer here.Close()
	var served sync.WaitGroup
	served.Go(func() {
		server := tls.Server(there, c.Config())
		server.Handshake() // its error is the client's error
		there.Close()
	})
	defer served.Wait()
	conn := tls.Client(here, client)
	err := conn.Handshake()
	here.Close()
	if err != nil {
		return nil, err
	}
	return conn.ConnectionState().PeerCertificates[0], nil
}

func pool(t *testing.T, dir string) *x509.CertPool {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "tls", "ca.pem"))
	must(t, err)
	p := x509.NewCertPool()
	if !p.AppendCertsFromPEM(text) {
		t.Fatal("ca.pem holds no certificate")
	}
	return p
}

func TestLocalTLS(t *testing.T) {
	dir := t.TempDir()
	c, err := identity.LocalTLS(dir, []string{"llm.example.org", "192.0.2.7", "*.models.example.org"}, nil, nil)
	must(t, err)
	host, err := os.Hostname()
	must(t, err)
	for _, name := range []string{"localhost", "127.0.0.1", "::1", host, "llm.example.org", "192.0.2.7", "a.models.example.org"} {
		if _, err := shown(t, c, &tls.Config{RootCAs: pool(t, dir), ServerName: name}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, client := range map[string]*tls.Config{
		"a name that was not given":        {RootCAs: pool(t, dir), ServerName: "evil.example.org"},
		"a client that does not trust us":  {RootCAs: x509.NewCertPool(), ServerName: "localhost"},
		"a client that knows only TLS 1.1": {RootCAs: pool(t, dir), ServerName: "localhost", MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11},
	} {
		if _, err := shown(t, c, client); err == nil {
			t.Errorf("%s: the handshake went through", name)
		}
	}
	if _, err := shown(t, c, &tls.Config{RootCAs: pool(t, dir), ServerName: "localhost", MaxVersion: tls.VersionTLS12}); err == nil {
		t.Error("TLS 1.2 is accepted")
	}
	info, err := os.Stat(filepath.Join(dir, "tls", "ca.key"))
	must(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("ca.key has mode %v", info.Mode())
	}
}

func TestLocalTLSKeepsItsAuthority(t *testing.T) {
	dir := t.TempDir()
	_, err := identity.LocalTLS(dir, nil, nil, nil)
	must(t, err)
	trusted := pool(t, dir)
	again, err := identity.LocalTLS(dir, []string{"new.example.org"}, nil, nil)
	must(t, err)
	if _, err := shown(t, again, &tls.Config{RootCAs: trusted, ServerName: "new.example.org"}); err != nil {
		t.Errorf("after a restart with another name: %v", err)
	}
}

func TestLocalTLSRenews(t *testing.T) {
	dir := t.TempDir()
	c := &clock{t: noon}
	certs, err := identity.LocalTLS(dir, nil, c.now, nil)
	must(t, err)
	client := func() *tls.Config { return &tls.Config{RootCAs: pool(t, dir), ServerName: "localhost", Time: c.now} }
	first, err := shown(t, certs, client())
	must(t, err)
	c.advance(59 * 24 * time.Hour)
	same, err := shown(t, certs, client())
	must(t, err)
	if !same.Equal(first) {
		t.Error("renewed with more than a third left")
	}
	c.advance(2 * 24 * time.Hour)
	next, err := shown(t, certs, client())
	must(t, err)
	if next.Equal(first) || !next.NotAfter.After(first.NotAfter) {
		t.Errorf("not renewed: until %v", next.NotAfter)
	}
}

func TestLocalTLSRefuses(t *testing.T) {
	for _, tt := range []struct {
		name   string
		damage func(t *testing.T, tlsDir string)
		names  []string
		later  time.Duration
	}{
		{"the key is gone", func(t *testing.T, d string) { must(t, os.Remove(filepath.Join(d, "ca.key"))) }, nil, 0},
		{"the key is another's", func(t *testing.T, d string) {
			other := t.TempDir()
			_, err := identity.LocalTLS(other, nil, nil, nil)
			must(t, err)
			text, err := os.ReadFile(filepath.Join(other, "tls", "ca.key"))
			must(t, err)
			must(t, os.WriteFile(filepath.Join(d, "ca.key"), text, 0o600))
		}, nil, 0},
		{"the key is rubbish", func(t *testing.T, d string) { must(t, os.WriteFile(filepath.Join(d, "ca.key"), []byte("x"), 0o600)) }, nil, 0},
		{"the certificate is rubbish", func(t *testing.T, d string) { must(t, os.WriteFile(filepath.Join(d, "ca.pem"), []byte("x"), 0o600)) }, nil, 0},
		{"the authority has ended", func(*testing.T, string) {}, nil, 11 * 365 * 24 * time.Hour},
		{"a name with a space", func(*testing.T, string) {}, []string{"a b"}, 0},
		{"an empty name", func(*testing.T, string) {}, []string{""}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			c := &clock{t: time.Now()}
			_, err := identity.LocalTLS(dir, nil, c.now, nil)
			must(t, err)
			tt.damage(t, filepath.Join(dir, "tls"))
			c.advance(tt.later)
			if _, err := identity.LocalTLS(dir, tt.names, c.now, nil); err == nil {
				t.Error("it was opened")
			}
		})
	}
}

// A first start that was interrupted between key and certificate is finished by the next one.
func TestLocalTLSAfterAnInterruptedStart(t *testing.T) {
	dir := t.TempDir()
	_, err := identity.LocalTLS(dir, nil, nil, nil)
	must(t, err)
	must(t, os.Remove(filepath.Join(dir, "tls", "ca.pem")))
	c, err := identity.LocalTLS(dir, nil, nil, nil)
	must(t, err)
	if _, err := shown(t, c, &tls.Config{RootCAs: pool(t, dir), ServerName: "localhost"}); err != nil {
		t.Error(err)
	}
}

// pair writes a fresh certificate and key for localhost, and returns the certificate.
func pair(t *testing.T, certFile, keyFile string, now time.Time) *x509.Certificate {
	t.Helper()
	dir := t.TempDir()
	c, err := identity.LocalTLS(dir, nil, func() time.Time { return now }, nil)
	must(t, err)
	got, err := c.Config().GetCertificate(nil)
	must(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(got.PrivateKey)
	must(t, err)
	if certFile != "" {
		must(t, os.WriteFile(certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: got.Certificate[0]}), 0o600))
	}
	if keyFile != "" {
		must(t, os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600))
	}
	return got.Leaf
}

func TestFileTLSReloads(t *testing.T) {
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "c.pem"), filepath.Join(dir, "k.pem")
	c := &clock{t: time.Now()}
	var log bytes.Buffer
	first := pair(t, certFile, keyFile, c.now())
	certs, err := identity.FileTLS(certFile, keyFile, c.now, slog.New(slog.NewTextHandler(&log, nil)))
	must(t, err)
	shows := func(want *x509.Certificate, when string) {
		t.Helper()
		c.advance(2 * time.Second)
		got, err := certs.Config().GetCertificate(nil)
		must(t, err)
		if !got.Leaf.Equal(want) {
			t.Errorf("%s: another certificate is shown", when)
		}
	}
	shows(first, "at first")

	second := pair(t, certFile+".new", keyFile+".new", c.now())
	must(t, os.Rename(certFile+".new", certFile))
	shows(first, "while only the certificate is new")
	shows(first, "and still")
	if n := strings.Count(log.String(), "level=ERROR"); n != 1 {
		t.Errorf("the bad pair was logged %d times", n)
	}
	must(t, os.Rename(keyFile+".new", keyFile))
	shows(second, "when both are new")

	must(t, os.WriteFile(certFile, []byte("rubbish"), 0o600))
	shows(second, "rubbish in the certificate file")
	must(t, os.Remove(certFile))
	shows(second, "no certificate file")
	pair(t, certFile, keyFile, c.now().Add(-200*24*time.Hour))
	shows(second, "a certificate that has ended")
	third := pair(t, certFile, keyFile, c.now())
	shows(third, "a good pair after all that")

	fourth := pair(t, certFile, keyFile, c.now())
	got, err := certs.Config().GetCertificate(nil)
	must(t, err)
	if !got.Leaf.Equal(third) {
		t.Error("the files are looked at more than once a second")
	}
	shows(fourth, "a second later")
}

func TestFileTLSRefusesABadStart(t *testing.T) {
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "c.pem"), filepath.Join(dir, "k.pem")
	start := func() error {
		_, err := identity.FileTLS(certFile, keyFile, nil, nil)
		return err
	}
	var hint interface{ Hint() string }
	if err := start(); !errors.As(err, &hint) {
		t.Errorf("no files: %v", err)
	}
	pair(t, certFile, "", time.Now())
	pair(t, "", keyFile, time.Now())
	if err := start(); !errors.As(err, &hint) {
		t.Errorf("a key of another certificate: %v", err)
	}
	pair(t, certFile, keyFile, time.Now().Add(-200*24*time.Hour))
	if err := start(); !errors.As(err, &hint) {
		t.Errorf("an old certificate: %v", err)
	}
}
