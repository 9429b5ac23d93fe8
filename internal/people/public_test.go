package people

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/custody"
	"github.com/reeve-ai/reeve/internal/identity"
	"github.com/reeve-ai/reeve/internal/store"
)

// public is the handler for callers over a room.
func (r *room) public(t *testing.T) (h *Public, key, id, other string) {
	t.Helper()
	dir, err := identity.Open(t.Context(), r.db, identity.Options{FlushEvery: time.Hour})
	must(t, err)
	t.Cleanup(func() { dir.Close() })
	k, text, err := dir.Create(t.Context(), identity.NewKey{Name: "anna"})
	must(t, err)
	_, otherText, err := dir.Create(t.Context(), identity.NewKey{Name: "bert"})
	must(t, err)
	return NewPublic(r.Service, dir), text, "key:" + k.ID, otherText
}

func call(t *testing.T, h http.Handler, key, method, path, body string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	req := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, req)
	return w
}

func TestReportHandler(t *testing.T) {
	r := newRoom(t, sqlite(t), everything)
	h, key, who, _ := r.public(t)
	id := r.exchange(said{who: who})
	good := `{"exchange":"` + id + `","category":"harmful","note":"no"}`
	for _, c := range []struct {
		name, key, method, body, media string
		want                           int
	}{
		{"good", key, "POST", good, "application/json", 202},
		{"unknown exchange", key, "POST", strings.Replace(good, id, "01ARZ3NDEKTSV4RRFFQ69G5FAV", 1), "application/json", 202}, // nobody learns what there is
		{"no key", "", "POST", good, "application/json", 401},
		{"a form", key, "POST", good, "application/x-www-form-urlencoded", 415},
		{"another method", key, "GET", "", "", 405},
		{"no id", key, "POST", `{"exchange":"x","category":"harmful","note":""}`, "application/json", 400},
		{"no category", key, "POST", `{"exchange":"` + id + `","category":"","note":""}`, "application/json", 400},
		{"more", key, "POST", strings.Replace(good, "{", `{"x":1,`, 1), "application/json", 400},
		{"twice", key, "POST", strings.Replace(good, "{", `{"note":"a",`, 1), "application/json", 400},
		{"large", key, "POST", `{"note":"` + strings.Repeat("x", maxReport) + `"}`, "application/json", 413},
	} {
		w := call(t, h, c.key, c.method, ReportsPath, c.body, "Content-Type", c.media)
		if w.Code != c.want {
			t.Errorf("%s: %d %s", c.name, w.Code, w.Body)
		}
		if c.want != 202 && !strings.Contains(w.Body.String(), `"remedy":"`) {
			t.Errorf("%s: no remedy: %s", c.name, w.Body)
		}
	}
	r.wrong = errDown
	if w := call(t, h, key, "POST", ReportsPath, good); w.Code != 503 {
		t.Errorf("without a log: %d", w.Code)
	}
	r.wrong = nil
	if list := r.caughtUp().list(store.ReviewFilter{}); len(list) != 1 || list[0].ID != id {
		t.Errorf("%+v", list)
	}
}

// TestHeld: an answer waits, and goes out released or corrected, on record; rejected, expired or somebody else's it does not.
func TestHeld(t *testing.T) {
	r := newRoom(t, sqlite(t), everything)
	h, key, who, other := r.public(t)
	held := func(x said) string {
		x.who, x.result = who, "held"
		return r.exchange(x)
	}
	released, corrected, rejected, late := held(said{output: `{"id":"a"}`}), held(said{route: "/api/chat"}), held(said{}), held(said{})
	stream := held(said{stream: true, output: "data: {}\n\ndata: [DONE]\n\n"})
	plain := r.exchange(said{who: who})
	if w := call(t, h, key, "GET", HeldPath+released, ""); w.Code != 202 || w.Header().Get("Location") != HeldPath+released || w.Header().Get("Retry-After") == "" {
		t.Errorf("before the queue has it: %d %s", w.Code, w.Body)
	}
	r.caughtUp()
	for name, w := range map[string]*httptest.ResponseRecorder{
		"somebody else's": call(t, h, other, "GET", HeldPath+released, ""),
		"not held":        call(t, h, key, "GET", HeldPath+plain, ""),
		"no id":           call(t, h, key, "GET", HeldPath+"x", ""),
		"unknown":         call(t, h, key, "GET", HeldPath+"01ARZ3NDEKTSV4RRFFQ69G5FAV", ""),
	} {
		if w.Code != 404 {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
	r.decide(reviewer(1), Decision{Item: released, Outcome: OutcomeRelease})
	r.decide(reviewer(1), Decision{Item: stream, Outcome: OutcomeRelease})
	r.decide(reviewer(1), Decision{Item: corrected, Outcome: OutcomeCorrect, Corrected: "better"})
	r.decide(reviewer(1), Decision{Item: rejected, Outcome: OutcomeConfirm})
	if w := call(t, h, key, "GET", HeldPath+released, ""); w.Code != 200 || w.Body.String() != `{"id":"a"}` {
		t.Errorf("released: %d %s", w.Code, w.Body)
	}
	if w := call(t, h, key, "GET", HeldPath+stream, ""); w.Code != 200 || w.Header().Get("Content-Type") != "text/event-stream" {
		t.Errorf("stream: %d %s", w.Code, w.Body)
	}
	w := call(t, h, key, "GET", HeldPath+corrected, "")
	var body struct {
		Message struct{ Content string } `json:"message"`
		Done    bool                     `json:"done"`
	}
	must(t, json.Unmarshal(w.Body.Bytes(), &body))
	if w.Code != 200 || body.Message.Content != "better" || !body.Done {
		t.Errorf("corrected: %d %s", w.Code, w.Body)
	}
	if w := call(t, h, key, "GET", HeldPath+rejected, ""); w.Code != 403 || !strings.Contains(w.Body.String(), "held_rejected") {
		t.Errorf("rejected: %d %s", w.Code, w.Body)
	}
	r.pass(r.o.Rules.Limits[SourceHeld])
	if w := call(t, h, key, "GET", HeldPath+late, ""); w.Code != 403 || !strings.Contains(w.Body.String(), "held_expired") {
		t.Errorf("late, before the sweep: %d %s", w.Code, w.Body)
	}
	if _, err := r.Sweep(t.Context()); err != nil {
		t.Error(err)
	}
	if w := call(t, h, key, "GET", HeldPath+late, ""); w.Code != 403 || !strings.Contains(w.Body.String(), "held_expired") {
		t.Errorf("late: %d %s", w.Code, w.Body)
	}
	r.wrong = errDown
	if w := call(t, h, key, "GET", HeldPath+released, ""); w.Code != 503 {
		t.Errorf("a delivery that cannot be recorded: %d", w.Code)
	}
	_, err := r.keys.DestroySubject(who)
	must(t, err)
	r.wrong = nil
	if w := call(t, h, key, "GET", HeldPath+released, ""); w.Code != 404 {
		t.Errorf("after the erasure of whoever asked: %d %s", w.Code, w.Body)
	}
}

// TestWaits: who waits gets the answer when it is released.
func TestWaits(t *testing.T) {
	r := newRoom(t, sqlite(t), everything)
	id := r.exchange(said{result: "held", output: `{"id":"a"}`})
	r.caughtUp()
	parsed, err := custody.ParseID(id)
	must(t, err)
	got := make(chan *Answer)
	go func() {
		a, refusal := r.Await(context.WithoutCancel(t.Context()), "key:anna", parsed, time.Minute)
		if refusal != nil {
			t.Error(refusal.Message)
		}
		got <- a
	}()
	r.decide(reviewer(1), Decision{Item: id, Outcome: OutcomeRelease})
	if a := <-got; a == nil || a.Pending || string(a.Body) != `{"id":"a"}` {
		t.Errorf("%+v", a)
	}
	for text, want := range map[string]time.Duration{"": 0, "wait=5": 5 * time.Second, "respond-async, wait=10": 10 * time.Second, "wait=x": 0, "wait=-1": 0, "wait=99999": 0} {
		if d := Wait(text); d != want {
			t.Errorf("%q: %v", text, d)
		}
	}
}

// TestExportAndPropose: verdicts become masked examples, and a change of a rule is replayed over what is on record.
func TestExportAndPropose(t *testing.T) {
	r := newRoom(t, sqlite(t), everything)
	scored := func(score float64) []custody.GuardResult {
		g := acted("pii/x", reeve.Block)
		g[0].Score = score
		return g
	}
	var weak, strong []string
	for range 6 {
		weak = append(weak, r.exchange(said{result: "blocked", out: scored(0.45), output: `{"choices":[{"message":{"role":"assistant","content":"jane said"}}]}`}))
		strong = append(strong, r.exchange(said{result: "blocked", out: scored(0.95)}))
	}
	r.exchange(said{})
	r.caughtUp()
	for i := range weak {
		r.decide(reviewer(1), Decision{Item: weak[i], Outcome: OutcomeRelease})
		r.decide(reviewer(2), Decision{Item: strong[i], Outcome: OutcomeConfirm, Category: "personal-data"})
	}
	p, err := r.Propose(t.Context(), ProposeRequest{Actor: "local:test"})
	must(t, err)
	if len(p.Proposals) != 1 {
		t.Fatalf("%+v", p)
	}
	got := p.Proposals[0]
	if got.MinScore != 451 || got.Effect != (Effect{Exchanges: 13, Acted: 12, Weaker: 6, Passed: 6, Right: 6}) || got.FalsePositive != 6 || got.TruePositive != 6 {
		t.Errorf("%+v", got)
	}
	p, err = r.Propose(t.Context(), ProposeRequest{Actor: "local:test", Change: &Change{Rule: "pii/x", Action: "review"}})
	must(t, err)
	if e := p.Proposals[0].Effect; e != (Effect{Exchanges: 13, Acted: 12, Weaker: 12, Right: 6, Wrong: 6}) {
		t.Errorf("%+v", e)
	}
	var out strings.Builder
	must(t, r.Export(t.Context(), ExportRequest{Actor: "local:test"}, &out))
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 12 || strings.Contains(out.String(), "jane") || !strings.Contains(out.String(), "[NAME] said") {
		t.Errorf("%d lines: %s", len(lines), out.String())
	}
	for _, line := range lines {
		var x Example
		must(t, json.Unmarshal([]byte(line), &x))
		if x.Violation != (x.Outcome == OutcomeConfirm) || x.Probability != 1 {
			t.Errorf("%+v", x)
		}
	}
}

// TestReveal: what was said is masked unless a right and a reason are there, and that is on record first.
func TestReveal(t *testing.T) {
	r := newRoom(t, sqlite(t), everything)
	id := r.exchange(said{out: acted("x", reeve.Review), input: `{"messages":[{"role":"user","content":"ask jane"}]}`, output: "data: {\"choices\":[]}"})
	r.caughtUp()
	v, err := r.Show(t.Context(), reviewer(1), id)
	must(t, err)
	if len(v.Input) != 1 || v.Input[0] != (Turn{"user", "ask [NAME]"}) {
		t.Errorf("%+v", v.Input)
	}
	if _, err := r.Reveal(t.Context(), reviewer(1), id, " "); err == nil {
		t.Error("revealed without a reason")
	}
	r.wrong = errDown
	if _, err := r.Reveal(t.Context(), reviewer(1), id, "to see"); err == nil {
		t.Error("revealed without a record")
	}
	r.wrong = nil
	v, err = r.Reveal(t.Context(), reviewer(1), id, "to see")
	must(t, err)
	if !v.Revealed || v.Input[0].Text != "ask jane" {
		t.Errorf("%+v", v.Input)
	}
	r.base.Mask = nil
	r.again()
	r.caughtUp()
	if v, err := r.Show(t.Context(), reviewer(1), id); err != nil || v.Input[0].Text != "[not shown]" {
		t.Errorf("without a masker: %+v %v", v, err)
	}
}

func FuzzReport(f *testing.F) {
	for _, seed := range []string{
		`{"exchange":"01ARZ3NDEKTSV4RRFFQ69G5FAV","category":"harmful","note":"x"}`, `{}`, `[]`, `{"exchange":1}`, "\xff", `{"exchange":"01ARZ3NDEKTSV4RRFFQ69G5FAV","category":"a","note":"\ud800"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		r, id, err := parseReport(body)
		if err == nil && (id.IsZero() && r.Exchange != strings.Repeat("0", 26) || !isWord(r.Category) || len(r.Note) > maxNote || id.String() != r.Exchange) {
			t.Errorf("%+v", r)
		}
	})
}

func FuzzTurns(f *testing.F) {
	for _, seed := range []string{`{"messages":[{"role":"user","content":[{"type":"text","text":"x"}]}]}`, `{"prompt":["a","b"]}`, `{"texts":[{"channel":"content","text":"x"}]}`, "plain", `{"messages":[{"content":[null]}]}`, `{"input":[[]]}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		list := turns(body, "user")
		if len(list) > maxTurns || len(body) > 0 && len(list) == 0 {
			t.Errorf("%d turns", len(list))
		}
	})
}
