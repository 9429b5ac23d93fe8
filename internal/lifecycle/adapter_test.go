package lifecycle

import (
	"context"
	"fmt"

	"github.com/reeve-ai/reeve/internal/custody"
)

// testLog stands in for what the log does not do by itself yet.
type testLog struct{ *custody.Log }

func (testLog) DropPayloads(context.Context, []uint64) error { return nil }
func (testLog) Published(context.Context, uint64) error      { return nil }
func (l testLog) Prover() (Prover, error)                    { return testProver{}, nil }

type testProver struct{}

func (testProver) Origin() string     { return "test" }
func (testProver) Size() uint64       { return 1 }
func (testProver) Close() error       { return nil }
func (testProver) Checkpoint() []byte { return []byte("checkpoint") }
func (testProver) Prove(seq uint64) ([]byte, error) {
	return []byte(fmt.Sprintf("c2sp.org/tlog-proof@v1\nindex %d\n", seq)), nil
}
