package attest

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
)

// maxKeyFile bounds a key file, in bytes.
const maxKeyFile = 16 << 10

// Algorithm is a kind of signing key.
type Algorithm string

// The algorithms: Ed25519 (RFC 8032), and ECDSA over P-256 with SHA-256 (FIPS 186-5), signatures in ASN.1 DER.
const (
	Ed25519   Algorithm = "ed25519"
	ECDSAP256 Algorithm = "ecdsa-p256"
)

// PrivateKey signs. It is safe for concurrent use.
type PrivateKey struct {
	signer crypto.Signer
	public *PublicKey
}

// PublicKey verifies. It is safe for concurrent use.
type PublicKey struct {
	key crypto.PublicKey
	der []byte
	id  string
}

// ID is the lower-case hex of the SHA-256 of the key's SubjectPublicKeyInfo (RFC 5280 § 4.1.2.7).
func (k *PublicKey) ID() string { return k.id }

// Public returns the key that verifies.
func (k *PrivateKey) Public() *PublicKey { return k.public }

// Generate makes a key.
func Generate(a Algorithm) (*PrivateKey, error) {
	var signer crypto.Signer
	var err error
	switch a {
	case Ed25519:
		_, signer, err = ed25519.GenerateKey(rand.Reader)
	case ECDSAP256:
		signer, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	default:
		return nil, fmt.Errorf("algorithm %q is neither %s nor %s", a, Ed25519, ECDSAP256)
	}
	if err != nil {
		return nil, fmt.Errorf("make key: %w", err)
	}
	return newPrivate(signer)
}

func newPrivate(signer crypto.Signer) (*PrivateKey, error) {
	public, err := newPublic(signer.Public())
	if err != nil {
		return nil, err
	}
	return &PrivateKey{signer: signer, public: public}, nil
}

func newPublic(key crypto.PublicKey) (*PublicKey, error) {
	switch k := key.(type) {
	case ed25519.PublicKey:
	case *ecdsa.PublicKey:
		if k.Curve != elliptic.P256() {
			return nil, errors.New("an ECDSA key must be on the curve P-256")
		}
	default:
		return nil, errors.New("a key must be Ed25519 or ECDSA on P-256")
	}
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return nil, fmt.Errorf("encode public key: %w", err)
	}
	sum := sha256.Sum256(der)
	return &PublicKey{key: key, der: der, id: hex.EncodeToString(sum[:])}, nil
}

func (k *PrivateKey) sign(message []byte) ([]byte, error) {
	if _, isEd := k.signer.(ed25519.PrivateKey); isEd {
		return k.signer.Sign(rand.Reader, message, crypto.Hash(0))
	}
	sum := sha256.Sum256(message)
	return k.signer.Sign(rand.Reader, sum[:], crypto.SHA256)
}

func (k *PublicKey) verify(message, sig []byte) bool {
	switch key := k.key.(type) {
	case ed25519.PublicKey:
		return ed25519.Verify(key, message, sig)
	case *ecdsa.PublicKey:
		sum := sha256.Sum256(message)
		return ecdsa.VerifyASN1(key, sum[:], sig)
	}
	return false
}

// MarshalPEM writes PKCS #8 (RFC 5958), not encrypted: the file's mode protects it, or a disk that is.
func (k *PrivateKey) MarshalPEM() ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(k.signer)
	if err != nil {
		return nil, fmt.Errorf("encode private key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

// MarshalPEM writes SubjectPublicKeyInfo.
func (k *PublicKey) MarshalPEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: k.der})
}

// ParsePrivateKey reads one PEM block of PKCS #8. Its errors never show what was read.
func ParsePrivateKey(text []byte) (*PrivateKey, error) {
	der, err := onePEM(text, "PRIVATE KEY")
	if err != nil {
		return nil, err
	}
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, errors.New("this is no PKCS #8 private key")
	}
	signer, ok := parsed.(crypto.Signer)
	if !ok {
		return nil, errors.New("a key must be Ed25519 or ECDSA on P-256")
	}
	return newPrivate(signer)
}

// ParsePublicKey reads one PEM block of SubjectPublicKeyInfo.
func ParsePublicKey(text []byte) (*PublicKey, error) {
	der, err := onePEM(text, "PUBLIC KEY")
	if err != nil {
		return nil, err
	}
	key, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil, errors.New("this is no public key")
	}
	return newPublic(key)
}

func onePEM(text []byte, want string) ([]byte, error) {
	if len(text) > maxKeyFile {
		return nil, fmt.Errorf("a key of more than %d bytes", maxKeyFile)
	}
	block, rest := pem.Decode(text)
	if block == nil || block.Type != want || len(bytes.TrimSpace(rest)) > 0 {
		return nil, fmt.Errorf("want one PEM block %q and nothing else", want)
	}
	return block.Bytes, nil
}

// ReadPrivateKey reads a key file. It refuses one that others than its owner may read.
func ReadPrivateKey(path string) (*PrivateKey, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open signing key: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("open signing key: %w", err)
	}
	if mode := info.Mode().Perm(); runtime.GOOS != "windows" && mode&0o077 != 0 {
		return nil, fmt.Errorf("signing key %s has mode %04o: others than its owner may read it", path, mode)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxKeyFile+1))
	if err != nil {
		return nil, fmt.Errorf("read signing key: %w", err)
	}
	k, err := ParsePrivateKey(text)
	if err != nil {
		return nil, fmt.Errorf("signing key %s: %w", path, err)
	}
	return k, nil
}

// ReadPublicKey reads a public key file.
func ReadPublicKey(path string) (*PublicKey, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open public key: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxKeyFile+1))
	if err != nil {
		return nil, fmt.Errorf("read public key: %w", err)
	}
	k, err := ParsePublicKey(text)
	if err != nil {
		return nil, fmt.Errorf("public key %s: %w", path, err)
	}
	return k, nil
}
