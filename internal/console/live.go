package console

import (
	"slices"
	"strconv"
	"time"

	"github.com/reeve-ai/reeve/internal/lifecycle"
)

// live lists exchanges, the newest first.
func live(v *view) (any, error) {
	since, until, err := v.span()
	if err != nil {
		return nil, err
	}
	words, err := v.words()
	if err != nil {
		return nil, err
	}
	q := lifecycle.Listing{
		Since: since, Until: until, Model: v.q.Get("model"), Result: v.q.Get("result"), Rule: v.q.Get("rule"), Label: v.q.Get("label"), Kind: "exchange", Before: v.before(), Limit: pageSize,
	}
	filters := []filter{
		v.choose("result", append(slices.Clone(results), "open")), v.choose("model", words.models), v.choose("rule", words.rules),
		{Name: "label", Kind: "text", Value: q.Label},
		{Name: "since", Kind: "date", Value: v.q.Get("since")},
		{Name: "until", Kind: "date", Value: v.q.Get("until")},
	}
	return v.pageOf("exchanges", q, filters)
}

// pageOf is one page of a list of exchanges.
func (v *view) pageOf(name string, q lifecycle.Listing, filters []filter) (*table, error) {
	if v.q.Get("format") != "" {
		q.Limit = 1000
	}
	p, err := v.c.o.Records.List(v.ctx(), q)
	if err != nil {
		return nil, err
	}
	t := v.exchangeTable(name, filters, v.with("part", "rows"))
	v.addHits(t, p.Hits)
	if p.Next != 0 {
		t.after = strconv.FormatUint(p.Next, 10)
		t.Next = v.with("before", t.after)
		t.Partial = len(p.Hits) < q.Limit
		t.more = func(after string) (*table, error) {
			again := q
			again.Before, _ = strconv.ParseUint(after, 10, 64)
			return v.pageOf(name, again, nil)
		}
	}
	if q.Before != 0 {
		t.Newest, t.Live = v.with("before", ""), ""
	}
	return t, nil
}

func (v *view) exchangeTable(name string, filters []filter, live string) *table {
	return &table{v: v, Name: name, Filters: filters, Live: live, Columns: []column{
		{Name: "time"}, {Name: "exchange"}, {Name: "model"}, {Name: "result"}, {Name: "rule"}, {Name: "label_in"}, {Name: "label_out"}, {Name: "route"},
	}}
}

// tones of results; the word says the same.
var tones = map[string]string{"ok": "good", "refused": "warn", "blocked": "warn", "failed": "bad", "cut": "warn", "aborted": "bad", "open": ""}

func (v *view) addHits(t *table, hits []lifecycle.Hit) {
	for i := range hits {
		h := &hits[i]
		t.Rows = append(t.Rows, row{ID: h.ID, Cells: []cell{
			at(h.Time), monoLink(h.ID, Home+"exchanges/"+h.ID), plain(h.Model), toned(v.word("result", h.Result), tones[h.Result]), mono(h.Rule), plain(h.LabelIn), plain(h.LabelOut), plain(h.Route),
		}})
	}
}

// word is a name of ours in the language of the view; one that is not in the catalogue stands as it is.
func (v *view) word(kind, name string) string {
	if key := kind + "." + name; name != "" && v.Has(key) {
		return v.T(key)
	}
	return name
}

func newestFirst(rows []row) {
	slices.SortStableFunc(rows, func(a, b row) int { return b.Cells[0].Time.Compare(a.Cells[0].Time) })
}

type filterWords struct{ models, rules []string }

// words are what filters offer: models and rules that were seen in the last thirty days. They are counted once a minute for everybody.
func (v *view) words() (filterWords, error) {
	return v.c.words.get(v.now, func() (w filterWords, err error) {
		since, until := v.now.AddDate(0, 0, -30), v.now.Add(time.Hour)
		models, err := v.c.o.Records.ExchangeTotals(v.ctx(), since, until)
		if err != nil {
			return w, err
		}
		rules, err := v.c.o.Records.RuleTotals(v.ctx(), since, until)
		if err != nil {
			return w, err
		}
		for _, t := range models {
			if t.B != "" {
				w.models = append(w.models, t.B)
			}
		}
		for _, t := range rules {
			w.rules = append(w.rules, t.A)
		}
		return filterWords{tidy(w.models), tidy(w.rules)}, nil
	})
}

func tidy(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}
