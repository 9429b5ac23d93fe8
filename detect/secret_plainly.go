package detect

// plainly reports that nothing is assigned that could be a secret, at little cost: the name before the separator holds no
// word that key, widen or joined would go by, and the value is not long enough for one that its surroundings give away. It
// reports false where it cannot tell.
func (w *window) plainly(a *assignment) bool {
	c := w.b[a.at]
	return c != ',' && c != '(' && !w.longValue(a) && w.plainName(a.at)
}

// longValue reports what maybe asks for first: a value, in quotes or not, of some length and without blanks.
func (w *window) longValue(a *assignment) bool {
	b, j := w.b, a.value
	for stop := j + 8; ; j++ {
		if j == stop || j+2+minBareKey > len(b) {
			return true
		}
		if c := b[j]; c != ' ' && c != '\t' && (!a.tag || c != '\n' && c != '\r') {
			break
		}
	}
	if c := b[j]; c == '\\' {
		j += 2
	} else if isQuote(c) {
		j++
	}
	for _, c := range b[j : j+minBareKey] {
		if classOf[c]&(clUser|clSlash) == 0 {
			return false
		}
	}
	return true
}

// plainName reports that the name before the separator at i promises nothing.
func (w *window) plainName(i int) bool {
	b, k := w.b, i
	stop := max(0, i-maxKey)
	for k > stop && (b[k-1] == ' ' || b[k-1] == '\t') {
		k--
	}
	for n := 0; n < 4 && k > stop && nameCloses[b[k-1]]; n++ {
		k--
	}
	end, three := k, uint(0)
	for k > stop && nameByte[b[k-1]] {
		k--
		three = three>>5 | uint(b[k]&31)<<10
		if keyThrees[three>>6]>>(three&63)&1 != 0 && keyPartEnds(b[:end], min(k+3, end)) {
			return false
		}
	}
	if k == stop && k > 0 {
		return false
	}
	n := end - k
	if n > 1 && keyTwos[b[k]&31]>>(b[k+1]&31)&1 != 0 {
		return false
	}
	if n > 0 && n < 6 && isDigit(b[end-1]) {
		return false // a length
	}
	return n == 0 || n >= len(wideNames) || wideNames[n][b[k]&31]>>(b[end-1]&31)&1 == 0
}

// keyThrees has a bit for each three last letters of the key words, folded to five bits each, the first of them highest, and
// for what may stand before one of two letters. keyTwos has the latter, for names that begin with one.
var keyThrees, keyTwos = func() (t [512]uint64, two [32]uint32) {
	note := func(a, b, c byte) {
		three := uint(a&31)<<10 | uint(b&31)<<5 | uint(c&31)
		t[three>>6] |= 1 << (three & 63)
	}
	for _, k := range keyWords {
		n := len(k.text)
		if n > 2 {
			note(k.text[n-3], k.text[n-2], k.text[n-1])
			continue
		}
		two[k.text[0]&31] |= 1 << (k.text[1] & 31)
		for x := range byte(32) {
			note(x, k.text[0], k.text[1])
		}
	}
	return t, two
}()

// nameCloses holds the bytes between a name and its separator.
var nameCloses = func() (t [256]bool) {
	for _, c := range []byte("\"'`]\\*)") {
		t[c] = true
	}
	return t
}()

// wideNames has a bit for the last letter of a name, by its length and its first letter, of the names that key looks beyond:
// types, the word value, a signature in a URL.
var wideNames = func() (t [16][32]uint32) {
	note := func(s string) { t[len(s)][s[0]&31] |= 1 << (s[len(s)-1] & 31) }
	for _, list := range [][]string{typeWords, valueWords, {"sig"}} {
		for _, s := range list {
			note(s)
			note("n" + s) // behind an escaped line end or tab, of which the letter is no part of the name
			note("t" + s)
			note("r" + s)
		}
	}
	return t
}()
