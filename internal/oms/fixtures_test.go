package oms_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/reeve-ai/reeve/internal/oms"
)

func published(t *testing.T) string {
	t.Helper()
	root := os.Getenv("REEVE_TESTDATA")
	if root == "" {
		t.Skip("REEVE_TESTDATA is not set: no models signed by the reference implementation")
	}
	root = filepath.Join(root, "models-dev/oms/signed-models")
	if _, err := os.Stat(root); err != nil {
		t.Skip("no models signed by the reference implementation")
	}
	return root
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func trust(t *testing.T, root string) (key, cert oms.Trust) {
	t.Helper()
	block, _ := pem.Decode(read(t, filepath.Join(root, "keys/certificate/signing-key-pub.pem")))
	k, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	for _, name := range []string{"ca-cert.pem", "int-ca-cert.pem"} {
		pool.AppendCertsFromPEM(read(t, filepath.Join(root, "keys/certificate", name)))
	}
	clock := func() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }
	return oms.Trust{Key: k.(*ecdsa.PublicKey)}, oms.Trust{Roots: pool, Clock: clock}
}

// Models signed by the reference implementation, from the first version of the format on, verify; every changed copy is refused.
func TestReferenceSignatures(t *testing.T) {
	root := published(t)
	key, cert := trust(t, root)
	folders, err := filepath.Glob(filepath.Join(root, "v*"))
	if err != nil || len(folders) == 0 {
		t.Fatal("no folders", err)
	}
	for _, dir := range folders {
		name := filepath.Base(dir)
		t.Run(name, func(t *testing.T) {
			by := cert
			if strings.HasSuffix(name, "-elliptic-key") {
				by = key
			}
			sig := read(t, filepath.Join(dir, "model.sig"))
			model := dir
			if strings.HasPrefix(name, "v0.3.1-elliptic") || strings.HasPrefix(name, "v1.0.0-elliptic") {
				model = filepath.Join(dir, "signme-1")
			}
			o := oms.VerifyOptions{Signature: filepath.Join(dir, "model.sig"), IgnorePaths: []string{filepath.Join(dir, "ignore-me")}}
			_, err := oms.Verify(context.Background(), model, sig, by, o)
			switch {
			case strings.HasSuffix(name, "-sigstore"):
				if !errors.Is(err, oms.ErrMethod) {
					t.Errorf("got %v", err)
				}
				return
			case strings.HasPrefix(name, "v0.2.0"):
				if err == nil {
					t.Error("a predicate that says nothing verified")
				}
				return
			case err != nil:
				t.Fatal(err)
			}
			refuseChanged(t, model, sig, by)
		})
	}
}

func refuseChanged(t *testing.T, model string, sig []byte, by oms.Trust) {
	t.Helper()
	copied := func() string {
		to := filepath.Join(t.TempDir(), filepath.Base(model))
		if info, err := os.Stat(model); err == nil && !info.IsDir() {
			write(t, to, read(t, model))
			return to
		}
		if err := os.CopyFS(to, os.DirFS(model)); err != nil {
			t.Fatal(err)
		}
		os.Remove(filepath.Join(to, "ignore-me"))
		os.Remove(filepath.Join(to, "model.sig"))
		return to
	}
	first := func(dir string) string {
		if info, err := os.Stat(dir); err == nil && !info.IsDir() {
			return dir
		}
		return filepath.Join(dir, "signme-1")
	}
	for what, change := range map[string]func(dir string){
		"a changed byte": func(dir string) { write(t, first(dir), []byte("another.\n")) },
		"one byte more":  func(dir string) { write(t, first(dir), append(read(t, first(dir)), '\n')) },
		"a missing file": func(dir string) { os.Remove(first(dir)) },
		"one file more": func(dir string) {
			if first(dir) == dir {
				write(t, dir, nil)
				return
			}
			write(t, filepath.Join(dir, "more"), []byte("x"))
		},
	} {
		dir := copied()
		if _, err := oms.Verify(context.Background(), dir, sig, by, oms.VerifyOptions{}); err != nil {
			t.Fatalf("the copy itself: %v", err)
		}
		change(dir)
		if _, err := oms.Verify(context.Background(), dir, sig, by, oms.VerifyOptions{}); err == nil {
			t.Errorf("%s was not noticed", what)
		}
	}
	flipped := bytes.Clone(sig)
	k := bytes.Index(flipped, []byte(`"payload"`)) + 40
	flipped[k] ^= 1
	if _, err := oms.Verify(context.Background(), copied(), flipped, by, oms.VerifyOptions{}); err == nil {
		t.Error("a changed payload was not noticed")
	}
}

func write(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// The test vectors of the specification.
func TestVectors(t *testing.T) {
	root := filepath.Join(filepath.Dir(published(t)), "test-vectors/v1.0")
	key, _ := trust(t, published(t))
	invalid, _ := filepath.Glob(filepath.Join(root, "invalid*", "*.json"))
	if len(invalid) == 0 {
		t.Skip("no vectors")
	}
	for _, f := range invalid {
		if _, err := oms.Verify(context.Background(), t.TempDir(), read(t, f), key, oms.VerifyOptions{}); err == nil {
			t.Errorf("%s verified", filepath.Base(f))
		}
	}
}
