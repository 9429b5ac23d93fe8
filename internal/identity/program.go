package identity

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/store"
)

// SPIFFE is the issuer of links that hold a SPIFFE id.
const SPIFFE = "spiffe"

// ProgramPolicy says what client certificates are for at the gateway.
type ProgramPolicy struct {
	Mode         string        // "": certificates mean nothing; ProgramsMay or ProgramsMust
	TrustDomains []string      // trust domains whose ids are taken; none: any that the authorities sign for
	MaxLife      time.Duration // longest life that a certificate may have been given; 0: any
	Authorities  *Authorities
}

// What certificates are for.
const (
	ProgramsMay  = "either" // a certificate stands for its service account where the request has no key
	ProgramsMust = "both"   // every request needs a certificate and a key, and both must name one account
)

// parseSPIFFE reads a SPIFFE id by the SPIFFE-ID standard, sections 2.1 to 2.4: scheme spiffe, a trust domain of
// lower-case letters, digits, dots, hyphens and underscores, a path of non-empty segments that are not . or .., no port, query, fragment or
// user, at most 2048 bytes.
func parseSPIFFE(id string) (domain string, err error) {
	rest, ok := strings.CutPrefix(id, "spiffe://")
	if !ok || len(id) > 2048 {
		return "", invalid("a SPIFFE id reads spiffe://TRUST-DOMAIN/PATH")
	}
	domain, path, slash := strings.Cut(rest, "/")
	if domain == "" || len(domain) > 255 || strings.ContainsFunc(domain, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '.' && r != '-' && r != '_'
	}) {
		return "", invalid("the trust domain of a SPIFFE id holds lower-case letters, digits, dots, hyphens and underscores")
	}
	if !slash || path == "" {
		return "", invalid("a SPIFFE id without a path names a trust domain and no program")
	}
	for segment := range strings.SplitSeq(path, "/") {
		if segment == "" || segment == "." || segment == ".." || strings.ContainsFunc(segment, func(r rune) bool {
			return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '.' && r != '-' && r != '_'
		}) {
			return "", invalid("the path of a SPIFFE id has segments of letters, digits, dots, hyphens and underscores")
		}
	}
	return domain, nil
}

// ValidSPIFFE reports whether a text is the SPIFFE id of a program.
func ValidSPIFFE(id string) bool {
	_, err := parseSPIFFE(id)
	return err == nil
}

// spiffeID is the id in a certificate (X.509-SVID, sections 2 and 4): exactly one URI name, and it is a SPIFFE id. Certificates
// of authorities are no identities of programs.
func spiffeID(leaf *x509.Certificate) (id, domain string, refusal *reeve.Refusal) {
	bad := func(message string) (string, string, *reeve.Refusal) {
		return "", "", refuse("certificate", message, "ask for a certificate (X.509-SVID) of a workload from your SPIFFE authority")
	}
	switch {
	case leaf.IsCA, leaf.KeyUsage&(x509.KeyUsageCertSign|x509.KeyUsageCRLSign) != 0:
		return bad("the client certificate is one of an authority")
	case len(leaf.URIs) != 1:
		return bad(fmt.Sprintf("the client certificate has %d URI names, not exactly one", len(leaf.URIs)))
	}
	id = rawURI(leaf.URIs[0])
	domain, err := parseSPIFFE(id)
	if err != nil {
		return bad("the URI name of the client certificate is no SPIFFE id")
	}
	return id, domain, nil
}

// rawURI is the text of a name as it stands in the certificate: user, port, query and fragment stay, so that they are
// refused and not dropped.
func rawURI(u *url.URL) string { return u.String() }

// program recognises the service account of a client certificate; nil, nil where there is none or none is asked for.
func (d *Directory) program(state *tls.ConnectionState) (*person, *reeve.Refusal) {
	if d.programs.Mode == "" || state == nil || len(state.PeerCertificates) == 0 {
		return nil, nil
	}
	leaf, now := state.PeerCertificates[0], d.now()
	if len(state.VerifiedChains) == 0 {
		return nil, refuse("certificate", "the client certificate was not verified", "connect again")
	}
	switch { // a connection may outlive its certificate
	case now.After(leaf.NotAfter) || now.Before(leaf.NotBefore):
		return nil, refuse("certificate-expired", "the client certificate is not valid at this time", "connect again with a new certificate")
	case d.programs.MaxLife > 0 && leaf.NotAfter.Sub(leaf.NotBefore) > d.programs.MaxLife:
		return nil, refuse("certificate-life", fmt.Sprintf("the client certificate was issued for longer than %s", d.programs.MaxLife), "ask for a certificate of shorter life")
	case d.programs.Authorities.revoked(state.VerifiedChains):
		return nil, refuse("certificate-revoked", "the client certificate was revoked", "ask for a new certificate")
	}
	id, domain, refusal := spiffeID(leaf)
	if refusal != nil {
		return nil, refusal
	}
	if len(d.programs.TrustDomains) > 0 && !contains(d.programs.TrustDomains, domain) {
		return nil, refuse("trust-domain", "the trust domain of the client certificate is not one of this server's", "ask an administrator to list it in identity.mtls.trust_domains")
	}
	s, err := d.current()
	if err != nil {
		d.log.Error("service accounts could not be read", "error", err)
		return nil, unreadable()
	}
	p := s.users[s.links[store.Link{Issuer: SPIFFE, Subject: id}]]
	if p == nil {
		return nil, refuse("unknown-program", "the client certificate is good, but no service account is linked to its SPIFFE id", "ask an administrator for \"reeve user link --spiffe\"")
	}
	return p, p.may()
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// AuthenticateRequest says who sent a request: by API key, by a provider's token, by client certificate, or by both where
// the configuration asks for both. Exactly one of its results is nil. The session may be shared: read it, do not change it.
func (d *Directory) AuthenticateRequest(r *http.Request) (*Session, *reeve.Refusal) {
	if d.programs.Mode == "" || r.TLS == nil {
		if d.programs.Mode == ProgramsMust {
			return nil, refuse("certificate-needed", "this server takes requests with a client certificate only", "connect by TLS with the certificate of your service")
		}
		return d.authenticate(r)
	}
	p, refusal := d.program(r.TLS)
	if refusal != nil {
		return nil, refusal
	}
	bare := len(r.Header["Authorization"]) == 0 && len(r.Header["X-Api-Key"]) == 0
	switch {
	case p == nil && d.programs.Mode == ProgramsMust:
		return nil, refuse("certificate-needed", "this server takes requests with a client certificate only", "connect by TLS with the certificate of your service")
	case p != nil && bare && d.programs.Mode == ProgramsMay:
		return d.session(p, nil, AuthnCertificate), nil
	}
	s, refusal := d.authenticate(r)
	if refusal == nil && p != nil && s.Principal.ID != p.principal.ID && d.programs.Mode == ProgramsMust {
		return nil, refuse("certificate-mismatch", "the client certificate and the API key name different accounts", "use the key of the account that the certificate stands for")
	}
	return s, refusal
}

// Authorities are the certificate authorities that sign for client certificates, with what they revoked. The files are
// looked at again at most once a second, and a bad file never replaces a good one; a revocation list that has ended
// refuses every certificate of its authority (RFC 5280 section 6.3.3).
type Authorities struct {
	caFile, crlFile string
	now             reeve.Clock
	log             *slog.Logger
	current         atomic.Pointer[trust]
	looked          atomic.Int64

	mu      sync.Mutex // one reader of the files at a time
	ca, crl fileState
}

type trust struct {
	pool    *x509.CertPool
	roots   []*x509.Certificate
	lists   []*x509.RevocationList
	revoked map[string]bool // issuer and serial number
}

// OpenAuthorities reads a file of PEM certificates, and a file of PEM revocation lists ("": none).
func OpenAuthorities(caFile, crlFile string, clock reeve.Clock, log *slog.Logger) (*Authorities, error) {
	if clock == nil {
		clock = time.Now
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	a := &Authorities{caFile: caFile, crlFile: crlFile, now: clock, log: log}
	t, err := a.load()
	if err != nil {
		return nil, err
	}
	a.current.Store(t)
	a.looked.Store(a.now().UnixNano())
	return a, nil
}

func (a *Authorities) load() (*trust, error) {
	a.ca, a.crl = stateOf(a.caFile), stateOf(a.crlFile)
	text, err := os.ReadFile(a.caFile)
	if err != nil {
		return nil, withHint(fmt.Errorf("read authorities of client certificates: %w", err), "identity.mtls.ca names a PEM file that this user can read")
	}
	t := &trust{pool: x509.NewCertPool(), revoked: map[string]bool{}}
	for _, der := range pemBlocks(text, "CERTIFICATE") {
		cert, err := x509.ParseCertificate(der)
		if err != nil || !cert.IsCA {
			return nil, fmt.Errorf("%s holds something that is no certificate of an authority", a.caFile)
		}
		t.pool.AddCert(cert)
		t.roots = append(t.roots, cert)
	}
	if len(t.roots) == 0 {
		return nil, fmt.Errorf("%s holds no certificate", a.caFile)
	}
	if a.crlFile == "" {
		return t, nil
	}
	if text, err = os.ReadFile(a.crlFile); err != nil {
		return nil, withHint(fmt.Errorf("read revocation lists: %w", err), "identity.mtls.crl names a PEM file that this user can read")
	}
	lists := pemBlocks(text, "X509 CRL")
	if len(lists) == 0 {
		return nil, fmt.Errorf("%s holds no revocation list", a.crlFile)
	}
	for _, der := range lists {
		if err := t.take(der); err != nil {
			return nil, fmt.Errorf("%s: %w", a.crlFile, err)
		}
	}
	return t, nil
}

// take adds a revocation list that one of the authorities signed.
func (t *trust) take(der []byte) error {
	list, err := x509.ParseRevocationList(der)
	if err != nil {
		return errors.New("a revocation list cannot be read")
	}
	for _, root := range t.roots {
		if list.CheckSignatureFrom(root) != nil {
			continue
		}
		t.lists = append(t.lists, list)
		for _, entry := range list.RevokedCertificateEntries {
			t.revoked[string(list.RawIssuer)+"#"+entry.SerialNumber.String()] = true
		}
		return nil
	}
	return errors.New("none of the authorities signed the revocation list")
}

// fresh is what is known now.
func (a *Authorities) fresh() *trust {
	now, last := a.now().UnixNano(), a.looked.Load()
	if now-last < int64(lookEvery) && now >= last || !a.looked.CompareAndSwap(last, now) {
		return a.current.Load()
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	ca, crl := a.ca, a.crl
	if ca.same(stateOf(a.caFile)) && crl.same(stateOf(a.crlFile)) {
		return a.current.Load()
	}
	t, err := a.load()
	if err != nil {
		a.ca, a.crl = ca, crl
		a.log.Error("the authorities of client certificates could not be read; the last good ones stay", "error", err)
		return a.current.Load()
	}
	a.current.Store(t)
	return t
}

// revoked reports whether a certificate of every chain was revoked, or a list that would say so has ended.
func (a *Authorities) revoked(chains [][]*x509.Certificate) bool {
	t := a.fresh()
	for _, chain := range chains {
		if !t.broken(chain, a.now()) {
			return false
		}
	}
	return true
}

func (t *trust) broken(chain []*x509.Certificate, now time.Time) bool {
	for _, cert := range chain {
		if t.revoked[string(cert.RawIssuer)+"#"+cert.SerialNumber.String()] {
			return true
		}
		for _, list := range t.lists {
			if string(list.RawIssuer) == string(cert.RawIssuer) && !list.NextUpdate.IsZero() && now.After(list.NextUpdate) && t.latest(list) {
				return true
			}
		}
	}
	root := chain[len(chain)-1]
	for _, known := range t.roots { // an authority that was taken out of the file counts no longer
		if known.Equal(root) {
			return false
		}
	}
	return true
}

// latest reports whether no list of the same authority runs longer.
func (t *trust) latest(list *x509.RevocationList) bool {
	for _, other := range t.lists {
		if string(other.RawIssuer) == string(list.RawIssuer) && other.NextUpdate.After(list.NextUpdate) {
			return false
		}
	}
	return true
}

// Ask makes a server ask for client certificates, and verify those that are sent. A connection without one stays
// possible: what a request needs is decided per request.
func (a *Authorities) Ask(cfg *tls.Config) {
	type made struct {
		by  *trust
		cfg *tls.Config
	}
	var last atomic.Pointer[made] // one configuration for as long as the authorities stay, so that sessions can be resumed
	cfg.ClientAuth, cfg.ClientCAs = tls.VerifyClientCertIfGiven, a.fresh().pool
	cfg.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
		t := a.fresh()
		if m := last.Load(); m != nil && m.by == t {
			return m.cfg, nil
		}
		c := cfg.Clone() // here and not before, with all that the server adds to it
		c.GetConfigForClient, c.ClientCAs = nil, t.pool
		last.Store(&made{t, c})
		return c, nil
	}
}
