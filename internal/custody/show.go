package custody

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/reeve-ai/reeve/internal/keyring"
)

// Exchange is what the log holds about one exchange.
type Exchange struct {
	SchemaVersion int      `json:"schema_version"`
	ID            string   `json:"id"`
	Status        string   `json:"status"` // "open", or the outcome's result, or "aborted"
	Records       []Record `json:"records"`
	Input         *string  `json:"input,omitempty"`
	Output        *string  `json:"output,omitempty"`
	InputBytes    []byte   `json:"input_base64,omitempty"`   // instead of Input where it is no UTF-8
	OutputBytes   []byte   `json:"output_base64,omitempty"`  // instead of Output where it is no UTF-8
	Payload       *string  `json:"payload,omitempty"`        // of an event
	PayloadBytes  []byte   `json:"payload_base64,omitempty"` // instead of Payload where it is no UTF-8
	Erased        bool     `json:"erased,omitempty"`         // the subject's key is destroyed or the payload was dropped: it cannot be read any more
}

// Record is one leaf of the log.
type Record struct {
	Seq  uint64          `json:"seq"`
	Kind string          `json:"kind"`
	Leaf json.RawMessage `json:"leaf"`
	Hash string          `json:"hash"` // RFC 6962 leaf hash, hex
}

// clockSlack is how far the clocks behind an exchange id and a segment header may differ.
const clockSlack = time.Minute

// Show finds an exchange by its id, with its input and output decrypted where payload is asked for. It works while the log is
// being written. It returns ErrNotFound (wrapped) where the log holds no such exchange. Only checksums are checked; Verify checks the rest.
func Show(dir string, keys *keyring.Ring, id string, payload bool) (*Exchange, error) {
	want, err := ParseID(id)
	if err != nil {
		return nil, err
	}
	x := &Exchange{SchemaVersion: 1, ID: id, Status: "open"}
	r, err := OpenReader(dir)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	err = r.each(want, func(s *Stored) error { return x.add(s, keys, payload) })
	if err != nil {
		return nil, fmt.Errorf("read custody log: %w", err)
	}
	if len(x.Records) == 0 {
		return nil, fmt.Errorf("%s: %w", id, ErrNotFound)
	}
	return x, nil
}

func (x *Exchange) add(s *Stored, keys *keyring.Ring, payload bool) error {
	hash := s.Hash()
	x.Records = append(x.Records, Record{Seq: s.Seq, Kind: s.Kind, Leaf: bytes.Clone(s.Leaf), Hash: hex.EncodeToString(hash[:])})
	switch kindOf(s.Kind) {
	case kindAborted:
		x.Status = "aborted"
	case kindIntent:
	default:
		x.Status = resultOf(s.Leaf)
	}
	if !payload {
		return nil
	}
	p, err := s.Open(keys)
	if errors.Is(err, keyring.ErrErased) || errors.Is(err, ErrDropped) {
		x.Erased = true
		return nil
	}
	if err != nil || p == nil {
		return err
	}
	if p.Input != nil {
		x.Input, x.InputBytes = asText(p.Input)
	}
	if p.Output != nil {
		x.Output, x.OutputBytes = asText(p.Output)
	}
	if p.Data != nil {
		x.Payload, x.PayloadBytes = asText(p.Data)
	}
	return nil
}

func asText(b []byte) (*string, []byte) {
	if !utf8.Valid(b) {
		return nil, bytes.Clone(b)
	}
	s := string(b)
	return &s, nil
}

// resultOf reads the result from a leaf.
func resultOf(leaf []byte) string {
	var l struct {
		Result string `json:"result"`
	}
	if json.Unmarshal(leaf, &l) != nil || l.Result == "" {
		return "done"
	}
	return l.Result
}
