package people

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/custody"
	"github.com/reeve-ai/reeve/internal/store"
)

// everything has all sources come whole, but for the random share.
func everything(o *Options) {
	for _, s := range []string{SourceBlock, SourceFlag, SourceMask, SourceNear} {
		o.Rules.Shares[s] = Whole
	}
	o.Rules.Shares[SourceRandom] = 0
}

// TestSources: what comes into the queue, why, and what stays out.
func TestSources(t *testing.T) {
	r := newRoom(t, sqlite(t), everything)
	near := acted("near", reeve.Allow)
	near[0].Score = 0.55
	sure := acted("sure", reeve.Allow)
	sure[0].Score = 0.95
	want := map[string]string{}
	for _, e := range []struct {
		sources string
		said    said
	}{
		{"block", said{in: acted("a", reeve.Block), result: "refused", refusal: "blocked_by_policy"}},
		{"block", said{out: acted("b", reeve.Block), result: "blocked"}},
		{"flag", said{in: acted("c", reeve.Review)}},
		{"flag,mask", said{in: acted("d", reeve.Mask), out: acted("e", reeve.Review)}},
		{"near", said{out: near}},
		{"held", said{result: "held"}},
	} {
		want[r.exchange(e.said)] = e.sources
	}
	r.exchange(said{out: sure})
	r.exchange(said{})
	r.exchange(said{result: "refused", refusal: "forbidden"}) // access is no guard
	got := map[string]string{}
	for _, it := range r.caughtUp().list(store.ReviewFilter{}) {
		got[it.ID] = strings.Join(it.Sources, ",")
		if it.Share != Whole || it.Model != "m" || it.Label.String() != "internal" {
			t.Errorf("%+v", it)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error("(-want +got):\n" + diff)
	}
}

// TestFeedAgain: a crash after any record loses no exchange and doubles none, also where an exchange was open then.
func TestFeedAgain(t *testing.T) {
	for seed := range uint64(25) { // each has a log and a store of its own on the disk
		dice := rand.New(rand.NewPCG(seed, 1))
		r := newRoom(t, sqlite(t), everything)
		var want []string
		type pending struct {
			id custody.ID
			q  custody.Request
		}
		var open []pending
		for range 1 + dice.IntN(12) {
			switch dice.IntN(5) {
			case 0:
				want = append(want, r.exchange(said{out: acted("x", reeve.Review)}))
			case 1: // begins
				id := custody.NewID(r.now())
				q := custody.Request{Subject: "key:anna", Route: "/v1/chat/completions", Op: "chat", Model: "m", GuardIn: acted("x", reeve.Review)}
				must(t, r.log.Intent(&custody.Intent{ID: id, Start: r.now(), Request: q}))
				open = append(open, pending{id, q})
			case 2: // ends
				if len(open) > 0 {
					p := open[0]
					open = open[1:]
					r.conclude(p.id, p.q, said{result: "ok", label: "internal"}, true)
					want = append(want, p.id.String())
				}
			case 3:
				r.caughtUp()
			case 4:
				r.again()
			}
		}
		r.again()
		var got []string
		for _, it := range r.caughtUp().list(store.ReviewFilter{Limit: 1000}) {
			got = append(got, it.ID)
			if len(it.Rules) != 1 || it.Model != "m" {
				t.Fatalf("seed %d: an item without its intent: %+v", seed, it)
			}
		}
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(want, got) {
			t.Fatalf("seed %d: want %v, got %v", seed, want, got)
		}
	}
}

// TestDrawn: who is drawn depends on the id and the key alone, and as often as the share says.
func TestDrawn(t *testing.T) {
	r := newRoom(t, sqlite(t), nil)
	const n, share = 20_000, Whole / 10
	drawn := 0
	for range n {
		id := custody.NewID(noon)
		d := r.sample.draw(id)
		if d != r.sample.draw(id) || d < 0 || d >= Whole {
			t.Fatalf("%d", d)
		}
		if d < share {
			drawn++
		}
	}
	if drawn < 1800 || drawn > 2200 { // 4.7 standard errors
		t.Errorf("%d of %d drawn at one in ten", drawn, n)
	}
	other := newRoom(t, sqlite(t), nil)
	id, same := custody.NewID(noon), 0
	for range 100 {
		if r.sample.draw(id) == other.sample.draw(id) {
			same++
		}
		id = custody.NewID(noon)
	}
	if same > 2 {
		t.Error("two logs draw alike")
	}
}

// TestReports: a report makes an item, adds to one that is there, may come before the exchange has ended, and of an exchange that
// nobody knows comes nothing.
func TestReports(t *testing.T) {
	r := newRoom(t, sqlite(t), everything)
	report := func(id string) {
		t.Helper()
		_, err := r.log.Event(&custody.Event{Kind: custody.EventReview, Time: r.now(), Actor: "key:bert", Act: ActReport, Object: id, Result: "ok", Names: map[string]string{"category": "harmful"}, Payload: []byte("jane is named")})
		must(t, err)
	}
	plain, flagged := r.exchange(said{}), r.exchange(said{out: acted("x", reeve.Review)})
	id := custody.NewID(r.now())
	q := custody.Request{Subject: "key:anna", Route: "/v1/chat/completions", Op: "chat", Model: "m"}
	must(t, r.log.Intent(&custody.Intent{ID: id, Start: r.now(), Request: q}))
	report(plain)
	report(flagged)
	report(id.String())
	report(custody.NewID(noon).String())
	r.caughtUp()
	if n := len(r.list(store.ReviewFilter{})); n != 2 {
		t.Fatalf("%d items", n)
	}
	r.again() // and the report waits through a restart
	r.conclude(id, q, said{result: "ok", label: "internal"}, true)
	items := map[string]store.ReviewItem{}
	for _, it := range r.caughtUp().list(store.ReviewFilter{}) {
		items[it.ID] = it
	}
	if len(items) != 3 || items[plain].Share != 0 || !slices.Equal(items[flagged].Sources, []string{"flag", "report"}) || items[flagged].Share != Whole || items[id.String()].Share != 0 {
		t.Errorf("%+v", items)
	}
	v, err := r.Show(t.Context(), reviewer(1), plain)
	must(t, err)
	if len(v.Notes) != 1 || v.Notes[0].Text != "[NAME] is named" || v.Notes[0].Category != "harmful" {
		t.Errorf("%+v", v.Notes)
	}
}

// TestFourEyes: above a level two must agree, and where they do not the escalated role decides.
func TestFourEyes(t *testing.T) {
	r := newRoom(t, sqlite(t), everything)
	agreed := r.exchange(said{out: acted("x", reeve.Review), label: "restricted"})
	disputed := r.exchange(said{out: acted("x", reeve.Review), label: "restricted"})
	r.caughtUp()
	if it := r.decide(reviewer(1), Decision{Item: agreed, Outcome: OutcomeRelease}); it.Outcome != "" || it.State != store.ReviewOpen || it.Round != 2 {
		t.Errorf("after the first: %+v", it)
	}
	if _, err := r.Decide(t.Context(), reviewer(1), Decision{Item: agreed, Outcome: OutcomeRelease, Reason: "again"}); !errors.Is(err, ErrNotYours) {
		t.Errorf("the same person twice: %v", err)
	}
	if v, err := r.Show(t.Context(), reviewer(2), agreed); err != nil || !v.Blind || len(v.Verdicts) > 0 || len(v.Item.Reviewers) > 0 {
		t.Errorf("the second sees the first verdict: %+v %v", v, err)
	}
	if it := r.decide(reviewer(2), Decision{Item: agreed, Outcome: OutcomeRelease}); it.Outcome != OutcomeRelease || it.State != store.ReviewDecided {
		t.Errorf("after the second: %+v", it)
	}
	r.decide(reviewer(1), Decision{Item: disputed, Outcome: OutcomeRelease})
	if it := r.decide(reviewer(2), Decision{Item: disputed, Outcome: OutcomeConfirm}); it.Outcome != "" || it.Round != 3 || it.Escalated.IsZero() {
		t.Errorf("after they disagreed: %+v", it)
	}
	if _, err := r.Decide(t.Context(), reviewer(3), Decision{Item: disputed, Outcome: OutcomeConfirm, Reason: "me"}); !errors.Is(err, ErrNotYours) {
		t.Errorf("a third reviewer: %v", err)
	}
	boss := reviewer(4)
	boss.Roles = []reeve.Role{reeve.RoleCompliance}
	if it := r.decide(boss, Decision{Item: disputed, Outcome: OutcomeIncident, Category: "secret"}); it.Outcome != OutcomeIncident || it.Incident == "" {
		t.Errorf("after the third: %+v", it)
	}
	st, err := r.Stats(t.Context(), time.Time{})
	must(t, err)
	if st.Outcome.Items != 2 || st.Outcome.Agreed != 1 {
		t.Errorf("%+v", st.Outcome)
	}
}

// TestSecondLook: a share of what one person decided is judged again, which changes nothing that is in force.
func TestSecondLook(t *testing.T) {
	r := newRoom(t, sqlite(t), func(o *Options) { everything(o); o.Rules.Second = Whole })
	id := r.exchange(said{out: acted("x", reeve.Review)})
	r.caughtUp()
	if it := r.decide(reviewer(1), Decision{Item: id, Outcome: OutcomeConfirm}); it.Outcome != OutcomeConfirm || it.State != store.ReviewOpen || it.Round != 2 {
		t.Errorf("%+v", it)
	}
	if it := r.decide(reviewer(2), Decision{Item: id, Outcome: OutcomeRelease}); it.Outcome != OutcomeConfirm || it.State != store.ReviewDecided {
		t.Errorf("%+v", it)
	}
}

// TestNotTheirs: who caused an exchange or answers for a rule in it does not decide about it.
func TestNotTheirs(t *testing.T) {
	r := newRoom(t, sqlite(t), func(o *Options) { everything(o); o.Owner = func(string) string { return "r2" } })
	id := r.exchange(said{who: "user:r1", out: acted("x", reeve.Review)})
	r.caughtUp()
	for i, want := range map[int]string{1: "of your own", 2: "answer for the rule"} {
		_, err := r.ClaimOne(t.Context(), reviewer(i), id, 0)
		if !errors.Is(err, ErrNotYours) || !strings.Contains(err.Error(), want) {
			t.Errorf("reviewer %d: %v", i, err)
		}
		if list, err := r.Claim(t.Context(), reviewer(i), 5); len(list) > 0 || err != nil {
			t.Errorf("reviewer %d got %v %v", i, list, err)
		}
	}
	low := reviewer(3)
	low.Clearance = reeve.Label{}
	if _, err := r.Show(t.Context(), low, id); RefusalOf(err) == nil {
		t.Errorf("below the label: %v", err)
	}
	if list, err := r.Claim(t.Context(), reviewer(4), 5); len(list) != 1 || err != nil {
		t.Errorf("somebody else: %v %v", list, err)
	}
}

// TestLeases: a claim ends by itself, and can be given back.
func TestLeases(t *testing.T) {
	r := newRoom(t, sqlite(t), everything)
	id := r.exchange(said{out: acted("x", reeve.Review)})
	r.caughtUp()
	it, err := r.ClaimOne(t.Context(), reviewer(1), id, 0)
	must(t, err)
	if _, err := r.ClaimOne(t.Context(), reviewer(2), id, 0); !errors.Is(err, ErrTaken) {
		t.Errorf("claimed by another: %v", err)
	}
	if _, err := r.GiveBack(t.Context(), reviewer(2), id); !errors.Is(err, ErrTaken) {
		t.Errorf("given back by another: %v", err)
	}
	r.pass(r.o.Rules.Lease)
	if _, err := r.ClaimOne(t.Context(), reviewer(2), id, 0); err != nil {
		t.Errorf("after the lease: %v", err)
	}
	if _, err := r.Decide(t.Context(), reviewer(1), Decision{Item: id, Version: it.Version, Outcome: OutcomeConfirm, Reason: "late"}); !errors.Is(err, ErrTaken) {
		t.Errorf("decided after the lease: %v", err)
	}
	if _, err := r.GiveBack(t.Context(), reviewer(2), id); err != nil {
		t.Error(err)
	}
}

// TestOverdue: what is overdue is escalated once, on record; a held answer expires.
func TestOverdue(t *testing.T) {
	r := newRoom(t, sqlite(t), everything)
	flagged, held := r.exchange(said{out: acted("x", reeve.Review)}), r.exchange(said{result: "held"})
	r.caughtUp()
	r.pass(r.o.Rules.Limits[SourceHeld])
	if _, err := r.Decide(t.Context(), reviewer(1), Decision{Item: held, Outcome: OutcomeRelease, Reason: "late"}); !errors.Is(err, ErrDone) {
		t.Errorf("released after its time: %v", err)
	}
	r.pass(r.o.Rules.Limits[SourceFlag])
	if n, err := r.Sweep(t.Context()); n != 2 || err != nil {
		t.Fatalf("%d %v", n, err)
	}
	if n, err := r.Sweep(t.Context()); n != 0 || err != nil {
		t.Errorf("again: %d %v", n, err)
	}
	for id, want := range map[string]string{flagged: store.ReviewOpen, held: store.ReviewExpired} {
		it, err := r.db.Review(t.Context(), id)
		must(t, err)
		if it.State != want || it.Escalated.IsZero() {
			t.Errorf("%+v", it)
		}
	}
}

// TestVerdictFirst: the record is durable before the verdict counts. Where the log takes nothing, nothing is decided; where the
// record is durable and the store failed behind it, the verdict comes back from the log, once.
func TestVerdictFirst(t *testing.T) {
	r := newRoom(t, sqlite(t), everything)
	id := r.exchange(said{out: acted("x", reeve.Review)})
	r.caughtUp()
	r.wrong = errDown
	if _, err := r.Decide(t.Context(), reviewer(1), Decision{Item: id, Outcome: OutcomeConfirm, Reason: "fine"}); !errors.Is(err, errDown) {
		t.Fatalf("%v", err)
	}
	r.wrong = nil
	if it, err := r.db.Review(t.Context(), id); err != nil || it.Outcome != "" {
		t.Fatalf("%+v %v", it, err)
	}
	failing := &failingStore{Store: r.db, fail: true}
	r.base.Store = failing
	r.again()
	r.caughtUp()
	_, err := r.Decide(t.Context(), reviewer(1), Decision{Item: id, Outcome: OutcomeIncident, Category: "secret", Reason: "a key"})
	if !errors.Is(err, errDown) {
		t.Fatalf("%v", err)
	}
	failing.fail = false
	if _, err := r.Decide(t.Context(), reviewer(2), Decision{Item: id, Outcome: OutcomeRelease, Reason: "mine"}); !errors.Is(err, ErrNotReady) {
		t.Errorf("before the log was read: %v", err)
	}
	r.again() // as after a crash
	r.caughtUp()
	it, err := r.db.Review(t.Context(), id)
	must(t, err)
	verdicts, err := r.db.ReviewVerdicts(t.Context(), id)
	must(t, err)
	if it.Outcome != OutcomeIncident || len(verdicts) != 1 || verdicts[0].Reviewer != "user:r1" || !verdicts[0].Violation || !slices.Equal(verdicts[0].Truth, []string{"x"}) {
		t.Errorf("%+v %+v", it, verdicts)
	}
	if _, err := r.Decide(t.Context(), reviewer(2), Decision{Item: id, Outcome: OutcomeRelease, Reason: "mine"}); !errors.Is(err, ErrDone) {
		t.Errorf("%v", err)
	}
}

func TestDecisionsChecked(t *testing.T) {
	good := Decision{Outcome: OutcomeConfirm, Reason: "fine"}
	if err := good.check(); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Decision){
		"outcome":      func(d *Decision) { d.Outcome = "maybe" },
		"no reason":    func(d *Decision) { d.Reason = "" },
		"long reason":  func(d *Decision) { d.Reason = strings.Repeat("x", maxReason+1) },
		"no text":      func(d *Decision) { d.Reason = "\xff" },
		"category":     func(d *Decision) { d.Category = "Personal data" },
		"no corrected": func(d *Decision) { d.Outcome = OutcomeCorrect },
		"corrected":    func(d *Decision) { d.Corrected = "x" },
		"missed":       func(d *Decision) { d.Outcome, d.Missed = OutcomeRelease, []string{"x"} },
		"empty rule":   func(d *Decision) { d.Wrong = []string{""} },
		"many rules":   func(d *Decision) { d.Wrong = make([]string, maxNamed+1) },
	} {
		d := good
		change(&d)
		if err := d.check(); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
