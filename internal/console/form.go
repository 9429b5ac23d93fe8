package console

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/reeve-ai/reeve"
)

// maxForm is the longest form that is read, in bytes.
const maxForm = 256 << 10

// tokenField holds the token that ties a form to the session it was made for.
const tokenField = "csrf"

// Token is what forms carry. Who does not know the session's secret cannot make it; it tells nothing about the secret.
func (v *view) Token() string {
	sum := sha256.Sum256([]byte("reeve console form " + v.c.o.Door.Secret(v.r)))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// act does what a form asks for. Requests of other sites do not get here (the admin listener refuses them); a form of another
// session is shown again, so that whoever signed in meanwhile sees what would be done and sends it themselves.
func (c *Console) act(w http.ResponseWriter, r *http.Request, a act) {
	v := c.view(w, r, &page{name: "problem", nav: strings.SplitN(a.path, "/", 2)[0]})
	if !v.post(a) {
		return
	}
	next, err := a.do(v)
	if err != nil {
		v.again(v.refusalOf(err), false)
		return
	}
	if next != "" {
		http.Redirect(w, r, Home+next, http.StatusSeeOther)
	}
}

// post reads the form, and says whether who sent it may do what it asks for; if not it has answered.
func (v *view) post(a act) bool {
	v.r.Body = http.MaxBytesReader(v.w, v.r.Body, maxForm)
	if err := v.r.ParseForm(); err != nil {
		v.session, _ = v.c.o.Door.Session(v.r)
		v.problem(&reeve.Refusal{Status: http.StatusBadRequest, Code: "bad_request", Rule: "console/form", Message: v.T("problem.form"), Remedy: v.T("problem.form.remedy")})
		return false
	}
	var refusal *reeve.Refusal
	if v.session, refusal = v.c.o.Door.Session(v.r); refusal != nil {
		v.again(&reeve.Refusal{Status: http.StatusUnauthorized, Code: "unauthenticated", Rule: refusal.Rule, Message: v.T("problem.session"), Remedy: v.T("problem.session.remedy")}, true)
		return false
	}
	if subtle.ConstantTimeCompare([]byte(v.r.PostForm.Get(tokenField)), []byte(v.Token())) != 1 {
		v.again(&reeve.Refusal{Status: http.StatusForbidden, Code: "forbidden", Rule: "console/form-token", Message: v.T("problem.token"), Remedy: v.T("problem.token.remedy")}, false)
		return false
	}
	if a.action != "" {
		if refusal := v.Deny(string(a.action)); refusal != nil {
			v.again(refusal, false)
			return false
		}
	}
	return true
}

// again shows a refusal with what was entered, and offers to send it once more.
func (v *view) again(r *reeve.Refusal, signIn bool) {
	p := problem{Refusal: r, Path: v.r.URL.Path, SignIn: signIn, Back: v.backPath()}
	for name, values := range v.r.PostForm {
		if name == tokenField {
			continue
		}
		for _, value := range values {
			p.Kept = append(p.Kept, keptField{name, value})
		}
	}
	slices.SortFunc(p.Kept, func(a, b keptField) int { return strings.Compare(a.Name, b.Name) })
	v.render(r.Status, "problem", p)
}

// field is what was entered, without white space around it.
func (v *view) field(name string) string { return strings.TrimSpace(v.r.PostForm.Get(name)) }

// reason is why something is done. It must be given, and be one.
func (v *view) reason() (string, error) {
	s := v.field("reason")
	if len([]rune(s)) < 3 || len(s) > 2000 {
		return "", invalid("reason", v.T("problem.reason"), v.T("problem.reason.remedy"))
	}
	return s, nil
}

// backPath is the page that a form was on, where it is one of ours.
func (v *view) backPath() string {
	u, err := url.Parse(v.r.Referer())
	if err != nil || u.Host != v.r.Host || !strings.HasPrefix(u.Path, Home) {
		return Home
	}
	return ours(u.RequestURI())
}

// ours returns an address below Home as it is, and Home for any other, so that nobody is sent to another site.
func ours(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(next, Home) || strings.Contains(next, "//") || strings.Contains(next, "..") || strings.ContainsFunc(next, func(r rune) bool { return r <= ' ' || r == '\\' || r >= 0x7f }) {
		return Home
	}
	return next
}

// lookCookie and langCookie keep a choice of the browser. They say nothing about anybody.
const (
	lookCookie = "reeve-look"
	langCookie = "reeve-lang"
)

// setLook keeps light or dark, and the language.
func (c *Console) setLook(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 4096)
	keep := func(name, value string, of []string) {
		if slices.Contains(of, value) {
			http.SetCookie(w, &http.Cookie{Name: name, Value: value, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: r.TLS != nil, MaxAge: 365 * 24 * 60 * 60})
		}
	}
	keep(lookCookie, r.PostFormValue("look"), []string{"light", "dark", "auto"})
	keep(langCookie, r.PostFormValue("lang"), languages)
	http.Redirect(w, r, ours(r.PostFormValue("back")), http.StatusSeeOther)
}

func look(r *http.Request) string {
	if c, err := r.Cookie(lookCookie); err == nil && (c.Value == "light" || c.Value == "dark") {
		return c.Value
	}
	return "auto"
}
