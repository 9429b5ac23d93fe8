//go:build sigstore

package oms

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/reeve-ai/reeve/internal/tlog"
)

// TrustedRoot is what an instance of Sigstore is known by: its certificate authorities, its transparency logs, and the logs of its
// certificates (Sigstore protobuf-specs, TrustedRoot). It is safe for concurrent use.
type TrustedRoot struct {
	authorities []authority
	logs, ctes  []logKey
}

type authority struct {
	roots, intermediates *x509.CertPool
	from, until          time.Time
	certs                []*x509.Certificate
}

type logKey struct {
	id          []byte
	key         *ecdsa.PublicKey
	from, until time.Time
}

type validFor struct {
	Start time.Time `json:"start"`
	End   time.Time `json:"end"`
}

type jsonLog struct {
	PublicKey struct {
		Raw   []byte   `json:"rawBytes"`
		Valid validFor `json:"validFor"`
	} `json:"publicKey"`
	LogID struct {
		KeyID []byte `json:"keyId"`
	} `json:"logId"`
}

// ParseTrustedRoot reads trusted_root.json. Logs whose keys are on another curve are left out: what they signed does not verify.
func ParseTrustedRoot(text []byte) (*TrustedRoot, error) {
	var doc struct {
		Tlogs       []jsonLog `json:"tlogs"`
		Ctlogs      []jsonLog `json:"ctlogs"`
		Authorities []struct {
			Chain struct {
				Certificates []certificate `json:"certificates"`
			} `json:"certChain"`
			Valid validFor `json:"validFor"`
		} `json:"certificateAuthorities"`
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		return nil, errors.New("the trusted root is no sound JSON")
	}
	t := &TrustedRoot{logs: logKeys(doc.Tlogs), ctes: logKeys(doc.Ctlogs)}
	for _, a := range doc.Authorities {
		out := authority{roots: x509.NewCertPool(), intermediates: x509.NewCertPool(), from: a.Valid.Start, until: a.Valid.End}
		for i, raw := range a.Chain.Certificates {
			c, err := x509.ParseCertificate(raw.RawBytes)
			if err != nil {
				return nil, errors.New("the trusted root has a certificate that is none")
			}
			out.certs = append(out.certs, c)
			if i == len(a.Chain.Certificates)-1 {
				out.roots.AddCert(c)
			} else {
				out.intermediates.AddCert(c)
			}
		}
		t.authorities = append(t.authorities, out)
	}
	if len(t.authorities) == 0 || len(t.logs) == 0 || len(t.ctes) == 0 {
		return nil, errors.New("the trusted root names no authority, no log, or no log of certificates")
	}
	return t, nil
}

func logKeys(list []jsonLog) []logKey {
	var out []logKey
	for _, l := range list {
		k, err := x509.ParsePKIXPublicKey(l.PublicKey.Raw)
		if ec, ok := k.(*ecdsa.PublicKey); err == nil && ok {
			out = append(out, logKey{l.LogID.KeyID, ec, l.PublicKey.Valid.Start, l.PublicKey.Valid.End})
		}
	}
	return out
}

func (l *logKey) at(t time.Time) bool {
	return !t.Before(l.from) && (l.until.IsZero() || !t.After(l.until))
}

// keyless verifies a signature by an identity: that the certificate was in force when a log that is trusted took the signature up, that
// the log promised it, that the certificate itself is in a log, and that it names who is wanted. It returns the certificate's key.
func (b *bundle) keyless(t *Trust, v *Verified, payload []byte) (*ecdsa.PublicKey, error) {
	leaf, err := b.leaf()
	if err != nil {
		return nil, err
	}
	key, ok := leaf.PublicKey.(*ecdsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("%w: the certificate's key is on none of P-256, P-384, P-521", ErrSignature)
	}
	if len(b.Material.TlogEntries) != 1 {
		return nil, fmt.Errorf("%w: %d entries of a transparency log, want 1", ErrMalformed, len(b.Material.TlogEntries))
	}
	e := &b.Material.TlogEntries[0]
	if err := t.Sigstore.promised(e); err != nil {
		return nil, err
	}
	if err := e.speaksOf(b, leaf, payload); err != nil {
		return nil, err
	}
	issuer, err := t.Sigstore.issued(leaf, time.Unix(e.Integrated, 0))
	if err != nil {
		return nil, err
	}
	if err := t.Sigstore.logged(leaf, issuer); err != nil {
		return nil, err
	}
	v.Method = "sigstore"
	v.Signer, err = t.Identity.of(leaf)
	return key, err
}

func (b *bundle) leaf() (*x509.Certificate, error) {
	var raw certificate
	switch {
	case b.Material.Certificate != nil:
		if err := json.Unmarshal(b.Material.Certificate, &raw); err != nil {
			return nil, fmt.Errorf("%w: the certificate", ErrMalformed)
		}
	case len(b.Material.Chain.Certificates) > 0:
		raw = b.Material.Chain.Certificates[0]
	}
	c, err := x509.ParseCertificate(raw.RawBytes)
	if err != nil {
		return nil, fmt.Errorf("%w: the certificate", ErrMalformed)
	}
	return c, nil
}

// promised checks what the log signed: the entry with its time, and where a proof is there that the entry is in the tree of a
// checkpoint that the log signed.
func (t *TrustedRoot) promised(e *tlogEntry) error {
	when := time.Unix(e.Integrated, 0)
	for i := range t.logs {
		l := &t.logs[i]
		if !bytes.Equal(l.id, e.LogID.KeyID) || !l.at(when) {
			continue
		}
		if e.Promise == nil || e.Integrated <= 0 {
			return fmt.Errorf("%w: the log did not sign for the time", ErrSignature)
		}
		// The log signs canonical JSON (RFC 8785) of these four, in this order (Rekor, signed entry timestamp).
		text := fmt.Sprintf(`{"body":"%s","integratedTime":%d,"logID":"%x","logIndex":%d}`,
			base64.StdEncoding.EncodeToString(e.Body), e.Integrated, e.LogID.KeyID, e.LogIndex)
		sum := sha256.Sum256([]byte(text))
		if !ecdsa.VerifyASN1(l.key, sum[:], e.Promise.Timestamp) {
			return fmt.Errorf("%w: the log's promise is not by its key", ErrSignature)
		}
		return l.included(e)
	}
	return fmt.Errorf("%w: the log is none that is trusted at that time", ErrSignature)
}

// included checks the proof of inclusion (RFC 6962) and the signature of the checkpoint. Bundles before v0.3 may have none.
func (l *logKey) included(e *tlogEntry) error {
	p := e.Proof
	if p == nil {
		return nil
	}
	var root tlog.Hash
	if len(p.Root) != len(root) || p.LogIndex < 0 || p.Size <= p.LogIndex || len(p.Hashes) > 64 {
		return fmt.Errorf("%w: the proof of inclusion", ErrMalformed)
	}
	copy(root[:], p.Root)
	path := make([]tlog.Hash, len(p.Hashes))
	for i, h := range p.Hashes {
		if len(h) != len(root) {
			return fmt.Errorf("%w: the proof of inclusion", ErrMalformed)
		}
		copy(path[i][:], h)
	}
	leaf := tlog.Hash(sha256.Sum256(append([]byte{0}, e.Body...)))
	if tlog.VerifyInclusion(leaf, uint64(p.LogIndex), uint64(p.Size), path, root) != nil {
		return fmt.Errorf("%w: the entry is not in the log's tree", ErrSignature)
	}
	text, signatures, ok := strings.Cut(p.Checkpoint.Envelope, "\n\n")
	lines := strings.Split(text, "\n")
	if !ok || len(lines) < 3 || lines[1] != fmt.Sprint(p.Size) || lines[2] != base64.StdEncoding.EncodeToString(p.Root) {
		return fmt.Errorf("%w: the checkpoint is of another tree", ErrSignature)
	}
	sum := sha256.Sum256([]byte(text + "\n"))
	for _, line := range strings.Split(signatures, "\n") {
		fields := strings.Fields(line) // — name base64(key hint of 4 bytes, signature)
		if len(fields) != 3 {
			continue
		}
		sig, err := base64.StdEncoding.DecodeString(fields[2])
		if err == nil && len(sig) > 4 && ecdsa.VerifyASN1(l.key, sum[:], sig[4:]) {
			return nil
		}
	}
	return fmt.Errorf("%w: the checkpoint is not by the log's key", ErrSignature)
}

// speaksOf checks that the log's entry is about this envelope: the digest of its payload, its signature and its certificate (Rekor, kinds dsse
// 0.0.1 and intoto 0.0.2).
func (e *tlogEntry) speaksOf(b *bundle, leaf *x509.Certificate, payload []byte) error {
	type hashed struct {
		Value string `json:"value"`
	}
	type signed struct {
		Signature string `json:"signature"` // dsse
		Verifier  string `json:"verifier"`
		Sig       string `json:"sig"` // intoto, base64 of base64
		PublicKey string `json:"publicKey"`
	}
	var body struct {
		Spec struct {
			PayloadHash hashed   `json:"payloadHash"`
			Signatures  []signed `json:"signatures"`
			Content     struct {
				PayloadHash hashed `json:"payloadHash"`
				Envelope    struct {
					Signatures []signed `json:"signatures"`
				} `json:"envelope"`
			} `json:"content"`
		} `json:"spec"`
	}
	if err := json.Unmarshal(e.Body, &body); err != nil {
		return fmt.Errorf("%w: the log's entry", ErrMalformed)
	}
	sum := sha256.Sum256(payload)
	want, wantSig := hex.EncodeToString(sum[:]), b.Envelope.Signatures[0].Sig
	digest, sig, cert := body.Spec.PayloadHash.Value, "", ""
	switch kind := e.Kind.Kind + " " + e.Kind.Version; kind {
	case "dsse 0.0.1":
		if s := body.Spec.Signatures; len(s) == 1 {
			sig, cert = s[0].Signature, s[0].Verifier
		}
	case "intoto 0.0.2":
		digest = body.Spec.Content.PayloadHash.Value
		if s := body.Spec.Content.Envelope.Signatures; len(s) == 1 {
			inner, err := base64.StdEncoding.DecodeString(s[0].Sig)
			if err != nil {
				return fmt.Errorf("%w: the log's entry", ErrMalformed)
			}
			sig, cert = string(inner), s[0].PublicKey
		}
	default:
		return fmt.Errorf("%w: an entry of kind %q", ErrMethod, kind)
	}
	text, err := base64.StdEncoding.DecodeString(cert)
	block, _ := pem.Decode(text)
	if err != nil || block == nil || !bytes.Equal(block.Bytes, leaf.Raw) || digest != want || sig != wantSig {
		return fmt.Errorf("%w: the log's entry is about another signature", ErrSignature)
	}
	return nil
}

// issued finds the authority that issued the certificate at a time, and returns the issuer.
func (t *TrustedRoot) issued(leaf *x509.Certificate, when time.Time) (*x509.Certificate, error) {
	for i := range t.authorities {
		a := &t.authorities[i]
		if when.Before(a.from) || !a.until.IsZero() && when.After(a.until) {
			continue
		}
		chains, err := leaf.Verify(x509.VerifyOptions{
			Roots: a.roots, Intermediates: a.intermediates, CurrentTime: when, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning},
		})
		if err == nil && len(chains[0]) > 1 {
			return chains[0][1], nil
		}
	}
	return nil, fmt.Errorf("%w: the certificate was not in force, or of no authority that is trusted, when the log took the signature up", ErrSignature)
}

var (
	oidSCT      = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 4, 2}
	oidIssuer   = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 1, 8}
	oidIssuerV1 = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 1, 1}
)

// of checks that a certificate names who is wanted (Fulcio, certificate specification) and returns it as a text.
func (want *Identity) of(leaf *x509.Certificate) (string, error) {
	issuer := ""
	for _, e := range leaf.Extensions {
		switch {
		case e.Id.Equal(oidIssuer):
			var s string
			if rest, err := asn1.Unmarshal(e.Value, &s); err == nil && len(rest) == 0 {
				issuer = s
			}
		case e.Id.Equal(oidIssuerV1) && issuer == "":
			issuer = string(e.Value)
		}
	}
	var subjects []string
	subjects = append(subjects, leaf.EmailAddresses...)
	for _, u := range leaf.URIs {
		subjects = append(subjects, u.String())
	}
	if len(subjects) != 1 || subjects[0] != want.Subject || issuer != want.Issuer {
		return "", fmt.Errorf("%w: it is by another identity", ErrSignature)
	}
	return subjects[0] + " (" + issuer + ")", nil
}

// logged checks that a log of certificates promised to show this one (RFC 6962, section 3.2, for a certificate before the promise was in it).
func (t *TrustedRoot) logged(leaf, issuer *x509.Certificate) error {
	var list []byte
	for _, e := range leaf.Extensions {
		if e.Id.Equal(oidSCT) {
			if rest, err := asn1.Unmarshal(e.Value, &list); err != nil || len(rest) > 0 {
				return fmt.Errorf("%w: the promise of the log of certificates", ErrMalformed)
			}
		}
	}
	tbs, err := withoutSCT(leaf.RawTBSCertificate)
	if err != nil || len(tbs) >= 1<<24 {
		return fmt.Errorf("%w: the certificate", ErrMalformed)
	}
	of := sha256.Sum256(issuer.RawSubjectPublicKeyInfo)
	if len(list) < 2 {
		return fmt.Errorf("%w: no log of certificates promised to show the certificate", ErrSignature)
	}
	for rest := list[2:]; len(rest) >= 2; {
		n := int(binary.BigEndian.Uint16(rest))
		if rest = rest[2:]; n > len(rest) {
			break
		}
		if t.promise(rest[:n], of[:], tbs) {
			return nil
		}
		rest = rest[n:]
	}
	return fmt.Errorf("%w: no log of certificates that is trusted promised to show the certificate", ErrSignature)
}

// promise checks one signed certificate timestamp.
func (t *TrustedRoot) promise(sct, issuer, tbs []byte) bool {
	const head = 1 + 32 + 8 + 2
	if len(sct) < head+4 || sct[0] != 0 || binary.BigEndian.Uint16(sct[41:]) != 0 {
		return false
	}
	sig := sct[head:]
	if sig[0] != 4 || sig[1] != 3 || int(binary.BigEndian.Uint16(sig[2:])) != len(sig)-4 { // SHA-256 with ECDSA
		return false
	}
	signed := append([]byte{0, 0}, sct[33:41]...)
	signed = append(append(append(signed, 0, 1), issuer...), byte(len(tbs)>>16), byte(len(tbs)>>8), byte(len(tbs)))
	signed = append(append(signed, tbs...), 0, 0)
	sum := sha256.Sum256(signed)
	when := time.UnixMilli(int64(binary.BigEndian.Uint64(sct[33:])))
	for i := range t.ctes {
		l := &t.ctes[i]
		if bytes.Equal(l.id, sct[1:33]) && l.at(when) && ecdsa.VerifyASN1(l.key, sum[:], sig[4:]) {
			return true
		}
	}
	return false
}

// withoutSCT is the part of a certificate that is signed, without the promise itself.
func withoutSCT(tbs []byte) ([]byte, error) {
	var outer asn1.RawValue
	if rest, err := asn1.Unmarshal(tbs, &outer); err != nil || len(rest) > 0 {
		return nil, errors.New("no certificate")
	}
	var kept []byte
	for rest := outer.Bytes; len(rest) > 0; {
		var part asn1.RawValue
		next, err := asn1.Unmarshal(rest, &part)
		if err != nil {
			return nil, err
		}
		raw := part.FullBytes
		if part.Class == asn1.ClassContextSpecific && part.Tag == 3 { // extensions
			if raw, err = extensionsWithoutSCT(part.Bytes); err != nil {
				return nil, err
			}
		}
		kept = append(kept, raw...)
		rest = next
	}
	return asn1.Marshal(asn1.RawValue{Class: asn1.ClassUniversal, Tag: asn1.TagSequence, IsCompound: true, Bytes: kept})
}

func extensionsWithoutSCT(list []byte) ([]byte, error) {
	var extensions []asn1.RawValue
	if rest, err := asn1.Unmarshal(list, &extensions); err != nil || len(rest) > 0 {
		return nil, errors.New("no extensions")
	}
	var kept []byte
	for _, e := range extensions {
		var id asn1.ObjectIdentifier
		if _, err := asn1.Unmarshal(e.Bytes, &id); err != nil {
			return nil, err
		}
		if !id.Equal(oidSCT) {
			kept = append(kept, e.FullBytes...)
		}
	}
	sequence, err := asn1.Marshal(asn1.RawValue{Class: asn1.ClassUniversal, Tag: asn1.TagSequence, IsCompound: true, Bytes: kept})
	if err != nil {
		return nil, err
	}
	return asn1.Marshal(asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 3, IsCompound: true, Bytes: sequence})
}
