package lifecycle

import (
	"github.com/reeve-ai/reeve/internal/custody"
	"github.com/reeve-ai/reeve/internal/tlog"
)

// Provable is the log of a data directory together with the proofs of its records.
func Provable(log *custody.Log, dir string) Log { return provable{log, dir} }

type provable struct {
	*custody.Log
	dir string
}

// Prover implements Log.
func (p provable) Prover() (Prover, error) {
	open, err := custody.OpenProver(p.dir)
	if err != nil {
		return nil, err
	}
	return prover{open}, nil
}

type prover struct{ p *custody.Prover }

func (p prover) Origin() string     { return p.p.Checkpoint().Origin }
func (p prover) Size() uint64       { return p.p.Checkpoint().Size }
func (p prover) Checkpoint() []byte { return p.p.Checkpoint().Marshal() }
func (p prover) Close() error       { return p.p.Close() }

// Prove implements Prover. The extra data of the proof is the leaf, so that the file can be checked alone.
func (p prover) Prove(seq uint64, leaf []byte) ([]byte, error) {
	hashes, err := p.p.Hashes(seq, leaf)
	if err != nil {
		return nil, err
	}
	return (&tlog.Proof{Extra: leaf, Index: seq, Hashes: hashes, Checkpoint: p.p.Checkpoint()}).Marshal(), nil
}
