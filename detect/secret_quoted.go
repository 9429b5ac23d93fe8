package detect

import "strings"

// quoted is a value in the text.
type quoted struct {
	from, to int
	quote    byte // 0 for a bare value
	wrapped  bool // an argument of a function: aws.String("…")
}

const (
	maxBare   = 512
	maxQuoted = 4 << 10
	tagValue  = 1 << 18
)

// value reads the value of an assignment. It returns false if there is none or if nothing announces it.
func (w *window) value(a *assignment) (v quoted, ok bool) {
	j := w.skipBlank(a.value, a.tag)
	w.lead = min(j, len(w.b))
	first := j
	if a.power == noKey {
		k := j
		if c := w.at(k); c == '\\' {
			k += 2
		} else if isQuote(c) {
			k++
		}
		if w.lead = min(k, len(w.b)); !w.maybe(a, k) {
			return v, false
		}
		w.lead = min(j, len(w.b))
	}
	for n := 0; n < 5; n++ {
		c := w.at(j)
		switch {
		case w.touched:
			return v, false
		case c == '"' || c == '\'' || c == '`':
			w.lead = j + 1
			return w.quotedValue(j, false, v.wrapped, a)
		case c == '\\' && (w.at(j+1) == '"' || w.at(j+1) == '\''):
			return w.quotedValue(j+1, true, v.wrapped, a)
		case c == '(' || c == '[' || c == '@' && isQuote(w.at(j+1)) || c == '$' && isQuote(w.at(j+1)):
			if a.power == noKey {
				return v, false
			}
			j++
			if c == '[' && w.at(j) == ']' {
				j++
			}
			for w.at(j) == ' ' {
				j++
			}
			if c == '(' || c == '[' {
				if d := w.at(j); !isQuote(d) && !isLetter(d) {
					return v, false
				}
			}
			continue
		case isLetter(c):
			k, literal := w.wrapper(j)
			if w.touched {
				return v, false
			}
			if k == j {
				break
			}
			if a.power == noKey {
				return v, false
			}
			j, v.wrapped = k, v.wrapped || !literal
			continue
		}
		break
	}
	if j != first || a.call || w.b[a.at] == ',' {
		return v, false
	}
	return w.bareValue(j, a)
}

func isQuote(c byte) bool { return c == '"' || c == '\'' || c == '`' }

// skipBlank goes over spaces, and over line ends behind a tag.
func (w *window) skipBlank(j int, lines bool) int {
	for k := 0; k < 64; k++ {
		if c := w.at(j); c != ' ' && c != '\t' && (!lines || c != '\n' && c != '\r') {
			break
		}
		j++
	}
	return j
}

// wrapper reads a function name with its bracket, or the prefix of a string literal, and returns where the argument
// begins; literal says which. It returns i if a value begins there.
func (w *window) wrapper(i int) (j int, literal bool) {
	j = i
	for j < i+48 && (isWord(w.at(j)) || w.at(j) == '.' || w.at(j) == ':') {
		j++
	}
	c := w.at(j)
	switch {
	case w.touched:
		return i, false
	case isQuote(c) && j-i <= 2:
		return j, true
	case c == '(' && j-i < 48:
		if d := w.at(j + 1); (isQuote(d) || isLetter(d) || d == '\\') && !looksUp(w.b[i:j]) {
			return j + 1, false
		}
	case c == ' ' && isOneOfFold(w.b[i:j], authSchemes), c == ' ' && isOneOfFold(w.b[i:j], []string{"new"}):
		return j + 1, true
	}
	return i, false
}

// looksUp reports a function whose argument is no value: what encodes, asks, reads or finds something by name.
func looksUp(name []byte) bool {
	from := len(name)
	for from > 0 && isAlnum(name[from-1]) {
		if from--; keyPartBegins(name, from) {
			break
		}
	}
	return isOneOfFold(name[from:], lookups) || isOneOfFold(name, lookups)
}

var lookups = strings.Fields(`get getenv env input prompt format replace split join strip trim find index indexof match startswith endswith
	has contains append read open load fetch lookup property variable attribute field param parameter header cookie query arg argument option config
	setting ask question readline echo print printf log info error t i18n gettext translate require import select item pop setdefault ref value values
	getproperty getparameter getattribute getstring getheader optstring equals concat test match search file exists path url`)

// authSchemes are the words before the value of an Authorization header (RFC 9110, section 11; vendors' own).
var authSchemes = []string{"bearer", "basic", "token", "apikey", "geniekey", "ssws", "digest", "negotiate"}

// quotedValue reads up to the quote that matches the one at i.
func (w *window) quotedValue(i int, escaped, wrapped bool, a *assignment) (v quoted, ok bool) {
	q := w.at(i)
	from := i + 1
	if w.at(from) == q && w.at(from+1) == q {
		from += 2
	}
	v = quoted{from: from, quote: q, wrapped: wrapped}
	w.lead = min(from, len(w.b))
	if w.touched {
		return v, false
	}
	if n := w.scheme(from); n > from {
		from, v.from = n, n
		w.lead = n
	}
	j := w.recall(tagValue, from)
	stop := from + maxQuoted
	for ; j < stop; j++ {
		c := w.at(j)
		if c == q && !escaped || c < ' ' {
			break
		}
		if c == '\\' {
			if d := w.at(j + 1); escaped || d == 'n' || d == 'r' {
				break
			}
			j++
		}
		if c == ' ' && j-from < 40 && a.power < tokenKey {
			return v, false
		}
	}
	w.remember(tagValue, from, j)
	if v.to = j; w.touched || j >= stop || q != '`' && from == i+1 && w.unclosed(j) {
		return v, false
	}
	return v, j > from
}

// unclosed reports that a line or the text ends at j: the quote before was the end of a literal, not its beginning.
func (w *window) unclosed(j int) bool { return j >= len(w.b) || w.b[j] < ' ' }

// scheme goes over the name of an authentication scheme and its space.
func (w *window) scheme(i int) int {
	if c := w.at(i); !isLetter(c) || indexByte("btagsdn", c|0x20) < 0 {
		return i
	}
	j := w.run(clAlpha, i, 12)
	if j < len(w.b) && w.b[j] == ' ' && isOneOfFold(w.b[i:j], authSchemes) {
		return j + 1
	}
	return i
}

// bareEnd holds the bytes that end a value without quotes.
var bareEnd = func() (t [256]bool) {
	for c := range t {
		t[c] = c <= ' ' || indexByte("\"'`;,<>)]}&|\\", byte(c)) >= 0
	}
	return t
}()

// bareValue reads a value without quotes.
func (w *window) bareValue(i int, a *assignment) (v quoted, ok bool) {
	j := w.recall(tagValue, i)
	stop := i + maxBare
	for ; j < stop; j++ {
		c := w.at(j)
		if bareEnd[c] {
			break
		}
	}
	w.remember(tagValue, i, j)
	v = quoted{from: i, to: j}
	if w.touched || j >= stop || j-i < 4 || j < len(w.b) && w.b[j] == '<' && !a.tag {
		return v, false
	}
	whole := j
	for j > i && indexByte(".:?", w.b[j-1]) >= 0 {
		j--
	}
	if whole-j > 1 {
		return v, false // cut short with dots
	}
	v.to = j
	return v, j > i
}

// looksLikeCode reports a value that is no literal: a call, a member, a type; and, in quotes, a sentence.
func looksLikeCode(text []byte, v quoted) bool {
	spaces, brackets, dots, digits := 0, 0, 0, 0
	for _, c := range text {
		switch c {
		case ' ', '\t':
			spaces++
		case '(', ')', '[', ']', '{', '}', '<', '>':
			brackets++
		case '.':
			dots++
		default:
			if isDigit(c) {
				digits++
			}
		}
	}
	if spaces > 0 {
		return true
	}
	if v.quote == 0 && dots > 0 && digits == 0 {
		return true // a member of something
	}
	if v.quote == 0 && brackets > 0 {
		return true
	}
	return brackets > 1 && len(text) < 24 && v.quote == 0
}
