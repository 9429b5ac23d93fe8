package people

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"math/bits"

	"github.com/reeve-ai/reeve/internal/custody"
	"github.com/reeve-ai/reeve/internal/keyring"
)

// sampler draws exchanges: a keyed hash of the id is as good as a coin that is thrown once for each exchange, independently of
// everything in it. Who does not have the key cannot tell which exchanges are drawn, and who asks again gets the same answer.
type sampler struct{ key []byte }

func newSampler(keys *keyring.Ring, purpose string) (sampler, error) {
	key, err := keys.Derive(purpose)
	return sampler{key}, err
}

// draw is uniform over [0, Whole): below a share with exactly the probability of the share, to within 2⁻⁴⁴.
func (s sampler) draw(id custody.ID) int64 {
	m := hmac.New(sha256.New, s.key)
	m.Write(id[:])
	var sum [sha256.Size]byte
	hi, _ := bits.Mul64(binary.BigEndian.Uint64(m.Sum(sum[:0])), Whole)
	return int64(hi) //nolint:gosec // below Whole
}
