package admission

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// pairLife is how long the certificates of an agent and its gateway last.
const pairLife = 365 * 24 * time.Hour

// MakeCertificates writes ca.pem, agent.pem, agent.key, gateway.pem and gateway.key into a new folder. names are those by
// which the gateway reaches the agent. The authority's key is forgotten at once: it signs these two and never another.
func MakeCertificates(dir string, names []string, now time.Time) error {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return fmt.Errorf("make folder of certificates: %w", err)
	}
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fmt.Errorf("make certificates: %w", err)
	}
	ca := certificate("reeve agent authority", now)
	ca.KeyUsage, ca.IsCA, ca.BasicConstraintsValid, ca.MaxPathLenZero = x509.KeyUsageCertSign, true, true, true
	der, err := x509.CreateCertificate(rand.Reader, ca, ca, &caKey.PublicKey, caKey)
	if err != nil {
		return fmt.Errorf("make certificates: %w", err)
	}
	if err := writePEM(filepath.Join(dir, "ca.pem"), "CERTIFICATE", der, 0o644); err != nil {
		return err
	}
	agent, gateway := certificate("reeve agent", now), certificate("reeve gateway", now)
	agent.ExtKeyUsage, gateway.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	for _, n := range names {
		if ip := net.ParseIP(n); ip != nil {
			agent.IPAddresses = append(agent.IPAddresses, ip)
		} else {
			agent.DNSNames = append(agent.DNSNames, n)
		}
	}
	return errors.Join(issue(dir, "agent", agent, ca, caKey), issue(dir, "gateway", gateway, ca, caKey))
}

func certificate(name string, now time.Time) *x509.Certificate {
	var b [15]byte
	_, _ = rand.Read(b[:]) // never fails
	b[0] |= 1
	return &x509.Certificate{
		SerialNumber: new(big.Int).SetBytes(b[:]), Subject: pkix.Name{CommonName: name},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(pairLife), KeyUsage: x509.KeyUsageDigitalSignature,
	}
}

func issue(dir, name string, c, ca *x509.Certificate, caKey *ecdsa.PrivateKey) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fmt.Errorf("make certificates: %w", err)
	}
	der, err := x509.CreateCertificate(rand.Reader, c, ca, &key.PublicKey, caKey)
	if err != nil {
		return fmt.Errorf("make certificates: %w", err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return fmt.Errorf("make certificates: %w", err)
	}
	return errors.Join(writePEM(filepath.Join(dir, name+".pem"), "CERTIFICATE", der, 0o644), writePEM(filepath.Join(dir, name+".key"), "PRIVATE KEY", secret, 0o600))
}

func writePEM(path, kind string, der []byte, mode os.FileMode) error {
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), mode); err != nil {
		return fmt.Errorf("make certificates: %w", err)
	}
	return nil
}

// TLS is the configuration of one end: it shows the certificate and trusts the other end by the authority in ca. Both
// ends demand certificates, by TLS 1.3.
func TLS(cert, key, ca string) (*tls.Config, error) {
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return nil, fmt.Errorf("read certificate: %w", err)
	}
	text, err := os.ReadFile(ca)
	if err != nil {
		return nil, fmt.Errorf("read authority: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("read authority: %s holds no certificate", ca)
	}
	return &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{pair}, RootCAs: pool, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert}, nil
}
