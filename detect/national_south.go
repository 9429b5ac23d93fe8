package detect

// southernIdentities are identifiers of Australia, New Zealand, Africa, Israel and the Emirates.
func southernIdentities() []identity {
	return []identity{
		{
			id: "pii/au-tfn", kind: "AU_TFN", severity: High,
			description: "Australian tax file number: weighted check modulo 11",
			cues:        words("tfn", "tax file", "tax file number", "ato"),
			forms: []form{
				{written: "d3 d3 d3", check: digitsPass(isTFN), proof: evidence{0.45, 0.71, 0.97}},
				{written: "d3-d3-d3", check: digitsPass(isTFN), proof: evidence{0.3, 0.45, 0.95}},
				{written: "d9", check: digitsPass(isTFN), proof: evidence{0, 0.47, 0.97}},
				{written: "d8|d2 d3 d3", check: digitsPass(isTFN8), proof: cuedForm},
			},
			positives: []string{
				"they wrote 552 341 038 on it.", "552 341 038", "723 989 880", "ato: 552 341 038", "ato: 723 989 880",
			},
			negatives: []string{
				"552 341 038-7", "x552 341 038", "552 341 038_2", "723 989 880-7", "x723 989 880",
			},
		},
		{
			id: "pii/au-abn", kind: "AU_ABN", severity: Low,
			description: "Australian business number: weighted check modulo 89",
			cues:        words("abn", "australian business", "business number"),
			forms: []form{
				{written: "d2 d3 d3 d3|d2-d3-d3-d3", check: digitsPass(isABN), proof: evidence{0.75, 0.8, 0.97}},
				{written: "d11", check: digitsPass(isABN), proof: evidence{0.35, 0.58, 0.97}},
			},
			positives: []string{
				"they wrote 89 771 111 510 on it.", "89 771 111 510", "62-130-759-224", "australian business: 89 771 111 510",
				"australian business: 62-130-759-224",
			},
			negatives: []string{
				"89 771 111 510-7", "x89 771 111 510", "89 771 111 510_2", "62-130-759-224-7", "x62-130-759-224",
			},
		},
		{
			id: "pii/au-acn", kind: "AU_ACN", severity: Low,
			description: "Australian company number: weighted check modulo 10",
			cues:        words("acn", "australian company", "company number", "asic"),
			forms: []form{
				{written: "d3 d3 d3", check: digitsPass(isACN), proof: evidence{0.4, 0.6, 0.97}},
				{written: "d3-d3-d3", check: digitsPass(isACN), proof: evidence{0.3, 0.42, 0.95}},
				{written: "d9", check: digitsPass(isACN), proof: evidence{0, 0.45, 0.97}},
			},
			positives: []string{
				"they wrote 590 697 395 on it.", "590 697 395", "125 971 280", "australian company: 590 697 395",
				"australian company: 125 971 280",
			},
			negatives: []string{
				"590 697 395-7", "x590 697 395", "590 697 395_2", "125 971 280-7", "x125 971 280",
			},
		},
		{
			id: "phi/au-medicare", kind: "AU_MEDICARE", severity: High,
			description: "Australian Medicare card number: first digit 2 to 6, weighted check modulo 10, issue and place on the card",
			cues:        words("medicare", "medicare card", "irn", "medicare number"),
			forms: []form{
				{written: "d4 d5 d1|d4-d5-d1|d4 d5 d1 d1|d4 d5 d2", check: digitsPass(isMedicare), proof: evidence{0.55, 0.73, 0.97}},
				{written: "d10", check: digitsPass(isMedicare), proof: evidence{0, 0.46, 0.97}},
				{written: "d11|d10/d1|d10-d1", check: digitsPass(isMedicare), proof: evidence{0, 0, 0.92}},
			},
			positives: []string{
				"they wrote 4680 47049 4 on it.", "4680 47049 4", "2988-91461-3", "irn: 4680 47049 4", "irn: 2988-91461-3",
			},
			negatives: []string{
				"4680 47049 4-7", "x4680 47049 4", "4680 47049 4_2", "2988-91461-3-7", "x2988-91461-3",
			},
		},
		{
			id: "pii/nz-ird", kind: "NZ_IRD", severity: High,
			description: "New Zealand tax number: weighted check modulo 11 in two steps",
			cues:        words("ird", "ird number", "inland revenue"),
			forms: []form{
				{written: "d2-d3-d3|d3-d3-d3|d2 d3 d3|d3 d3 d3", check: digitsPass(isIRD), proof: evidence{0.3, 0.38, 0.95}},
				{written: "d8|d9", check: digitsPass(isIRD), proof: evidence{0, 0, 0.93}},
			},
			positives: []string{
				"they wrote 95-906-834 on it.", "95-906-834", "79 723 878", "inland revenue: 95-906-834", "inland revenue: 149-837-043",
			},
			negatives: []string{
				"95-906-834-7", "x95-906-834", "95-906-834_2", "149-837-043-7", "x149-837-043",
			},
		},
		{
			id: "phi/nz-nhi", kind: "NZ_NHI", severity: High,
			description: "New Zealand health index number, after a word that names it",
			cues:        words("nhi", "national health index"),
			forms:       []form{{written: "A3d4|A3d2A2", check: func(c, _ []byte) bool { return noneOf(c, "IO") }, proof: evidence{0, 0, 0.88}}},
			positives: []string{
				"national health index: TAA8548", "national health index: HSH72TS", "national health index: ACJ0741",
				"national health index: DUF47EG",
			},
			negatives: []string{
				"order TAA8548", "TAA8548-7", "xTAA8548", "TAA8548_2", "xHSH72TS",
			},
		},
		{
			id: "pii/za-id", kind: "ZA_ID_NUMBER", severity: High,
			description: "South African identity number: date of birth, citizenship 0 to 2, Luhn check",
			cues:        words("rsa id", "identity number", "south african", "sa id", "id number", "id nommer"),
			forms: []form{
				{written: "d6 d4 d3|d6 d4 d2 d1|d6-d4-d3", check: both(digitsPass(isZA), luhnDigits), proof: evidence{0.55, 0.75, 0.97}},
				{written: "d13", check: both(digitsPass(isZA), luhnDigits), proof: evidence{0.45, 0.75, 0.97}},
			},
			positives: []string{
				"they wrote 980806 1954 076 on it.", "980806 1954 076", "340928 6499 26 4", "identity number: 980806 1954 076",
				"identity number: 340928 6499 26 4",
			},
			negatives: []string{
				"980806 1954 076-7", "x980806 1954 076", "980806 1954 076_2", "340928 6499 26 4-7", "x340928 6499 26 4",
			},
		},
		{
			id: "pii/ng-nin", kind: "NG_NIN", severity: High,
			description: "Nigerian national identity or bank verification number: Verhoeff check for the first",
			cues:        words("nin", "nimc", "national identification number", "bvn", "national identity", "bank verification"),
			forms: []form{
				{written: "d11|d4 d3 d4|d4-d3-d4", check: digitsPass(verhoeffVaried), proof: evidence{0, 0.49, 0.95}},
				{written: "d11", check: varied, proof: evidence{0, 0, 0.6}},
			},
			positives: []string{
				"36514983151", "7903 655 8810", "4899-484-1120", "bank verification: 36514983151", "bank verification: 7903 655 8810",
			},
			negatives: []string{
				"order 36514983151", "36514983151-7", "x36514983151", "36514983151_2", "x7903 655 8810",
			},
		},
		{
			id: "pii/ng-vehicle-registration", kind: "NG_VEHICLE_REGISTRATION", severity: Low,
			description: "Nigerian number plate since 2011: local government, three digits, two letters; older ones after a word that names them",
			cues:        words("plate", "vehicle*", "number plate", "registration", "car"),
			forms: []form{
				{written: "A3-d3-A2|A3-d3A2|A3 d3 A2|A3 d3A2|A3d3A2", check: func(c, d []byte) bool { return value(d) > 0 && noneOf(c[:3], "") }, proof: evidence{0.35, 0.6, 0.92}},
				{written: "A2d3-A3|A2d3A3|A2 d3 A3|A2-d3-A3", proof: cuedForm},
			},
			positives: []string{
				"they wrote HRK-046-VN on it.", "HRK-046-VN", "DZZ-769AI", "car: HRK-046-VN", "car: DZZ-769AI",
			},
			negatives: []string{
				"HRK-046-VN-7", "xHRK-046-VN", "HRK-046-VN_2", "DZZ-769AI-7", "xDZZ-769AI",
			},
		},
		{
			id: "pii/il-id", kind: "IL_ID", severity: High,
			description: "Israeli identity number: Luhn check",
			cues:        words("teudat zehut", "תעודת זהות", "ת.ז", "ת״ז", "israeli id", "מספר זהות"),
			forms:       []form{{written: "d9|d8-d1", check: luhnDigits, proof: evidence{0, 0.33, 0.95}}},
			positives: []string{
				"78262713-7", "israeli id: 031262231", "israeli id: 99706231-0", "israeli id: 335509600", "israeli id: 78262713-7",
			},
			negatives: []string{
				"order 031262231", "031262231-7", "x031262231", "031262231_2", "x99706231-0",
			},
		},
		{
			id: "pii/ae-emirates-id", kind: "AE_EMIRATES_ID", severity: High,
			description: "Emirates identity number: 784, year of birth, serial, check digit",
			cues:        words("emirates id", "الهوية", "eid", "uae id"),
			forms: []form{
				{written: "d3-d4-d7-d1|d3 d4 d7 d1", check: digitsPass(isEmirates), proof: provenForm},
				{written: "d15", check: digitsPass(isEmirates), proof: evidence{0.4, 0.5, 0.92}},
			},
			positives: []string{
				"they wrote 784-1968-6570305-0 on it.", "784-1968-6570305-0", "784-2018-1263100-0", "emirates id: 784-1968-6570305-0",
				"emirates id: 784-2018-1263100-0",
			},
			negatives: []string{
				"784-1968-6570305-0-7", "x784-1968-6570305-0", "784-1968-6570305-0_2", "784-2018-1263100-0-7", "x784-2018-1263100-0",
			},
		},
	}
}

func isTFN(d []byte) bool { return weighted(d, 1, 4, 3, 7, 5, 8, 6, 9, 10)%11 == 0 && !sameDigits(d) }

func isTFN8(d []byte) bool { return weighted(d, 10, 7, 8, 4, 6, 3, 5, 1)%11 == 0 && !sameDigits(d) }

func isABN(d []byte) bool {
	return d[0] > 0 && (weighted(d, 10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19)-10)%89 == 0
}

func isACN(d []byte) bool {
	return (10-weighted(d, 8, 7, 6, 5, 4, 3, 2, 1)%10)%10 == int(d[8]) && value(d) > 0
}

func isMedicare(d []byte) bool {
	return d[0] >= 2 && d[0] <= 6 && weighted(d, 1, 3, 7, 9, 1, 3, 7, 9)%10 == int(d[8]) && !sameDigits(d)
}

func isIRD(d []byte) bool {
	var v [9]byte
	copy(v[9-len(d):], d)
	if n := value(d); n < 10000000 || n > 150000000 {
		return false
	}
	c := (11 - weighted(v[:], 3, 2, 7, 6, 5, 4, 3, 2)%11) % 11
	if c == 10 {
		c = (11 - weighted(v[:], 7, 4, 3, 2, 5, 2, 7, 6)%11) % 11
	}
	return c == int(v[8])
}

func isZA(d []byte) bool { return isYMD(d) && d[10] <= 2 }

func verhoeffVaried(d []byte) bool { return verhoeff(d) && varied(nil, d) }

func isEmirates(d []byte) bool {
	year := value(d[3:7])
	return d[0] == 7 && d[1] == 8 && d[2] == 4 && year >= 1900 && year <= 2100
}
