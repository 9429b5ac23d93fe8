package detect

import "strings"

// lexicon is a category of special personal data that words give away where they stand beside a person.
type lexicon struct {
	id, description string
	kind            Kind
	fields          *wordList // names of fields that hold the category: beside one, a word needs no person
	words           string    // lower case, one a line
	positives       []string
	negatives       []string
}

// personCues are words that speak of a person: without one, a word of a lexicon is a topic and not somebody's data.
var personCues = words("he", "she", "his", "her", "him", "my", "mr", "mrs", "ms", "patient", "employee", "applicant", "candidate", "client", "suspect", "defendant", "tenant", "donor",
	"diagnosed", "suffers", "suffering", "suffered", "identifies as", "converted to", "tested", "treated for", "history of", "is a member", "member of", "i am", "i have", "was convicted", "voted",
	"herr", "frau", "patientin", "seine", "ihre", "leidet", "bewerber", "bewerberin", "mitglied", "monsieur", "madame", "patiente", "souffre", "atteint", "atteinte", "membre",
	"señor", "señora", "paciente", "padece", "sufre", "miembro", "signor", "signora", "paziente", "soffre", "affetto", "mevrouw", "meneer", "patiënt", "lijdt", "lid van",
	"senhor", "senhora", "sofre", "pan", "pani", "pacjent", "pacjentka", "choruje", "cierpi")

// rule compiles a lexicon: it is asked at tokens that begin like one of its words.
func (l lexicon) rule() builtin {
	byStart := map[string][]string{}
	for word := range strings.SplitSeq(strings.TrimSpace(l.words), "\n") {
		start := wordStart(word)
		byStart[start] = append(byStart[start], word)
	}
	b := builtin{Rule: Rule{
		ID: l.id, Kind: l.kind, Severity: High, Description: l.description, Positives: l.positives, Negatives: l.negatives,
	}}
	for start, list := range byStart {
		find := findLexicon(list, l.fields)
		for _, p := range casings(start) {
			b.on = append(b.on, entry{prefix: p, words: list, find: find})
		}
	}
	return b
}

// wordStart is the part of a word that recognisers are dispatched by: its letters of ASCII, five at most. The longer it is,
// the fewer other words are looked at in vain.
func wordStart(word string) string {
	n := 0
	for n < min(5, len(word)) && isLetter(word[n]) {
		n++
	}
	if n < 3 {
		return word[:3] // a letter with an accent follows
	}
	return word[:n]
}

func findLexicon(list []string, fields *wordList) recogniser {
	return func(w *window, i int) hit {
		end := 0
		for _, word := range list {
			if w.foldPrefix(i, word) {
				if to := w.plural(i + len(word)); to > end && !isWord(w.at(to)) && w.at(to) < 0x80 {
					end = to
				}
			}
		}
		switch {
		case end == 0 || w.touched:
			return hit{}
		case w.near(i, fields):
			return hit{start: i, end: end, score: 0.75}
		case w.context(i, end, personCues):
			return hit{start: i, end: end, score: 0.6}
		}
		return hit{}
	}
}

// plural skips an "s" at i.
func (w *window) plural(i int) int {
	if w.at(i) == 's' {
		return i + 1
	}
	return i
}
