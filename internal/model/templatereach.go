package model

import (
	"strings"

	"github.com/reeve-ai/reeve/internal/jinja"
)

// reach judges an access into a name that the template does not give a value itself.
func (t *templateJudge) reach(object *jinja.Node, member string) {
	if object == nil || object.Kind != jinja.Name || t.bound[object.Name] {
		return
	}
	switch name := object.Name; {
	case name == "self":
		if !t.blocks[member] {
			t.add(Malicious, "reach", "the template reaches into self")
		}
	case templateModules[name]:
		t.add(Malicious, "reach", "the template reaches into "+name)
	case templateWeb[name]:
		v := Review
		if member == "items" || member == "values" || strings.Contains(strings.ToUpper(member), "SECRET") || member == "config" {
			v = Malicious
		}
		t.add(v, "reach", "the template reaches into "+name)
	}
}

func (t *templateJudge) subscript(n *jinja.Node) {
	index := n.Kids[1]
	texts, known := t.fold(index, 0)
	member := ""
	for _, s := range texts {
		t.key(s)
		member = s
	}
	t.reach(n.Kids[0], member)
	if known || index == nil {
		return
	}
	if trick := t.buildsText(index, 0); trick != Clean {
		t.add(trick, "computed-attribute", "the template computes the name of a member")
	}
}

// buildsText says how far an expression puts a text together of pieces that cannot be known, which for a subscript is no use of a message.
func (t *templateJudge) buildsText(n *jinja.Node, depth int) Verdict {
	if n == nil || depth > maxFoldDepth {
		return Clean
	}
	worst := Clean
	switch {
	case n.Kind == jinja.Binary && n.Name == "~", n.Kind == jinja.Binary && n.Name == "+" && (isConstantText(n.Kids[0]) || isConstantText(n.Kids[1])):
		worst = max(Review, t.buildsText(n.Kids[0], depth+1), t.buildsText(n.Kids[1], depth+1))
	case n.Kind == jinja.Item:
		return t.buildsText(n.Kids[0], depth+1)
	case n.Kind == jinja.Filter && (n.Name == "list" || n.Name == "first" || n.Name == "last" || n.Name == "lower" || n.Name == "trim"):
		return t.buildsText(n.Kids[0], depth+1)
	case n.Kind == jinja.Binary && n.Name == "%" && isConstantText(n.Kids[0]):
		worst = Malicious
	case n.Kind == jinja.Filter && (n.Name == "format" || n.Name == "join" || n.Name == "string" || n.Name == "reverse" || n.Name == "urlencode" || n.Name == "b64decode"):
		worst = Malicious
	case n.Kind == jinja.Call && n.Kids[0] != nil && n.Kids[0].Kind == jinja.Attr:
		switch n.Kids[0].Name {
		case "join", "format", "decode", "fromhex", "translate":
			worst = Malicious
		case "replace", "lower", "strip":
			worst = Review
		}
	case n.Kind == jinja.Name:
		for _, v := range t.values[n.Name] {
			if t.steps++; t.steps < maxFoldSteps {
				worst = max(worst, t.buildsText(v, depth+1))
			}
		}
		return worst
	}
	return worst
}

func isConstantText(n *jinja.Node) bool { return n != nil && n.Kind == jinja.Str }

func (t *templateJudge) call(n *jinja.Node) {
	f := n.Kids[0]
	if f == nil {
		return
	}
	t.composed(n)
	switch {
	case f.Kind == jinja.Attr && templateCalls[f.Name], f.Kind == jinja.Name && !t.bound[f.Name] && (templateCalls[f.Name] || templateFunctions[f.Name]):
		t.add(Malicious, "reach", "the template calls "+f.Name)
	case f.Kind == jinja.Name && !t.bound[f.Name] && (f.Name == "url_for" || f.Name == "get_flashed_messages"):
		t.add(Malicious, "reach", "the template calls "+f.Name)
	case f.Kind == jinja.Name && f.Name == "dict":
		for _, k := range n.Keys {
			t.key(k)
		}
	case f.Kind == jinja.Name && f.Name == "range":
		for _, a := range n.Kids[1:] {
			if t.number(a) > 1e6 {
				t.add(Review, "endless", "the template repeats something very often")
			}
		}
	case f.Kind == jinja.Attr && f.Name == "format":
		t.format(f.Kids[0])
	}
}

// format judges a text that str.format fills in: its fields can reach attributes.
func (t *templateJudge) format(n *jinja.Node) {
	texts, _ := t.fold(n, 0)
	for _, s := range texts {
		for field := range strings.SplitSeq(s, "{") {
			field, _, closed := strings.Cut(field, "}")
			if !closed || !strings.ContainsAny(field, ".[") {
				continue
			}
			if strings.Contains(field, "__") {
				t.add(Malicious, "special-attribute", "the template formats a special attribute")
			} else if !strings.HasPrefix(strings.TrimLeft(field, "0123456789"), ":") {
				t.add(Review, "format", "the template reaches attributes by formatting a text")
			}
		}
	}
}

func (t *templateJudge) filter(n *jinja.Node) {
	args := n.Kids[1:]
	switch n.Name {
	case "attr":
		t.reach(n.Kids[0], "")
		t.attr(args)
	case "map", "selectattr", "rejectattr", "groupby", "sort", "sum", "min", "max", "unique", "select", "reject":
		t.selects(n, args)
	case "format":
		texts, known := t.fold(n, 0)
		if format, _ := t.fold(n.Kids[0], 0); !known && len(texts) == 0 && len(format) > 0 && strings.Contains(format[0], "%c") {
			t.add(Malicious, "special-attribute", "the template builds a text out of numbers")
		}
	default:
		if templateCalls[n.Name] || n.Name == "shell" || n.Name == "command" || n.Name == "lookup" {
			t.add(Malicious, "reach", "the template calls "+n.Name)
		}
	}
}

// attr judges the filter attr, which reaches an attribute past the rules for a subscript.
func (t *templateJudge) attr(args []*jinja.Node) {
	if len(args) == 0 {
		return
	}
	texts, known := t.fold(args[0], 0)
	for _, s := range texts {
		t.attribute(s)
	}
	if !known {
		t.add(Malicious, "special-attribute", "the template computes the name for the filter attr")
		return
	}
	t.add(Review, "special-attribute", "the template reaches attributes by the filter attr")
}

// selects judges filters that take the name of an attribute, or of another filter.
func (t *templateJudge) selects(n *jinja.Node, args []*jinja.Node) {
	for i, a := range args {
		switch {
		case n.Keys[i] == "attribute", n.Keys[i] == "" && i == 0 && (n.Name == "selectattr" || n.Name == "rejectattr" || n.Name == "groupby"):
			t.path(a)
		case n.Keys[i] == "" && i == 0 && n.Name == "map":
			if inner, known := t.fold(a, 0); !known || len(inner) == 1 && (inner[0] == "attr" || templateCalls[inner[0]]) {
				t.add(Malicious, "special-attribute", "the template reaches attributes by the filter attr")
			}
		}
	}
}
