package lifecycle

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/reeve-ai/reeve/internal/custody"
	"github.com/reeve-ai/reeve/internal/keyring"
)

// Search finds exchanges and events by what the index knows of them. It reads no payload. It is itself on record where it
// asks for a person.
func (c *Custodian) Search(ctx context.Context, q SearchRequest) (*Page, error) {
	if err := c.index.CatchUp(ctx); err != nil {
		return nil, err
	}
	var subjects []who
	var ids []string
	if q.Subject != "" {
		var err error
		if ids, err = c.principals(ctx, q.Subject); err == nil {
			subjects, err = c.whoIs(ids)
		}
		if err != nil {
			return nil, err
		}
	}
	var blind []byte
	if q.Term != "" {
		if c.o.Identify == nil {
			return nil, errors.New("identifiers in payloads are not indexed here: set custody.index_identifiers")
		}
		var err error
		if blind, err = c.o.Keys.BlindIndex(term(q.Term)); err != nil {
			return nil, err
		}
	}
	if len(subjects) > 0 {
		ev := &custody.Event{Kind: custody.EventAccess, Actor: q.Actor, Act: "search.subject", Result: "ok", Subject: ids[0]}
		if _, err := c.record(ctx, ev); err != nil {
			return nil, err
		}
	}
	return c.index.search(ctx, &q.Query, subjects, blind)
}

// SearchRequest is a search and who asks.
type SearchRequest struct {
	Query
	Actor string `json:"actor"`
}

// ShowRequest asks for one exchange or event with its payloads.
type ShowRequest struct {
	ID     string `json:"id"`
	Actor  string `json:"actor"`
	Reason string `json:"reason,omitempty"` // why it is read; sealed in the record under the actor's key
}

// Show reads one exchange with what was asked and answered. That it is read is on record first; where it cannot be
// recorded, nothing is shown.
func (c *Custodian) Show(ctx context.Context, q ShowRequest) (*Shown, error) {
	id, err := custody.ParseID(q.ID)
	if err != nil {
		return nil, err
	}
	if err := c.index.CatchUp(ctx); err != nil {
		return nil, err
	}
	seqs, err := c.index.recordsIn(ctx, id)
	if err != nil {
		return nil, err
	}
	if len(seqs) == 0 {
		return nil, fmt.Errorf("%s: %w", id, custody.ErrNotFound)
	}
	ev := &custody.Event{Kind: custody.EventAccess, Actor: q.Actor, Act: "payload.read", Object: id.String(), Result: "ok", Refs: []custody.ID{id}, Ranges: toRanges(seqs)}
	if q.Reason != "" && q.Actor != "" {
		ev.Payload = (&said{Reason: q.Reason}).seal()
	}
	if _, err := c.record(ctx, ev); err != nil {
		return nil, fmt.Errorf("nothing is shown: %w", err)
	}
	out := &Shown{SchemaVersion: 1, ID: id.String(), Status: "open"}
	for _, seq := range seqs {
		r, err := c.o.Reader.Record(seq)
		if err != nil {
			return nil, err
		}
		e, err := c.open(r)
		if err != nil {
			return nil, err
		}
		out.add(e)
	}
	return out, nil
}

// Records are the sequence numbers of the records with an id, in order: of an exchange its intent and its outcome, of an event one.
func (c *Custodian) Records(ctx context.Context, id custody.ID) ([]uint64, error) {
	if err := c.index.CatchUp(ctx); err != nil {
		return nil, err
	}
	return c.index.recordsIn(ctx, id)
}

// Shown is one exchange or event as a person reads it.
type Shown struct {
	SchemaVersion int           `json:"schema_version"`
	ID            string        `json:"id"`
	Status        string        `json:"status"`
	Records       []ShownRecord `json:"records"`
	Text
	Erased  bool `json:"erased,omitempty"`  // its keys are destroyed
	Dropped bool `json:"dropped,omitempty"` // its time was up
}

// ShownRecord is one leaf.
type ShownRecord struct {
	Seq  uint64         `json:"seq"`
	Kind string         `json:"kind"`
	Leaf jsontext.Value `json:"leaf"`
	Hash string         `json:"hash"` // RFC 6962 leaf hash, hex
}

// Text is what a payload says: as text where it is UTF-8, else as bytes in base64.
type Text struct {
	Input         *string `json:"input,omitzero"`
	Output        *string `json:"output,omitzero"`
	Payload       *string `json:"payload,omitzero"` // of an event
	InputBase64   []byte  `json:"input_base64,omitzero"`
	OutputBase64  []byte  `json:"output_base64,omitzero"`
	PayloadBase64 []byte  `json:"payload_base64,omitzero"`
}

func (s *Shown) add(e *Entry) {
	s.Records = append(s.Records, ShownRecord{Seq: e.Seq, Kind: e.Kind, Leaf: jsontext.Value(e.Leaf), Hash: e.Hash})
	if l, err := parseLeaf(e.Seq, e.Leaf); err == nil {
		switch {
		case l.Kind == "aborted":
			s.Status = l.Kind
		case l.Kind != "intent" && l.Result != "":
			s.Status = l.Result
		case l.Kind != "intent":
			s.Status = "done"
		}
	}
	s.Erased, s.Dropped = s.Erased || e.Erased, s.Dropped || e.Dropped
	if e.Input != nil || e.InputBase64 != nil {
		s.Input, s.InputBase64 = e.Input, e.InputBase64
	}
	if e.Output != nil || e.OutputBase64 != nil {
		s.Output, s.OutputBase64 = e.Output, e.OutputBase64
	}
	if e.Payload != nil || e.PayloadBase64 != nil {
		s.Payload, s.PayloadBase64 = e.Payload, e.PayloadBase64
	}
}

// Entry is one record of a bundle: a line of records.jsonl. With the salt the commitments of the leaf can be checked.
type Entry struct {
	Seq     uint64    `json:"seq"`
	ID      string    `json:"id"`
	Kind    string    `json:"kind"`
	Time    time.Time `json:"time"`
	Leaf    []byte    `json:"leaf"` // base64
	Hash    string    `json:"hash"` // RFC 6962 leaf hash, hex
	Salt    []byte    `json:"salt,omitzero"`
	Erased  bool      `json:"erased,omitempty"`
	Dropped bool      `json:"dropped,omitempty"`
	Text
}

// entry is a record without its payload.
func entry(r *custody.Stored) (*Entry, error) {
	l, err := parseLeaf(r.Seq, r.Leaf)
	if err != nil {
		return nil, err
	}
	hash := r.Hash()
	return &Entry{Seq: r.Seq, ID: r.ID.String(), Kind: r.Kind, Time: l.when(), Leaf: r.Leaf, Hash: hex.EncodeToString(hash[:])}, nil
}

// open is a record with its payload. One that was erased or dropped says so.
func (c *Custodian) open(r *custody.Stored) (*Entry, error) {
	e, err := entry(r)
	if err != nil {
		return nil, err
	}
	p, err := r.Open(c.o.Keys)
	switch {
	case errors.Is(err, custody.ErrDropped):
		id, _ := r.KEK()
		c.mu.Lock()
		e.Erased = c.ledger.Erased(id)
		c.mu.Unlock()
		e.Dropped = !e.Erased
	case errors.Is(err, keyring.ErrErased):
		e.Erased = true
	case err != nil:
		return nil, err
	case p != nil:
		e.Salt = p.Salt[:]
		e.Input, e.InputBase64 = asText(p.Input)
		e.Output, e.OutputBase64 = asText(p.Output)
		e.Payload, e.PayloadBase64 = asText(p.Data)
	}
	return e, nil
}

func asText(b []byte) (*string, []byte) {
	if b == nil {
		return nil, nil
	}
	if !utf8.Valid(b) {
		return nil, b
	}
	s := string(b)
	return &s, nil
}

// TailRequest asks for records as they become durable. From is the first one; Live from now on.
type TailRequest struct {
	From   uint64 `json:"from,omitempty"`
	Live   bool   `json:"live,omitempty"`   // begin with what comes now
	Follow bool   `json:"follow,omitempty"` // go on until the caller leaves
}

// tailEvery is how often a tail looks for new records.
const tailEvery = 100 * time.Millisecond

// Tail writes one JSON object for each record: its sequence number, kind, id and leaf. No payload is read.
func (c *Custodian) Tail(ctx context.Context, q TailRequest, w io.Writer) error {
	next := q.From
	if q.Live {
		var err error
		if next, err = c.o.Reader.Size(); err != nil {
			return err
		}
	}
	tick := time.NewTicker(tailEvery)
	defer tick.Stop()
	for {
		size, err := c.o.Reader.Size()
		if err != nil {
			return err
		}
		err = c.o.Reader.Leaves(next, size, func(r *custody.Stored) error {
			next = r.Seq + 1
			hash := r.Hash()
			return writeLine(w, &ShownRecord{Seq: r.Seq, Kind: r.Kind, Leaf: jsontext.Value(r.Leaf), Hash: hex.EncodeToString(hash[:])})
		})
		if err != nil || !q.Follow {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// writeLine writes one line of JSON in one Write.
func writeLine(w io.Writer, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode record: %w", err)
	}
	_, err = w.Write(append(b, '\n'))
	return err
}
