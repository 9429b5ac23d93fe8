package scim

import (
	"strings"
)

// Path names an attribute: [schema ":"] name ["." sub] (RFC 7644 section 3.10).
type Path struct {
	schema string // the extension's URN; "" for the core schema
	name   string
	sub    string
}

// The schemas (RFC 7643 sections 8.7, 4.3; RFC 7644 section 8).
const (
	UserSchema       = "urn:ietf:params:scim:schemas:core:2.0:User"
	GroupSchema      = "urn:ietf:params:scim:schemas:core:2.0:Group"
	EnterpriseSchema = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	ListSchema       = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
	PatchSchema      = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
	ErrorSchema      = "urn:ietf:params:scim:api:messages:2.0:Error"
)

func parseName(text string) (Path, error) {
	var p Path
	rest := text
	if len(text) > 4 && strings.EqualFold(text[:4], "urn:") {
		for _, schema := range []string{UserSchema, GroupSchema, EnterpriseSchema} {
			if len(text) >= len(schema) && strings.EqualFold(text[:len(schema)], schema) {
				p.schema, rest = schema, strings.TrimPrefix(text[len(schema):], ":")
				break
			}
		}
		if p.schema == "" {
			return p, &Error{"invalidPath", "the path names a schema that is not known"}
		}
		if p.schema != EnterpriseSchema {
			p.schema = ""
		}
		if rest == "" && p.schema != "" {
			return p, nil // the extension as a whole
		}
	}
	p.name, p.sub, _ = strings.Cut(rest, ".")
	if !attributeName(p.name) || strings.Contains(rest, ".") && !attributeName(p.sub) {
		return p, &Error{"invalidPath", "the path names no attribute"}
	}
	return p, nil
}

// attributeName is the rule ATTRNAME (RFC 7643 section 2.1), and "$ref".
func attributeName(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	if s == "$ref" {
		return true
	}
	for i := range len(s) {
		b := s[i] | 0x20
		if (b < 'a' || b > 'z') && (i == 0 || (s[i] < '0' || s[i] > '9') && s[i] != '-' && s[i] != '_') {
			return false
		}
	}
	return true
}

// exact reports whether values of the attribute are compared with regard to case (RFC 7643 sections 3.1, 8.7.1).
func (p Path) exact() bool {
	switch strings.ToLower(p.name) {
	case "id", "externalid", "meta":
		return true
	}
	return strings.EqualFold(p.sub, "value") && strings.EqualFold(p.name, "members")
}

// key finds the spelling under which an object has a member.
func key(o map[string]any, name string) (string, bool) {
	if _, ok := o[name]; ok {
		return name, true
	}
	for k := range o {
		if strings.EqualFold(k, name) {
			return k, true
		}
	}
	return name, false
}

func member(o map[string]any, name string) any {
	k, _ := key(o, name)
	return o[k]
}

// find returns the values at the path; entries of lists each by itself.
func (p Path) find(o map[string]any) []any {
	if p.schema != "" {
		inner, ok := member(o, p.schema).(map[string]any)
		if !ok {
			return nil
		}
		if p.name == "" {
			return []any{inner}
		}
		o = inner
	}
	var found []any
	for _, v := range entries(member(o, p.name)) {
		if p.sub == "" {
			found = append(found, v)
			continue
		}
		if inner, ok := v.(map[string]any); ok {
			found = append(found, entries(member(inner, p.sub))...)
		}
	}
	return found
}

func entries(v any) []any {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		return v
	}
	return []any{v}
}
