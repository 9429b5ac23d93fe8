package jinja_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/reeve-ai/reeve/internal/jinja"
)

// shape spells a tree in brackets.
func shape(n *jinja.Node) string {
	if n == nil {
		return "_"
	}
	names := [...]string{"text", "out", "if", "else", "for", "set", "macro", "block", "load", "flow", "", "", "", "", "list", "dict", ".", "[]", ":", "call", "|", "is", "", "", "?"}
	s := names[n.Kind]
	switch {
	case n.Kind == jinja.Str:
		s = "'" + n.Name + "'"
	case n.Name != "":
		s += n.Name
	}
	if len(n.Keys) > 0 && strings.Join(n.Keys, "") != "" {
		s += "{" + strings.Join(n.Keys, ",") + "}"
	}
	if len(n.Kids) == 0 {
		return s
	}
	kids := make([]string, len(n.Kids))
	for i, k := range n.Kids {
		kids[i] = shape(k)
	}
	return s + "(" + strings.Join(kids, " ") + ")"
}

func TestTrees(t *testing.T) {
	for src, want := range map[string]string{
		"{{ a.b['c'] }}":                                                   "out([](.b(a) 'c'))",
		"{{ a ~ 'x' + b * 2 ** -1 }}":                                      "out(+(~(a 'x') *(b **(2 -(1)))))",
		"{{ a if b is not defined else c }}":                               "out(?(a not(isdefined(b)) c))",
		"{{ x|attr('y')|join(', ', attribute='z') }}":                      "out(|join{,attribute}(|attr(x 'y') ', ' 'z'))",
		"{{ a not in b and not c or d == 1 }}":                             "out(or(and(not in(a b) not(c)) ==(d 1)))",
		"{{ m[::-1][1:] }}":                                                "out([]([](m :(_ _ -(1))) :(1 _)))",
		"{{ 'a' \"\\x62\" }}":                                              "out('ab')",
		"{{ {'a': [1, (2,)], 'b': {}} }}":                                  "out(dict('a' list(1 list(2)) 'b' dict))",
		"{%- for k, v in m.items() if v -%}{{ k }}{% else %}-{% endfor %}": "for(list(k v) call(.items(m)) v out(k) else(text-))",
		"{% if a %}1{% elif b %}2{% else %}3{% endif %}":                   "if(a text1 if(b text2 else(text3)))",
		"{% set ns.x, y = 1, 2 %}":                                         "set(list(.x(ns) y) list(1 2))",
		"{% set x | upper %}a{{ b }}{% endset %}":                          "set(list(x) |upper(_) else(texta out(b)))",
		"{% macro f(a, b=1) %}{{ caller() }}{% endmacro %}":                "macrof{a,b}(1 out(call(caller)))",
		"{% call(x) f(1) %}{{ x }}{% endcall %}":                           "blockcall{x}(call(f 1) out(x))",
		"{% filter upper %}a{% endfilter %}":                               "blockfilter(|upper(_) texta)",
		"{% with a = 1, b = a %}{{ b }}{% endwith %}":                      "blockwith(set(a 1) set(b a) out(b))",
		"{% include ['a', 'b'] ignore missing without context %}":          "loadinclude(list('a' 'b'))",
		"{% from 'm' import a as b, c with context %}":                     "loadfrom('m')",
		"{% generation %}{{ a }}{% endgeneration %}":                       "blockgeneration(out(a))",
		"{# {{ x }} #}{% raw %}{{ x }}{% endraw %}":                        "text{{ x }}",
		"{{ '}}' }}{{ {'a': {'b': 1}} }}":                                  "out('}}') out(dict('a' dict('b' 1)))",
		"{% break %}{% do f(x) %}":                                         "flowbreak outdo(call(f x))",
		"{{ f(*a, **b) }}{{ 1.upper }}{{ a.0 }}":                           "out(call{*,**}(f a b)) out(.upper(1)) out([](a 0))",
		"{{ x is divisibleby 3 }}{{ x is in [1] }}":                        "out(isdivisibleby(x 3)) out(isin(x list(1)))",
		"text { and } alone":                                               "texttext { and } alone",
	} {
		nodes, err := jinja.Parse(src)
		got := make([]string, len(nodes))
		for i, n := range nodes {
			got[i] = shape(n)
		}
		if diff := cmp.Diff(want, strings.Join(got, " ")); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", src, err, diff)
		}
	}
}

func TestSyntaxErrors(t *testing.T) {
	for _, src := range []string{
		"{{", "{{ a", "{{ a b }}", "{{ ) }}", "{{ 'a }}", "{{ $ }}", "{{ a. }}", "{% if %}", "{% if a %}", "{% endif %}", "{% for a %}{% endfor %}",
		"{% nothing %}", "{% if a %}{% endfor %}", "{# a", "{{ a[1:2:3:4] }}", "{% set 1 = 2 %}", "{% raw %}",
		"{{ " + strings.Repeat("(", 100_000), strings.Repeat("{% if a %}", 5000), "{{ a" + strings.Repeat(".a", 1<<18) + " }}", strings.Repeat("{{ a }}", 1<<18),
	} {
		var e *jinja.SyntaxError
		if _, err := jinja.Parse(src); !errors.As(err, &e) || e.Pos < 0 || e.Pos > len(src) {
			t.Errorf("%.40q: %v", src, err)
		}
	}
}

// What is written out of known pieces is read, whatever the pieces.
func TestReadsWhatIsWritten(t *testing.T) {
	var expr func(depth int) *rapid.Generator[string]
	expr = func(depth int) *rapid.Generator[string] {
		return rapid.Custom(func(t *rapid.T) string {
			if depth > 4 {
				return rapid.SampledFrom([]string{"a", "'s'", "1", "none", "[]", "{}"}).Draw(t, "leaf")
			}
			a, b := expr(depth+1).Draw(t, "a"), expr(depth+1).Draw(t, "b")
			return fmt.Sprintf(rapid.SampledFrom([]string{"(%s ~ %s)", "(%s)[%s]", "(%s)|f(%s)", "(%s).m(k=%s)", "[%s, %s]", "{%s: %s}", "(%s if %s)", "(%s is t(%s))", "(not %s and %s)", "(%s not in %s)"}).Draw(t, "form"), a, b)
		})
	}
	rapid.Check(t, func(t *rapid.T) {
		e := expr(0).Draw(t, "e")
		src := "{% for x in " + e + " %}{{- " + e + " -}}{% if " + e + " %}{% set y = " + e + " %}{% endif %}{% endfor %}"
		nodes, err := jinja.Parse(src)
		if err != nil || len(nodes) != 1 {
			t.Fatalf("%s: %v", src, err)
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"{% for m in messages %}{{ m['role'] ~ m.content|trim }}{% endfor %}", "{%- macro f(a, b=1) -%}{{ a[::-1] }}{%- endmacro %}", "{% set x %}{% raw %}{{{% endraw %}{% endset %}",
		"{{ x is not none and 'a' in y }}", "{# c #}{% include 'x' %}", "{{ '\\x5f\\N{LOW LINE}\\137' }}",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		nodes, err := jinja.Parse(s)
		seen := 0
		jinja.Walk(nodes, func(n *jinja.Node) bool {
			seen++
			if n.Kind == jinja.Call && len(n.Keys) != len(n.Kids)-1 {
				t.Error("keys and arguments of a call differ")
			}
			return true
		})
		tokens := 0
		if swept := jinja.Sweep(s, func(jinja.Token) { tokens++ }); swept != nil && err == nil {
			t.Errorf("read, and its tokens are not: %v", swept)
		}
	})
}
