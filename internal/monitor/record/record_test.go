package record

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/custody"
	"github.com/reeve-ai/reeve/internal/keyring"
)

// realLeaves are leaves that the log wrote, of exchanges and of events.
func realLeaves(t testing.TB) (out []custody.Stored) {
	t.Helper()
	dir := t.TempDir()
	ring, err := keyring.Open(keyring.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer ring.Close()
	log, err := custody.Open(custody.Options{Dir: dir, Keys: ring})
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	now := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	req := custody.Request{
		Subject: "s", Route: "/api/chat", Dialect: "ollama", Op: "chat", Model: "llama", Upstream: "local", Stream: true, LabelIn: "confidential{HEALTH,PII}", Policy: "p",
		TraceID: "0af7651916cd43dd8448eb211c80319c", SpanID: "b7ad6b7169203331",
		GuardIn: []custody.GuardResult{{Rule: "pii/email", Stage: "in", Action: reeve.Mask, Count: 3}, {Rule: "secrets/key", Stage: "in", Action: reeve.Block, Count: 1}},
	}
	outcome := custody.Outcome{
		Start: now, End: now.Add(time.Second), Request: &req, Result: "blocked", Refusal: "blocked_by_policy", Rule: "secrets/key", HTTPStatus: 403, Finish: "stop", LabelOut: "restricted",
		GuardOut: []custody.GuardResult{{Rule: "pii/iban", Stage: "stream", Action: reeve.Mask, Count: 1}}, TokensIn: 2, TokensOut: 3, QueueTime: 4 * time.Millisecond, FirstChunk: time.Millisecond,
		UpstreamTime: 6 * time.Millisecond, GuardTime: 7 * time.Millisecond, CustodyTime: 8 * time.Millisecond, Output: []byte("out"),
	}
	both, alone := outcome, outcome
	both.ID, both.Intended = custody.NewID(now), true
	alone.ID = custody.NewID(now.Add(time.Minute))
	for _, err := range []error{
		log.Intent(&custody.Intent{ID: both.ID, Start: now, Request: req, Input: []byte("in")}), log.Outcome(&both), log.Outcome(&alone),
		log.Admin(&custody.Admin{Actor: "a", Act: "key.create", Object: "k", Result: "ok"}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	reader, err := log.Reader()
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	err = reader.Leaves(0, 100, func(s *custody.Stored) error {
		one := *s
		one.Leaf = append([]byte(nil), s.Leaf...)
		out = append(out, one)
		return nil
	})
	if err != nil || len(out) != 4 {
		t.Fatal(len(out), err)
	}
	return out
}

// TestParse: the quick way and the JSON parser read the same.
func TestParse(t *testing.T) {
	p := NewParser()
	for _, s := range realLeaves(t) {
		var quick Record
		if err := p.Parse(&quick, &s); err != nil {
			t.Fatal(err)
		}
		slow := Record{Seq: s.Seq, Kind: s.Kind, ID: s.ID}
		if err := parseAny(&slow, s.Leaf); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(slow, quick); diff != "" {
			t.Errorf("%s (-JSON +quick):\n%s", s.Leaf, diff)
		}
	}
}

// TestJoin: an outcome gets what only its intent said.
func TestJoin(t *testing.T) {
	p, j := NewParser(), NewJoiner()
	var got []string
	for _, s := range realLeaves(t) {
		var r Record
		if err := p.Parse(&r, &s); err != nil {
			t.Fatal(err)
		}
		if j.Add(&r) {
			got = append(got, fmt.Sprintf("%s %s %s %s in %d out %d", r.Kind, r.Model, r.Verdict(), r.Label(), len(r.GuardIn), len(r.Guard)))
		}
	}
	want := []string{"outcome llama blocked restricted in 2 out 1", "outcome llama blocked restricted in 0 out 3", "admin   public in 0 out 0"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error("(-want +got):\n" + diff)
	}
}

// TestJoinIsBounded: intents without an outcome do not fill the memory; the newest stay.
func TestJoinIsBounded(t *testing.T) {
	j := NewJoiner()
	var id custody.ID
	for i := range 3 * maxOpen {
		id = custody.ID{byte(i >> 24), byte(i >> 16), byte(i >> 8), byte(i)}
		j.Open(id, About{Model: "m"})
	}
	r := Record{Kind: "outcome", ID: id}
	if j.Add(&r); len(j.open) > maxOpen || len(j.order) > 2*maxOpen || r.Model != "m" {
		t.Errorf("%d open, %d in order, model %q", len(j.open), len(j.order), r.Model)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range realLeaves(f) {
		f.Add(s.Seq, s.Leaf)
	}
	f.Add(uint64(0), []byte(`{"guard":[{],"v":"reeve.inference/1"}`))
	f.Add(uint64(0), []byte(`{"guard":["v":"reeve.inference/1"}`))
	f.Add(uint64(0), []byte(`{"guard":"x","v":"reeve.inference/1"}`))
	f.Fuzz(func(t *testing.T, seq uint64, leaf []byte) {
		var r Record
		s := custody.Stored{Seq: seq, Kind: "outcome", Leaf: leaf}
		if NewParser().Parse(&r, &s) == nil && r.Seq != seq {
			t.Error("another record")
		}
	})
}

func BenchmarkParse(b *testing.B) {
	p, leaves := NewParser(), realLeaves(b)
	var r Record
	b.ReportAllocs()
	for i := range b.N {
		if err := p.Parse(&r, &leaves[i%2]); err != nil {
			b.Fatal(err)
		}
	}
}
