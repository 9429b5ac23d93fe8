// Package attest makes and checks signed claims about digests: in-toto Statements (v1) in DSSE envelopes.
//
// An envelope is data from elsewhere until a key that the caller trusts has verified it: Verify is the only way to a
// Statement. Parsing is strict, with limits, and repeated names are refused, so that no two readers see two claims.
package attest

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
)

// Bounds of what is read.
const (
	maxEnvelope   = 128 << 20 // bytes of one envelope
	maxSignatures = 16
	maxLines      = 256 // envelopes in one file
)

// PayloadType is that of in-toto Statements.
const PayloadType = "application/vnd.in-toto+json"

var (
	// ErrSignature says that no signature of an envelope is by a key that the caller trusts.
	ErrSignature = errors.New("no valid signature by a key that is trusted")
	// ErrMalformed says that what should be an envelope or a statement is none.
	ErrMalformed = errors.New("malformed")
)

// Envelope is a DSSE envelope (DSSE v1, envelope.md). Payload holds the decoded bytes.
type Envelope struct {
	PayloadType string
	Payload     []byte
	Signatures  []Signature
}

// Signature is one signature over PAE(PayloadType, Payload). KeyID is a hint for finding the key, never trusted.
type Signature struct {
	KeyID string
	Sig   []byte
}

// wire is the JSON of an envelope.
type wire struct {
	Payload     string          `json:"payload"`
	PayloadType string          `json:"payloadType"`
	Signatures  []wireSignature `json:"signatures"`
}

type wireSignature struct {
	KeyID string `json:"keyid"`
	Sig   string `json:"sig"`
}

// PAE is the pre-authentication encoding of DSSE v1 (protocol.md): what is signed.
//
//	"DSSEv1" SP LEN(type) SP type SP LEN(body) SP body, LEN in decimal bytes
func PAE(payloadType string, payload []byte) []byte {
	b := make([]byte, 0, len(payload)+len(payloadType)+32)
	b = append(b, "DSSEv1 "...)
	b = strconv.AppendInt(b, int64(len(payloadType)), 10)
	b = append(b, ' ')
	b = append(b, payloadType...)
	b = append(b, ' ')
	b = strconv.AppendInt(b, int64(len(payload)), 10)
	b = append(b, ' ')
	return append(b, payload...)
}

// Seal signs a payload with each key.
func Seal(payloadType string, payload []byte, keys ...*PrivateKey) (*Envelope, error) {
	if len(keys) == 0 || len(keys) > maxSignatures {
		return nil, fmt.Errorf("sign: want 1 to %d keys", maxSignatures)
	}
	e := &Envelope{PayloadType: payloadType, Payload: payload}
	message := PAE(payloadType, payload)
	for _, k := range keys {
		sig, err := k.sign(message)
		if err != nil {
			return nil, fmt.Errorf("sign: %w", err)
		}
		e.Signatures = append(e.Signatures, Signature{KeyID: k.Public().ID(), Sig: sig})
	}
	return e, nil
}

// MarshalLine writes the envelope as one line of JSON with its line end.
func (e *Envelope) MarshalLine() ([]byte, error) {
	w := wire{Payload: base64.StdEncoding.EncodeToString(e.Payload), PayloadType: e.PayloadType, Signatures: []wireSignature{}}
	for _, s := range e.Signatures {
		w.Signatures = append(w.Signatures, wireSignature{KeyID: s.KeyID, Sig: base64.StdEncoding.EncodeToString(s.Sig)})
	}
	b, err := json.Marshal(w)
	if err != nil {
		return nil, fmt.Errorf("write envelope: %w", err)
	}
	return append(b, '\n'), nil
}

// ParseEnvelope reads one envelope. Members that DSSE does not know are ignored, repeated names are not. An error
// matches ErrMalformed.
func ParseEnvelope(text []byte) (*Envelope, error) {
	if len(text) > maxEnvelope {
		return nil, fmt.Errorf("%w envelope: %d bytes, more than %d", ErrMalformed, len(text), maxEnvelope)
	}
	var w wire
	if err := json.Unmarshal(text, &w); err != nil {
		return nil, fmt.Errorf("%w envelope: %s", ErrMalformed, firstLine(err))
	}
	if n := len(w.Signatures); n == 0 || n > maxSignatures {
		return nil, fmt.Errorf("%w envelope: %d signatures, want 1 to %d", ErrMalformed, n, maxSignatures)
	}
	payload, err := decode64(w.Payload)
	if err != nil {
		return nil, fmt.Errorf("%w envelope: the payload is no base64", ErrMalformed)
	}
	e := &Envelope{PayloadType: w.PayloadType, Payload: payload}
	for _, s := range w.Signatures {
		sig, err := decode64(s.Sig)
		if err != nil || len(sig) == 0 || len(sig) > 1024 {
			return nil, fmt.Errorf("%w envelope: a signature is no base64 of 1 to 1024 bytes", ErrMalformed)
		}
		e.Signatures = append(e.Signatures, Signature{KeyID: s.KeyID, Sig: sig})
	}
	return e, nil
}

// decode64 reads base64 in the standard or the URL-safe alphabet, as DSSE asks of readers.
func decode64(s string) ([]byte, error) {
	if strings.ContainsAny(s, "-_") {
		return base64.URLEncoding.Strict().DecodeString(s)
	}
	return base64.StdEncoding.Strict().DecodeString(s)
}

func firstLine(err error) string {
	s, _, _ := strings.Cut(err.Error(), "\n")
	return s
}

// ReadLines reads a file of envelopes, one a line (*.intoto.jsonl). Empty lines are skipped; a file without any envelope
// is malformed.
func ReadLines(r io.Reader) ([]*Envelope, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxEnvelope+1))
	if err != nil {
		return nil, fmt.Errorf("read envelopes: %w", err)
	}
	if len(text) > maxEnvelope {
		return nil, fmt.Errorf("%w: more than %d bytes of envelopes", ErrMalformed, maxEnvelope)
	}
	var all []*Envelope
	n := 0
	for line := range bytes.Lines(text) {
		n++
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		if len(all) == maxLines {
			return nil, fmt.Errorf("%w: more than %d envelopes", ErrMalformed, maxLines)
		}
		e, err := ParseEnvelope(line)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		all = append(all, e)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%w: no envelope", ErrMalformed)
	}
	return all, nil
}

// Verify checks the signatures and returns the ids of the trusted keys that signed, each once, at least one. The
// payload says something only after Verify returned no error. A key's id in the envelope only saves work: all keys are
// tried where it names none of them.
func (e *Envelope) Verify(keys ...*PublicKey) ([]string, error) {
	message := PAE(e.PayloadType, e.Payload)
	var by []string
	for _, k := range keys {
		for _, s := range e.Signatures {
			if k.verify(message, s.Sig) {
				by = append(by, k.ID())
				break
			}
		}
	}
	if len(by) == 0 {
		return nil, ErrSignature
	}
	return by, nil
}
