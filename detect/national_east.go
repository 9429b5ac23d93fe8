package detect

// easternIdentities are identifiers of Poland, Czechia, Slovakia, the Balkans, Hungary, Greece, Cyprus, Malta, Russia,
// Ukraine and Türkiye.
func easternIdentities() []identity {
	return []identity{
		{
			id: "pii/pl-pesel", kind: "PL_PESEL", severity: High,
			description: "Polish population register number: date of birth with the century in the month, check digit modulo 10",
			cues:        words("pesel", "numer pesel"),
			forms:       []form{{written: "d11", check: digitsPass(isPESEL), proof: evidence{0.45, 0.66, 0.97}}},
			positives: []string{
				"they wrote 12712585397 on it.", "12712585397", "88830421116", "numer pesel: 12712585397", "numer pesel: 88830421116",
			},
			negatives: []string{
				"12712585397-7", "x12712585397", "12712585397_2", "88830421116-7", "x88830421116",
			},
		},
		{
			id: "pii/pl-nip", kind: "PL_NIP", severity: Low,
			description: "Polish tax number: weighted check modulo 11",
			cues:        words("nip", "numer identyfikacji podatkowej", "podatkow*"),
			forms: []form{
				{written: "d3-d3-d2-d2|d3-d2-d2-d3", check: digitsPass(isNIP), proof: evidence{0.6, 0.7, 0.95}},
				{written: "d10", check: digitsPass(isNIP), proof: evidence{0, 0.36, 0.95}},
			},
			positives: []string{
				"they wrote 879-854-08-45 on it.", "879-854-08-45", "433-96-68-288", "numer identyfikacji podatkowej: 879-854-08-45",
				"numer identyfikacji podatkowej: 433-96-68-288",
			},
			negatives: []string{
				"879-854-08-45-7", "x879-854-08-45", "879-854-08-45_2", "433-96-68-288-7", "x433-96-68-288",
			},
		},
		{
			id: "pii/pl-regon", kind: "PL_REGON", severity: Low,
			description: "Polish business register number: weighted check modulo 11",
			cues:        words("regon"),
			forms:       []form{{written: "d9|d14", check: digitsPass(isREGON), proof: evidence{0, 0.33, 0.95}}},
			positives: []string{
				"11617030152702", "34711195047112", "regon: 662063315", "regon: 11617030152702", "regon: 205108919",
			},
			negatives: []string{
				"order 662063315", "662063315-7", "x662063315", "662063315_2", "x11617030152702",
			},
		},
		{
			id: "pii/pl-id-card", kind: "PL_ID_CARD", severity: High,
			description: "Polish identity card number: three letters, six digits, weighted check",
			cues:        words("dowod", "dowod osobisty", "dowodu", "dowód", "seria i numer"),
			forms:       []form{{written: "A3d6|A3 d6", check: isDowod, proof: evidence{0.35, 0.44, 0.95}}},
			positives: []string{
				"they wrote RTA343376 on it.", "PUY 680812", "AYE 193470", "dowod osobisty: RTA343376", "dowod osobisty: PUY 680812",
			},
			negatives: []string{
				"RTA343376-7", "xRTA343376", "RTA343376_2", "PUY 680812-7", "xPUY 680812",
			},
		},
		{
			id: "pii/cz-sk-rc", kind: "CZ_SK_RC", severity: High,
			description: "Czech or Slovak birth number: date of birth with 50 added to the month for women, modulo 11",
			cues:        words("rodne cislo", "rodné číslo", "rc", "r.c.", "r.č."),
			forms: []form{
				{written: "d6/d4", check: digitsPass(isRodneCislo), proof: evidence{0.75, 0.8, 0.97}},
				{written: "d6/d3", check: digitsPass(isOldRodneCislo), proof: evidence{0.4, 0.5, 0.9}},
				{written: "d10", check: digitsPass(isRodneCislo), proof: evidence{0, 0.41, 0.95}},
				{written: "d9", check: digitsPass(isOldRodneCislo), proof: cuedForm},
			},
			positives: []string{
				"they wrote 340313/7551 on it.", "340313/7551", "695713/0356", "rodne cislo: 340313/7551", "rodne cislo: 695713/0356",
			},
			negatives: []string{
				"340313/7551-7", "x340313/7551", "340313/7551_2", "695713/0356-7", "x695713/0356",
			},
		},
		{
			id: "pii/bg-egn", kind: "BG_EGN", severity: High,
			description: "Bulgarian citizen number: date of birth with the century in the month, check digit modulo 11",
			cues:        words("egn", "егн", "единен граждански номер"),
			forms:       []form{{written: "d10", check: digitsPass(isEGN), proof: evidence{0, 0.42, 0.95}}},
			positives: []string{
				"1927163462", "4542108160", "9011079786", "egn: 4611057394", "egn: 1927163462",
			},
			negatives: []string{
				"order 4611057394", "4611057394-7", "x4611057394", "4611057394_2", "x1927163462",
			},
		},
		{
			id: "pii/hr-oib", kind: "HR_OIB", severity: High,
			description: "Croatian personal number: ISO 7064 MOD 11,10",
			cues:        words("oib", "osobni identifikacijski broj"),
			forms:       []form{{written: "d11", check: digitsPass(isOIB), proof: evidence{0, 0.35, 0.95}}},
			positives: []string{
				"45235677889", "49721384892", "65027987593", "osobni identifikacijski broj: 37462050007",
				"osobni identifikacijski broj: 45235677889",
			},
			negatives: []string{
				"order 37462050007", "37462050007-7", "x37462050007", "37462050007_2", "x45235677889",
			},
		},
		{
			id: "pii/jmbg", kind: "JMBG", severity: High,
			description: "personal number of Slovenia (EMŠO) and of the countries of the former Yugoslavia: date of birth, region, check digit",
			cues:        words("emso", "emšo", "jmbg", "јмбг", "maticni broj"),
			forms:       []form{{written: "d13", check: digitsPass(isJMBG), proof: evidence{0.4, 0.56, 0.95}}},
			positives: []string{
				"they wrote 1405035473851 on it.", "2206855144764", "2502942988160", "emso: 1405035473851", "emso: 0605024002615",
			},
			negatives: []string{
				"1405035473851-7", "x1405035473851", "1405035473851_2", "0605024002615-7", "x0605024002615",
			},
		},
		{
			id: "pii/hu-taj", kind: "HU_TAJ", severity: High,
			description: "Hungarian social security number: weights 3 and 7 modulo 10",
			cues:        words("taj", "taj szam", "társadalombiztosítási"),
			forms:       []form{{written: "d3 d3 d3|d3-d3-d3|d9", check: digitsPass(isTAJ), proof: evidence{0, 0, 0.92}}},
			positives: []string{
				"tarsadalombiztositasi: 444 428 758", "tarsadalombiztositasi: 220-059-888", "tarsadalombiztositasi: 835438869",
			},
			negatives: []string{
				"order 444 428 758", "444 428 758-7", "x444 428 758", "444 428 758_2", "x220-059-888",
			},
		},
		{
			id: "pii/hu-tax-id", kind: "HU_TAX_ID", severity: High,
			description: "Hungarian tax number of a person: begins with 8, weighted check modulo 11",
			cues:        words("adoazonosito", "adóazonosító", "ado azonosito", "tax id"),
			forms:       []form{{written: "d10", check: digitsPass(isHUTax), proof: evidence{0, 0.38, 0.95}}},
			positives: []string{
				"ado azonosito: 8813844069", "ado azonosito: 8596674888", "ado azonosito: 8252620981",
			},
			negatives: []string{
				"order 8813844069", "8813844069-7", "x8813844069", "8813844069_2", "x8596674888",
			},
		},
		{
			id: "pii/gr-amka", kind: "GR_AMKA", severity: High,
			description: "Greek social security number: date of birth, Luhn check",
			cues:        words("amka", "αμκα"),
			forms:       []form{{written: "d11", check: both(digitsPass(isDMY), luhnDigits), proof: evidence{0, 0.5, 0.95}}},
			positives: []string{
				"16026774667", "15078853544", "23101525188", "amka: 16026774667", "amka: 15078853544",
			},
			negatives: []string{
				"order 16026774667", "16026774667-7", "x16026774667", "16026774667_2", "x15078853544",
			},
		},
		{
			id: "pii/gr-afm", kind: "GR_AFM", severity: High,
			description: "Greek tax number: weights of two modulo 11",
			cues:        words("afm", "αφμ"),
			forms:       []form{{written: "d9", check: digitsPass(isAFM), proof: evidence{0, 0, 0.93}}},
			positives: []string{
				"afm: 325924235", "afm: 725495972", "afm: 951095026", "afm: 586975502", "afm: 502889736",
			},
			negatives: []string{
				"order 325924235", "325924235-7", "x325924235", "325924235_2", "x725495972",
			},
		},
		{
			id: "pii/cy-mt-id", kind: "CY_MT_ID", severity: High,
			description: "Cypriot tax or Maltese identity number, after a word that names it",
			cues:        words("cyprus tic", "tic", "cyprus", "malta", "maltese", "identity card", "karta tal-identita"),
			forms: []form{
				{written: "d8A1", proof: evidence{0, 0, 0.72}, cues: words("tic", "cyprus tic", "cyprus tax")},
				{written: "d7A1", check: func(c, _ []byte) bool { return indexByte("MGAPLHBZ", c[7]) >= 0 }, proof: cuedForm},
			},
			positives: []string{
				"cyprus tax: 54667114G", "cyprus tax: 48993546T", "cyprus tax: 66542025T", "cyprus tic: 9306206B",
				"cyprus tic: 9902566L",
			},
			negatives: []string{
				"order 54667114G", "54667114G-7", "x54667114G", "54667114G_2", "x48993546T",
			},
		},
		{
			id: "pii/ru-inn", kind: "RU_INN", severity: High,
			description: "Russian taxpayer number of a person or a company: check digits modulo 11",
			cues:        words("инн", "inn", "налогоплательщик*"),
			forms: []form{
				{written: "d12", check: digitsPass(isINN12), proof: evidence{0.4, 0.55, 0.97}},
				{written: "d10", check: digitsPass(isINN10), proof: evidence{0, 0, 0.93}},
			},
			positives: []string{
				"they wrote 057824014782 on it.", "057824014782", "542741441556", "inn: 057824014782", "inn: 542741441556",
			},
			negatives: []string{
				"057824014782-7", "x057824014782", "057824014782_2", "542741441556-7", "x542741441556",
			},
		},
		{
			id: "pii/ru-snils", kind: "RU_SNILS", severity: High,
			description: "Russian pension insurance number: key modulo 101",
			cues:        words("снилс", "snils", "страховой номер", "пенсионн*"),
			forms: []form{
				{written: "d3-d3-d3 d2|d3-d3-d3-d2|d3 d3 d3 d2", check: digitsPass(isSNILS), proof: provenForm},
				{written: "d11", check: digitsPass(isSNILS), proof: evidence{0.3, 0.5, 0.97}},
			},
			positives: []string{
				"they wrote 302-392-051 22 on it.", "302-392-051 22", "521-230-486-28", "snils: 302-392-051 22",
				"snils: 521-230-486-28",
			},
			negatives: []string{
				"302-392-051 22-7", "x302-392-051 22", "302-392-051 22_2", "521-230-486-28-7", "x521-230-486-28",
			},
		},
		{
			id: "pii/ru-passport", kind: "RU_PASSPORT", severity: High,
			description: "Russian passport: series and number, after a word that names it",
			cues:        words("паспорт*", "passport", "серия"),
			forms:       []form{{written: "d4 d6|d2 d2 d6|d10", proof: evidence{0, 0, 0.78}, cues: words("паспорт*", "серия", "russian passport", "passport series")}},
			positives: []string{
				"passport series: 1615 135967", "passport series: 09 47 463848", "passport series: 2182721348",
			},
			negatives: []string{
				"order 1615 135967", "1615 135967-7", "x1615 135967", "1615 135967_2", "x09 47 463848",
			},
		},
		{
			id: "pii/ua-rnokpp", kind: "UA_RNOKPP", severity: High,
			description: "Ukrainian tax number of a person: weighted check modulo 11",
			cues:        words("рнокпп", "іпн", "rnokpp", "ipn", "інн", "податков*"),
			forms:       []form{{written: "d10", check: digitsPass(isRNOKPP), proof: evidence{0, 0, 0.93}}},
			positives: []string{
				"ipn: 8960098337", "ipn: 4494863180", "ipn: 3828489727", "ipn: 0697848070", "ipn: 0132064280",
			},
			negatives: []string{
				"order 8960098337", "8960098337-7", "x8960098337", "8960098337_2", "x4494863180",
			},
		},
		{
			id: "pii/tr-national-id", kind: "TR_NATIONAL_ID", severity: High,
			description: "Turkish identity number: two check digits",
			cues:        words("tc kimlik", "tckn", "kimlik no", "kimlik", "t.c. kimlik", "tc no", "kimlik numarası"),
			forms:       []form{{written: "d11", check: digitsPass(isTCKN), proof: evidence{0.45, 0.67, 0.97}}},
			positives: []string{
				"they wrote 89343473764 on it.", "89343473764", "65838796822", "kimlik numarasi: 89343473764",
				"kimlik numarasi: 65838796822",
			},
			negatives: []string{
				"89343473764-7", "x89343473764", "89343473764_2", "65838796822-7", "x65838796822",
			},
		},
		{
			id: "pii/tr-license-plate", kind: "TR_LICENSE_PLATE", severity: Low,
			description: "Turkish number plate: province 01 to 81, letters, digits",
			cues:        words("plaka", "plate", "arac", "araç", "ruhsat", "license plate"),
			forms: []form{
				{written: "d2 A1 d4|d2 A1 d5|d2 A2 d3|d2 A2 d4|d2 A3 d2|d2 A3 d3", check: isPlateTR, proof: evidence{0.35, 0.6, 0.92}},
				{written: "d2A1d4|d2A1d5|d2A2d3|d2A2d4|d2A3d2|d2A3d3|d2-A1-d4|d2-A1-d5|d2-A2-d3|d2-A2-d4|d2-A3-d2|d2-A3-d3", check: isPlateTR, proof: evidence{0, 0.5, 0.9}},
			},
			positives: []string{
				"they wrote 72 G 1849 on it.", "72 G 1849", "42 P 88795", "arac: 72 G 1849", "arac: 42 P 88795",
			},
			negatives: []string{
				"between 30 and 60 minutes", "72 G 1849-7", "x72 G 1849", "72 G 1849_2", "42 P 88795-7", "x42 P 88795",
			},
		},
	}
}

func isPESEL(d []byte) bool {
	return calendarDate(pair(d, 0), pair(d, 2)%20, pair(d, 4)) && (weighted(d, 1, 3, 7, 9, 1, 3, 7, 9, 1, 3)+int(d[10]))%10 == 0
}

func isNIP(d []byte) bool {
	return weighted(d, 6, 5, 7, 2, 3, 4, 5, 6, 7)%11 == int(d[9]) && !sameDigits(d)
}

func isREGON(d []byte) bool {
	if sameDigits(d) || weighted(d, 8, 9, 2, 3, 4, 5, 6, 7)%11%10 != int(d[8]) {
		return false
	}
	return len(d) == 9 || weighted(d, 2, 4, 8, 5, 0, 9, 7, 3, 6, 1, 2, 4, 8)%11%10 == int(d[13])
}

func isDowod(c, _ []byte) bool {
	weights := [9]int{7, 3, 1, 9, 7, 3, 1, 7, 3}
	sum := 0
	for k, x := range c {
		sum += base36(x) * weights[k]
	}
	return sum%10 == 0
}

// birthMonth is the month of a birth number, from which 20, 50 or 70 is taken away.
func birthMonth(m int) int {
	switch {
	case m > 70:
		return m - 70
	case m > 50:
		return m - 50
	case m > 20:
		return m - 20
	}
	return m
}

func isRodneCislo(d []byte) bool {
	if !calendarDate(pair(d, 0), birthMonth(pair(d, 2)), pair(d, 4)) {
		return false
	}
	return value(d[:9])%11%10 == int(d[9])
}

func isOldRodneCislo(d []byte) bool {
	return pair(d, 0) < 54 && calendarDate(pair(d, 0), birthMonth(pair(d, 2)), pair(d, 4)) && value(d[6:]) > 0
}

func isEGN(d []byte) bool {
	m := pair(d, 2)
	if m > 40 {
		m -= 40
	} else if m > 20 {
		m -= 20
	}
	return calendarDate(pair(d, 0), m, pair(d, 4)) && weighted(d, 2, 4, 8, 5, 10, 9, 7, 3, 6)%11%10 == int(d[9])
}

func isOIB(d []byte) bool { return mod1110(d) && !sameDigits(d) }

func isJMBG(d []byte) bool {
	if !calendarDate(int(d[4])*100+pair(d, 5), pair(d, 2), pair(d, 0)) || d[4] != 9 && d[4] != 0 && d[4] != 8 {
		return false
	}
	return (11-weighted(d, 7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)%11)%11%10 == int(d[12])
}

func isTAJ(d []byte) bool {
	return weighted(d, 3, 7, 3, 7, 3, 7, 3, 7)%10 == int(d[8]) && !sameDigits(d)
}

func isHUTax(d []byte) bool {
	return d[0] == 8 && weighted(d, 1, 2, 3, 4, 5, 6, 7, 8, 9)%11 == int(d[9])
}

func isAFM(d []byte) bool {
	return weighted(d, 256, 128, 64, 32, 16, 8, 4, 2)%11%10 == int(d[8]) && !sameDigits(d)
}

func isINN10(d []byte) bool {
	return weighted(d, 2, 4, 10, 3, 5, 9, 4, 6, 8)%11%10 == int(d[9]) && !sameDigits(d)
}

func isINN12(d []byte) bool {
	return weighted(d, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8)%11%10 == int(d[10]) && weighted(d, 3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8)%11%10 == int(d[11]) && !sameDigits(d)
}

func isSNILS(d []byte) bool {
	return weighted(d, 9, 8, 7, 6, 5, 4, 3, 2, 1)%101%100 == pair(d, 9) && value(d[:9]) > 1001998
}

func isRNOKPP(d []byte) bool {
	s := weighted(d, -1, 5, 7, 9, 4, 6, 10, 5, 7) % 11
	if s < 0 {
		s += 11
	}
	return s%10 == int(d[9]) && !sameDigits(d)
}

func isTCKN(d []byte) bool {
	odd := int(d[0]) + int(d[2]) + int(d[4]) + int(d[6]) + int(d[8])
	even := int(d[1]) + int(d[3]) + int(d[5]) + int(d[7])
	return d[0] != 0 && (7*odd-even+100)%10 == int(d[9]) && (odd+even+int(d[9]))%10 == int(d[10])
}

// isPlateTR checks the province and the letters, which have no Q, W and X.
func isPlateTR(c, d []byte) bool {
	p := pair(d, 0)
	return p >= 1 && p <= 81 && noneOf(c, "QWX") && value(d[2:]) > 0
}
