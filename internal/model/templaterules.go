package model

import (
	"encoding/base64"
	"regexp"
	"strconv"
	"strings"

	"github.com/reeve-ai/reeve/internal/jinja"
)

// The names by which a template reaches out of its sandbox (jinja2/sandbox.py, unsafe attributes; Python's data model).
var (
	// templateDunders are special attributes of Python that lead from a value to its class, its module or its code.
	templateDunders = newSet(`__class__ __mro__ __base__ __bases__ __subclasses__ __globals__ __builtins__ __builtin__ __import__ __init__ __new__ __dict__ __code__ __func__ __self__
		__module__ __loader__ __spec__ __getattribute__ __getattr__ __setattr__ __getitem__ __call__ __reduce__ __reduce_ex__ __closure__ __defaults__ __kwdefaults__ __wrapped__
		__subclasshook__ __init_subclass__ __prepare__ __instancecheck__ __enter__ __exit__ __del__ __main__ __file__ __path__ __weakref__ __annotations__ __objclass__ __format__ __str__ __repr__ __doc__`)
	// templateInner are attributes of frames, code and old functions; no message has such a member.
	templateInner = newSet(`mro func_globals func_code func_closure func_defaults im_func im_class im_self gi_frame gi_code gi_yieldfrom cr_frame cr_code cr_await ag_frame ag_code
		f_globals f_builtins f_locals f_back f_code tb_frame tb_next co_code co_consts co_names root_render_func eval_ctx undefined_to_none format_map`)
	// templateCalls run something when they are called, as methods or as functions.
	templateCalls = newSet(`popen system exec eval execfile execl execv spawnl spawnv check_output check_call getoutput getstatusoutput Popen import_module __import__ load_module exec_module
		run_code run_path run_module getenv putenv setattr delattr breakpoint open_code urlopen urlretrieve fork kill unlink rmtree from_object from_pyfile from_envvar create_module find_spec reload b64decode`)
	// templateFunctions are functions of Python that no template is given.
	templateFunctions = newSet(`open compile getattr hasattr globals locals vars dir input memoryview super type object id exit quit callable classmethod`)
	// templateModules are free names that stand for modules, frameworks' globals or the engine itself.
	templateModules = newSet(`os sys subprocess builtins importlib socket shutil pickle marshal ctypes pty posix nt runpy platform lipsum cycler joiner request url_for get_flashed_messages current_app environ`)
	// templateWeb are globals of web frameworks that could as well be variables of somebody's own.
	templateWeb  = newSet(`config g session env environment application settings`)
	templateURL  = regexp.MustCompile(`(?i)\b(?:(?:https?|ftp|file|javascript|wss?)://?[\w.\[%{-]|data:text/html|javascript:)`)
	schemaURL    = regexp.MustCompile(`(?i)https?://(?:json-schema\.org|www\.w3\.org|schema\.org)/`)
	templateCode = regexp.MustCompile(`(?:\bos\.(?:system|popen|environ|exec)|\bsubprocess\.|/etc/(?:passwd|shadow)|/bin/(?:ba|z|da)?sh\b|\b(?:eval|exec)\s*\(|\bcurl\s+\S*http|\bwget\s+\S*http|/dev/tcp/|rm -rf )`)
	allDunders   = regexp.MustCompile(`__[a-z_]+?__`)
	proseWords   = regexp.MustCompile(`^[\p{L}][\p{L}' -]{2,}$`)
	switchWords  = regexp.MustCompile(`(?i)think|reason`) // by which people switch a model's thinking on and off
)

// contentParts are words that templates look for in a message because they name its parts, not because somebody said them.
var contentParts = newSet(`text image images image_url input_image video videos video_url audio input_audio audio_url file document documents content role name type tool tools tool_calls
	tool_call function functions arguments parameters think thinking thought reasoning user assistant system developer message citation citations json`)

func isDunder(s string) bool {
	return len(s) > 4 && strings.HasPrefix(s, "__") && strings.HasSuffix(s, "__")
}

// attribute judges the name of an attribute that is reached for.
func (t *templateJudge) attribute(name string) {
	switch {
	case isDunder(name) || strings.HasPrefix(name, "__"):
		t.add(Malicious, "special-attribute", "the template uses a special attribute")
	case templateInner[name]:
		t.add(Malicious, "reach", "the template reaches for "+name)
	case strings.HasPrefix(name, "_") && len(name) > 1:
		t.add(Malicious, "special-attribute", "the template uses a private attribute")
	}
}

// key judges a subscript: names that a message could have are none of our business.
func (t *templateJudge) key(name string) {
	switch {
	case templateDunders[name] || templateInner[name] || strings.HasPrefix(name, "_TemplateReference"):
		t.add(Malicious, "special-attribute", "the template uses a special attribute")
	case isDunder(name):
		t.add(Review, "special-attribute", "the template uses an attribute written like a special one")
	}
}

// path judges the attribute argument of filters such as map and selectattr, which may have dots.
func (t *templateJudge) path(arg *jinja.Node) {
	texts, known := t.fold(arg, 0)
	for _, s := range texts {
		for part := range strings.SplitSeq(s, ".") {
			t.attribute(part)
		}
	}
	if !known && arg != nil && (arg.Kind == jinja.Binary || arg.Kind == jinja.Filter || arg.Kind == jinja.Call) {
		t.add(Malicious, "computed-attribute", "the template computes the name of an attribute")
	}
}

// text judges a constant text, whether it is written so or put together.
func (t *templateJudge) text(s string) {
	for _, d := range allDunders.FindAllString(s, 32) {
		if templateDunders[d] {
			t.add(Malicious, "special-attribute", "the template has the name of a special attribute as a text")
			break
		}
	}
	switch {
	case templateCode.MatchString(s):
		t.add(Malicious, "code", "the template has a command or code as a text")
	case templateURL.MatchString(schemaURL.ReplaceAllString(s, "")):
		t.add(Review, "address", "the template carries an address of the net")
	case len(s) >= 12 && len(s)%4 == 0:
		if b, err := base64.StdEncoding.DecodeString(s); err == nil && (allDunders.Match(b) || templateCode.Match(b)) {
			t.add(Malicious, "code", "the template has code in base64")
		}
	}
}

// node judges one node of the tree; its kids come by themselves.
func (t *templateJudge) node(n *jinja.Node) {
	switch n.Kind {
	case jinja.Text:
		if templateURL.MatchString(schemaURL.ReplaceAllString(n.Name, "")) {
			t.add(Review, "address", "the template carries an address of the net")
		}
	case jinja.Str:
		t.text(n.Name)
	case jinja.Load:
		t.add(Malicious, "load", "the template loads another template")
	case jinja.Attr:
		t.attribute(n.Name)
		t.reach(n.Kids[0], n.Name)
	case jinja.Item:
		t.subscript(n)
	case jinja.Call:
		t.call(n)
	case jinja.Filter:
		t.filter(n)
		t.composed(n)
	case jinja.Binary:
		t.binary(n)
	case jinja.If, jinja.Ternary:
		t.condition(n)
	case jinja.Name:
		if isDunder(n.Name) {
			t.add(Malicious, "special-attribute", "the template uses a special name")
		} else if !t.bound[n.Name] && (n.Name == "config" || n.Name == "lipsum" || n.Name == "request") {
			t.add(Review, "reach", "the template uses "+n.Name+", which is no part of a conversation")
		}
	}
}

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

func (t *templateJudge) binary(n *jinja.Node) {
	switch n.Name {
	case "~", "+", "%":
		t.composed(n)
	case "*", "**":
		if a, b := t.number(n.Kids[0]), t.number(n.Kids[1]); b > 1e6 || n.Name == "**" && b > 12 && a != 2 || n.Name == "**" && b > 64 {
			t.add(Review, "endless", "the template repeats something very often")
		}
		t.composed(n)
	}
}

// composed judges what an expression that puts a text together stands for.
func (t *templateJudge) composed(n *jinja.Node) {
	texts, _ := t.fold(n, 0)
	for _, s := range texts {
		if isDunder(s) {
			t.add(Malicious, "special-attribute", "the template builds the name of a special attribute")
		}
		t.text(s)
	}
}

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
