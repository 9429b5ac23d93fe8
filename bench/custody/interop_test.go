package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/transparency-dev/formats/log"
	fproof "github.com/transparency-dev/formats/proof"
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/fsck"
	"golang.org/x/mod/sumdb/note"

	"github.com/reeve-ai/reeve/internal/custody"
	"github.com/reeve-ai/reeve/internal/keyring"
	"github.com/reeve-ai/reeve/internal/tlog"
)

// directory writes a log and returns its custody directory.
func directory(t *testing.T, n int) (data, dir string) {
	t.Helper()
	data = t.TempDir()
	ring, err := keyring.Open(keyring.Options{Dir: data})
	if err != nil {
		t.Fatal(err)
	}
	l, err := custody.Open(custody.Options{Dir: data, Keys: ring, Origin: "reeve.example/node1", CheckpointEvery: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		err := l.OutcomeAsync(&custody.Outcome{
			ID: custody.NewID(time.Now()), Start: time.Now(), Result: "ok", Request: &custody.Request{Subject: "s", Route: "openai.chat"},
			Input: fmt.Appendf(nil, "question %d", i),
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := ring.Close(); err != nil {
		t.Fatal(err)
	}
	return data, filepath.Join(data, "custody")
}

// hashes is the leaf hashes of a bundle, as Tessera wants them.
func hashes(bundle []byte) ([][]byte, error) {
	var b api.EntryBundle
	if err := b.UnmarshalText(bundle); err != nil {
		return nil, err
	}
	var out [][]byte
	for _, e := range b.Entries {
		h := tlog.LeafHash(e)
		out = append(out, h[:])
	}
	return out, nil
}

// TestTessera: Tessera's own checker and client accept a custody directory as it is, and notice a changed tile.
func TestTessera(t *testing.T) {
	for _, n := range []int{1, 255, 256, 700} {
		data, dir := directory(t, n)
		pub, err := os.ReadFile(filepath.Join(dir, "log.pub"))
		if err != nil {
			t.Fatal(err)
		}
		first, _, _ := strings.Cut(string(pub), "\n")
		v, err := note.NewVerifier(first)
		if err != nil {
			t.Fatal(err)
		}
		ctx, f := context.Background(), client.FileFetcher{Root: dir}
		if err := fsck.New(v.Name(), v, f, hashes, fsck.Opts{N: 2}).Check(ctx); err != nil {
			t.Errorf("fsck of %d: %v", n, err)
		}
		cp, _, _, err := client.FetchCheckpoint(ctx, f.ReadCheckpoint, v, v.Name())
		if err != nil || cp.Size != uint64(n) {
			t.Fatalf("checkpoint of %d: %v", n, err)
		}
		theirs(t, ctx, data, f, cp, v)
		if n < 256 {
			continue
		}
		path := filepath.Join(dir, "tile/0/000")
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		b[100] ^= 1
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := fsck.New(v.Name(), v, f, hashes, fsck.Opts{N: 2}).Check(ctx); err == nil {
			t.Error("fsck finds nothing in a changed tile")
		}
	}
}

// theirs holds our proofs against those of Tessera's client, and our proof file against the reader of formats.
func theirs(t *testing.T, ctx context.Context, data string, f client.FileFetcher, cp *log.Checkpoint, v note.Verifier) {
	t.Helper()
	pb, err := client.NewProofBuilder(ctx, cp.Size, f.ReadTile)
	if err != nil {
		t.Fatal(err)
	}
	p, err := custody.OpenProver(data)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	for seq := uint64(0); seq < cp.Size; seq += 1 + cp.Size/7 {
		want, err := pb.InclusionProof(ctx, seq)
		if err != nil {
			t.Fatal(err)
		}
		got, err := p.Prove(seq)
		if err != nil || len(got.Hashes) != len(want) {
			t.Fatalf("record %d: %v", seq, err)
		}
		for i := range want {
			if !bytes.Equal(want[i], got.Hashes[i][:]) {
				t.Errorf("record %d: hash %d differs", seq, i)
			}
		}
		var file fproof.TLogProof
		if err := file.Unmarshal(got.Marshal()); err != nil || file.Index != seq {
			t.Errorf("record %d: %v", seq, err)
		}
		if _, _, _, err := log.ParseCheckpoint(file.Checkpoint, v.Name(), v); err != nil {
			t.Error(err)
		}
	}
}
