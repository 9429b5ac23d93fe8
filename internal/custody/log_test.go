package custody

import (
	"fmt"
	"testing"
	"time"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/keyring"
)

func openRing(tb testing.TB, dir string) *keyring.Ring {
	tb.Helper()
	k, err := keyring.Open(keyring.Options{Dir: dir})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = k.Close() })
	return k
}

func openLog(tb testing.TB, dir string, change func(*Options)) *Log {
	tb.Helper()
	o := Options{Dir: dir, Keys: openRing(tb, dir), CheckpointEvery: time.Hour, SegmentBytes: 1 << 20}
	if change != nil {
		change(&o)
	}
	l, err := Open(o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = l.Close() })
	return l
}

func sampleRequest() Request {
	return Request{
		Subject: "key-7f3a", KeyID: "7f3a", Authn: "key", RoleDigest: "sha256:0f343b0931126a20f133d67c2b018a3b", Source: "192.0.2.0/24", App: "openai-python/1.52",
		TraceID: "4bf92f3577b34da6a3ce929d0e0e4736", SpanID: "00f067aa0ba902b7",
		Route: "openai.chat", Dialect: "openai", Op: "chat", Model: "support-bot", Upstream: "local",
		Policy: "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", Access: "allow", AccessRule: "access/role", LabelIn: "confidential{PII}",
		GuardIn: []GuardResult{{Rule: "pii/email", Stage: "in", Action: reeve.Mask, Count: 2}},
	}
}

func sampleExchange(id ID, in, out []byte) (*Intent, *Outcome) {
	start := time.Date(2026, 11, 21, 12, 0, 0, 123456789, time.UTC)
	i := &Intent{ID: id, Start: start, Request: sampleRequest(), Input: in}
	o := &Outcome{
		ID: id, Start: start, End: start.Add(time.Second), Request: &i.Request, Intended: true, Output: out,
		Result: "ok", HTTPStatus: 200, Finish: "stop", LabelOut: "internal", TokensIn: 311, TokensOut: 120, Chunks: 1,
		QueueTime: 130 * time.Microsecond, FirstChunk: 80 * time.Millisecond, UpstreamTime: 900 * time.Millisecond,
		GuardTime: 60 * time.Microsecond, CustodyTime: 300 * time.Microsecond,
	}
	return i, o
}

func TestSmoke(t *testing.T) {
	dir := t.TempDir()
	l := openLog(t, dir, nil)
	var ids []ID
	for i := range 10 {
		id := NewID(time.Now())
		in, out := sampleExchange(id, fmt.Appendf(nil, "question %d", i), fmt.Appendf(nil, "answer %d", i))
		if err := l.Intent(in); err != nil {
			t.Fatal(err)
		}
		if err := l.Outcome(out); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := Verify(dir, VerifyOptions{})
	if err != nil || !r.OK {
		t.Fatalf("%v %+v", err, r)
	}
	x, err := Show(dir, openRing(t, dir), ids[3].String(), true)
	if err != nil {
		t.Fatal(err)
	}
	for _, rec := range x.Records {
		t.Logf("%d %s %s", len(rec.Leaf), rec.Kind, rec.Leaf)
	}
	t.Log(*x.Input, *x.Output)
}
