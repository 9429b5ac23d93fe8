package detect

// nearSpan is how far before a number a word may stand that tells what it is, in bytes and on the same line.
const nearSpan = 40

// wordList holds lower-case words by their first letter.
type wordList [26][]string

func words(list ...string) *wordList {
	var l wordList
	for _, s := range list {
		l[s[0]-'a'] = append(l[s[0]-'a'], s)
	}
	return &l
}

var cardCues = words("card", "cards", "visa", "cc", "pan", "credit", "debit", "maestro", "mastercard", "amex", "diners",
	"karte", "kreditkarte", "kartennummer", "carte", "tarjeta", "carta", "kaart", "karta", "karty", "cartao", "cartão")

// near reports whether one of the words stands before i.
func (w *window) near(i int, list *wordList) bool { return w.nearWithin(i, list, nearSpan) }

func (w *window) nearWithin(i int, list *wordList, span int) bool {
	w.steps += span
	for j := i - 1; j >= max(0, i-span); j-- {
		c := w.b[j]
		if c == '\n' {
			return false
		}
		if !isLetter(c) || isAlnum(w.before(j)) {
			continue
		}
		for _, word := range list[c|0x20-'a'] {
			end := j + len(word)
			if end <= i && equalFold(w.b[j:end], word) && (end == i || !isAlnum(w.b[end])) {
				return true
			}
		}
	}
	return false
}

var secretCues = words("iban", "account", "konto", "kontonummer", "compte", "cuenta", "conto", "rekening", "rachunek", "konta", "conta", "bank",
	"key", "token", "secret", "password", "credential", "credentials", "apikey", "auth", "authorization", "bearer")

// announced reports whether the text before i says that a key or an account number comes: such a word, or punctuation
// as before a value.
func (w *window) announced(i int) bool {
	return i > 0 && (w.quoted(i) || w.near(i, secretCues))
}

func isAlnum(c byte) bool { return classOf[c]&clAlnum != 0 }
