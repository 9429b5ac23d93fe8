// Package transit gets certificates for the listeners from an authority that speaks ACME (RFC 8555), and keeps them fresh.
//
// Names are proven by tls-alpn-01 (RFC 8737), on the listener for callers itself: no second port is opened and no DNS
// record changed. Account, keys and certificates lie in the data directory, so that a restart asks for nothing again.
// Everything but the protocol's own state machine, which is certmagic's, is decided here: which authority, which names,
// which versions of TLS.
package transit

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/caddyserver/certmagic"
	"github.com/mholt/acmez/v3"
	"go.uber.org/zap"
)

// Options say for which names which authority is asked.
type Options struct {
	Dir       string   // data directory; the state lies in DIR/tls/acme
	Domains   []string // names of this server
	Email     string   // for the authority
	Directory string   // https:// address of the ACME directory; "": Let's Encrypt
	CA        string   // PEM file with the authorities of the directory's own certificate; "": those of the system
	Log       *slog.Logger
}

// ACME holds certificates. It is safe for concurrent use. Manage begins to get them, Close ends it.
type ACME struct {
	opts  Options
	roots *x509.CertPool
	cache *certmagic.Cache
	magic *certmagic.Config
}

// New checks the options. It asks nobody.
func New(o Options) (*ACME, error) {
	if len(o.Domains) == 0 {
		return nil, errors.New("no names to get certificates for")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	a := &ACME{opts: o}
	if o.CA != "" {
		pem, err := os.ReadFile(o.CA)
		if err != nil {
			return nil, fmt.Errorf("read authorities of the ACME directory: %w", err)
		}
		a.roots = x509.NewCertPool()
		if !a.roots.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("read authorities of the ACME directory: %s holds no certificate in PEM form", o.CA)
		}
	}
	dir := filepath.Join(o.Dir, "tls", "acme")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make directory of certificates: %w", err)
	}
	quiet := zap.NewNop()
	a.cache = certmagic.NewCache(certmagic.CacheOptions{
		GetConfigForCert: func(certmagic.Certificate) (*certmagic.Config, error) { return a.magic, nil }, Logger: quiet,
	})
	a.magic = certmagic.New(a.cache, certmagic.Config{
		Storage: &certmagic.FileStorage{Path: dir}, DefaultServerName: o.Domains[0], FallbackServerName: o.Domains[0],
		OnEvent: a.tell, Logger: quiet, OCSP: certmagic.OCSPConfig{DisableStapling: true},
	})
	return a, nil
}

// Config is a server configuration that shows the certificate of the name that is asked for, by TLS 1.3 and nothing
// older. Until there is one, handshakes fail.
func (a *ACME) Config() *tls.Config {
	c := a.magic.TLSConfig()
	c.MinVersion = tls.VersionTLS13
	c.NextProtos = []string{"h2", "http/1.1", acmez.ACMETLS1Protocol}
	return c
}

// Manage begins to get certificates, and to renew them, until ctx ends. The authority must reach port 443 of each name,
// and from there this process's listener on port. Failures are logged and tried again later.
func (a *ACME) Manage(ctx context.Context, host string, port int) error {
	a.magic.Issuers = []certmagic.Issuer{certmagic.NewACMEIssuer(a.magic, certmagic.ACMEIssuer{
		CA: a.opts.Directory, Email: a.opts.Email, Agreed: true, TrustedRoots: a.roots,
		DisableHTTPChallenge: true, ListenHost: host, AltTLSALPNPort: port, Logger: zap.NewNop(),
	})}
	if err := a.magic.ManageAsync(ctx, a.opts.Domains); err != nil {
		return fmt.Errorf("manage certificates: %w", err)
	}
	return nil
}

// Close ends the goroutine that renews.
func (a *ACME) Close() { a.cache.Stop() }

// InUse is what is logged when a certificate can be shown.
const InUse = "a TLS certificate is in use"

// tell logs what happens to certificates.
func (a *ACME) tell(_ context.Context, event string, data map[string]any) error {
	name, _ := data["identifier"].(string)
	switch event {
	case "cached_managed_cert":
		a.opts.Log.Info(InUse, "names", data["sans"])
	case "cert_failed":
		err, _ := data["error"].(error)
		a.opts.Log.Error("no TLS certificate was given out; it is tried again", "name", name, "error", err)
	}
	return nil
}
