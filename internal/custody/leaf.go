package custody

import (
	"crypto/sha256"
	"encoding/base64"
	"hash"
	"maps"
	"slices"
	"strconv"
	"time"
)

// The leaf of a record is canonical JSON: one object, keys sorted by their bytes and unique, no white space, integers only,
// no empty values, strings of the characters in safe and therefore without escapes. Times are RFC 3339 in UTC with
// nanoseconds. Commitments and digests are unpadded base64url of 32 bytes. The value of "v" names kind and version.
const (
	leafInference = "reeve.inference/1"
	algSealed     = "A256GCM"
	maxName       = 128
	maxGuards     = 32
	hash64Len     = 43 // a SHA-256 in unpadded base64url
)

// safe are the bytes of names that we or the operator gave. No @ and no space: addresses and sentences stay out.
var safe = func() (t [256]bool) {
	for c := range len(t) {
		t[c] = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
	}
	for _, c := range []byte("._:/+-{},=~") {
		t[c] = true
	}
	return t
}()

// leafWriter appends fields in the order of its calls, which must be the order of their names.
type leafWriter struct {
	b    []byte
	salt *Salt
	sha  hash.Hash // scratch for commitments
}

// key begins a member. Every member begins with a comma; whoever closes the object turns the first one into a brace.
func (w *leafWriter) key(name string) {
	w.b = append(w.b, ',', '"')
	w.b = append(w.b, name...)
	w.b = append(w.b, '"', ':')
}

// quoted writes a member whose value is a string that is safe by construction.
func (w *leafWriter) quoted(name, value string) {
	w.b = append(w.b, ',', '"')
	w.b = append(w.b, name...)
	w.b = append(w.b, '"', ':', '"')
	w.b = append(w.b, value...)
	w.b = append(w.b, '"')
}

// name writes a name, and a commitment in its place where it is something else.
func (w *leafWriter) name(key, value string) {
	switch {
	case value == "":
	case isName(value):
		w.quoted(key, value)
	default:
		w.key(key)
		w.b = append(w.b, '"', '~')
		c := w.commit([]byte(value))
		w.b = base64.RawURLEncoding.AppendEncode(w.b, c[:])
		w.b = append(w.b, '"')
	}
}

func isName(s string) bool {
	if len(s) > maxName {
		return false
	}
	for i := range len(s) {
		if !safe[s[i]] {
			return false
		}
	}
	return true
}

// text writes a string that is safe by construction, and nothing where it is empty.
func (w *leafWriter) text(key, value string) {
	if value != "" {
		w.quoted(key, value)
	}
}

func (w *leafWriter) id(key string, id ID) {
	if id.IsZero() {
		return
	}
	w.key(key)
	w.b = append(w.b, '"')
	w.b = id.AppendText(w.b)
	w.b = append(w.b, '"')
}

func (w *leafWriter) hash(key string, h []byte) {
	w.key(key)
	w.b = append(w.b, '"')
	w.b = base64.RawURLEncoding.AppendEncode(w.b, h)
	w.b = append(w.b, '"')
}

func (w *leafWriter) number(key string, n int64) {
	if n <= 0 {
		return
	}
	w.key(key)
	w.b = strconv.AppendInt(w.b, n, 10)
}

// members writes an object of members in the order of their keys, and nothing where there is none. write must write each of them.
func members[V any](w *leafWriter, name string, m map[string]V, write func(key string, v V)) {
	if len(m) == 0 {
		return
	}
	w.key(name)
	start := len(w.b)
	for _, key := range slices.Sorted(maps.Keys(m)) {
		write(key, m[key])
	}
	w.b[start] = '{'
	w.b = append(w.b, '}')
}

// list writes a list whose elements each begin with a comma, and nothing where there is none.
func list[V any](w *leafWriter, name string, elements []V, write func(V)) {
	if len(elements) == 0 {
		return
	}
	w.key(name)
	start := len(w.b)
	for _, v := range elements {
		write(v)
	}
	w.b[start] = '['
	w.b = append(w.b, ']')
}

// element writes bytes as an element of a list.
func (w *leafWriter) element(b []byte) {
	w.b = append(w.b, ',', '"')
	w.b = base64.RawURLEncoding.AppendEncode(w.b, b)
	w.b = append(w.b, '"')
}

func (w *leafWriter) idElement(id ID) {
	w.b = append(w.b, ',', '"')
	w.b = id.AppendText(w.b)
	w.b = append(w.b, '"')
}

// span writes a range of sequence numbers as a list of two.
func (w *leafWriter) span(r [2]uint64) {
	w.b = append(w.b, ',', '[')
	w.b = strconv.AppendUint(w.b, r[0], 10)
	w.b = append(w.b, ',')
	w.b = strconv.AppendUint(w.b, r[1], 10)
	w.b = append(w.b, ']')
}

// seq writes a sequence number, which may be zero.
func (w *leafWriter) seq(key string, n uint64) {
	w.key(key)
	w.b = strconv.AppendUint(w.b, n, 10)
}

func (w *leafWriter) flag(key string, on bool) {
	if on {
		w.key(key)
		w.b = append(w.b, "true"...)
	}
}

func (w *leafWriter) time(key string, t time.Time) {
	if t.IsZero() {
		return
	}
	w.key(key)
	w.b = append(w.b, '"')
	w.b = appendTime(w.b, t)
	w.b = append(w.b, '"')
}

func (w *leafWriter) micros(key string, d time.Duration) { w.number(key, d.Microseconds()) }

// guards writes the results of rules: at most maxGuards, the rest as their number.
func (w *leafWriter) guards(lists ...[]GuardResult) {
	n := 0
	for _, results := range lists {
		for i := range results {
			if n++; n > maxGuards {
				continue
			}
			if n == 1 {
				w.key("guard")
				w.b = append(w.b, '[')
			} else {
				w.b = append(w.b, ',')
			}
			w.guard(&results[i])
		}
	}
	if n > 0 {
		w.b = append(w.b, ']')
	}
	w.number("guard_more", int64(n-maxGuards))
}

func (w *leafWriter) guard(r *GuardResult) {
	start := len(w.b)
	w.text("action", r.Action.String())
	w.number("n", int64(r.Count))
	w.name("rule", r.Rule)
	w.number("score", int64(min(r.Score, 1)*1000+0.5))
	w.name("stage", r.Stage)
	w.b[start] = '{'
	w.b = append(w.b, '}')
}

// appendTime writes RFC 3339 in UTC with nine digits of fraction, for years of four digits.
func appendTime(b []byte, t time.Time) []byte {
	t = t.UTC()
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	if year < 0 || year > 9999 {
		year = 0
	}
	b = appendDigits(b, year, 4)
	b = appendDigits(append(b, '-'), int(month), 2)
	b = appendDigits(append(b, '-'), day, 2)
	b = appendDigits(append(b, 'T'), hour, 2)
	b = appendDigits(append(b, ':'), minute, 2)
	b = appendDigits(append(b, ':'), second, 2)
	b = appendDigits(append(b, '.'), t.Nanosecond(), 9)
	return append(b, 'Z')
}

func appendDigits(b []byte, n, width int) []byte {
	b = append(b, "000000000"[:width]...)
	for i := len(b) - 1; n > 0; i-- {
		b[i] = byte('0' + n%10)
		n /= 10
	}
	return b
}

// commit is HMAC-SHA256 (RFC 2104) under the record's salt.
func (w *leafWriter) commit(value []byte) Hash {
	var block [64]byte
	hmacPad(&block, w.salt, 0x36)
	w.sha.Reset()
	w.sha.Write(block[:])
	w.sha.Write(value)
	var inner Hash
	w.sha.Sum(inner[:0])
	return hmacOuter(w.salt, &inner)
}

// hole leaves room for a hash that is known only later, and returns its place.
func (w *leafWriter) hole(name string) int {
	w.key(name)
	w.b = append(w.b, '"')
	at := len(w.b)
	w.b = append(w.b, "0000000000000000000000000000000000000000000"...)
	w.b = append(w.b, '"')
	return at
}

// fillHole puts a hash into its hole.
func fillHole(hole []byte, h *Hash) { base64.RawURLEncoding.Encode(hole[:hash64Len], h[:]) }

// commitAt is the commitment to b[at:at+n]. It borrows the 64 bytes before, so that the text is hashed where it lies.
func commitAt(b []byte, at, n int, salt *Salt) Hash {
	var saved [64]byte
	before := (*[64]byte)(b[at-64:])
	saved = *before
	hmacPad(before, salt, 0x36)
	inner := sha256.Sum256(b[at-64 : at+n])
	*before = saved
	return hmacOuter(salt, &inner)
}

// hmacOuter is the second half of HMAC-SHA256.
func hmacOuter(salt *Salt, inner *Hash) Hash {
	var block [64 + hashSize]byte
	hmacPad((*[64]byte)(block[:]), salt, 0x5c)
	copy(block[64:], inner[:])
	return sha256.Sum256(block[:])
}
