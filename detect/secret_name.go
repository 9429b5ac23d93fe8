package detect

import (
	"bytes"
	"strings"
)

// key reads the name before a separator.
func (w *window) key(a *assignment) {
	k := a.at
	list := w.b[a.at] == ','
	stop := max(0, a.at-maxKey-48)
	w.steps += 8
	for k > stop && (w.b[k-1] == ' ' || w.b[k-1] == '\t') {
		k--
	}
	for n := 0; n < 4 && k > stop && indexByte("\"'`]\\*)", w.b[k-1]) >= 0; n++ {
		k--
	}
	a.keyFrom, a.keyTo = w.nameBefore(k), k
	if list {
		open := w.firstOfPair(a.keyFrom)
		if open < 0 {
			a.keyFrom, a.asked = k, true
			return
		}
		if a.power = w.loginCall(open); a.power > noKey {
			a.login = true
			return
		}
	}
	name := w.b[a.keyFrom:k]
	if w.b[a.at] == ':' && w.before(a.keyFrom) == ':' && !allDigits(name) {
		return // a part of a resource name, as in arn:aws:secretsmanager:…:secret:name
	}
	a.power = keyName(name)
	if p := w.before(a.keyFrom); string(name) == "sig" && (p == '?' || p == '&') {
		a.power = weakKey // a shared access signature
	}
	switch {
	case a.power >= tokenKey || len(name) == 0:
	case len(name) > 14:
	case isOneOfFold(name, typeWords):
		w.widen(a, a.keyFrom, 2)
	case a.power == weakKey && len(name) <= 4:
		w.joined(a) // "api key"
	case isOneOfFold(name, valueWords):
		if w.widen(a, a.keyFrom, 6); a.power < tokenKey {
			a.power = noKey
		}
	case len(name) < 5 && allDigits(name) && a.at > 4 && w.before(a.keyFrom) == ':' && w.before(a.keyFrom-1) == 's':
		w.widen(a, a.keyFrom-1, 2) // PHP: s:8:"password";s:6:"…"
	}
}

// firstOfPair returns the bracket before the name in quotes at i if it is the first
// in it, as in set("name", "value"), and -1 otherwise: in longer lists of names the next one is no value.
func (w *window) firstOfPair(i int) int {
	if i == 0 || !isQuote(w.b[i-1]) {
		return -1
	}
	for i--; i > 0 && (w.b[i-1] == ' ' || w.b[i-1] == '@' || w.b[i-1] == '\\'); i-- {
		w.steps++
	}
	if i > 0 && (w.b[i-1] == '(' || w.b[i-1] == '{') {
		return i - 1
	}
	return -1
}

// loginCall reports whether the bracket at i is that of a function that takes a user and a password, such as login.
func (w *window) loginCall(i int) strength {
	if w.b[i] != '(' {
		return noKey
	}
	from := w.nameBefore(i)
	if from == i && w.before(i) == '=' { // auth=("user", "password")
		i--
		from = w.nameBefore(i)
	}
	name := w.b[from:i]
	for from = len(name); from > 0; {
		if from--; isAlnum(name[from]) && keyPartBegins(name, from) {
			part := partAfter(name, foldedName(name), from)
			if isOneOf(part, loginParts) {
				return passwordKey
			}
		}
	}
	return noKey
}

var loginParts = strings.Fields("login logon signin authenticate auth authentication credential credentials basic connect userpass password")

func foldedName(b []byte) []byte { return bytes.ToLower(b[:min(len(b), maxKey)]) }

// nameBefore returns where the name that ends at k begins.
func (w *window) nameBefore(k int) int {
	j, stop := k, max(0, k-maxKey)
	for j > stop && nameByte[w.b[j-1]] {
		j--
	}
	w.steps += k - j
	if j > 0 && j < k && w.b[j-1] == '\\' && (w.b[j] == 'n' || w.b[j] == 't' || w.b[j] == 'r') {
		j++
	}
	return j
}

// nameByte holds what names are made of.
var nameByte = func() (t [256]bool) {
	for c := range t {
		t[c] = isWord(byte(c)) || c == '-' || c == '.' || c == '$' || c >= 0x80
	}
	return t
}()

var typeWords = []string{"string", "str", "text", "char", "varchar", "byte", "var", "const", "let", "bytes", "any", "none", "optional", "nil", "null", "securestring"}

var valueWords = []string{"value", "default", "val", "defaultvalue", "default_value", "content", "data", "string", "initial", "s"}

func isOneOfFold(b []byte, list []string) bool {
	for _, s := range list {
		if len(b) == len(s) && equalFold(b, s) {
			return true
		}
	}
	return false
}

// joined judges two words as one name: "api key", "secret access key".
func (w *window) joined(a *assignment) {
	if a.keyFrom < 3 || w.b[a.keyFrom-1] != ' ' {
		return
	}
	from := w.nameBefore(a.keyFrom - 1)
	if p := keyName(w.b[max(from, a.keyTo-maxKey):a.keyTo]); p > a.power {
		a.keyFrom, a.power = max(from, a.keyTo-maxKey), p
	}
}

// widen looks for the name in the words before, at most n of them and on the same two lines: a type or the word value
// stands where the name is expected.
func (w *window) widen(a *assignment, from, n int) {
	lines := 0
	stop := max(0, a.at-120)
	for k := from; n > 0; n-- {
		for k > stop && !nameByte[w.b[k-1]] {
			if k--; w.b[k] == '\n' {
				lines++
			}
			if lines > 1 || indexByte("{};", w.b[k]) >= 0 && w.b[k] != ';' {
				return
			}
		}
		if k <= stop {
			return
		}
		j := w.nameBefore(k)
		if j <= stop {
			return
		}
		if p := keyName(w.b[j:k]); p > noKey {
			a.keyFrom, a.keyTo, a.power = j, k, p
			return
		}
		k = j
	}
}
