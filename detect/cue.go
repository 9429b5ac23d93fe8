package detect

// cueSpan is how far before a word an e-mail cue may stand, in bytes and on the same line.
const cueSpan = 48

// cuePunct holds the bytes that announce an address when they stand directly before it, one space allowed.
var cuePunct = [256]bool{
	':': true, '<': true, '(': true, '[': true, '"': true, '\'': true, '=': true, ',': true, ';': true, '{': true, '>': true, '|': true, '`': true, '\t': true,
}

// cueWords are the words that announce an e-mail address in English, German, French, Spanish, Italian, Dutch, Polish
// and Portuguese, by first letter. They count in any case and only as whole words.
var cueWords = byLetter("address", "addresses", "adresse", "adressen", "adres", "adresem", "adresu",
	"contact", "contacto", "contactez", "contatto", "contattare", "contato", "courriel", "correo", "correio", "dirección", "direccion",
	"email", "emails", "endereço", "endereco", "indirizzo", "kontakt", "kontaktieren", "mail", "mails", "mailto", "mél", "posta", "poczta",
	"to", "me", "us", "him", "her", "them", "out")

// cueAfter holds the words that count only behind another one: "write to", "reach us", since a parcel may reach you too.
var cueAfter = map[string]string{
	"to": "write ", "me": "reach ", "us": "reach ", "him": "reach ", "her": "reach ", "them": "reach ", "out": "reach ",
}

// cueFirst has a bit for each letter that cue words begin with.
var cueFirst = func() (set uint32) {
	for k, list := range cueWords {
		if list != nil {
			set |= 1 << k
		}
	}
	return set
}()

// byLetter sorts lower-case words by their first letter.
func byLetter(list ...string) (l [26][]string) {
	for _, s := range list {
		l[s[0]-'a'] = append(l[s[0]-'a'], s)
	}
	return l
}

// cued reports whether the text before the word at start announces an e-mail address.
func (w *window) cued(start int) bool {
	if start == 0 || w.b[start-1] == '\n' || w.quoted(start) {
		return true // the text or line begins with it, as a field or a list entry does
	}
	found, j := false, start-1
	for stop := max(0, start-cueSpan); j >= stop; j-- {
		if j < w.quiet.to && j >= w.quiet.from {
			j = w.quiet.from
			continue
		}
		w.steps++
		c := w.b[j]
		if c == '\n' {
			break
		}
		if c == '@' || isLetter(c) && cueFirst>>(c|0x20-'a')&1 != 0 && !isWord(w.before(j)) && w.cueAt(j) {
			found = true
			break
		}
	}
	w.quiet = span{j + 1, start}
	return found
}

// quoted reports whether announcing punctuation stands directly before start, one space allowed. The apostrophe of a
// contraction does not count, nor do a comma and a semicolon with a space: nearly every sentence has one.
func (w *window) quoted(start int) bool {
	i, space := start-1, false
	if i > 0 && w.b[i] == ' ' {
		i, space = i-1, true
	}
	if i < 0 || !cuePunct[w.b[i]] {
		return false
	}
	switch w.b[i] {
	case '\'':
		return space || !w.contracted(i)
	case ',', ';':
		return !space
	}
	return true
}

// contracted reports whether the apostrophe at i continues a word, as in "it's". One that opens a string literal with a
// prefix, as in b'…', does not.
func (w *window) contracted(i int) bool {
	n := 0
	for n < 3 && n < i && isLetter(w.b[i-1-n]) {
		n++
	}
	if n == 0 || n == 3 {
		return n == 3
	}
	for _, c := range w.b[i-n : i] {
		if indexByte("bruf", c|0x20) < 0 {
			return true
		}
	}
	return false
}

// cueAt reports whether a cue word stands at i. A word ends before the run that is asked about, because that begins
// after a byte that belongs to no word.
func (w *window) cueAt(i int) bool {
	for _, word := range cueWords[w.b[i]|0x20-'a'] {
		end := i + len(word)
		if end < len(w.b) && equalFold(w.b[i:end], word) && !isWord(w.b[end]) {
			first := cueAfter[word]
			return i >= len(first) && equalFold(w.b[i-len(first):i], first)
		}
	}
	return false
}

// equalFold compares b with the lower-case word s, ASCII letters in any case.
func equalFold(b []byte, s string) bool {
	for i := range b {
		if c := b[i]; c != s[i] && (!isLetter(c) || c|0x20 != s[i]) {
			return false
		}
	}
	return true
}
