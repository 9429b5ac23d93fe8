package sequence

// kind is how a token is written.
type kind uint8

const (
	sign    kind = iota // punctuation, one rune
	lineEnd             // end of a line
	lowWord             // dog
	capWord             // Dog
	upWord              // DOG
	single              // D
	initial             // D. or U.S.
	mixWord             // iPhone, McCoy
	number              // 12, 3.5
	alnum               // B52, 4th
	clitic              // 's, 'll
)

// token is a piece of text. hash is that of the folded word.
type token struct {
	start, end int32
	hash       uint64
	entry      Entry
	kind       kind
	glued      bool // no space before it
	first      bool // begins a sentence or line
	blocked    bool // in an address of the network, a path, a handle, an identifier: no part of a name
	candidate  bool
	line       int32
}

func (t *token) word() bool    { return t.kind >= lowWord && t.kind <= mixWord }
func (t *token) capital() bool { return t.kind >= capWord && t.kind <= mixWord }

const (
	softLimit = 1024 // tokens after which a block ends with the line
	hardLimit = 4096 // tokens after which it ends at once
	longest   = 48   // bytes of a word that can be a name
)

// Reader splits text into blocks of tokens and labels them. It is memory for one goroutine; the zero value is ready
// after Use.
type Reader struct {
	model  *Model
	text   []byte
	base   int // where the block starts in text
	tokens []token
	lines  []line
	chunk  int  // first token of the present run without spaces
	bad    bool // the run is an address, a path, an identifier
	member bool // the next word is a member of the last: fmt.Printf
	table  lattice
	feats  []uint32
}

// Use sets the model. A Reader without one cannot work.
func (r *Reader) Use(m *Model) { r.model = m }

// read splits text from offset at on, to the end of a block, and returns where the block ends.
func (r *Reader) read(text []byte, at int) int {
	r.text, r.base, r.tokens, r.lines = text, at, r.tokens[:0], r.lines[:0]
	r.chunk, r.bad, r.member = 0, false, false
	glued, lineStart := false, 0
	i := at
	for i < len(text) {
		c := text[i]
		switch classes[c] {
		case space:
			r.endChunk()
			glued = false
			i++
			continue
		case newline:
			r.endChunk()
			r.add(token{start: int32(i - at), end: int32(i + 1 - at), kind: lineEnd})
			i++
			if c == '\r' && i < len(text) && text[i] == '\n' {
				i++
			}
			r.endLine(lineStart)
			lineStart, glued = len(r.tokens), false
			if len(r.tokens) >= softLimit {
				r.finish()
				return i
			}
			continue
		case digit:
			i = r.number(i, at, glued)
		case lower, upper:
			i = r.word(i, at, glued)
		case high:
			switch cl, base, n := fold(text[i:]); cl {
			case space:
				r.endChunk()
				glued = false
				i += n
				continue
			case lower, upper, digit:
				i = r.word(i, at, glued)
			default:
				i = r.sign(i, at, n, base, glued)
			}
		default:
			i = r.sign(i, at, 1, c, glued)
		}
		glued = true
		if len(r.tokens) >= hardLimit {
			break
		}
	}
	r.endChunk()
	if lineStart < len(r.tokens) {
		r.endLine(lineStart)
	}
	r.finish()
	return i
}

func (r *Reader) add(t token) { r.tokens = append(r.tokens, t) }

// endChunk ends a run without spaces.
func (r *Reader) endChunk() {
	if r.bad {
		for i := r.chunk; i < len(r.tokens); i++ {
			r.tokens[i].blocked = true
		}
		r.bad = false
	}
	r.chunk = len(r.tokens)
}

// number reads digits and what hangs on to them.
func (r *Reader) number(i, at int, glued bool) int {
	start, k := i, number
	for ; i < len(r.text); i++ {
		switch c := r.text[i]; classes[c] {
		case digit:
			continue
		case lower, upper:
			k = alnum
			continue
		case other:
			if (c == '.' || c == ',') && i+1 < len(r.text) && classes[r.text[i+1]] == digit {
				continue
			}
		}
		break
	}
	h := uint64(0x2545F4914F6CDD1D) // the length stands for the number
	if i-start < 5 {
		h += uint64(i-start) * prime
	}
	r.add(token{start: int32(start - at), end: int32(i - at), kind: k, hash: mix(h), glued: glued})
	return i
}

// word reads letters. An apostrophe stays in names such as O'Brien; a full stop stays with initials.
func (r *Reader) word(i, at int, glued bool) int {
	start, h := i, uint64(seed)
	uppers, lowers, digits, letters, head := 0, 0, 0, 0, false
	text := r.text
loop:
	for i < len(text) {
		c := text[i]
		switch classes[c] {
		case lower:
			h = (h ^ uint64(c)) * prime
			lowers++
			i++
		case upper:
			h = (h ^ uint64(c|0x20)) * prime
			head = head || letters == 0
			uppers++
			i++
		case digit:
			h = (h ^ uint64(c)) * prime
			digits++
			i++
		case high:
			cl, base, n := fold(text[i:])
			switch cl {
			case lower:
				lowers++
			case upper:
				head = head || letters == 0
				uppers++
			case digit:
				digits++
			default:
				if base != '\'' || !innerApostrophe(text, i, n, letters) {
					break loop
				}
				base = '\''
			}
			h = hashRune(h, text[i:i+n], base)
			i += n
		case other:
			if c != '\'' || !innerApostrophe(text, i, 1, letters) {
				break loop
			}
			h = (h ^ '\'') * prime
			i++
		default:
			break loop
		}
		letters++
	}
	k := mixWord
	switch {
	case digits > 0:
		k = alnum
	case uppers == 0:
		k = lowWord
	case letters == 1:
		k = single
		if end, many := initials(text, i); end > i {
			for _, c := range text[i:end] {
				if classes[c] == upper {
					h = (h ^ uint64(c|0x20)) * prime
				}
			}
			i, k = end, initial
			if !many {
				h ^= '.'
			}
		}
	case lowers == 0:
		k = upWord
	case head && uppers == 1:
		k = capWord
	}
	t := token{start: int32(start - at), end: int32(i - at), kind: k, hash: mix(h), glued: glued}
	if r.member && glued {
		t.blocked = true
	}
	r.member = false
	if letters > longest {
		t.blocked = true
	} else {
		t.entry = r.model.Lexicon.Find(t.hash)
	}
	r.add(t)
	return i
}

// innerApostrophe reports whether the apostrophe of n bytes at i belongs to the word: O'Brien, D’Angelo.
func innerApostrophe(text []byte, i, n, letters int) bool {
	return letters == 1 && i+n < len(text) && classes[text[i+n]] == upper && classes[text[i-1]] == upper
}

// initials returns the end of the full stop of an initial whose letter ends at i, or of several ("U.S.A."), and i if
// there is none.
func initials(text []byte, i int) (end int, many bool) {
	if i >= len(text) || text[i] != '.' {
		return i, false
	}
	i++
	for i+1 < len(text) && classes[text[i]] == upper && text[i+1] == '.' {
		i += 2
		many = true
	}
	return i, many
}

// sign reads one sign, or a clitic such as 's.
func (r *Reader) sign(i, at, n int, base byte, glued bool) int {
	text := r.text
	if base == 0 {
		base = '*'
	}
	t := token{start: int32(i - at), end: int32(i + n - at), kind: sign, hash: mix(seed + uint64(base)*prime), glued: glued}
	var before, after class
	if glued {
		before = classes[text[i-1]]
	}
	if i+n < len(text) {
		after = classes[text[i+n]]
	}
	switch base {
	case '\'':
		if m := cliticLength(text[i+n:]); m > 0 {
			t.end += int32(m)
			t.kind = clitic
			t.hash = mix(t.hash + uint64(text[i+n]|0x20)*prime)
			r.add(t)
			return i + n + m
		}
	case '@', '_', '\\':
		r.bad = r.bad || after >= lower || base != '@'
	case '#':
		r.bad = r.bad || after >= lower && before < lower
	case '.':
		r.bad = r.bad || before >= lower && after == lower || before >= lower && after == digit && before != digit
		r.member = before >= lower && after == upper && !r.abbreviated()
	case '(':
		if glued && before >= lower && (after == lower || i+1 < len(text) && (text[i+1] == ')' || text[i+1] == '"' || text[i+1] == '&')) {
			r.tokens[len(r.tokens)-1].blocked = true // a call
		}
	case '/':
		r.bad = r.bad || after >= lower && (before < lower || after == lower && r.slashes() > 0)
	case ':':
		r.bad = r.bad || glued && i+2 < len(text) && (text[i+1] == ':' || text[i+1] == '/' && text[i+2] == '/')
	case '>':
		r.bad = r.bad || glued && text[i-1] == '-'
	case '{', '$', '~':
		r.bad = r.bad || base == '$' && after >= lower && after != digit || after >= lower && base == '~' || before == other && glued && text[i-1] == '$'
	}
	r.add(t)
	return i + n
}

// abbreviated reports whether the last token is a short word such as Dr or St.
func (r *Reader) abbreviated() bool {
	if len(r.tokens) == 0 {
		return false
	}
	t := &r.tokens[len(r.tokens)-1]
	return t.entry.Role() == Title || t.capital() && t.end-t.start <= 3
}

func (r *Reader) slashes() (n int) {
	for i := r.chunk; i < len(r.tokens); i++ {
		if t := &r.tokens[i]; t.end == t.start+1 && t.kind == sign && t.hash == slash {
			n++
		}
	}
	return n
}

// signHash is the hash of a one-byte sign.
func signHash(c byte) uint64 { return mix(seed + uint64(c)*prime) }

var (
	slash, comma, hyphen, stop, amp = signHash('/'), signHash(','), signHash('-'), signHash('.'), signHash('&')
	colon, equals, quote            = signHash(':'), signHash('='), signHash('"')
	exclaim, question, underscore   = signHash('!'), signHash('?'), signHash('_')
)

// cliticLength is the length of the letters of 's, 'm, 're … at the start of s, or 0.
func cliticLength(s []byte) int {
	n := 0
	for n < len(s) && n < 3 && classes[s[n]] == lower {
		n++
	}
	if n == 0 || n == 3 || n < len(s) && classes[s[n]] >= lower {
		return 0
	}
	switch s[0] {
	case 's', 'm', 'd', 't':
		if n == 1 {
			return 1
		}
	case 'r', 'v':
		if n == 2 && s[1] == 'e' {
			return 2
		}
	case 'l':
		if n == 2 && s[1] == 'l' {
			return 2
		}
	}
	return 0
}
