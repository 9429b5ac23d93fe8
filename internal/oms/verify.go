package oms

import (
	"context"
	"crypto/ecdsa"
	"crypto/subtle"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/attest"
)

// Trust is what a verification relies on: a key, or certificates of authorities.
type Trust struct {
	Key   *ecdsa.PublicKey
	Roots *x509.CertPool
	Clock reeve.Clock // the time at which certificates must be valid

	Sigstore *TrustedRoot // of an instance of Sigstore, with Identity
	Identity Identity
}

// Identity is who must have signed by Sigstore: the subject of the certificate, an address or a URI, and who confirmed it.
type Identity struct{ Subject, Issuer string }

// VerifyOptions shape a verification. The zero value is the strictest.
type VerifyOptions struct {
	IgnorePaths    []string // further files and folders that the signature need not cover
	IgnoreUnsigned bool     // files that the signature does not list are accepted
	AllowSymlinks  bool
	Signature      string // path of the signature
}

// Verified is what a bundle that verifies says.
type Verified struct {
	Name      string   `json:"name"` // informational
	Root      string   `json:"root"` // hex of the SHA-256 over all digests
	Resources int      `json:"resources"`
	Method    string   `json:"method"`              // "key" or "certificate"
	Signer    string   `json:"signer,omitzero"`     // subject of the certificate, or hint of the key
	Missing   []string `json:"missing,omitzero"`    // listed and not there
	Changed   []string `json:"changed,omitzero"`    // with other content
	Unsigned  []string `json:"not_signed,omitzero"` // there and not listed
	Weak      string   `json:"weak,omitzero"`       // why the signature is of an old form
}

// Verify checks a bundle against the model at root. It returns an error that matches ErrMalformed, ErrMethod, ErrSignature or ErrFiles;
// with ErrFiles it also returns what differs.
func Verify(ctx context.Context, root string, text []byte, t Trust, o VerifyOptions) (*Verified, error) {
	b, payload, err := parseBundle(text)
	if err != nil {
		return nil, err
	}
	v := &Verified{}
	key, err := b.signer(&t, v, payload)
	if err != nil {
		return nil, err
	}
	sig, err := base64.StdEncoding.DecodeString(b.Envelope.Signatures[0].Sig)
	if err != nil {
		return nil, fmt.Errorf("%w: the signature is no base64", ErrMalformed)
	}
	sum := hashOf(key).New()
	sum.Write(attest.PAE(PayloadType, payload))
	if !ecdsa.VerifyASN1(key, sum.Sum(nil), sig) {
		return nil, ErrSignature
	}
	s, err := parseStatement(payload)
	if err != nil {
		return nil, err
	}
	v.Name, v.Root, v.Resources = s.Subject[0].Name, s.Subject[0].Digest["sha256"], len(s.Predicate.Resources)
	return v, compare(ctx, root, &s.Predicate, o, v)
}

// signer returns the key that must have signed, from what is trusted.
func (b *bundle) signer(t *Trust, v *Verified, payload []byte) (*ecdsa.PublicKey, error) {
	switch {
	case b.Material.keyless() && t.Sigstore != nil:
		return b.keyless(t, v, payload)
	case b.Material.keyless():
		return nil, fmt.Errorf("%w: Sigstore identity", ErrMethod)
	case t.Sigstore != nil:
		return nil, fmt.Errorf("%w: it was made by another method than the one that was asked for", ErrSignature)
	case b.Material.PublicKey != nil && t.Key != nil:
		hint, err := keyHint(t.Key)
		if err != nil {
			return nil, err
		}
		if h := b.Material.PublicKey.Hint; h != "" && subtle.ConstantTimeCompare([]byte(h), []byte(hint)) != 1 {
			return nil, fmt.Errorf("%w: it is by another key", ErrSignature)
		}
		v.Method, v.Signer = "key", hint
		return t.Key, nil
	case b.Material.Chain != nil && t.Roots != nil:
		return b.certified(t, v)
	case b.Material.PublicKey != nil || b.Material.Chain != nil:
		return nil, fmt.Errorf("%w: it was made by another method than the one that was asked for", ErrSignature)
	}
	return nil, fmt.Errorf("%w: no verification material", ErrMalformed)
}

func (b *bundle) certified(t *Trust, v *Verified) (*ecdsa.PublicKey, error) {
	raw := b.Material.Chain.Certificates
	if len(raw) == 0 || len(raw) > 16 {
		return nil, fmt.Errorf("%w: %d certificates", ErrMalformed, len(raw))
	}
	certs := make([]*x509.Certificate, len(raw))
	others := x509.NewCertPool()
	for i := range raw {
		c, err := x509.ParseCertificate(raw[i].RawBytes)
		if err != nil {
			return nil, fmt.Errorf("%w: certificate %d", ErrMalformed, i+1)
		}
		if certs[i] = c; i > 0 {
			others.AddCert(c)
		}
	}
	leaf := certs[0]
	if _, err := leaf.Verify(x509.VerifyOptions{
		Roots: t.Roots, Intermediates: others, CurrentTime: t.Clock(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning},
	}); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSignature, err)
	}
	if leaf.KeyUsage&x509.KeyUsageDigitalSignature == 0 {
		return nil, fmt.Errorf("%w: the certificate is not for signatures", ErrSignature)
	}
	key, ok := leaf.PublicKey.(*ecdsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("%w: the certificate's key is on none of P-256, P-384, P-521", ErrSignature)
	}
	v.Method, v.Signer = "certificate", leaf.Subject.String()
	return key, nil
}

// compare holds the files against the resources.
func compare(ctx context.Context, root string, p *predicate, o VerifyOptions, v *Verified) error {
	base, names, err := present(root, p, o)
	if err != nil {
		return fmt.Errorf("read model: %w", err)
	}
	all, err := units(base, names, &p.Serialization)
	if err != nil {
		return fmt.Errorf("read model: %w", err)
	}
	if len(all) == 1 && len(p.Resources) == 1 && p.Resources[0].Name == "." {
		all[0].name = "." // so the reference implementation calls a model of one file
	}
	want := make(map[string]string, len(p.Resources))
	for _, r := range p.Resources {
		if _, twice := want[r.Name]; twice {
			return fmt.Errorf("%w: a resource stands twice", ErrMalformed)
		}
		want[r.Name] = r.Digest
	}
	var listed []unit
	for _, u := range all {
		if _, known := want[u.name]; known {
			listed = append(listed, u)
		} else if !o.IgnoreUnsigned {
			v.Unsigned = append(v.Unsigned, u.name)
		}
	}
	got, err := digests(ctx, listed, p.Serialization.HashType, runtime.GOMAXPROCS(0))
	if err != nil {
		return fmt.Errorf("read model: %w", err)
	}
	for _, r := range got {
		if want[r.Name] != r.Digest {
			v.Changed = append(v.Changed, r.Name)
		}
		delete(want, r.Name)
	}
	for name := range want {
		v.Missing = append(v.Missing, name)
	}
	slices.Sort(v.Missing)
	if len(v.Missing)+len(v.Changed)+len(v.Unsigned) > 0 {
		return fmt.Errorf("%w: %d missing, %d changed, %d not signed", ErrFiles, len(v.Missing), len(v.Changed), len(v.Unsigned))
	}
	return nil
}

// present lists the files of the model as the signer would have.
func present(root string, p *predicate, o VerifyOptions) (string, []string, error) {
	info, err := os.Stat(root)
	if err != nil {
		return "", nil, err
	}
	if !info.IsDir() {
		return filepath.Dir(root), []string{filepath.Base(root)}, nil
	}
	ignore, err := ignored(root, o.Signature, o.IgnorePaths)
	if err != nil {
		return "", nil, err
	}
	for _, i := range p.Serialization.IgnorePaths {
		if isRelative(i) { // what leads out of the model is none of its files
			ignore = append(ignore, i)
		}
	}
	names, err := files(root, ignore, o.AllowSymlinks && p.Serialization.AllowSymlinks)
	if err == nil && len(names) == 0 {
		err = errors.New("the folder holds no files")
	}
	return root, names, err
}
