package lifecycle

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// modelHouse is the simplest thing that could be right: every record with its subject, and the holds as a list.
type modelHouse struct {
	records []modelRecord
	holds   map[string]Scope
	erased  map[string]bool // subjects whose present records are gone
}

type modelRecord struct {
	subject string
	gone    bool
}

func at(seq uint64) time.Time { return time.Unix(1_790_000_000+int64(seq), 0).UTC() }

func (m *modelHouse) touched(s Scope) bool {
	for seq, r := range m.records {
		if !r.gone && s.covers(r.subject, uint64(seq), at(uint64(seq))) {
			return true
		}
	}
	return false
}

func drawScope(t *rapid.T) Scope {
	var s Scope
	if rapid.Bool().Draw(t, "by subject") {
		s.Subject = "s" + strconv.Itoa(rapid.IntRange(0, 4).Draw(t, "subject"))
	}
	if s.Subject == "" || rapid.Bool().Draw(t, "ranged") {
		s.From = rapid.Uint64Range(0, 30).Draw(t, "from")
		s.To = s.From + rapid.Uint64Range(1, 10).Draw(t, "length")
	}
	if rapid.IntRange(0, 3).Draw(t, "timed") == 0 {
		s.Since = at(rapid.Uint64Range(0, 30).Draw(t, "since"))
	}
	return s
}

// TestLedgerNeverErasesWhatIsHeld walks the state machine of holds and erasures. No record is ever erased under a hold,
// every erasure that waited is done once nothing holds it, and reading the transitions back gives the same ledger.
// REEVE_HOLD_STEPS asks for so many steps; `make torture` walks 10^6.
func TestLedgerNeverErasesWhatIsHeld(t *testing.T) {
	want := 1
	if n, err := strconv.Atoi(os.Getenv("REEVE_HOLD_STEPS")); err == nil {
		want = n
	}
	steps := 0
	for steps < want && !t.Failed() {
		rapid.Check(t, func(t *rapid.T) { walkLedger(t, &steps) })
	}
	t.Logf("%d steps", steps)
}

func walkLedger(t *rapid.T, steps *int) {
	l, m := NewLedger(), &modelHouse{holds: map[string]Scope{}, erased: map[string]bool{}}
	var history []Transition
	next := 0
	apply := func(tr Transition) error {
		err := l.Apply(&tr)
		if err == nil {
			history = append(history, tr)
		}
		return err
	}
	must := func(tr Transition) {
		if err := apply(tr); err != nil {
			t.Fatalf("%s: %v", tr.Act, err)
		}
	}
	id := func(kind string) string { next++; return fmt.Sprintf("%s%06d", kind, next) }
	erase := func(e Erasure) {
		blocked, _ := l.blocking(e.Subjects, func(s Scope) (bool, error) {
			s.Subject = e.Subjects[0]
			return m.touched(s), nil
		})
		held := false
		for _, s := range m.holds { // the model's own answer
			if s.Subject != "" && s.Subject != e.Subjects[0] {
				continue
			}
			one := s
			one.Subject = e.Subjects[0]
			held = held || !s.ranged() || m.touched(one)
		}
		if held != (len(blocked) > 0) {
			t.Fatalf("erasure of %s: the ledger says held %v, the model %v", e.Subjects, blocked, held)
		}
		if held {
			e.HeldBy = blocked
			must(Transition{Act: actQueue, Erasure: e})
			return
		}
		must(Transition{Act: actBegin, Erasure: e})
		for i, r := range m.records {
			if r.subject != e.Subjects[0] {
				continue
			}
			if ids := l.covering(r.subject, uint64(i), at(uint64(i))); len(ids) > 0 && !r.gone {
				t.Fatalf("record %d of %s is erased under %v", i, r.subject, ids)
			}
			m.records[i].gone = true
		}
		must(Transition{Act: actErase, Erasure: Erasure{ID: e.ID}})
	}
	t.Repeat(map[string]func(*rapid.T){
		"record": func(t *rapid.T) {
			m.records = append(m.records, modelRecord{subject: "s" + strconv.Itoa(rapid.IntRange(0, 4).Draw(t, "subject"))})
		},
		"hold": func(t *rapid.T) {
			s := drawScope(t)
			if s.Validate() != nil {
				t.Skip("an empty scope")
			}
			h := Hold{ID: id("h"), Scope: s}
			must(Transition{Act: actHold, Hold: h})
			m.holds[h.ID] = s
			if !errors.Is(apply(Transition{Act: actHold, Hold: h}), ErrTransition) {
				t.Fatal("a hold was added twice")
			}
		},
		"release": func(t *rapid.T) {
			holds := l.Holds()
			if len(holds) == 0 {
				if !errors.Is(apply(Transition{Act: actRelease, Hold: Hold{ID: "none"}}), ErrNoHold) {
					t.Fatal("what was not held was released")
				}
				t.Skip("no hold")
			}
			h := rapid.SampledFrom(holds).Draw(t, "hold")
			must(Transition{Act: actRelease, Hold: Hold{ID: h.ID}})
			delete(m.holds, h.ID)
			for _, e := range l.Waiting() {
				erase(e)
			}
		},
		"erase": func(t *rapid.T) {
			subject := "s" + strconv.Itoa(rapid.IntRange(0, 4).Draw(t, "subject"))
			e, waits := l.waitsFor([]string{subject})
			if !waits {
				e = Erasure{ID: id("e"), Subjects: []string{subject}}
			}
			erase(e)
		},
		"": func(t *rapid.T) {
			*steps++
			if len(l.Begun()) != 0 {
				t.Fatalf("erasures under way: %v", l.Begun())
			}
			again := NewLedger()
			for i := range history {
				if err := again.Apply(&history[i]); err != nil {
					t.Fatalf("read back: %v", err)
				}
			}
			if diff := cmp.Diff(l, again, cmp.AllowUnexported(Ledger{})); diff != "" {
				t.Fatalf("what is read back differs (-was +read):\n%s", diff)
			}
		},
	})
}

func TestScope(t *testing.T) {
	for _, c := range []struct {
		scope Scope
		want  []uint64 // of records 0 to 9, the even ones of a
	}{
		{Scope{Subject: "a"}, []uint64{0, 2, 4, 6, 8}},
		{Scope{From: 3, To: 5}, []uint64{3, 4}},
		{Scope{Subject: "a", From: 3}, []uint64{4, 6, 8}},
		{Scope{Since: at(8)}, []uint64{8, 9}},
		{Scope{Until: at(2)}, []uint64{0, 1}},
		{Scope{Subject: "c"}, nil},
	} {
		var got []uint64
		for seq := range uint64(10) {
			if c.scope.covers([]string{"a", "b"}[seq%2], seq, at(seq)) {
				got = append(got, seq)
			}
		}
		if !slices.Equal(got, c.want) || c.scope.Validate() != nil || c.scope.String() == "" {
			t.Errorf("%v covers %v, want %v (%v)", c.scope, got, c.want, c.scope.Validate())
		}
	}
	for _, s := range []Scope{{}, {From: 5, To: 5}, {Since: at(1), Until: at(1)}} {
		if s.Validate() == nil {
			t.Errorf("%v is valid", s)
		}
	}
}
