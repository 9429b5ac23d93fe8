package detect

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// maxToken is the longest run of a token in bytes; a longer one is cut there.
const maxToken = 512

// token is a vendor's token: one row of the tables. Shapes are written as literal text with runs in brackets: a letter
// for the alphabet and a count, "ghp_[w36]", a range, "[u20-40]", or a minimum, "[x32+]".
//
//	d 0-9 · x hexadecimal · l a-z0-9 · U A-Z0-9 · w letters and digits · s those and _ · u base64url · b base64 ·
//	B base32 · a letters · e upper-case bech32 · t base64url and . = · p letters, digits and /
type token struct {
	id, description string
	severity        Severity
	shapes          []string
	check           func(token []byte) float32 // score of the finished token; nil: 0.9
	skip, free      int                        // see entry
	positives       []string
	negatives       []string
}

var shapeClasses = map[byte]uint16{
	'd': clDigit, 'x': clHex, 'l': clLower | clDigit, 'U': clUpper | clDigit, 'w': clAlnum, 's': clWord, 'u': clB64u, 'b': clB64,
	'B': clB32, 'a': clAlpha, 'e': clBech, 't': clB64u | clDot | clEqual,
	'p': clAlnum | clSlash,
}

// part is a piece of a shape: literal text, or a run of min to max bytes of a class.
type part struct {
	text     string
	class    uint16
	min, max int
}

// parseShape reads the notation of token.shapes. The tables are constants, so an error is one of ours.
func parseShape(s string) (parts []part, err error) {
	for s != "" {
		text, rest, _ := strings.Cut(s, "[")
		if text != "" {
			parts = append(parts, part{text: text})
		}
		if rest == "" {
			return parts, nil
		}
		run, after, closed := strings.Cut(rest, "]")
		if !closed || shapeClasses[run[0]] == 0 {
			return nil, fmt.Errorf("shape %q: bad run", s)
		}
		p := part{class: shapeClasses[run[0]]}
		low, high, ranged := strings.Cut(run[1:], "-")
		open := strings.HasSuffix(low, "+")
		if p.min, err = strconv.Atoi(strings.TrimSuffix(low, "+")); err != nil {
			return nil, fmt.Errorf("shape %q: %w", s, err)
		}
		p.max = p.min
		if ranged {
			if p.max, err = strconv.Atoi(high); err != nil {
				return nil, fmt.Errorf("shape %q: %w", s, err)
			}
		} else if open {
			p.max = maxToken
		}
		parts = append(parts, p)
		s = after
	}
	return parts, nil
}

// builtin compiles the row.
func (t *token) builtin() (builtin, error) {
	b := builtin{Rule: Rule{
		ID: "secret/" + t.id, Kind: KindSecret, Severity: t.severity, Description: t.description,
		Positives: t.positives, Negatives: t.negatives,
	}}
	for _, s := range t.shapes {
		parts, err := parseShape(s)
		if err != nil {
			return b, err
		}
		e := entry{prefix: parts[0].text, skip: t.skip, free: t.free, find: findShape(parts, t.check)}
		if len(e.prefix) < 2 || !isLetter(e.prefix[0]) {
			return b, fmt.Errorf("shape %q must begin with a letter and another byte", s)
		}
		b.on = append(b.on, e)
	}
	return b, nil
}

// findShape returns the recogniser of a shape. A run is as long as it can be. Where the last run is longer than known
// the token is reported with a lower score, because formats grow; short ones, hexadecimal ones and plain letters must fit.
func findShape(parts []part, check func([]byte) float32) recogniser {
	return func(w *window, i int) hit {
		j, over := i+len(parts[0].text), false
		longest := parts[0]
		from := j
		for k := 1; k < len(parts); k++ {
			p := &parts[k]
			if p.text != "" {
				if !w.hasPrefix(j, p.text) {
					return hit{}
				}
				j += len(p.text)
				continue
			}
			end := w.longRun(p.class, j, maxToken)
			n := end - j
			if n < p.min || n > p.max && (k < len(parts)-1 || p.class == clHex || p.class == clAlpha || p.max < 20) {
				return hit{}
			}
			over = n > p.max
			if p.max > longest.max {
				longest, from = *p, j
			}
			j = end
		}
		if p := w.before(i); p == '+' || p == '/' && plainPrefix(parts[0].text) {
			return hit{} // the middle of something in base64
		}
		if w.touched || isWord(w.at(j)) && j-i < maxToken || isSample(w.b[from:j]) {
			return hit{}
		}
		score := float32(0.9)
		if check != nil {
			score = check(w.b[i:j])
		}
		if over {
			score *= 0.8
		}
		if bytes.Contains(w.b[i:j], []byte("EXAMPLE")) {
			score = min(score, 0.25)
		}
		return hit{start: i, end: j, score: score} // the scan moves start by skip or free
	}
}

// isSample reports the body of a made-up token: the same few bytes over and over, as in "xxxxxxxxxxxx".
func isSample(b []byte) bool {
	var seen [4]uint64
	distinct := 0
	for _, c := range b {
		if seen[c>>6]>>(c&63)&1 == 0 {
			seen[c>>6] |= 1 << (c & 63)
			distinct++
		}
	}
	return len(b) >= 12 && distinct < 5 && indexByte("xX0123aAyYzZ-_.", b[0]) >= 0
}

// tokenTables are all tables of tokens.
func tokenTables() [][]token {
	return [][]token{cloudTokens(), codeTokens(), modelTokens(), messageTokens(), businessTokens(), dataTokens(), vendorTokens()}
}

// tokenRules compiles all token tables.
func tokenRules() []builtin {
	var out []builtin
	for _, table := range tokenTables() {
		for i := range table {
			b, err := table[i].builtin()
			if err != nil {
				panic("detect: token table: " + err.Error()) // a row of ours that no test has seen
			}
			out = append(out, b)
		}
	}
	return append(out, telegramRule(), mailchimpRule(), azureSecretRule())
}

// plainPrefix reports a beginning that occurs by chance in data in base64: a few letters without a separator.
func plainPrefix(s string) bool {
	for i := range len(s) {
		if !isAlnum(s[i]) {
			return false
		}
	}
	return len(s) <= 5
}
