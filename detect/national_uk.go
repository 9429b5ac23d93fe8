package detect

// ukIdentities are identifiers of the United Kingdom and Ireland.
func ukIdentities() []identity {
	return []identity{
		{
			id: "phi/uk-nhs", kind: "UK_NHS", severity: High,
			description: "NHS number of England, Wales and the Isle of Man: check digit modulo 11",
			cues:        words("nhs", "nhs number", "national health", "nhs no", "patient"),
			forms: []form{
				{written: "d3 d3 d4", check: digitsPass(isNHS), proof: evidence{0.45, 0.72, 0.97}},
				{written: "d3-d3-d4", check: digitsPass(isNHS), proof: evidence{0.4, 0.65, 0.97}},
				{written: "d10", check: digitsPass(isNHS), proof: weakForm.plus(0.05)},
			},
			positives: []string{
				"they wrote 176 081 4512 on it.", "176 081 4512", "228 474 6128", "national health: 176 081 4512",
				"national health: 228 474 6128",
			},
			negatives: []string{
				"176 081 4512-7", "x176 081 4512", "176 081 4512_2", "228 474 6128-7", "x228 474 6128",
			},
		},
		{
			id: "pii/uk-nino", kind: "UK_NINO", severity: High,
			description: "UK national insurance number: prefix that HMRC allots, six digits, suffix A to D",
			cues:        words("nino", "ni number", "national insurance", "ni no", "hmrc"),
			forms: []form{
				{written: "A2_d2_d2_d2_A1|A2_d6_A1|A2 d6A1|A2d6 A1|A2 d2 d2 d2A1", check: isNINO, proof: strongForm},
				{written: "A2_d6|A2_d2_d2_d2", check: isNINO, proof: cuedForm},
			},
			positives: []string{
				"they wrote CH919664D on it.", "CH919664D", "BT 07 48 68 B", "hmrc: CH919664D", "hmrc: BT 07 48 68 B",
			},
			negatives: []string{
				"CH919664D-7", "xCH919664D", "CH919664D_2", "BT 07 48 68 B-7", "xBT 07 48 68 B",
			},
		},
		{
			id: "pii/uk-utr", kind: "UK_UTR", severity: High,
			description: "UK unique taxpayer reference: check digit first, modulo 11",
			cues:        words("utr", "self assessment", "hmrc", "unique taxpayer", "tax reference"),
			forms:       []form{{written: "d10|d5 d5", check: digitsPass(isUTR), proof: evidence{0, 0.38, 0.9}}},
			positives: []string{
				"28715 79330", "21040 68783", "3714201167", "hmrc: 2891707265", "hmrc: 28715 79330",
			},
			negatives: []string{
				"order 2891707265", "2891707265-7", "x2891707265", "2891707265_2", "x28715 79330",
			},
		},
		{
			id: "pii/uk-passport", kind: "UK_PASSPORT", severity: High,
			description: "UK passport number: nine digits, or two letters and seven digits; no check digit outside the machine-readable zone",
			cues:        words("passport", "passport number", "travel document", "hmpo", "british passport", "uk passport"),
			forms: []form{
				{written: "A2d7|A2 d7", proof: evidence{0, 0.42, 0.87}},
				{written: "d9", check: varied, proof: evidence{0, 0, 0.85}, cues: words("british passport", "uk passport", "hmpo")},
				{written: "d9", check: varied, proof: cuedForm},
			},
			positives: []string{
				"JD6394109", "british passport: LI 1640086", "british passport: HP 1437352", "british passport: 595349809",
				"british passport: 756802060",
			},
			negatives: []string{
				"order JD6394109", "JD6394109-7", "xJD6394109", "JD6394109_2", "xLI 1640086",
			},
		},
		{
			id: "pii/uk-driving-licence", kind: "UK_DRIVING_LICENCE", severity: High,
			description: "UK driving licence number: surname, decade, month with 50 added for women, day, year, initials",
			cues:        words("driving licence", "driving license", "driver*", "dvla", "licence"),
			forms: []form{
				{written: "A5d6A2x1A2|A5d6A1d1x1A2|A4d7A2x1A2|A4d7A1d1x1A2|A3d8A2x1A2|A3d8A1d1x1A2|A2d9A2x1A2|A2d9A1d1x1A2", check: isDVLA, proof: provenForm},
				{written: "A5 d6 A2x1A2|A5 d6 A1d1x1A2|A5-d6-A2x1A2|A5 d6 A2x1 A2", check: isDVLA, proof: provenForm},
			},
			positives: []string{
				"they wrote MORGA657054SM9IJ on it.", "MORGA657054SM9IJ", "PRAML557059QU6RA", "driving licence: MORGA657054SM9IJ",
				"driving licence: PRAML557059QU6RA",
			},
			negatives: []string{
				"MORGA657054SM9IJ-7", "xMORGA657054SM9IJ", "MORGA657054SM9IJ_2", "WILLI 802313 JB9AB-7", "xWILLI 802313 JB9AB",
			},
		},
		{
			id: "pii/uk-postcode", kind: "UK_POSTCODE", severity: Low,
			description: "UK postcode: a post town's area, district, sector and unit (Royal Mail)",
			cues:        words("postcode", "post code", "postal code", "zip", "address", "delivery"),
			forms: []form{
				{written: "A1d1 d1A2|A1d2 d1A2|A2d1 d1A2|A2d2 d1A2|A1d1A1 d1A2|A2d1A1 d1A2|A3 d1A2", check: isPostcode, proof: evidence{0.7, 0.8, 0.95}},
				{written: "A1d2A2|A1d3A2|A2d2A2|A2d3A2|A1d1A1d1A2|A2d1A1d1A2|A3d1A2", check: isPostcode, proof: evidence{0.3, 0.6, 0.9}},
			},
			positives: []string{
				"they wrote L8 7BH on it.", "L8 7BH", "W02 4PY", "address: L8 7BH", "address: W02 4PY",
			},
			negatives: []string{
				"L8 7BH-7", "xL8 7BH", "L8 7BH_2", "W02 4PY-7", "xW02 4PY",
			},
		},
		{
			id: "pii/uk-vehicle-registration", kind: "UK_VEHICLE_REGISTRATION", severity: Low,
			description: "UK vehicle registration: the current style, those before 2001 with a year letter, and older ones after a word that names them",
			cues: words("registration", "reg", "reg no", "vehicle*", "number plate", "licence plate", "license plate", "plate", "vrm", "vrn", "car", "dvla", "van",
				"lorry", "motorbike"),
			forms: []form{
				{written: "A2d2 A3|A2d2-A3", check: isPlateUK, proof: evidence{0.45, 0.6, 0.9}},
				{written: "A2d2A3", check: isPlateUK, proof: evidence{0.35, 0.55, 0.9}},
				{written: "A1d1_A3|A1d2_A3|A1d3_A3", check: isPrefixPlate, proof: evidence{0.3, 0.5, 0.9}},
				{written: "A3_d1A1|A3_d2A1|A3_d3A1", check: isSuffixPlate, proof: evidence{0.3, 0.5, 0.9}},
				{
					written: "A1_d1|A1_d2|A1_d3|A1_d4|A2_d1|A2_d2|A2_d3|A2_d4|A3_d1|A3_d2|A3_d3|A3_d4|d1_A3|d2_A3|d3_A3|d4_A3|d1_A2|d2_A2|d3_A2|d4_A2", proof: evidence{0, 0, 0.6},
					cues: words("number plate", "licence plate", "license plate", "vrm", "vrn", "vehicle registration", "registration number", "reg no"),
				},
			},
			positives: []string{
				"they wrote RW26 CFA on it.", "RW26 CFA", "HD19-WOU", "car: RW26 CFA", "car: HD19-WOU",
			},
			negatives: []string{
				"RW26 CFA-7", "xRW26 CFA", "RW26 CFA_2", "HD19-WOU-7", "xHD19-WOU",
			},
		},
		{
			id: "pii/uk-bank-account", kind: "UK_BANK_ACCOUNT", severity: High,
			description: "UK sort code, with the account number where it follows",
			cues:        words("sort code", "sortcode", "account no", "account number", "bank", "acc no"),
			forms: []form{
				{written: "d2-d2-d2 d8|d2 d2 d2 d8", proof: evidence{0.45, 0.5, 0.95}},
				{written: "d2-d2-d2|d2 d2 d2|d6", proof: cuedForm, cues: words("sort code", "sortcode")},
			},
			positives: []string{
				"they wrote 37-65-92 73284684 on it.", "37-65-92 73284684", "09-16-04 74551538", "account number: 37-65-92 73284684",
				"account number: 00 35 31 51366332",
			},
			negatives: []string{
				"37-65-92 73284684-7", "x37-65-92 73284684", "37-65-92 73284684_2", "00 35 31 51366332-7", "x00 35 31 51366332",
			},
		},
		{
			id: "pii/ie-pps", kind: "IE_PPS", severity: High,
			description: "Irish personal public service number: check letter modulo 23",
			cues:        words("pps", "ppsn", "personal public service", "rsi number"),
			forms: []form{
				{written: "d7A1|d7 A1", check: isPPS, proof: evidence{0.4, 0.55, 0.95}},
				{written: "d7A2|d7 A2", check: isPPS, proof: evidence{0.5, 0.6, 0.95}},
			},
			positives: []string{
				"they wrote 8163763M on it.", "3819358 M", "6861564G", "personal public service: 8163763M",
				"personal public service: 3819358 M",
			},
			negatives: []string{
				"8163763M-7", "x8163763M", "8163763M_2", "3819358 M-7", "x3819358 M",
			},
		},
	}
}

func isNHS(d []byte) bool { return !sameDigits(d) && complement(d, 11, 99, 10, 9, 8, 7, 6, 5, 4, 3, 2) }

func isNINO(c, d []byte) bool {
	if len(c) == 9 && (c[8] < 'A' || c[8] > 'D') || sameDigits(d) && d[0] == 0 {
		return false
	}
	if indexByte("DFIQUV", c[0]) >= 0 || indexByte("DFIOQUV", c[1]) >= 0 {
		return false
	}
	return !indexPair("BGGBKNNKNTTNZZ", c[0], c[1])
}

func isUTR(d []byte) bool {
	return "21987654321"[weighted(d[1:], 6, 7, 8, 9, 10, 5, 4, 3, 2)%11] == d[0]+'0' && !sameDigits(d)
}

// isDVLA checks the parts of a driving licence number: nines fill the surname only at its end, the date is one.
func isDVLA(c, _ []byte) bool {
	for k := 1; k < 5; k++ {
		if isDigit(c[k]) && c[k] != '9' {
			return false
		}
	}
	for _, x := range c[5:11] {
		if !isDigit(x) {
			return false
		}
	}
	month, day := int(c[6]-'0')*10+int(c[7]-'0'), int(c[8]-'0')*10+int(c[9]-'0')
	if month > 50 {
		month -= 50
	}
	if isDigit(c[12]) && c[12] != '9' {
		return false
	}
	return calendarDate(0, month, day)
}

const postcodeAreas1 = "BEGLMNSW"

const postcodeAreas2 = "ABALBABBBDBFBHBLBNBRBSBTBXCACBCFCHCMCOCRCTCVCWDADDDEDGDHDLDNDTDYECEHENEXFKFYGLGUGYHAHDHGHPHRHSHUHXIGIMIPIVJEKAKTKWKYLALDLELLLNLSLULA" +
	"MEMKMLNENGNNNPNROLOXPAPEPHPLPOPRRGRHRMSASESGSKSLSMSNSOSPSRSSSTSWSYTATDTFTNTQTRTSTWUBWAWCWDWFWNWRWSWVYOZE"

// isPostcode checks area, district and unit; units have none of the letters C, I, K, M, O, V.
func isPostcode(c, _ []byte) bool {
	n := len(c)
	for _, x := range c[n-2:] {
		if indexByte("CIKMOV", x) >= 0 {
			return false
		}
	}
	if string(c) == "GIR0AA" {
		return true
	}
	if isDigit(c[1]) {
		return indexByte(postcodeAreas1, c[0]) >= 0 && (isDigit(c[n-4]) || indexByte("ABCDEFGHJKPSTUW", c[n-4]) >= 0)
	}
	return isDigit(c[2]) && indexPair(postcodeAreas2, c[0], c[1]) && (isDigit(c[n-4]) || indexByte("ABEHMNPRVWXY", c[n-4]) >= 0)
}

// isPlateUK checks the style since 2001: the age is the year, or the year and 50; I, Q and Z are used sparingly.
func isPlateUK(c, d []byte) bool {
	age := pair(d, 0)
	if indexByte("IJQTUXZ", c[0]) >= 0 || indexByte("IQZ", c[1]) >= 0 || indexByte("IQ", c[4]) >= 0 || indexByte("IQ", c[5]) >= 0 || indexByte("IQ", c[6]) >= 0 {
		return false
	}
	return age >= 2 && age <= 30 || age >= 51 && age <= 80
}

func isPrefixPlate(c, d []byte) bool {
	return indexByte("ABCDEFGHJKLMNPRSTVWXY", c[0]) >= 0 && d[0] != 0 && noneOf(c[1:], "IQ")
}

func isSuffixPlate(c, d []byte) bool {
	return indexByte("ABCDEFGHJKLMNPRSTVWXY", c[len(c)-1]) >= 0 && d[0] != 0 && noneOf(c[:3], "IQ")
}

func noneOf(c []byte, list string) bool {
	for _, x := range c {
		if indexByte(list, x) >= 0 {
			return false
		}
	}
	return true
}

func isPPS(c, d []byte) bool {
	sum := weighted(d, 8, 7, 6, 5, 4, 3, 2)
	if len(c) == 9 {
		if indexByte("ABHWTX", c[8]) < 0 {
			return false
		}
		if c[8] == 'A' || c[8] == 'B' || c[8] == 'H' {
			sum += 9 * int(c[8]-'@')
		}
	}
	return "WABCDEFGHIJKLMNOPQRSTUV"[sum%23] == c[7]
}
