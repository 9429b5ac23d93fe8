package console_test

import (
	"strings"
	"testing"
	"time"

	"github.com/reeve-ai/reeve/internal/monitor/alert"
	"github.com/reeve-ai/reeve/internal/monitor/drift"
)

type alerts []alert.Alert

func (a *alerts) Active() []alert.Alert { return *a }

type rates []drift.Status

func (r *rates) Status() []drift.Status { return *r }

// What goes wrong, and what waits for a person, stands on the overview, for whom it may concern.
func TestOverviewWatched(t *testing.T) {
	h := newHouse(t)
	h.waiting("user:ana", "hello", "there")
	cora := h.signIn("cora")
	if page := text(cora.open("/console/")); strings.Contains(page, "overdue") || strings.Contains(page, "canary") || strings.Contains(page, "its past") {
		t.Errorf("nothing is wrong yet: %s", page)
	}
	since := h.clock()
	h.alerts = alerts{
		{Rule: "canary", Subject: hostile, Severity: alert.Critical, Summary: "A canary ended as ok. " + hostile, Remedy: "look at it", Since: since, Silenced: true},
		{Rule: "events-late", Severity: alert.Warning, Summary: "A system takes no events.", Since: since, Ended: since},
		{Rule: "drift", Subject: "team:legal", Severity: alert.Warning, Summary: "A rate has left its own past.", Since: since},
	}
	h.drift = rates{{Kind: "team", Name: "legal", Alarm: true, Rose: true, Since: since}, {Kind: "rule", Name: hostile, Alarm: true, Since: since}, {Kind: "model", Name: "calm"}}
	h.pass(30 * 24 * time.Hour)
	if err := h.review.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	for lang, wants := range map[string][]string{
		"en": {"1 review items are overdue", "A canary ended as ok.", "silenced", "A rate has risen above its past: team legal", "A rate has fallen below its past: rule"},
		"de": {"1 Prüffälle sind überfällig", "stummgeschaltet", "Eine Rate ist über ihre Vergangenheit gestiegen: Team legal"},
	} {
		visitor := h.signIn("cora")
		visitor.header["Accept-Language"] = []string{lang}
		raw := visitor.open("/console/")
		page := text(raw)
		for _, want := range wants {
			if !strings.Contains(page, want) {
				t.Errorf("%s: the overview does not say %q: %s", lang, want, page)
			}
		}
		for _, unwanted := range []string{"takes no events", "left its own past", "calm"} {
			if strings.Contains(page, unwanted) {
				t.Errorf("%s: the overview says %q", lang, unwanted)
			}
		}
		if strings.Contains(raw, "<script>alert") || strings.ContainsAny(raw, "\x1b\u202e") {
			t.Error("hostile text is shown as it is")
		}
		if found := unknownMessage.FindString(page); found != "" {
			t.Errorf("it shows the key %q", found)
		}
		inOrder(t, "overview", raw)
	}
}

// What is due within a day is not overdue yet.
func TestOverviewDueSoon(t *testing.T) {
	h := newHouse(t)
	id := h.waiting("user:ana", "hello", "there")
	it, err := h.db.Review(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	h.pass(it.Due.Sub(h.clock()) - time.Hour)
	page := text(h.signIn("cora").open("/console/"))
	if !strings.Contains(page, "1 review items are due within a day") || strings.Contains(page, "overdue") {
		t.Errorf("the overview says %s", page)
	}
}
