package detect

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxLiteral is the longest word of a literal list in bytes: its depth must fit a byte of the automaton's table.
const maxLiteral = 255

// addLiterals compiles the sets. Words that fold case and words that do not, words that must stand alone and words that
// need not, live in separate automata, because each of the four asks the text other questions.
func (e *Engine) addLiterals(sets []LiteralSet) error {
	var lists [4][]literal
	for _, set := range sets {
		if set.ID == "" {
			return errors.New("a literal set has no identifier")
		}
		rule := int32(len(e.rules))
		e.rules = append(e.rules, Rule{ID: set.ID, Kind: KindLiteral, Severity: High, Description: "a word of a list"})
		k := 0
		if set.FoldCase {
			k |= 1
		}
		if set.WholeWord {
			k |= 2
		}
		for i, word := range set.Words {
			if word == "" || len(word) > maxLiteral {
				return fmt.Errorf("literal set %s: word %d has %d bytes, want 1 to %d", set.ID, i+1, len(word), maxLiteral)
			}
			lists[k] = append(lists[k], literal{word, rule})
			if set.FoldCase {
				lists[k] = appendCases(lists[k], word, rule)
			}
		}
	}
	for k, list := range lists {
		if len(list) == 0 {
			continue
		}
		a, err := newAutomaton(list, k&1 != 0)
		if err != nil {
			return fmt.Errorf("literals: %w", err)
		}
		a.whole = k&2 != 0
		e.literals = append(e.literals, a)
	}
	return nil
}

// appendCases adds the upper, lower and title case of a word with letters beyond ASCII. ASCII letters fold in the
// automaton's byte classes.
func appendCases(list []literal, word string, rule int32) []literal {
	if strings.IndexFunc(word, func(r rune) bool { return r >= utf8.RuneSelf }) < 0 {
		return list
	}
	r, n := utf8.DecodeRuneInString(word)
	title := string(unicode.ToTitle(r)) + strings.ToLower(word[n:])
	for _, w := range []string{strings.ToLower(word), strings.ToUpper(word), title} {
		if w != word && len(w) <= maxLiteral {
			list = append(list, literal{w, rule})
		}
	}
	return list
}

// litState is where a text stands in an automaton.
type litState struct {
	pos     int    // bytes before are consumed
	state   uint32 // state after them
	waiting bool   // the words that end at pos are not yet reported
}

// scanLiterals runs the automaton over what has arrived. Words that end at a position are reported when the rune
// after them is there, if they must stand alone.
func (s *scan) scanLiterals(a *automaton, l *litState) {
	b := s.w.b
	for {
		if l.waiting {
			if a.whole && !s.w.final && !utf8.FullRune(b[l.pos:]) {
				return
			}
			s.reportLiteral(a, l)
			l.waiting = false
		}
		i, st := l.pos, l.state
		for i < len(b) {
			if st == rootState {
				if i = a.skip(b, i); i == len(b) {
					break
				}
			}
			st = a.next(st, b[i])
			i++
			if a.cells[st]&cellEnds != 0 {
				l.waiting = true
				break
			}
		}
		l.pos, l.state = i, st
		if !l.waiting {
			return
		}
	}
}

// skip returns the next position at which a word of the list may begin, from the root state.
func (a *automaton) skip(b []byte, i int) int {
	for i < len(b) && (a.root[b[i]] == 0 || a.whole && i > 0 && wordByte[b[i-1]]) {
		i++
	}
	return i
}

// reportLiteral adds the words that end at l.pos and are valid there. How many there can be depends on the list, not on
// the text: words that are suffixes of one another.
func (s *scan) reportLiteral(a *automaton, l *litState) {
	if a.whole && s.w.wordAfter(l.pos) {
		return
	}
	for st := l.state; ; st = a.fail(st) {
		c := a.cells[st]
		if c&cellEnds == 0 {
			return
		}
		if c&cellWord == 0 {
			continue
		}
		start := l.pos - c.depth()
		if (!a.whole || !s.w.wordBefore(start)) && s.e.admits(a.rule(st), 1, s.w.b[start:l.pos]) {
			s.pending = append(s.pending, candidate{start: start, end: l.pos, rule: a.rule(st), score: 1})
		}
	}
}

// literalHold returns the start of the longest word that the text may be in the middle of.
func (s *scan) literalHold(a *automaton, l *litState) int {
	for st := l.state; ; st = a.fail(st) {
		c := a.cells[st]
		start := l.pos - c.depth()
		if c.depth() == 0 || c&cellLeaf == 0 && (!a.whole || !s.w.wordBefore(start)) || l.waiting && c&cellWord != 0 && !s.w.wordBefore(start) {
			return start
		}
	}
}

// wordBefore and wordAfter report whether a letter, digit or underscore stands on that side of i. Runes of scripts
// without spaces between words do not count.
func (w *window) wordBefore(i int) bool {
	if i <= 0 {
		return false
	}
	if c := w.b[i-1]; c < utf8.RuneSelf {
		return isWord(c)
	}
	r, _ := utf8.DecodeLastRune(w.b[:i])
	return isWordRune(r)
}

func (w *window) wordAfter(i int) bool {
	if i >= len(w.b) {
		return false
	}
	if c := w.b[i]; c < utf8.RuneSelf {
		return isWord(c)
	}
	r, _ := utf8.DecodeRune(w.b[i:])
	return isWordRune(r)
}

func isWordRune(r rune) bool {
	return (unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)) &&
		!unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
}

// compareLiterals sorts by class bytes, then by rule, so that the first of equal words has the first rule.
func compareLiterals(x, y literal) int {
	if c := strings.Compare(x.word, y.word); c != 0 {
		return c
	}
	return int(x.rule - y.rule)
}

func sortLiterals(list []literal) []literal {
	slices.SortFunc(list, compareLiterals)
	return slices.CompactFunc(list, func(x, y literal) bool { return x.word == y.word })
}
