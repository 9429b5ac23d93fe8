package lifecycle

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/custody"
)

// answer writes one exchange and returns its id.
func (h *house) answer(model, result, rule string, in, out []custody.GuardResult) string {
	h.t.Helper()
	now := h.clock()
	id := custody.NewID(now)
	req := custody.Request{Subject: "key:a1", Model: model, Route: "/v1/chat/completions", LabelIn: "internal", GuardIn: in}
	if result != "refused" {
		h.must(h.log.Intent(&custody.Intent{ID: id, Start: now, Request: req, Input: []byte("question")}))
	}
	o := &custody.Outcome{ID: id, Start: now, End: h.clock(), Request: &req, Intended: result != "refused", Output: []byte("answer"), Result: result, Rule: rule, GuardOut: out, LabelOut: "public"}
	h.must(h.log.Outcome(o))
	return id.String()
}

func ids(p *Page) []string {
	out := []string{}
	for _, h := range p.Hits {
		out = append(out, h.ID)
	}
	return out
}

func TestList(t *testing.T) {
	h := newHouse(t)
	began := h.clock()
	masked := h.answer("small", "ok", "", []custody.GuardResult{{Rule: "pii", Stage: "in", Action: reeve.Mask, Count: 2}}, []custody.GuardResult{{Rule: "pii", Stage: "out", Action: reeve.Mask, Count: 1}})
	blocked := h.answer("large", "blocked", "secrets", nil, []custody.GuardResult{{Rule: "secrets", Stage: "out", Action: reeve.Block, Count: 1}})
	h.pass(2 * time.Hour)
	refused := h.answer("large", "refused", "mac-no-read-up", nil, nil)
	plain := h.answer("small", "ok", "", nil, nil)
	cut := h.answer("other", "aborted", "", nil, nil)
	h.must(h.c.index.CatchUp(t.Context()))
	if n := h.c.Behind(); n != 0 {
		t.Errorf("the index is %d records behind", n)
	}
	for name, tt := range map[string]struct {
		q    Listing
		want []string
	}{
		"everything said": {Listing{Kind: "exchange"}, []string{cut, plain, refused, blocked, masked}},
		"result":          {Listing{Result: "ok"}, []string{plain, masked}},
		"cut off":         {Listing{Result: "aborted"}, []string{cut}},
		"ok of a model":   {Listing{Result: "ok", Model: "small"}, []string{plain, masked}},
		"model":           {Listing{Model: "large"}, []string{refused, blocked}},
		"both":            {Listing{Model: "large", Result: "blocked"}, []string{blocked}},
		"label":           {Listing{Label: "internal"}, []string{cut, plain, refused, blocked, masked}},
		"rule":            {Listing{Rule: "pii"}, []string{masked}},
		"rule of access":  {Listing{Rule: "mac-no-read-up"}, []string{refused}},
		"no such rule":    {Listing{Rule: "none"}, []string{}},
		"since":           {Listing{Kind: "exchange", Since: began.Add(time.Hour)}, []string{cut, plain, refused}},
		"until":           {Listing{Kind: "exchange", Until: began.Add(time.Hour)}, []string{blocked, masked}},
		"open":            {Listing{Result: "open"}, []string{}},
		"years":           {Listing{Kind: "exchange", Since: began.AddDate(0, 0, -400), Until: began.AddDate(0, 0, 400)}, []string{cut, plain, refused, blocked, masked}},
		"later":           {Listing{Kind: "exchange", Since: began.AddDate(1, 0, 0)}, []string{}},
	} {
		p, err := h.c.List(t.Context(), tt.q)
		h.must(err)
		if diff := cmp.Diff(tt.want, ids(p)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	p, err := h.c.List(t.Context(), Listing{Rule: "mac-no-read-up"})
	h.must(err)
	if p.Hits[0].Rule != "mac-no-read-up" || p.Hits[0].Result != "refused" {
		t.Errorf("the hit is %+v", p.Hits[0])
	}
}

// Pages that follow each other hold everything once.
func TestListPages(t *testing.T) {
	h := newHouse(t)
	want := []string{}
	for i := range 25 {
		want = append([]string{h.answer(fmt.Sprintf("m%d", i%2), "ok", "", []custody.GuardResult{{Rule: "pii", Stage: "in", Action: reeve.Mask, Count: 1}}, nil)}, want...)
	}
	h.must(h.c.index.CatchUp(t.Context()))
	for name, q := range map[string]Listing{"all": {Kind: "exchange", Limit: 4}, "rule": {Rule: "pii", Limit: 7}, "label": {Label: "internal", Limit: 3}} {
		var got []string
		for {
			p, err := h.c.List(t.Context(), q)
			h.must(err)
			got = append(got, ids(p)...)
			if q.Before = p.Next; q.Before == 0 {
				break
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestTallies(t *testing.T) {
	h := newHouse(t)
	since := h.clock()
	h.answer("small", "ok", "", []custody.GuardResult{{Rule: "pii", Stage: "in", Action: reeve.Mask, Count: 2}}, nil)
	h.answer("small", "ok", "", nil, nil)
	h.answer("small", "refused", "secrets", []custody.GuardResult{{Rule: "secrets", Stage: "in", Action: reeve.Block, Count: 1}}, nil)
	h.must(h.c.index.CatchUp(t.Context()))
	hour := since.Truncate(time.Hour)
	got, err := h.c.Exchanges(t.Context(), since, since.Add(time.Hour))
	h.must(err)
	if diff := cmp.Diff([]Tally{{hour, "ok", "small", 2}, {hour, "refused", "small", 1}}, got); diff != "" {
		t.Error(diff)
	}
	totals, err := h.c.RuleTotals(t.Context(), since, since.Add(time.Hour))
	h.must(err)
	if diff := cmp.Diff([]Total{{"pii", "mask", 1, hour}, {"secrets", "block", 1, hour}}, totals, cmpopts.SortSlices(func(a, b Total) bool { return a.A < b.A })); diff != "" {
		t.Error(diff)
	}
	got, err = h.c.Rules(t.Context(), since, since.Add(time.Hour))
	h.must(err)
	if diff := cmp.Diff([]Tally{{hour, "pii", "mask", 1}, {hour, "secrets", "block", 1}}, got); diff != "" {
		t.Error(diff)
	}
}

func TestOutline(t *testing.T) {
	h := newHouse(t)
	id := h.answer("small", "ok", "", nil, nil)
	h.must(h.c.index.CatchUp(t.Context()))
	o, err := h.c.Outline(t.Context(), id, "key:a1")
	h.must(err)
	if len(o.Records) != 2 || !o.Own || !o.Payload || o.Erased || len(o.Read) != 0 {
		t.Errorf("outline %+v", o)
	}
	if o, err = h.c.Outline(t.Context(), id, "key:a2"); err != nil || o.Own {
		t.Errorf("it is somebody else's: %+v, %v", o, err)
	}
	_, err = h.c.Show(t.Context(), ShowRequest{ID: id, Actor: "key:a2"})
	h.must(err)
	if o, err = h.c.Outline(t.Context(), id, "key:a2"); err != nil || len(o.Read) != 1 {
		t.Errorf("that it was read is not told: %+v, %v", o, err)
	}
	_, err = h.c.Erase(t.Context(), EraseRequest{Subject: "key:a1", Reason: "asked for", Actor: "key:a2"})
	h.must(err)
	if o, err = h.c.Outline(t.Context(), id, "key:a2"); err != nil || o.Payload || !o.Erased {
		t.Errorf("that it was erased is not told: %+v, %v", o, err)
	}
	if _, err := h.c.Outline(t.Context(), "no id", "key:a2"); err == nil {
		t.Error("something that is no id is found")
	}
}
