package scim

import (
	"fmt"
	"reflect"
	"strings"
)

// maxOperations bounds one patch, maxEntries one list.
const (
	maxOperations = 1000
	maxEntries    = 100_000
)

// Operation is one step of a patch (RFC 7644 section 3.5.2).
type Operation struct {
	Op    string `json:"op"`
	Path  string `json:"path,omitzero"`
	Value any    `json:"value,omitzero"`
}

// target is where an operation acts: path, or path[filter], or path[filter].sub.
type target struct {
	path   Path
	filter node // nil: all
	sub    string
}

// readOnly are attributes that the server sets (RFC 7643 section 3.1).
var readOnly = map[string]bool{"id": true, "meta": true, "groups": true, "schemas": true}

// Patch applies operations to a resource, in order; the resource is changed in place. An error leaves it half changed:
// patch a copy. multi says which attributes hold lists.
func Patch(o map[string]any, operations []Operation, multi func(name string) bool) error {
	if len(operations) == 0 || len(operations) > maxOperations {
		return &Error{"invalidSyntax", fmt.Sprintf("a patch has 1 to %d operations", maxOperations)}
	}
	for i := range operations {
		if err := apply(o, &operations[i], multi); err != nil {
			return err
		}
	}
	return nil
}

func apply(o map[string]any, op *Operation, multi func(string) bool) error {
	verb := strings.ToLower(op.Op) // some clients write Add
	if verb != "add" && verb != "replace" && verb != "remove" {
		return &Error{"invalidSyntax", "an operation is none of add, replace and remove"}
	}
	if op.Path == "" {
		if verb == "remove" {
			return &Error{"noTarget", "a remove needs a path"}
		}
		value, ok := op.Value.(map[string]any)
		if !ok {
			return &Error{"invalidValue", "an operation without a path needs an object"}
		}
		return merge(o, value, verb, multi)
	}
	t, err := parseTarget(op.Path)
	if err != nil {
		return err
	}
	if t.path.schema == "" && readOnly[strings.ToLower(t.path.name)] {
		return &Error{"mutability", "the attribute is set by the server"}
	}
	return t.apply(o, verb, op.Value, multi)
}

// merge does an operation without a path: each member is one with its name as path.
func merge(o, value map[string]any, verb string, multi func(string) bool) error {
	for name, v := range value {
		path, err := parseName(name)
		if err != nil {
			return err
		}
		if path.schema == "" && readOnly[strings.ToLower(path.name)] {
			continue // clients send what they read
		}
		if inner, ok := v.(map[string]any); ok && path.schema != "" && path.name == "" {
			for sub, w := range inner {
				t := target{path: Path{schema: path.schema, name: sub}}
				if err := t.apply(o, verb, w, multi); err != nil {
					return err
				}
			}
			continue
		}
		t := target{path: path}
		if err := t.apply(o, verb, v, multi); err != nil {
			return err
		}
	}
	return nil
}

func parseTarget(text string) (t target, err error) {
	if len(text) > maxFilter {
		return t, &Error{"invalidPath", "the path is too long"}
	}
	name, rest, filtered := strings.Cut(text, "[")
	if t.path, err = parseName(name); err != nil || !filtered {
		return t, err
	}
	if t.path.sub != "" || t.path.name == "" {
		return t, &Error{"invalidPath", "a filter stands behind an attribute"}
	}
	end := strings.LastIndexByte(rest, ']')
	if end < 0 {
		return t, &Error{"invalidPath", "the filter of the path is not closed"}
	}
	f, err := ParseFilter(rest[:end])
	if err != nil {
		return t, err
	}
	t.filter = f.root
	if rest = rest[end+1:]; rest != "" {
		if rest[0] != '.' || !attributeName(rest[1:]) {
			return t, &Error{"invalidPath", "the path names no attribute"}
		}
		t.sub = rest[1:]
	}
	return t, nil
}

func (t *target) apply(o map[string]any, verb string, value any, multi func(string) bool) error {
	if t.path.schema != "" {
		inner, ok := member(o, t.path.schema).(map[string]any)
		switch {
		case t.path.name == "" && verb == "remove":
			delete(o, t.path.schema)
			return nil
		case t.path.name == "":
			v, ok := value.(map[string]any)
			if !ok {
				return &Error{"invalidValue", "the extension is an object"}
			}
			o[t.path.schema] = v
			return nil
		case !ok && verb == "remove":
			return nil
		case !ok:
			inner = map[string]any{}
			o[t.path.schema] = inner
		}
		o = inner
	}
	name, _ := key(o, t.path.name)
	if t.filter != nil {
		return t.filtered(o, name, verb, value)
	}
	if t.path.sub != "" && !multi(t.path.name) {
		return t.inner(o, name, verb, value)
	}
	if t.path.sub != "" {
		return &Error{"invalidPath", "the attribute holds a list: say which entry by a filter"}
	}
	switch {
	case verb == "remove" && value == nil, verb == "replace" && value == nil:
		delete(o, name)
	case verb == "remove": // some clients name what to remove by value
		o[name] = without(entries(o[name]), entries(value))
	case multi(t.path.name) && verb == "add":
		return add(o, name, entries(value))
	case multi(t.path.name):
		o[name] = []any{}
		return add(o, name, entries(value))
	default:
		o[name] = value
	}
	return nil
}

// inner sets a member of a complex attribute, such as name.givenName.
func (t *target) inner(o map[string]any, name, verb string, value any) error {
	inner, ok := o[name].(map[string]any)
	if !ok {
		if verb == "remove" {
			return nil
		}
		inner = map[string]any{}
		o[name] = inner
	}
	sub, _ := key(inner, t.path.sub)
	if verb == "remove" || value == nil {
		delete(inner, sub)
	} else {
		inner[sub] = value
	}
	return nil
}

// filtered acts on the entries of a list that a filter chooses. A replace or add that chooses none is an error (section
// 3.5.2.3), a remove is not.
func (t *target) filtered(o map[string]any, name, verb string, value any) error {
	list, kept, hits := entries(o[name]), []any{}, 0
	for _, v := range list {
		entry, ok := v.(map[string]any)
		if !ok || !t.filter.match(entry) {
			kept = append(kept, v)
			continue
		}
		hits++
		switch {
		case verb == "remove" && t.sub == "":
			continue
		case verb == "remove":
			sub, _ := key(entry, t.sub)
			delete(entry, sub)
		case t.sub != "":
			sub, _ := key(entry, t.sub)
			entry[sub] = value
		default:
			with, ok := value.(map[string]any)
			if !ok {
				return &Error{"invalidValue", "an entry of the list is an object"}
			}
			for k, w := range with {
				sub, _ := key(entry, k)
				entry[sub] = w
			}
		}
		kept = append(kept, entry)
	}
	if hits == 0 && verb != "remove" {
		return &Error{"noTarget", "nothing in the list fits the filter of the path"}
	}
	o[name] = kept
	return nil
}

// add puts entries into a list that does not have them yet.
func add(o map[string]any, name string, values []any) error {
	list := entries(o[name])
	if len(list)+len(values) > maxEntries {
		return &Error{"tooMany", fmt.Sprintf("a list can have at most %d entries", maxEntries)}
	}
	seen := map[string]bool{}
	for _, v := range list {
		if id, ok := identity(v); ok {
			seen[id] = true
		}
	}
	for _, v := range values {
		id, ok := identity(v)
		if ok && seen[id] || !ok && containsValue(list, v) {
			continue
		}
		seen[id] = true
		list = append(list, v)
	}
	o[name] = list
	return nil
}

// identity is what makes an entry the same as another: its text, or its member "value".
func identity(v any) (string, bool) {
	if o, ok := v.(map[string]any); ok {
		v = member(o, "value")
	}
	s, ok := v.(string)
	return s, ok
}

func containsValue(list []any, v any) bool {
	for _, x := range list {
		if reflect.DeepEqual(x, v) {
			return true
		}
	}
	return false
}

func without(list, values []any) []any {
	gone := map[string]bool{}
	for _, v := range values {
		if id, ok := identity(v); ok {
			gone[id] = true
		}
	}
	kept := []any{}
	for _, v := range list {
		if id, ok := identity(v); !ok || !gone[id] {
			kept = append(kept, v)
		}
	}
	return kept
}
