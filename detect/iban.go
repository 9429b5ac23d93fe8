package detect

import "strings"

func ibanRule() builtin {
	r := builtin{
		Rule: Rule{
			ID: "pii/iban", Kind: KindIBAN, Severity: High,
			Description: "bank account number: country length and check digits (ISO 13616, ISO 7064 MOD 97-10)",
			Positives: []string{
				"DE89 3704 0044 0532 0130 00", "IBAN: GB82WEST12345698765432.", "(FR14 2004 1010 0505 0001 3M02 606)", "NL91-ABNA-0417-1643-00",
				"IBAN IT60X0542811101000000123456", "NO93 8601 1117 947", "MT84MALT011000012345MTLCAST001S", "konto PL61109010140000071219812874",
				"de89 3704 0044 0532 0130 00", "iban: gb82west12345698765432", "DE89 37040044 0532 0130 00", "DE 89 3704 0044 0532 0130 00",
			},
			Negatives: []string{
				"DE89 3704 0044 0532 0130 01", "GB82 WEST 1234 5698 7654", "XX89370400440532013000", "ADE89370400440532013000",
				"DE893704004405320130001", "DE89 37040044 0532-0130 00", "de89 3704 0044 0532 0130 01", "De89370400440532013000", "it 20", "DE00 0000 0000 0000 0000 00", "AT LEAST 20 PEOPLE", "SE2024",
			},
		},
	}
	for _, country := range ibanCountries {
		e := entry{prefix: country.code, next: digits + " ", find: findIBAN}
		if country.code[0] == 'I' {
			e.free = 1 // "I" is a word, and a common one
		}
		r.on = append(r.on, e, entry{prefix: strings.ToLower(country.code), next: digits, late: true, find: findIBAN})
	}
	return r
}

type ibanCountry struct {
	code   string
	length int
}

// ibanCountries holds the lengths of the SWIFT IBAN registry.
var ibanCountries = func() (out []ibanCountry) {
	for _, group := range []struct {
		length int
		codes  string
	}{
		{15, "NO"},
		{16, "BE"},
		{18, "DKFIFOGLNLSD"},
		{19, "MKSI"},
		{20, "ATBAEEKZLTLUXKMN"},
		{21, "CHHRLILV"},
		{22, "BGBHCRDEGBGEIEMERSVA"},
		{23, "AEGIILIQTLSOOM"},
		{24, "ADCZESMDPKROSASESKTNVG"},
		{25, "LYPTST"},
		{26, "ISTR"},
		{27, "BIDJFRGRITMCMRSM"},
		{28, "ALAZBYCYDOGTHULBPLSVNIHN"},
		{29, "BREGPSQAUA"},
		{30, "JOKWMUYE"},
		{31, "MTSC"},
		{32, "LC"},
		{33, "RU"},
	} {
		for i := 0; i < len(group.codes); i += 2 {
			out = append(out, ibanCountry{group.codes[i : i+2], group.length})
		}
	}
	return out
}()

func ibanLength(a, b byte) int {
	for _, c := range ibanCountries {
		if c.code[0] == a && c.code[1] == b {
			return c.length
		}
	}
	return 0
}

// findIBAN looks for an account number at its country code. Letters are all upper or all lower case.
func findIBAN(w *window, i int) hit {
	j := i + 2
	if w.at(j) == ' ' {
		j++
	}
	if !isDigit(w.at(j)) || !isDigit(w.at(j+1)) {
		return hit{}
	}
	lower := !isUpper(w.b[i])
	text := [34]byte{w.b[i] &^ 0x20, w.b[i+1] &^ 0x20, w.b[j], w.b[j+1]}
	length := ibanLength(text[0], text[1])
	n, odd := 4, j > i+2
	sep := byte(0)
	for j += 2; n < length; j++ {
		c := w.at(j)
		if c == ' ' || c == '-' || c == '.' {
			if sep == 0 {
				sep = c
			}
			if c != sep {
				return hit{}
			}
			odd = odd || n%4 != 0
			j++
			c = w.at(j)
		} else if sep != 0 && n%4 == 0 {
			odd = true
		}
		if lower {
			if isUpper(c) {
				return hit{}
			}
			if isLetter(c) {
				c &^= 0x20
			}
		}
		if !isDigit(c) && !isUpper(c) {
			return hit{}
		}
		text[n] = c
		n++
	}
	if !mod97(text[:length]) {
		return hit{}
	}
	if c := w.at(j); isWord(c) || c == '-' && isWord(w.at(j+1)) {
		return hit{}
	}
	if odd && !w.near(i, secretCues) {
		return hit{start: i, end: j, score: 0.7}
	}
	return hit{start: i, end: j, score: 0.95}
}

// mod97 checks an account number: the first four characters moved to the end, letters as 10 to 35, remainder 1.
func mod97(text []byte) bool {
	r, zeros := 0, 0
	for k := range text {
		c := text[(k+4)%len(text)]
		if c == '0' {
			zeros++
		}
		if isDigit(c) {
			r = (r*10 + int(c-'0')) % 97
		} else {
			r = (r*100 + int(c-'A') + 10) % 97
		}
	}
	return r == 1 && zeros < len(text)-4
}
