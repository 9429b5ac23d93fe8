package detect

import (
	"fmt"
	"strconv"
	"strings"
)

// An identifier has one or more forms: runs of digits and of letters with separators at fixed places. The scan reads a
// token once, run by run, and looks its form up, so that hundreds of identifiers cost what one costs.

// identity is a row of the tables of identifiers.
type identity struct {
	id          string // "pii/uk-nhs"
	kind        Kind
	severity    Severity
	description string
	cues        *wordList // words that name the identifier
	forms       []form
	positives   []string
	negatives   []string
}

// form is a way to write an identifier.
type form struct {
	// written is the pattern, alternatives divided by |: d7 for seven digits, A2 for two letters, x for one digit or
	// letter; space - . / : + ( stand for themselves, _ for nothing, a space or a dash, the same throughout; w17 stands
	// alone, for a token of 17 digits and letters in any order.
	written string
	check   checker
	proof   evidence
	cues    *wordList // nil: those of the identity
}

// checker looks at the characters of a value without its separators, letters in upper case, and at its digits alone as
// values 0 to 9. A form without one takes every value.
type checker func(c, d []byte) bool

// evidence is the score of a value: in running text, alone in its line or field, and with a word that names it. Zero
// means that it is not reported.
type evidence struct{ prose, alone, cued float32 }

// The evidence of forms.
var (
	provenForm = evidence{0.85, 0.9, 0.97}  // long, with letters or with two checks: chance cannot make it
	strongForm = evidence{0.75, 0.8, 0.95}  // chance makes one in a thousand
	fairForm   = evidence{0.45, 0.6, 0.9}   // checked, and of a distinct form, or with a date
	shapeForm  = evidence{0.35, 0.45, 0.85} // a distinct form without a check
	weakForm   = evidence{0, 0.4, 0.9}      // digits that one in ten numbers would pass
	looseForm  = evidence{0, 0.32, 0.75}    // nothing to check
	cuedForm   = evidence{0, 0, 0.75}       // nothing to check, and common
)

func (e evidence) plus(alone float32) evidence {
	e.alone += alone
	return e
}

// formRow is a form in the table of an engine.
type formRow struct {
	form
	rule int32
	text string // the one way of writing that the row is for
}

// formTable finds rows by the signature of a token's runs.
type formTable struct {
	rows   map[uint64]*formList
	prefix [1 << 9]uint64 // bits of the signatures that a row goes on from, or ends with
	ends   [1 << 9]uint64
	first  [maxFormLen + 1]uint16    // by the length of the first run of digits: what may follow, see follower
	lead   [maxFormLen + 1]uint16    // by the length of a first run of letters, likewise, with followedByDigit
	wholes uint64                    // lengths for which whole has rows
	whole  [maxFormLen + 1]*formList // by length: tokens of digits and letters in any order
}

// formList is the rows of a form, and what is the same for all of them.
type formList struct {
	rows  []formRow
	three [128]uint64 // see wordList: of the words of all rows
	prose bool        // a row needs neither a word nor a line of its own
}

func (l *formList) add(row formRow) {
	l.rows = append(l.rows, row)
	l.prose = l.prose || row.proof.prose > 0
	for k, set := range row.cues.three {
		l.three[k] |= set
	}
}

const (
	formSeps   = " -./:+("
	maxRuns    = 14
	maxFormLen = 32 // characters
	formPrime  = 0x9E3779B97F4A7C15
)

// signRun and signSep add a run or a separator to a signature.
func signRun(sig uint64, class uint16, size int) uint64 {
	return mix(sig ^ uint64(class)<<8 ^ uint64(size))
}

func signSep(sig uint64, sep byte) uint64 { return mix(sig ^ 1<<20 ^ uint64(sep)) }

func mix(x uint64) uint64 {
	x *= formPrime
	return x ^ x>>29
}

func bit(set *[1 << 9]uint64, sig uint64) bool { return set[sig>>55]>>(sig>>49&63)&1 != 0 }

func setBit(set *[1 << 9]uint64, sig uint64) { set[sig>>55] |= 1 << (sig >> 49 & 63) }

// add compiles the forms of a rule.
func (t *formTable) add(forms []form, rule int32) error {
	if t.rows == nil {
		t.rows = map[uint64]*formList{}
	}
	for _, f := range forms {
		for _, text := range spellings(f.written) {
			if text[0] == 'w' {
				size, err := strconv.Atoi(text[1:])
				if err != nil || size > maxFormLen {
					return fmt.Errorf("form %q: no length", text)
				}
				if t.whole[size] == nil {
					t.whole[size] = &formList{}
				}
				t.wholes |= 1 << size
				t.whole[size].add(formRow{f, rule, text})
				continue
			}
			sig, err := t.sign(text)
			if err != nil {
				return err
			}
			if t.rows[sig] == nil {
				t.rows[sig] = &formList{}
			}
			for _, other := range t.rows[sig].rows {
				if other.text != text {
					return fmt.Errorf("forms %q and %q have the same signature", other.text, text)
				}
			}
			t.rows[sig].add(formRow{f, rule, text})
			setBit(&t.ends, sig)
		}
	}
	return nil
}

// spellings returns the ways to write a form: alternatives, separators and the classes of x spelt out, so that
// neighbouring runs of one class are one run.
func spellings(written string) (out []string) {
	for _, alt := range strings.Split(written, "|") {
		seps := []string{""}
		if strings.Contains(alt, "_") {
			seps = []string{"", " ", "-"}
		}
		for _, sep := range seps {
			out = append(out, spellOut("", strings.ReplaceAll(alt, "_", sep))...)
		}
	}
	return out
}

// spellOut replaces the first x of a form by a digit and by a letter, and so on.
func spellOut(done, rest string) []string {
	k := strings.IndexByte(rest, 'x')
	if k < 0 {
		return []string{joinRuns(done + rest)}
	}
	done, rest = done+rest[:k], strings.TrimPrefix(rest[k+1:], "1")
	return append(spellOut(done+"d1", rest), spellOut(done+"A1", rest)...)
}

// joinRuns makes neighbouring runs of one class one run: "d3d4" is "d7".
func joinRuns(text string) string {
	var b strings.Builder
	if text[0] == 'w' {
		return text
	}
	last, size := byte(0), 0
	flush := func() {
		if last != 0 {
			fmt.Fprintf(&b, "%c%d", last, size)
		}
		last, size = 0, 0
	}
	for i := 0; i < len(text); {
		c := text[i]
		i++
		if c != 'd' && c != 'A' {
			flush()
			b.WriteByte(c)
			continue
		}
		n := 0
		for i < len(text) && isDigit(text[i]) {
			n = n*10 + int(text[i]-'0')
			i++
		}
		if c != last {
			flush()
		}
		last = c
		size += n
	}
	flush()
	return b.String()
}

// follower is a bit for the byte after a first run: 1 for what ends the token, one more for each separator. Letters have
// none, because the tokens of any order begin with any run.
func follower(c byte) uint16 { return 1 << (indexByte(formSeps, c) + 1) }

const followedByDigit = 1 << 15

// mayLead reports whether a form may begin with the letters at i, as far as the text shows.
func (t *formTable) mayLead(b []byte, i int) bool {
	j := i
	for j < len(b) && isLetter(b[j]) {
		if j++; j-i > maxFormLen {
			return false
		}
	}
	if j+1 >= len(b) {
		return true
	}
	lead := t.lead[j-i]
	if c := b[j]; !isDigit(c) {
		return lead&(follower(c)|1) != 0
	}
	if lead&followedByDigit != 0 {
		return true
	}
	for j < len(b) && isAlnum(b[j]) && j-i <= maxFormLen {
		j++
	}
	return j == len(b) || t.wholes>>(j-i)&1 != 0
}

// mayBegin reports whether a form has so many digits first, and then what c is.
func (t *formTable) mayBegin(size int, c byte) bool {
	return size <= maxFormLen && (isLetter(c) || t.first[size]&(follower(c)|1) != 0)
}

// sign returns the signature of a way of writing and notes the signatures of its beginnings.
func (t *formTable) sign(text string) (sig uint64, err error) {
	for i := 0; i < len(text); {
		c := text[i]
		i++
		if c != 'd' && c != 'A' {
			if indexByte(formSeps, c) < 0 {
				return 0, fmt.Errorf("form %q: %q is no separator", text, c)
			}
			sig = signSep(sig, c)
			setBit(&t.prefix, sig)
			continue
		}
		n := 0
		for i < len(text) && isDigit(text[i]) {
			n = n*10 + int(text[i]-'0')
			i++
		}
		if n == 0 || n > maxFormLen {
			return 0, fmt.Errorf("form %q: a run of %d", text, n)
		}
		class := clDigit
		if c == 'A' {
			class = clAlpha
		}
		if sig == 0 && c == 'd' {
			after := byte(0)
			if i < len(text) {
				after = text[i]
			}
			t.first[n] |= follower(after)
		}
		if sig == 0 && c == 'A' {
			switch {
			case i == len(text):
				t.lead[n] |= 1
			case text[i] == 'd':
				t.lead[n] |= followedByDigit
			default:
				t.lead[n] |= follower(text[i])
			}
		}
		sig = signRun(sig, class, n)
		setBit(&t.prefix, sig)
	}
	return sig, nil
}

// builtin makes the rule of the row.
func (r *identity) builtin() builtin {
	forms := append([]form(nil), r.forms...)
	for k := range forms {
		if forms[k].cues == nil {
			forms[k].cues = r.cues
		}
	}
	return builtin{Rule: Rule{
		ID: r.id, Kind: r.kind, Severity: r.severity, Description: r.description,
		Positives: r.positives, Negatives: r.negatives,
	}, forms: forms}
}
