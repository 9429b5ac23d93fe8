package oms_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reeve-ai/reeve/internal/oms"
)

func newKey(t *testing.T, c elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(c, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func newModel(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "model")
	if err := os.MkdirAll(filepath.Join(dir, "sub"), 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "a.bin"), bytes.Repeat([]byte("a"), 1000))
	write(t, filepath.Join(dir, "sub", "b:c.bin"), []byte("b"))
	write(t, filepath.Join(dir, ".gitignore"), []byte("x"))
	return dir
}

// Every curve, method and hash signs what it verifies, and nothing else.
func TestRoundTrip(t *testing.T) {
	for name, tt := range map[string]struct {
		curve elliptic.Curve
		o     oms.Options
	}{
		"P-256":   {elliptic.P256(), oms.Options{}},
		"P-384":   {elliptic.P384(), oms.Options{HashType: "blake2b"}},
		"P-521":   {elliptic.P521(), oms.Options{HashType: "blake3"}},
		"shards":  {elliptic.P256(), oms.Options{ShardSize: 300}},
		"ignores": {elliptic.P256(), oms.Options{IgnorePaths: []string{"sub"}}},
	} {
		t.Run(name, func(t *testing.T) {
			dir, key := newModel(t), newKey(t, tt.curve)
			tt.o.Signature = filepath.Join(dir, "model.sig")
			b, err := oms.Sign(context.Background(), dir, &oms.Signer{Key: key}, tt.o)
			if err != nil {
				t.Fatal(err)
			}
			write(t, tt.o.Signature, b)
			by := oms.Trust{Key: &key.PublicKey}
			o := oms.VerifyOptions{Signature: tt.o.Signature}
			if _, err := oms.Verify(context.Background(), dir, b, by, o); err != nil {
				t.Fatal(err)
			}
			if _, err := oms.Verify(context.Background(), dir, b, oms.Trust{Key: &newKey(t, tt.curve).PublicKey}, o); !errors.Is(err, oms.ErrSignature) {
				t.Errorf("by another key: %v", err)
			}
			write(t, filepath.Join(dir, "a.bin"), bytes.Repeat([]byte("a"), 1001))
			if _, err := oms.Verify(context.Background(), dir, b, by, o); !errors.Is(err, oms.ErrFiles) {
				t.Errorf("changed: %v", err)
			}
		})
	}
}

func TestWhatDiffers(t *testing.T) {
	dir, key := newModel(t), newKey(t, elliptic.P256())
	b, err := oms.Sign(context.Background(), dir, &oms.Signer{Key: key}, oms.Options{})
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "a.bin"), []byte("other"))
	write(t, filepath.Join(dir, "new.bin"), []byte("new"))
	if err := os.Remove(filepath.Join(dir, "sub", "b:c.bin")); err != nil {
		t.Fatal(err)
	}
	v, err := oms.Verify(context.Background(), dir, b, oms.Trust{Key: &key.PublicKey}, oms.VerifyOptions{})
	if !errors.Is(err, oms.ErrFiles) {
		t.Fatal(err)
	}
	got := [][]string{v.Missing, v.Changed, v.Unsigned}
	if diff := cmp.Diff([][]string{{"sub/b:c.bin"}, {"a.bin"}, {"new.bin"}}, got); diff != "" {
		t.Error(diff)
	}
}

func TestLinksAreRefused(t *testing.T) {
	dir, key := newModel(t), newKey(t, elliptic.P256())
	if err := os.Symlink("/etc/hostname", filepath.Join(dir, "link")); err != nil {
		t.Skip("no symbolic links here")
	}
	if _, err := oms.Sign(context.Background(), dir, &oms.Signer{Key: key}, oms.Options{}); err == nil {
		t.Error("a link was signed")
	}
}

// certified makes an authority and a certificate of it for a key.
func certified(t *testing.T, key *ecdsa.PrivateKey, usage x509.ExtKeyUsage, from time.Time) (leaf *x509.Certificate, roots *x509.CertPool) {
	t.Helper()
	ca := newKey(t, elliptic.P256())
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, NotBefore: from.Add(-time.Hour), NotAfter: from.Add(1000 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	rootDER, err := x509.CreateCertificate(rand.Reader, root, root, &ca.PublicKey, ca)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "signer"}, NotBefore: from, NotAfter: from.Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{usage},
	}, root, &key.PublicKey, ca)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err = x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	authority, err := x509.ParseCertificate(rootDER)
	if err != nil {
		t.Fatal(err)
	}
	roots = x509.NewCertPool()
	roots.AddCert(authority)
	return leaf, roots
}

func TestCertificates(t *testing.T) {
	day := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	dir, key := newModel(t), newKey(t, elliptic.P256())
	for name, tt := range map[string]struct {
		usage   x509.ExtKeyUsage
		now     time.Time
		trusted bool
		ok      bool
	}{
		"sound":              {x509.ExtKeyUsageCodeSigning, day.Add(time.Hour), true, true},
		"expired":            {x509.ExtKeyUsageCodeSigning, day.Add(25 * time.Hour), true, false},
		"not yet valid":      {x509.ExtKeyUsageCodeSigning, day.Add(-time.Minute), true, false},
		"for something else": {x509.ExtKeyUsageServerAuth, day.Add(time.Hour), true, false},
		"unknown authority":  {x509.ExtKeyUsageCodeSigning, day.Add(time.Hour), false, false},
	} {
		t.Run(name, func(t *testing.T) {
			leaf, roots := certified(t, key, tt.usage, day)
			b, err := oms.Sign(context.Background(), dir, &oms.Signer{Key: key, Chain: []*x509.Certificate{leaf}}, oms.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if !tt.trusted {
				roots = x509.NewCertPool()
			}
			_, err = oms.Verify(context.Background(), dir, b, oms.Trust{Roots: roots, Clock: func() time.Time { return tt.now }}, oms.VerifyOptions{})
			if (err == nil) != tt.ok || err != nil && !errors.Is(err, oms.ErrSignature) {
				t.Errorf("got %v", err)
			}
			if _, err := oms.Verify(context.Background(), dir, b, oms.Trust{Key: &key.PublicKey}, oms.VerifyOptions{}); err == nil {
				t.Error("a certificate's bundle passed as a key's")
			}
		})
	}
}

func FuzzVerify(f *testing.F) {
	f.Add([]byte(`{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{"publicKey":{},"tlogEntries":[]},"dsseEnvelope":{"payload":"e30=","payloadType":"application/vnd.in-toto+json","signatures":[{"sig":"AA=="}]}}`))
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := oms.Verify(context.Background(), dir, b, oms.Trust{Key: &key.PublicKey}, oms.VerifyOptions{}); err == nil {
			t.Error("verified")
		}
	})
}
