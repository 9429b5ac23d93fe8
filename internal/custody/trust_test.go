package custody

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/reeve-ai/reeve/internal/tlog"
	"github.com/reeve-ai/reeve/internal/witness"
)

func cosigners(t testing.TB, name string, seed byte) []*tlog.Signer {
	t.Helper()
	a, err1 := tlog.NewSigner(name, tlog.CosignatureV1, bytes.Repeat([]byte{seed}, 32))
	b, err2 := tlog.NewSigner(name, tlog.MLDSA44, bytes.Repeat([]byte{seed + 1}, 32))
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	return []*tlog.Signer{a, b}
}

// TestWitnesses: with fail closed nothing is published without the quorum, with fail open it is; a log that went back gets
// no cosignature any more.
func TestWitnesses(t *testing.T) {
	dir := t.TempDir()
	l := openLog(t, dir, func(o *Options) { o.FS = quickFS{} })
	var logs []*tlog.Key
	policy := ""
	for _, s := range l.integrator.signers {
		logs = append(logs, s.Key())
		policy += "log " + s.Key().String() + "\n"
	}
	signers := cosigners(t, "witness.example/w", 50)
	w, err := witness.Open(witness.Options{Dir: t.TempDir(), Logs: logs, Signers: signers})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	web := httptest.NewServer(w)
	defer web.Close()
	policy += fmt.Sprintf("witness a %s\nwitness b %s\ngroup g all a b\nquorum g\n", signers[0].Key(), signers[1].Key())
	p, err := tlog.ParsePolicy([]byte(policy))
	if err != nil {
		t.Fatal(err)
	}
	client := witness.NewClient(web.URL, nil)
	l.o.Witnesses = Witnesses{Policy: p, Closed: true, Clients: map[string]Witness{"a": client}, Timeout: 10 * time.Second}
	fill(t, l, 0, 299)
	if err := l.checkpoint(); !errors.Is(err, tlog.ErrQuorum) || l.signed.Load() != 0 {
		t.Fatalf("published without the quorum: %v", err)
	}
	l.o.Witnesses.Closed = false
	if err := l.checkpoint(); err != nil || l.signed.Load() != 300 || l.Stats().WitnessFailures == 0 || l.Stats().LastError == "" {
		t.Fatalf("fail open: %v, %+v", err, l.Stats())
	}
	if r, err := Verify(dir, VerifyOptions{Policy: p}); err != nil || r.OK {
		t.Errorf("one cosignature of two: %v %+v", err, r)
	}
	l.o.Witnesses.Closed, l.o.Witnesses.Clients["b"] = true, client
	fill(t, l, 300, 9)
	if err := l.checkpoint(); err != nil || l.Stats().LastError != "" {
		t.Fatal(err, l.Stats().LastError)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := Verify(dir, VerifyOptions{Policy: p})
	if err != nil || !r.OK || len(r.Cosigned) != 2 || len(r.Notes) != 0 {
		t.Errorf("cosigned: %v %+v", err, r)
	}
	if r := mustVerify(t, dir); !r.OK || len(r.Notes) != 1 {
		t.Errorf("without a policy the cosignatures are not checked: %+v", r)
	}
	// The same log anew, shorter: what an older copy of the disk would be.
	old := openLog(t, t.TempDir(), func(o *Options) { o.FS, o.Keys, o.Origin = quickFS{}, l.o.Keys, l.o.Origin })
	old.o.Witnesses = l.o.Witnesses
	fill(t, old, 0, 19)
	if err := old.checkpoint(); !errors.Is(err, errAheadOfUs) || old.signed.Load() != 0 {
		t.Errorf("a log that went back: %v", err)
	}
}

// TestSince: a checkpoint that was kept shows that the log went back or forked, even where it was signed anew with its own key.
func TestSince(t *testing.T) {
	keys := openRing(t, t.TempDir())
	grown := func(n int, first string) (string, []byte) {
		dir := t.TempDir()
		l := openLog(t, dir, func(o *Options) { o.FS, o.Keys, o.Origin = quickFS{}, keys, "reeve.example/node1" })
		if err := l.Admin(&Admin{Act: first}); err != nil {
			t.Fatal(err)
		}
		fill(t, l, 0, n)
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(filepath.Join(dir, "custody", checkpointFile))
		if err != nil {
			t.Fatal(err)
		}
		return dir, b
	}
	dir, kept := grown(30, "first")
	l := openLog(t, dir, func(o *Options) { o.FS, o.Keys = quickFS{}, keys })
	fill(t, l, 100, 300)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if r, err := Verify(dir, VerifyOptions{Since: kept}); err != nil || !r.OK || r.Since == nil {
		t.Errorf("a log that grew: %v %+v", err, r)
	}
	fork, _ := grown(50, "other")
	if r, err := Verify(fork, VerifyOptions{Since: kept}); err != nil || r.OK || !strings.Contains(fmt.Sprint(r.Problems), "forked") {
		t.Errorf("a fork: %v %+v", err, r)
	}
	back, _ := grown(3, "first")
	if r, err := Verify(back, VerifyOptions{Since: kept}); err != nil || r.OK || !strings.Contains(fmt.Sprint(r.Problems), "went back") {
		t.Errorf("a rollback: %v %+v", err, r)
	}
}

// TestClockWentBack names the first record that says an earlier time than one before it.
func TestClockWentBack(t *testing.T) {
	dir := t.TempDir()
	l := openLog(t, dir, func(o *Options) { o.FS, o.SegmentBytes = quickFS{}, 64<<10 })
	at := time.Now()
	for i := range 200 {
		o := alone(i)
		o.Start = at.Add(time.Duration(i) * time.Second)
		if i >= 150 {
			o.Start = o.Start.Add(-time.Hour)
		}
		if err := l.Outcome(o); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if r := mustVerify(t, dir); r.OK || *r.FirstBad != 150 || !strings.Contains(r.Problems[0].Message, "the clock went back") {
		t.Errorf("%+v", r)
	}
}

// TestCollect mirrors a log as it grows and takes nothing over from one that forked, went back or has another key.
func TestCollect(t *testing.T) {
	keys, view := openRing(t, t.TempDir()), t.TempDir()
	signers := cosigners(t, "collector.example/c", 60)
	log := func(dir string, from, n int) string {
		l := openLog(t, dir, func(o *Options) { o.FS, o.Keys, o.Origin = quickFS{}, keys, "reeve.example/node1" })
		fill(t, l, from, n)
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	collect := func(dir string) (*Shard, error) { return Collect(view, DirShard(dir), signers, nil, time.Now()) }
	dir := log(t.TempDir(), 0, 299)
	if s, err := collect(dir); err != nil || s.Size != 300 || s.Old != 0 {
		t.Fatalf("%+v %v", s, err)
	}
	log(dir, 300, 399)
	s, err := collect(dir)
	if err != nil || s.Size != 700 || s.Old != 300 {
		t.Fatalf("%+v %v", s, err)
	}
	want, got := tilesOf(t, dir), map[string]string{}
	for name := range want {
		b, err := os.ReadFile(filepath.Join(view, s.Folder, name))
		if err != nil {
			t.Fatal(err)
		}
		got[name] = string(b)
		if got[name] != want[name] {
			t.Errorf("%s differs in the view", name)
		}
	}
	for _, bad := range []string{log(t.TempDir(), 5000, 800), log(t.TempDir(), 0, 9)} {
		if s, err := collect(bad); !errors.Is(err, ErrShard) || s.Problem == "" {
			t.Errorf("a fork or a rollback is taken over: %v", err)
		}
	}
	keys = openRing(t, t.TempDir())
	if _, err := collect(log(t.TempDir(), 0, 800)); !errors.Is(err, ErrShard) {
		t.Errorf("another key is taken over: %v", err)
	}
	if s, err := collect(dir); err != nil || s.Size != 700 {
		t.Errorf("the view was changed: %+v %v", s, err)
	}
	if err := flipFile(filepath.Join(view, s.Folder, checkpointFile), 60); err != nil {
		t.Fatal(err)
	}
	if _, err := collect(dir); err == nil {
		t.Error("a changed mirror is not noticed")
	}
}

// bundleOf writes a bundle by hand, as docs/custody-format.md says.
func bundleOf(t testing.TB, data string, from, to uint64) string {
	t.Helper()
	p, err := OpenProver(data)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	dir := t.TempDir()
	m := map[string]any{"schema_version": 1, "kind": "range", "origin": p.Checkpoint().Origin, "size": p.Checkpoint().Size, "from": from, "to": to, "records": to - from}
	var list []map[string]any
	put := func(name string, b []byte) {
		if err := errors.Join(os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700), os.WriteFile(filepath.Join(dir, name), b, 0o600)); err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(b)
		list = append(list, map[string]any{"path": name, "bytes": len(b), "sha256": hex.EncodeToString(sum[:])})
	}
	var lines []byte
	for seq := from; seq < to; seq++ {
		s, err := p.Reader().Record(seq)
		if err != nil {
			t.Fatal(err)
		}
		hash := s.Hash()
		line, err := json.Marshal(map[string]any{"seq": seq, "id": s.ID.String(), "kind": s.Kind, "leaf": s.Leaf, "hash": hex.EncodeToString(hash[:])})
		if err != nil {
			t.Fatal(err)
		}
		lines = append(append(lines, line...), '\n')
		proof, err := p.Prove(seq)
		if err != nil {
			t.Fatal(err)
		}
		put(fmt.Sprintf("proofs/%d.tlog-proof", seq), proof.Marshal())
	}
	put("records.jsonl", lines)
	put("checkpoint", p.Checkpoint().Marshal())
	pub, err := os.ReadFile(filepath.Join(data, "custody", logKeyFile))
	if err != nil {
		t.Fatal(err)
	}
	put("log.pub", pub)
	m["files"] = list
	b, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, manifestFile), b, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestBundle verifies a bundle, and one in which each file was changed, removed or added.
func TestBundle(t *testing.T) {
	data := t.TempDir()
	l := openLog(t, data, func(o *Options) { o.FS = quickFS{} })
	fill(t, l, 0, 29)
	if err := l.Published(context.Background(), 29); err != nil {
		t.Fatal(err)
	}
	dir := bundleOf(t, data, 5, 15)
	r, err := VerifyPath(dir, VerifyOptions{})
	if err != nil || !r.OK || r.Leaves != 10 || r.Checkpoint != 30 {
		t.Fatalf("%v %+v", err, r)
	}
	if r, err := VerifyPath(dir, VerifyOptions{Key: cosigners(t, "reeve.example/x", 90)[1].Key().String()}); err != nil || r.OK {
		t.Errorf("another key: %v %+v", err, r)
	}
	for _, name := range []string{"records.jsonl", "checkpoint", "log.pub", manifestFile, "proofs/7.tlog-proof"} {
		path := filepath.Join(dir, name)
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for at := 0; at < len(whole); at += 41 {
			b := bytes.Clone(whole)
			b[at] ^= 1
			if err := os.WriteFile(path, b, 0o600); err != nil {
				t.Fatal(err)
			}
			if r, err := VerifyBundle(dir, VerifyOptions{}); err == nil && r.OK && name != manifestFile {
				t.Errorf("%s: byte %d changed and not noticed", name, at)
			}
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if r, err := VerifyBundle(dir, VerifyOptions{}); err == nil && r.OK {
			t.Errorf("%s removed and not noticed", name)
		}
		if err := os.WriteFile(path, whole, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "more"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if r, err := VerifyBundle(dir, VerifyOptions{}); err != nil || r.OK {
		t.Errorf("a file added: %v %+v", err, r)
	}
}

// TestBundleTexts: a text is held against the commitment in the leaf.
func TestBundleTexts(t *testing.T) {
	salt, text := bytes.Repeat([]byte{7}, 32), "what was asked"
	m := hmac.New(sha256.New, salt)
	m.Write([]byte(text))
	leaf := fmt.Appendf(nil, `{"c_prompt":"%s"}`, base64.RawURLEncoding.EncodeToString(m.Sum(nil)))
	other := "something else"
	for _, tt := range []struct {
		name string
		line bundleLine
		good bool
	}{
		{"as recorded", bundleLine{Leaf: leaf, Salt: salt, Input: &text}, true},
		{"in base64", bundleLine{Leaf: leaf, Salt: salt, InputBase64: []byte(text)}, true},
		{"no text at all", bundleLine{Leaf: leaf}, true},
		{"erased", bundleLine{Leaf: leaf, Erased: true}, true},
		{"another text", bundleLine{Leaf: leaf, Salt: salt, Input: &other}, false},
		{"no salt", bundleLine{Leaf: leaf, Input: &text}, false},
		{"a text too much", bundleLine{Leaf: leaf, Salt: salt, Input: &text, Output: &text}, false},
		{"left out", bundleLine{Leaf: leaf, Salt: salt}, false},
	} {
		if err := tt.line.texts(); (err == nil) != tt.good {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}
