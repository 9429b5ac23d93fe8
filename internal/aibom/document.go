package aibom

import (
	"errors"
	"fmt"
	"slices"

	"github.com/go-json-experiment/json"
)

// maxDocument bounds a bill of materials that is read, in bytes.
const maxDocument = 256 << 20

// document is a CycloneDX document as it was written.
type document map[string]any

func parseDocument(text []byte) (document, error) {
	if len(text) > maxDocument {
		return nil, fmt.Errorf("bill of materials of more than %d bytes", maxDocument)
	}
	var d document
	if err := json.Unmarshal(text, &d); err != nil || d == nil {
		return nil, errors.New("the bill of materials is no sound JSON object")
	}
	if d["bomFormat"] != "CycloneDX" {
		return nil, errors.New("the bill of materials is no CycloneDX: bomFormat says something else")
	}
	return d, nil
}

// follow goes down through objects; nil where there is nothing.
func follow(v any, path ...string) any {
	for _, name := range path {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[name]
	}
	return v
}

func isThere(v any) bool {
	switch v := v.(type) {
	case nil:
		return false
	case string:
		return v != "" && v != "NOASSERTION"
	case []any:
		return len(v) > 0
	case map[string]any:
		return len(v) > 0
	}
	return true
}

// items are the objects of a list.
func items(v any) []map[string]any {
	list, _ := v.([]any)
	var out []map[string]any
	for _, x := range list {
		if m, ok := x.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}

// model is the first component.
func (d document) model() map[string]any {
	if c := items(d["components"]); len(c) > 0 {
		return c[0]
	}
	return nil
}

func at(name string) func(document) bool {
	return func(d document) bool { return isThere(d[name]) }
}

func modelAt(path ...string) func(document) bool {
	return func(d document) bool { return isThere(follow(d.model(), path...)) }
}

func considered(name string) func(document) bool {
	return modelAt("modelCard", "considerations", name)
}

// said looks for a property of the document's metadata or of the model.
func said(name string) func(document) bool {
	return func(d document) bool {
		return hasProperty(follow(map[string]any(d), "metadata", "properties"), name) || hasProperty(follow(d.model(), "properties"), name)
	}
}

// cardSays looks for a property of the model card, with or without its prefix, or of the model.
func cardSays(names ...string) func(document) bool {
	return func(d document) bool {
		return slices.ContainsFunc(names, func(n string) bool {
			return hasProperty(follow(d.model(), "modelCard", "properties"), cardPrefix+n) || hasProperty(follow(d.model(), "properties"), n)
		})
	}
}

func hasProperty(list any, name string) bool {
	return slices.ContainsFunc(items(list), func(p map[string]any) bool { return p["name"] == name && isThere(p["value"]) })
}

// refers looks for an external reference of one of some types.
func refers(types ...string) func(document) bool {
	return func(d document) bool {
		return slices.ContainsFunc(items(follow(d.model(), "externalReferences")), func(r map[string]any) bool {
			t, _ := r["type"].(string)
			return slices.Contains(types, t) && isThere(r["url"])
		})
	}
}
