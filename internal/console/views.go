package console

import (
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"net/url"
	"path"
	"strings"

	"github.com/reeve-ai/reeve"
)

//go:embed templates/*.html
var templateFiles embed.FS

// views are the templates by name: a page's name for the whole page, NAME/part for what replaces a part of it.
type views map[string]*template.Template

// frame are the templates that every page may use.
var frame = []string{"layout.html", "parts.html"}

func parseViews() (views, error) {
	base := template.New("").Funcs(template.FuncMap{
		"visible": visible, "lines": lines, "form": newForm, "mono": func(s string) cell { return cell{Text: s, Mono: true} },
	})
	for _, name := range frame {
		if _, err := base.ParseFS(templateFiles, "templates/"+name); err != nil {
			return nil, fmt.Errorf("console: %w", err)
		}
	}
	files, err := fs.Glob(templateFiles, "templates/*.html")
	if err != nil {
		return nil, err
	}
	out := views{}
	for _, file := range files {
		name := strings.TrimSuffix(path.Base(file), ".html")
		if name == "layout" || name == "parts" {
			continue
		}
		t, err := base.Clone()
		if err == nil {
			t, err = t.ParseFS(templateFiles, file)
		}
		if err != nil {
			return nil, fmt.Errorf("console: %w", err)
		}
		if whole := t.Lookup("bare"); whole != nil {
			out[name] = whole
			continue
		}
		out[name] = t.Lookup("layout")
		if part := t.Lookup("part"); part != nil {
			out[name+"/part"] = part
		}
	}
	return out, nil
}

// form is the button of a form, with the reason where it may not be pressed.
type form struct {
	*rendered
	ID, Label string
	Danger    bool
	Denied    *reeve.Refusal
}

// newForm is a form's button for templates: its id, the message on it and the action that it needs.
func newForm(r *rendered, id, label, action string) form {
	return form{rendered: r, ID: id, Label: r.T(label), Denied: r.Deny(action), Danger: strings.HasPrefix(id, "danger")}
}

// Lang is the language of the page.
func (v *view) Lang() string { return v.lang }

// Look is light, dark or auto.
func (v *view) Look() string { return v.look }

// Looks are the looks to choose from.
func (v *view) Looks() []string { return []string{"auto", "light", "dark"} }

// Languages are the languages to choose from.
func (v *view) Languages() []string { return languages }

// Here is the address of the page, for the way back.
func (v *view) Here() string {
	if v.r.Method != "GET" {
		return v.backPath()
	}
	return v.r.URL.RequestURI()
}

// Title is the heading of the page.
func (v *view) Title() string { return v.T(v.page.name + ".title") }

// Question is what the page answers.
func (v *view) Question() string {
	if key := v.page.name + ".question"; v.Has(key) {
		return v.T(key)
	}
	return ""
}

// User is who is signed in; nil where nobody is.
func (v *view) User() *reeve.Principal {
	if v.session == nil {
		return nil
	}
	return &v.session.Principal
}

// Roles are those of who is signed in.
func (v *view) Roles() string {
	if v.session == nil {
		return ""
	}
	return v.session.Principal.RoleNames()
}

// Version is that of the program.
func (v *view) Version() string { return v.c.o.Version }

// Query is a parameter of the address.
func (v *view) Query(name string) string { return v.q.Get(name) }

// Done is what was done by the form that led here: one of the catalogue's messages, so that no address makes the page say
// something else.
func (v *view) Done() string {
	if key := "done." + v.q.Get("done"); v.q.Get("done") != "" && v.Has(key) {
		return v.T(key)
	}
	return ""
}

// entry is one of the navigation.
type entry struct {
	Path, Title, Key string
	Here, Denied     bool
}

// Nav is the navigation. What may not be seen stands there, too: its page says why.
func (v *view) Nav() []entry {
	var out []entry
	for _, p := range v.c.pages {
		if p.key == "" {
			continue
		}
		e := entry{Path: Home + strings.TrimSuffix(p.path, "{$}"), Title: v.T("nav." + p.name), Key: p.key, Here: v.page.nav == p.nav || v.page.name == p.name}
		e.Denied = v.session != nil && p.action != "" && v.Deny(string(p.action)) != nil
		out = append(out, e)
	}
	return out
}

// with is the address of the page with parameters changed: name, value, …; an empty value removes one.
func (v *view) with(pairs ...string) string {
	q := url.Values{}
	for name, values := range v.q {
		if name != "part" && name != "done" {
			q[name] = values
		}
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			q.Del(pairs[i])
		} else {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	if len(q) == 0 {
		return v.r.URL.Path
	}
	return v.r.URL.Path + "?" + q.Encode()
}

// PageName is the name of the page.
func (v *view) PageName() string { return v.page.name }

// Word is a name of ours in the language of the page.
func (v *view) Word(kind, name string) string { return v.word(kind, name) }

// Tabs are links between pages that belong together.
func (v *view) Tabs(names ...string) []entry {
	var out []entry
	for _, name := range names {
		for _, p := range v.c.pages {
			if p.name == name {
				out = append(out, entry{Path: Home + p.path, Title: v.T("tab." + name), Here: v.page.name == name})
			}
		}
	}
	return out
}

// View is the view that a table belongs to.
func (t *table) View() *view { return t.v }

// Caption says what a table lists.
func (t *table) Caption() string { return t.v.T("table." + t.Name) }
