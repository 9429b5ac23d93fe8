package upstream

import (
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
)

// TLSOptions say whom a Client trusts, and who it is. Empty paths are left out.
type TLSOptions struct {
	CA         string // PEM file with the authorities; "": those of the system
	Cert, Key  string // PEM files with the certificate that the Client shows; read again for every handshake
	Pin        []byte // SHA-256 of a SubjectPublicKeyInfo that must stand in the verified chain (as in RFC 7469); nil: any
	ServerName string // name that the server's certificate must hold; "": that of the address
}

var errPin = errors.New("no certificate of the runtime's chain has the pinned key")

// TLS is the configuration of a Client's connections: TLS 1.3, a verified chain, the pin in it, and the client's own
// certificate where one is given. Errors say which file cannot be used.
func TLS(o TLSOptions) (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS13, ServerName: o.ServerName}
	if o.CA != "" {
		pem, err := os.ReadFile(o.CA)
		if err != nil {
			return nil, fmt.Errorf("read authorities: %w", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("read authorities: %s holds no certificate in PEM form", o.CA)
		}
	}
	if o.Cert != "" {
		if _, err := tls.LoadX509KeyPair(o.Cert, o.Key); err != nil {
			return nil, fmt.Errorf("client certificate %s: %w", o.Cert, err)
		}
		c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			pair, err := tls.LoadX509KeyPair(o.Cert, o.Key) // connections are kept, so handshakes are few
			if err != nil {
				return nil, fmt.Errorf("client certificate %s: %w", o.Cert, err)
			}
			return &pair, nil
		}
	}
	if len(o.Pin) > 0 {
		c.VerifyConnection = func(s tls.ConnectionState) error { return pinned(&s, o.Pin) }
	}
	return c, nil
}

// pinned looks for the pin in the verified chains. It runs after they have been verified, and for resumed sessions too.
func pinned(s *tls.ConnectionState, pin []byte) error {
	for _, chain := range s.VerifiedChains {
		for _, cert := range chain {
			sum := sha256.Sum256(cert.RawSubjectPublicKeyInfo)
			if subtle.ConstantTimeCompare(sum[:], pin) == 1 {
				return nil
			}
		}
	}
	return errPin
}
