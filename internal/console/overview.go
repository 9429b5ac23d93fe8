package console

import (
	"strings"
	"time"

	"github.com/reeve-ai/reeve/internal/custody"
	"github.com/reeve-ai/reeve/internal/lifecycle"
	"github.com/reeve-ai/reeve/internal/posture"
)

// notice is something that somebody should know or do.
type notice struct {
	Tone, Text, Detail, Remedy, Href string
}

// tile is a figure that leads to what it counts.
type tile struct{ Label, Value, Href, Tone string }

type overviewData struct {
	Verdict string // good, warn or bad
	Attend  []notice
	Due     []notice
	Holds   []posture.Check
	Tiles   []tile
	Chart   *chart
	Refused *table
	Stats   custody.Stats
	Behind  uint64
	Digests map[string]string
	MayLive bool
}

func (d *overviewData) tables() []*table {
	if d.Refused == nil {
		return []*table{{}}
	}
	return []*table{d.Refused}
}

func overview(v *view) (any, error) {
	d := &overviewData{Stats: v.c.o.Log.Stats(), Behind: v.c.o.Records.Behind(), MayLive: v.Deny("exchange:list") == nil}
	v.standing(d)
	v.watched(d)
	if err := v.due(d); err != nil {
		return nil, err
	}
	if v.c.o.Digests != nil {
		d.Digests = v.c.o.Digests()
	}
	if d.MayLive {
		if err := v.traffic(d); err != nil {
			return nil, err
		}
	}
	d.Verdict = "good"
	for _, n := range d.Attend {
		if n.Tone == "bad" || d.Verdict == "good" {
			d.Verdict = n.Tone
		}
	}
	return d, nil
}

// standing sorts the posture into what holds and what does not.
func (v *view) standing(d *overviewData) {
	if err := v.c.o.Log.Ready(); err != nil {
		d.Attend = append(d.Attend, notice{Tone: "bad", Text: v.T("overview.log.stopped"), Detail: d.Stats.LastError, Remedy: v.T("overview.log.stopped.remedy"), Href: Home + "custody"})
	} else if d.Stats.LastError != "" {
		d.Attend = append(d.Attend, notice{Tone: "warn", Text: v.T("overview.log.trouble"), Detail: d.Stats.LastError, Href: Home + "custody"})
	}
	if d.Stats.Tampered > 0 {
		d.Attend = append(d.Attend, notice{Tone: "bad", Text: v.T("overview.log.tampered"), Remedy: v.T("overview.log.tampered.remedy"), Href: Home + "custody"})
	}
	if v.c.o.Posture == nil {
		return
	}
	for _, c := range v.c.o.Posture() {
		switch c.Status {
		case posture.Fail:
			d.Attend = append(d.Attend, notice{Tone: "bad", Text: c.Name, Detail: c.Detail, Remedy: c.Remedy})
		case posture.Warn:
			d.Attend = append(d.Attend, notice{Tone: "warn", Text: c.Name, Detail: c.Detail, Remedy: c.Remedy})
		default:
			d.Holds = append(d.Holds, c)
		}
	}
}

// due is what waits for somebody.
func (v *view) due(d *overviewData) error {
	if v.Deny("record:list") == nil {
		in := v.c.o.Records.Known()
		if n := len(in.Waiting); n > 0 {
			d.Due = append(d.Due, notice{Tone: "warn", Text: v.T("overview.due.erasures", n), Href: Home + "custody/holds"})
		}
		if n := len(in.Holds); n > 0 {
			d.Due = append(d.Due, notice{Tone: "good", Text: v.T("overview.due.holds", n), Href: Home + "custody/holds"})
		}
	}
	if err := v.dueReviews(d); err != nil {
		return err
	}
	if v.Deny("key:list") == nil {
		list, err := v.c.o.Directory.List(v.ctx())
		if err != nil {
			return err
		}
		soon := 0
		for _, k := range list {
			if k.Revoked.IsZero() && k.Expires.After(v.now) && k.Expires.Before(v.now.Add(14*24*time.Hour)) {
				soon++
			}
		}
		if soon > 0 {
			d.Due = append(d.Due, notice{Tone: "warn", Text: v.T("overview.due.keys", soon), Href: Home + "access/keys"})
		}
	}
	return nil
}

// results are those that exchanges end with, as the chart stacks them.
var results = []string{"ok", "blocked", "refused", "failed", "cut", "aborted"}

// refusals are the results of which somebody will ask why.
var refusals = []string{"refused", "blocked"}

func (v *view) traffic(d *overviewData) error {
	since := v.now.Add(-23 * time.Hour).Truncate(time.Hour)
	tallies, err := v.c.o.Records.Exchanges(v.ctx(), since, v.now.Add(time.Hour))
	if err != nil {
		return err
	}
	ch := &chart{Title: v.T("overview.chart"), Steps: hours(v.now, 24, len(results))}
	for _, r := range results {
		ch.Series = append(ch.Series, v.T("result."+r))
	}
	sums := map[string]int64{}
	for _, t := range tallies {
		sums[t.A] += t.N
		sums[""] += t.N
		if i := int(t.Hour.Sub(since) / time.Hour); i >= 0 && i < len(ch.Steps) {
			for k, r := range results {
				if r == t.A {
					ch.Steps[i].Parts[k].N += t.N
				}
			}
		}
	}
	d.Chart = ch.layOut()
	day := "&since=" + since.Format("2006-01-02T15:04")
	d.Tiles = []tile{
		{v.T("overview.tile.all"), number(sums[""]), Home + "exchanges?" + strings.TrimPrefix(day, "&"), ""},
		{v.T("result.refused"), number(sums["refused"]), Home + "exchanges?result=refused" + day, tone(sums["refused"], "warn")},
		{v.T("result.blocked"), number(sums["blocked"]), Home + "exchanges?result=blocked" + day, tone(sums["blocked"], "warn")},
		{v.T("result.failed"), number(sums["failed"]), Home + "exchanges?result=failed" + day, tone(sums["failed"], "bad")},
	}
	d.Refused = v.exchangeTable("refused", nil, "")
	for _, result := range refusals {
		p, err := v.c.o.Records.List(v.ctx(), lifecycle.Listing{Result: result, Limit: 5})
		if err != nil {
			return err
		}
		v.addHits(d.Refused, p.Hits)
	}
	newestFirst(d.Refused.Rows)
	d.Refused.Rows = d.Refused.Rows[:min(5, len(d.Refused.Rows))]
	return nil
}

func tone(n int64, bad string) string {
	if n > 0 {
		return bad
	}
	return ""
}
