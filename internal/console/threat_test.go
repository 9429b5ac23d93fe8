package console_test

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reeve-ai/reeve/internal/identity"
)

// A form without the session's token, with another session's, or from another site does nothing.
func TestForgedForms(t *testing.T) {
	h := newHouse(t)
	cora, ada := h.signIn("cora"), h.signIn("ada")
	form := url.Values{"subject": {"user:ana"}, "reason": {"because"}, "owner": {"cora"}}
	for name, change := range map[string]func(){
		"no token":            func() { form.Del("csrf") },
		"a token of nobody":   func() { form.Set("csrf", "x") },
		"somebody else's one": func() { form.Set("csrf", tokenIn.FindStringSubmatch(ada.open("/console/custody/holds"))[1]) },
	} {
		change()
		a := cora.do("POST", "/console/custody/holds", form)
		if a.status != http.StatusForbidden || !strings.Contains(a.body, "because") {
			t.Errorf("%s: %d: %s", name, a.status, text(a.body))
		}
	}
	token := tokenIn.FindStringSubmatch(cora.open("/console/custody/holds"))[1]
	form.Set("csrf", token)
	for name, header := range map[string]http.Header{
		"another site":           {"Sec-Fetch-Site": {"cross-site"}},
		"another origin":         {"Sec-Fetch-Site": {""}, "Origin": {"https://evil.example"}},
		"a sister site":          {"Sec-Fetch-Site": {"same-site"}},
		"no word of where it is": {"Sec-Fetch-Site": {}},
	} {
		cora.header = header
		if a := cora.do("POST", "/console/custody/holds", form); a.status == http.StatusSeeOther || a.status == http.StatusOK {
			t.Errorf("%s: %d", name, a.status)
		}
	}
	cora.header = http.Header{}
	if in, err := h.keeper.InForce(t.Context()); err != nil || len(in.Holds) != 0 {
		t.Errorf("holds were laid: %+v, %v", in, err)
	}
	if a := cora.do("POST", "/console/custody/holds", form); a.status != http.StatusSeeOther {
		t.Errorf("the form itself: %d: %s", a.status, text(a.body))
	}
}

// What people and models wrote is text wherever it stands.
func TestHostileText(t *testing.T) {
	h := newHouse(t)
	id := h.ask("user:ana", "ok", "", hostile+strings.Repeat("y", 1<<20))
	cora := h.signIn("cora")
	a := cora.post("/console/exchanges/"+id, "/console/exchanges/"+id+"/reveal", "reason", "a test of <b>markup</b>")
	if a.status != http.StatusOK {
		t.Fatalf("%d: %s", a.status, text(a.body))
	}
	for _, bad := range []string{"<script>alert", "<img src=x", "\x1b", "\u202e", "\u2069"} {
		if strings.Contains(a.body, bad) {
			t.Errorf("the page holds %q", bad)
		}
	}
	for _, good := range []string{"&lt;script&gt;alert(1)", "␛[31m", "⟨U+202E⟩", "{{.}}"} {
		if !strings.Contains(strings.ReplaceAll(a.body, "&#43;", "+"), good) {
			t.Errorf("the page does not show %q", good)
		}
	}
	if len(a.body) > 1<<20 {
		t.Errorf("the page has %d bytes", len(a.body))
	}
	for _, path := range []string{"/console/models", "/console/search?q=" + url.QueryEscape("<script>"), "/console/access?q=" + url.QueryEscape(`"><script>alert(1)</script>`), "/console/exchanges?model=" + url.QueryEscape(hostile), "/console/exchanges?rule=" + url.QueryEscape(hostile), "/console/models/" + url.PathEscape("<script>alert(1)<")} {
		if body := cora.get(path).body; strings.Contains(body, "<script>alert") || strings.Contains(text(body), "\u202e") || strings.Contains(text(body), "\x1b") {
			t.Errorf("%s holds hostile text as it is", path)
		}
	}
	if a := cora.get("/console/?done=" + url.QueryEscape("<b>all is lost</b>")); strings.Contains(a.body, "all is lost") {
		t.Error("an address makes the page say something")
	}
}

// A table as a file: nothing in it is a formula, and the filter holds.
func TestDownloads(t *testing.T) {
	h := newHouse(t)
	fill(h)
	cora := h.signIn("cora")
	for _, reason := range []string{"=cmd|' /C calc'!A0", "+1+1", "-1-1", "@sum", "plain"} {
		cora.post("/console/custody/holds", "/console/custody/holds", "subject", "user:ana", "reason", reason)
	}
	a := cora.get("/console/custody/holds?format=csv&table=holds")
	rows, err := csv.NewReader(strings.NewReader(a.body)).ReadAll()
	must(t, err)
	var names []string
	for _, r := range rows[1:] {
		names = append(names, r[3])
		if strings.ContainsAny(r[3][:1], "=+-@") {
			t.Errorf("the cell %q is a formula", r[3])
		}
	}
	if len(names) != 5 || !strings.Contains(a.header.Get("Content-Disposition"), `attachment; filename="reeve-holds.csv"`) {
		t.Errorf("%v, %v", names, a.header)
	}
	a = cora.get("/console/exchanges?format=json&result=ok")
	var list struct {
		Rows []map[string]any `json:"rows"`
	}
	must(t, json.Unmarshal([]byte(a.body), &list))
	if len(list.Rows) != 61 {
		t.Errorf("%d rows of 61 in all pages", len(list.Rows))
	}
	a = cora.get("/console/exchanges?format=xlsx&result=refused")
	z, err := zip.NewReader(bytes.NewReader([]byte(a.body)), int64(len(a.body)))
	must(t, err)
	f, err := z.Open("xl/worksheets/sheet1.xml")
	must(t, err)
	sheet, err := io.ReadAll(f)
	must(t, err)
	if n := strings.Count(string(sheet), "<row>"); n != 2 || !strings.Contains(string(sheet), "mac-no-read-up") {
		t.Errorf("%d rows: %s", n, sheet)
	}
	if a := cora.get("/console/exchanges?format=exe"); a.status != http.StatusBadRequest {
		t.Errorf("an unknown format gives %d", a.status)
	}
	must(t, h.catchUp())
	cora.get("/console/custody/events?kind=access")
	if body := cora.open("/console/custody/events?kind=access"); !strings.Contains(body, "list.export") {
		t.Error("that lists were taken is not on record")
	}
}

// Who may not, sees why, on every page and for every act, whatever the address says.
func TestRights(t *testing.T) {
	h := newHouse(t)
	ok, _, _ := fill(h)
	for name, tt := range map[string]struct {
		may, mayNot []string
	}{
		"ada":  {[]string{"/console/", "/console/exchanges", "/console/exchanges/" + ok, "/console/access/keys", "/console/settings"}, []string{"/console/custody/subjects"}},
		"otto": {[]string{"/console/", "/console/exchanges", "/console/access", "/console/custody", "/console/settings"}, nil},
		"ed":   {[]string{"/console/docs"}, []string{"/console/exchanges", "/console/exchanges/" + ok, "/console/access", "/console/access/keys", "/console/custody", "/console/settings", "/console/access/explain", "/console/exchanges/" + ok + "/proof", "/console/custody/checkpoint.txt"}},
	} {
		v := h.signIn(name)
		for _, path := range tt.may {
			v.open(path)
		}
		for _, path := range tt.mayNot {
			a := v.get(path)
			if a.status != http.StatusForbidden {
				t.Errorf("%s gets %d for %s", name, a.status, path)
			}
			if !strings.Contains(text(a.body), "no rule grants") && !strings.Contains(text(a.body), "clearance") {
				t.Errorf("%s is not told why %s is refused: %s", name, path, text(a.body))
			}
		}
	}
	// An administrator runs the server and reads nothing: the button is there, and says why it is none.
	ada := h.signIn("ada")
	page := ada.open("/console/exchanges/" + ok)
	if !strings.Contains(page, "<button disabled") || !strings.Contains(text(page), "who runs the server does not read what people wrote") {
		t.Errorf("the page does not say why: %s", text(page))
	}
	for _, path := range []string{"/console/exchanges/" + ok + "/reveal", "/console/custody/erase", "/console/custody/holds", "/console/custody/subjects", "/console/custody/export"} {
		token := tokenIn.FindStringSubmatch(ada.open("/console/custody/holds"))[1]
		a := ada.do("POST", path, url.Values{"csrf": {token}, "reason": {"curiosity"}, "subject": {"user:ana"}, "again": {"user:ana"}})
		if a.status != http.StatusForbidden || strings.Contains(a.body, "alert(1)") {
			t.Errorf("%s: %d: %s", path, a.status, text(a.body))
		}
	}
	// Whether an id is there is told only to who may list.
	ed := h.signIn("ed")
	there, not := ed.get("/console/exchanges/"+ok), ed.get("/console/exchanges/01M802H17NS3DF8Y48EA6KWJ67")
	if diff := cmp.Diff(there.status, not.status); diff != "" {
		t.Errorf("an employee can tell what there is: %s", diff)
	}
}

// Reading needs a right and a reason, and is on record before anything is shown.
func TestReveal(t *testing.T) {
	h := newHouse(t)
	id := h.ask("user:ana", "ok", "", "my question")
	cora := h.signIn("cora")
	page := "/console/exchanges/" + id
	if strings.Contains(cora.open(page), "my question") {
		t.Fatal("the page shows what was said")
	}
	if a := cora.post(page, page+"/reveal", "reason", " "); a.status != http.StatusUnprocessableEntity || strings.Contains(a.body, "my question") {
		t.Errorf("without a reason: %d: %s", a.status, text(a.body))
	}
	cora.post(page, page+"/reveal", "reason", "complaint 7").says(t, "my question")
	if body := text(cora.open(page)); !strings.Contains(body, "Who read it") || !strings.Contains(body, "payload.read") {
		t.Errorf("that it was read is not told: %s", body)
	}
	file := cora.post(page, page+"/reveal", "reason", "complaint 7", "as", "file")
	if !strings.Contains(file.header.Get("Content-Disposition"), "attachment") || !strings.Contains(file.body, "my question") {
		t.Errorf("the file: %v %s", file.header, file.body)
	}
	proof := cora.get(page + "/proof")
	if proof.status != http.StatusOK || !strings.Contains(proof.body, "c2sp.org/tlog-proof") {
		t.Errorf("the proof: %d %.200s", proof.status, proof.body)
	}
	cora.post("/console/custody/subjects", "/console/custody/erase", "subject", "user:ana", "again", "user:bob", "reason", "asked for").says(t, "The two names are not the same")
	cora.post("/console/custody/subjects", "/console/custody/erase", "subject", "user:ana", "again", "user:ana", "reason", "asked for").says(t, "Erased. Everything is done")
	if body := text(cora.open(page)); !strings.Contains(body, "This was erased") {
		t.Errorf("that it was erased is not told: %s", body)
	}
	if a := cora.do("POST", page+"/reveal", url.Values{"csrf": {tokenIn.FindStringSubmatch(cora.open("/console/custody/holds"))[1]}, "reason": {"once more"}}); strings.Contains(a.body, "my question") {
		t.Error("what was erased is shown")
	}
}

// After the session has ended nothing is lost: the page shows what was entered, and after signing in it can be sent.
func TestExpiredSession(t *testing.T) {
	h := newHouse(t)
	cora := h.signIn("cora")
	token := tokenIn.FindStringSubmatch(cora.open("/console/custody/holds"))[1]
	form := url.Values{"csrf": {token}, "subject": {"user:ana"}, "reason": {"a long reason"}, "owner": {"cora"}}
	h.pass(13 * time.Hour)
	a := cora.do("POST", "/console/custody/holds", form)
	if a.status != http.StatusUnauthorized || !strings.Contains(a.body, "a long reason") || !strings.Contains(a.body, "/auth/login?next=") {
		t.Fatalf("%d: %s", a.status, a.body)
	}
	again := h.signIn("cora")
	if a = again.do("POST", "/console/custody/holds", form); a.status != http.StatusForbidden || !strings.Contains(a.body, "a long reason") {
		t.Fatalf("a form of the old session: %d: %s", a.status, text(a.body))
	}
	form.Set("csrf", tokenIn.FindStringSubmatch(a.body)[1])
	if a = again.do("POST", "/console/custody/holds", form); a.status != http.StatusSeeOther {
		t.Fatalf("%d: %s", a.status, text(a.body))
	}
	if a := cora.get("/console/exchanges?result=ok"); a.status != http.StatusSeeOther || a.header.Get("Location") != "/auth/login?next="+url.QueryEscape("/console/exchanges?result=ok") {
		t.Errorf("a page: %d %v", a.status, a.header)
	}
	if a := cora.get("/console/exchanges?part=rows"); a.status != http.StatusUnauthorized || !strings.Contains(a.body, "Your session has ended") {
		t.Errorf("rows: %d %s", a.status, a.body)
	}
}

// Of two people who decide the same thing at once one does, and the other is told.
func TestTwoAtOnce(t *testing.T) {
	h := newHouse(t)
	a, b := h.signIn("cora"), h.signIn("cora")
	if got := a.post("/console/custody/holds", "/console/custody/holds", "subject", "user:ana", "reason", "court order"); got.status != http.StatusSeeOther {
		t.Fatalf("%d: %s", got.status, text(got.body))
	}
	in, err := h.keeper.InForce(t.Context())
	must(t, err)
	statuses := make([]int, 2)
	forms := make([]url.Values, 2)
	for i, v := range []*visitor{a, b} {
		forms[i] = url.Values{"csrf": {tokenIn.FindStringSubmatch(v.open("/console/custody/holds"))[1]}, "id": {in.Holds[0].ID}, "reason": {"it has ended"}}
	}
	var all sync.WaitGroup
	for i, v := range []*visitor{a, b} {
		all.Go(func() { statuses[i] = v.do("POST", "/console/custody/holds/release", forms[i]).status })
	}
	all.Wait()
	if !(statuses[0] == http.StatusSeeOther && statuses[1] == http.StatusConflict || statuses[1] == http.StatusSeeOther && statuses[0] == http.StatusConflict) {
		t.Errorf("the two got %v", statuses)
	}
}

// Nobody is sent to another site.
func TestOpenRedirects(t *testing.T) {
	h := newHouse(t)
	cora := h.signIn("cora")
	for _, to := range []string{"https://evil.example/", "//evil.example/", "/\\evil.example", "/console/../../evil", "javascript:alert(1)", "/console//evil.example", "/admin/v1/users", "/console/\n", "/consolation"} {
		a := cora.do("POST", "/console/look", url.Values{"look": {"dark"}, "back": {to}})
		if got := a.header.Get("Location"); a.status != http.StatusSeeOther || !strings.HasPrefix(got, "/console/") || strings.Contains(got, "evil") && strings.Contains(got, "//") {
			t.Errorf("%q leads to %q (%d)", to, got, a.status)
		}
		stranger := &visitor{h: h, header: http.Header{}}
		for _, c := range (&http.Response{Header: stranger.get("/auth/login?next=" + url.QueryEscape(to)).header}).Cookies() {
			if c.Name == "__Host-reeve-next" && !strings.HasPrefix(c.Value, url.QueryEscape("/console/")) {
				t.Errorf("signing in would lead to %q", c.Value)
			}
		}
	}
	a := (&visitor{h: h, header: http.Header{}}).get("/auth/login?next=" + url.QueryEscape("/console/exchanges?result=ok"))
	if !strings.Contains(a.header.Get("Set-Cookie"), "__Host-reeve-next=") {
		t.Errorf("the way back is forgotten: %v", a.header)
	}
}

// A one-time link signs in once.
func TestOnce(t *testing.T) {
	h := newHouse(t)
	code, _, err := h.people.SignInOnce(t.Context(), identity.Operator, h.users["cora"])
	must(t, err)
	v := &visitor{h: h, header: http.Header{}}
	if a := v.get("/auth/once"); a.status != http.StatusOK {
		t.Fatalf("%d", a.status)
	}
	first, second := v.do("POST", "/auth/once", url.Values{"code": {code}}), v.do("POST", "/auth/once", url.Values{"code": {code}})
	if first.status != http.StatusSeeOther || first.header.Get("Location") != "/console/" || second.status != http.StatusForbidden {
		t.Errorf("%d to %q, then %d", first.status, first.header.Get("Location"), second.status)
	}
	late, _, err := h.people.SignInOnce(t.Context(), identity.Operator, h.users["cora"])
	must(t, err)
	h.pass(2 * time.Hour)
	if a := v.do("POST", "/auth/once", url.Values{"code": {late}}); a.status != http.StatusForbidden {
		t.Errorf("a late code: %d", a.status)
	}
	v.header = http.Header{"Sec-Fetch-Site": {"cross-site"}}
	if a := v.do("POST", "/auth/once", url.Values{"code": {late}}); a.status != http.StatusForbidden {
		t.Errorf("another site: %d", a.status)
	}
}

// Bad addresses are refusals, never failures.
func TestBadAddresses(t *testing.T) {
	h := newHouse(t)
	fill(h)
	cora := h.signIn("cora")
	for path, want := range map[string]int{
		"/console/exchanges?since=yesterday":                   422,
		"/console/exchanges?since=2026-11-21&until=2026-11-1":  422,
		"/console/exchanges?since=2026-11-21&until=2026-11-20": 422,
		"/console/exchanges?since=1980-01-01&until=2100-12-31": 422,
		"/console/exchanges?since=1000-01-01":                  422,
		"/console/exchanges?before=x":                          200,
		"/console/exchanges?before=99999999999999999999999":    200,
		"/console/exchanges/none":                              404,
		"/console/exchanges/01M802H17NS3DF8Y48EA6KWJ67":        404,
		"/console/nothing":                                     404,
		"/console/docs/../../etc/passwd":                       400,
		"/console/docs/nothing":                                404,
		"/console/access/explain?principal=nobody&action=x:y":  422,
		"/console/access/who-can?action=no:such":               200,
		"/console/static/console.html":                         404,
		"/console/access?sort=nothing&after=nothing":           200,
	} {
		if a := cora.get(path); a.status != want {
			t.Errorf("%s: %d, want %d: %s", path, a.status, want, text(a.body))
		}
	}
}
