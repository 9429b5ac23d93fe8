package gateway

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/store"
)

func talks(t testing.TB, o Conversations) *conversations {
	t.Helper()
	c, err := newConversations(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func openStore(t testing.TB, dir string) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func markAt(t testing.TB, c *conversations, k talk, at time.Time) string {
	t.Helper()
	l, err := c.of(t.Context(), k, at)
	if err != nil {
		t.Fatal(err)
	}
	return l.String()
}

// Replicas that share a store see each other's marks with the next request, and a restart forgets none.
func TestConversationsShareMarks(t *testing.T) {
	dir := t.TempDir()
	now := fixedClock()
	a, b := talks(t, Conversations{Marks: openStore(t, dir)}), talks(t, Conversations{Marks: openStore(t, dir)})
	k := a.talkOf("user:1", "k1", "c1")
	if cmp.Diff(k, b.talkOf("user:1", "k1", "c1"), cmp.AllowUnexported(talk{})) != "" {
		t.Fatal("replicas know the conversation under different ids")
	}
	if got := markAt(t, a, k, now); got != "public" {
		t.Fatalf("a new conversation is at %s", got)
	}
	if err := a.raise(t.Context(), k, reeve.NewLabel(reeve.Internal, "HR"), now); err != nil {
		t.Fatal(err)
	}
	if got := markAt(t, b, k, now); got != "internal{HR}" {
		t.Errorf("the other replica has %s", got)
	}
	if err := b.raise(t.Context(), k, reeve.NewLabel(reeve.Confidential), now); err != nil {
		t.Fatal(err)
	}
	if got := markAt(t, a, k, now); got != "confidential{HR}" {
		t.Errorf("back at the first: %s", got)
	}
	restarted := talks(t, Conversations{Marks: openStore(t, dir)})
	if got := markAt(t, restarted, k, now); got != "confidential{HR}" {
		t.Errorf("after a restart: %s", got)
	}
	for _, other := range []talk{a.talkOf("user:2", "k1", "c1"), a.talkOf("user:1", "k1", "c2"), a.talkOf("user:1", "c1", ""), a.talkOf("user:1", "k1", "")} {
		if got := markAt(t, a, other, now); got != "public" {
			t.Errorf("another conversation is at %s", got)
		}
	}
}

// A key's window ends after it has rested; a conversation that goes on does not, however long.
func TestConversationsEnd(t *testing.T) {
	for name, o := range map[string]Conversations{"in memory": {}, "stored": {Marks: openStore(t, t.TempDir())}} {
		t.Run(name, func(t *testing.T) {
			c := talks(t, o)
			now := fixedClock()
			k := c.talkOf("user:1", "k1", "")
			if err := c.raise(t.Context(), k, reeve.NewLabel(reeve.Restricted), now); err != nil {
				t.Fatal(err)
			}
			for range 20 {
				now = now.Add(20 * time.Minute)
				if got := markAt(t, c, k, now); got != "restricted" {
					t.Fatalf("it fell to %s while it went on", got)
				}
			}
			if got := markAt(t, c, k, now.Add(time.Hour)); got != "public" {
				t.Errorf("after an hour's rest it is at %s", got)
			}
			if err := c.raise(t.Context(), k, reeve.NewLabel(reeve.Internal), now.Add(time.Hour)); err != nil {
				t.Fatal(err)
			}
			if got := markAt(t, c, k, now.Add(time.Hour)); got != "internal" {
				t.Errorf("the next one begins at %s", got)
			}
		})
	}
}

// Memory holds a bounded number of marks; the store has the others.
func TestConversationsAreBounded(t *testing.T) {
	db := openStore(t, t.TempDir())
	c := talks(t, Conversations{Marks: db, Most: 10})
	now := fixedClock()
	for i := range 40 {
		if err := c.raise(t.Context(), c.talkOf("u", "", fmt.Sprint("c", i)), reeve.NewLabel(reeve.Internal, fmt.Sprint("C", i)), now); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []*conversations{c, talks(t, Conversations{Marks: db, Most: 10})} {
		for i := range 40 {
			if got, want := markAt(t, c, c.talkOf("u", "", fmt.Sprint("c", i)), now), fmt.Sprintf("internal{C%d}", i); got != want {
				t.Errorf("%s, want %s", got, want)
			}
		}
		if len(c.known) > 10 {
			t.Errorf("%d marks in memory", len(c.known))
		}
	}
	alone := talks(t, Conversations{Most: 10})
	var err error
	for i := 0; i < 11 && err == nil; i++ {
		err = alone.raise(t.Context(), alone.talkOf("u", "", fmt.Sprint("c", i)), reeve.NewLabel(reeve.Internal), now)
	}
	if !errors.Is(err, errFull) {
		t.Errorf("without a store the eleventh is forgotten somewhere: %v", err)
	}
}

// brokenMarks cannot be read or written.
type anyMarks = Marks

type brokenMarks struct{ anyMarks }

func (brokenMarks) Stamp() int64 { return -1 }
func (brokenMarks) Marks(context.Context, int64, int) ([]store.Mark, int64, error) {
	return nil, 0, errors.New("no store")
}

func TestConversationsFailClosed(t *testing.T) {
	if _, err := newConversations(Conversations{Marks: brokenMarks{}}); err == nil {
		t.Error("it starts without knowing the marks")
	}
	h := newHouse(t, tongues[0].say("hello"), nil)
	h.talks.opts.Marks = brokenMarks{}
	if r := h.post(t, "/v1/chat/completions", tongues[0].ask(false)); r.status != 503 || refusalOf(t, "/v1/", r.body).Rule != "label/conversation" {
		t.Errorf("%d: %s", r.status, r.body)
	}
}

// However raises, rests and restarts of two replicas follow each other, a mark never falls before its time.
func TestConversationsNeverFall(t *testing.T) {
	db := openStore(t, t.TempDir())
	run := 0
	rapid.Check(t, func(rt *rapid.T) {
		run++
		replicas := []*conversations{talks(t, Conversations{Marks: db, Most: 2}), talks(t, Conversations{Marks: db})}
		now := fixedClock()
		want, used := map[int]reeve.Label{}, map[int]time.Time{}
		for range rapid.IntRange(1, 30).Draw(rt, "steps") {
			c := replicas[rapid.IntRange(0, 1).Draw(rt, "replica")]
			n := rapid.IntRange(0, 3).Draw(rt, "conversation")
			k := c.talkOf(fmt.Sprint("u", run), fmt.Sprint("k", n), "")
			if now.Sub(used[n]) >= 30*time.Minute {
				delete(want, n) // it may be over, or not yet
			}
			got, err := c.of(t.Context(), k, now)
			if err != nil {
				rt.Fatal(err)
			}
			if !got.Dominates(want[n]) {
				rt.Fatalf("conversation %d fell from %s to %s", n, want[n], got)
			}
			l := reeve.NewLabel(reeve.Level(rapid.IntRange(0, 3).Draw(rt, "level")), rapid.SampledFrom([]string{"A", "B"}).Draw(rt, "category"))
			if err := c.raise(t.Context(), k, l, now); err != nil {
				rt.Fatal(err)
			}
			want[n], used[n] = got.Join(l), now
			now = now.Add(time.Duration(rapid.IntRange(0, 25).Draw(rt, "minutes")) * time.Minute)
		}
	})
}
