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
	totals, err := v.c.o.Records.RuleTotals(v.ctx(), since, v.now.Add(time.Hour))
	if err != nil {
		return nil, err
	}
	rules := v.c.rules()
	var rows []row
	for _, t := range totals {
		r := rules[t.A]
		rows = append(rows, row{ID: t.A + " " + t.B, Cells: []cell{
			monoLink(t.A, Home+"exchanges?rule="+url.QueryEscape(t.A)), plain(v.word("action", t.B)), count(t.N), at(t.Last), plain(r.Message), plain(r.LegalBasis),
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
