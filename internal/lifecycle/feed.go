package lifecycle

import (
	"context"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/reeve-ai/reeve/internal/custody"
)

// Told is a record in the words of another system.
type Told struct {
	Seq    uint64
	Kind   string    // "outcome", "aborted", or the kind of an event
	Time   time.Time // of the record
	Failed bool      // an exchange that was refused, blocked, cut, or failed; an act that was refused
	Event  []byte    // one JSON object without a line break
}

// Feed words records one after the other. It remembers intents until their outcomes come, so that following the log costs no
// look-ups. It belongs to one goroutine.
type Feed struct {
	c      *Custodian
	write  func(*ended) any
	opened map[string]*leaf
}

// Feed returns one for a format: "ocsf" or "otel".
func (c *Custodian) Feed(format string) (*Feed, error) {
	f := &Feed{c: c, opened: map[string]*leaf{}}
	switch format {
	case "ocsf":
		f.write = ocsf
	case "otel":
		f.write = span
	default:
		return nil, fmt.Errorf("format %q is not known: want ocsf or otel", format)
	}
	return f, nil
}

// Size is the number of durable records.
func (f *Feed) Size() (uint64, error) { return f.c.o.Reader.Size() }

// First is the first record that is kept.
func (f *Feed) First() uint64 { return f.c.o.Reader.First() }

// Each calls fn for what the records [from, to) tell, in their order. fn may keep what it gets. Its error ends the walk.
func (f *Feed) Each(ctx context.Context, from, to uint64, fn func(*Told) error) error {
	return f.c.o.Reader.Leaves(from, to, func(r *custody.Stored) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		l, err := parseLeaf(r.Seq, r.Leaf)
		if err != nil {
			return err
		}
		if l.Kind == "intent" {
			if len(f.opened) >= maxOpening {
				clear(f.opened) // what is asked for again is looked up
			}
			f.opened[l.ID] = l
			return nil
		}
		e := &ended{leaf: l, intent: f.opened[l.ID], hash: r.Hash()}
		delete(f.opened, l.ID)
		if e.intent == nil && l.Intended { // it began before the range
			if e.intent, err = f.c.intentOf(ctx, l); err != nil {
				return err
			}
		}
		v := f.write(e)
		if v == nil {
			return nil
		}
		event, err := json.Marshal(v, json.Deterministic(true))
		if err != nil {
			return fmt.Errorf("encode event: %w", err)
		}
		failed := e.exchange() && e.failed() != "" || l.Result == "refused"
		return fn(&Told{Seq: l.Seq, Kind: l.Kind, Time: l.when(), Failed: failed, Event: event})
	})
}
