package console

import (
	"strconv"

	"github.com/reeve-ai/reeve/internal/custody"
	"github.com/reeve-ai/reeve/internal/lifecycle"
)

// models lists what callers can name, and how each stands.
func models(v *view) (any, error) {
	var rows []row
	for _, m := range v.c.models() {
		verdict, tone := v.word("verdict", m.Verdict), map[string]string{"admitted": "good", "refused": "bad"}[m.Verdict]
		if m.Verdict == "" {
			verdict = v.T("verdict.none")
		}
		rows = append(rows, row{ID: m.Name, Cells: []cell{
			linked(m.Name, Home+"models/"+escape(m.Name)), plain(m.Upstream), plain(m.Label), plain(m.Takes), plain(m.Owner), plain(v.word("admission", m.Admission)), toned(verdict, tone),
		}})
	}
	return v.list("models", []column{{Name: "model", Sort: true}, {Name: "upstream", Sort: true}, {Name: "label", Sort: true}, {Name: "takes"}, {Name: "owner", Sort: true}, {Name: "admission"}, {Name: "verdict", Sort: true}}, rows), nil
}

// models are those that are configured; where none is, callers name those of the runtime.
func (c *Console) models() []Model {
	if c.o.Models == nil {
		return nil
	}
	return c.o.Models()
}

type modelData struct {
	Model     Model
	Known     bool
	Facts     []fact
	Gates     *table
	Verdicts  *table // signed ones of this model; nil: the configuration names no folder of statements
	Drawing   string // address of the lineage; "": nothing is known
	Exchanges *table
}

// model is one model: what is configured, what gates said, and what was asked of it lately.
func model(v *view) (any, error) {
	d := &modelData{Model: Model{Name: v.r.PathValue("name")}}
	for _, m := range v.c.models() {
		if m.Name == d.Model.Name {
			d.Model, d.Known = m, true
		}
	}
	add := func(name, text string) {
		if text != "" {
			d.Facts = append(d.Facts, fact{v.T("fact." + name), plain(text)})
		}
	}
	m := &d.Model
	add("upstream", m.Upstream)
	add("as", m.As)
	add("label", m.Label)
	add("takes", m.Takes)
	add("owner", m.Owner)
	add("department", m.Department)
	add("admission", v.word("admission", m.Admission))
	add("verdict", v.word("verdict", m.Verdict))
	add("reason", m.Reason)
	add("remedy", m.Remedy)
	add("until", stamp(m.Until))
	for _, sum := range m.Files[:min(len(m.Files), 50)] {
		d.Facts = append(d.Facts, fact{v.T("fact.file"), mono(sum)})
	}
	gates, err := v.eventTable("gates", lifecycle.Listing{Kind: custody.EventGate, Limit: pageSize})
	if err != nil {
		return nil, err
	}
	d.Gates = gates
	if err := v.signed(d); err != nil {
		return nil, err
	}
	if v.Deny("exchange:list") == nil {
		p, err := v.c.o.Records.List(v.ctx(), lifecycle.Listing{Model: m.Name, Limit: 10})
		if err != nil {
			return nil, err
		}
		d.Exchanges = v.exchangeTable("exchanges", nil, "")
		v.addHits(d.Exchanges, p.Hits)
	}
	return d, nil
}

type datasetsData struct {
	Scans  *table
	Audits *table // nil: the configuration names no folder of statements
}

func (d *datasetsData) tables() []*table {
	if d.Audits == nil {
		return []*table{d.Scans}
	}
	return []*table{d.Scans, d.Audits}
}

// datasets lists what was scanned and signed for: the events that scans leave.
func datasets(v *view) (any, error) {
	t, err := v.eventTable("scans", lifecycle.Listing{Kind: custody.EventScan, Before: v.before(), Limit: pageSize})
	if err != nil {
		return nil, err
	}
	audits, err := v.audits()
	if err != nil {
		return nil, err
	}
	return &datasetsData{t, audits}, nil
}

// eventTable is a page of events.
func (v *view) eventTable(name string, q lifecycle.Listing) (*table, error) {
	if v.q.Get("format") != "" {
		q.Limit = 1000
	}
	t := &table{v: v, Name: name, Columns: []column{{Name: "time"}, {Name: "record"}, {Name: "kind"}, {Name: "act"}, {Name: "result"}}}
	p, err := v.c.o.Records.List(v.ctx(), q)
	if err != nil {
		return nil, err
	}
	for i := range p.Hits {
		h := &p.Hits[i]
		t.Rows = append(t.Rows, row{ID: h.ID, Cells: []cell{
			at(h.Time), monoLink(h.ID, Home+"exchanges/"+h.ID), plain(v.word("kind", h.Kind)), mono(h.Act), toned(v.word("result", h.Result), tones[h.Result]),
		}})
	}
	if p.Next != 0 {
		t.after = strconv.FormatUint(p.Next, 10)
		t.Next, t.Partial = v.with("before", t.after), len(p.Hits) < q.Limit
		t.more = func(after string) (*table, error) {
			again := q
			again.Before, _ = strconv.ParseUint(after, 10, 64)
			return v.eventTable(name, again)
		}
	}
	if q.Before != 0 {
		t.Newest = v.with("before", "")
	}
	return t, nil
}
