package detect

func ibanRule() builtin {
	r := builtin{
		Rule: Rule{
			ID: "pii/iban", Kind: KindIBAN, Severity: High,
			Description: "bank account number: country length and check digits (ISO 13616, ISO 7064 MOD 97-10)",
			Positives: []string{
				"DE89 3704 0044 0532 0130 00", "IBAN: GB82WEST12345698765432.", "(FR14 2004 1010 0505 0001 3M02 606)", "NL91-ABNA-0417-1643-00",
				"IBAN IT60X0542811101000000123456", "NO93 8601 1117 947", "MT84MALT011000012345MTLCAST001S", "konto PL61109010140000071219812874",
			},
			Negatives: []string{
				"DE89 3704 0044 0532 0130 01", "GB82 WEST 1234 5698 7654", "XX89370400440532013000", "ADE89370400440532013000",
				"DE893704004405320130001", "DE89 37040044 0532 0130 00", "DE00 0000 0000 0000 0000 00", "AT LEAST 20 PEOPLE", "SE2024",
			},
		},
	}
	for _, country := range ibanCountries {
		e := entry{prefix: country.code, find: findIBAN}
		if country.code[0] == 'I' {
			e.free = 1 // "I" is a word, and a common one
		}
		r.on = append(r.on, e)
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

func ibanLength(w *window, i int) int {
	for _, c := range ibanCountries {
		if c.code[0] == w.b[i] && c.code[1] == w.b[i+1] {
			return c.length
		}
	}
	return 0
}

// findIBAN looks for an account number at its country code.
func findIBAN(w *window, i int) hit {
	if !isDigit(w.at(i+2)) || !isDigit(w.at(i+3)) {
		return hit{}
	}
	var text [34]byte
	copy(text[:], w.b[i:i+4])
	length := ibanLength(w, i)
	sep := byte(0)
	n, j := 4, i+4
	for n < length {
		c := w.at(j)
		if n%4 == 0 && (c == ' ' || c == '-') && (sep == c || n == 4) {
			sep = c
			j++
			c = w.at(j)
		} else if n%4 == 0 && n > 4 && sep != 0 {
			return hit{}
		}
		if !isDigit(c) && !isUpper(c) {
			return hit{}
		}
		text[n] = c
		n++
		j++
	}
	if !mod97(text[:length]) {
		return hit{}
	}
	if c := w.at(j); isWord(c) || c == '-' && isWord(w.at(j+1)) {
		return hit{}
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
