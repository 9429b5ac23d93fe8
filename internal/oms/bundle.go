package oms

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

const (
	maxBundle    = 256 << 20
	maxResources = 2_000_000
)

// bundle is the JSON of a Sigstore bundle, as far as the format uses it.
type bundle struct {
	MediaType string   `json:"mediaType"`
	Material  material `json:"verificationMaterial"`
	Envelope  envelope `json:"dsseEnvelope"`
}

type material struct {
	PublicKey   *publicKey     `json:"publicKey,omitzero"`
	Chain       *chain         `json:"x509CertificateChain,omitzero"`
	Certificate jsontext.Value `json:"certificate,omitzero"`
	TlogEntries []tlogEntry    `json:"tlogEntries"`
}

// keyless reports whether a bundle was signed by an identity of Sigstore: a certificate for minutes, and its place in a log. Bundles
// before v0.3 have that certificate as a chain.
func (m *material) keyless() bool {
	return m.Certificate != nil || m.Chain != nil && len(m.TlogEntries) > 0
}

// tlogEntry is the place of a signature in a transparency log (Sigstore protobuf-specs, TransparencyLogEntry).
type tlogEntry struct {
	LogIndex int64 `json:"logIndex,string"`
	LogID    struct {
		KeyID []byte `json:"keyId"`
	} `json:"logId"`
	Kind struct {
		Kind    string `json:"kind"`
		Version string `json:"version"`
	} `json:"kindVersion"`
	Integrated int64 `json:"integratedTime,string"` // seconds since 1970
	Promise    *struct {
		Timestamp []byte `json:"signedEntryTimestamp"`
	} `json:"inclusionPromise"`
	Proof *struct {
		LogIndex   int64    `json:"logIndex,string"`
		Root       []byte   `json:"rootHash"`
		Size       int64    `json:"treeSize,string"`
		Hashes     [][]byte `json:"hashes"`
		Checkpoint struct {
			Envelope string `json:"envelope"`
		} `json:"checkpoint"`
	} `json:"inclusionProof"`
	Body []byte `json:"canonicalizedBody"`
}

type publicKey struct {
	Hint string `json:"hint,omitzero"` // hex of the SHA-256 over the PEM of the key
}

type chain struct {
	Certificates []certificate `json:"certificates"`
}

type certificate struct {
	RawBytes []byte `json:"rawBytes"`
}

type envelope struct {
	Payload     string      `json:"payload"`
	PayloadType string      `json:"payloadType"`
	Signatures  []signature `json:"signatures"`
}

type signature struct {
	Sig   string  `json:"sig"`
	KeyID *string `json:"keyid,omitzero"`
}

type statement struct {
	Type          string    `json:"_type"`
	Subject       []subject `json:"subject"`
	PredicateType string    `json:"predicateType"`
	Predicate     predicate `json:"predicate"`
}

type subject struct {
	Name   string            `json:"name"`
	Digest map[string]string `json:"digest"`
}

type predicate struct {
	Resources     []Resource    `json:"resources"`
	Serialization Serialization `json:"serialization"`
}

// Resource is one file, or one shard of it, with its digest.
type Resource struct {
	Name      string `json:"name"` // slash-separated, relative to the model; with :start:end for a shard
	Digest    string `json:"digest"`
	Algorithm string `json:"algorithm"`
}

// Serialization says how resources were made from files.
type Serialization struct {
	Method        string   `json:"method"` // "files" or "shards"
	HashType      string   `json:"hash_type"`
	ShardSize     int64    `json:"shard_size,omitzero"`
	AllowSymlinks bool     `json:"allow_symlinks"`
	IgnorePaths   []string `json:"ignore_paths,omitzero"`
}

// parseBundle reads a bundle. Members that the format does not use are ignored, repeated names are refused.
func parseBundle(text []byte) (*bundle, []byte, error) {
	if len(text) > maxBundle {
		return nil, nil, fmt.Errorf("%w: %d bytes", ErrMalformed, len(text))
	}
	var b bundle
	if err := json.Unmarshal(text, &b); err != nil {
		return nil, nil, fmt.Errorf("%w: %s", ErrMalformed, firstLine(err))
	}
	switch {
	case b.MediaType != MediaType:
		return nil, nil, fmt.Errorf("%w: media type is not %s", ErrMalformed, MediaType)
	case b.Envelope.PayloadType != PayloadType:
		return nil, nil, fmt.Errorf("%w: payload type is not %s", ErrMalformed, PayloadType)
	case len(b.Envelope.Signatures) != 1:
		return nil, nil, fmt.Errorf("%w: %d signatures, want 1", ErrMalformed, len(b.Envelope.Signatures))
	}
	payload, err := base64.StdEncoding.Strict().DecodeString(b.Envelope.Payload)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: the payload is no base64", ErrMalformed)
	}
	return &b, payload, nil
}

// parseStatement reads a payload whose signature was verified.
func parseStatement(payload []byte) (*statement, error) {
	var s statement
	if err := json.Unmarshal(payload, &s); err != nil {
		return nil, fmt.Errorf("%w: %s", ErrMalformed, firstLine(err))
	}
	p := &s.Predicate
	switch {
	case s.Type != StatementType:
		return nil, fmt.Errorf("%w: statement type is not %s", ErrMalformed, StatementType)
	case s.PredicateType != PredicateType:
		return nil, fmt.Errorf("%w: predicate type is not %s; sign the model again", ErrMalformed, PredicateType)
	case len(s.Subject) != 1:
		return nil, fmt.Errorf("%w: %d subjects, want 1", ErrMalformed, len(s.Subject))
	case len(p.Resources) == 0 || len(p.Resources) > maxResources:
		return nil, fmt.Errorf("%w: %d resources", ErrMalformed, len(p.Resources))
	}
	if err := p.Serialization.check(); err != nil {
		return nil, err
	}
	for i := range p.Resources {
		if err := p.check(i); err != nil {
			return nil, err
		}
	}
	root, err := rootDigest(p.Resources)
	if err != nil || s.Subject[0].Digest["sha256"] != root {
		return nil, fmt.Errorf("%w: the root digest is not that of the resources", ErrMalformed)
	}
	return &s, nil
}

func (s *Serialization) check() error {
	switch {
	case s.Method != "files" && s.Method != "shards":
		return fmt.Errorf("%w: serialization method", ErrMalformed)
	case newHash(s.HashType) == nil:
		return fmt.Errorf("%w: hash type", ErrMalformed)
	case s.Method == "shards" && s.ShardSize < 1:
		return fmt.Errorf("%w: shard size", ErrMalformed)
	}
	return nil
}

func (p *predicate) check(i int) error {
	r := &p.Resources[i]
	name := r.Name
	if p.Serialization.Method == "shards" {
		var err error
		if name, _, _, err = splitShard(name); err != nil {
			return err
		}
	}
	if name != "." && !isRelative(name) {
		return fmt.Errorf("%w: a resource's name leads out of the model", ErrMalformed)
	}
	if i > 0 && r.Name == p.Resources[i-1].Name {
		return fmt.Errorf("%w: a resource stands twice", ErrMalformed)
	}
	b, err := hex.DecodeString(r.Digest)
	if h := newHash(p.Serialization.HashType); err != nil || len(b) != h.Size() || r.Algorithm != p.Serialization.HashType && !strings.HasPrefix(r.Algorithm, p.Serialization.HashType) {
		return fmt.Errorf("%w: a resource's digest", ErrMalformed)
	}
	return nil
}

// isRelative reports whether a name follows the rules for names of resources.
func isRelative(name string) bool {
	if name == "" || strings.ContainsAny(name, "\\\x00") || strings.HasPrefix(name, "/") || strings.HasSuffix(name, "/") {
		return false
	}
	return !slices.ContainsFunc(strings.Split(name, "/"), func(part string) bool { return part == "" || part == "." || part == ".." })
}

func firstLine(err error) string {
	s, _, _ := strings.Cut(err.Error(), "\n")
	return s
}
