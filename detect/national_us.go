package detect

// usIdentities are identifiers of the United States.
func usIdentities() []identity {
	return []identity{
		{
			id: "pii/us-itin", kind: "US_ITIN", severity: High,
			description: "US individual taxpayer identification number: begins with 9, group in the ranges of the IRS",
			cues:        words("itin", "taxpayer*", "tax id", "tax identification", "tin", "irs"),
			forms: []form{
				{written: "d3-d2-d4|d3 d2 d4", check: isITIN, proof: evidence{0.7, 0.75, 0.95}},
				{written: "d9", check: isITIN, proof: looseForm.plus(0.1)},
				{written: "d3-d6|d5-d4", check: isITIN, proof: evidence{0.35, 0.5, 0.85}},
			},
			positives: []string{
				"they wrote 904-63-1511 on it.", "904-63-1511", "948 70 7763", "itin: 904-63-1511", "itin: 948 70 7763",
			},
			negatives: []string{
				"904-63-1511-7", "x904-63-1511", "904-63-1511_2", "948 70 7763-7", "x948 70 7763",
			},
		},
		{
			id: "pii/us-ein", kind: "US_EIN", severity: Low,
			description: "US employer identification number: prefix that the IRS assigns",
			cues:        words("ein", "fein", "employer id*", "employer identification", "federal tax id", "tax id"),
			forms: []form{
				{written: "d2-d7", check: isEIN, proof: evidence{0.35, 0.5, 0.9}},
				{written: "d9", check: isEIN, proof: cuedForm},
			},
			positives: []string{
				"they wrote 58-3972431 on it.", "58-3972431", "43-8064583", "employer identification: 58-3972431",
				"employer identification: 43-8064583",
			},
			negatives: []string{
				"58-3972431-7", "x58-3972431", "58-3972431_2", "43-8064583-7", "x43-8064583",
			},
		},
		{
			id: "phi/us-mbi", kind: "US_MBI", severity: High,
			description: "US Medicare beneficiary identifier (CMS): eleven places of fixed kinds, letters without S, L, O, I, B, Z",
			cues:        words("mbi", "medicare", "beneficiary", "hicn"),
			forms:       []form{{written: "d1A1x1d1_A1x1d1_A2d2", check: isMBI, proof: strongForm}},
			positives: []string{
				"they wrote 1EG4-TE5-MK73 on it.", "1EG4-TE5-MK73", "1EG4TE5MK73", "beneficiary: 1EG4-TE5-MK73",
				"beneficiary: 1EG4TE5MK73",
			},
			negatives: []string{
				"1EG4-TE5-MK73-7", "x1EG4-TE5-MK73", "1EG4-TE5-MK73_2", "1EG4TE5MK73-7", "x1EG4TE5MK73",
			},
		},
		{
			id: "phi/us-npi", kind: "US_NPI", severity: Medium,
			description: "US national provider identifier (45 CFR 162.406): Luhn check over 80840 and the number",
			cues:        words("npi", "provider", "national provider", "prescriber", "physician", "clinician"),
			forms: []form{
				{written: "d10", check: isNPI, proof: weakForm.plus(0.03)},
				{written: "d4-d3-d3|d4 d3 d3", check: isNPI, proof: evidence{0.35, 0.55, 0.9}},
			},
			positives: []string{
				"they wrote 2807-518-529 on it.", "2042586497", "1531589350", "clinician: 2042586497", "clinician: 1531589350",
			},
			negatives: []string{
				"order 2042586497", "2042586497-7", "x2042586497", "2042586497_2", "x1531589350",
			},
		},
		{
			id: "phi/us-dea", kind: "MEDICAL_LICENSE", severity: High,
			description: "US controlled-substance registration (DEA, 21 CFR 1301): type letter, initial or 9, check digit",
			cues:        words("dea", "prescriber", "medical license", "medical licence", "controlled substance*", "registration", "certificate"),
			forms: []form{
				{written: "A2d7|A2-d7", check: isDEA, proof: evidence{0.55, 0.75, 0.95}},
				{written: "A1d8", check: both(func(c, _ []byte) bool { return c[1] == '9' }, isDEA), proof: evidence{0.45, 0.7, 0.95}},
			},
			positives: []string{
				"they wrote KS8216461 on it.", "KS8216461", "XC-4225048", "certificate: KS8216461", "certificate: XC-4225048",
			},
			negatives: []string{
				"KS8216461-7", "xKS8216461", "KS8216461_2", "XC-4225048-7", "xXC-4225048",
			},
		},
		{
			id: "pii/us-routing-number", kind: "ABA_ROUTING_NUMBER", severity: Low,
			description: "US bank routing number: Federal Reserve prefix, check digit of the American Bankers Association",
			cues:        words("aba", "routing", "rtn", "transit", "bank", "wire", "ach"),
			forms: []form{
				{written: "d9", check: isABA, proof: weakForm.plus(0.04)},
				{written: "d4-d4-d1", check: isABA, proof: fairForm},
			},
			positives: []string{
				"they wrote 7108-6730-0 on it.", "685940750", "702856714", "aba: 685940750", "aba: 702856714",
			},
			negatives: []string{
				"order 685940750", "685940750-7", "x685940750", "685940750_2", "x702856714",
			},
		},
		{
			id: "pii/us-bank-account", kind: "US_BANK_NUMBER", severity: High,
			description: "US bank account number: digits after a word that names them, no check digit",
			cues: words("bank", "bank account", "checking", "savings", "account number", "account no", "account nr", "acct", "acct no", "debit account",
				"direct deposit", "account"),
			forms: []form{
				{written: "d8|d9|d10|d11|d12|d13|d14|d15|d16|d17", check: varied, proof: evidence{0, 0.3, 0.7}},
				{written: "d4|d5|d6|d7", check: varied, proof: evidence{0, 0, 0.55}, cues: words("account number", "acct number", "acct no", "bank account", "checking account", "savings account")},
			},
			positives: []string{
				"53644205", "6396196940", "account number: 53644205", "account number: 411797107", "account number: 6396196940",
			},
			negatives: []string{
				"order 53644205", "53644205-7", "x53644205", "53644205_2", "x411797107",
			},
		},
		{
			id: "pii/us-driver-license", kind: "US_DRIVER_LICENSE", severity: High,
			description: "US driver licence number: the forms of the states, no check digit",
			cues: words("driver*", "drivers license", "driver license", "driving license", "licence", "license", "lic", "dl", "dl number", "dmv", "permit",
				"identification card", "state id"),
			forms: []form{
				{written: "A1d6|A1d7|A1d8|A1d9|A1d11|A1d12|A1d13|A1d14", proof: looseForm},
				{written: "A1d3-d3-d2-d3-d1|A1d3-d4-d4|A1d3-d3-d2-d3", proof: shapeForm},
				{written: "A1d2A1d6|A1d3A1d6|A1d5A1d4", proof: looseForm},
				{written: "A2d6|A2d7|A2d5|A3d6", proof: cuedForm},
				{written: "A7d3x1x1|A5d2x1x1d3A2|A5d3A2d2", proof: cuedForm},
				{written: "d2A3d5|d7A1|d8A1|d8A2|d9A1|d3A2d4|d6A1", proof: cuedForm},
				{written: "d1|d6|d7|d8|d9|d10|d12|d14", check: varied, proof: cuedForm},
				{written: "d2-d2-d4|d3-d2-d4|d3 d3 d3|d2 d3 d3|d3-d3-d3", proof: evidence{0, 0, 0.7}, cues: words("driver license", "drivers license", "driving license", "dl", "dl number")},
			},
			positives: []string{
				"they wrote D779-094-69-150-1 on it.", "L422596", "D779-094-69-150-1", "drivers license: L422596",
				"drivers license: N8038558",
			},
			negatives: []string{
				"order L422596", "L422596-7", "xL422596", "L422596_2", "xN8038558",
			},
		},
		{
			id: "pii/us-passport", kind: "US_PASSPORT", severity: High,
			description: "US passport number: nine digits, or a letter and eight digits; no check digit outside the machine-readable zone",
			cues:        words("passport", "passport number", "travel document", "pasaporte", "passeport"),
			forms: []form{
				{written: "d9", check: varied, proof: evidence{0, 0.31, 0.8}},
				{written: "A1d8", proof: evidence{0, 0.38, 0.85}, check: firstLetter("ACYZ")},
				{written: "A1d8", proof: cuedForm},
			},
			positives: []string{
				"A39870986", "passport number: 184059321", "passport number: 484685817", "passport number: 191778145",
				"passport number: A39870986",
			},
			negatives: []string{
				"order 184059321", "184059321-7", "x184059321", "184059321_2", "x484685817",
			},
		},
	}
}

func isITIN(_, d []byte) bool {
	g := pair(d, 3)
	return d[0] == 9 && (g >= 50 && g <= 65 || g >= 70 && g <= 88 || g >= 90 && g <= 92 || g >= 94)
}

func isEIN(_, d []byte) bool {
	switch p := pair(d, 0); p {
	case 0, 7, 8, 9, 17, 18, 19, 28, 29, 49, 69, 70, 78, 79, 89, 96, 97:
		return false
	}
	return varied(nil, d)
}

func isMBI(c, _ []byte) bool {
	for _, x := range c {
		if indexByte("SLOIBZ", x) >= 0 {
			return false
		}
	}
	return c[0] != '0'
}

func isNPI(_, d []byte) bool {
	if d[0] != 1 && d[0] != 2 || sameDigits(d) {
		return false
	}
	full := [15]byte{8, 0, 8, 4, 0}
	copy(full[5:], d)
	return luhn(full[:])
}

func isDEA(c, d []byte) bool {
	d = d[len(d)-7:]
	return indexByte("ABCDEFGHJKLMPRSTUX", c[0]) >= 0 && weighted(d, 1, 2, 1, 2, 1, 2)%10 == int(d[6]) && !sameDigits(d)
}

func isABA(_, d []byte) bool {
	p := pair(d, 0)
	return (p <= 12 || p >= 21 && p <= 32 || p >= 61 && p <= 72 || p == 80) && weighted(d, 3, 7, 1, 3, 7, 1, 3, 7, 1)%10 == 0 && value(d) > 0
}
