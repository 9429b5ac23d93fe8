package detect

import (
	"errors"
	"fmt"
	"regexp/syntax"
	"unicode/utf8"
)

const (
	maxPatternLen  = 256  // bytes of one match
	maxPatternCode = 4096 // instructions of one program
)

// program is a compiled pattern. It is run as a set of threads (Thompson's construction, CACM 11(6), 1968) from each
// byte at which a match can begin and stops as soon as no thread is left, so a stream holds exactly what may still
// become a match, at most MaxLen bytes, and no expression takes more than MaxLen steps for a byte.
type program struct {
	prog   *syntax.Prog
	maxLen int
	rule   int32
	first  [256]bool // bytes at which a match can begin
}

// compilePattern checks the declared length and the expression.
func compilePattern(p Pattern, rule int32) (*program, error) {
	if p.MaxLen < 1 || p.MaxLen > maxPatternLen {
		return nil, fmt.Errorf("MaxLen is %d, want 1 to %d", p.MaxLen, maxPatternLen)
	}
	re, err := syntax.Parse(p.Expr, syntax.Perl)
	if err != nil {
		return nil, err
	}
	prog, err := syntax.Compile(re.Simplify())
	if err != nil {
		return nil, err
	}
	if len(prog.Inst) > maxPatternCode {
		return nil, fmt.Errorf("the expression takes %d instructions, want at most %d", len(prog.Inst), maxPatternCode)
	}
	c := &program{prog: prog, maxLen: p.MaxLen, rule: rule}
	if c.addFirst(prog.Start, make([]bool, len(prog.Inst))) {
		return nil, errors.New("the expression matches the empty text")
	}
	return c, nil
}

// addFirst collects the bytes that can be read first from pc on and reports whether nothing need be read.
func (p *program) addFirst(pc int, seen []bool) (empty bool) {
	if seen[pc] {
		return false
	}
	seen[pc] = true
	in := &p.prog.Inst[pc]
	switch in.Op {
	case syntax.InstMatch:
		return true
	case syntax.InstAlt, syntax.InstAltMatch:
		empty = p.addFirst(int(in.Out), seen)
		return p.addFirst(int(in.Arg), seen) || empty
	case syntax.InstCapture, syntax.InstNop, syntax.InstEmptyWidth:
		return p.addFirst(int(in.Out), seen)
	case syntax.InstFail:
		return false
	}
	for c := range p.first {
		if c >= utf8.RuneSelf || takes(in, rune(c)) {
			p.first[c] = p.first[c] || c < utf8.RuneSelf || takesBeyondASCII(in)
		}
	}
	return false
}

// takes reports whether the instruction reads the rune.
func takes(in *syntax.Inst, r rune) bool {
	switch in.Op {
	case syntax.InstRune:
		return in.MatchRune(r)
	case syntax.InstRune1:
		return r == in.Rune[0]
	case syntax.InstRuneAny:
		return true
	case syntax.InstRuneAnyNotNL:
		return r != '\n'
	}
	return false
}

// takesBeyondASCII may be true too often.
func takesBeyondASCII(in *syntax.Inst) bool {
	if in.Op == syntax.InstRuneAny || in.Op == syntax.InstRuneAnyNotNL {
		return true
	}
	fold := syntax.Flags(in.Arg)&syntax.FoldCase != 0
	return in.Rune[len(in.Rune)-1] >= utf8.RuneSelf || fold
}

// scanPattern looks for matches of the pattern from *at on and leaves there where it has to wait.
func (s *scan) scanPattern(p *program, at *int) {
	w := &s.w
	for *at < len(w.b) {
		i := *at
		if !p.first[w.b[i]] {
			*at = i + 1
			continue
		}
		inside := w.insideRune(i)
		end := 0
		if !inside && !w.touched {
			end = s.match(p, i)
		}
		if w.touched {
			w.touched = false
			return
		}
		*at = max(i+1, end)
		if end > 0 {
			if s.e.admits(p.rule, 1, s.w.b[i:end]) {
				s.pending = append(s.pending, candidate{start: i, end: end, rule: p.rule, score: 1})
			}
		}
	}
}

// insideRune reports whether the byte at i continues a rune that begins before it.
func (w *window) insideRune(i int) bool {
	if utf8.RuneStart(w.b[i]) {
		return false
	}
	for j := i - 1; j >= max(0, i-3); j-- {
		if utf8.RuneStart(w.b[j]) {
			_, n := w.rune(j)
			return j+n > i
		}
	}
	return false
}

// threads is a sparse set of program counters (Briggs and Torczon, 1993) in the order of insertion.
type threads struct {
	dense, sparse []uint32
}

func (t *threads) add(pc uint32) bool {
	if k := t.sparse[pc]; int(k) < len(t.dense) && t.dense[k] == pc {
		return false
	}
	t.sparse[pc] = uint32(len(t.dense))
	t.dense = append(t.dense, pc)
	return true
}

// machine runs one pattern at a time.
type machine struct {
	now, next threads
	stack     []uint32
}

func (m *machine) fit(n int) {
	if len(m.now.sparse) < n {
		m.now = threads{make([]uint32, 0, n), make([]uint32, n)}
		m.next = threads{make([]uint32, 0, n), make([]uint32, n)}
	}
	m.now.dense, m.next.dense = m.now.dense[:0], m.next.dense[:0]
}

// match returns the end of the longest match of p that begins at i, or 0. Like every recogniser it touches the end of
// the window if what follows could change the answer.
func (s *scan) match(p *program, i int) (end int) {
	w := &s.w
	if s.vm == nil {
		s.vm = &machine{}
	}
	m := s.vm
	m.fit(len(p.prog.Inst))
	last := rune(-1)
	if i > 0 {
		last, _ = utf8.DecodeLastRune(w.b[:i])
	}
	m.follow(w, p, &m.now, uint32(p.prog.Start), last, i)
	for pos := i; len(m.now.dense) > 0 && !w.touched; {
		reads := false
		for _, pc := range m.now.dense {
			switch p.prog.Inst[pc].Op {
			case syntax.InstMatch:
				end = pos
			case syntax.InstRune, syntax.InstRune1, syntax.InstRuneAny, syntax.InstRuneAnyNotNL:
				reads = true
			}
		}
		w.steps += len(m.now.dense)
		if !reads || pos-i >= p.maxLen {
			return end
		}
		r, n := w.rune(pos)
		if n == 0 || pos+n-i > p.maxLen {
			return end
		}
		m.next.dense = m.next.dense[:0]
		for _, pc := range m.now.dense {
			if in := &p.prog.Inst[pc]; takes(in, r) {
				m.follow(w, p, &m.next, in.Out, r, pos+n)
			}
		}
		m.now, m.next = m.next, m.now
		pos += n
	}
	return end
}

// follow adds pc and all that it leads to without reading. Assertions need the rune after pos, and only they look at it.
func (m *machine) follow(w *window, p *program, set *threads, pc uint32, last rune, pos int) {
	m.stack = append(m.stack[:0], pc)
	for len(m.stack) > 0 {
		pc := m.stack[len(m.stack)-1]
		m.stack = m.stack[:len(m.stack)-1]
		if !set.add(pc) {
			continue
		}
		in := &p.prog.Inst[pc]
		switch in.Op {
		case syntax.InstAlt, syntax.InstAltMatch:
			m.stack = append(m.stack, in.Arg, in.Out)
		case syntax.InstCapture, syntax.InstNop:
			m.stack = append(m.stack, in.Out)
		case syntax.InstEmptyWidth:
			after, n := w.rune(pos)
			if n == 0 {
				after = -1
			}
			if want := syntax.EmptyOp(in.Arg); want&^syntax.EmptyOpContext(last, after) == 0 {
				m.stack = append(m.stack, in.Out)
			}
		}
	}
}
