package lifecycle

import (
	"context"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/reeve-ai/reeve/internal/custody"
)

// Listing says what a list of exchanges or events shows. What is set must all fit. It names no person: who looks for one
// uses Search, which is on record.
type Listing struct {
	Since, Until  time.Time
	Model, Result string // Result "open": without an outcome yet
	Label         string
	Kind          string // "exchange", or the kind of an event; "": everything
	Rule          string // that refused it, or did something in it
	Before        uint64 // only records before this one; 0: from the newest on
	Limit         int    // default 50, at most 1000
}

// Bounds of one list: records are looked through in windows, and no more than maxLooked of them, whatever is asked for.
const (
	firstWindow = 8192
	maxLooked   = 100_000
)

// List lists exchanges or events from what the index holds now, the newest first; it does not wait for the index to catch
// up (see Behind). Where what is asked for is rare it looks only so far back: then the page is not full and Next says
// where to go on.
func (c *Custodian) List(ctx context.Context, q Listing) (*Page, error) { return c.index.list(ctx, &q) }

// Behind is how many durable records are not in the index yet.
func (c *Custodian) Behind() uint64 {
	next := c.index.reached.Load()
	return max(c.index.size(next), next) - next
}

func (x *Index) list(ctx context.Context, q *Listing) (*Page, error) {
	limit := q.Limit
	if limit <= 0 {
		limit = defaultLimit
	}
	limit = min(limit, maxLimit)
	low, high, err := x.span(ctx, q)
	if err != nil || low >= high {
		return &Page{SchemaVersion: 1, Hits: []Hit{}}, err
	}
	if q.direct() {
		c := q.condition(low, high)
		return x.pageFrom(ctx, q.from(), c, limit)
	}
	all := &Page{SchemaVersion: 1, Hits: []Hit{}}
	looked := uint64(0)
	for window := uint64(firstWindow); high > low; window *= 2 {
		from := max(low, high-min(high, window))
		p, err := x.pageFrom(ctx, q.from(), q.condition(from, high), limit-len(all.Hits))
		if err != nil {
			return nil, err
		}
		all.Hits = append(all.Hits, p.Hits...)
		if p.Next != 0 {
			all.Next = p.Next
			return all, nil
		}
		looked, high = looked+high-from, from
		if high > low && (looked >= maxLooked || len(all.Hits) == limit) {
			all.Next = high
			return all, nil
		}
	}
	return all, nil
}

// direct reports whether one index leads to what is asked for, in order and without looking at anything else.
func (q *Listing) direct() bool {
	n := 0
	for _, set := range []bool{q.Model != "", q.Result != "" && q.Result != "open" && q.Result != "ok", q.Kind != "" && q.Kind != "exchange", q.Rule != ""} {
		if set {
			n++
		}
	}
	return n <= 1 && q.Label == "" && q.Result != "open" && (n == 0 || q.Result != "ok")
}

// span are the records, from and to (exclusive), among which everything of the span of time lies.
func (x *Index) span(ctx context.Context, q *Listing) (low, high uint64, err error) {
	high = x.reached.Load()
	if q.Before != 0 {
		high = min(high, q.Before)
	}
	low, last, err := x.between(ctx, q.Since, q.Until)
	if err != nil {
		return 0, 0, fmt.Errorf("list: %w", err)
	}
	return low, min(high, last), nil
}

// from is where the rows of a list come from. A rule leads to them in their order.
func (q *Listing) from() string {
	if q.Rule != "" {
		return `findings f CROSS JOIN records r ON r.seq = f.seq `
	}
	return `records r `
}

// condition is the WHERE clause of a window. The + keeps SQLite from an index that would have it sort.
func (q *Listing) condition(low, high uint64) *condition {
	c := &condition{}
	seq := `r.seq`
	if q.Rule != "" {
		seq = `f.seq`
	}
	c.add(seq+` >= ?`, low)
	c.add(seq+` < ?`, high)
	if !q.Since.IsZero() {
		c.add(`+r.t >= ?`, q.Since.UnixNano())
	}
	if !q.Until.IsZero() {
		c.add(`+r.t < ?`, q.Until.UnixNano())
	}
	if q.Result == "open" {
		c.add(`+r.kind = 1`)
	} else if q.Result == "ok" {
		c.add(`+r.result = 4`)
	} else if q.Result != "" {
		c.add(`r.result <> 4`)
		c.add(`r.result = `+word, []byte(q.Result))
	}
	if q.Model != "" {
		c.add(`r.model = `+word, []byte(q.Model))
		if q.Result != "open" {
			c.add(`r.result IS NOT NULL`)
		}
	}
	if q.Rule != "" {
		c.add(`f.rule = `+word, []byte(q.Rule))
		c.add(`NOT EXISTS (SELECT 1 FROM findings g WHERE g.rule = f.rule AND g.seq = f.seq AND (g.action, g.stage) < (f.action, f.stage))`)
	}
	if q.Label != "" {
		c.add(`(+r.label = `+word+` OR +r.label2 = `+word+`)`, []byte(q.Label), []byte(q.Label))
	}
	switch q.Kind {
	case "":
	case "exchange":
		c.add(`+r.kind <= 3`)
	default:
		c.add(`r.kind > 3`)
		c.add(`r.kind = `+word, []byte(q.Kind))
	}
	c.add(`NOT EXISTS (SELECT 1 FROM records l WHERE l.ulid = r.ulid AND l.seq > r.seq)`)
	return c
}

// Outline is what an exchange or event is, without what was said in it.
type Outline struct {
	ID      string
	Records []OutlineRecord
	Own     bool  // it was the asking principal's
	Payload bool  // what was said is still kept
	Erased  bool  // the keys of what was said are destroyed
	Read    []Hit // who read it: records of access that speak of it
}

// OutlineRecord is one leaf.
type OutlineRecord struct {
	Seq  uint64
	Kind string
	Time time.Time
	Leaf jsontext.Value
	Hash string // RFC 6962 leaf hash, hex
}

// Outline reads the leaves of an exchange or event. No payload is read; principal is who asks, so that Own can be told.
// It returns custody.ErrNotFound (wrapped) where there is none.
func (c *Custodian) Outline(ctx context.Context, text, principal string) (*Outline, error) {
	id, err := custody.ParseID(text)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", custody.ErrNotFound, err)
	}
	facts, err := c.index.factsOf(ctx, id)
	if err != nil {
		return nil, err
	}
	if len(facts) == 0 {
		return nil, fmt.Errorf("%s: %w", id, custody.ErrNotFound)
	}
	out := &Outline{ID: id.String()}
	actor := ""
	if mine, err := c.whoIs([]string{principal}); err == nil && len(mine) == 1 {
		actor = mine[0].actor
	}
	err = c.leavesOf(facts, func(l *leaf, r OutlineRecord) {
		out.Records = append(out.Records, r)
		out.Payload = out.Payload || l.Sealed != ""
		out.Own = out.Own || actor != "" && (l.Subject == actor || l.Subject == "" && l.Actor == actor)
		if id, sealed := l.kek(); sealed {
			c.mu.Lock()
			out.Erased = out.Erased || c.ledger.Erased(id)
			c.mu.Unlock()
		}
	})
	if err != nil {
		return nil, err
	}
	kept := false
	for _, f := range facts {
		kept = kept || !f.dropped
	}
	out.Payload = out.Payload && kept && !out.Erased
	out.Read, err = c.index.readers(ctx, id)
	return out, err
}

func (c *Custodian) leavesOf(facts []dueRecord, fn func(*leaf, OutlineRecord)) error {
	for _, f := range facts {
		err := c.o.Reader.Leaves(f.Seq, f.Seq+1, func(r *custody.Stored) error {
			l, err := parseLeaf(r.Seq, r.Leaf)
			if err != nil {
				return err
			}
			hash := r.Hash()
			fn(l, OutlineRecord{Seq: r.Seq, Kind: r.Kind, Time: l.when(), Leaf: jsontext.Value(r.Leaf).Clone(), Hash: hex.EncodeToString(hash[:])})
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// readers are the records of access that speak of an exchange, the newest first.
func (x *Index) readers(ctx context.Context, id custody.ID) ([]Hit, error) {
	c := &condition{}
	c.add(`r.seq IN (SELECT seq FROM terms WHERE term = ?)`, id[:])
	p, err := x.page(ctx, c, defaultLimit)
	if err != nil {
		return nil, err
	}
	return p.Hits, nil
}
