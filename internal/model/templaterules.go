package model

import (
	"encoding/base64"
	"regexp"
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
