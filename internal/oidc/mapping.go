package oidc

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/reeve-ai/reeve"
)

// What is taken of claims at most.
const (
	maxValues = 1000 // entries of one claim
	maxText   = 256  // bytes of one entry
)

// secondFactors are the methods that make a sign-in one with several factors (RFC 8176 section 2).
var secondFactors = []string{"mfa", "hwk", "otp", "sms", "swk", "fpt", "face", "iris", "pin"}

// person maps the claims of a verified token.
func (p *Provider) person(t *token) (*Person, *reeve.Refusal) {
	out := &Person{Issuer: p.cfg.Issuer, Subject: t.claims.Subject, Expires: t.claims.Expires.time().Add(p.cfg.Skew)}
	out.Name, out.DisplayName = t.one(p.cfg.NameClaim), t.one("name")
	if verified, ok := t.find("email_verified"); ok && string(verified) == "true" {
		out.Email = t.one("email")
	}
	out.MFA = slices.Contains(t.claims.Methods, "mfa") || len(t.claims.Methods) > 1 &&
		slices.ContainsFunc(t.claims.Methods, func(m string) bool { return slices.Contains(secondFactors, m) })
	if p.cfg.GroupsClaim != "" {
		groups, ok := t.values(p.cfg.GroupsClaim)
		if !ok {
			return nil, refuse("groups", "the token lists more groups than can be decided about", "have the provider list only the groups that matter here")
		}
		for _, g := range groups {
			out.Groups = append(out.Groups, p.cfg.GroupsPrefix+g)
		}
	}
	for i := range p.cfg.Rules {
		if !p.cfg.Rules[i].apply(t, out) {
			return nil, refuse("claim", "a claim of the token has more entries than can be decided about", "have the provider list only what matters here")
		}
	}
	slices.Sort(out.Groups)
	out.Groups = slices.Compact(out.Groups)
	return out, nil
}

func (r *Rule) apply(t *token, out *Person) bool {
	values, ok := t.values(r.Claim)
	if !ok {
		return false
	}
	if r.Value != "" {
		if !slices.Contains(values, r.Value) {
			return true
		}
		values = []string{r.Value}
	}
	if len(values) == 0 {
		return true
	}
	if r.Role != "" {
		out.Roles = append(out.Roles, r.Role.Canonical())
	}
	if r.Group != "" {
		out.Groups = append(out.Groups, r.Group)
	}
	out.Clearance = out.Clearance.Join(r.Clearance)
	if r.Training != "" {
		out.Training = append(out.Training, r.Training)
	}
	if r.Attribute != "" {
		if out.Attributes == nil {
			out.Attributes = map[string]string{}
		}
		out.Attributes[r.Attribute] = values[0]
	}
	if r.Department {
		out.Department = values[0]
	}
	if c := strings.ToUpper(values[0]); r.Country && len(c) == 2 {
		out.Country = c
	}
	return true
}

// find looks a claim up by its path. A name that holds dots itself is tried first.
func (t *token) find(path string) (jsontext.Value, bool) {
	if v, ok := t.all[path]; ok {
		return v, true
	}
	members := t.all
	for {
		name, rest, deeper := strings.Cut(path, ".")
		v, ok := members[name]
		if !ok || !deeper {
			return v, ok
		}
		var inner map[string]jsontext.Value
		if json.Unmarshal(v, &inner) != nil {
			return nil, false
		}
		members, path = inner, rest
	}
}

// values are the texts of a claim: one, or the entries of a list. Entries that are no plain text are left out. False: there
// are too many.
func (t *token) values(path string) (list []string, ok bool) {
	v, found := t.find(path)
	if !found {
		return nil, true
	}
	var entries []jsontext.Value
	if v.Kind() != '[' {
		entries = []jsontext.Value{v}
	} else if json.Unmarshal(v, &entries) != nil {
		return nil, true
	}
	if len(entries) > maxValues {
		return nil, false
	}
	for _, e := range entries {
		var s string
		switch e.Kind() {
		case '"':
			_ = json.Unmarshal(e, &s) // the token was parsed before
		case 't', 'f':
			s = string(e)
		}
		if plain(s) {
			list = append(list, s)
		}
	}
	return list, true
}

func (t *token) one(path string) string {
	if list, _ := t.values(path); len(list) == 1 {
		return list[0]
	}
	return ""
}

func plain(s string) bool {
	return s != "" && len(s) <= maxText && utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}
