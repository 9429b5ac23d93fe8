package detect

import "bytes"

// reading is a token that is being read against the forms.
type reading struct {
	sig    uint64
	n      int // characters
	digits int
	lower  bool // letters are in lower case
	upper  bool
	text   [maxFormLen]byte // without separators, letters in upper case
	values [maxFormLen]byte // of the digits
}

func (r *reading) reset() { r.sig, r.n, r.digits, r.lower, r.upper = 0, 0, 0, false, false }

// askForms reads the token at i and asks the identifiers whose forms it has. Each end of a run that may be the end of
// an identifier is tried, the longest wins, then the highest score, then the first rule.
func (s *scan) askForms(a *attempt, i int) {
	w, t := &s.w, &s.e.forms
	if t.rows == nil || isDigit(w.b[i]) && !t.mayBegin(w.group-i, w.after) || !w.plain && isLetter(w.b[i]) && !t.mayLead(w.b, i) || !w.formStarts(i) {
		return
	}
	r := &s.reading
	r.reset()
	surroundings := around{start: i}
	j := i
	for range maxRuns {
		end := r.run(w, j)
		if end == 0 || !bit(&t.prefix, r.sig) {
			break
		}
		c := w.at(end)
		if isAlnum(c) {
			j = end
			continue
		}
		next := byte(0)
		if indexByte(formSeps, c) >= 0 || c == ',' {
			next = w.at(end + 1)
		}
		if bit(&t.ends, r.sig) && formEnds(c, next) {
			surroundings.end, surroundings.after, surroundings.next = end, c, next
			if list := t.rows[r.sig]; list != nil {
				s.weigh(a, list, &surroundings)
			}
		}
		if !isAlnum(next) || c == ',' {
			break
		}
		if r.sig = signSep(r.sig, c); !bit(&t.prefix, r.sig) {
			break
		}
		j = end + 1
	}
	s.askWhole(a, i)
	if w.touched {
		a.undecided, w.touched = true, false
		a.lead = min(a.lead, i)
	}
}

// askWhole asks the identifiers whose digits and letters stand in any order.
func (s *scan) askWhole(a *attempt, i int) {
	w, r := &s.w, &s.reading
	end := w.run(clAlnum, i, maxFormLen+1)
	if end-i > maxFormLen || s.e.forms.whole[end-i] == nil {
		return
	}
	c := w.at(end)
	next := w.at(end + 1)
	if r.reset(); r.whole(w.b[i:end]) && formEnds(c, next) {
		s.weigh(a, s.e.forms.whole[end-i], &around{start: i, end: end, after: c, next: next})
	}
}

// whole reads a token of digits and letters and reports whether it has both, letters in one case.
func (r *reading) whole(text []byte) bool {
	for _, c := range text {
		r.put(c)
	}
	return r.digits > 0 && r.digits < r.n && r.upper != r.lower
}

func (r *reading) put(c byte) {
	switch {
	case isDigit(c):
		r.values[r.digits] = c - '0'
		r.digits++
	case isUpper(c):
		r.upper = true
	default:
		r.lower = true
		c &^= 0x20
	}
	r.text[r.n] = c
	r.n++
}

// run reads the run at j and returns its end, 0 if no form can have it.
func (r *reading) run(w *window, j int) int {
	class := clDigit
	if !isDigit(w.at(j)) {
		class = clAlpha
	}
	end := w.run(class, j, maxFormLen-r.n+1)
	if end == j || r.n+end-j > maxFormLen {
		return 0
	}
	if class == clDigit {
		for k, c := range w.b[j:end] {
			r.text[r.n+k], r.values[r.digits+k] = c, c-'0'
		}
		r.n, r.digits = r.n+end-j, r.digits+end-j
	} else {
		for _, c := range w.b[j:end] {
			r.put(c)
		}
		if r.upper && r.lower {
			return 0
		}
	}
	r.sig = signRun(r.sig, class, end-j)
	return end
}

// formStarts reports whether an identifier may begin at i: not inside a longer one, nor after a sign or a path.
func (w *window) formStarts(i int) bool {
	if i == 0 {
		return true
	}
	switch c := w.b[i-1]; c {
	case '-', '.', '/', ':':
		return i == 1 || !isWord(w.b[i-2]) || c == ':' && !isDigit(w.b[i-2])
	case '+', '@', '%', '\\', '$':
		return false
	}
	return true
}

// formEnds reports whether an identifier may end before c, which next follows if c is a separator.
func formEnds(c, next byte) bool {
	switch c {
	case '-', '.', '/':
		return !isWord(next)
	case ':':
		return !isDigit(next)
	}
	return c != '_' && c != '@' && c != '%'
}

// around is what stands around a candidate; what is costly to know is found out once.
type around struct {
	start, end  int
	after, next byte
	knowsAlone  int // the end for which alone was asked
	alone       bool
}

// weigh scores the rows of the token's form.
func (s *scan) weigh(a *attempt, list *formList, at *around) {
	w, r := &s.w, &s.reading
	if len(list.rows) <= fewRows && !w.plain && !list.passes(r) {
		return
	}
	goesOn := w.goesOn(at)
	cued := w.plain || w.mayBeNear(at.start, &list.three)
	if !cued && !list.prose && (goesOn || at.end+endSpan <= len(w.b) && !w.alone(at)) {
		return
	}
	rows := list.rows
	words := r.lower && bytes.IndexByte(w.b[at.start:at.end], ' ') >= 0 // "30 and 60" is no number plate
	for k := range rows {
		row := &rows[k]
		if w.trace != nil {
			w.trace.words, w.trace.notes = nil, nil
		}
		if row.check != nil && !row.check(r.text[:r.n], r.values[:r.digits]) {
			continue
		}
		score := row.proof.prose
		if r.lower && score > 0 {
			score = max(0, score-0.2)
		}
		if goesOn && score < strongForm.prose || words {
			score = 0
		}
		if !goesOn && row.proof.alone > score && w.alone(at) {
			score = row.proof.alone
		}
		if cued && row.proof.cued > score && w.near(at.start, row.cues) {
			score = row.proof.cued
		}
		if s.readings != nil && score > 0 {
			s.readings.add(Match{Rule: row.rule, Start: at.start, End: at.end, Score: score})
		}
		if h := (hit{start: at.start, end: at.end, score: score}); score > 0 && h.beats(&a.best) {
			s.accept(a, &trigger{rule: row.rule}, h, at.start)
		}
	}
}

// fewRows are so few that it is cheapest to look at their checks first.
const fewRows = 3

// passes reports whether the check of one of the rows passes.
func (l *formList) passes(r *reading) bool {
	for k := range l.rows {
		if check := l.rows[k].check; check == nil || check(r.text[:r.n], r.values[:r.digits]) {
			return true
		}
	}
	return false
}

// goesOn reports whether digits stand before or behind the token with nothing but a space or comma between, as in a
// table or a longer number.
func (w *window) goesOn(at *around) bool {
	for _, c := range w.b[at.start:at.end] {
		if c == '-' || c == '/' || c == '.' {
			return false // a list of such values
		}
	}
	if (at.after == ' ' || at.after == ',') && isDigit(at.next) && isDigit(w.b[at.end-1]) {
		return true
	}
	i := at.start
	return i > 1 && (w.b[i-1] == ' ' || w.b[i-1] == ',') && isDigit(w.b[i-2]) && isDigit(w.b[i])
}

// plainNames are the names of fields that say nothing about the value.
var plainNames = words("text", "content", "value", "message", "input", "output", "prompt", "body", "data", "string", "sample", "example", "sentence",
	"question", "answer", "completion", "response", "comment", "note", "notes", "description", "context", "instruction", "document", "passage")

const (
	aloneSpan = 48
	endSpan   = 4
	quotes    = "\"'`([<"
	closers   = "\"'`)]>.,;!"
)

// alone reports whether the value has its line to itself, or a field whose name says nothing about it.
func (w *window) alone(at *around) bool {
	if at.knowsAlone != at.end {
		at.knowsAlone, at.alone = at.end, w.endsLine(at.end) && w.beginsLine(at.start)
	}
	return at.alone
}

// endsLine reports whether at most closing punctuation follows on the line.
func (w *window) endsLine(end int) bool {
	for k := range endSpan {
		switch c := w.at(end + k); {
		case c == '\n', c == '\r':
			return true
		case c == 0:
			return end+k >= len(w.b) && w.final
		case indexByte(closers, c) < 0 && c != ' ' && c != '}':
			return false
		}
	}
	return false
}

// beginsLine reports whether at most an opening quote or the name of a field stands before on the line.
func (w *window) beginsLine(start int) bool {
	j, stop := start, max(0, start-aloneSpan)
	for j > stop && (w.b[j-1] == ' ' || indexByte(quotes, w.b[j-1]) >= 0) {
		j--
	}
	if j == 0 || j > stop && w.b[j-1] == '\n' {
		return true
	}
	if j == stop || w.b[j-1] != ':' {
		return false
	}
	from := j - 1
	for from > stop && w.b[from-1] != '\n' {
		c := w.b[from-1]
		if !isWord(c) && c != '.' && c != '"' && c != '{' && c != ' ' {
			return false
		}
		from--
	}
	w.steps += j - from
	if from > 0 && w.b[from-1] != '\n' {
		return false
	}
	var c folded
	c.fold(w.b[from:j-1], 0)
	return c.find(plainNames, 0) != ""
}
