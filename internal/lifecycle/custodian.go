package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/custody"
	"github.com/reeve-ai/reeve/internal/keyring"
)

// Log is the custody log as this room writes to it. All methods are safe for concurrent use.
type Log interface {
	// Event makes a record durable.
	Event(*custody.Event) (custody.Receipt, error)
	// DropPayloads overwrites sealed parts. It returns nil only when they are gone from the disk.
	DropPayloads(ctx context.Context, seqs []uint64) error
	// DropLeaves removes whole segments of records that all come before a sequence number, on record, and returns the first record that is kept.
	DropLeaves(ctx context.Context, before uint64, actor string) (first uint64, err error)
	// Published waits until a signed checkpoint covers the record.
	Published(ctx context.Context, seq uint64) error
	// Prover proves records under the newest checkpoint, the same one for as long as it is used.
	Prover() (Prover, error)
}

// Prover makes C2SP tlog-proofs under one checkpoint.
type Prover interface {
	Origin() string
	Size() uint64       // leaves under the checkpoint
	Checkpoint() []byte // as it is signed
	Prove(seq uint64, leaf []byte) ([]byte, error)
	Close() error
}

// Reader reads the log. Its methods are those of custody.Reader.
type Reader interface {
	Source
	First() uint64
	Record(seq uint64) (*custody.Stored, error)
	Range(from, to uint64, fn func(*custody.Stored) error) error
}

// People knows what is kept about principals beside the log. It is safe for concurrent use.
type People interface {
	// Principals are the ids of the principals that a name or an id stands for; none where it stands for nobody.
	Principals(ctx context.Context, name string) ([]string, error)
	// Forget clears what is kept about a principal and returns the number of rows that it changed.
	Forget(ctx context.Context, principal string) (int, error)
}

// Options are what a Custodian stands on.
type Options struct {
	Dir         string // data directory: index.db lives in it, checkpoint and log.pub in Dir/custody
	Log         Log
	Reader      Reader
	Keys        *keyring.Ring
	People      People
	Retention   Retention    // the zero value means DefaultRetention
	Clock       reeve.Clock  // default time.Now
	Diagnostics *slog.Logger // gets no content and no names; default discards

	// Later leaves the catching up to Run: a server starts at once, also where the index has to be made anew. Whoever asks before waits for it.
	Later bool

	// Identify names the identifiers in a text (such as the addresses in it) so that a search finds third persons. nil: they are not indexed.
	Identify func(text []byte) []string
}

// Custodian carries out what the people whose data the log holds may ask for, what the law limits, and what a court forbids to
// touch. It is safe for concurrent use. There is one for each open log.
type Custodian struct {
	o     Options
	index *Index

	act sync.Mutex // held through every change of what is in force: a hold cannot come between the check and the erasure

	mu        sync.Mutex
	ledger    *Ledger
	late      []uint64    // records under keys that an erasure had given up already
	forgotten []KEKID     // keys of finished erasures that the index may still know
	undropped [][2]uint64 // what the last run of the retention recorded, until it is overwritten
}

// Open opens the index, brings it up to date and takes up what a crash interrupted.
func Open(ctx context.Context, o Options) (*Custodian, error) {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Diagnostics == nil {
		o.Diagnostics = slog.New(slog.DiscardHandler)
	}
	if o.Retention.Metadata == 0 {
		o.Retention = DefaultRetention()
	}
	if err := o.Retention.Validate(); err != nil {
		return nil, err
	}
	c := &Custodian{o: o, ledger: NewLedger()}
	var err error
	if c.index, err = OpenIndex(ctx, o.Dir, o.Reader, c.step); err != nil {
		return nil, err
	}
	c.index.late = c.noteLate
	if o.Identify != nil {
		c.index.terms = c.terms
	}
	if o.Later {
		return c, nil
	}
	if err := c.takeUp(ctx); err != nil {
		return nil, errors.Join(err, c.index.Close())
	}
	return c, nil
}

// Close closes the index. The log and the keys stay open.
func (c *Custodian) Close() error { return c.index.Close() }

// takeUp reads the log to its end and goes on with erasures that a crash interrupted.
func (c *Custodian) takeUp(ctx context.Context) error {
	c.act.Lock()
	defer c.act.Unlock()
	if err := c.index.CatchUp(ctx); err != nil {
		return err
	}
	if err := c.forgetForgotten(ctx); err != nil {
		return err
	}
	c.mu.Lock()
	begun := c.ledger.Begun()
	c.mu.Unlock()
	for _, e := range begun {
		if _, err := c.finish(ctx, &e, "operator"); err != nil {
			return fmt.Errorf("take up erasure %s: %w", e.ID, err)
		}
	}
	return errors.Join(c.sweep(ctx), c.dropAgain(ctx))
}

// catchUpEvery is how often the index looks for new records. It makes way while the log is busy (custody.Pace): whatever asks the index has it
// catch up first.
const catchUpEvery = 250 * time.Millisecond

// Run keeps the index up to date, and lets payloads go when their time is up: at once, then every hour.
func (c *Custodian) Run(ctx context.Context) error {
	tick := time.NewTicker(catchUpEvery)
	defer tick.Stop()
	var nextRun time.Time
	pace := custody.NewPace(c.o.Reader.Size, c.o.Clock)
	taken := !c.o.Later
	for {
		if !taken {
			err := c.takeUp(ctx)
			if taken = err == nil; !taken && ctx.Err() == nil {
				c.o.Diagnostics.Error("what was interrupted is not taken up yet", "error", err)
			}
		}
		if now := c.o.Clock(); taken && !now.Before(nextRun) {
			nextRun = now.Add(time.Hour)
			if _, err := c.Retain(ctx, RetainRequest{}); err != nil && ctx.Err() == nil {
				c.o.Diagnostics.Error("retention did not run; it is tried again in an hour", "error", err)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if err := c.keepUp(ctx, pace); err != nil && ctx.Err() == nil {
			c.o.Diagnostics.Error("the index is behind the log", "error", err)
		}
	}
}

func (c *Custodian) keepUp(ctx context.Context, pace *custody.Pace) error {
	if err := pace.Work(func() (bool, error) { return c.index.step(ctx) }); err != nil {
		return err
	}
	c.mu.Lock()
	left := len(c.late) + len(c.undropped)
	c.mu.Unlock()
	if left == 0 {
		return nil
	}
	c.act.Lock()
	defer c.act.Unlock()
	return errors.Join(c.sweep(ctx), c.dropAgain(ctx))
}

// noteLate keeps a record that was sealed under a key while an erasure gave the key up: it was under way then.
func (c *Custodian) noteLate(kek KEKID, seq uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ledger.Erased(kek) {
		c.late = append(c.late, seq)
	}
}

// sweep drops what came late.
func (c *Custodian) sweep(ctx context.Context) error {
	c.mu.Lock()
	late := c.late
	c.late = nil
	c.mu.Unlock()
	if len(late) == 0 {
		return nil
	}
	keks := map[KEKID]bool{}
	for _, seq := range late {
		if r, err := c.o.Reader.Record(seq); err == nil {
			if id, sealed := r.KEK(); sealed {
				keks[id] = true
			}
		}
	}
	err := c.o.Log.DropPayloads(ctx, late)
	for id := range keks {
		err = errors.Join(err, c.index.forget(ctx, []KEKID{id}))
	}
	if err != nil {
		c.mu.Lock()
		c.late = append(c.late, late...)
		c.mu.Unlock()
		return fmt.Errorf("drop payloads of an erased subject: %w", err)
	}
	return nil
}

// principals are the ids that a name stands for: those that People knows, else the name itself as it is indexed.
func (c *Custodian) principals(ctx context.Context, name string) ([]string, error) {
	if name == "" {
		return nil, errors.New("no subject is named")
	}
	if c.o.People != nil {
		ids, err := c.o.People.Principals(ctx, name)
		if err != nil {
			return nil, fmt.Errorf("look up the subject: %w", err)
		}
		if len(ids) > 0 {
			return normalized(ids), nil
		}
	}
	return normalized([]string{name}), nil
}

// whoIs finds what the index has of principals. One without a key has nothing.
func (c *Custodian) whoIs(principals []string) ([]who, error) {
	var out []who
	for _, p := range principals {
		keks, err := c.o.Keys.SubjectKEKs(p)
		if err != nil {
			return nil, fmt.Errorf("look up the subject's keys: %w", err)
		}
		if len(keks) == 0 {
			continue
		}
		s, err := c.o.Keys.Subject(p)
		if err != nil {
			return nil, fmt.Errorf("look up the subject's keys: %w", err)
		}
		out = append(out, who{keks: keks, actor: s.Actor()})
	}
	return out, nil
}

func keksOf(all []who) []KEKID {
	var out []KEKID
	for i := range all {
		out = append(out, all[i].keks...)
	}
	return out
}

// record writes an event and brings the index up to it, so that the ledger knows it.
func (c *Custodian) record(ctx context.Context, ev *custody.Event) (custody.Receipt, error) {
	if ev.Time.IsZero() {
		ev.Time = c.o.Clock()
	}
	if ev.ID.IsZero() {
		ev.ID = custody.NewID(ev.Time)
	}
	r, err := c.o.Log.Event(ev)
	if err != nil {
		return r, fmt.Errorf("record %s: %w", ev.Act, err)
	}
	return r, c.index.CatchUp(context.WithoutCancel(ctx))
}

// terms are the blind indexes of the identifiers that a payload names.
func (c *Custodian) terms(l *leaf) ([][]byte, error) {
	r, err := c.o.Reader.Record(l.Seq)
	if err != nil {
		return nil, err
	}
	p, err := r.Open(c.o.Keys)
	if err != nil || p == nil {
		return nil, nil // erased or dropped since: there is nothing to find
	}
	seen := map[string]bool{}
	var out [][]byte
	for _, text := range [][]byte{p.Input, p.Output} {
		for _, id := range c.o.Identify(text) {
			if seen[id] || len(out) >= maxTerms {
				continue
			}
			seen[id] = true
			blind, err := c.o.Keys.BlindIndex(term(id))
			if err != nil {
				return nil, err
			}
			out = append(out, blind)
		}
	}
	return out, nil
}

// term is the form of an identifier under which it is indexed: numbers without what people write between their digits.
func term(id string) string {
	if strings.Contains(id, "@") {
		return id
	}
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(" \t-./()+", r) {
			return -1
		}
		return r
	}, id)
}

// maxTerms bounds the identifiers that are indexed of one record.
const maxTerms = 256
