package detect

// germanIdentities are identifiers of Germany, Austria and Switzerland.
func germanIdentities() []identity {
	return []identity{
		{
			id: "pii/de-tax-id", kind: "DE_TAX_ID", severity: High,
			description: "German tax identification number (§ 139b AO): one digit twice or three times among the first ten, ISO 7064 MOD 11,10",
			cues: words("steuer id", "steueridentifikationsnummer", "steuerliche identifikationsnummer", "identifikationsnummer", "idnr", "id nr", "steuernummer",
				"tax id", "tin", "steuer idnr"),
			forms: []form{
				{written: "d11|d2 d3 d3 d3", check: digitsPass(isDETaxID), proof: evidence{0.45, 0.65, 0.95}},
				{written: "d11", check: digitsPass(isDEDistinct), proof: evidence{0, 0.5, 0.85}},
			},
			positives: []string{
				"they wrote 89047727636 on it.", "89047727636", "39 678 102 746", "identifikationsnummer: 89047727636",
				"identifikationsnummer: 39 678 102 746",
			},
			negatives: []string{
				"89047727636-7", "x89047727636", "89047727636_2", "39 678 102 746-7", "x39 678 102 746",
			},
		},
		{
			id: "pii/de-tax-number", kind: "DE_TAX_NUMBER", severity: High,
			description: "German tax number in the form of a Land or of the federation",
			cues:        words("steuernummer", "steuer nr", "st nr", "stnr", "finanzamt", "steuernr", "tax number", "tax no", "fa"),
			forms: []form{
				{written: "d2/d3/d5|d3/d3/d5|d3/d4/d4", proof: evidence{0.55, 0.65, 0.95}},
				{written: "d5/d5|d3/d3/d4|d3/d3 d4|d2 d3 d5|d3 d3 d5|d3 d4 d4", proof: evidence{0, 0.4, 0.9}},
				{written: "d13", check: digitsPass(isFederalTaxNumber), proof: evidence{0, 0.5, 0.95}},
				{written: "d10|d11|d13", check: varied, proof: cuedForm},
			},
			positives: []string{
				"they wrote 347/402/11318 on it.", "347/402/11318", "96759/12137", "finanzamt: 02/470/92595",
				"finanzamt: 347/402/11318",
			},
			negatives: []string{
				"02/470/92595-7", "x02/470/92595", "02/470/92595_2", "347/402/11318-7", "x347/402/11318",
			},
		},
		{
			id: "pii/de-social-security", kind: "DE_SOCIAL_SECURITY", severity: High,
			description: "German pension insurance number (§ 147 SGB VI, VKVV): area, date of birth, initial, serial, check digit",
			cues: words("rentenversicherung*", "sozialversicherung*", "sv nummer", "svnr", "versicherungsnummer", "rvnr", "rv nummer", "sv nr", "vsnr",
				"social security"),
			forms: []form{{written: "d8A1d3|d2 d6 A1 d3|d2-d6-A1-d3|d2 d6 A1 d2 d1", check: isSVNR, proof: provenForm}},
			positives: []string{
				"they wrote 66800991L134 on it.", "66800991L134", "12 230100 Z 072", "rv nummer: 66800991L134",
				"rv nummer: 12 230100 Z 072",
			},
			negatives: []string{
				"66800991L134-7", "x66800991L134", "66800991L134_2", "12 230100 Z 072-7", "x12 230100 Z 072",
			},
		},
		{
			id: "phi/de-health-insurance", kind: "DE_HEALTH_INSURANCE", severity: High,
			description: "German health insurance number (§ 290 SGB V): letter, eight digits, check digit",
			cues:        words("kvnr", "krankenversicher*", "krankenkasse*", "egk", "versichert*", "gesundheitskarte", "kv nummer", "health insurance"),
			forms:       []form{{written: "A1d9|A1 d9|A1 d3 d3 d3", check: isKVNR, proof: evidence{0.6, 0.75, 0.97}}},
			positives: []string{
				"they wrote S732232703 on it.", "S732232703", "egk: S732232703",
			},
			negatives: []string{
				"S732232703-7", "xS732232703", "S732232703_2", "Y 803430637-7", "xY 803430637",
			},
		},
		{
			id: "pii/de-id-card", kind: "DE_ID_CARD", severity: High,
			description: "German identity card number: serial without vowels, ICAO 9303 check digit where it is given",
			cues:        words("personalausweis*", "ausweis*", "perso", "id card", "identity card", "ausweisnummer", "identitaetskarte"),
			forms: []form{
				{written: "w10", check: both(firstLetter("LMNPRTVWXYZ"), isGermanSerial), proof: evidence{0.6, 0.75, 0.95}},
				{written: "w9", check: both(firstLetter("LMNPRTVWXYZ"), isGermanSerial), proof: evidence{0, 0.44, 0.88}},
				{written: "A1d8", check: firstLetter("T"), proof: evidence{0, 0.4, 0.88}},
				{written: "d10", check: digitsPass(isOldID), proof: cuedForm},
			},
			positives: []string{
				"they wrote L01X00T471 on it.", "L01X00T471", "T220001293", "ausweisnummer: L01X00T471", "ausweisnummer: T220001293",
			},
			negatives: []string{
				"L01X00T471-7", "xL01X00T471", "L01X00T471_2", "T220001293-7", "xT220001293",
			},
		},
		{
			id: "pii/de-passport", kind: "DE_PASSPORT", severity: High,
			description: "German passport number: serial that begins with C, F, G, H, J or K, ICAO 9303 check digit where it is given",
			cues:        words("reisepass*", "pass", "passnummer", "pass nr", "passport", "reisedokument"),
			forms: []form{
				{written: "w10", check: both(firstLetter("CFGHJK"), isGermanSerial), proof: evidence{0.6, 0.75, 0.95}},
				{written: "w9", check: both(firstLetter("CFGHJK"), isGermanSerial), proof: evidence{0, 0.44, 0.88}},
			},
			positives: []string{
				"they wrote C01X00T478 on it.", "C01X00T478", "K98T842734", "passnummer: C01X00T478", "passnummer: K98T842734",
			},
			negatives: []string{
				"C01X00T478-7", "xC01X00T478", "C01X00T478_2", "K98T842734-7", "xK98T842734",
			},
		},
		{
			id: "pii/de-vat-id", kind: "DE_VAT_ID", severity: Low,
			description: "German VAT number (§ 27a UStG): DE and nine digits, ISO 7064 MOD 11,10",
			cues:        words("ust id", "ustid", "ust idnr", "ustidnr", "umsatzsteuer*", "vat", "vat id", "mwst"),
			forms:       []form{{written: "A2d9|A2 d9|A2 d3 d3 d3", check: isDEVAT, proof: provenForm}},
			positives: []string{
				"they wrote DE136695976 on it.", "DE136695976", "DE923125840", "mwst: DE136695976", "mwst: DE923125840",
			},
			negatives: []string{
				"DE136695976-7", "xDE136695976", "DE136695976_2", "DE923125840-7", "xDE923125840",
			},
		},
		{
			id: "pii/de-vehicle-registration", kind: "DE_KFZ", severity: Low,
			description: "German number plate: district, letters, up to four digits, E or H where it applies",
			cues:        words("kennzeichen", "kfz", "nummernschild", "zulassung*", "license plate", "number plate", "fahrzeug*", "auto", "pkw", "lkw", "plate"),
			forms: []form{
				{written: plateForms("-", " "), check: isKFZ, proof: evidence{0.4, 0.6, 0.9}},
				{written: plateForms(" ", " ") + "|" + plateForms("-", "-") + "|" + plateForms("-", "") + "|" + plateForms("", "") + "|" + plateForms(" ", ""), check: isKFZ, proof: evidence{0, 0.4, 0.85}},
			},
			positives: []string{
				"they wrote H-Q 1 on it.", "H-Q 1", "G-X 2E", "auto: H-Q 1", "auto: G-X 2E",
			},
			negatives: []string{
				"H-Q 1-7", "xH-Q 1", "H-Q 1_2", "G-X 2E-7", "xG-X 2E",
			},
		},
		{
			id: "phi/de-lanr", kind: "DE_LANR", severity: Medium,
			description: "German physician or practice number (LANR, BSNR), after a word that names it",
			cues:        words("lanr", "arztnummer", "lebenslange arztnummer", "bsnr", "betriebsstaettennummer", "betriebsstättennummer"),
			forms:       []form{{written: "d9", check: varied, proof: cuedForm}},
			positives: []string{
				"arztnummer: 858991714", "arztnummer: 928430837", "arztnummer: 651807550",
			},
			negatives: []string{
				"order 858991714", "858991714-7", "x858991714", "858991714_2", "x928430837",
			},
		},
		{
			id: "pii/de-driver-license", kind: "DE_FUEHRERSCHEIN", severity: High,
			description: "German driving licence number: eleven characters, after a word that names it or alone",
			cues:        words("fuehrerschein*", "führerschein*", "fahrerlaubnis*", "driving licence", "driver license", "driving license"),
			forms:       []form{{written: "w11", check: isFuehrerschein, proof: evidence{0, 0.4, 0.88}}},
			positives: []string{
				"B072RRE2I55", "I0349MNR32R", "E238RTY8202", "driving licence: B072RRE2I55", "driving licence: I0349MNR32R",
			},
			negatives: []string{
				"order B072RRE2I55", "B072RRE2I55-7", "xB072RRE2I55", "B072RRE2I55_2", "xI0349MNR32R",
			},
		},
		{
			id: "pii/at-svnr", kind: "AT_SVNR", severity: High,
			description: "Austrian social insurance number: serial, check digit modulo 11, date of birth",
			cues:        words("svnr", "sv nummer", "sozialversicherung*", "e card", "ecard", "versicherungsnummer", "sv nr"),
			forms: []form{
				{written: "d4 d6|d4-d6", check: digitsPass(isAustrianSVNR), proof: evidence{0.45, 0.6, 0.95}},
				{written: "d10", check: digitsPass(isAustrianSVNR), proof: evidence{0, 0.41, 0.95}},
			},
			positives: []string{
				"they wrote 6830 070187 on it.", "6830 070187", "8453-311166", "e card: 6830 070187", "e card: 8453-311166",
			},
			negatives: []string{
				"6830 070187-7", "x6830 070187", "6830 070187_2", "8453-311166-7", "x8453-311166",
			},
		},
		{
			id: "pii/at-tax-number", kind: "AT_TAX_NUMBER", severity: High,
			description: "Austrian tax number: office and number, Luhn-type check",
			cues:        words("steuernummer", "abgabenkonto*", "finanzamt", "st nr"),
			forms: []form{
				{written: "d2-d3/d4", check: digitsPass(isAustrianTax), proof: evidence{0.6, 0.7, 0.95}},
				{written: "d9", check: digitsPass(isAustrianTax), proof: cuedForm},
			},
			positives: []string{
				"they wrote 92-954/2017 on it.", "92-954/2017", "64-037/9467", "finanzamt: 92-954/2017", "finanzamt: 64-037/9467",
			},
			negatives: []string{
				"92-954/2017-7", "x92-954/2017", "92-954/2017_2", "64-037/9467-7", "x64-037/9467",
			},
		},
		{
			id: "pii/ch-ahv", kind: "CH_AHV", severity: High,
			description: "Swiss social insurance number: begins with 756, check digit of EAN-13",
			cues:        words("ahv", "avs", "ahvn13", "sozialversicherung*", "numero avs"),
			forms: []form{
				{written: "d3.d4.d4.d2|d3 d4 d4 d2", check: isAHV, proof: provenForm},
				{written: "d13", check: isAHV, proof: fairForm}, // one number of thirteen digits in ten thousand passes
			},
			positives: []string{
				"they wrote 756.2019.3023.51 on it.", "756.2019.3023.51", "7565499590539", "ahvn13: 756.2019.3023.51",
				"ahvn13: 7565499590539",
			},
			negatives: []string{
				"756.2019.3023.51-7", "x756.2019.3023.51", "756.2019.3023.51_2", "7565499590539-7", "x7565499590539",
			},
		},
	}
}

// plateForms writes the forms of a number plate with separators after the district and before the digits.
func plateForms(first, second string) string {
	out := ""
	for _, district := range []string{"A1", "A2", "A3"} {
		for _, letters := range []string{"A1", "A2"} {
			for _, number := range []string{"d1", "d2", "d3", "d4"} {
				form := district + first + letters + second + number
				out += "|" + form + "|" + form + "A1"
			}
		}
	}
	return out[1:]
}

func isDETaxID(d []byte) bool {
	var count [10]int
	for _, x := range d[:10] {
		count[x]++
	}
	repeated := 0
	for _, n := range count {
		if n > 3 {
			return false
		}
		if n > 1 {
			repeated++
		}
	}
	return d[0] != 0 && repeated == 1 && mod1110(d)
}

// isDEDistinct passes numbers whose first ten digits are all different. They are not given out, but are common as
// made-up ones.
func isDEDistinct(d []byte) bool {
	seen := 0
	for _, x := range d[:10] {
		seen |= 1 << x
	}
	return d[0] != 0 && seen == 1<<10-1 && mod1110(d)
}

// isFederalTaxNumber checks the 13 digits of the federal form: the office of a Land, and a zero.
func isFederalTaxNumber(d []byte) bool {
	if d[4] != 0 {
		return false
	}
	switch pair(d, 0) {
	case 10, 11, 21, 22, 23, 24, 26, 27, 28, 30, 31, 32, 40, 41:
		return true
	}
	return d[0] == 5 || d[0] == 9
}

func isSVNR(c, d []byte) bool {
	if len(d) != 11 || !isLetter(c[8]) {
		return false
	}
	day := pair(d, 2)
	if day > 50 {
		day -= 50
	}
	if !calendarDate(pair(d, 6), pair(d, 4), day) {
		return false
	}
	n := int(c[8]-'A') + 1
	spelt := [12]byte{d[0], d[1], d[2], d[3], d[4], d[5], d[6], d[7], byte(n / 10), byte(n % 10), d[8], d[9]}
	return digitSum(spelt[:], 2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1)%10 == int(d[10])
}

func isKVNR(c, d []byte) bool {
	n := int(c[0]-'A') + 1
	spelt := [10]byte{byte(n / 10), byte(n % 10)}
	copy(spelt[2:], d[:8])
	return digitSum(spelt[:], 1, 2, 1, 2, 1, 2, 1, 2, 1, 2)%10 == int(d[8]) && !sameDigits(d)
}

// isGermanSerial checks the alphabet, and the check digit if there is a tenth character.
func isGermanSerial(c, d []byte) bool {
	if len(d) < 2 {
		return false
	}
	for _, x := range c {
		if isLetter(x) && indexByte("CFGHJKLMNPRTVWXYZ", x) < 0 {
			return false
		}
	}
	if len(c) == 9 {
		return true
	}
	return isDigit(c[9]) && icaoDigit(c[:9]) == int(c[9]-'0')
}

func isOldID(d []byte) bool {
	var c [9]byte
	for k := range c {
		c[k] = d[k] + '0'
	}
	return icaoDigit(c[:]) == int(d[9])
}

func isDEVAT(c, d []byte) bool { return c[0] == 'D' && c[1] == 'E' && d[0] != 0 && mod1110(d) }

func isKFZ(c, d []byte) bool {
	last := c[len(c)-1]
	return d[0] != 0 && len(c) <= 9 && (isDigit(last) || last == 'E' || last == 'H')
}

// isFuehrerschein checks the places of a licence number: office, serial, check digit or X, number of the copy.
func isFuehrerschein(c, d []byte) bool {
	if len(d) < 4 || !isLetter(c[0]) || !isDigit(c[1]) || !isDigit(c[2]) {
		return false
	}
	return (isDigit(c[9]) || c[9] == 'X') && (isDigit(c[10]) || isLetter(c[10]))
}

func isAustrianSVNR(d []byte) bool {
	if d[0] == 0 || pair(d, 4) > 31 || pair(d, 4) == 0 || pair(d, 6) == 0 || pair(d, 6) > 15 {
		return false
	}
	return weighted(d, 3, 7, 9, 0, 5, 8, 4, 2, 1, 6)%11 == int(d[3])
}

func isAustrianTax(d []byte) bool {
	sum := 0
	for k := range 8 {
		v := int(d[k])
		if k%2 == 1 {
			v = v*2/10 + v*2%10
		}
		sum += v
	}
	return (10-sum%10)%10 == int(d[8])
}

func isAHV(_, d []byte) bool {
	return d[0] == 7 && d[1] == 5 && d[2] == 6 && weighted(d, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1)%10 == 0
}
