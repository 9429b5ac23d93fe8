//go:build e2e

package console

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// report has a caller report exchanges, and waits until the queue shows them.
func (s *scene) report(b *browser, exchanges ...string) {
	s.t.Helper()
	for _, id := range exchanges {
		r, err := http.NewRequestWithContext(s.t.Context(), "POST", s.gateway+"/v1/reports", strings.NewReader(`{"exchange":"`+id+`","category":"misinformation","note":"<b>wrong</b> hours"}`))
		must(s.t, err)
		r.Header.Set("Authorization", "Bearer "+s.asker)
		r.Header.Set("Content-Type", "application/json")
		resp, err := http.DefaultClient.Do(r)
		must(s.t, err)
		resp.Body.Close()
		if resp.StatusCode/100 != 2 {
			s.t.Fatalf("a report is answered with %d", resp.StatusCode)
		}
		b.open(s.admin + "/console/review")
		for deadline := time.Now().Add(20 * time.Second); !eval[bool](b, `fetch("/console/review?source=report&part=rows").then(r => r.text()).then(t => t.includes("`+id+`"))`); {
			if time.Now().After(deadline) {
				s.t.Fatal("what was reported does not come into the queue")
			}
			time.Sleep(50 * time.Millisecond)
		}
	}
}

// keys presses one key after the other.
func (b *browser) keys(all ...string) {
	b.t.Helper()
	for _, k := range all {
		b.do(chromedp.KeyEvent(k))
	}
}

// TestReviewByKeys opens the queue, opens an item from it, claims it and decides with a reason: without a pointer.
func TestReviewByKeys(t *testing.T) {
	s := newScene(t)
	b := openBrowser(t)
	s.passkey(b, "cora")
	s.report(b, s.answered)
	item := `location.pathname === "/console/review/items/` + s.answered + `" && document.readyState === "complete"`

	b.open(s.admin + "/console/")
	b.keys("g", "r")
	b.until("the queue", `location.pathname === "/console/review"`)
	for range 20 { // the queue may hold more than the report
		b.keys("j")
		if eval[bool](b, `document.activeElement.href?.endsWith("`+s.answered+`") ?? false`) {
			break
		}
	}
	b.keys("\r")
	b.until("the item", item)
	if said := b.text("main"); !strings.Contains(said, "<b>wrong</b> hours") || !strings.Contains(said, "<script>") {
		t.Errorf("hostile text does not stand there as text: %.2000s", said)
	}
	b.keys("c")
	b.until("that it is theirs", `document.querySelector("#giveback") !== null && `+item)

	for _, choice := range [][2]string{{"e", "correct"}, {"i", "incident"}, {"r", "confirm"}, {"a", "release"}} {
		key, outcome := choice[0], choice[1]
		b.keys(key)
		b.until("the outcome "+outcome, `document.querySelector("input[name=outcome]:checked").value === "`+outcome+`"`)
		b.until("the field that comes next", `document.activeElement.id === "`+map[bool]string{true: "corrected", false: "why"}[key == "e"]+`"`)
		eval[bool](b, `document.activeElement.blur(), true`)
	}
	b.keys("a")
	b.until("the reason", `document.activeElement.id === "why"`)
	b.do(chromedp.SendKeys(chromedp.CSS("#why"), "the hours are those of the contract"))
	b.picture("review-deciding")
	b.keys("\r")
	b.until("the queue after it", `location.pathname === "/console/review" && location.search.includes("done=decided")`)
	b.open(s.admin + "/console/review/items/" + s.answered)
	b.says("the hours are those of the contract")
}
