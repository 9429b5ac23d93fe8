package console

import (
	"cmp"
	"net/url"
	"slices"
	"time"
)

// periods are spans to choose from, in days.
var periods = []struct {
	name string
	days int
}{{"1d", 1}, {"7d", 7}, {"30d", 30}, {"400d", 400}}

// period is the span that ?period= asks for; a week where it asks for none.
func (v *view) period() (string, time.Time) {
	for _, p := range periods {
		if p.name == v.q.Get("period") {
			return p.name, v.now.AddDate(0, 0, -p.days)
		}
	}
	return "7d", v.now.AddDate(0, 0, -7)
}

// findings counts what rules saw, from the tallies of the index.
func findings(v *view) (any, error) {
	name, since := v.period()
	tallies, err := v.c.o.Records.Rules(v.ctx(), since, v.now.Add(time.Hour))
	if err != nil {
		return nil, err
	}
	type key struct{ rule, action string }
	type sum struct {
		n    int64
		last time.Time
	}
	sums := map[key]*sum{}
	for _, t := range tallies {
		k := key{t.A, t.B}
		if sums[k] == nil {
			sums[k] = &sum{}
		}
		sums[k].n += t.N
		if t.Hour.After(sums[k].last) {
			sums[k].last = t.Hour
		}
	}
	rules := v.c.rules()
	var rows []row
	for k, s := range sums {
		r := rules[k.rule]
		rows = append(rows, row{ID: k.rule + " " + k.action, Cells: []cell{
			monoLink(k.rule, Home+"exchanges?rule="+url.QueryEscape(k.rule)), plain(v.word("action", k.action)), count(s.n), at(s.last), plain(r.Message), plain(r.LegalBasis),
		}})
	}
	slices.SortFunc(rows, func(a, b row) int {
		return cmp.Or(cmp.Compare(b.Cells[2].Num, a.Cells[2].Num), cmp.Compare(a.ID, b.ID))
	})
	choice := filter{Name: "period", Kind: "select", Value: name}
	for _, p := range periods {
		choice.Options = append(choice.Options, option{p.name, v.T("period." + p.name), p.name == name})
	}
	return v.list("findings", []column{{Name: "rule", Sort: true}, {Name: "action", Sort: true}, {Name: "exchanges", Num: true, Sort: true}, {Name: "lasthour", Sort: true}, {Name: "message"}, {Name: "law"}}, rows, choice), nil
}
