package console

import (
	"time"

	"github.com/reeve-ai/reeve/internal/monitor/alert"
)

// ruleDrift is the alert that repeats what the watch on rates says.
const ruleDrift = "drift"

// watched adds the alerts that go on, and the rates that have left their past. Whose rate it is, is told to whom may list exchanges.
func (v *view) watched(d *overviewData) {
	if v.c.o.Alerts != nil {
		for _, a := range v.c.o.Alerts.Active() {
			if a.Ended.IsZero() && (a.Rule != ruleDrift || v.c.o.Drift == nil) {
				d.Attend = append(d.Attend, v.alertNotice(&a))
			}
		}
	}
	if v.c.o.Drift == nil || !d.MayLive {
		return
	}
	for _, s := range v.c.o.Drift.Status() {
		if !s.Alarm {
			continue
		}
		key := "overview.drift.fell"
		if s.Rose {
			key = "overview.drift.rose"
		}
		d.Attend = append(d.Attend, notice{Tone: "warn", Text: v.T(key, v.word("rate", s.Kind), visible(s.Name)), Detail: v.T("overview.since", stamp(s.Since)), Remedy: v.T("overview.drift.remedy"), Href: Home + "exchanges"})
	}
}

func (v *view) alertNotice(a *alert.Alert) notice {
	n := notice{Tone: "warn", Text: visible(a.Summary), Detail: a.Rule, Remedy: a.Remedy}
	if a.Severity == alert.Critical {
		n.Tone = "bad"
	}
	if a.Subject != "" && (a.Rule != ruleDrift || v.Deny("exchange:list") == nil) {
		n.Detail += ": " + a.Subject
	}
	n.Detail += " · " + v.T("overview.since", stamp(a.Since))
	if a.Silenced {
		n.Detail += " · " + v.T("overview.silenced")
	}
	return n
}

// soon is within which an item of the review queue counts as due.
const soon = 24 * time.Hour

// dueReviews adds how many items of the review queue are overdue, and how many are due soon.
func (v *view) dueReviews(d *overviewData) error {
	if v.c.o.Review == nil || v.Deny("review:list") != nil {
		return nil
	}
	late, err := v.c.o.Review.Due(v.ctx(), v.who(), v.now)
	if err != nil {
		return v.reviewRefusal(err)
	}
	all, err := v.c.o.Review.Due(v.ctx(), v.who(), v.now.Add(soon))
	if err != nil {
		return v.reviewRefusal(err)
	}
	if late > 0 {
		d.Due = append(d.Due, notice{Tone: "bad", Text: v.T("overview.due.overdue", late), Href: Home + "review"})
	}
	if all > late {
		d.Due = append(d.Due, notice{Tone: "warn", Text: v.T("overview.due.reviews", all-late), Href: Home + "review"})
	}
	return nil
}
