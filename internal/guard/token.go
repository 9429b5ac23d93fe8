package guard

import (
	"bytes"

	"github.com/reeve-ai/reeve"
)

// A token is "[[", a name of A-Z 0-9 _ that begins with a letter, "_", digits and "]]".
const (
	tokenOpen  = "[["
	tokenClose = "]]"
	maxToken   = 48        // bytes; longer ones are not tokens
	typedToken = "TOKEN"   // the name under which what the caller typed is kept
	plainMask  = "[TOKEN]" // takes its place where the vault is full
)

// tokenFilter finds the tokens in released text: on the way in those that the caller typed, on the way out those of the
// vault. It holds back a token that is not complete.
type tokenFilter struct {
	dir     reeve.Direction
	changed bool
	pend    [maxToken]byte
	n       int // bytes in pend
	form    tokenForm
}

// tokenForm is where in a token the text stands.
type tokenForm uint8

const (
	formNone   tokenForm = iota
	formOpen             // "["
	formOpened           // "[["
	formName             // in the name, its last byte is not "_"
	formUnder            // after a "_" in the name: digits may be the number
	formNumber           // in digits after "_"
	formClose            // "]"
	formDone
)

// next is the form after one more byte; formNone if it does not go on as a token.
func (f tokenForm) next(c byte) tokenForm {
	letter, digit := c-'A' < 26, c-'0' < 10
	switch {
	case c == '[' && f < formOpened:
		return f + 1
	case letter && f >= formOpened && f <= formNumber:
		return formName
	case c == '_' && (f == formName || f == formUnder || f == formNumber):
		return formUnder
	case digit && f == formName:
		return formName
	case digit && (f == formUnder || f == formNumber):
		return formNumber
	case c == ']' && (f == formNumber || f == formClose):
		return max(formClose, f+1)
	}
	return formNone
}

// newTokenFilter is nil where no token can stand in the text.
func newTokenFilter(v *Vault, dir reeve.Direction) *tokenFilter {
	if v == nil || dir == reeve.Out && v.Len() == 0 {
		return nil
	}
	return &tokenFilter{dir: dir}
}

// release passes text that every rule has let through.
func (st *Stream) release(dst, text []byte) []byte {
	t := st.tokens
	if t == nil {
		return st.put(dst, text)
	}
	for len(text) > 0 {
		if t.n == 0 {
			i := bytes.IndexByte(text, '[')
			if i < 0 {
				return st.put(dst, text)
			}
			dst = st.put(dst, text[:i])
			text = text[i:]
		}
		dst = st.step(dst, text[0])
		text = text[1:]
	}
	return dst
}

// step takes one byte that may belong to a token.
func (st *Stream) step(dst []byte, c byte) []byte {
	t := st.tokens
	form := t.form.next(c)
	if form == formNone || t.n == maxToken {
		if t.form == formOpened && c == '[' { // "[[[": the token may begin one byte later
			return st.put(dst, t.pend[:1])
		}
		dst = st.flushTokens(dst)
		if c != '[' {
			return st.put(dst, []byte{c})
		}
		form = formOpen
	}
	t.pend[t.n] = c
	t.n++
	if t.form = form; form == formDone {
		return st.exchange(dst)
	}
	return dst
}

// exchange puts the other side of a complete token in its place.
func (st *Stream) exchange(dst []byte) []byte {
	t := st.tokens
	token := t.pend[:t.n]
	defer func() { t.n, t.form = 0, formNone }()
	if t.dir == reeve.In {
		t.changed = true
		if other := st.vault.token(typedToken, token); other != "" {
			return st.put(dst, []byte(other))
		}
		return st.put(dst, []byte(plainMask))
	}
	if st.doc != nil && !st.doc.inString() {
		return st.put(dst, token) // outside of a string no value leaves the document valid
	}
	value, found := st.vault.value(nil, token)
	if !found {
		return st.put(dst, token)
	}
	t.changed = true
	if st.doc != nil {
		return st.doc.quote(dst, value)
	}
	return append(dst, value...)
}

// flushTokens releases what turned out to be no token.
func (st *Stream) flushTokens(dst []byte) []byte {
	t := st.tokens
	if t == nil || t.n == 0 {
		return dst
	}
	dst = st.put(dst, t.pend[:t.n])
	t.n, t.form = 0, formNone
	return dst
}

// replace puts a mask or a token in the place of a match.
func (st *Stream) replace(dst []byte, s *sight, match []byte) []byte {
	dst = st.flushTokens(dst)
	mask := s.mask
	if s.token != "" && st.vault != nil {
		value := match
		if st.doc != nil {
			value = st.doc.unquote(match)
		}
		if token := st.vault.token(s.token, value); token != "" {
			mask = token
		}
	}
	if st.doc != nil {
		return st.doc.mask(dst, match, mask)
	}
	return append(dst, mask...)
}

// put writes text that stays as it is.
func (st *Stream) put(dst []byte, text []byte) []byte {
	if st.doc != nil {
		return st.doc.encode(dst, text)
	}
	return append(dst, text...)
}
