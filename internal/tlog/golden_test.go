package tlog_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	fnote "github.com/transparency-dev/formats/note"
	fproof "github.com/transparency-dev/formats/proof"

	"github.com/reeve-ai/reeve/internal/tlog"
)

// The worked example: entries a, b, c; origin reeve.example/node1; seeds 32 × 0x01 (log, Ed25519), 0x02 (log, ML-DSA-44) and
// 0x03 (witness); time 1790000000. The values were made with independent programs.
const (
	goldenOrigin     = "reeve.example/node1"
	goldenRoot       = "36642e73c2540ab121e3a6bf9545b0a24982cd830eb13d3cd19de3ce6c021ec1"
	goldenLogKey     = "reeve.example/node1+1a175954+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c"
	goldenWitnessKey = "witness.example/w1+d9ed62c5+BO1JKMYo0cLG6ukDOJBZlWEpWSc6XGP5NjbBRhSshzfR"
	goldenProof      = `c2sp.org/tlog-proof@v1
index 1
Aippeebat6pa5MPl5F9+l3ESp+Y1k4INvsHsc4ok+Tw=
WX/LMSgtNGVMIA00GPylcFxkjr8ybsc9jd7xGEH4dtg=

reeve.example/node1
3
NmQuc8JUCrEh46a/lUWwokmCzYMOsT080Z3jzmwCHsE=

— reeve.example/node1 GhdZVK/hJqDCH7rd1tzFyzqGJwI8fZ0dc+C1elDXONtDtRl7IiVH7Xk8e+8Fnb8yjdHcj9g3qx8P8+vojDQdMGIxnAM=
— witness.example/w1 2e1ixQAAAABqsTuAOZKsxJsGVzTBpJFwtvY0nfcX5YJ7zco1p+8fXOt1rAOrV2MyVXPXpzWndRnZc0jXHT/eCdbhpEjf9+kK6OJnBA==
`
)

var goldenTime = time.Unix(1790000000, 0)

func signer(t testing.TB, name string, a tlog.Algorithm, seed byte) *tlog.Signer {
	t.Helper()
	s, err := tlog.NewSigner(name, a, bytes.Repeat([]byte{seed}, tlog.SeedSize))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func goldenSigners(t testing.TB) (log, pq, witness *tlog.Signer) {
	return signer(t, goldenOrigin, tlog.Ed25519, 1), signer(t, goldenOrigin, tlog.MLDSA44, 2),
		signer(t, "witness.example/w1", tlog.CosignatureV1, 3)
}

// store keeps tiles as a directory would.
type store map[tlog.Tile][]byte

func (s store) put(t tlog.Tile, b []byte) error { s[t] = bytes.Clone(b); return nil }

func (s store) read(t tlog.Tile) ([]byte, error) {
	if b, ok := s[t]; ok {
		return b, nil
	}
	return nil, fmt.Errorf("%s: %w", t.Path(), fs.ErrNotExist)
}

func build(t testing.TB, entries ...string) (store, *tlog.Builder) {
	t.Helper()
	s := store{}
	b := tlog.NewBuilder(s.put)
	for _, e := range entries {
		if err := b.Add([]byte(e), tlog.LeafHash([]byte(e))); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Partial(s.put); err != nil {
		t.Fatal(err)
	}
	return s, b
}

func TestGoldenTree(t *testing.T) {
	s, b := build(t, "a", "b", "c")
	for _, tt := range []struct{ name, got, want string }{
		{"leaf a", hexOf(tlog.LeafHash([]byte("a"))), "022a6979e6dab7aa5ae4c3e5e45f7e977112a7e63593820dbec1ec738a24f93c"},
		{"leaf b", hexOf(tlog.LeafHash([]byte("b"))), "57eb35615d47f34ec714cacdf5fd74608a5e8e102724e80b24b287c0c27b6a31"},
		{"leaf c", hexOf(tlog.LeafHash([]byte("c"))), "597fcb31282d34654c200d3418fca5705c648ebf326ec73d8ddef11841f876d8"},
		{"root", hexOf(b.Root()), goldenRoot},
		{"bundle", hex.EncodeToString(s[tlog.Entries(0, 3)]), "000161000162000163"},
		{"tiles", fmt.Sprint(len(s)), "2"},
		{"tile", fmt.Sprint(len(s[tlog.Tile{Level: 0, Width: 3}])), "96"},
	} {
		if tt.got != tt.want {
			t.Errorf("%s = %s, want %s", tt.name, tt.got, tt.want)
		}
	}
	var paths []string
	for tile := range s {
		paths = append(paths, tile.Path())
	}
	if got := strings.Join(paths, " "); !strings.Contains(got, "tile/0/000.p/3") || !strings.Contains(got, "tile/entries/000.p/3") {
		t.Errorf("paths = %s", got)
	}
}

func hexOf(h tlog.Hash) string { return hex.EncodeToString(h[:]) }

func TestGoldenKeys(t *testing.T) {
	log, pq, witness := goldenSigners(t)
	if got := log.Key().String(); got != goldenLogKey {
		t.Errorf("log key %s", got)
	}
	if got := witness.Key().String(); got != goldenWitnessKey {
		t.Errorf("witness key %s", got)
	}
	if pq.Key().ID != 0x358772e1 {
		t.Errorf("ML-DSA key id %08x", pq.Key().ID)
	}
	if got := hexOf(sha256.Sum256(pq.Key().Public)); got != "6e66c2c3c57116351798517f8d7c8d86c6ab57e12236799f00b869ae043a2da3" {
		t.Errorf("ML-DSA public key %s", got)
	}
	for _, s := range []*tlog.Signer{log, pq, witness} {
		again, err := tlog.ParseKey(s.Key().String())
		if err != nil || !again.Equal(s.Key()) {
			t.Errorf("%s: %v", s.Key().Name, err)
		}
	}
}

func TestGoldenSignatures(t *testing.T) {
	log, pq, witness := goldenSigners(t)
	s, b := build(t, "a", "b", "c")
	c := &tlog.Checkpoint{Origin: goldenOrigin, Size: 3, Root: b.Root()}
	signed, err := tlog.SignCheckpoint(c, goldenTime, log, pq, witness)
	if err != nil {
		t.Fatal(err)
	}
	if got := hexOf(sha256.Sum256(signed.Sigs[1].Data[8:])); got != "61b06ec0f2eeb0011137eacd8aa467b69d4cc6339c7553d16ac592d4d49ce411" {
		t.Errorf("ML-DSA signature %s", got)
	}
	if n := len(signed.Marshal()); n != 3582 {
		t.Errorf("checkpoint with three signatures has %d bytes, want 3582", n)
	}
	hashes, err := tlog.Inclusion(tlog.NewTileNodes(3, s.read), 1, 3)
	if err != nil {
		t.Fatal(err)
	}
	proof := tlog.Proof{Index: 1, Hashes: hashes, Checkpoint: signed}
	if n := len(proof.Marshal()); n != 3704 {
		t.Errorf("proof with three signatures has %d bytes, want 3704", n)
	}
	signed.Sigs = append(signed.Sigs[:1:1], signed.Sigs[2])
	if got := string(proof.Marshal()); got != goldenProof {
		t.Errorf("proof:\n%s\nwant:\n%s", got, goldenProof)
	}
	if err := proof.Verify(tlog.LeafHash([]byte("b"))); err != nil {
		t.Error(err)
	}
	if err := proof.Verify(tlog.LeafHash([]byte("a"))); err == nil {
		t.Error("another leaf has the same proof")
	}
	if err := proof.Verify(sha256.Sum256([]byte("b"))); err == nil {
		t.Error("a hash without the prefix of leaves passes")
	}
}

// TestOthersAccept holds what we sign against the libraries of others.
func TestOthersAccept(t *testing.T) {
	log, pq, witness := goldenSigners(t)
	pqWitness := signer(t, "witness.example/w2", tlog.MLDSA44, 9)
	_, b := build(t, "a", "b", "c")
	c := &tlog.Checkpoint{Origin: goldenOrigin, Size: 3, Root: b.Root()}
	signed, err := tlog.SignCheckpoint(c, goldenTime, log, pq, witness, pqWitness)
	if err != nil {
		t.Fatal(err)
	}
	v1, err1 := note.NewVerifier(log.Key().String())
	v2, err2 := fnote.NewMLDSAVerifier(pq.Key().String())
	v3, err3 := fnote.NewVerifierForCosignatureV1(witness.Key().String())
	v4, err4 := fnote.NewMLDSAVerifier(pqWitness.Key().String())
	for _, err := range []error{err1, err2, err3, err4} {
		if err != nil {
			t.Fatal(err)
		}
	}
	n, err := note.Open(signed.Marshal(), note.VerifierList(v1, v2, v3, v4))
	if err != nil {
		t.Fatal(err)
	}
	if len(n.Sigs) != 4 || len(n.UnverifiedSigs) != 0 || n.Text != c.Body() {
		t.Errorf("%d signatures verified, %d not", len(n.Sigs), len(n.UnverifiedSigs))
	}
	p := tlog.Proof{Extra: []byte("b"), Index: 1, Hashes: make([]tlog.Hash, 2), Checkpoint: signed}
	var theirs fproof.TLogProof
	if err := theirs.Unmarshal(p.Marshal()); err != nil || !bytes.Equal(theirs.Marshal(), p.Marshal()) {
		t.Errorf("proof file: %v", err)
	}
}
