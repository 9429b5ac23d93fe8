package oms

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	_ "crypto/sha512" // for P-384 and P-521
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/reeve-ai/reeve/internal/attest"
)

// Options shape a signature. The zero value signs whole files with SHA-256.
type Options struct {
	IgnorePaths   []string // files and folders that the signature does not cover
	AllowSymlinks bool
	ShardSize     int64  // bytes; 0: whole files
	HashType      string // "sha256" (default), "blake2b", "blake3"
	Signature     string // path of the signature, which is left out where it lies in the model
}

// Signer is a key on P-256, P-384 or P-521, with the chain of certificates that speaks for it, leaf first, or without one.
type Signer struct {
	Key   crypto.Signer
	Chain []*x509.Certificate
}

// Sign signs the model at root, a folder or one file, and returns the bundle.
func Sign(ctx context.Context, root string, s *Signer, o Options) ([]byte, error) {
	public, ok := s.Key.Public().(*ecdsa.PublicKey)
	if !ok {
		return nil, errors.New("model signatures are made with keys on P-256, P-384 or P-521")
	}
	p, err := describe(ctx, root, o)
	if err != nil {
		return nil, fmt.Errorf("sign model: %w", err)
	}
	rootSum, err := rootDigest(p.Resources)
	if err != nil {
		return nil, fmt.Errorf("sign model: %w", err)
	}
	abs, err := filepath.Abs(root)
	if err != nil {
		return nil, fmt.Errorf("sign model: %w", err)
	}
	payload, err := json.Marshal(statement{
		Type: StatementType, PredicateType: PredicateType, Predicate: *p,
		Subject: []subject{{Name: filepath.Base(abs), Digest: map[string]string{"sha256": rootSum}}},
	}, json.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("write statement: %w", err)
	}
	sum := hashOf(public).New()
	sum.Write(attest.PAE(PayloadType, payload))
	sig, err := s.Key.Sign(rand.Reader, sum.Sum(nil), hashOf(public))
	if err != nil {
		return nil, fmt.Errorf("sign model: %w", err)
	}
	return s.bundle(public, payload, sig)
}

// describe makes the predicate of a model.
func describe(ctx context.Context, root string, o Options) (*predicate, error) {
	p := &predicate{Serialization: Serialization{Method: "files", HashType: "sha256", AllowSymlinks: o.AllowSymlinks}}
	if o.HashType != "" {
		p.Serialization.HashType = o.HashType
	}
	if o.ShardSize > 0 {
		p.Serialization.Method, p.Serialization.ShardSize = "shards", o.ShardSize
	}
	if o.ShardSize > 0 && o.HashType == "blake3" {
		return nil, errors.New("blake3 is not used with shards: it hashes in parallel by itself")
	}
	if newHash(p.Serialization.HashType) == nil {
		return nil, fmt.Errorf("hash %q is none of sha256, blake2b, blake3", o.HashType)
	}
	base, names, err := listModel(root, &p.Serialization, o)
	if err != nil {
		return nil, err
	}
	all, err := units(base, names, &p.Serialization)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, errors.New("there is nothing to sign: no file with content")
	}
	if base != root && p.Serialization.Method == "files" {
		all[0].name = "." // the reference implementation's name for a model of one file
	}
	p.Resources, err = digests(ctx, all, p.Serialization.HashType, runtime.GOMAXPROCS(0))
	return p, err
}

// listModel lists a folder, or the one file that the model is, and notes in s what was left out.
func listModel(root string, s *Serialization, o Options) (base string, names []string, err error) {
	info, err := os.Stat(root)
	if err != nil {
		return "", nil, err
	}
	if !info.IsDir() {
		return filepath.Dir(root), []string{filepath.Base(root)}, nil
	}
	if s.IgnorePaths, err = ignored(root, o.Signature, o.IgnorePaths); err != nil {
		return "", nil, err
	}
	names, err = files(root, s.IgnorePaths, o.AllowSymlinks)
	return root, names, err
}

func (s *Signer) bundle(public *ecdsa.PublicKey, payload, sig []byte) ([]byte, error) {
	noKeyID := ""
	b := bundle{MediaType: MediaType, Envelope: envelope{
		Payload: base64.StdEncoding.EncodeToString(payload), PayloadType: PayloadType,
		Signatures: []signature{{Sig: base64.StdEncoding.EncodeToString(sig), KeyID: &noKeyID}},
	}}
	b.Material.TlogEntries = []tlogEntry{}
	if len(s.Chain) == 0 {
		hint, err := keyHint(public)
		if err != nil {
			return nil, err
		}
		b.Material.PublicKey = &publicKey{Hint: hint}
	} else {
		b.Material.Chain = &chain{}
		for _, c := range s.Chain {
			b.Material.Chain.Certificates = append(b.Material.Chain.Certificates, certificate{c.Raw})
		}
	}
	text, err := json.Marshal(b, json.Deterministic(true), jsontext.Multiline(false))
	if err != nil {
		return nil, fmt.Errorf("write bundle: %w", err)
	}
	return append(text, '\n'), nil
}

// keyHint is the hex of the SHA-256 over the PEM of a public key.
func keyHint(k *ecdsa.PublicKey) (string, error) {
	der, err := x509.MarshalPKIXPublicKey(k)
	if err != nil {
		return "", fmt.Errorf("encode public key: %w", err)
	}
	sum := sha256.Sum256(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	return hex.EncodeToString(sum[:]), nil
}

// hashOf is the hash that goes with a curve.
func hashOf(k *ecdsa.PublicKey) crypto.Hash {
	switch bits := k.Curve.Params().BitSize; {
	case bits <= 256:
		return crypto.SHA256
	case bits <= 384:
		return crypto.SHA384
	}
	return crypto.SHA512
}
