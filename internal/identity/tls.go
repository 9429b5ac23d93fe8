package identity

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/reeve-ai/reeve"
)

// Certificates holds the certificate that the listeners show, and keeps it fresh. Handshakes under way and open
// connections keep the one they began with. It is safe for concurrent use.
type Certificates struct {
	now     reeve.Clock
	log     *slog.Logger
	current atomic.Pointer[tls.Certificate]
	looked  atomic.Int64 // when fresh was last asked, Unix ns

	mu     sync.Mutex // one renewal at a time; guards what renew keeps, and failed
	stale  func(now time.Time) bool
	renew  func(now time.Time) (*tls.Certificate, error)
	failed string // what the last attempt said, so that it is logged once and not each second
}

// lookEvery is how old what a handshake sees of the files may be.
const lookEvery = time.Second

// LocalTLS makes certificates with reeve's own authority in DIR/tls, which it makes at the first start. They hold for
// localhost, 127.0.0.1, ::1, the host's name and the given names and addresses, for 90 days, and are renewed when a
// third of that is left. Clients trust DIR/tls/ca.pem. clock and log may be nil.
func LocalTLS(dir string, names []string, clock reeve.Clock, log *slog.Logger) (*Certificates, error) {
	c := newCertificates(clock, log)
	ca, err := openAuthority(filepath.Join(dir, "tls"), c.now())
	if err != nil {
		return nil, err
	}
	names, err = serverNames(names)
	if err != nil {
		return nil, err
	}
	c.stale = func(now time.Time) bool {
		leaf := c.current.Load().Leaf
		return leaf.NotAfter.Sub(now) < serverLife/3 && leaf.NotAfter.Before(ca.cert.NotAfter)
	}
	c.renew = func(now time.Time) (*tls.Certificate, error) { return ca.issue(names, now) }
	return c, c.first()
}

// FileTLS serves a certificate (with its chain) and key from PEM files, and takes new ones up within a second when
// the files change. A pair that cannot be read, does not belong together or has ended never replaces a good one: that
// is logged, and tried again. clock and log may be nil.
func FileTLS(certFile, keyFile string, clock reeve.Clock, log *slog.Logger) (*Certificates, error) {
	c := newCertificates(clock, log)
	var cert, key fileState
	c.stale = func(time.Time) bool { return !cert.same(stateOf(certFile)) || !key.same(stateOf(keyFile)) }
	c.renew = func(now time.Time) (*tls.Certificate, error) {
		newCert, newKey := stateOf(certFile), stateOf(keyFile) // before the read: a later change is seen next time
		pair, err := loadPair(certFile, keyFile, now)
		if err == nil {
			cert, key = newCert, newKey
		}
		return pair, err
	}
	return c, c.first()
}

func newCertificates(clock reeve.Clock, log *slog.Logger) *Certificates {
	if clock == nil {
		clock = time.Now
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Certificates{now: clock, log: log}
}

func (c *Certificates) first() error {
	now := c.now()
	cert, err := c.renew(now)
	if err != nil {
		return err
	}
	c.current.Store(cert)
	c.looked.Store(now.UnixNano())
	return nil
}

// Config is a server configuration that shows the current certificate, by TLS 1.3 and nothing older.
func (c *Certificates) Config() *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS13,
		NextProtos:     []string{"h2", "http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.fresh(), nil },
	}
}

// fresh is the certificate for a handshake now. One handshake at a time looks whether there is a newer one; the
// others do not wait for it.
func (c *Certificates) fresh() *tls.Certificate {
	now := c.now()
	last := c.looked.Load()
	if since := now.UnixNano() - last; since >= 0 && since < int64(lookEvery) || !c.looked.CompareAndSwap(last, now.UnixNano()) {
		return c.current.Load()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.stale(now) {
		return c.current.Load()
	}
	cert, err := c.renew(now)
	if err != nil {
		if c.failed != err.Error() {
			c.failed = err.Error()
			c.log.Error("the TLS certificate could not be renewed; the last good one stays", "error", err)
		}
		return c.current.Load()
	}
	c.failed = ""
	c.current.Store(cert)
	c.log.Info("a new TLS certificate is in use", "until", cert.Leaf.NotAfter)
	return cert
}

// fileState tells a changed file from an unchanged one, also where a symbolic link now leads elsewhere.
type fileState struct{ info os.FileInfo } // nil where there is no such file

func stateOf(path string) fileState {
	info, err := os.Stat(path)
	if err != nil {
		return fileState{}
	}
	return fileState{info}
}

func (s fileState) same(t fileState) bool {
	if s.info == nil || t.info == nil {
		return s.info == nil && t.info == nil
	}
	return os.SameFile(s.info, t.info) && s.info.ModTime().Equal(t.info.ModTime()) && s.info.Size() == t.info.Size()
}

func loadPair(certFile, keyFile string, now time.Time) (*tls.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return nil, withHint(fmt.Errorf("read TLS certificate: %w", err), "gateway.tls.cert and gateway.tls.key name PEM files that this user can read")
	}
	if err != nil {
		return nil, withHint(fmt.Errorf("TLS certificate %s with key %s: %w", certFile, keyFile, err),
			"the certificate file holds the server's certificate first and then its chain, the key file the key that belongs to it")
	}
	if now.After(pair.Leaf.NotAfter) {
		return nil, withHint(fmt.Errorf("TLS certificate %s ended on %s", certFile, pair.Leaf.NotAfter.Format(time.DateOnly)), "put a new certificate in its place")
	}
	return &pair, nil
}

// serverNames adds what every installation is called to the names that the user gave.
func serverNames(extra []string) ([]string, error) {
	names := []string{"localhost", "127.0.0.1", "::1"}
	if host, err := os.Hostname(); err == nil && isName(host) {
		names = append(names, host)
	}
	for _, n := range extra {
		if net.ParseIP(n) == nil && !isName(strings.TrimPrefix(n, "*.")) {
			return nil, withHint(fmt.Errorf("%q is neither a host name nor an address", n), "gateway.tls.names takes names such as llm.example.org and addresses such as 192.0.2.7")
		}
		names = append(names, n)
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// isName accepts host names of letters, digits, hyphens and dots (RFC 1123 section 2.1).
func isName(s string) bool {
	if s == "" || len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for i := range len(label) {
			b := label[i]
			if (b < 'a' || b > 'z') && (b < 'A' || b > 'Z') && (b < '0' || b > '9') && b != '-' {
				return false
			}
		}
	}
	return true
}

// hinted is an error with advice, which a command prints below it.
type hinted struct {
	error
	hint string
}

func withHint(err error, hint string) error { return &hinted{err, hint} }

// Hint tells the reader what to do next.
func (h *hinted) Hint() string  { return h.hint }
func (h *hinted) Unwrap() error { return h.error }
