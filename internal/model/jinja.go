package model

import (
	"regexp"
	"strings"
)

// template judges a chat template in Jinja, whole, whatever its length. Only what stands inside of its marks is looked at: text
// between them is text.
func (j *job) template(where, text string) {
	if len(text) > maxTemplate {
		j.note(Review, "template-size", where, "the template is too long to be read whole", "no chat template is that long: find out what it is")
	}
	t := jinjaTemplate{text: text[:min(len(text), maxTemplate)]}
	t.judge()
	for _, f := range t.found {
		j.note(f.verdict, "template-"+f.rule, where, f.message, "take the template of the model's publisher, or have this one reviewed")
	}
}

type templateFinding struct {
	verdict       Verdict
	rule, message string
}

type jinjaTemplate struct {
	text  string
	found []templateFinding
	ops   []jinjaToken
}

// jinjaToken is a token inside of {{ }} or {% %}.
type jinjaToken struct {
	kind byte // 'n' name, 's' string, '0' number, 'o' operator
	text string
}

var jinjaLexer = regexp.MustCompile(`^(?:(\s+)|([A-Za-z_\x80-\x{10ffff}][A-Za-z0-9_\x80-\x{10ffff}]*)|(\d[\d_.eE]*)|("(?:[^"\\]|\\[\s\S])*"|'(?:[^'\\]|\\[\s\S])*')|(\*\*|//|==|!=|<=|>=|[\s\S]))`)

func (t *jinjaTemplate) add(v Verdict, rule, message string) {
	for _, f := range t.found {
		if f.rule == rule {
			return
		}
	}
	t.found = append(t.found, templateFinding{v, rule, message})
}

func (t *jinjaTemplate) judge() {
	rest := t.text
	for {
		k := strings.Index(rest, "{")
		if k < 0 || k+1 >= len(rest) {
			return
		}
		rest = rest[k+1:]
		switch rest[0] {
		case '#':
			if end := strings.Index(rest, "#}"); end >= 0 {
				rest = rest[end+2:]
			}
		case '{', '%':
			rest = t.code(rest[1:], rest[0])
		}
	}
}

// code reads tokens up to the closing mark and judges them. It returns what follows.
func (t *jinjaTemplate) code(s string, open byte) string {
	end := "%}"
	if open == '{' {
		end = "}}"
	}
	t.ops = t.ops[:0]
	depth := 0
	for len(s) > 0 {
		if depth == 0 && strings.HasPrefix(s, end) {
			s = s[2:]
			break
		}
		m := jinjaLexer.FindStringSubmatchIndex(s)
		tok := jinjaToken{text: s[:m[1]]}
		switch {
		case m[4] >= 0:
			tok.kind = 'n'
		case m[6] >= 0:
			tok.kind = '0'
		case m[8] >= 0:
			tok.kind, tok.text = 's', unquoteJinja(tok.text[1:len(tok.text)-1])
		case m[10] >= 0:
			tok.kind = 'o'
			switch tok.text {
			case "{", "(", "[":
				depth++
			case "}", ")", "]":
				depth = max(depth-1, 0)
			}
		}
		if tok.kind != 0 {
			t.ops = append(t.ops, tok)
		}
		s = s[m[1]:]
	}
	t.rules(open)
	return s
}

// unquoteJinja resolves the escapes of a string, which are Python's.
func unquoteJinja(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	return jinjaEscape.ReplaceAllStringFunc(s, func(e string) string {
		switch e[1] {
		case 'x', 'u', 'U':
			if len(e) > 2 {
				return string(rune(hexValue(e[2:])))
			}
		case 'n', 't', 'r':
			return " "
		case '0', '1', '2', '3', '4', '5', '6', '7':
			n := 0
			for _, c := range []byte(e[1:]) {
				n = n<<3 | int(c-'0')
			}
			return string(rune(n))
		}
		return e[1:]
	})
}

func hexValue(s string) (n int) {
	for _, c := range []byte(s) {
		d := int(c - '0')
		if c > '9' {
			d = int(c|0x20-'a') + 10
		}
		n = n<<4 | d
	}
	return n
}

var jinjaEscape = regexp.MustCompile(`\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{1,3}|[\s\S])`)

// The names by which a template reaches out of its sandbox.
var (
	jinjaReach = newSet(`mro func_globals func_code gi_frame gi_code cr_frame ag_frame f_globals f_builtins f_locals f_back tb_frame tb_next co_code popen system subprocess
		builtins globals importlib import_module exec eval compile getattr setattr delattr open breakpoint execfile os sys environ load_module modules spawn check_output getoutput
		Popen run_code loader environment eval_ctx _TemplateReference__context undefined_to_none root_render_func blocks`)
	jinjaGlobals = newSet(`lipsum cycler joiner self request config url_for get_flashed_messages g session current_app caller varargs kwargs`)
	jinjaLoads   = newSet(`import include extends from`)
	jinjaURL     = regexp.MustCompile(`(?i)\b(?:https?|ftp|file|javascript|data):/?/?[\w.]`)
	jinjaWords   = regexp.MustCompile(`^[\p{L}][\p{L} ']{4,}$`)
)

// rules judge the tokens of one pair of marks.
func (t *jinjaTemplate) rules(open byte) {
	if open == '%' && len(t.ops) > 0 {
		first := t.ops[0]
		if first.text == "-" || first.text == "+" {
			first = t.ops[min(1, len(t.ops)-1)]
		}
		if first.kind == 'n' && jinjaLoads[first.text] {
			t.add(Malicious, "load", "the template loads another template")
		}
	}
	concat := ""
	for i, op := range t.ops {
		before, after := t.at(i-1), t.at(i+1)
		switch op.kind {
		case 'n':
			t.name(op, before, after)
		case 's':
			t.literal(op, before, after)
			if before.text == "~" || before.text == "+" {
				concat += op.text
			} else {
				concat = op.text
			}
			if reaches(concat) {
				t.add(Malicious, "special-attribute", "the template builds the name of a special attribute")
			}
		case '0':
			if len(op.text) > 7 && (before.text == "(" || before.text == "*") {
				t.add(Review, "endless", "the template repeats something very often")
			}
		}
	}
}

func (t *jinjaTemplate) at(i int) jinjaToken {
	if i < 0 || i >= len(t.ops) {
		return jinjaToken{}
	}
	return t.ops[i]
}

func (t *jinjaTemplate) name(op, before, after jinjaToken) {
	member := before.text == "." || before.text == "|"
	switch {
	case strings.HasPrefix(op.text, "__") || strings.HasSuffix(op.text, "__"):
		t.add(Malicious, "special-attribute", "the template uses a special attribute")
	case before.text == "|" && (op.text == "attr" || op.text == "map" && after.text == "(" && t.mapsAttribute()):
		t.add(Malicious, "special-attribute", "the template reaches attributes by the filter attr")
	case member && jinjaReach[op.text], after.text == "(" && !member && jinjaReach[op.text]:
		t.add(Malicious, "reach", "the template reaches for "+op.text)
	case !member && jinjaGlobals[op.text] && (after.text == "." || after.text == "[" || after.text == "|"):
		t.add(Malicious, "reach", "the template reaches into "+op.text)
	case member && strings.HasPrefix(op.text, "_"):
		t.add(Malicious, "special-attribute", "the template uses a private attribute")
	}
}

// mapsAttribute reports whether map(…) is given an attribute that is special.
func (t *jinjaTemplate) mapsAttribute() bool {
	for _, op := range t.ops {
		if op.kind == 's' && (reaches(op.text) || op.text == "attr") {
			return true
		}
	}
	return false
}

// reaches reports whether a text can be the name of a special attribute, or a piece of one.
func reaches(s string) bool {
	if strings.Contains(s, "__") && !strings.ContainsAny(s, " \n<>") {
		return true
	}
	return s == "_" || jinjaReach[s] && len(s) > 4
}

func (t *jinjaTemplate) literal(op, before, after jinjaToken) {
	switch {
	case before.text == "[" && after.text == "]" && reaches(op.text):
		t.add(Malicious, "special-attribute", "the template uses a special attribute")
	case strings.Contains(op.text, "%c") && (after.text == "|" || after.text == "%"):
		t.add(Malicious, "special-attribute", "the template builds a text out of numbers")
	case jinjaURL.MatchString(op.text):
		t.add(Review, "address", "the template carries an address of the net")
	case after.text == "in" && jinjaWords.MatchString(op.text) && t.mentions("content"):
		t.add(Review, "condition", "the template answers otherwise where a message has certain words")
	}
}

func (t *jinjaTemplate) mentions(name string) bool {
	for _, op := range t.ops {
		if op.text == name {
			return true
		}
	}
	return false
}
