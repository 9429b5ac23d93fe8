package custody

import (
	"bytes"
	"testing"
	"time"

	"github.com/reeve-ai/reeve/internal/tlog"
)

func testSigners(t testing.TB, origin string, ed, mldsa byte) []*tlog.Signer {
	t.Helper()
	s, err := signersOf(origin, bytes.Repeat([]byte{ed}, 32), bytes.Repeat([]byte{mldsa}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestCheckpointFlipped changes every bit of a checkpoint with both signatures, and of the file of keys.
func TestCheckpointFlipped(t *testing.T) {
	signers := testSigners(t, "reeve.example/node1", 1, 2)
	c := &Checkpoint{Origin: "reeve.example/node1", Size: 3, Root: leafOf([]byte("x"))}
	text, err := signCheckpoint(c, time.Unix(1790000000, 0), signers)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := ParseLogKeys(logKeys(signers))
	if err != nil || len(keys) != 2 {
		t.Fatal(err)
	}
	if got, err := openCheckpoint(text, keys); err != nil || got.Size != 3 {
		t.Fatalf("%+v %v", got, err)
	}
	for i := range text {
		if i > 400 && i%53 != 0 { // the rest of the long signature is one piece
			continue
		}
		for bit := range 8 {
			b := bytes.Clone(text)
			b[i] ^= 1 << bit
			if _, err := openCheckpoint(b, keys); err == nil {
				t.Errorf("byte %d bit %d was flipped and nobody noticed", i, bit)
			}
		}
	}
	file := logKeys(signers)
	for i := range file {
		for bit := range 8 {
			b := bytes.Clone(file)
			b[i] ^= 1 << bit
			if _, err := ParseLogKeys(b); err == nil {
				t.Errorf("byte %d bit %d of the keys was flipped and nobody noticed", i, bit)
			}
		}
	}
}

// TestCheckpointRefused: what is a checkpoint all the same, but none of this log.
func TestCheckpointRefused(t *testing.T) {
	signers := testSigners(t, "reeve.example/node1", 1, 2)
	now := time.Unix(1790000000, 0)
	keys := []*tlog.Key{signers[0].Key(), signers[1].Key()}
	sign := func(c *Checkpoint, s ...*tlog.Signer) []byte {
		b, err := signCheckpoint(c, now, s)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for name, b := range map[string][]byte{
		"one signature only": sign(&Checkpoint{Origin: "reeve.example/node1", Size: 1}, signers[0]),
		"the other only":     sign(&Checkpoint{Origin: "reeve.example/node1", Size: 1}, signers[1]),
		"extension lines":    sign(&Checkpoint{Origin: "reeve.example/node1", Size: 1, Extensions: []string{"x"}}, signers...),
		"another origin":     sign(&Checkpoint{Origin: "reeve.example/node2", Size: 1}, signers...),
		"other keys":         sign(&Checkpoint{Origin: "reeve.example/node1", Size: 1}, testSigners(t, "reeve.example/node1", 3, 4)...),
	} {
		if _, err := openCheckpoint(b, keys); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
