package lifecycle

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/reeve-ai/reeve/internal/custody"
	"github.com/reeve-ai/reeve/internal/keyring"
)

// house is a data directory with a custodian, a clock of its own and people with two keys.
type house struct {
	t      testing.TB
	dir    string
	now    time.Time
	mu     sync.Mutex
	ring   *keyring.Ring
	log    *custody.Log
	reader *custody.Reader
	c      *Custodian
	opts   Options
	names  map[string][]string // of principals by name
}

func newHouse(t testing.TB) *house {
	t.Helper()
	h := &house{t: t, dir: t.TempDir(), now: time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC), names: map[string][]string{"Ana": {"key:a1", "key:a2"}}}
	h.open()
	t.Cleanup(h.close)
	return h
}

func (h *house) clock() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(time.Millisecond)
	return h.now
}

func (h *house) pass(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

func (h *house) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) open() {
	h.t.Helper()
	var err error
	h.ring, err = keyring.Open(keyring.Options{Dir: h.dir, Clock: h.clock})
	h.must(err)
	h.log, err = custody.Open(custody.Options{Dir: h.dir, Keys: h.ring, Clock: h.clock, CheckpointEvery: 20 * time.Millisecond})
	h.must(err)
	h.reader, err = h.log.Reader()
	h.must(err)
	h.take()
}

// take opens the custodian.
func (h *house) take() {
	h.t.Helper()
	o := h.opts
	o.Dir, o.Log, o.Reader, o.Keys, o.People, o.Clock = h.dir, Provable(h.log, h.dir), h.reader, h.ring, h, h.clock
	var err error
	h.c, err = Open(h.t.Context(), o)
	h.must(err)
}

func (h *house) close() {
	h.must(h.c.Close())
	h.must(h.reader.Close())
	h.must(h.log.Close())
	h.must(h.ring.Close())
}

// Principals implements People.
func (h *house) Principals(_ context.Context, name string) ([]string, error) {
	if ids := h.names[name]; ids != nil {
		return ids, nil
	}
	if strings.HasPrefix(name, "key:") {
		return []string{name}, nil
	}
	return nil, nil
}

// Forget implements People.
func (h *house) Forget(_ context.Context, principal string) (int, error) {
	n := 0
	for name, ids := range h.names {
		for _, id := range ids {
			if id == principal {
				n++
				delete(h.names, name)
			}
		}
	}
	return n, nil
}

// talk puts one exchange on record and returns its id.
func (h *house) talk(subject, model, asked, answered string) custody.ID {
	h.t.Helper()
	start := h.clock()
	id := custody.NewID(start)
	about := custody.Request{
		Subject: subject, KeyID: strings.TrimPrefix(subject, "key:"), Route: "/v1/chat/completions", Dialect: "openai", Op: "chat",
		Model: model, LabelIn: "internal{PII}", Access: "allow",
	}
	h.must(h.log.Intent(&custody.Intent{ID: id, Start: start, Request: about, Input: []byte(asked)}))
	h.must(h.log.Outcome(&custody.Outcome{
		ID: id, Start: start, End: h.clock(), Request: &about, Intended: true, Output: []byte(answered), Result: "ok", HTTPStatus: 200,
		Finish: "stop", LabelOut: "internal{PII}", TokensIn: 3, TokensOut: 5,
	}))
	return id
}

// hmacOf is the commitment to a text under a record's salt, as a leaf writes it.
func hmacOf(salt []byte, text string) string {
	m := hmac.New(sha256.New, salt)
	m.Write([]byte(text))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

func contextOf(t *testing.T) (context.Context, context.CancelFunc) {
	return context.WithCancel(context.WithoutCancel(t.Context()))
}

func sum(b []byte) string { return fmt.Sprintf("%x", sha256.Sum256(b)) }
