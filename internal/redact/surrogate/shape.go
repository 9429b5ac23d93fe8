package surrogate

import (
	"bytes"
	"slices"
	"unicode/utf8"

	"github.com/reeve-ai/reeve/detect"
)

// tries bounds the draws for each way of drawing.
const tries = 400

// shape draws values with digits and letters in the same places until the rule accepts one. Most rules demand check
// digits, some demand a date or a region in certain places as well, so freer ways of drawing come first.
func (m *Maker) shape(rule *detect.Rule, value []byte) ([]byte, bool) {
	if !drawable(value) {
		return nil, false
	}
	purpose := "shape/" + rule.ID
	folded := fold(value)
	accepts := m.template(rule).at(value)
	if out := m.uuid(value); out != nil && accepts(out) {
		return out, true
	}
	hex := isHex(folded)
	attempt := 0
	for _, way := range ways(onlySymbols(value)) {
		for range tries {
			d := m.draw(purpose, folded, attempt)
			d.hex = hex
			attempt++
			out := layOut(value, way.draw(d, onlySymbols(value)))
			if !bytes.Equal(out, value) && accepts(out) {
				return out, true
			}
		}
	}
	return nil, false
}

// isHex reports whether folded text is long and has no other letters than those of hexadecimal numbers.
func isHex(folded []byte) bool {
	letters := 0
	for _, c := range folded {
		if c > 'F' {
			return false
		}
		if c >= 'A' {
			letters++
		}
	}
	return len(folded) >= 12 && letters >= 2
}

func drawable(value []byte) bool {
	n := 0
	for _, c := range value {
		if isAlnum(c) {
			n++
		}
	}
	return n >= 3 && n <= 64 && utf8.RuneCount(value) == len(value)
}

func onlySymbols(value []byte) []byte {
	return slices.DeleteFunc(bytes.Clone(value), func(c byte) bool { return !isAlnum(c) })
}

func fold(value []byte) []byte { return bytes.ToUpper(onlySymbols(value)) }

// way is one way of drawing: keep symbols at the front stay, a date is drawn as a date, all others are free.
type way struct {
	keep int
	date date
}

// date is where in a number a date of birth stands. Many numbers add to month or day to tell sex or century.
type date struct {
	at                    int
	century               bool // the year has four digits
	year, month, day, end int  // offsets from at
}

var dateForms = []date{
	{century: true, year: 0, month: 4, day: 6, end: 8}, // YYYYMMDD
	{year: 0, month: 2, day: 4, end: 6},                // YYMMDD
	{year: 4, month: 2, day: 0, end: 6},                // DDMMYY
}

// ways lists the ways for a value, the freest first.
func ways(s []byte) []way {
	out := []way{{}, {keep: 1}, {keep: 2}}
	for at := 6; at+8 <= len(s); at++ { // a year of four digits is seldom one by chance
		f := dateForms[0]
		if f.at = at; f.fits(s) {
			out = append(out, way{keep: 0, date: f}, way{keep: 1, date: f})
		}
	}
	for at := 0; at+6 <= len(s); at++ {
		for _, f := range dateForms {
			f.at = at
			if f.fits(s) {
				out = append(out, way{keep: 0, date: f}, way{keep: min(at, 2), date: f}, way{keep: at, date: f})
			}
		}
		if len(out) > 12 {
			break
		}
	}
	return append(out, way{keep: 3}, way{keep: 4})
}

func (f date) fits(s []byte) bool {
	if f.at+f.end > len(s) {
		return false
	}
	for _, c := range s[f.at : f.at+f.end] {
		if !isDigit(c) {
			return false
		}
	}
	month, day := two(s[f.at+f.month:])%20, two(s[f.at+f.day:])%40
	if f.century {
		if y := two(s[f.at:]); y != 19 && y != 20 {
			return false
		}
	}
	return month >= 1 && month <= 12 && day >= 1 && day <= 31
}

// draw replaces the symbols in place.
func (y way) draw(d *draw, s []byte) []byte {
	for i := y.keep; i < len(s); i++ {
		f := &y.date
		if f.end > 0 && i >= f.at && i < f.at+f.end {
			f.draw(d, s)
			i = f.at + f.end - 1
			continue
		}
		s[i] = d.like(s[i])
	}
	return s
}

// draw puts another date in its place. The months are those all calendars have days 1 to 28 in; what was added to month
// and day stays added.
func (f *date) draw(d *draw, s []byte) {
	at := s[f.at:]
	put(at[f.month:], two(at[f.month:])/20*20+1+d.below(12))
	put(at[f.day:], two(at[f.day:])/40*40+1+d.below(28))
	if f.century {
		put(at, 19)
		put(at[2:], 40+d.below(60))
		return
	}
	put(at[f.year:], 40+d.below(60))
}

func two(s []byte) int { return int(s[0]-'0')*10 + int(s[1]-'0') }

func put(s []byte, n int) { s[0], s[1] = '0'+byte(n/10), '0'+byte(n%10) }

// template is a rule on its own with texts in which it finds something: its true positives.
type template struct {
	engine *detect.Engine
	around [][2][]byte // text before and after the match
}

// template returns that of a rule; an empty one for rules that are no built-in ones.
func (m *Maker) template(rule *detect.Rule) *template {
	m.mu.Lock()
	defer m.mu.Unlock()
	if t := m.rules[rule.ID]; t != nil {
		return t
	}
	t := newTemplate(rule)
	m.rules[rule.ID] = t
	return t
}

func newTemplate(rule *detect.Rule) *template {
	t := &template{}
	e, err := detect.New(detect.Options{Rules: []string{rule.ID}})
	if err != nil {
		return t
	}
	t.engine = e
	for _, text := range rule.Positives {
		for _, f := range e.Find(nil, []byte(text)) {
			t.around = append(t.around, [2][]byte{[]byte(text[:f.Start]), []byte(text[f.End:])})
		}
	}
	return t
}

// at returns a test whether the rule would accept another text in the place of the value. Where the rule does not accept
// the value itself in any of its texts it cannot tell, and everything is accepted.
func (t *template) at(value []byte) func([]byte) bool {
	for _, around := range t.around {
		if t.finds(around, value) {
			return func(candidate []byte) bool { return t.finds(around, candidate) }
		}
	}
	return func([]byte) bool { return true }
}

func (t *template) finds(around [2][]byte, value []byte) bool {
	text := slices.Concat(around[0], value, around[1])
	for _, f := range t.engine.Find(nil, text) {
		if f.Start == len(around[0]) && f.End == len(around[0])+len(value) {
			return true
		}
	}
	return false
}
