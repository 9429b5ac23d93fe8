package model

import (
	"slices"
	"strconv"
	"strings"

	"github.com/reeve-ai/reeve/internal/jinja"
)

// printf resolves %s, %c and %d of a text.
func (t *templateJudge) printf(formats []string, args []*jinja.Node, depth int) (out []string, known bool) {
	known = len(formats) > 0
	for _, f := range formats {
		var b strings.Builder
		for next := 0; f != ""; {
			k := strings.IndexByte(f, '%')
			if k < 0 || k+1 >= len(f) {
				b.WriteString(f)
				break
			}
			b.WriteString(f[:k])
			verb := f[k+1]
			f = f[k+2:]
			if verb == '%' || next >= len(args) {
				b.WriteByte('%')
				continue
			}
			v, ok := t.fold(args[next], depth+1)
			next++
			if known = known && ok && len(v) == 1; !known {
				return nil, false
			}
			if code, err := strconv.Atoi(v[0]); verb == 'c' && err == nil {
				b.WriteRune(rune(code))
			} else {
				b.WriteString(v[0])
			}
		}
		out = append(out, b.String()[:min(b.Len(), maxFold)])
	}
	return limited(out), known
}

// cut is a character or a slice of a text.
func (t *templateJudge) cut(text string, index *jinja.Node, depth int) ([]string, bool) {
	runes := []rune(text)
	if index.Kind != jinja.Slice {
		at, ok := t.fold(index, depth+1)
		if !ok || len(at) != 1 {
			return nil, false
		}
		k, err := strconv.Atoi(at[0])
		if err != nil || k < 0 || k >= len(runes) {
			return nil, false
		}
		return []string{string(runes[k])}, true
	}
	bound := func(i, missing int) int {
		if i >= len(index.Kids) || index.Kids[i] == nil {
			return missing
		}
		if u := index.Kids[i]; u.Kind == jinja.Unary && u.Name == "-" && u.Kids[0].Kind == jinja.Number {
			k, _ := strconv.Atoi(u.Kids[0].Name)
			if i == 2 {
				return -k
			}
			return len(runes) - k
		}
		if v, ok := t.fold(index.Kids[i], depth+1); ok && len(v) == 1 {
			if k, err := strconv.Atoi(v[0]); err == nil {
				return k
			}
		}
		return missing
	}
	step := bound(2, 1)
	if step < 0 {
		slices.Reverse(runes)
		step = -step
	} else {
		from, to := min(max(bound(0, 0), 0), len(runes)), min(max(bound(1, len(runes)), 0), len(runes))
		runes = runes[from:max(from, to)]
	}
	var out []rune
	for i := 0; i < len(runes); i += max(step, 1) {
		out = append(out, runes[i])
	}
	return []string{string(out)}, true
}

// transform is what a filter or a method of the same name makes of a text.
func (t *templateJudge) transform(name string, v *jinja.Node, args []*jinja.Node, depth int) ([]string, bool) {
	if name == "join" {
		var sep *jinja.Node
		if len(args) > 0 {
			sep = args[0]
		}
		return t.joined(v, sep, depth)
	}
	texts, known := t.fold(v, depth+1)
	switch name {
	case "string", "safe", "escape", "e", "trim", "strip", "lstrip", "rstrip", "encode", "decode", "forceescape", "default", "d", "lower", "upper", "capitalize", "title", "reverse", "replace", "first", "last":
	case "format":
		if len(texts) > 0 && strings.Contains(texts[0], "{") {
			return t.braces(texts, args, depth)
		}
		return t.printf(texts, args, depth)
	default:
		return nil, false
	}
	if name == "first" || name == "last" {
		items, ok := t.elements(v, depth+1)
		if !ok || len(items) == 0 {
			return nil, false
		}
		if name == "last" {
			return t.fold(items[len(items)-1], depth+1)
		}
		return t.fold(items[0], depth+1)
	}
	out := make([]string, 0, len(texts))
	for _, s := range texts {
		out = append(out, t.changed(name, s, args, depth))
	}
	return out, known
}

func (t *templateJudge) changed(name, s string, args []*jinja.Node, depth int) string {
	switch name {
	case "trim", "strip", "lstrip", "rstrip":
		if len(args) > 0 {
			if set, ok := t.fold(args[0], depth+1); ok && len(set) == 1 {
				return strings.Trim(s, set[0])
			}
		}
		return strings.TrimSpace(s)
	case "lower":
		return strings.ToLower(s)
	case "upper":
		return strings.ToUpper(s)
	case "capitalize", "title":
		lower := strings.ToLower(s)
		return strings.ToUpper(lower[:min(1, len(lower))]) + lower[min(1, len(lower)):]
	case "reverse":
		r := []rune(s)
		slices.Reverse(r)
		return string(r)
	case "replace":
		if len(args) < 2 {
			return s
		}
		from, ok := t.fold(args[0], depth+1)
		to, ok2 := t.fold(args[1], depth+1)
		if ok && ok2 && len(from) == 1 && len(to) == 1 && len(s)*(len(to[0])+1) <= 16*maxFold {
			s = strings.ReplaceAll(s, from[0], to[0])
			return s[:min(len(s), maxFold)]
		}
	}
	return s
}

func (t *templateJudge) joined(v, sep *jinja.Node, depth int) ([]string, bool) {
	seps := []string{""}
	if sep != nil {
		s, ok := t.fold(sep, depth+1)
		if !ok || len(s) != 1 {
			return nil, false
		}
		seps = s
	}
	items, known := t.elements(v, depth+1)
	out := []string{""}
	for i, item := range items[:min(len(items), 256)] {
		s, ok := t.fold(item, depth+1)
		known = known && ok
		if len(s) == 0 {
			continue
		}
		if i > 0 {
			out = cross(out, seps)
		}
		out = cross(out, s)
	}
	return out, known && len(items) > 0
}

// braces resolves the {} of str.format by their order.
func (t *templateJudge) braces(texts []string, args []*jinja.Node, depth int) ([]string, bool) {
	s := texts[0]
	for i, a := range args {
		v, ok := t.fold(a, depth+1)
		if !ok || len(v) != 1 {
			return nil, false
		}
		s = strings.ReplaceAll(s, "{"+strconv.Itoa(i)+"}", v[0])
		s = strings.Replace(s, "{}", v[0], 1)
		if len(s) > maxFold {
			return nil, false
		}
	}
	return []string{s}, true
}
