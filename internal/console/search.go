package console

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

// searchData are the places where a word was found, by page.
type searchData struct {
	Q      string
	Groups []searchGroup
}

type searchGroup struct {
	Title string
	Hits  []searchHit
}

type searchHit struct{ Title, Href, Excerpt string }

// maxHits bounds what is shown of one group.
const maxHits = 10

// search looks for a word in everything that has a name and that the person may see. People's records are looked for on the page
// of subject requests: that search is on record.
func search(v *view) (any, error) {
	d := &searchData{Q: strings.TrimSpace(v.q.Get("q"))}
	if d.Q == "" || len(d.Q) > 200 {
		return d, nil
	}
	if looksLikeID(d.Q) {
		http.Redirect(v.w, v.r, Home+"exchanges/"+strings.ToUpper(d.Q), http.StatusSeeOther)
		return d, errAnswered
	}
	q := strings.ToLower(d.Q)
	add := func(title string, hits []searchHit) {
		if len(hits) > 0 {
			d.Groups = append(d.Groups, searchGroup{v.T(title), hits[:min(len(hits), maxHits)]})
		}
	}
	for _, find := range []struct {
		title string
		hits  func(string) ([]searchHit, error)
	}{{"nav.models", v.findModels}, {"rules.title", v.findRules}, {"access.title", v.findPeople}, {"keys.title", v.findKeys}, {"nav.docs", v.findDocs}} {
		hits, err := find.hits(q)
		if err != nil {
			return nil, err
		}
		add(find.title, hits)
	}
	return d, nil
}

func sortHits(hits []searchHit) {
	slices.SortFunc(hits, func(a, b searchHit) int { return strings.Compare(a.Title, b.Title) })
}

func fits(q string, texts ...string) bool {
	for _, t := range texts {
		if strings.Contains(strings.ToLower(t), q) {
			return true
		}
	}
	return false
}

func (v *view) findModels(q string) (out []searchHit, _ error) {
	if v.Deny("model:list") != nil {
		return nil, nil
	}
	for _, m := range v.c.models() {
		if fits(q, m.Name, m.As, m.Owner, m.Upstream) {
			out = append(out, searchHit{m.Name, Home + "models/" + escape(m.Name), m.Label})
		}
	}
	return out, nil
}

func (v *view) findRules(q string) (out []searchHit, _ error) {
	if v.Deny("policy:list") != nil {
		return nil, nil
	}
	for id, r := range v.c.rules() {
		if fits(q, id, r.Message, r.LegalBasis) {
			out = append(out, searchHit{id, Home + "access/policies?q=" + url.QueryEscape(id), r.Message})
		}
	}
	sortHits(out)
	return out, nil
}

func (v *view) findPeople(q string) (out []searchHit, _ error) {
	if v.Deny("user:list") != nil {
		return nil, nil
	}
	list, err := v.c.o.Directory.Users(v.ctx())
	for i := range list {
		if fits(q, list[i].Name, list[i].DisplayName, list[i].ID, list[i].Department) {
			out = append(out, searchHit{list[i].Name, Home + "access?q=" + url.QueryEscape(list[i].Name), joined(list[i].Roles)})
		}
	}
	return out, err
}

func (v *view) findKeys(q string) (out []searchHit, _ error) {
	if v.Deny("key:list") != nil {
		return nil, nil
	}
	list, err := v.c.o.Directory.List(v.ctx())
	for i := range list {
		if fits(q, list[i].Name, list[i].ID) {
			out = append(out, searchHit{list[i].Name, Home + "access/keys?q=" + url.QueryEscape(list[i].ID), list[i].ID})
		}
	}
	return out, err
}

func (v *view) findDocs(q string) (out []searchHit, _ error) {
	for _, d := range documents() {
		if i := strings.Index(strings.ToLower(d.Text), q); i >= 0 && i < len(d.Text) {
			out = append(out, searchHit{d.Title, Home + "docs/" + d.Name, excerpt(d.Text, i, len(q))})
		}
	}
	return out, nil
}

// excerpt is what stands around a place, on one line.
func excerpt(s string, at, n int) string {
	from, to := max(0, at-60), min(len(s), at+n+100)
	for from > 0 && !utf8.RuneStart(s[from]) {
		from--
	}
	for to < len(s) && !utf8.RuneStart(s[to]) {
		to++
	}
	return strings.Join(strings.Fields(s[from:to]), " ")
}
