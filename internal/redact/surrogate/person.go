package surrogate

import (
	"bytes"
	"unicode"
	"unicode/utf8"
)

// particles and titles stay as they stand: they belong to no person.
var (
	particles = set("de", "da", "do", "dos", "das", "del", "della", "di", "du", "des", "la", "le", "les", "van", "von", "vom", "zu", "zur",
		"der", "den", "ten", "ter", "af", "av", "of", "the", "and", "y", "e", "i", "bin", "ibn", "bint", "al", "el", "san", "und", "et")
	titles = set("mr", "mrs", "ms", "mx", "miss", "sir", "dame", "dr", "prof", "phd", "md", "jr", "sr", "ii", "iii", "iv", "herr", "frau",
		"mme", "mlle", "sig", "sra", "don", "doña", "pan", "pani", "mevr", "dhr", "rev")
	companyForms = set("inc", "ltd", "llc", "llp", "plc", "corp", "corporation", "company", "co", "group", "holding", "holdings", "gmbh", "ag",
		"kg", "ohg", "se", "mbh", "sa", "sas", "sarl", "srl", "spa", "sl", "bv", "nv", "oy", "ab", "as", "aps", "kk", "sp", "zoo", "bank",
		"university", "universität", "université", "hospital", "klinik", "clinic", "institute", "foundation", "trust", "council", "ministry", "department")
	addressWords = set("street", "st", "road", "rd", "avenue", "ave", "lane", "ln", "drive", "dr", "court", "ct", "place", "pl", "square", "sq",
		"boulevard", "blvd", "way", "close", "terrace", "crescent", "highway", "hwy", "parkway", "pkwy", "suite", "ste", "apt", "apartment",
		"unit", "floor", "flat", "box", "po", "p", "o", "north", "south", "east", "west", "n", "s", "w", "straße", "strasse", "str", "weg",
		"platz", "allee", "gasse", "rue", "avenue", "chemin", "place", "quai", "calle", "avenida", "plaza", "via", "viale", "piazza", "corso",
		"straat", "laan", "plein", "rua", "praça", "ulica", "ul", "al", "no", "nr")
)

// lexicon is a set of words in lower case.
type lexicon map[string]bool

func set(words ...string) lexicon {
	out := make(lexicon, len(words))
	for _, w := range words {
		out[w] = true
	}
	return out
}

func (l lexicon) has(word []byte) bool { return l[string(bytes.ToLower(word))] }

// person replaces each word of a name by one of an authored list that serves for given and family names alike, so that a
// name has one surrogate wherever it stands. Initials stay initials, particles and titles stay.
func (m *Maker) person(value []byte) []byte {
	return m.words("name", value, func(word []byte, first bool) bool {
		return titles.has(word) || !first && particles.has(word) && unicode.IsLower(firstRune(word))
	})
}

// organization keeps the legal form and the words that say what an organisation is.
func (m *Maker) organization(value []byte) []byte {
	return m.words("organization", value, func(word []byte, _ bool) bool {
		return companyForms.has(word) || particles.has(word)
	})
}

// place keeps what kind of street a street is; house numbers and postcodes get other digits and letters.
func (m *Maker) place(value []byte) []byte {
	return m.words("place", value, func(word []byte, _ bool) bool {
		return addressWords.has(word) || particles.has(word)
	})
}

// words replaces every word that keep does not want. A word is a run of letters and digits.
func (m *Maker) words(purpose string, value []byte, keep func(word []byte, first bool) bool) []byte {
	var out []byte
	changed := false
	for i := 0; i < len(value); {
		n := wordLen(value[i:])
		if n == 0 {
			_, size := utf8.DecodeRune(value[i:])
			out = append(out, value[i:i+size]...)
			i += size
			continue
		}
		word := value[i : i+n]
		if keep(word, !changed) {
			out = append(out, word...)
		} else {
			out = append(out, m.word(purpose, word)...)
			changed = true
		}
		i += n
	}
	if !changed {
		return nil
	}
	return out
}

func wordLen(text []byte) int {
	n := 0
	for n < len(text) {
		r, size := utf8.DecodeRune(text[n:])
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) {
			break
		}
		n += size
	}
	return n
}

// word is the surrogate of one word with its pattern of case.
func (m *Maker) word(purpose string, word []byte) []byte {
	folded := bytes.ToLower(word)
	if bytes.ContainsFunc(word, unicode.IsDigit) || utf8.RuneCount(word) == 1 && firstRune(word) < 128 {
		return m.mixed(purpose, word)
	}
	for attempt := 0; ; attempt++ {
		d := m.draw(purpose, folded, attempt)
		name := nameHeads[d.below(len(nameHeads))] + nameTails[d.below(len(nameTails))]
		if !bytes.EqualFold([]byte(name), folded) {
			return caseOf([]byte(name), word)
		}
	}
}

// mixed draws other digits and letters: an initial, a house number, a postcode.
func (m *Maker) mixed(purpose string, word []byte) []byte {
	for attempt := 0; ; attempt++ {
		d := m.draw(purpose, word, attempt)
		out := make([]byte, 0, len(word))
		for i, r := range string(word) {
			switch {
			case r >= 128:
				out = append(out, 'x')
			case isDigit(byte(r)) && i == 0 && r != '0':
				out = append(out, '1'+byte(d.below(9)))
			default:
				out = append(out, d.like(byte(r)))
			}
		}
		if !bytes.Equal(out, word) {
			return out
		}
	}
}

// like draws a byte of the same class.
func (d *draw) like(c byte) byte {
	switch {
	case isDigit(c):
		return d.digit()
	case isUpper(c):
		return d.letter('A')
	case isLower(c):
		return d.letter('a')
	}
	return c
}

// caseOf writes a name as the word is written: upper case, lower case or with a capital.
func caseOf(name, word []byte) []byte {
	switch {
	case !bytes.ContainsFunc(word, unicode.IsUpper) && bytes.ContainsFunc(word, unicode.IsLower):
		return bytes.ToLower(name)
	case !bytes.ContainsFunc(word, unicode.IsLower) && bytes.ContainsFunc(word, unicode.IsUpper):
		return bytes.ToUpper(name)
	}
	return name
}

func firstRune(b []byte) rune {
	r, _ := utf8.DecodeRune(b)
	return r
}

// nameHeads and nameTails make the list of names: words for landscape and old words for dwellings, which together read as
// names of places and of families in English, and tell neither sex nor origin. Written for reeve.
var (
	nameHeads = []string{
		"Alder", "Ash", "Bar", "Beck", "Birch", "Bram", "Brent", "Brier", "Brook", "Burn", "Cald", "Carl", "Chad", "Clay", "Clif", "Col",
		"Cran", "Dal", "Den", "Dray", "Dun", "East", "Eld", "Ell", "Elm", "Far", "Fen", "Fern", "Fox", "Gar", "Glen", "Gran", "Green", "Had",
		"Hal", "Hamp", "Har", "Hart", "Hazel", "Heath", "Hol", "Horn", "Kel", "Kem", "Ken", "Kirk", "Lang", "Lark", "Law", "Lin", "Lock",
		"Mal", "Mar", "Mel", "Mere", "Mill", "Moor", "Mor", "Nor", "Oak", "Pem", "Pen", "Pres", "Quin", "Rad", "Ray", "Red", "Ridge", "Ros",
		"Row", "Rush", "Sand", "Sedge", "Shel", "Sher", "Sil", "Stan", "Strat", "Sum", "Swan", "Tal", "Thorn", "Til", "Tre", "Wake", "Wal",
		"War", "Wel", "West", "Whit", "Wil", "Win", "Wood", "Wren", "Yar",
	}
	nameTails = []string{
		"ford", "ton", "ley", "well", "worth", "by", "field", "ham", "don", "wick", "mere", "ridge", "land", "more", "dale", "combe",
		"stead", "bridge", "croft", "stone", "ward", "bourne", "gate", "hurst", "mont", "shaw", "brook", "thwaite",
	}
)
