package witness

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/reeve-ai/reeve/internal/tlog"
)

const origin = "reeve.example/node1"

func signer(t testing.TB, name string, a tlog.Algorithm, seed byte) *tlog.Signer {
	t.Helper()
	s, err := tlog.NewSigner(name, a, bytes.Repeat([]byte{seed}, tlog.SeedSize))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// history is a log in memory.
type history struct {
	signer *tlog.Signer
	nodes  *tlog.TileNodes
	roots  []tlog.Hash
}

func newHistory(t testing.TB, word string, n int) *history {
	t.Helper()
	h := &history{signer: signer(t, origin, tlog.Ed25519, 1)}
	tiles := map[tlog.Tile][]byte{}
	put := func(tile tlog.Tile, b []byte) error { tiles[tile] = bytes.Clone(b); return nil }
	b := tlog.NewBuilder(put)
	h.roots = append(h.roots, b.Root())
	for i := range n {
		e := fmt.Appendf(nil, "%s %d", word, i)
		if err := b.Add(e, tlog.LeafHash(e)); err != nil {
			t.Fatal(err)
		}
		h.roots = append(h.roots, b.Root())
	}
	if err := b.Partial(put); err != nil {
		t.Fatal(err)
	}
	h.nodes = tlog.NewTileNodes(uint64(n), func(tile tlog.Tile) ([]byte, error) { return tiles[tile], nil })
	return h
}

func (h *history) message(t testing.TB, old, size uint64) *tlog.AddCheckpoint {
	t.Helper()
	c, err := tlog.SignCheckpoint(&tlog.Checkpoint{Origin: origin, Size: size, Root: h.roots[size]}, time.Unix(1790000000, 0), h.signer)
	if err != nil {
		t.Fatal(err)
	}
	a := &tlog.AddCheckpoint{Old: old, Checkpoint: c}
	if old <= size {
		if a.Proof, err = tlog.Consistency(h.nodes, old, size); err != nil {
			t.Fatal(err)
		}
	}
	return a
}

func options(t testing.TB, dir string) Options {
	return Options{
		Dir: dir, Logs: []*tlog.Key{signer(t, origin, tlog.Ed25519, 1).Key()},
		Signers: []*tlog.Signer{signer(t, "witness.example/w", tlog.CosignatureV1, 3), signer(t, "witness.example/w", tlog.MLDSA44, 4)},
		Clock:   func() time.Time { return time.Unix(1790000001, 0) },
	}
}

func start(t testing.TB, o Options) (*Server, *Client) {
	t.Helper()
	s, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	h := httptest.NewServer(s)
	t.Cleanup(func() { h.Close(); _ = s.Close() })
	return s, NewClient(h.URL+"/", nil)
}

func TestCosign(t *testing.T) {
	h := newHistory(t, "leaf", 300)
	o := options(t, t.TempDir())
	_, c := start(t, o)
	for _, step := range [][2]uint64{{0, 0}, {0, 1}, {1, 1}, {1, 7}, {7, 256}, {256, 300}} {
		a := h.message(t, step[0], step[1])
		sigs, err := c.AddCheckpoint(context.Background(), a)
		if err != nil {
			t.Fatalf("%v: %v", step, err)
		}
		a.Checkpoint.Sigs = append(a.Checkpoint.Sigs, sigs...)
		keys := []*tlog.Key{o.Signers[0].Key(), o.Signers[1].Key()}
		if err := a.Checkpoint.VerifyAll(keys...); err != nil {
			t.Errorf("%v: %v", step, err)
		}
		signed, _ := a.Checkpoint.Verify(keys...)
		if len(signed) != 2 || signed[0].Time != 1790000001 {
			t.Errorf("%v: signed %v", step, signed)
		}
	}
	sum := sha256.Sum256([]byte(origin))
	resp, err := http.Get(c.url + "/" + hex.EncodeToString(sum[:]) + "/checkpoint")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	if last, err := tlog.ParseCheckpoint(b); err != nil || last.Size != 300 || len(last.Sigs) != 3 {
		t.Errorf("last checkpoint: %v %s", err, b)
	}
}

// TestRefusals gives each status its case, on a witness that stands at 7 leaves.
func TestRefusals(t *testing.T) {
	h, fork := newHistory(t, "leaf", 20), newHistory(t, "fork", 20)
	change := func(a *tlog.AddCheckpoint, f func(*tlog.AddCheckpoint)) string { f(a); return string(a.Marshal()) }
	foreign := signer(t, origin, tlog.Ed25519, 9)
	for _, tt := range []struct {
		name, body string
		code       int
		answer     string
	}{
		{"not a message", "old x\n\n", 400, ""},
		{"old larger than the checkpoint", string(h.message(t, 9, 8).Marshal()), 400, ""},
		{"unknown log", strings.ReplaceAll(string(h.message(t, 7, 8).Marshal()), origin, "reeve.example/other"), 404, ""},
		{"signed by another key", change(h.message(t, 7, 8), func(a *tlog.AddCheckpoint) {
			a.Checkpoint, _ = tlog.SignCheckpoint(&a.Checkpoint.Checkpoint, time.Unix(1, 0), foreign)
		}), 403, ""},
		{"a wrong signature of the log's key", change(h.message(t, 7, 8), func(a *tlog.AddCheckpoint) { a.Checkpoint.Sigs[0].Data[3] ^= 1 }), 403, ""},
		{"the log believes another size", string(h.message(t, 5, 8).Marshal()), 409, "7\n"},
		{"the log went back", string(h.message(t, 0, 3).Marshal()), 409, "7\n"},
		{"a fork", string(fork.message(t, 7, 12).Marshal()), 422, ""},
		{"another root at the same size", string(fork.message(t, 7, 7).Marshal()), 422, ""},
		{"no proof", change(h.message(t, 7, 12), func(a *tlog.AddCheckpoint) { a.Proof = nil }), 422, ""},
		{"a proof with too much", change(h.message(t, 7, 12), func(a *tlog.AddCheckpoint) { a.Proof = append(a.Proof, tlog.Hash{}) }), 422, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := options(t, t.TempDir())
			var told []Event
			o.Told = func(e Event) { told = append(told, e) }
			_, c := start(t, o)
			if _, err := c.AddCheckpoint(context.Background(), h.message(t, 0, 7)); err != nil {
				t.Fatal(err)
			}
			resp, err := http.Post(c.url+"/add-checkpoint", "text/plain", strings.NewReader(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			b, _ := io.ReadAll(resp.Body)
			if resp.StatusCode != tt.code || tt.answer != "" && (string(b) != tt.answer || resp.Header.Get("Content-Type") != tlog.SizeType) {
				t.Errorf("answer %d %q", resp.StatusCode, b)
			}
			if tt.code != 404 && tt.name != "not a message" && (len(told) != 2 || told[1].Code != tt.code || told[1].Old != 7) {
				t.Errorf("told %+v", told)
			}
			if _, err := c.AddCheckpoint(context.Background(), h.message(t, 7, 20)); err != nil {
				t.Errorf("the refusal changed the state: %v", err)
			}
		})
	}
	_, c := start(t, options(t, t.TempDir()))
	for _, tt := range []struct {
		name string
		a    *tlog.AddCheckpoint
	}{
		{"a proof from nothing", func() *tlog.AddCheckpoint {
			a := h.message(t, 0, 7)
			a.Proof = []tlog.Hash{{}}
			return a
		}()},
		{"no leaves and a root", func() *tlog.AddCheckpoint {
			c, _ := tlog.SignCheckpoint(&tlog.Checkpoint{Origin: origin}, time.Unix(1, 0), h.signer)
			return &tlog.AddCheckpoint{Checkpoint: c}
		}()},
	} {
		var status *StatusError
		if _, err := c.AddCheckpoint(context.Background(), tt.a); !errors.As(err, &status) || status.Code != 422 {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

// TestState: what was cosigned is on the disk before the answer, and is what the witness begins with again.
func TestState(t *testing.T) {
	h := newHistory(t, "leaf", 20)
	o := options(t, t.TempDir())
	s, c := start(t, o)
	if _, err := c.AddCheckpoint(context.Background(), h.message(t, 0, 7)); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(o); !errors.Is(err, ErrInUse) {
		t.Errorf("opened twice: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	failing := o
	failing.write = func(string, []byte) error { return errors.New("disk is full") }
	s, c = start(t, failing)
	var status *StatusError
	if sigs, err := c.AddCheckpoint(context.Background(), h.message(t, 7, 9)); !errors.As(err, &status) || status.Code != 503 || sigs != nil {
		t.Errorf("not durable and cosigned: %v", err)
	}
	var conflict *tlog.ConflictError
	if _, err := c.AddCheckpoint(context.Background(), h.message(t, 9, 10)); !errors.As(err, &conflict) || conflict.Size != 7 {
		t.Errorf("state after a failed write: %v", err)
	}
	_ = s.Close()
	files, err := filepath.Glob(filepath.Join(o.Dir, "state", "*"))
	if err != nil || len(files) != 1 {
		t.Fatalf("state: %v %v", files, err)
	}
	whole, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range [][]byte{nil, whole[:len(whole)-1], bytes.Replace(whole, []byte("\n7\n"), []byte("\n6\n"), 1), h.message(t, 0, 3).Checkpoint.Marshal()} {
		if err := os.WriteFile(files[0], bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if s, err := Open(o); err == nil {
			_ = s.Close()
			t.Errorf("opened with the state %q", bad)
		}
	}
}

// TestRace: of two histories that come at once only one is cosigned.
func TestRace(t *testing.T) {
	h, fork := newHistory(t, "leaf", 20), newHistory(t, "fork", 20)
	_, c := start(t, options(t, t.TempDir()))
	var wg sync.WaitGroup
	var mu sync.Mutex
	good := 0
	for i := range 8 {
		a := h.message(t, 0, 10)
		if i%2 == 1 {
			a = fork.message(t, 0, 10)
		}
		wg.Go(func() {
			if _, err := c.AddCheckpoint(context.Background(), a); err == nil {
				mu.Lock()
				good++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if good != 1 {
		t.Errorf("%d of 8 were cosigned", good)
	}
}

// TestClientAnswers: whatever a witness answers, the client neither believes nor keeps too much of it.
func TestClientAnswers(t *testing.T) {
	for _, tt := range []struct {
		code        int
		media, body string
	}{
		{200, "", ""},
		{200, "", "— a AAAAAAA="},
		{200, "", "hello\n"},
		{200, "", strings.Repeat("— a AAAAAAA=\n", 10000)},
		{409, "text/plain", "7\n"},
		{409, tlog.SizeType, "07\n"},
		{409, tlog.SizeType, "-1\n"},
		{302, "", ""},
		{500, "", ""},
	} {
		h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", tt.media)
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(tt.code)
			_, _ = io.WriteString(w, tt.body)
		}))
		sigs, err := NewClient(h.URL, nil).AddCheckpoint(context.Background(), newHistory(t, "x", 1).message(t, 0, 1))
		h.Close()
		var conflict *tlog.ConflictError
		if err == nil || errors.As(err, &conflict) {
			t.Errorf("%d %q: %v %v", tt.code, tt.body[:min(20, len(tt.body))], sigs, err)
		}
	}
}
