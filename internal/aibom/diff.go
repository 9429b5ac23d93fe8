package aibom

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
)

// Change is one difference between two bills of materials. Was or Is is "" where it was added or is gone.
type Change struct {
	What string `json:"what"` // "model", "file", "data", "library", "ancestor", "vulnerability", "claim"
	Name string `json:"name"`
	Was  string `json:"was,omitzero"`
	Is   string `json:"is,omitzero"`
}

// Diff tells what changed from one CycloneDX document to another, by meaning: a component is known by its kind and name. Time, serial
// number and order do not count.
func Diff(before, after []byte) ([]Change, error) {
	a, err := parseDocument(before)
	if err != nil {
		return nil, fmt.Errorf("first: %w", err)
	}
	b, err := parseDocument(after)
	if err != nil {
		return nil, fmt.Errorf("second: %w", err)
	}
	out := []Change{}
	was, is := a.meaning(), b.meaning()
	keys := slices.Collect(maps.Keys(was))
	for k := range is {
		if _, known := was[k]; !known {
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, func(x, y [2]string) int { return strings.Compare(x[0]+"\x00"+x[1], y[0]+"\x00"+y[1]) })
	for _, k := range keys {
		if was[k] != is[k] {
			out = append(out, Change{k[0], k[1], was[k], is[k]})
		}
	}
	return out, nil
}

// meaning is what a document says, one text for each thing that it speaks of.
func (d document) meaning() map[[2]string]string {
	out := map[[2]string]string{}
	put := func(what, name, value string) {
		key := [2]string{what, name}
		for n := 2; out[key] != ""; n++ { // the same name again
			key[1] = fmt.Sprintf("%s (%d)", name, n)
		}
		out[key] = value
	}
	for i, c := range items(d["components"]) {
		name, _ := c["name"].(string)
		if i > 0 {
			put(kindOf(c), name, identity(c))
			continue
		}
		put("model", "name", name)
		for _, member := range []string{"version", "purl", "licenses", "supplier", "hashes", "description"} {
			if isThere(c[member]) {
				put("model", member, compact(c[member]))
			}
		}
		for _, p := range items(c["properties"]) {
			n, _ := p["name"].(string)
			v, _ := p["value"].(string)
			put("claim", n, v)
		}
		for _, x := range items(follow(c, "pedigree", "ancestors")) {
			n, _ := x["name"].(string)
			put("ancestor", n, identity(x))
		}
		if card, ok := c["modelCard"].(map[string]any); ok {
			for _, part := range slices.Sorted(maps.Keys(card)) {
				if part != "bom-ref" && part != "properties" {
					put("model", "card: "+part, compact(card[part]))
				}
			}
		}
	}
	for _, v := range items(d["vulnerabilities"]) {
		id, _ := v["id"].(string)
		state, _ := follow(v, "analysis", "state").(string)
		put("vulnerability", id, first(state, "known"))
	}
	return out
}

func kindOf(c map[string]any) string {
	kind, _ := c["type"].(string)
	return kind
}

// identity is version and digests, by which one says whether it is the same.
func identity(c map[string]any) string {
	version, _ := c["version"].(string)
	parts := []string{first(version, "present")}
	for _, h := range items(c["hashes"]) {
		content, _ := h["content"].(string)
		parts = append(parts, content)
	}
	return strings.Join(parts, " ")
}

func compact(v any) string {
	b, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		return ""
	}
	return string(b)
}
