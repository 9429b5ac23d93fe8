package lifecycle

import "github.com/reeve-ai/reeve/internal/custody"

// provable is the log with its proofs, as cmd/reeve hands it in.
type provable struct {
	*custody.Log
	dir string
}

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
func (p prover) Prove(seq uint64) ([]byte, error) {
	proof, err := p.p.Prove(seq)
	if err != nil {
		return nil, err
	}
	return proof.Marshal(), nil
}
