package custody

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
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
	Erased        bool     `json:"erased,omitempty"`         // the subject's key is destroyed: the payload cannot be read any more
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
	walDir := filepath.Join(dir, "custody", "wal")
	numbers, _, err := listSegments(walDir)
	if err != nil {
		return nil, fmt.Errorf("read custody log: %w", err)
	}
	for i, n := range numbers {
		done, err := x.collect(walDir, n, i == len(numbers)-1, want, keys, payload)
		if err != nil {
			return nil, fmt.Errorf("read custody log: %w", err)
		}
		if done {
			break
		}
	}
	if len(x.Records) == 0 {
		return nil, fmt.Errorf("%s: %w", id, ErrNotFound)
	}
	return x, nil
}

// collect takes the exchange's records from one segment. It reports true when there can be no more.
func (x *Exchange) collect(walDir string, number uint64, last bool, id ID, keys *keyring.Ring, payload bool) (bool, error) {
	s, err := openSegmentFile(walDir, number)
	if err != nil {
		return false, err
	}
	defer s.close()
	if !last { // a segment that ended before the exchange began cannot hold it
		if next, err := openSegmentFile(walDir, number+1); err == nil {
			ended := time.Unix(0, next.h.createdNS)
			s.size = min(s.size, int64(next.h.prevEnd))
			next.close()
			if ended.Before(id.Time().Add(-clockSlack)) {
				return false, nil
			}
		}
	}
	r := newReader(s.f, s.size, s.start)
	for {
		f, err := r.nextOf(id)
		if err != nil {
			if isRead(err) {
				return false, err
			}
			return false, nil
		}
		if err := x.add(&f, keys, payload); err != nil {
			return false, err
		}
		if f.kind != kindIntent {
			return true, nil
		}
	}
}

// nextOf skips to the next frame with the given id.
func (r *reader) nextOf(id ID) (frame, error) {
	for {
		b, err := r.need(frameHead)
		if err != nil {
			return frame{}, err
		}
		n, err := frameSize(b)
		if err != nil {
			return frame{}, err
		}
		if int64(n) > r.size-r.offset() || len(b) < frameHead {
			return frame{}, errShort
		}
		if bytes.Equal(b[16:frameHead], id[:]) {
			return r.next()
		}
		r.skip(n)
	}
}

// skip moves over n bytes, which may lie behind the window.
func (r *reader) skip(n int) {
	r.pos += n
	if r.pos > len(r.buf) {
		r.off, r.pos, r.buf = r.off+int64(r.pos), 0, r.buf[:0]
	}
}

func (x *Exchange) add(f *frame, keys *keyring.Ring, payload bool) error {
	hash := leafOf(f.leaf)
	x.Records = append(x.Records, Record{Seq: f.seq, Kind: f.kind.String(), Leaf: bytes.Clone(f.leaf), Hash: hex.EncodeToString(hash[:])})
	switch f.kind {
	case kindAborted:
		x.Status = "aborted"
	case kindIntent:
	default:
		x.Status = resultOf(f.leaf)
	}
	if !payload || f.sealing == 0 {
		return nil
	}
	p, err := unseal(keys, f)
	if errors.Is(err, keyring.ErrErased) {
		x.Erased = true
		return nil
	}
	if err != nil {
		return fmt.Errorf("record %d: %w", f.seq, err)
	}
	if p.input != nil {
		x.Input, x.InputBytes = asText(p.input)
	}
	if p.output != nil {
		x.Output, x.OutputBytes = asText(p.output)
	}
	if p.data != nil {
		x.Payload, x.PayloadBytes = asText(p.data)
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
