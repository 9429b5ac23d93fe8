package model

import (
	"strings"

	"github.com/reeve-ai/reeve/internal/jinja"
)

// maxTemplateTree is the longest template that is read into a tree; the chat templates of today have some 50 kB at most.
const maxTemplateTree = 1 << 20

type templateFinding struct {
	verdict       Verdict
	rule, message string
}

// template judges a chat template in Jinja, whole, whatever its length: by its syntax tree, and where there is none by its tokens.
// What stands outside of its marks is text, but for addresses in it.
func (j *job) template(where, text string) { j.judgeTemplate(where, text, Review) }

// judgeTemplate judges a template and tells findings of at least a verdict.
func (j *job) judgeTemplate(where, text string, least Verdict) {
	t := templateJudge{}
	if len(text) > maxTemplate {
		t.add(Review, "size", "the template is too long to be read whole")
		text = text[:maxTemplate]
	}
	if !isGoTemplate(text) {
		t.judge(text)
	}
	for _, f := range t.found {
		if f.verdict >= least {
			j.note(f.verdict, "template-"+f.rule, where, f.message, "take the template of the model's publisher, or have this one reviewed")
		}
	}
}

// isGoTemplate recognises the templates of Ollama, which are Go's and reach nothing but what they are given.
func isGoTemplate(text string) bool {
	if strings.Contains(text, "{%") {
		return false
	}
	for _, mark := range []string{"{{ .", "{{.", "{{- .", "{{ if .", "{{- if .", "{{ range .", "{{- range .", "{{ range $", "{{- range $", "{{ if (", "{{- if (", "{{ if and", "{{- if and", "{{ if or", "{{- if or", "{{ end", "{{- end"} {
		if strings.Contains(text, mark) {
			return true
		}
	}
	return false
}

// templateJudge follows the constants of a template and says what it reaches for.
type templateJudge struct {
	found  []templateFinding
	values map[string][]*jinja.Node // what a name may hold, as far as the template itself gives it
	bound  map[string]bool          // names that the template gives a value, and its macros
	blocks map[string]bool
	keys   map[string]bool // constant subscripts: what the template takes for members of something
	steps  int             // of folding constants, over the whole template
}

func (t *templateJudge) add(v Verdict, rule, message string) {
	for i := range t.found {
		if f := &t.found[i]; f.rule == rule {
			if v > f.verdict {
				f.verdict, f.message = v, message
			}
			return
		}
	}
	t.found = append(t.found, templateFinding{v, rule, message})
}

func (t *templateJudge) judge(text string) {
	if len(text) > maxTemplateTree {
		t.add(Review, "size", "the template is longer than any that holds a conversation")
		t.sweep(text)
		return
	}
	tree, err := jinja.Parse(text)
	if err != nil {
		t.add(Review, "syntax", "the template cannot be read as Jinja")
		t.sweep(text)
	}
	t.collect(tree)
	jinja.Walk(tree, func(n *jinja.Node) bool {
		t.node(n)
		return true
	})
	t.loops(tree, 1, 0)
}

// sweep looks at the tokens alone.
func (t *templateJudge) sweep(text string) {
	joined, before := "", jinja.Token{}
	_ = jinja.Sweep(text, func(tok jinja.Token) {
		switch tok.Kind {
		case 't':
			return
		case 'n':
			if before.Text == "." || before.Text == "|" || isDunder(tok.Text) {
				t.attribute(tok.Text)
			}
			if before.Kind == '%' && (tok.Text == "include" || tok.Text == "import" || tok.Text == "extends" || tok.Text == "from") {
				t.add(Malicious, "load", "the template loads another template")
			}
			if tok.Text == "attr" && before.Text == "|" {
				t.add(Malicious, "special-attribute", "the template reaches attributes by the filter attr")
			}
		case 's':
			if before.Kind == 'o' && (before.Text == "~" || before.Text == "+") && len(joined) < maxFold {
				joined += tok.Text
			} else {
				joined = tok.Text
			}
			t.text(tok.Text)
			t.text(joined)
		}
		before = tok
	})
}

// collect notes what names may hold: by set, for, with, macros and their calls.
func (t *templateJudge) collect(tree []*jinja.Node) {
	t.values, t.bound, t.blocks, t.keys = map[string][]*jinja.Node{}, map[string]bool{}, map[string]bool{}, map[string]bool{}
	macros := map[string]*jinja.Node{}
	jinja.Walk(tree, func(n *jinja.Node) bool {
		switch n.Kind {
		case jinja.Set:
			if len(n.Kids) > 1 {
				t.assign(n.Kids[0], n.Kids[len(n.Kids)-1])
			}
		case jinja.For:
			if len(n.Kids) > 1 {
				t.assign(n.Kids[0], &jinja.Node{Kind: jinja.Item, Kids: []*jinja.Node{n.Kids[1], nil}})
			}
		case jinja.Item:
			if k := n.Kids[1]; k != nil && k.Kind == jinja.Str {
				t.keys[k.Name] = true
			}
		case jinja.Macro:
			t.bound[n.Name], macros[n.Name] = true, n
			t.parameters(n)
		case jinja.Block:
			t.parameters(n)
			if name, ok := strings.CutPrefix(n.Name, "block "); ok {
				t.blocks[name] = true
			}
		}
		return true
	})
	jinja.Walk(tree, func(n *jinja.Node) bool {
		if n.Kind == jinja.Call && len(n.Kids) > 0 && n.Kids[0] != nil {
			if m := macros[n.Kids[0].Name]; m != nil && n.Kids[0].Kind == jinja.Name {
				t.bind(m, n)
			}
			t.namespace(n)
		}
		return true
	})
}

func (t *templateJudge) parameters(n *jinja.Node) {
	for i, k := range n.Keys {
		t.bound[k] = true
		if d := len(n.Keys) - i; n.Kind == jinja.Macro && d <= len(n.Kids) && n.Kids[len(n.Kids)-d] != nil {
			t.hold(k, n.Kids[len(n.Kids)-d])
		}
	}
}

// bind gives the parameters of a macro the arguments of a call.
func (t *templateJudge) bind(m, call *jinja.Node) {
	for i, v := range call.Kids[1:] {
		switch key := call.Keys[i]; {
		case key != "":
			t.hold(key, v)
		case i < len(m.Keys):
			t.hold(m.Keys[i], v)
		}
	}
}

// namespace notes the attributes that namespace(…) begins with, by their names alone.
func (t *templateJudge) namespace(n *jinja.Node) {
	if n.Kids[0].Kind == jinja.Name && n.Kids[0].Name == "namespace" {
		for i, v := range n.Kids[1:] {
			t.hold("."+n.Keys[i], v)
		}
	}
}

func (t *templateJudge) assign(target, v *jinja.Node) {
	if target == nil {
		return
	}
	switch target.Kind {
	case jinja.Name:
		t.bound[target.Name] = true
		t.hold(target.Name, v)
	case jinja.Attr:
		t.hold("."+target.Name, v)
	case jinja.List:
		for i, k := range target.Kids {
			part := v
			if len(target.Kids) > 1 {
				part = &jinja.Node{Kind: jinja.Item, Kids: []*jinja.Node{v, nil}}
				if v != nil && v.Kind == jinja.List && i < len(v.Kids) {
					part = v.Kids[i]
				}
			}
			t.assign(k, part)
		}
	}
}

const maxHeld = 16 // values that are kept of a name

func (t *templateJudge) hold(name string, v *jinja.Node) {
	if v != nil && len(t.values[name]) < maxHeld {
		t.values[name] = append(t.values[name], v)
	}
}
