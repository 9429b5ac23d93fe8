package custody

import (
	"crypto/sha256"
	"errors"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/reeve-ai/reeve/internal/keyring"
)

// drawEvent draws the lists of an event.
func drawEvent(t *rapid.T) *Event {
	ev := &Event{Act: "payload.drop", Names: map[string]string{}, Numbers: map[string]uint64{}, Digests: map[string][32]byte{}}
	key := rapid.StringMatching(`[a-z0-9_]{1,12}`)
	for range rapid.IntRange(0, 3).Draw(t, "members") {
		ev.Names[key.Draw(t, "name")] = rapid.SampledFrom([]string{"a", "two words", "ü"}).Draw(t, "value")
		ev.Numbers[key.Draw(t, "number")] = rapid.Uint64().Draw(t, "value")
		ev.Digests[key.Draw(t, "digest")] = sha256.Sum256(nil)
		ev.Refs = append(ev.Refs, NewID(time.Now()))
		ev.Keks = append(ev.Keks, keyring.KEKID{1})
		ev.Ranges = append(ev.Ranges, [2]uint64{1, rapid.Uint64Min(2).Draw(t, "to")})
	}
	return ev
}

// TestEvents writes one event of each kind and reads it back.
func TestEvents(t *testing.T) {
	dir := t.TempDir()
	l := openLog(t, dir, func(o *Options) { o.FS = quickFS{} })
	want := uint64(0)
	for kind := range eventKinds {
		r, err := l.Event(&Event{Kind: kind, Actor: "jane", Act: kind + ".test", Names: map[string]string{"reason": "request"}, Numbers: map[string]uint64{"n": 0}})
		if err != nil || r.Seq != want || r.ID.IsZero() {
			t.Fatalf("%s: %+v %v", kind, r, err)
		}
		x, err := Show(dir, nil, r.ID.String(), false)
		if err != nil || len(x.Records) != 1 || !strings.Contains(string(x.Records[0].Leaf), `"v":"reeve.`+kind+`/1"`) {
			t.Errorf("%s: %+v %v", kind, x, err)
		}
		want++
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if r := mustVerify(t, dir); !r.OK || r.Leaves != want {
		t.Errorf("%+v", r)
	}
}

// TestEventPayload seals the payload of an event under the subject's key, and writes nobody's name.
func TestEventPayload(t *testing.T) {
	dir := t.TempDir()
	l := openLog(t, dir, func(o *Options) { o.FS = quickFS{} })
	r, err := l.Event(&Event{
		Kind: EventReview, Actor: "reviewer-jane", Subject: "customer-joe", Act: "review.verdict", Names: map[string]string{"note": "Joe was right"},
		Payload: []byte("why it was let through"),
	})
	if err != nil {
		t.Fatal(err)
	}
	x, err := Show(dir, l.o.Keys, r.ID.String(), true)
	if err != nil || x.Payload == nil || *x.Payload != "why it was let through" {
		t.Fatalf("%+v %v", x, err)
	}
	leaf := string(x.Records[0].Leaf)
	for _, part := range []string{`"actor_c":"`, `"subject_c":"`, `"c_payload":"`, `"sealed":"`, `"kek":"`, `"n_payload":22`, `"names":{"note":"~`} {
		if !strings.Contains(leaf, part) {
			t.Errorf("%s is not in %s", part, leaf)
		}
	}
	for _, part := range []string{"jane", "joe", "Joe", "let through"} {
		if strings.Contains(leaf, part) {
			t.Errorf("%s stands in %s", part, leaf)
		}
	}
}

func TestEventRefuses(t *testing.T) {
	l := openLog(t, t.TempDir(), func(o *Options) { o.FS = quickFS{} })
	for name, ev := range map[string]*Event{
		"unknown kind":       {Kind: "gossip"},
		"kind of the log's":  {Kind: "audit_degraded"},
		"payload of nobody":  {Kind: EventScan, Payload: []byte("x")},
		"bad key":            {Kind: EventScan, Numbers: map[string]uint64{"two words": 1}},
		"empty name":         {Kind: EventScan, Names: map[string]string{"a": ""}},
		"empty range":        {Kind: EventRetention, Ranges: [][2]uint64{{7, 7}}},
		"more than one leaf": {Kind: EventErasure, Keks: make([]keyring.KEKID, 1000)},
	} {
		if _, err := l.Event(ev); err == nil || errors.Is(err, ErrUnavailable) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := l.Stats().Size; n != 0 {
		t.Errorf("%d records were written", n)
	}
	if r, err := l.Event(&Event{Kind: EventErasure, Keks: make([]keyring.KEKID, 500)}); err != nil || r.Seq != 0 {
		t.Errorf("500 keys: %+v %v", r, err)
	}
}
