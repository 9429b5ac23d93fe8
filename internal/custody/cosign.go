package custody

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/reeve-ai/reeve/internal/tlog"
)

// Witness cosigns checkpoints.
type Witness interface {
	// AddCheckpoint asks for cosignatures (C2SP tlog-witness). It returns a *tlog.ConflictError where the witness has cosigned
	// another size last than the message says.
	AddCheckpoint(ctx context.Context, a *tlog.AddCheckpoint) ([]tlog.Signature, error)
}

// Witnesses say who must have seen a checkpoint before it is published.
type Witnesses struct {
	Policy  *tlog.Policy       // names the witnesses and the quorum; nil: none are asked
	Clients map[string]Witness // by the witness' name in the policy
	Closed  bool               // publish nothing without the quorum; otherwise publish with the cosignatures that there are
	Timeout time.Duration      // for all of them together; default 500 ms
}

// cosign asks all witnesses at once and adds their signatures. It returns an error only where nothing may be published.
func (l *Log) cosign(c *tlog.SignedCheckpoint) error {
	w := &l.o.Witnesses
	if w.Policy == nil || len(w.Policy.Witnesses) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), orDefault(w.Timeout, 500*time.Millisecond))
	defer cancel()
	type answer struct {
		sig tlog.Signature
		err error
	}
	answers := make([]answer, len(w.Policy.Witnesses))
	olds := make([]uint64, len(answers))
	var wg sync.WaitGroup
	for i := range w.Policy.Witnesses {
		party := &w.Policy.Witnesses[i]
		olds[i] = l.integrator.asked[party.Key.String()]
		wg.Go(func() { answers[i].sig, answers[i].err = l.ask(ctx, party, &olds[i], c) })
	}
	wg.Wait()
	var failed []error
	for i := range answers {
		l.integrator.asked[w.Policy.Witnesses[i].Key.String()] = olds[i]
		if answers[i].err != nil {
			failed = append(failed, fmt.Errorf("witness %s: %w", w.Policy.Witnesses[i].Name, answers[i].err))
			continue
		}
		c.Sigs = append(c.Sigs, answers[i].sig)
	}
	l.stats.witnessFailures.Add(uint64(len(failed)))
	err := errors.Join(failed...)
	l.setWitnessError(err)
	if _, quorum := w.Policy.Cosigned(c); quorum != nil && w.Closed {
		return errors.Join(fmt.Errorf("checkpoint over %d records is not published: %w", c.Size, quorum), err)
	}
	return nil
}

var (
	errNoClient  = errors.New("the policy gives no address")
	errAheadOfUs = errors.New("it has seen a longer log than this one: was the data directory put back to an older state?")
	errNotSigned = errors.New("its answer has no good signature of its key")
)

// ask gets the cosignature of one witness. old is the size that it cosigned last, as far as we know.
func (l *Log) ask(ctx context.Context, party *tlog.Party, old *uint64, c *tlog.SignedCheckpoint) (tlog.Signature, error) {
	client := l.o.Witnesses.Clients[party.Name]
	if client == nil {
		return tlog.Signature{}, errNoClient
	}
	nodes := tlog.NewTileNodes(c.Size, newTileDir(l.dir).read)
	for range 3 {
		proof, err := tlog.Consistency(nodes, *old, c.Size)
		if err != nil {
			return tlog.Signature{}, err
		}
		sigs, err := client.AddCheckpoint(ctx, &tlog.AddCheckpoint{Old: *old, Proof: proof, Checkpoint: c})
		var conflict *tlog.ConflictError
		switch {
		case errors.As(err, &conflict) && conflict.Size > c.Size:
			return tlog.Signature{}, errAheadOfUs
		case errors.As(err, &conflict):
			*old = conflict.Size
			continue
		case err != nil:
			return tlog.Signature{}, err
		}
		*old = c.Size
		return pick(sigs, party.Key, &c.Checkpoint)
	}
	return tlog.Signature{}, errors.New("it answers another size each time")
}

// pick is the signature of a key among those of an answer.
func pick(sigs []tlog.Signature, k *tlog.Key, c *Checkpoint) (tlog.Signature, error) {
	for _, s := range sigs {
		one := tlog.SignedCheckpoint{Checkpoint: *c, Note: tlog.Note{Sigs: []tlog.Signature{s}}}
		if signed, err := one.Verify(k); err == nil && len(signed) == 1 && signed[0].Time != 0 {
			return s, nil
		}
	}
	return tlog.Signature{}, errNotSigned
}
