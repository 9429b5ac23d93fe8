package gateway

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/access"
	"github.com/reeve-ai/reeve/internal/identity"
)

// points are the 64 labels over 4 levels and the subsets of 4 categories.
func points() (all []reeve.Label) {
	names := []string{"A", "B", "C", "D"}
	for level := reeve.Public; level <= reeve.Restricted; level++ {
		for set := range 16 {
			var c []string
			for i, n := range names {
				if set&(1<<i) != 0 {
					c = append(c, n)
				}
			}
			all = append(all, reeve.NewLabel(level, c...))
		}
	}
	return all
}

var top = reeve.NewLabel(reeve.Restricted, "A", "B", "C", "D")

// dominates is the definition of the order, written a second time.
func dominates(l, m reeve.Label) bool {
	for _, c := range m.Categories {
		if !strings.Contains(","+strings.Join(l.Categories, ",")+",", ","+c+",") {
			return false
		}
	}
	return l.Level >= m.Level
}

// macHouse has a model for every label, in three kinds, and a key for every clearance.
func macHouse(t *testing.T) (h *house, keys map[string]string) {
	t.Helper()
	h = newHouse(t, tongues[0].say("all is well"), func(o *Options) {
		o.Purposes = map[string]string{"/v1/completions": "training"}
		for i, l := range points() {
			o.Models = append(o.Models,
				Model{Name: fmt.Sprint("knows", i), Label: l},
				Model{Name: fmt.Sprint("takes", i), Takes: &l})
		}
	})
	keys = map[string]string{}
	for _, l := range points() {
		_, key, err := h.keys.Create(t.Context(), identity.NewKey{Name: "k", Clearance: l})
		if err != nil {
			t.Fatal(err)
		}
		keys[l.String()] = key
	}
	return h, keys
}

// ask walks one exchange through the whole pipeline, without a network before it.
func (h *house) ask(key, path, model, conversation string) (status int, label, rule string) {
	body := `{"model":"` + model + `","messages":[{"role":"user","content":"hi"}],"prompt":"hi"}`
	r := httptest.NewRequest("POST", path, strings.NewReader(body))
	r.RemoteAddr = "127.0.0.1:4000"
	r.Header.Set("Authorization", "Bearer "+key)
	if conversation != "" {
		r.Header.Set(conversationHeader, conversation)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		_, rule, _ = strings.Cut(w.Body.String(), `"rule":"`)
		rule, _, _ = strings.Cut(rule, `"`)
	}
	return w.Code, w.Header().Get(labelHeader), rule
}

// TestMandatoryAccess sends every pair of labels through the gateway: clearance and model (no read up), conversation and
// what a model may take, conversation and a model that is trained (no write down), and what a conversation has become.
func TestMandatoryAccess(t *testing.T) {
	if testing.Short() {
		t.Skip("tries every place, one after the other")
	}
	h, keys := macHouse(t)
	all := points()
	violations, asked := 0, 0
	expect := func(what string, want bool, wantLabel reeve.Label, wantRule string, status int, label, rule string) {
		asked++
		ok := status == http.StatusForbidden && rule == wantRule
		if want {
			ok = status == http.StatusOK && label == wantLabel.String()
		}
		if !ok {
			if violations++; violations < 10 {
				t.Errorf("%s: %d %s by %q; want allowed=%v with %s", what, status, label, rule, want, wantLabel)
			}
		}
	}
	for _, c := range all {
		for i, m := range all {
			status, label, rule := h.ask(keys[c.String()], "/v1/chat/completions", fmt.Sprint("knows", i), fmt.Sprint("read", i))
			expect(fmt.Sprintf("%s reads %s", c, m), dominates(c, m), m, "label/clearance", status, label, rule)
		}
	}
	cleared := keys[top.String()]
	for s, mark := range all {
		for i, m := range all {
			id := fmt.Sprintf("talk-%d-%d", s, i)
			status, label, rule := h.ask(cleared, "/v1/chat/completions", fmt.Sprint("knows", s), id)
			expect(fmt.Sprintf("begin at %s", mark), true, mark, "", status, label, rule)

			status, label, rule = h.ask(cleared, "/v1/chat/completions", fmt.Sprint("takes", i), id)
			expect(fmt.Sprintf("%s to a model that takes %s", mark, m), dominates(m, mark), mark, "label/model", status, label, rule)

			status, label, rule = h.ask(cleared, "/v1/completions", fmt.Sprint("knows", i), id)
			expect(fmt.Sprintf("%s trains %s", mark, m), dominates(m, mark), m, "label/write-down", status, label, rule)

			id += "-on"
			h.ask(cleared, "/v1/chat/completions", fmt.Sprint("knows", s), id)
			h.ask(cleared, "/v1/chat/completions", fmt.Sprint("knows", i), id)
			status, label, rule = h.ask(cleared, "/v1/chat/completions", "plain", id)
			expect(fmt.Sprintf("%s then %s", mark, m), true, mark.Join(m), "", status, label, rule)
		}
	}
	t.Logf("%d of %d exchanges violate the lattice", violations, asked)
}

// TestMandatoryAccessTriples is every clearance with every conversation and every model.
func TestMandatoryAccessTriples(t *testing.T) {
	if testing.Short() {
		t.Skip("tries every place, one after the other")
	}
	h, _ := macHouse(t)
	all := points()
	for _, c := range all {
		for s, mark := range all {
			for i, m := range all {
				want := dominates(c, mark.Join(m))
				k := h.talks.talkOf("p", fmt.Sprint(s), "")
				if err := h.talks.raise(t.Context(), k, mark, fixedClock()); err != nil {
					t.Fatal(err)
				}
				x := &exchange{
					w: httptest.NewRecorder(), r: local(), ep: h.endpoints["/v1/chat/completions"],
					talk: k, mark: mark, modelLabel: m, start: fixedClock(), upstream: &h.opts.Upstreams[0],
					session: &identity.Session{Principal: reeve.Principal{ID: "p", Clearance: c}},
				}
				x.req.Model = fmt.Sprint("knows", i)
				if got := h.admit(x) == nil; got != want {
					t.Fatalf("clearance %s, conversation %s, model %s: %v", c, mark, m, got)
				}
			}
		}
	}
}

func local() *http.Request {
	r := httptest.NewRequest("POST", "/v1/chat/completions", nil)
	r.RemoteAddr = "127.0.0.1:4000"
	return r
}

// TestMandatoryAccessByPolicy asks the policies that ship, through the gateway, for every pair of clearance and model: they
// say the same, the record names what decided, and the answer of a model that is allowed is the model's own label.
func TestMandatoryAccessByPolicy(t *testing.T) {
	if testing.Short() {
		t.Skip("tries every place, one after the other")
	}
	set, err := access.Compile(access.Default(), access.Options{})
	if err != nil {
		t.Fatal(err)
	}
	engine, err := access.NewEngine(set)
	if err != nil {
		t.Fatal(err)
	}
	h, keys := macHouse(t)
	h.SetAccess(engine)
	for _, c := range points() {
		for i, m := range points() {
			status, label, rule := h.ask(keys[c.String()], "/v1/chat/completions", fmt.Sprint("knows", i), fmt.Sprint(i))
			want := dominates(c, m)
			if want && (status != http.StatusOK || label != m.String()) || !want && (status != http.StatusForbidden || rule == "") {
				t.Fatalf("%s reads %s: %d %s by %q", c, m, status, label, rule)
			}
			if o := h.log.last(t); o.Request.AccessPolicy != set.PolicyDigest() || o.Request.AccessEntities == "" || o.Request.AccessRule == "" {
				t.Fatalf("on record: %+v", o.Request)
			}
		}
	}
}
