package detect

// northernIdentities are identifiers of the Netherlands, Belgium, Luxembourg, the Nordic and the Baltic countries.
func northernIdentities() []identity {
	return []identity{
		{
			id: "pii/nl-bsn", kind: "NL_BSN", severity: High,
			description: "Dutch citizen service number: weighted check modulo 11",
			cues:        words("bsn", "burgerservicenummer", "sofinummer", "sofi nummer", "burgerservice"),
			forms: []form{
				{written: "d9|d8|d4.d2.d3|d3.d3.d3", check: digitsPass(isBSN), proof: evidence{0, 0.35, 0.95}},
				{written: "d3 d3 d3", check: digitsPass(isBSN), proof: cuedForm},
			},
			positives: []string{
				"844876616", "04051683", "7253.73.258", "burgerservicenummer: 844876616", "burgerservicenummer: 04051683",
			},
			negatives: []string{
				"order 844876616", "844876616-7", "x844876616", "844876616_2", "x04051683",
			},
		},
		{
			id: "pii/be-nrn", kind: "BE_NRN", severity: High,
			description: "Belgian national register number, also of foreigners: date of birth, serial, key modulo 97",
			cues:        words("rijksregister*", "registre national", "nrn", "insz", "niss", "nationaal nummer", "numero national"),
			forms: []form{
				{written: "d2.d2.d2-d3.d2|d2.d2.d2-d3-d2|d6-d3-d2|d6 d3 d2|d2 d2 d2 d3 d2", check: digitsPass(isNRN), proof: provenForm},
				{written: "d11", check: digitsPass(isNRN), proof: evidence{0.45, 0.65, 0.97}},
			},
			positives: []string{
				"they wrote 67.11.04-133.96 on it.", "67.11.04-133.96", "62.30.28-715-83", "insz: 67.11.04-133.96",
				"insz: 62.30.28-715-83",
			},
			negatives: []string{
				"67.11.04-133.96-7", "x67.11.04-133.96", "67.11.04-133.96_2", "62.30.28-715-83-7", "x62.30.28-715-83",
			},
		},
		{
			id: "pii/lu-matricule", kind: "LU_MATRICULE", severity: High,
			description: "Luxembourg national number: date of birth, Luhn and Verhoeff check digits",
			cues:        words("matricule", "numero d'identification", "cns"),
			forms:       []form{{written: "d13|d8 d5|d8 d3 d2", check: digitsPass(isMatricule), proof: strongForm}},
			positives:   []string{"they wrote 1893120105732 on it.", "1893120105732", "matricule: 1893120105732", "matricule 18931201 05732"},
			negatives:   []string{"matricule: 1893120105733", "x1893120105732", "1893120105732-7", "1500000105732"},
		},
		{
			id: "pii/se-personnummer", kind: "SE_PERSONNUMMER", severity: High,
			description: "Swedish personal or coordination number: date of birth, Luhn check",
			cues:        words("personnummer", "samordningsnummer", "personnr", "pnr", "person nr", "personal identity"),
			forms: []form{
				{written: "d6-d4|d6+d4|d8-d4|d8+d4", check: digitsPass(isPersonnummer), proof: evidence{0.6, 0.75, 0.97}},
				{written: "d12", check: digitsPass(isPersonnummer), proof: evidence{0.4, 0.6, 0.95}},
				{written: "d10", check: digitsPass(isPersonnummer), proof: evidence{0, 0.55, 0.95}},
			},
			positives: []string{
				"they wrote 360125-1964 on it.", "360125-1964", "420911+2368", "personal identity: 360125-1964",
				"personal identity: 420911+2368",
			},
			negatives: []string{
				"360125-1964-7", "x360125-1964", "360125-1964_2", "420911+2368-7", "x420911+2368",
			},
		},
		{
			id: "pii/se-organisationsnummer", kind: "SE_ORGANISATIONSNUMMER", severity: Low,
			description: "Swedish organisation number: third digit from 2 on, Luhn check",
			cues:        words("organisationsnummer", "org nr", "orgnr", "organisationsnr", "org nummer", "foretag*"),
			forms: []form{
				{written: "d6-d4", check: digitsPass(isOrganisationsnummer), proof: evidence{0.45, 0.65, 0.95}},
				{written: "d10", check: digitsPass(isOrganisationsnummer), proof: evidence{0, 0.42, 0.95}},
			},
			positives: []string{
				"they wrote 568422-3596 on it.", "568422-3596", "845862-8370", "organisationsnummer: 568422-3596",
				"organisationsnummer: 845862-8370",
			},
			negatives: []string{
				"568422-3596-7", "x568422-3596", "568422-3596_2", "845862-8370-7", "x845862-8370",
			},
		},
		{
			id: "pii/fi-hetu", kind: "FI_PERSONAL_IDENTITY_CODE", severity: High,
			description: "Finnish personal identity code: date of birth, sign of the century, serial, check character modulo 31",
			cues:        words("hetu", "henkilotunnus", "personbeteckning", "henkilötunnus"),
			forms:       []form{{written: "d6-d3x1|d6+d3x1|d6A1d3x1", check: isHetu, proof: provenForm}},
			positives: []string{
				"they wrote 190300-2679 on it.", "190300-2679", "250763-480H", "henkilotunnus: 190300-2679",
				"henkilotunnus: 250763-480H",
			},
			negatives: []string{
				"190300-2679-7", "x190300-2679", "190300-2679_2", "250763-480H-7", "x250763-480H",
			},
		},
		{
			id: "pii/dk-cpr", kind: "DK_CPR", severity: High,
			description: "Danish civil registration number: date of birth and serial",
			cues:        words("cpr", "cpr nummer", "personnummer", "cpr nr"),
			forms: []form{
				{written: "d6-d4", check: digitsPass(isCPR11), proof: evidence{0.55, 0.66, 0.95}},
				{written: "d6-d4", check: digitsPass(isDMY), proof: evidence{0.35, 0.5, 0.9}},
				{written: "d10|d6 d4", check: digitsPass(isDMY), proof: evidence{0, 0, 0.85}},
			},
			positives: []string{
				"they wrote 080468-2759 on it.", "080468-2759", "270596-7523", "cpr nummer: 080468-2759", "cpr nummer: 270596-7523",
			},
			negatives: []string{
				"080468-2759-7", "x080468-2759", "080468-2759_2", "270596-7523-7", "x270596-7523",
			},
		},
		{
			id: "pii/no-fodselsnummer", kind: "NO_FODSELSNUMMER", severity: High,
			description: "Norwegian birth number, D-number or H-number: date of birth, two check digits modulo 11",
			cues:        words("fodselsnummer", "fødselsnummer", "personnummer", "fnr", "d nummer", "fodselsnr"),
			forms:       []form{{written: "d11|d6 d5", check: digitsPass(isFodselsnummer), proof: evidence{0.45, 0.68, 0.97}}},
			positives: []string{
				"they wrote 65081624113 on it.", "65081624113", "714501 28745", "d nummer: 65081624113", "d nummer: 714501 28745",
			},
			negatives: []string{
				"65081624113-7", "x65081624113", "65081624113_2", "714501 28745-7", "x714501 28745",
			},
		},
		{
			id: "pii/is-kennitala", kind: "IS_KENNITALA", severity: High,
			description: "Icelandic identification number: date of birth, check digit modulo 11, century",
			cues:        words("kennitala", "kt"),
			forms: []form{
				{written: "d6-d4", check: digitsPass(isKennitala), proof: evidence{0.55, 0.68, 0.95}},
				{written: "d10", check: digitsPass(isKennitala), proof: evidence{0, 0.4, 0.95}},
			},
			positives: []string{
				"they wrote 070196-1589 on it.", "070196-1589", "631053-6530", "kennitala: 070196-1589", "kennitala: 631053-6530",
			},
			negatives: []string{
				"070196-1589-7", "x070196-1589", "070196-1589_2", "631053-6530-7", "x631053-6530",
			},
		},
		{
			id: "pii/ee-lt-code", kind: "EE_LT_PERSONAL_CODE", severity: High,
			description: "Estonian or Lithuanian personal code: sex and century, date of birth, check digit in two steps",
			cues:        words("isikukood", "asmens kodas", "asmens kodą", "personal code"),
			forms:       []form{{written: "d11", check: digitsPass(isBalticCode), proof: evidence{0.4, 0.56, 0.95}}},
			positives: []string{
				"they wrote 23010136272 on it.", "23010136272", "27105207765", "asmens kodas: 23010136272", "asmens kodas: 27105207765",
			},
			negatives: []string{
				"23010136272-7", "x23010136272", "23010136272_2", "27105207765-7", "x27105207765",
			},
		},
		{
			id: "pii/lv-code", kind: "LV_PERSONAL_CODE", severity: High,
			description: "Latvian personal code: date of birth and check digit, or without meaning since 2017",
			cues:        words("personas kods", "personas kodu", "p.k."),
			forms: []form{
				{written: "d6-d5", check: digitsPass(isPersonasKods), proof: evidence{0.5, 0.6, 0.95}},
				{written: "d11", check: digitsPass(isPersonasKods), proof: cuedForm},
			},
			positives: []string{
				"they wrote 383352-11739 on it.", "383352-11739", "366781-70995", "personas kods: 383352-11739",
				"personas kods: 366781-70995",
			},
			negatives: []string{
				"383352-11739-7", "x383352-11739", "383352-11739_2", "366781-70995-7", "x366781-70995",
			},
		},
	}
}

func isBSN(d []byte) bool {
	sum, n := -int(d[len(d)-1]), len(d)
	for k := range n - 1 {
		sum += int(d[k]) * (n - k)
	}
	return sum%11 == 0 && !sameDigits(d)
}

func isNRN(d []byte) bool {
	month, day := pair(d, 2)%20, pair(d, 4)
	if pair(d, 2) > 52 || month > 12 || day > 31 || value(d[6:9]) == 0 || value(d[6:9]) == 999 {
		return false
	}
	n, key := value(d[:9]), pair(d, 9)
	return 97-n%97 == key || 97-(2000000000+n)%97 == key
}

func isMatricule(d []byte) bool {
	if year := value(d[:4]); year < 1850 || year > 2040 || !calendarDate(value(d[:4]), pair(d, 4), pair(d, 6)) {
		return false
	}
	var v [12]byte
	copy(v[:], d[:11])
	v[11] = d[12]
	return luhn(d[:12]) && verhoeff(v[:])
}

func isPersonnummer(d []byte) bool {
	if len(d) == 12 {
		if c := pair(d, 0); c < 18 || c > 20 {
			return false
		}
		d = d[2:]
	}
	day := pair(d, 4)
	if day > 60 {
		day -= 60
	}
	return calendarDate(pair(d, 0), pair(d, 2), day) && luhn(d) && pair(d, 6)+pair(d, 8) > 0
}

func isOrganisationsnummer(d []byte) bool { return d[2] >= 2 && d[0] != 0 && d[0] != 4 && luhn(d) }

const hetuLetters = "0123456789ABCDEFHJKLMNPRSTUVWXY"

func isHetu(c, d []byte) bool {
	day := d[:6]
	if !isDMY(day) {
		return false
	}
	n := value(d[:9])
	if serial := n % 1000; serial < 2 { // from 900 up they are temporary
		return false
	}
	if len(c) == 11 && indexByte("YXWVUABCDEF", c[6]) < 0 {
		return false
	}
	return hetuLetters[n%31] == c[len(c)-1]
}

func isCPR11(d []byte) bool { return isDMY(d) && weighted(d, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)%11 == 0 }

func isFodselsnummer(d []byte) bool {
	day, month := pair(d, 0), pair(d, 2)
	if day > 40 {
		day -= 40
	}
	if month > 40 {
		month -= 40
	}
	return calendarDate(pair(d, 4), month, day) && (weighted(d, 3, 7, 6, 1, 8, 9, 4, 5, 2)+int(d[9]))%11 == 0 &&
		(weighted(d, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)+int(d[10]))%11 == 0
}

func isKennitala(d []byte) bool {
	day := pair(d, 0)
	if day > 40 {
		day -= 40
	}
	return calendarDate(pair(d, 4), pair(d, 2), day) && (d[9] == 9 || d[9] == 0) && weighted(d, 3, 2, 7, 6, 5, 4, 3, 2, 1)%11 == 0
}

func isBalticCode(d []byte) bool {
	if d[0] == 0 || d[0] > 8 || !isYMD(d[1:]) {
		return false
	}
	c := weighted(d, 1, 2, 3, 4, 5, 6, 7, 8, 9, 1) % 11
	if c == 10 {
		c = weighted(d, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3) % 11 % 10
	}
	return c == int(d[10])
}

func isPersonasKods(d []byte) bool {
	if d[0] == 3 && d[1] >= 2 {
		return true
	}
	return isDMY(d) && d[6] <= 2 && (1+weighted(d, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9))%11%10 == int(d[10])
}
