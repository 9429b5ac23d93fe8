package main

import (
	"fmt"
	"io/fs"
	"strconv"
	"strings"
)

// A topic file is read line by line:
//
//	# a comment
//	list NAME = one | two       $NAME in a text becomes one of them, the same in the whole conversation
//	source NAME                 where the following conversations come from
//	scene N                     N conversations follow this pattern
//	U: text                     what the user says, A: what the assistant says
//	  more text                 the same turn goes on, on a new line
//
// In a text {a|b} is a or b, and may stand inside another; [order] is a fresh order number; [[key]] is a planted value.
type grammar struct {
	lists  map[string][]string
	scenes []scene
}

// scene is the pattern of one or more conversations.
type scene struct {
	source string
	copies int
	turns  []turn
	place  string // file and line, for errors
}

type turn struct{ role, text string }

func readGrammar(files fs.FS) (*grammar, error) {
	names, err := fs.Glob(files, "topics/*.txt")
	if err != nil {
		return nil, fmt.Errorf("list topics: %w", err)
	}
	g := &grammar{lists: map[string][]string{}}
	for _, name := range names {
		data, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, fmt.Errorf("read topic: %w", err)
		}
		source := ""
		for i, line := range strings.Split(string(data), "\n") {
			place := fmt.Sprintf("%s:%d", name, i+1)
			if err := g.line(&source, line, place); err != nil {
				return nil, fmt.Errorf("%s: %w", place, err)
			}
		}
	}
	return g, nil
}

func (g *grammar) line(source *string, line, place string) error {
	word, rest, _ := strings.Cut(line, " ")
	last := len(g.scenes) - 1
	switch {
	case strings.TrimSpace(line) == "" || word == "#":
		return nil
	case word == "list":
		name, values, _ := strings.Cut(rest, " = ")
		g.lists[name] = strings.Split(values, " | ")
	case word == "source":
		*source = rest
	case word == "scene":
		n, err := strconv.Atoi(rest)
		if err != nil {
			return fmt.Errorf("number of conversations: %w", err)
		}
		g.scenes = append(g.scenes, scene{source: *source, copies: n, place: place})
	case last < 0:
		return fmt.Errorf("%q stands before the first scene", word)
	case word == "U:":
		g.scenes[last].turns = append(g.scenes[last].turns, turn{"user", rest})
	case word == "A:":
		g.scenes[last].turns = append(g.scenes[last].turns, turn{"assistant", rest})
	case strings.HasPrefix(line, "  ") && len(g.scenes[last].turns) > 0:
		g.scenes[last].turns[len(g.scenes[last].turns)-1].text += "\n" + line[2:]
	default:
		return fmt.Errorf("cannot read a line that begins with %q", word)
	}
	return nil
}

// expander turns patterns into text. It holds the choices of one conversation.
type expander struct {
	g      *grammar
	pick   func(n int) int
	chosen map[string]string
}

// expand writes out one pattern. Planted values stay as [[key]].
func (e *expander) expand(pattern string) (string, error) {
	var b strings.Builder
	for pattern != "" {
		i := strings.IndexAny(pattern, "{$[")
		if i < 0 {
			b.WriteString(pattern)
			break
		}
		b.WriteString(pattern[:i])
		text, n, err := e.special(pattern[i:])
		if err != nil {
			return "", err
		}
		b.WriteString(text)
		pattern = pattern[i+n:]
	}
	return b.String(), nil
}

// special expands what stands at the start of s and returns how long it is.
func (e *expander) special(s string) (text string, n int, err error) {
	switch {
	case s[0] == '{':
		options, n := alternatives(s)
		if n == 0 {
			return "", 0, fmt.Errorf("no } for %q", s)
		}
		text, err = e.expand(options[e.pick(len(options))])
		return text, n, err
	case s[0] == '$':
		n = 1
		for n < len(s) && s[n] >= 'a' && s[n] <= 'z' {
			n++
		}
		text, err = e.choice(s[1:n])
		return text, n, err
	case strings.HasPrefix(s, "[["):
		end := strings.Index(s, "]]")
		if end < 0 {
			return "", 0, fmt.Errorf("no ]] for %q", s)
		}
		return s[:end+2], end + 2, nil
	case strings.HasPrefix(s, "[order]"):
		if e.chosen["order"] == "" {
			e.chosen["order"] = fmt.Sprintf("TV-%d", 10000+e.pick(90000))
		}
		return e.chosen["order"], len("[order]"), nil
	}
	return s[:1], 1, nil
}

func (e *expander) choice(list string) (string, error) {
	if e.chosen[list] == "" {
		values := e.g.lists[list]
		if len(values) == 0 {
			return "", fmt.Errorf("no list %q", list)
		}
		e.chosen[list] = values[e.pick(len(values))]
	}
	return e.chosen[list], nil
}

// alternatives splits the {a|b} at the start of s and returns its length, 0 where it has no end.
func alternatives(s string) (options []string, n int) {
	depth, from := 0, 1
	for i := range len(s) {
		switch s[i] {
		case '{':
			depth++
		case '|':
			if depth == 1 {
				options, from = append(options, s[from:i]), i+1
			}
		case '}':
			if depth--; depth == 0 {
				return append(options, s[from:i]), i + 1
			}
		}
	}
	return nil, 0
}
