package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/reeve-ai/reeve/internal/custody"
	"github.com/reeve-ai/reeve/internal/keyring"
)

// EraseRequest asks to forget a subject. Actor is who asks, for the record.
type EraseRequest struct {
	Subject string `json:"subject"`
	Reason  string `json:"reason"`
	Actor   string `json:"actor"`
}

// The states of an erasure.
const (
	StateErased  = "erased"
	StateNothing = "nothing" // nothing is kept under the subject: it is unknown, or was erased before
	StateHeld    = "held"    // a legal hold stands against it; it is done when the hold is released
)

// Receipt says what an erasure did. When it says erased, everything is done and durable, and the record of it is under a
// signed checkpoint.
type Receipt struct {
	SchemaVersion int       `json:"schema_version"`
	State         string    `json:"state"`
	SubjectC      []string  `json:"subject_c,omitempty"` // the commitments by which leaves name the subject; nobody can open them now
	Keks          []string  `json:"keks"`                // ids of the keys that were destroyed, hex
	Records       int       `json:"records"`             // leaves that stay, and name nobody
	Payloads      int       `json:"payloads"`            // sealed parts that were overwritten
	PayloadBytes  int64     `json:"payload_bytes"`       // text that was in them
	Rows          int       `json:"rows"`                // changed in the control plane, such as the name of an API key
	ID            string    `json:"id,omitempty"`        // of the erasure's records
	Seq           *uint64   `json:"seq,omitempty"`       // record that says that it is done
	Requested     time.Time `json:"requested,omitzero"`
	Done          time.Time `json:"done,omitzero"`
	KeysMS        float64   `json:"keys_ms"`           // time that it took to destroy the keys
	PayloadsMS    float64   `json:"payloads_ms"`       // time that it took to overwrite the payloads
	Residue       bool      `json:"residue,omitempty"` // an older copy of the wrapped keys stays in keys.db until its other readers end
	Held          []string  `json:"held,omitempty"`    // ids of the holds that stand against it
	Message       string    `json:"message,omitempty"` // why nothing was erased
	Remedy        string    `json:"remedy,omitempty"`
	Proof         string    `json:"proof,omitempty"` // C2SP tlog-proof of record Seq
}

// heldError names the holds that stand against an erasure.
type heldError struct{ holds []Hold }

func (e *heldError) Error() string {
	text := make([]string, len(e.holds))
	for i, h := range e.holds {
		text[i] = fmt.Sprintf("%s (%s; owner %s)", h.ID, h.Scope, h.Owner)
	}
	return fmt.Sprintf("%v: %s", ErrHeld, strings.Join(text, "; "))
}

func (e *heldError) Unwrap() error { return ErrHeld }

// Hint tells what to do next.
func (e *heldError) Hint() string {
	return "the erasure waits and is done at the release: its owner ends a hold with `reeve custody hold release " + e.holds[0].ID + "`"
}

// Refused is the receipt's refusal as an error that matches ErrHeld, nil where nothing was refused.
func (r *Receipt) Refused() error {
	if r.State != StateHeld {
		return nil
	}
	return &refusedError{r.Message, r.Remedy}
}

type refusedError struct{ message, remedy string }

func (e *refusedError) Error() string { return e.message }
func (e *refusedError) Hint() string  { return e.remedy }
func (e *refusedError) Unwrap() error { return ErrHeld }

// Erase forgets a subject: its keys and salts are destroyed, what was sealed under them is overwritten, and what other
// places know of it is cleared. It returns when all of that is done. ErrHeld (wrapped, with a hint) says that a hold stands
// against it; then the receipt tells the id of the erasure that waits.
func (c *Custodian) Erase(ctx context.Context, q EraseRequest) (*Receipt, error) {
	if q.Reason == "" {
		return nil, errors.New("an erasure needs a reason")
	}
	ids, err := c.principals(ctx, q.Subject)
	if err != nil {
		return nil, err
	}
	if slices.Contains(ids, houseSubject) {
		return nil, fmt.Errorf("%s is no person: its key seals the words of holds", houseSubject)
	}
	c.act.Lock()
	defer c.act.Unlock()
	if err := c.index.CatchUp(ctx); err != nil {
		return nil, err
	}
	c.mu.Lock()
	e, waits := c.ledger.waitsFor(ids)
	c.mu.Unlock()
	if !waits {
		now := c.o.Clock()
		e = Erasure{ID: custody.NewID(now).String(), Subjects: ids, Reason: q.Reason, Requested: now}
	}
	return c.erase(ctx, &e, q.Actor)
}

// erase begins and finishes an erasure, or queues it. The caller holds act.
func (c *Custodian) erase(ctx context.Context, e *Erasure, actor string) (*Receipt, error) {
	all, err := c.whoIs(e.Subjects)
	if err != nil {
		return nil, err
	}
	e.Keks = keksOf(all)
	holds, err := c.against(ctx, e)
	if err != nil {
		return nil, err
	}
	if len(holds) > 0 {
		return c.queue(ctx, e, holds, actor)
	}
	if len(e.Keks) == 0 {
		rows, err := c.forgetRows(ctx, e.Subjects)
		return &Receipt{SchemaVersion: 1, State: StateNothing, Keks: []string{}, Rows: rows, Requested: e.Requested.UTC()}, err
	}
	ctx = context.WithoutCancel(ctx) // from here on it is finished, also where nobody waits any more
	ev := c.erasureEvent(e, actBegin, "begun", actor)
	ev.Keks, ev.Subject, ev.Payload = e.Keks, e.Subjects[0], (&said{Subjects: e.Subjects, Reason: e.Reason}).seal()
	if _, err := c.record(ctx, ev); err != nil {
		return nil, err
	}
	r, err := c.finish(ctx, e, actor)
	if r != nil {
		for i := range all {
			r.SubjectC = append(r.SubjectC, all[i].actor)
		}
	}
	return r, err
}

func (c *Custodian) erasureEvent(e *Erasure, act, result, actor string) *custody.Event {
	id, err := custody.ParseID(e.ID)
	if err != nil {
		panic(err) // it was written by custody.ID.String
	}
	return &custody.Event{Kind: custody.EventErasure, ID: id, Actor: actor, Act: act, Result: result}
}

// against are the holds that stand against an erasure.
func (c *Custodian) against(ctx context.Context, e *Erasure) ([]Hold, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	ids, err := c.ledger.blocking(e.Subjects, func(s Scope) (bool, error) { return c.index.touches(ctx, e.Keks, s) })
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(c.ledger.Holds(), func(h Hold) bool { return !slices.Contains(ids, h.ID) }), nil
}

// queue records that an erasure waits. Asking again records it again, with the holds of then.
func (c *Custodian) queue(ctx context.Context, e *Erasure, holds []Hold, actor string) (*Receipt, error) {
	ev := c.erasureEvent(e, actQueue, "held", actor)
	var names []string
	for _, h := range holds {
		id, err := custody.ParseID(h.ID)
		if err != nil {
			return nil, fmt.Errorf("hold %s: %w", h.ID, err)
		}
		ev.Refs, names = append(ev.Refs, id), append(names, h.ID)
	}
	ev.Subject, ev.Payload = e.Subjects[0], (&said{Subjects: e.Subjects, Reason: e.Reason}).seal()
	if _, err := c.record(ctx, ev); err != nil {
		return nil, err
	}
	why := &heldError{holds}
	return &Receipt{
		SchemaVersion: 1, State: StateHeld, Keks: []string{}, ID: e.ID, Held: names, Requested: e.Requested.UTC(), Message: why.Error(), Remedy: why.Hint(),
	}, why
}

// finish carries out an erasure that is on record as begun: it may be the first try, or one after a crash.
func (c *Custodian) finish(ctx context.Context, e *Erasure, actor string) (*Receipt, error) {
	out := &Receipt{SchemaVersion: 1, State: StateErased, ID: e.ID, Requested: e.Requested.UTC()}
	keks, err := c.destroyKeys(e, out)
	if err != nil {
		return nil, err
	}
	if err := c.dropUnder(ctx, keks, out); err != nil {
		return nil, err
	}
	if out.Rows, err = c.forgetRows(ctx, e.Subjects); err != nil {
		return nil, err
	}
	ev := c.erasureEvent(e, actErase, "ok", actor)
	ev.Keks = keks
	ev.Numbers = map[string]uint64{"records": uint64(out.Records), "payloads": uint64(out.Payloads), "bytes": uint64(out.PayloadBytes)}
	done, err := c.record(ctx, ev)
	if err != nil {
		return nil, err
	}
	if err := c.forgetForgotten(ctx); err != nil {
		return nil, err
	}
	out.Keks, out.Seq, out.Done = hexIDs(keks), &done.Seq, ev.Time.UTC()
	if err := c.o.Log.Published(ctx, done.Seq); err != nil {
		return nil, fmt.Errorf("the subject is erased, and record %d says so; wait for its checkpoint: %w", done.Seq, err)
	}
	proof, err := c.prove(done.Seq)
	if err != nil {
		return nil, fmt.Errorf("the subject is erased, and record %d says so; prove it: %w", done.Seq, err)
	}
	out.Proof = string(proof)
	return out, nil
}

func (c *Custodian) prove(seq uint64) ([]byte, error) {
	r, err := c.o.Reader.Record(seq)
	if err != nil {
		return nil, err
	}
	p, err := c.o.Log.Prover()
	if err != nil {
		return nil, err
	}
	proof, err := p.Prove(seq, r.Leaf)
	return proof, errors.Join(err, p.Close())
}

// destroyKeys destroys the keys on record and any that came since.
func (c *Custodian) destroyKeys(e *Erasure, out *Receipt) ([]KEKID, error) {
	began := time.Now()
	keks := slices.Clone(e.Keks)
	for _, s := range e.Subjects {
		more, err := c.o.Keys.DestroySubject(s)
		if err != nil && !errors.Is(err, keyring.ErrResidue) { // a residue is cleared below, or told
			return nil, fmt.Errorf("destroy keys: %w", err)
		}
		for _, id := range more {
			if !slices.Contains(keks, id) {
				keks = append(keks, id)
			}
		}
	}
	_, err := c.o.Keys.DestroyKEKs(keks) // after a crash the names may be gone, the ids are not
	out.Residue = errors.Is(err, keyring.ErrResidue)
	if err != nil && !out.Residue {
		return nil, fmt.Errorf("destroy keys: %w", err)
	}
	out.KeysMS = milliseconds(time.Since(began))
	return keks, nil
}

// dropUnder overwrites what is sealed under keys.
func (c *Custodian) dropUnder(ctx context.Context, keks []KEKID, out *Receipt) error {
	if err := c.index.CatchUp(ctx); err != nil { // what was under way when the keys went
		return err
	}
	seqs, bytes, err := c.index.payloadsUnder(ctx, keks)
	if err != nil {
		return err
	}
	if out.Records, err = c.index.recordsUnder(ctx, keks); err != nil {
		return err
	}
	began := time.Now()
	if len(seqs) > 0 {
		if err := c.o.Log.DropPayloads(ctx, seqs); err != nil {
			return fmt.Errorf("the keys are destroyed, so that nobody can read the payloads; overwrite them: %w", err)
		}
	}
	out.PayloadsMS = milliseconds(time.Since(began))
	out.Payloads, out.PayloadBytes = len(seqs), bytes
	return nil
}

func (c *Custodian) forgetRows(ctx context.Context, subjects []string) (rows int, err error) {
	if c.o.People == nil {
		return 0, nil
	}
	for _, s := range subjects {
		n, err := c.o.People.Forget(ctx, s)
		if err != nil {
			return rows, fmt.Errorf("clear what the control plane knows of the subject: %w", err)
		}
		rows += n
	}
	return rows, nil
}

// forgetForgotten takes keys that are on record as destroyed out of the index.
func (c *Custodian) forgetForgotten(ctx context.Context) error {
	c.mu.Lock()
	keks := c.forgotten
	c.forgotten = nil
	c.mu.Unlock()
	if len(keks) == 0 {
		return nil
	}
	return c.index.forget(ctx, keks)
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
