package model

import (
	"slices"
	"strconv"
	"strings"

	"github.com/reeve-ai/reeve/internal/jinja"
)

// The limits of folding constants. What goes beyond counts as unknown.
const (
	maxFold      = 4096
	maxFoldSet   = 16
	maxFoldDepth = 60
	maxFoldSteps = 200_000
)

// fold returns the texts that an expression can stand for as far as the template itself decides that, and whether that is all.
func (t *templateJudge) fold(n *jinja.Node, depth int) (texts []string, known bool) {
	if t.steps++; n == nil || depth > maxFoldDepth || t.steps > maxFoldSteps {
		return nil, false
	}
	switch n.Kind {
	case jinja.Str, jinja.Number, jinja.Const:
		return []string{n.Name}, true
	case jinja.Name:
		return t.union(t.values[n.Name], depth)
	case jinja.Attr:
		return t.union(t.values["."+n.Name], depth)
	case jinja.Ternary:
		return t.union([]*jinja.Node{n.Kids[0], n.Kids[2]}, depth)
	case jinja.Else: // the block of a set
		return t.written(n, depth)
	case jinja.Binary:
		return t.operate(n, depth)
	case jinja.Item:
		return t.item(n, depth)
	case jinja.Filter:
		return t.transform(n.Name, n.Kids[0], n.Kids[1:], depth)
	case jinja.Call:
		if f := n.Kids[0]; f != nil && f.Kind == jinja.Attr && len(f.Kids) > 0 {
			if f.Name == "join" && len(n.Kids) == 2 { // the separator is the object
				return t.joined(n.Kids[1], f.Kids[0], depth)
			}
			return t.transform(f.Name, f.Kids[0], n.Kids[1:], depth)
		}
	}
	return nil, false
}

func (t *templateJudge) union(nodes []*jinja.Node, depth int) (texts []string, known bool) {
	known = len(nodes) > 0
	for _, v := range nodes {
		s, ok := t.fold(v, depth+1)
		known = known && ok
		texts = append(texts, s...)
	}
	return limited(texts), known
}

func limited(texts []string) []string {
	slices.Sort(texts)
	texts = slices.Compact(texts)
	return texts[:min(len(texts), maxFoldSet)]
}

// written joins what the statements of a block write.
func (t *templateJudge) written(n *jinja.Node, depth int) ([]string, bool) {
	texts, known := []string{""}, true
	for _, k := range n.Kids {
		var more []string
		ok := true
		switch k.Kind {
		case jinja.Text:
			more = []string{strings.TrimSpace(k.Name)}
		case jinja.Output:
			if len(k.Kids) > 0 {
				more, ok = t.fold(k.Kids[0], depth+1)
			}
		default:
			ok = false
		}
		known = known && ok
		if len(more) > 0 {
			texts = cross(texts, more)
		}
	}
	return texts, known
}

func cross(a, b []string) (out []string) {
	for _, x := range a {
		for _, y := range b {
			if len(x)+len(y) <= maxFold && len(out) < maxFoldSet {
				out = append(out, x+y)
			}
		}
	}
	return out
}

func (t *templateJudge) operate(n *jinja.Node, depth int) ([]string, bool) {
	a, okA := t.fold(n.Kids[0], depth+1)
	switch n.Name {
	case "~", "+":
		b, okB := t.fold(n.Kids[1], depth+1)
		return cross(a, b), okA && okB
	case "*":
		b, okB := t.fold(n.Kids[1], depth+1)
		if len(a) == 1 && len(b) == 1 {
			if k, err := strconv.Atoi(b[0]); err == nil && k >= 0 && k*len(a[0]) <= maxFold {
				return []string{strings.Repeat(a[0], k)}, okA && okB
			}
		}
		return nil, false
	case "%":
		args := []*jinja.Node{n.Kids[1]}
		if n.Kids[1] != nil && n.Kids[1].Kind == jinja.List {
			args = n.Kids[1].Kids
		}
		return t.printf(a, args, depth)
	case "or":
		return t.union(n.Kids, depth)
	}
	return nil, false
}

// elements are the items of a sequence that the template itself writes down.
func (t *templateJudge) elements(n *jinja.Node, depth int) (items []*jinja.Node, known bool) {
	if t.steps++; n == nil || depth > maxFoldDepth || t.steps > maxFoldSteps {
		return nil, false
	}
	switch n.Kind {
	case jinja.List:
		return n.Kids, true
	case jinja.Dict:
		for i := 0; i < len(n.Kids); i += 2 {
			items = append(items, n.Kids[i])
		}
		return items, true
	case jinja.Name:
		for _, v := range t.values[n.Name] {
			if more, ok := t.elements(v, depth+1); ok {
				items, known = append(items, more...), true
			}
		}
		return items[:min(len(items), 256)], known
	case jinja.Call:
		return t.called(n, depth)
	case jinja.Filter:
		return t.filtered(n, depth)
	case jinja.Binary:
		if n.Name != "+" {
			return nil, false
		}
		a, okA := t.elements(n.Kids[0], depth+1)
		b, okB := t.elements(n.Kids[1], depth+1)
		return append(slices.Clone(a), b...), okA && okB
	}
	return t.letters(n, depth)
}

// letters are the characters of a constant text.
func (t *templateJudge) letters(n *jinja.Node, depth int) (items []*jinja.Node, known bool) {
	texts, ok := t.fold(n, depth+1)
	if !ok || len(texts) != 1 || len(texts[0]) > 256 {
		return nil, false
	}
	for _, c := range texts[0] {
		items = append(items, &jinja.Node{Kind: jinja.Str, Name: string(c)})
	}
	return items, true
}

func (t *templateJudge) called(n *jinja.Node, depth int) (items []*jinja.Node, known bool) {
	f := n.Kids[0]
	switch {
	case f == nil:
	case f.Kind == jinja.Name && f.Name == "dict":
		for _, k := range n.Keys {
			items = append(items, &jinja.Node{Kind: jinja.Str, Name: k})
		}
		return items, true
	case f.Kind == jinja.Attr && f.Name == "split" && len(n.Kids) > 1:
		sep, ok := t.fold(n.Kids[1], depth+1)
		texts, ok2 := t.fold(f.Kids[0], depth+1)
		if ok && ok2 && len(sep) == 1 && len(texts) == 1 && sep[0] != "" {
			for _, s := range strings.SplitN(texts[0], sep[0], 256) {
				items = append(items, &jinja.Node{Kind: jinja.Str, Name: s})
			}
			return items, true
		}
	case f.Kind == jinja.Attr && (f.Name == "keys" || f.Name == "values" || f.Name == "items"):
		return t.elements(f.Kids[0], depth+1)
	}
	return nil, false
}

func (t *templateJudge) filtered(n *jinja.Node, depth int) ([]*jinja.Node, bool) {
	switch n.Name {
	case "list", "sort", "unique", "select", "items", "map":
		return t.elements(n.Kids[0], depth+1)
	case "reverse":
		items, ok := t.elements(n.Kids[0], depth+1)
		items = slices.Clone(items)
		slices.Reverse(items)
		return items, ok
	}
	return nil, false
}

// item is a subscript: of a constant text or of a sequence. A nil index stands for any.
func (t *templateJudge) item(n *jinja.Node, depth int) ([]string, bool) {
	if index := n.Kids[1]; index != nil {
		if texts, ok := t.fold(n.Kids[0], depth+1); ok && len(texts) == 1 {
			return t.cut(texts[0], index, depth)
		}
		if items, ok := t.elements(n.Kids[0], depth+1); ok && n.Kids[0] != nil && n.Kids[0].Kind != jinja.Dict {
			if at, ok := t.fold(index, depth+1); ok && len(at) == 1 {
				if k, err := strconv.Atoi(at[0]); err == nil && k >= 0 && k < len(items) {
					return t.fold(items[k], depth+1)
				}
			}
		}
	}
	if d := n.Kids[0]; d != nil && d.Kind == jinja.Dict {
		return t.union(d.Kids, depth)
	}
	items, ok := t.elements(n.Kids[0], depth+1)
	texts, known := t.union(items[:min(len(items), maxFoldSet)], depth)
	return texts, ok && known
}
