package console_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/reeve-ai/reeve/internal/custody"
)

// everyPage is every address of a page.
func everyPage(h *house, id string) []string {
	return []string{
		"/console/", "/console/exchanges", "/console/exchanges/" + id, "/console/findings", "/console/findings?period=400d", "/console/datasets", "/console/models", "/console/models/small",
		"/console/access", "/console/access/keys", "/console/access/policies", "/console/access/who-can", "/console/access/who-can?action=exchange:list", "/console/access/explain",
		"/console/access/explain?principal=ada&action=exchange:read", "/console/custody", "/console/custody/holds", "/console/custody/subjects", "/console/custody/events", "/console/settings",
		"/console/review", "/console/review/stats", "/console/docs", "/console/docs/gateway", "/console/search", "/console/search?q=pii",
		"/console/exchanges?since=2025-10-17&until=2026-11-21", "/console/exchanges?result=refused", "/console/exchanges?rule=secrets", "/console/exchanges?model=small&result=blocked",
	}
}

var unknownMessage = regexp.MustCompile(`\b(overview|live|exchange|findings|datasets|models?|access|keys|policies|whocan|explain|custody|holds|subjects|events|settings|docs|search|filter|table|col|fact|nav|tab|problem|layout|tone|posture|period|result|action|stage|look|lang|done|kind|erasure|version|review)\.[a-z._]+\b`)

// Every page, in both languages: whole, without a message that nobody wrote, and with HTML that is in order.
func TestPages(t *testing.T) {
	h := newHouse(t)
	ok, _, _ := fill(h)
	cora := h.signIn("cora")
	for _, lang := range []string{"en", "de"} {
		cora.header["Accept-Language"] = []string{lang}
		for _, path := range everyPage(h, ok) {
			a := cora.get(path)
			if a.status != http.StatusOK {
				t.Errorf("%s: %d: %s", path, a.status, text(a.body))
				continue
			}
			if !strings.Contains(a.body, `<html lang="`+lang+`"`) || strings.Count(a.body, "<h1") != 1 || !strings.HasSuffix(strings.TrimSpace(a.body), "</html>") {
				t.Errorf("%s is not whole", path)
			}
			if strings.HasPrefix(path, "/console/docs/") || strings.HasPrefix(path, "/console/settings") || strings.Contains(path, "search?") {
				continue // texts that speak of files
			}
			if found := unknownMessage.FindString(text(a.body)); found != "" {
				t.Errorf("%s in %s shows the key %q", path, lang, found)
			}
			inOrder(t, path, a.body)
		}
	}
}

// A version of rules is shown with what it changed.
func TestVersions(t *testing.T) {
	h := newHouse(t)
	var ids []string
	for _, text := range []string{"rules:\n  - one\n  - two\n", "rules:\n  - one\n  - three <b>\n"} {
		r, err := h.log.Event(&custody.Event{Kind: custody.EventPolicy, Actor: "operator", Act: "guard.version", Object: "sha256:00", Result: "ok", Payload: []byte(text)})
		must(t, err)
		ids = append(ids, r.ID.String())
	}
	must(t, h.catchUp())
	cora := h.signIn("cora")
	if page := cora.open("/console/settings"); !strings.Contains(page, "/console/settings/versions/"+ids[1]) {
		t.Errorf("the version is not listed: %s", text(page))
	}
	page := cora.open("/console/settings/versions/" + ids[1])
	for _, want := range []string{`<span class="went">-   - two`, `<span class="came">&#43;   - three &lt;b&gt;`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not show %q: %s", want, page)
		}
	}
	cora.open("/console/settings/versions/" + ids[0])
	if a := cora.get("/console/settings/versions/" + h.ask("user:ana", "ok", "", "no rules")); a.status != http.StatusNotFound {
		t.Errorf("an exchange as a version: %d", a.status)
	}
}

// inOrder looks for what no page may have: scripts and styles within it, handlers, repeated ids, fields without a name for people.
func inOrder(t *testing.T, path, page string) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	must(t, err)
	ids, labels := map[string]bool{}, map[string]bool{}
	var fields []string
	var walk func(n *html.Node, labelled bool)
	walk = func(n *html.Node, labelled bool) {
		attr := map[string]string{}
		for _, a := range n.Attr {
			attr[a.Key] = a.Val
			if strings.HasPrefix(a.Key, "on") || a.Key == "style" || strings.HasPrefix(strings.ToLower(strings.TrimSpace(a.Val)), "javascript:") {
				t.Errorf("%s: <%s %s=%q>", path, n.Data, a.Key, a.Val)
			}
			if (a.Key == "src" || a.Key == "href" && n.Data == "link") && !strings.HasPrefix(a.Val, "/console/static/") && !strings.HasPrefix(a.Val, "/console/lineage.svg?") {
				t.Errorf("%s loads %q", path, a.Val)
			}
		}
		if id := attr["id"]; id != "" {
			if ids[id] {
				t.Errorf("%s has the id %q twice", path, id)
			}
			ids[id] = true
		}
		switch n.Data {
		case "script":
			if attr["src"] == "" {
				t.Errorf("%s has a script within it", path)
			}
		case "style":
			t.Errorf("%s has a style within it", path)
		case "label":
			labels[attr["for"]], labelled = true, true
		case "input", "select", "textarea":
			if n.Type == html.ElementNode && attr["type"] != "hidden" && !labelled {
				fields = append(fields, attr["id"])
			}
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c, labelled)
		}
	}
	walk(root, false)
	for _, id := range fields {
		if !labels[id] {
			t.Errorf("%s: the field %q has no label", path, id)
		}
	}
}
