package console_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/custody"
	review "github.com/reeve-ai/reeve/internal/people"
	"github.com/reeve-ai/reeve/internal/store"
)

// waiting puts an exchange in the queue that a rule asks a person about.
func (h *house) waiting(subject, in, out string) string {
	h.t.Helper()
	now := h.clock()
	id := custody.NewID(now)
	q := custody.Request{Subject: subject, Model: "small", Route: "/v1/chat/completions", Dialect: "openai", Op: "chat", LabelIn: "public", Access: "allow"}
	must(h.t, h.log.Outcome(&custody.Outcome{
		ID: id, Start: now, End: h.clock(), Request: &q, Input: []byte(in), Output: []byte(out), Result: "ok", HTTPStatus: 200, LabelOut: "public",
		GuardOut: []custody.GuardResult{{Rule: "test/watch", Stage: "out", Action: reeve.Review, Count: 1, Score: 0.6}},
	}))
	must(h.t, h.catchUp())
	must(h.t, h.review.CatchUp(h.t.Context()))
	return id.String()
}

// The pages of the queue, in both languages: whole, and hostile texts stand in them as text.
func TestReviewPages(t *testing.T) {
	h := newHouse(t)
	id := h.waiting("user:ana", hostile+" jane@example.org", "answer "+hostile)
	rui := h.signIn("rui")
	for _, lang := range []string{"en", "de"} {
		rui.header["Accept-Language"] = []string{lang}
		for _, path := range []string{"/console/review", "/console/review?state=any", "/console/review?state=decided&source=block", "/console/review/items/" + id, "/console/review/stats"} {
			a := rui.get(path)
			if a.status != http.StatusOK {
				t.Fatalf("%s: %d: %s", path, a.status, text(a.body))
			}
			if found := regexp.MustCompile(`\b(review|reviewitem|reviewstats|source|state|outcome|col|table|filter|tab|done)\.[a-z]+\b`).FindString(text(a.body)); found != "" {
				t.Errorf("%s in %s shows the key %q", path, lang, found)
			}
			inOrder(t, path, a.body)
			if strings.Contains(a.body, "<script>alert") || strings.ContainsAny(a.body, "\x1b\u202e") {
				t.Errorf("%s shows hostile text as it is", path)
			}
		}
	}
	page := rui.open("/console/review/items/" + id)
	if strings.Contains(page, "jane@example.org") || !strings.Contains(page, "[EMAIL_ADDRESS]") {
		t.Error("a value is shown that should be masked")
	}
	// The whole list as a file.
	if a := rui.get("/console/review?format=csv"); a.status != http.StatusOK || !strings.Contains(a.body, id) {
		t.Errorf("csv: %d %s", a.status, a.body)
	}
	// Without masks only with a reason, and that is on record.
	if a := rui.post("/console/review/items/"+id, "/console/review/items/"+id+"/reveal", "reason", ""); a.status != http.StatusUnprocessableEntity {
		t.Errorf("revealed without a reason: %d", a.status)
	}
	a := rui.post("/console/review/items/"+id, "/console/review/items/"+id+"/reveal", "reason", "is it a real address?")
	if a.status != http.StatusOK || !strings.Contains(a.body, "jane@example.org") || strings.Contains(a.body, "<script>alert") {
		t.Errorf("%d: %s", a.status, text(a.body))
	}
}

// The way of an item: taken, decided, and the second of two people is told with what they wrote.
func TestReviewDecide(t *testing.T) {
	h := newHouse(t)
	id := h.waiting("user:ana", "hello", "there")
	rui, ria := h.signIn("rui"), h.signIn("ria")
	item := "/console/review/items/" + id
	seen := regexp.MustCompile(`name="version" value="(\d+)"`).FindStringSubmatch(ria.open(item))[1]
	if a := rui.post("/console/review", "/console/review/claim"); a.status != http.StatusSeeOther || a.header.Get("Location") != item {
		t.Fatalf("claim: %d %s", a.status, a.header.Get("Location"))
	}
	if page := ria.open(item); !strings.Contains(page, "disabled") || strings.Contains(page, item+"/decide") {
		t.Error("who may not decide sees a form for it")
	}
	version := regexp.MustCompile(`name="version" value="(\d+)"`).FindStringSubmatch(rui.open(item))[1]
	// Without the session's token, of another session, and with a version that was not the last.
	if a := rui.post("", item+"/decide", "outcome", "release", "reason", "fine", "version", version); a.status != http.StatusForbidden {
		t.Errorf("without a token: %d", a.status)
	}
	if a := rui.post(item, item+"/decide", "outcome", "release", "reason", "fine", "version", seen); a.status != http.StatusConflict {
		t.Errorf("with an old version: %d", a.status)
	}
	if a := rui.post(item, item+"/decide", "outcome", "none", "reason", "fine", "version", version); a.status != http.StatusUnprocessableEntity {
		t.Errorf("without an outcome: %d", a.status)
	}
	if a := rui.post(item, item+"/decide", "outcome", "release", "category", "none", "reason", "there is nothing in it", "version", version); a.status != http.StatusSeeOther {
		t.Fatalf("decide: %d %s", a.status, text(a.body))
	}
	// The second is told, and what they wrote is kept.
	a := ria.post("/console/review", item+"/decide", "outcome", "confirm", "reason", "I was slower", "version", version)
	if a.status != http.StatusConflict || !strings.Contains(a.body, "I was slower") {
		t.Errorf("the second: %d %s", a.status, text(a.body))
	}
	if it, err := h.db.Review(t.Context(), id); err != nil || it.Outcome != review.OutcomeRelease {
		t.Errorf("%+v %v", it, err)
	}
	if page := text(ria.open("/console/review?state=decided")); !strings.Contains(page, id) && !strings.Contains(page, "released") {
		if it, _ := h.db.Review(t.Context(), id); it.State == store.ReviewDecided { // else it waits for a second look
			t.Error("the decided item is not listed")
		}
	}
}

// Nobody decides about their own, nobody without the role sees anything, and an id leads nowhere else.
func TestReviewRights(t *testing.T) {
	h := newHouse(t)
	own := h.waiting("user:"+h.users["rui"], "mine", "mine")
	rui, ed := h.signIn("rui"), h.signIn("ed")
	if page := rui.open("/console/review/items/" + own); strings.Contains(page, "/decide") || !strings.Contains(text(page), "an exchange of your own") {
		t.Error("somebody may decide about their own")
	}
	if a := rui.post("/console/review", "/console/review/items/"+own+"/decide", "outcome", "release", "reason", "it is mine", "version", "1"); a.status != http.StatusForbidden {
		t.Errorf("their own: %d", a.status)
	}
	if a := rui.post("/console/review", "/console/review/claim"); a.header.Get("Location") != "/console/review?done=nothing" {
		t.Errorf("claimed their own: %s", a.header.Get("Location"))
	}
	for _, path := range []string{"/console/review", "/console/review/stats", "/console/review/items/" + own} {
		if a := ed.get(path); a.status != http.StatusForbidden {
			t.Errorf("%s for an employee: %d", path, a.status)
		}
	}
	if a := rui.get("/console/review/items/01ARZ3NDEKTSV4RRFFQ69G5FAV"); a.status != http.StatusNotFound {
		t.Errorf("an item that is not there: %d", a.status)
	}
	h.pass(time.Hour)
}
