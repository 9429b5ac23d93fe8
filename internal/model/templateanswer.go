package model

import (
	"strconv"
	"strings"

	"github.com/reeve-ai/reeve/internal/jinja"
)

func (t *templateJudge) number(n *jinja.Node) float64 {
	if n == nil {
		return 0
	}
	if n.Kind == jinja.Binary && n.Name == "**" {
		a, b := t.number(n.Kids[0]), t.number(n.Kids[1])
		if a >= 10 && b >= 7 || a >= 2 && b >= 21 {
			return 1e18
		}
	}
	if n.Kind == jinja.Binary && n.Name == "*" {
		return t.number(n.Kids[0]) * t.number(n.Kids[1])
	}
	texts, _ := t.fold(n, 0)
	most := 0.0
	for _, s := range texts {
		if v, err := strconv.ParseFloat(strings.ReplaceAll(s, "_", ""), 64); err == nil {
			most = max(most, v)
		}
	}
	return most
}

// loops follows how often nested loops over ranges run.
func (t *templateJudge) loops(nodes []*jinja.Node, times float64, depth int) {
	for _, n := range nodes {
		if n == nil || depth > 200 {
			continue
		}
		inner := times
		if n.Kind == jinja.For && len(n.Kids) > 1 && n.Kids[1] != nil && n.Kids[1].Kind == jinja.Call {
			if c := n.Kids[1]; c.Kids[0] != nil && c.Kids[0].Name == "range" && len(c.Kids) > 1 {
				most := 1.0
				for _, a := range c.Kids[1:] {
					most = max(most, t.number(a))
				}
				if inner *= most; inner > 1e6 {
					t.add(Review, "endless", "the template repeats something very often")
				}
			}
		}
		switch n.Kind {
		case jinja.If, jinja.Else, jinja.For, jinja.Macro, jinja.Block:
			t.loops(n.Kids, inner, depth+1)
		}
	}
}

// condition judges branches that depend on words in what somebody says: the model then answers some people otherwise.
func (t *templateJudge) condition(n *jinja.Node) {
	cond := n.Kids[0]
	if n.Kind == jinja.Ternary {
		cond = n.Kids[1]
	}
	jinja.Walk([]*jinja.Node{cond}, func(c *jinja.Node) bool {
		switch {
		case c.Kind == jinja.Binary && (c.Name == "in" || c.Name == "==" || c.Name == "not in") && t.saysWords(c.Kids[0]) && aboutContent(c.Kids[1]),
			c.Kind == jinja.Binary && c.Name == "==" && t.saysWords(c.Kids[1]) && aboutContent(c.Kids[0]),
			c.Kind == jinja.Call && len(c.Kids) > 1 && c.Kids[0] != nil && c.Kids[0].Kind == jinja.Attr && startsOrFinds(c.Kids[0].Name) && t.saysWords(c.Kids[1]) && aboutContent(c.Kids[0].Kids[0]):
			t.add(Review, "condition", "the template answers otherwise where a message has certain words")
		}
		return true
	})
}

func startsOrFinds(name string) bool {
	return name == "startswith" || name == "endswith" || name == "find" || name == "count" || name == "index"
}

func (t *templateJudge) saysWords(n *jinja.Node) bool {
	texts, _ := t.fold(n, 0)
	for _, s := range texts {
		if proseWords.MatchString(s) && !contentParts[strings.ToLower(s)] && !t.keys[s] && !switchWords.MatchString(s) {
			return true
		}
	}
	return false
}

// aboutContent reports whether an expression is the text of a message.
func aboutContent(n *jinja.Node) (found bool) {
	jinja.Walk([]*jinja.Node{n}, func(c *jinja.Node) bool {
		switch c.Kind {
		case jinja.Attr:
			found = found || c.Name == "content"
		case jinja.Item:
			found = found || c.Kids[1] != nil && c.Kids[1].Kind == jinja.Str && c.Kids[1].Name == "content"
		case jinja.Name:
			found = found || c.Name == "content" || c.Name == "text" || c.Name == "prompt" || c.Name == "user_message" || c.Name == "user_input" || c.Name == "query" || c.Name == "last_message"
		}
		return true
	})
	return found
}
