package detect

// latinIdentities are identifiers of France, Spain, Italy, Portugal and Romania.
func latinIdentities() []identity {
	return []identity{
		{
			id: "pii/fr-nir", kind: "FR_NIR", severity: High,
			description: "French social security number: sex, year, month, department, commune, serial, key modulo 97",
			cues:        words("nir", "securite sociale", "insee", "numero de securite", "n° ss", "carte vitale"),
			forms: []form{
				{written: "d15|d13 d2|d1 d2 d2 d2 d3 d3 d2|d1-d2-d2-d2-d3-d3-d2|d1.d2.d2.d2.d3.d3.d2", check: isNIR, proof: evidence{0.75, 0.85, 0.97}},
				{written: "d6A1d8|d1 d2 d2 d1A1 d3 d3 d2|d6A1d6 d2", check: isNIR, proof: provenForm},
			},
			positives: []string{
				"they wrote 2 55 08 14 168 025 38 on it.", "2 55 08 14 168 025 38", "112725374461906",
				"carte vitale: 2 55 08 14 168 025 38", "carte vitale: 112725374461906",
			},
			negatives: []string{
				"2 55 08 14 168 025 38-7", "x2 55 08 14 168 025 38", "2 55 08 14 168 025 38_2", "112725374461906-7", "x112725374461906",
			},
		},
		{
			id: "pii/fr-siren", kind: "FR_SIREN", severity: Low,
			description: "French company number: Luhn check",
			cues:        words("siren", "rcs", "immatricul*"),
			forms:       []form{{written: "d9|d3 d3 d3", check: luhnDigits, proof: evidence{0, 0.35, 0.9}}},
			positives: []string{
				"865501464", "rcs: 867062333", "rcs: 777 677 055", "rcs: 865501464", "rcs: 372 336 438",
			},
			negatives: []string{
				"order 867062333", "867062333-7", "x867062333", "867062333_2", "x777 677 055",
			},
		},
		{
			id: "pii/fr-siret", kind: "FR_SIRET", severity: Low,
			description: "French establishment number: Luhn check, or a digit sum for La Poste",
			cues:        words("siret", "etablissement"),
			forms: []form{
				{written: "d14", check: isSIRET, proof: evidence{0, 0.37, 0.9}},
				{written: "d3 d3 d3 d5|d9 d5", check: isSIRET, proof: evidence{0.4, 0.5, 0.9}},
			},
			positives: []string{
				"they wrote 161 269 550 64014 on it.", "29166783057959", "31726662587743", "etablissement: 29166783057959",
				"etablissement: 31726662587743",
			},
			negatives: []string{
				"order 38144650984927", "38144650984927-7", "x38144650984927", "38144650984927_2", "x29166783057959",
			},
		},
		{
			id: "pii/fr-nif", kind: "FR_NIF", severity: High,
			description: "French tax reference of a person (SPI): first ten digits modulo 511",
			cues:        words("numero fiscal", "spi", "nif", "impots", "reference fiscale", "identifiant fiscal"),
			forms:       []form{{written: "d13|d2 d2 d3 d3 d3", check: digitsPass(isSPI), proof: evidence{0.45, 0.6, 0.95}}},
			positives: []string{
				"they wrote 0569368855391 on it.", "0569368855391", "02 57 925 898 181", "identifiant fiscal: 0569368855391",
				"identifiant fiscal: 02 57 925 898 181",
			},
			negatives: []string{
				"0569368855391-7", "x0569368855391", "0569368855391_2", "02 57 925 898 181-7", "x02 57 925 898 181",
			},
		},
		{
			id: "pii/fr-id-card", kind: "FR_ID_CARD", severity: High,
			description: "French identity card or passport number, after a word that names it",
			cues:        words("carte d'identite", "carte nationale", "cni", "passeport", "piece d'identite"),
			forms:       []form{{written: "d12|d2A2d5|w9", proof: cuedForm}},
			positives: []string{
				"carte d identite: 258248980837", "carte d identite: 04ZR26441", "carte d identite: 6N2EMIC67",
			},
			negatives: []string{
				"order 258248980837", "258248980837-7", "x258248980837", "258248980837_2", "x04ZR26441",
			},
		},
		{
			id: "pii/fr-vehicle-registration", kind: "FR_VEHICLE_REGISTRATION", severity: Low,
			description: "French number plate since 2009",
			cues:        words("immatricul*", "plaque", "vehicule", "carte grise"),
			forms:       []form{{written: "A2-d3-A2", check: func(c, d []byte) bool { return noneOf(c, "IOU") && value(d) > 0 }, proof: evidence{0.35, 0.5, 0.9}}, {written: "A2d3A2|A2 d3 A2", proof: cuedForm}},
			positives: []string{
				"they wrote RK-384-CW on it.", "RK-384-CW", "HK-904-XA", "carte grise: RK-384-CW", "carte grise: HK-904-XA",
			},
			negatives: []string{
				"RK-384-CW-7", "xRK-384-CW", "RK-384-CW_2", "HK-904-XA-7", "xHK-904-XA",
			},
		},
		{
			id: "pii/es-nif", kind: "ES_NIF", severity: High,
			description: "Spanish identity number (DNI, NIF): check letter modulo 23",
			cues:        words("dni", "nif", "documento nacional", "identidad", "identificacion"),
			forms: []form{
				{written: "d8A1|d8-A1|d2.d3.d3-A1|d2.d3.d3A1", check: isNIF, proof: evidence{0.6, 0.75, 0.95}},
				{written: "d7A1|d7-A1|d8 A1|d1.d3.d3-A1", check: isNIF, proof: evidence{0.35, 0.6, 0.95}},
				{written: "A1d7A1|A1-d7-A1", check: isOldNIF, proof: evidence{0.6, 0.7, 0.95}},
			},
			positives: []string{
				"they wrote 78558934L on it.", "78558934L", "02937690-S", "documento nacional: 78558934L",
				"documento nacional: 02937690-S",
			},
			negatives: []string{
				"78558934L-7", "x78558934L", "78558934L_2", "02937690-S-7", "x02937690-S",
			},
		},
		{
			id: "pii/es-nie", kind: "ES_NIE", severity: High,
			description: "Spanish identity number of foreigners: X, Y or Z, check letter modulo 23",
			cues:        words("nie", "extranjer*", "identidad de extranjero"),
			forms:       []form{{written: "A1d7A1|A1-d7-A1|A1d7-A1|A1-d7A1|A1 d7 A1|A1d8A1|A1d8-A1", check: isNIE, proof: evidence{0.75, 0.85, 0.97}}},
			positives: []string{
				"they wrote Y4883125D on it.", "Y4883125D", "Z-7993109-Q", "identidad de extranjero: Y4883125D",
				"identidad de extranjero: Z-7993109-Q",
			},
			negatives: []string{
				"Y4883125D-7", "xY4883125D", "Y4883125D_2", "Z-7993109-Q-7", "xZ-7993109-Q",
			},
		},
		{
			id: "pii/es-cif", kind: "ES_CIF", severity: Low,
			description: "Spanish company number: check digit or letter",
			cues:        words("cif", "nif", "sociedad", "empresa"),
			forms:       []form{{written: "A1d8|A1-d8|A1d7A1|A1-d7-A1|A1-d7A1|A1d7-A1", check: isCIF, proof: evidence{0.35, 0.5, 0.9}}},
			positives: []string{
				"they wrote F88007919 on it.", "F88007919", "J-60949005", "cif: F88007919", "cif: J-60949005",
			},
			negatives: []string{
				"F88007919-7", "xF88007919", "F88007919_2", "J-60949005-7", "xJ-60949005",
			},
		},
		{
			id: "pii/es-social-security", kind: "ES_SOCIAL_SECURITY", severity: High,
			description: "Spanish social security number: province, number, first ten digits modulo 97",
			cues:        words("nuss", "naf", "seguridad social", "afiliacion"),
			forms:       []form{{written: "d12|d2 d8 d2|d2/d8/d2|d2-d8-d2|d2 d10|d2/d10", check: digitsPass(isNUSS), proof: evidence{0.4, 0.6, 0.95}}},
			positives: []string{
				"they wrote 352947357045 on it.", "352947357045", "48 53409280 21", "afiliacion: 352947357045",
				"afiliacion: 48 53409280 21",
			},
			negatives: []string{
				"352947357045-7", "x352947357045", "352947357045_2", "48 53409280 21-7", "x48 53409280 21",
			},
		},
		{
			id: "pii/es-passport", kind: "ES_PASSPORT", severity: High,
			description: "Spanish passport number: three letters and six digits, or two and six",
			cues:        words("pasaporte", "passport"),
			forms: []form{
				{written: "A3d6", proof: evidence{0, 0.45, 0.9}},
				{written: "A2d6|A3d6A1", proof: cuedForm},
			},
			positives: []string{
				"DEF631851", "IZQ014900", "JFV697029", "pasaporte: DEF631851", "pasaporte: IZQ014900",
			},
			negatives: []string{
				"order DEF631851", "DEF631851-7", "xDEF631851", "DEF631851_2", "xIZQ014900",
			},
		},
		{
			id: "pii/it-fiscal-code", kind: "IT_FISCAL_CODE", severity: High,
			description: "Italian tax code (codice fiscale): name letters, date of birth, place, check letter; letters for digits where codes would coincide",
			cues:        words("codice fiscale", "c.f.", "cf", "cod fisc", "fiscal code", "cod. fisc."),
			forms: []form{
				{written: "w16|A3 A3 d2A1d2 A1d3A1", check: isFiscalCode, proof: provenForm},
				{written: "w16", check: fiscalShape, proof: evidence{0.4, 0.5, 0.75}},
			},
			positives: []string{
				"they wrote RSSMRA85T10A562S on it.", "RSSMRA85T10A562S", "VRDGPP13R10B293P", "codice fiscale: RSSMRA85T10A562S",
				"codice fiscale: VRDGPP13R10B293P",
			},
			negatives: []string{
				"RSSMRA85T10A562S-7", "xRSSMRA85T10A562S", "RSSMRA85T10A562S_2", "VRDGPP13R10B293P-7", "xVRDGPP13R10B293P",
			},
		},
		{
			id: "pii/it-vat", kind: "IT_VAT_CODE", severity: Low,
			description: "Italian VAT number: office, Luhn check",
			cues:        words("partita iva", "p.iva", "p iva", "piva", "iva", "vat"),
			forms: []form{
				{written: "d11", check: digitsPass(isPIVA), proof: evidence{0, 0.48, 0.95}},
				{written: "A2d11", check: both(startsWith("IT"), digitsPass(isPIVA)), proof: provenForm},
			},
			positives: []string{
				"they wrote IT53694830919 on it.", "53524600797", "33832950993", "iva: 53524600797", "iva: 33832950993",
			},
			negatives: []string{
				"order 53524600797", "53524600797-7", "x53524600797", "53524600797_2", "x33832950993",
			},
		},
		{
			id: "pii/it-driver-license", kind: "IT_DRIVER_LICENSE", severity: High,
			description: "Italian driving licence number: two letters, seven digits, letter; or U1 and seven characters",
			cues:        words("patente", "patente di guida", "licenza", "driver*", "driving licence"),
			forms: []form{
				{written: "A2d7A1|A2 d7 A1", proof: evidence{0.35, 0.55, 0.9}},
				{written: "w10", check: isU1, proof: evidence{0.45, 0.6, 0.9}},
			},
			positives: []string{
				"they wrote CI3589207W on it.", "CI3589207W", "WB 4297680 I", "driving licence: CI3589207W",
				"driving licence: WB 4297680 I",
			},
			negatives: []string{
				"CI3589207W-7", "xCI3589207W", "CI3589207W_2", "WB 4297680 I-7", "xWB 4297680 I",
			},
		},
		{
			id: "pii/it-passport", kind: "IT_PASSPORT", severity: High,
			description: "Italian passport number: two letters and seven digits",
			cues:        words("passaporto", "passport", "italian passport", "elettronico"),
			forms:       []form{{written: "A2d7", proof: evidence{0, 0.41, 0.88}}},
			positives: []string{
				"elettronico: TO9722269", "elettronico: VN8672688", "elettronico: KK2515855",
			},
			negatives: []string{
				"order TO9722269", "TO9722269-7", "xTO9722269", "TO9722269_2", "xVN8672688",
			},
		},
		{
			id: "pii/it-identity-card", kind: "IT_IDENTITY_CARD", severity: High,
			description: "Italian identity card number: paper, electronic of the second and of the third kind",
			cues:        words("carta d'identita", "carta di identita", "carta identita", "cie", "identity card", "id card", "documento", "elettronica"),
			forms: []form{
				{written: "A2d5A2|A2 d5 A2", proof: evidence{0.4, 0.6, 0.92}},
				{written: "d7A2|d7 A2", proof: evidence{0.3, 0.45, 0.9}},
				{written: "A2 d7", proof: evidence{0, 0.43, 0.9}},
				{written: "A2d7", proof: evidence{0, 0.4, 0.9}},
			},
			positives: []string{
				"they wrote WR68435TI on it.", "WR68435TI", "AX 43511 ZM", "carta di identita: WR68435TI",
				"carta di identita: AX 43511 ZM",
			},
			negatives: []string{
				"WR68435TI-7", "xWR68435TI", "WR68435TI_2", "AX 43511 ZM-7", "xAX 43511 ZM",
			},
		},
		{
			id: "pii/pt-nif", kind: "PT_NIF", severity: High,
			description: "Portuguese taxpayer number: check digit modulo 11",
			cues:        words("nif", "contribuinte", "numero fiscal", "identificacao fiscal", "nipc"),
			forms:       []form{{written: "d9|d3 d3 d3", check: both(firstDigit("1235689"), digitsPass(isPTNIF)), proof: evidence{0, 0.35, 0.92}}},
			positives: []string{
				"374764417", "982 508 093", "263956695", "contribuinte: 374764417", "contribuinte: 963 828 886",
			},
			negatives: []string{
				"order 374764417", "374764417-7", "x374764417", "374764417_2", "x963 828 886",
			},
		},
		{
			id: "pii/pt-citizen-card", kind: "PT_CC", severity: High,
			description: "Portuguese citizen card number: check over digits and letters",
			cues:        words("cartao de cidadao", "cartao cidadao", "cc", "identidade", "bilhete de identidade"),
			forms:       []form{{written: "d8 d1 A2d1|d9A2d1|d8 d1A2d1|d9 A2d1|d8-d1-A2d1|d8 d1 x1x1d1|d9A1d2|d9d1A1d1", check: isCitizenCard, proof: strongForm}},
			positives: []string{
				"they wrote 93125417 5 RL9 on it.", "93125417 5 RL9", "458372567NH0", "bilhete de identidade: 93125417 5 RL9",
				"bilhete de identidade: 458372567NH0",
			},
			negatives: []string{
				"93125417 5 RL9-7", "x93125417 5 RL9", "93125417 5 RL9_2", "458372567NH0-7", "x458372567NH0",
			},
		},
		{
			id: "pii/ro-cnp", kind: "RO_CNP", severity: High,
			description: "Romanian personal number: sex and century, date of birth, county, check digit modulo 11",
			cues:        words("cnp", "cod numeric personal"),
			forms:       []form{{written: "d13", check: digitsPass(isCNP), proof: evidence{0.4, 0.6, 0.95}}},
			positives: []string{
				"they wrote 7120325087440 on it.", "7120325087440", "1090919432985", "cod numeric personal: 7120325087440",
				"cod numeric personal: 1090919432985",
			},
			negatives: []string{
				"7120325087440-7", "x7120325087440", "7120325087440_2", "1090919432985-7", "x1090919432985",
			},
		},
	}
}

func isNIR(c, d []byte) bool {
	if indexByte("123478", c[0]) < 0 {
		return false
	}
	month := int(c[3]-'0')*10 + int(c[4]-'0')
	if !(month >= 1 && month <= 12 || month >= 20 && month <= 42 || month >= 50) {
		return false
	}
	var n [13]byte
	for k := range n {
		n[k] = c[k] - '0'
	}
	switch c[6] {
	case 'A':
		n[5], n[6] = 1, 9
	case 'B':
		n[5], n[6] = 1, 8
	}
	if !isDigit(c[6]) && (c[5] != '2' || c[6] > 'B') || pair(n[:], 5) == 0 {
		return false
	}
	return 97-value(n[:])%97 == pair(d, len(d)-2)
}

func isSIRET(_, d []byte) bool {
	if sameDigits(d) {
		return false
	}
	if value(d[:9]) == 356000000 {
		sum := 0
		for _, x := range d {
			sum += int(x)
		}
		return sum%5 == 0
	}
	return luhn(d) && luhn(d[:9])
}

func isSPI(d []byte) bool { return d[0] <= 3 && value(d[:10])%511 == value(d[10:]) && !sameDigits(d) }

const nifLetters = "TRWAGMYFPDXBNJZSQVHLCKE"

func isNIF(c, d []byte) bool { return nifLetters[value(d)%23] == c[len(c)-1] }

// isOldNIF checks numbers of persons without a DNI, which begin with K, L or M.
func isOldNIF(c, d []byte) bool {
	return indexByte("KLM", c[0]) >= 0 && nifLetters[value(d)%23] == c[8]
}

func isNIE(c, d []byte) bool {
	return c[0] >= 'X' && c[0] <= 'Z' && (int(c[0]-'X')*10000000+value(d))%23 == indexByte(nifLetters, c[len(c)-1]) && (len(d) == 7 || d[0] == 0 && c[0] == 'X')
}

func isCIF(c, d []byte) bool {
	if indexByte("ABCDEFGHJNPQRSUVW", c[0]) < 0 || sameDigits(d) {
		return false
	}
	sum := 0
	for k := range 7 {
		v := int(d[k])
		if k%2 == 0 {
			v = v*2/10 + v*2%10
		}
		sum += v
	}
	k := (10 - sum%10) % 10
	last := c[8]
	if isDigit(last) {
		return k == int(last-'0')
	}
	return "JABCDEFGHI"[k] == last
}

func isNUSS(d []byte) bool {
	p := pair(d, 0)
	if p == 0 || p > 53 && p != 66 {
		return false
	}
	n := value(d[:10])
	if rest := value(d[2:10]); rest < 10000000 {
		n = p*10000000 + rest
	}
	return n%97 == pair(d, 10)
}

// fiscalDigits maps the letters that stand for digits in an Italian tax code.
const fiscalDigits = "LMNPQRSTUV"

// fiscalOdd are the values of 0-9 and A-J at odd places, then those of K-Z (decree of 23 December 1976).
var fiscalOdd = [26]int{1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23}

// fiscalShape checks the places of a tax code without its check letter.
func fiscalShape(c, _ []byte) bool {
	for k, x := range c {
		digit := k == 6 || k == 7 || k == 9 || k == 10 || k >= 12 && k <= 14
		if digit && !isDigit(x) && indexByte(fiscalDigits, x) < 0 || !digit && !isUpper(x) {
			return false
		}
	}
	day := fiscalDigit(c[9])*10 + fiscalDigit(c[10])
	if day > 40 {
		day -= 40
	}
	return indexByte("ABCDEHLMPRST", c[8]) >= 0 && day >= 1 && day <= 31
}

func fiscalDigit(c byte) int {
	if isDigit(c) {
		return int(c - '0')
	}
	return max(0, indexByte(fiscalDigits, c))
}

func isFiscalCode(c, _ []byte) bool {
	if !fiscalShape(c, nil) {
		return false
	}
	sum := 0
	for k, x := range c[:15] {
		v := int(x - 'A')
		if isDigit(x) {
			v = int(x - '0')
		}
		if k%2 == 0 {
			v = fiscalOdd[v]
		}
		sum += v
	}
	return byte(sum%26)+'A' == c[15]
}

func isPIVA(d []byte) bool {
	office := value(d[7:10])
	return value(d[:7]) > 0 && (office >= 1 && office <= 100 || office == 120 || office == 121 || office == 888 || office == 999) && luhn(d)
}

// isU1 checks licences with a serial: U1, seven characters without vowels other than U, a letter.
func isU1(c, _ []byte) bool {
	return c[0] == 'U' && c[1] == '1' && isLetter(c[9]) && noneOf(c[2:9], "AEIO")
}

func isPTNIF(d []byte) bool { return minus11(weighted(d, 9, 8, 7, 6, 5, 4, 3, 2)) == int(d[8]) }

func isCitizenCard(c, _ []byte) bool {
	sum := 0
	for k, x := range c {
		v := base36(x)
		if k%2 == 0 {
			if v *= 2; v > 9 {
				v -= 9
			}
		}
		sum += v
	}
	return sum%10 == 0
}

func isCNP(d []byte) bool {
	if d[0] == 0 || !isYMD(d[1:]) || pair(d, 7) == 0 || pair(d, 7) > 52 && pair(d, 7) != 70 {
		return false
	}
	c := weighted(d, 2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9) % 11
	if c == 10 {
		c = 1
	}
	return c == int(d[12])
}
