//go:build e2e

package console

import (
	"os"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// scene is a server with people and exchanges.
type scene struct {
	*server
	answered, refused, masked string
	asker                     string // key
}

func newScene(t testing.TB) *scene {
	t.Helper()
	s := &scene{server: serve(t)}
	s.cli("user", "add", "ana", "--role", "employee", "--department", "support", "--employment", "active", "--clearance", "internal")
	s.cli("user", "add", "cora", "--role", "compliance", "--role", "security", "--employment", "active", "--clearance", "restricted{HR,PII}")
	s.asker = s.key("--name", "ana's laptop", "--owner", "ana")
	s.key("--name", "nightly report")
	var status int
	if status, s.answered = s.chat(s.asker, "support-bot", "<b>How</b> do I return a parcel?"); status != 200 {
		t.Fatalf("the gateway answers %d", status)
	}
	if status, s.refused = s.chat(s.asker, "hr-assistant", "What does Bob earn?"); status != 403 {
		t.Fatalf("the gateway answers %d", status)
	}
	_, s.masked = s.chat(s.asker, "support-bot", "Mail jane.doe@"+"example.org that her card 4111 1111 1111 "+"1111 is charged")
	for range 60 {
		s.chat(s.asker, "support-bot", "hello")
	}
	return s
}

// passkey signs somebody in with a new passkey, as the first time.
func (s *scene) passkey(b *browser, name string) {
	s.t.Helper()
	b.authenticator()
	b.open(s.cli("user", "invite", name))
	b.click(`[data-ceremony=register]`)
	b.until("signing in", `document.querySelector("#name")?.textContent === "`+name+`"`)
}

type shot struct{ name, path string }

func (s *scene) pages() []shot {
	return []shot{
		{"overview", "/console/"},
		{"live", "/console/exchanges"},
		{"exchange", "/console/exchanges/" + s.refused},
		{"findings", "/console/findings"},
		{"review", "/console/review"},
		{"review-item", "/console/review/items/" + s.answered},
		{"review-stats", "/console/review/stats"},
		{"datasets", "/console/datasets"},
		{"models", "/console/models"},
		{"model", "/console/models/support-bot"},
		{"access", "/console/access"},
		{"keys", "/console/access/keys"},
		{"policies", "/console/access/policies"},
		{"who-can", "/console/access/who-can?action=model%3Ause&name=hr-assistant"},
		{"explain", "/console/access/explain?principal=ana&action=model%3Ause&name=hr-assistant"},
		{"custody", "/console/custody"},
		{"holds", "/console/custody/holds"},
		{"subjects", "/console/custody/subjects"},
		{"events", "/console/custody/events"},
		{"settings", "/console/settings"},
		{"docs", "/console/docs"},
		{"doc", "/console/docs/gateway"},
		{"search", "/console/search?q=hr"},
		{"problem", "/console/nothing"},
	}
}

// version is the page of the newest version of rules, found as a person finds it.
func (s *scene) version(b *browser) shot {
	s.t.Helper()
	b.open(s.admin + "/console/settings")
	return shot{"rule-version", eval[string](b, `document.querySelector('main a[href*="/settings/versions/"]').getAttribute("href")`)}
}

// TestPages looks at every page: in both themes and at both widths, with axe-core, and without a word of hostile text run.
func TestPages(t *testing.T) {
	axe, err := os.ReadFile(need(t, "REEVE_E2E_AXE"))
	must(t, err)
	s := newScene(t)
	b := openBrowser(t)
	s.passkey(b, "cora")
	s.report(b, s.answered)
	pages := append(s.pages(), s.version(b))
	look := func(name string) {
		b.open(s.admin + "/console/docs")
		eval[bool](b, `fetch("/console/look", {method: "POST", body: new URLSearchParams({look: "`+name+`", back: "/console/docs"})}).then(r => r.ok)`)
	}
	for _, theme := range []string{"light", "dark"} {
		look(theme)
		b.size(1280, 800)
		for _, p := range pages {
			b.open(s.admin + p.path)
			eval[bool](b, string(axe)+";true")
			b.accessible(p.name + " " + theme)
			if theme == "light" || p.name == "overview" || p.name == "exchange" || p.name == "review-item" {
				b.picture(p.name + map[string]string{"light": "", "dark": "-dark"}[theme])
			}
		}
	}
	look("light")
	b.size(390, 844)
	for _, p := range pages {
		b.open(s.admin + p.path)
		if wide := eval[float64](b, `document.documentElement.scrollWidth`); wide > 390 {
			t.Errorf("%s is %v pixels wide on a phone: %s", p.name, wide, eval[string](b, `[...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > 391 && !e.closest(".scroll, nav, pre, .doc")).slice(0, 4).map(e => e.tagName + "." + e.className).join(" ")`))
		}
		if small := eval[string](b, `[...document.querySelectorAll("button, .button, nav a, .tabs a")].filter(e => e.offsetParent && e.getBoundingClientRect().height < 24).map(e => e.outerHTML.slice(0, 60)).join(" ")`); small != "" {
			t.Errorf("%s has targets that are too small for a finger: %s", p.name, small)
		}
		b.picture(p.name + "-phone")
	}
}

// TestWhyRefused is a new user who asks why a request was refused: from the overview, in no more than three clicks.
func TestWhyRefused(t *testing.T) {
	s := newScene(t)
	b := openBrowser(t)
	b.open(s.cli("user", "sign-in", "cora")) // a link that is good once
	b.click("#sign-in")
	b.until("the overview", `location.pathname === "/console/"`)
	b.click(`a[href="/console/exchanges/` + s.refused + `"]`) // one click
	b.until("the exchange", `document.querySelector("#why") !== null`)
	why := b.text("main")
	for _, want := range []string{"the clearance does not dominate the label", "use something with a lower label", "mac-no-read-up", "What can be done"} {
		if !strings.Contains(why, want) {
			t.Errorf("the page does not say %q: %s", want, why)
		}
	}
	// The same by the number and the list, in two.
	b.open(s.admin + "/console/")
	b.click(`.tiles a[href*="result=refused"]`)
	b.until("the list", `location.pathname === "/console/exchanges"`)
	b.click(`main tbody a`)
	b.until("the exchange", `document.querySelector("#why") !== null`)
}

// TestReveal reads what was said: a reason is asked for, hostile text stays text, and the reading is told on the page after.
func TestReveal(t *testing.T) {
	s := newScene(t)
	b := openBrowser(t)
	s.passkey(b, "cora")
	b.open(s.admin + "/console/exchanges/" + s.answered)
	b.fill("#reason", "complaint of a customer")
	b.click("#reveal")
	b.until("the text", `document.querySelector("pre.said") !== null`)
	said := b.text("main")
	for _, want := range []string{"<script>", "␛[31m", "⟨U+202E⟩"} {
		if !strings.Contains(said, want) {
			t.Errorf("the page does not show %q as text", want)
		}
	}
	if title := eval[string](b, `document.title`); strings.Contains(title, "owned") {
		t.Error("what a model answered was run")
	}
	if wide := eval[bool](b, `document.documentElement.scrollWidth > innerWidth`); wide {
		t.Error("a long line makes the page scroll sideways")
	}
	b.picture("exchange-revealed")
	b.open(s.admin + "/console/exchanges/" + s.answered)
	if who := b.text("main"); !strings.Contains(who, "payload.read") {
		t.Errorf("that it was read is not told: %s", who)
	}
}

// TestWithoutScript does by forms alone what the console offers.
func TestWithoutScript(t *testing.T) {
	s := newScene(t)
	b := openBrowser(t)
	s.passkey(b, "cora")
	b.noScript()
	b.open(s.admin + "/console/exchanges")
	b.do(chromedp.SetValue(chromedp.CSS(`select[name=result]`), "refused"))
	b.click(".filters button")
	b.until("the filter", `location.search.includes("result=refused")`)
	if rows := b.text("main tbody"); !strings.Contains(rows, s.refused) || strings.Contains(rows, s.answered) {
		t.Errorf("the filter shows %s", rows)
	}
	b.open(s.admin + "/console/custody/holds")
	b.fill("#subject", "ana")
	b.fill("#reason", "court order 7")
	b.click("#hold-add")
	b.says("The hold is in force", "court order 7")
	b.picture("holds-laid")
	b.fill("#why", "the court has decided")
	b.click("#danger-release")
	b.says("The hold is released")
	b.open(s.admin + "/console/custody/subjects")
	b.fill("#erased", "ana")
	b.fill("#again", "ana")
	b.fill("#reason", "she asked for it")
	b.click("#danger-erase")
	b.says("Erased. Everything is done")
	b.picture("subjects-erased")
	b.open(s.admin + "/console/exchanges/" + s.answered)
	b.says("This was erased")
	b.open(s.admin + "/console/custody")
	b.click("#verify-now")
	b.says("The verification has begun")
	for range 50 { // what a person without scripts does
		if strings.Contains(b.text("main"), "records are whole and in order") {
			break
		}
		b.open(s.admin + "/console/custody")
	}
	b.says("records are whole and in order")
}

// TestKeys goes by keyboard alone.
func TestKeys(t *testing.T) {
	s := newScene(t)
	b := openBrowser(t)
	s.passkey(b, "cora")
	b.open(s.admin + "/console/")
	b.do(chromedp.KeyEvent("?"))
	b.until("the list of keys", `document.querySelector("#keys").open`)
	b.picture("keys")
	b.do(chromedp.KeyEvent("\u001b"))
	b.until("the list of keys is closed", `!document.querySelector("#keys").open`)
	b.do(chromedp.KeyEvent("g"), chromedp.KeyEvent("l"))
	b.until("the list of exchanges", `location.pathname === "/console/exchanges" && document.readyState === "complete"`)
	b.do(chromedp.KeyEvent("j"))
	b.until("the first row", `document.activeElement.closest("tbody tr") !== null`)
	b.do(chromedp.KeyEvent("\r"))
	b.until("the exchange", `/exchanges\/[0-9A-Z]{26}$/.test(location.pathname) && document.readyState === "complete"`)
	b.do(chromedp.KeyEvent("/"))
	b.until("the search", `document.activeElement.id === "find"`)
}

// TestLive sees an exchange come without a reload.
func TestLive(t *testing.T) {
	s := newScene(t)
	b := openBrowser(t)
	s.passkey(b, "cora")
	b.open(s.admin + "/console/exchanges")
	_, id := s.chat(s.asker, "support-bot", "are you there?")
	b.until("the exchange comes", `document.querySelector("main tbody").textContent.includes("`+id+`")`)
}

// TestSessionEnds sends a form after the session has ended: nothing is lost, and after signing in again it is sent.
func TestSessionEnds(t *testing.T) {
	s := newScene(t)
	b := openBrowser(t)
	b.open(s.cli("user", "sign-in", "cora"))
	b.click("#sign-in")
	b.until("the overview", `location.pathname === "/console/"`)
	b.open(s.admin + "/console/custody/holds")
	b.fill("#subject", "ana")
	b.fill("#reason", "a reason that must not be lost")
	s.cli("user", "revoke", "cora")
	b.click("#hold-add")
	b.until("the refusal", `document.body.textContent.includes("Your session has ended")`)
	b.picture("session-ended")
	second := openBrowserTab(b)
	second.open(s.cli("user", "sign-in", "cora"))
	second.click("#sign-in")
	second.until("the overview", `location.pathname === "/console/"`)
	b.click("#again")
	b.until("the question", `document.body.textContent.includes("This form was made for another session")`)
	b.click("#again")
	b.until("the hold", `document.body.textContent.includes("The hold is in force") && document.body.textContent.includes("a reason that must not be lost")`)
}
