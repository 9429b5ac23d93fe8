package detect

import (
	"bytes"
	"encoding/binary"
)

// Context words. A recogniser that has a candidate asks whether a word that names such values stands beside it:
//
//	var taxCues = words("tax id", "codice fiscale", "steuer-id", "инн", "マイナンバー", "versichert*")
//
//	w.near(start, taxCues)        // in the 60 bytes before start, on its line or on a label alone on the line before
//	w.nearWithin(start, list, 20) // closer than that
//	w.follows(end, taxCues)       // in the 40 bytes after end, on the same line; a stream holds the candidate until then
//	w.context(start, end, list)   // before, or else after
//
// Only candidates pay. The text before a candidate is folded once and shared by all lists that are asked about it.
// Text before never holds a stream; ask for text after only when the answer can change what is decided, and after
// shape and checksum have been looked at.
const (
	nearSpan  = 60  // bytes before a candidate
	afterSpan = 40  // bytes after it
	labelSpan = 40  // longest line before that counts as a label
	foldSpan  = 112 // bytes of folded text: both, and the spaces that names of fields gain
)

// near reports whether one of the words stands before i.
func (w *window) near(i int, list *wordList) bool { return w.nearWithin(i, list, nearSpan) }

// nearWithin reports whether one of the words begins in the span bytes before i, at most nearSpan.
func (w *window) nearWithin(i int, list *wordList, span int) bool {
	c := w.contextBefore(i)
	if c.heads != anyHeads && !w.plain && !mayBegin(&list.three, w.b[c.from:i], c.heads) {
		return false
	}
	if !c.folded {
		c.fold(w.b[c.from:i], w.before(c.from))
		c.folded = true
	}
	if span == nearSpan {
		span = foldSpan
	}
	return w.has(c, list, span)
}

// mayBeNear reports whether a word of some lists may stand before i: three is the union of theirs.
func (w *window) mayBeNear(i int, three *[128]uint64) bool {
	c := w.contextBefore(i)
	return c.heads == anyHeads || mayBegin(three, w.b[c.from:i], c.heads)
}

// contextBefore finds out where words may begin in the text before i, once for all that ask about it.
func (w *window) contextBefore(i int) *folded {
	c := &w.context0
	if c.at != i+1 { // one more, so that the zero value is no memory
		c.at, c.folded = i+1, false
		c.from = w.lineStart(i)
		c.heads = w.wordHeads(c.from, i)
		w.steps += i - c.from
	}
	return c
}

// anyHeads says that words may begin anywhere.
const anyHeads = ^uint64(0)

// wordHeads has a bit for each byte of the text [from, to) at which a word may begin as fold sees it: at letters and digits
// behind what is neither, and at every capital, since words begin at some within names. It is anyHeads where bytes beyond
// ASCII stand there, or the text is too long or too close to the end.
func (w *window) wordHeads(from, to int) uint64 {
	n := to - from
	if n > 63 || from+2*block > len(w.b) {
		return anyHeads
	}
	b := w.b[from : from+2*block]
	mask := uint64(1)<<n - 1
	low, high := marks(&headMarks, (*[block]byte)(b)), marks(&headMarks, (*[block]byte)(b[block:]))
	if (highBits((*[block]byte)(b))|highBits((*[block]byte)(b[block:]))<<block)&mask != 0 {
		return anyHeads
	}
	alnum, upper := low&0xFFFFFFFF|high<<block, low>>block|high&^0xFFFFFFFF
	before := alnum << 1
	if c := w.before(from); isAlnum(c) || c >= 0x80 {
		before |= 1
	}
	return (alnum&^before | upper) & mask
}

// headMarks has the low bit for letters and digits, and bit 32 for capitals.
var headMarks = func() (t [256]uint64) {
	for c := range t {
		if isAlnum(byte(c)) {
			t[c] = 1
		}
		if isUpper(byte(c)) {
			t[c] |= 1 << block
		}
	}
	return t
}()

// highBits is not 0 in the low half if one of the bytes is beyond ASCII, with a bit for each.
func highBits(b *[block]byte) (set uint64) {
	for k := 0; k < block; k += 8 {
		x := binary.LittleEndian.Uint64(b[k:]) >> 7 & 0x0101010101010101
		set |= x * 0x0102040810204080 >> 56 << k
	}
	return set
}

// follows reports whether one of the words stands in the bytes after end, on the same line.
func (w *window) follows(end int, list *wordList) bool {
	stop := min(end+afterSpan, len(w.b))
	for k := end; k < stop; k++ {
		if w.b[k] == '\n' {
			stop = k
			break
		}
	}
	w.steps += stop - end + 1
	if stop == len(w.b) && stop < end+afterSpan && !w.final {
		w.touch()
		return false
	}
	var c folded
	c.fold(w.b[end:stop], w.before(end))
	return w.has(&c, list, foldSpan)
}

// context reports whether one of the words stands before start or after end.
func (w *window) context(start, end int, list *wordList) bool {
	return w.near(start, list) || w.follows(end, list)
}

func (w *window) has(c *folded, list *wordList, span int) bool {
	cue := c.find(list, int(c.n)-span)
	if cue != "" && w.trace != nil {
		w.trace.note(cue)
	}
	return cue != ""
}

// lineStart returns where the context of i begins: at most nearSpan bytes before, and not before its line. Where nothing but
// punctuation stands before i on its line, a line before that is a short label without digits counts too.
func (w *window) lineStart(i int) int {
	stop := max(0, i-nearSpan)
	j := stop + bytes.LastIndexByte(w.b[stop:i], '\n') + 1
	if j == stop {
		return j
	}
	for _, c := range w.b[j:i] {
		if classOf[c]&clAlnum != 0 || c >= 0x80 {
			return j
		}
	}
	k := j - 1
	for stop = max(0, k-labelSpan); k > 0 && w.b[k-1] != '\n'; k-- {
		if k == stop || isDigit(w.b[k-1]) {
			return j
		}
	}
	return k
}

var cardCues = words("card", "cards", "visa", "cc", "pan", "credit", "debit", "maestro", "mastercard", "amex", "diners", "discover",
	"karte", "kreditkarte", "kartennummer", "carte", "tarjeta", "carta", "kaart", "karta", "karty", "cartao", "uatp", "jcb")

var secretCues = words("iban", "account", "konto", "kontonummer", "compte", "cuenta", "conto", "rekening", "rachunek", "konta", "conta", "bank",
	"key", "token", "secret", "password", "credential", "credentials", "apikey", "auth", "authorization", "bearer")

// announced reports whether the text before i says that a key or an account number comes: such a word, or punctuation
// as before a value.
func (w *window) announced(i int) bool {
	return i > 0 && (w.quoted(i) || w.near(i, secretCues))
}

func isAlnum(c byte) bool { return classOf[c]&clAlnum != 0 }
