package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/reeve-ai/reeve/internal/custody"
)

// RetainRequest asks for a run of the retention. DryRun changes and records nothing.
type RetainRequest struct {
	DryRun bool   `json:"dry_run,omitempty"`
	Actor  string `json:"actor,omitempty"`
}

// Retained says what a run did, or would do.
type Retained struct {
	SchemaVersion int            `json:"schema_version"`
	DryRun        bool           `json:"dry_run,omitempty"`
	Payloads      int            `json:"payloads"`         // let go
	Held          int            `json:"held"`             // due, and kept by a hold
	Rules         map[string]int `json:"rules"`            // payloads let go by the rule that won
	Metadata      int            `json:"metadata_due"`     // records at the beginning of the log that are past their period
	First         uint64         `json:"first_kept"`       // first record of the log: older ones went, in whole segments
	Ranges        [][2]uint64    `json:"ranges,omitempty"` // the first of the ranges [from, to) whose payloads went
	Records       []uint64       `json:"records,omitempty"`
}

const (
	retainBatch = 10_000
	maxRanges   = 300 // in one leaf
)

// Retain lets payloads go whose time is up: first the record that says which, then the payloads. It runs by itself in
// Custodian.Run. What a hold covers stays.
func (c *Custodian) Retain(ctx context.Context, q RetainRequest) (*Retained, error) {
	c.act.Lock()
	defer c.act.Unlock()
	if err := c.index.CatchUp(ctx); err != nil {
		return nil, err
	}
	now := c.o.Clock()
	out := &Retained{SchemaVersion: 1, DryRun: q.DryRun, Rules: map[string]int{}}
	cutoff := now.Add(-c.o.Retention.shortestPayload())
	for from := uint64(0); ; {
		due, err := c.index.due(ctx, from, cutoff, retainBatch)
		if err != nil {
			return out, err
		}
		if len(due) == 0 {
			return out, c.letLeavesGo(ctx, now, q, out)
		}
		from = due[len(due)-1].Seq + 1
		seqs, err := c.expired(due, now, out)
		if err != nil {
			return out, err
		}
		if err := c.letGo(ctx, seqs, q, out); err != nil {
			return out, err
		}
	}
}

// expired are those whose payload may go now.
func (c *Custodian) expired(due []dueRecord, now time.Time, out *Retained) ([]uint64, error) {
	owners, err := c.heldSubjects()
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	var seqs []uint64
	for i := range due {
		r := &due[i]
		r.Holds = c.holding(r, owners)
		r.Erased = c.ledger.Erased(r.kek)
		d := c.o.Retention.Resolve(&r.Facts, now)
		if d.Payload.Keep {
			if d.Payload.Rule == "hold" {
				out.Held++
			}
			continue
		}
		out.Payloads++
		out.Rules[d.Payload.Rule]++
		seqs = append(seqs, r.Seq)
	}
	return seqs, nil
}

// holding are the holds that cover a record, and the hold that it is the record of: its words are kept for as long as it is in
// force. The caller holds mu.
func (c *Custodian) holding(r *dueRecord, owners map[KEKID]string) []string {
	ids := c.ledger.covering(owners[r.kek], r.Seq, r.Time)
	if _, itself := c.ledger.holds[r.id]; itself && !slices.Contains(ids, r.id) {
		ids = append(ids, r.id)
	}
	return ids
}

// heldSubjects maps the keys of the subjects that are under a hold to their names.
func (c *Custodian) heldSubjects() (map[KEKID]string, error) {
	c.mu.Lock()
	holds := c.ledger.Holds()
	c.mu.Unlock()
	owners := map[KEKID]string{}
	for _, h := range holds {
		if h.Scope.Subject == "" {
			continue
		}
		keks, err := c.o.Keys.SubjectKEKs(h.Scope.Subject)
		if err != nil {
			return nil, fmt.Errorf("look up held subject: %w", err)
		}
		for _, id := range keks {
			owners[id] = h.Scope.Subject
		}
	}
	return owners, nil
}

// letGo records which payloads go, and overwrites them.
func (c *Custodian) letGo(ctx context.Context, seqs []uint64, q RetainRequest, out *Retained) error {
	ranges := toRanges(seqs)
	out.Ranges = append(out.Ranges, ranges[:min(len(ranges), maxRanges-len(out.Ranges))]...)
	if q.DryRun {
		return nil
	}
	for part := range slices.Chunk(ranges, maxRanges) {
		ev := &custody.Event{
			Kind: custody.EventRetention, Actor: q.Actor, Act: actDrop, Result: "ok", Ranges: part,
			Numbers: map[string]uint64{"payloads": count(part), "default_payload_s": uint64(c.o.Retention.Payload / time.Second)},
		}
		r, err := c.record(ctx, ev)
		if err != nil {
			return err
		}
		out.Records = append(out.Records, r.Seq)
		drop := slices.DeleteFunc(slices.Clone(seqs), func(seq uint64) bool { return seq < part[0][0] || seq >= part[len(part)-1][1] })
		if err := c.o.Log.DropPayloads(ctx, drop); err != nil {
			return fmt.Errorf("drop payloads whose time is up: %w", err)
		}
		c.mu.Lock()
		c.undropped = nil
		c.mu.Unlock()
	}
	return nil
}

// letLeavesGo removes the beginning of the log as far as nothing in it has to be kept. The log is one chain: what is younger,
// held, or begun and not ended keeps everything behind it.
func (c *Custodian) letLeavesGo(ctx context.Context, now time.Time, q RetainRequest, out *Retained) error {
	out.First = c.o.Reader.First()
	before, err := c.firstKept(ctx, now, out)
	if err != nil || q.DryRun || before == out.First {
		return err
	}
	if out.First, err = c.o.Log.DropLeaves(ctx, before, q.Actor); err != nil {
		return err
	}
	return c.index.CatchUp(ctx)
}

// firstKept is the first record whose metadata has to stay.
func (c *Custodian) firstKept(ctx context.Context, now time.Time, out *Retained) (uint64, error) {
	owners, err := c.heldSubjects()
	if err != nil {
		return 0, err
	}
	for from := out.First; ; {
		records, err := c.index.oldest(ctx, from, retainBatch)
		if err != nil || len(records) == 0 {
			return from, err
		}
		for i := range records {
			r := &records[i]
			if c.inForce(r) || !r.dropped || c.keepsMetadata(r, owners, now) {
				return r.Seq, nil
			}
			out.Metadata++
			from = r.Seq + 1
		}
	}
}

func (c *Custodian) keepsMetadata(r *dueRecord, owners map[KEKID]string, now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	r.Holds = c.holding(r, owners)
	d := c.o.Retention.Resolve(&r.Facts, now)
	return d.Metadata.Keep
}

// inForce reports whether the ledger still rests on a record.
func (c *Custodian) inForce(r *dueRecord) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, held := c.ledger.holds[r.id]
	_, waits := c.ledger.waiting[r.id]
	_, begun := c.ledger.begun[r.id]
	return held || waits || begun
}

// dropAgain overwrites the payloads that the last record of a run names, where a crash or a failing disk came between.
func (c *Custodian) dropAgain(ctx context.Context) error {
	c.mu.Lock()
	ranges := c.undropped
	c.mu.Unlock()
	var left []uint64
	for _, r := range ranges {
		for seq := r[0]; seq < r[1]; seq++ {
			rec, err := c.o.Reader.Record(seq)
			if err == nil && rec.Sealed != nil {
				left = append(left, seq)
			}
			if err != nil && !errors.Is(err, custody.ErrNotFound) {
				return err
			}
		}
	}
	if len(left) > 0 {
		if err := c.o.Log.DropPayloads(ctx, left); err != nil {
			return fmt.Errorf("drop payloads whose time is up: %w", err)
		}
	}
	c.mu.Lock()
	c.undropped = nil
	c.mu.Unlock()
	return nil
}

// toRanges joins ascending numbers to ranges [from, to).
func toRanges(seqs []uint64) [][2]uint64 {
	var out [][2]uint64
	for _, seq := range seqs {
		if n := len(out); n > 0 && out[n-1][1] == seq {
			out[n-1][1]++
		} else {
			out = append(out, [2]uint64{seq, seq + 1})
		}
	}
	return out
}

func count(ranges [][2]uint64) (n uint64) {
	for _, r := range ranges {
		n += r[1] - r[0]
	}
	return n
}

// ExplainRequest asks why a record is kept. ID is an exchange or an event.
type ExplainRequest struct {
	ID string `json:"id"`
}

// Explanation is the decision about each record of an exchange or event.
type Explanation struct {
	SchemaVersion int               `json:"schema_version"`
	ID            string            `json:"id"`
	Now           time.Time         `json:"now"`
	Records       []ExplainedRecord `json:"records"`
}

// ExplainedRecord is the decision about one record.
type ExplainedRecord struct {
	Seq     uint64    `json:"seq"`
	Kind    string    `json:"kind"`
	Time    time.Time `json:"time"`
	Dropped bool      `json:"dropped,omitempty"` // the payload went already
	Decision
}

// Explain tells which rule decides about a record, and which others lost.
func (c *Custodian) Explain(ctx context.Context, q ExplainRequest) (*Explanation, error) {
	id, err := custody.ParseID(q.ID)
	if err != nil {
		return nil, err
	}
	if err := c.index.CatchUp(ctx); err != nil {
		return nil, err
	}
	facts, err := c.index.factsOf(ctx, id)
	if err != nil {
		return nil, err
	}
	if len(facts) == 0 {
		return nil, fmt.Errorf("%s: %w", id, custody.ErrNotFound)
	}
	owners, err := c.heldSubjects()
	if err != nil {
		return nil, err
	}
	out := &Explanation{SchemaVersion: 1, ID: id.String(), Now: c.o.Clock().UTC()}
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range facts {
		f := &facts[i]
		f.Holds = c.holding(f, owners)
		f.Erased = c.ledger.Erased(f.kek)
		out.Records = append(out.Records, ExplainedRecord{Seq: f.Seq, Kind: f.Kind, Time: f.Time, Dropped: f.dropped, Decision: c.o.Retention.Resolve(&f.Facts, out.Now)})
	}
	return out, nil
}
