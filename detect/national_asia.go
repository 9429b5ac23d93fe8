package detect

// asianIdentities are identifiers of India, Singapore, Hong Kong, Korea, Japan, China, Taiwan, Thailand, the
// Philippines, Malaysia, Indonesia, Vietnam and Pakistan.
func asianIdentities() []identity {
	return []identity{
		{
			id: "pii/in-aadhaar", kind: "IN_AADHAAR", severity: High,
			description: "Indian Aadhaar number (UIDAI): first digit 2 to 9, no palindrome, Verhoeff check",
			cues:        words("aadhaar", "aadhar", "uidai", "uid", "आधार", "adhaar"),
			forms: []form{
				{written: "d4 d4 d4|d4-d4-d4|d4:d4:d4", check: digitsPass(isAadhaar), proof: evidence{0.6, 0.75, 0.97}},
				{written: "d12", check: digitsPass(isAadhaar), proof: evidence{0.3, 0.62, 0.97}},
				{written: "d4 d4 d4 d4|d16", check: digitsPass(isVID), proof: evidence{0, 0, 0.9}, cues: words("vid", "virtual id", "aadhaar", "uidai")},
			},
			positives: []string{
				"they wrote 7479 6038 8851 on it.", "7479 6038 8851", "5025-3348-7947", "aadhaar: 7479 6038 8851",
				"aadhaar: 5025-3348-7947",
			},
			negatives: []string{
				"7479 6038 8851-7", "x7479 6038 8851", "7479 6038 8851_2", "5025-3348-7947-7", "x5025-3348-7947",
			},
		},
		{
			id: "pii/in-pan", kind: "IN_PAN", severity: High,
			description: "Indian permanent account number: five letters with the kind of holder fourth, four digits, letter",
			cues:        words("pan", "permanent account", "income tax", "pancard", "pan card"),
			forms: []form{
				{written: "A5d4A1", check: isPAN, proof: strongForm},
				{written: "A5-d4-A1|A5 d4 A1", check: isPAN, proof: shapeForm},
			},
			positives: []string{
				"they wrote YOSAD8796P on it.", "YOSAD8796P", "ITDLC0051Y", "income tax: YOSAD8796P", "income tax: ITDLC0051Y",
			},
			negatives: []string{
				"YOSAD8796P-7", "xYOSAD8796P", "YOSAD8796P_2", "ITDLC0051Y-7", "xITDLC0051Y",
			},
		},
		{
			id: "pii/in-gstin", kind: "IN_GSTIN", severity: Low,
			description: "Indian goods and services tax number: state, PAN, entity, Z, check character in base 36",
			cues:        words("gstin", "gst", "goods and services", "gst number"),
			forms: []form{
				{written: "w15", check: both(gstinShape, func(c, _ []byte) bool { return luhnBase36(c) }), proof: provenForm},
				{written: "w15", check: gstinShape, proof: evidence{0, 0, 0.6}},
			},
			positives: []string{
				"they wrote 27AAPFU0939F1ZV on it.", "27AAPFU0939F1ZV", "29AAGCB7383J1Z4", "goods and services: 27AAPFU0939F1ZV",
				"goods and services: 29AAGCB7383J1Z4",
			},
			negatives: []string{
				"27AAPFU0939F1ZV-7", "x27AAPFU0939F1ZV", "27AAPFU0939F1ZV_2", "29AAGCB7383J1Z4-7", "x29AAGCB7383J1Z4",
			},
		},
		{
			id: "pii/in-voter", kind: "IN_VOTER", severity: High,
			description: "Indian electors photo identity card number: three letters, seven digits, Luhn check since 2010",
			cues:        words("voter", "epic", "election", "voter id", "matdata", "elector*"),
			forms: []form{
				{written: "A3d7", check: luhnDigits, proof: evidence{0.4, 0.6, 0.95}},
				{written: "A3d7", proof: evidence{0, 0.45, 0.85}},
			},
			positives: []string{
				"they wrote WTX3898053 on it.", "WTX3898053", "XUL7399298", "election: WTX3898053", "election: XUL7399298",
			},
			negatives: []string{
				"WTX3898053-7", "xWTX3898053", "WTX3898053_2", "XUL7399298-7", "xXUL7399298",
			},
		},
		{
			id: "pii/in-passport", kind: "IN_PASSPORT", severity: High,
			description: "Indian passport number: letter and seven digits that neither begin nor end with 0",
			cues:        words("passport", "indian passport", "passport number"),
			forms: []form{
				{written: "A1d7|A1 d7|A1d2 d5", check: isIndianPassport, proof: evidence{0, 0.38, 0.88}},
				{written: "A1d7", proof: cuedForm},
			},
			positives: []string{
				"L9125581", "I55 60131", "D8118976", "indian passport: L9125581", "indian passport: I55 60131",
			},
			negatives: []string{
				"order L9125581", "L9125581-7", "xL9125581", "L9125581_2", "xI 2007555",
			},
		},
		{
			id: "pii/in-vehicle-registration", kind: "IN_VEHICLE_REGISTRATION", severity: Low,
			description: "Indian vehicle registration: state, district, series, number; the BH series; diplomatic and military plates",
			cues:        words("vehicle*", "rto", "registration", "number plate", "rc", "car", "bike", "plate", "license plate"),
			forms: []form{
				{written: "A2d2A1d4|A2d2A2d4|A2d2A3d4|A2d1A1d4|A2d1A2d4|A2d1A3d4|A2d2A1d3|A2d2A2d3", check: isPlateIN, proof: evidence{0.5, 0.65, 0.92}},
				{written: "A2 d2 A1 d4|A2 d2 A2 d4|A2-d2-A1-d4|A2-d2-A2-d4|A2 d2A2 d4|A2d2 A2 d4|A2-d2A2-d4|A2-d2-A2d4", check: isPlateIN, proof: evidence{0.5, 0.65, 0.92}},
				{written: "A2d6|A2d5|A2d7", check: isPlateIN, proof: evidence{0, 0.4, 0.85}},
				{written: "d2A2d4A1|d2A2d4A2|d2 A2 d4 A1|d2 A2 d4 A2", check: func(c, _ []byte) bool { return c[2] == 'B' && c[3] == 'H' }, proof: evidence{0.5, 0.65, 0.92}},
				{written: "d2A2d4|d3A2d4|d2A2d3|d3A2d3|d2A2d2|d3A2d2|d2A2d1|d3A2d1", check: isDiplomaticPlate, proof: evidence{0, 0.55, 0.88}},
				{written: "d2A1d6A1|d2A1d5A1", proof: evidence{0, 0.5, 0.88}},
			},
			positives: []string{
				"they wrote BH24Z6878 on it.", "BH24Z6878", "HP78ZU6030", "bike: BH24Z6878", "bike: HP78ZU6030",
			},
			negatives: []string{
				"BH24Z6878-7", "xBH24Z6878", "BH24Z6878_2", "HP78ZU6030-7", "xHP78ZU6030",
			},
		},
		{
			id: "pii/in-driver-license", kind: "IN_DRIVER_LICENSE", severity: High,
			description: "Indian driving licence number: state, office, year, serial; after a word that names it",
			cues:        words("driving licence", "dl", "driver*", "driving license", "licence"),
			forms:       []form{{written: "A2d13|A2d2 d11|A2-d13|A2-d2-d4-d7", check: isPlateIN, proof: evidence{0.35, 0.5, 0.92}}},
			positives: []string{
				"they wrote NL4668189346006 on it.", "NL4668189346006", "MP77 16809903613", "driving licence: NL4668189346006",
				"driving licence: MP77 16809903613",
			},
			negatives: []string{
				"NL4668189346006-7", "xNL4668189346006", "NL4668189346006_2", "MP77 16809903613-7", "xMP77 16809903613",
			},
		},
		{
			id: "pii/in-ifsc", kind: "IN_IFSC", severity: Low,
			description: "Indian bank branch code: bank, zero, branch",
			cues:        words("ifsc", "bank", "branch", "neft", "rtgs"),
			forms: []form{{written: "A4d7|w11", check: func(c, _ []byte) bool {
				return c[4] == '0' && isLetter(c[0]) && isLetter(c[1]) && isLetter(c[2]) && isLetter(c[3])
			}, proof: evidence{0.3, 0.4, 0.9}}},
			positives: []string{
				"they wrote GARU0640444 on it.", "GARU0640444", "ZBNW09047J9", "branch: GARU0640444", "branch: ZBNW09047J9",
			},
			negatives: []string{
				"GARU0640444-7", "xGARU0640444", "GARU0640444_2", "ZBNW09047J9-7", "xZBNW09047J9",
			},
		},
		{
			id: "pii/sg-nric", kind: "SG_NRIC_FIN", severity: High,
			description: "Singapore identity card or foreign identification number: check letter modulo 11",
			cues:        words("nric", "fin", "singapore", "identity card"),
			forms: []form{
				{written: "A1d7A1", check: isNRIC, proof: strongForm},
				{written: "A1d7A1", check: firstLetter("STFGM"), proof: evidence{0, 0.35, 0.5}},
			},
			positives: []string{
				"they wrote F1164627K on it.", "F1164627K", "F7030435W", "fin: F1164627K", "fin: F7030435W",
			},
			negatives: []string{
				"F1164627K-7", "xF1164627K", "F1164627K_2", "F7030435W-7", "xF7030435W",
			},
		},
		{
			id: "pii/sg-uen", kind: "SG_UEN", severity: Low,
			description: "Singapore unique entity number: business, local company or other entity, check letter",
			cues:        words("uen", "unique entity", "acra", "business registration"),
			forms:       []form{{written: "d8A1|d9A1|A1d2A2d4A1", check: isUEN, proof: evidence{0.45, 0.72, 0.95}}},
			positives: []string{
				"they wrote 00192200M on it.", "00192200M", "197401143C", "acra: 00192200M", "acra: 197401143C",
			},
			negatives: []string{
				"00192200M-7", "x00192200M", "00192200M_2", "197401143C-7", "x197401143C",
			},
		},
		{
			id: "pii/hk-id", kind: "HK_HKID", severity: High,
			description: "Hong Kong identity card number: check digit modulo 11",
			cues:        words("hkid", "hong kong", "identity card", "身份證"),
			forms: []form{
				{written: "A1d6(x1|A2d6(x1", check: isHKID, proof: strongForm},
				{written: "A1d6x1|A2d6x1", check: isHKID, proof: evidence{0, 0.36, 0.92}},
			},
			positives: []string{
				"they wrote K097656(3 on it.", "K097656(3", "E861267(A", "hong kong: K097656(3", "hong kong: E861267(A",
			},
			negatives: []string{
				"K097656(3-7", "xK097656(3", "K097656(3_2", "E861267(A-7", "xE861267(A",
			},
		},
		{
			id: "pii/kr-rrn", kind: "KR_RRN", severity: High,
			description: "Korean resident registration number: date of birth, sex digit 1 to 4, check digit for those given before October 2020",
			cues:        words("rrn", "주민등록번호", "주민번호", "resident registration", "korean"),
			forms: []form{
				{written: "d6-d7|d6 d7", check: digitsPass(isRRN), proof: evidence{0.65, 0.8, 0.97}},
				{written: "d13", check: digitsPass(isRRN), proof: evidence{0.3, 0.7, 0.97}},
			},
			positives: []string{
				"they wrote 670301-4599916 on it.", "670301-4599916", "340529 1146288", "korean: 670301-4599916",
				"korean: 340529 1146288",
			},
			negatives: []string{
				"670301-4599916-7", "x670301-4599916", "670301-4599916_2", "340529 1146288-7", "x340529 1146288",
			},
		},
		{
			id: "pii/kr-frn", kind: "KR_FRN", severity: High,
			description: "Korean foreigner registration number: date of birth, sex digit 5 to 8",
			cues:        words("frn", "외국인등록번호", "foreigner registration", "alien registration"),
			forms: []form{
				{written: "d6-d7|d6 d7", check: digitsPass(isFRN), proof: evidence{0.65, 0.8, 0.97}},
				{written: "d13", check: digitsPass(isFRN), proof: evidence{0.3, 0.69, 0.97}},
			},
			positives: []string{
				"they wrote 280908-5551797 on it.", "280908-5551797", "841107 6844099", "alien registration: 280908-5551797",
				"alien registration: 841107 6844099",
			},
			negatives: []string{
				"280908-5551797-7", "x280908-5551797", "280908-5551797_2", "841107 6844099-7", "x841107 6844099",
			},
		},
		{
			id: "pii/kr-brn", kind: "KR_BRN", severity: Low,
			description: "Korean business registration number: weighted check modulo 10",
			cues:        words("brn", "사업자등록번호", "business registration", "사업자"),
			forms: []form{
				{written: "d3-d2-d5", check: digitsPass(isBRN), proof: evidence{0.5, 0.7, 0.97}},
				{written: "d10", check: digitsPass(isBRN), proof: evidence{0, 0.44, 0.95}},
			},
			positives: []string{
				"they wrote 633-11-06926 on it.", "633-11-06926", "816-45-45892", "business registration: 633-11-06926",
				"business registration: 816-45-45892",
			},
			negatives: []string{
				"633-11-06926-7", "x633-11-06926", "633-11-06926_2", "816-45-45892-7", "x816-45-45892",
			},
		},
		{
			id: "pii/kr-driver-license", kind: "KR_DRIVER_LICENSE", severity: High,
			description: "Korean driver licence number: region 11 to 28, year, serial, check",
			cues:        words("운전면허*", "driver*", "면허번호", "driving license", "driver license"),
			forms: []form{
				{written: "d2-d2-d6-d2|d2 d2 d6 d2", check: digitsPass(isKoreanLicence), proof: evidence{0.65, 0.75, 0.95}},
				{written: "d12", check: digitsPass(isKoreanLicence), proof: evidence{0, 0.43, 0.9}},
			},
			positives: []string{
				"they wrote 23-39-636967-09 on it.", "23-39-636967-09", "19 14 927113 08", "driving license: 23-39-636967-09",
				"driving license: 19 14 927113 08",
			},
			negatives: []string{
				"23-39-636967-09-7", "x23-39-636967-09", "23-39-636967-09_2", "19 14 927113 08-7", "x19 14 927113 08",
			},
		},
		{
			id: "pii/kr-passport", kind: "KR_PASSPORT", severity: High,
			description: "Korean passport number: letter of the kind and eight digits, or a letter among seven since 2021",
			cues:        words("여권*", "passport", "korean passport"),
			forms: []form{
				{written: "A1d3A1d4", check: firstLetter("MSRODG"), proof: evidence{0.35, 0.6, 0.9}},
				{written: "A1d8", check: firstLetter("MSRODG"), proof: evidence{0, 0.45, 0.87}},
			},
			positives: []string{
				"they wrote O010S9256 on it.", "O010S9256", "M516M4203", "korean passport: O010S9256", "korean passport: M516M4203",
			},
			negatives: []string{
				"O010S9256-7", "xO010S9256", "O010S9256_2", "M516M4203-7", "xM516M4203",
			},
		},
		{
			id: "pii/jp-my-number", kind: "JP_MY_NUMBER", severity: High,
			description: "Japanese individual number: check digit modulo 11",
			cues:        words("マイナンバー", "個人番号", "my number", "mynumber", "individual number"),
			forms: []form{
				{written: "d4 d4 d4|d4-d4-d4", check: digitsPass(isMyNumber), proof: evidence{0.35, 0.5, 0.97}},
				{written: "d12", check: digitsPass(isMyNumber), proof: evidence{0, 0.37, 0.97}},
			},
			positives: []string{
				"they wrote 6929 6362 2936 on it.", "6929 6362 2936", "9071-8382-1100", "individual number: 6929 6362 2936",
				"individual number: 9071-8382-1100",
			},
			negatives: []string{
				"6929 6362 2936-7", "x6929 6362 2936", "6929 6362 2936_2", "9071-8382-1100-7", "x9071-8382-1100",
			},
		},
		{
			id: "pii/cn-resident-id", kind: "CN_RESIDENT_ID", severity: High,
			description: "Chinese resident identity number (GB 11643): region, date of birth, check character modulo 11",
			cues:        words("身份证", "公民身份号码", "居民身份证", "id card", "resident id"),
			forms:       []form{{written: "d18|d17A1", check: isResidentID, proof: provenForm}},
			positives: []string{
				"they wrote 11010519491231002X on it.", "11010519491231002X", "440308199901101512", "id card: 11010519491231002X",
				"id card: 440308199901101512",
			},
			negatives: []string{
				"11010519491231002X-7", "x11010519491231002X", "11010519491231002X_2", "440308199901101512-7", "x440308199901101512",
			},
		},
		{
			id: "pii/tw-id", kind: "TW_ID", severity: High,
			description: "Taiwanese identity or residence number: letter of the place, sex, check digit",
			cues:        words("身分證", "身分證字號", "居留證", "taiwan", "national id"),
			forms:       []form{{written: "A1d9", check: isTaiwanID, proof: evidence{0.4, 0.6, 0.95}}},
			positives: []string{
				"they wrote W138690515 on it.", "W138690515", "M127852303", "national id: W138690515", "national id: M127852303",
			},
			negatives: []string{
				"W138690515-7", "xW138690515", "W138690515_2", "M127852303-7", "xM127852303",
			},
		},
		{
			id: "pii/th-national-id", kind: "TH_TNIN", severity: High,
			description: "Thai identity number: first digit 1 to 8, check digit modulo 11",
			cues:        words("เลขประจำตัวประชาชน", "บัตรประชาชน", "thai id", "tnin", "thai national", "เลขบัตรประชาชน", "national id"),
			forms: []form{
				{written: "d1-d4-d5-d2-d1|d1 d4 d5 d2 d1", check: digitsPass(isThaiID), proof: strongForm},
				{written: "d13", check: digitsPass(isThaiID), proof: evidence{0, 0.57, 0.95}},
			},
			positives: []string{
				"they wrote 1-3588-11111-95-7 on it.", "1-3588-11111-95-7", "4 9756 38563 49 5", "national id: 1-3588-11111-95-7",
				"national id: 4 9756 38563 49 5",
			},
			negatives: []string{
				"1-3588-11111-95-7-7", "x1-3588-11111-95-7", "1-3588-11111-95-7_2", "4 9756 38563 49 5-7", "x4 9756 38563 49 5",
			},
		},
		{
			id: "pii/ph-tin", kind: "PH_TIN", severity: High,
			description: "Philippine taxpayer number: nine digits and a branch code",
			cues:        words("tin", "bir", "taxpayer", "tax identification"),
			forms: []form{
				{written: "d3-d3-d3-d3|d3-d3-d3-d5", proof: evidence{0.45, 0.6, 0.92}},
				{written: "d3-d3-d3", proof: evidence{0.3, 0.4, 0.88}},
				{written: "d9|d12", check: varied, proof: evidence{0, 0.3, 0.75}},
			},
			positives: []string{
				"they wrote 186-262-553-733 on it.", "186-262-553-733", "704-268-108-95681", "bir: 186-262-553-733",
				"bir: 704-268-108-95681",
			},
			negatives: []string{
				"186-262-553-733-7", "x186-262-553-733", "186-262-553-733_2", "704-268-108-95681-7", "x704-268-108-95681",
			},
		},
		{
			id: "pii/ph-philsys", kind: "PH_PHILSYS", severity: High,
			description: "Philippine identification system number (PSN, PCN), after a word that names it or in its groups",
			cues:        words("philsys", "psn", "pcn", "philid", "national id", "phil id"),
			forms:       []form{{written: "d4-d4-d4-d4|d4-d7-d1", proof: evidence{0, 0.4, 0.9}}, {written: "d16|d12|d4-d4-d4|d4 d4 d4|d4 d4 d4 d4", check: varied, proof: cuedForm}},
			positives: []string{
				"3032-8443-8333-1388", "7384-1580-3175-8962", "national id: 3032-8443-8333-1388", "national id: 7684-2670135-9",
				"national id: 7384-1580-3175-8962",
			},
			negatives: []string{
				"order 3032-8443-8333-1388", "3032-8443-8333-1388-7", "x3032-8443-8333-1388", "3032-8443-8333-1388_2",
				"x7684-2670135-9",
			},
		},
		{
			id: "pii/ph-umid", kind: "PH_UMID", severity: High,
			description: "Philippine unified multi-purpose identity number: four, seven and one digit",
			cues:        words("umid", "crn", "common reference"),
			forms: []form{
				{written: "d4-d7-d1", proof: evidence{0.55, 0.65, 0.95}},
				{written: "d12|d4 d7 d1", check: varied, proof: cuedForm},
			},
			positives: []string{
				"they wrote 1931-9274836-2 on it.", "1931-9274836-2", "9696-1745279-4", "common reference: 1931-9274836-2",
				"common reference: 9696-1745279-4",
			},
			negatives: []string{
				"1931-9274836-2-7", "x1931-9274836-2", "1931-9274836-2_2", "9696-1745279-4-7", "x9696-1745279-4",
			},
		},
		{
			id: "pii/ph-sss", kind: "PH_SSS", severity: High,
			description: "Philippine social security or health insurance number in its groups",
			cues:        words("sss", "philhealth", "social security system", "pagibig", "pag-ibig", "gsis"),
			forms: []form{
				{written: "d2-d7-d1|d2-d9-d1", proof: evidence{0.45, 0.6, 0.92}},
				{written: "d10|d12|d11|d4-d4-d4", check: varied, proof: cuedForm},
			},
			positives: []string{
				"they wrote 43-6518450-2 on it.", "43-6518450-2", "15-508067910-5", "gsis: 43-6518450-2", "gsis: 15-508067910-5",
			},
			negatives: []string{
				"43-6518450-2-7", "x43-6518450-2", "43-6518450-2_2", "15-508067910-5-7", "x15-508067910-5",
			},
		},
		{
			id: "pii/ph-passport", kind: "PH_PASSPORT", severity: High,
			description: "Philippine passport number: letter, seven digits, letter",
			cues:        words("passport", "philippine passport", "pasaporte"),
			forms: []form{
				{written: "A1d7A1", check: firstLetter("P"), proof: evidence{0.35, 0.55, 0.92}},
				{written: "A2d7|A2d6", proof: cuedForm},
			},
			positives: []string{
				"they wrote P9386168Q on it.", "P9386168Q", "P1507817X", "philippine passport: P9386168Q",
				"philippine passport: P1507817X",
			},
			negatives: []string{
				"P9386168Q-7", "xP9386168Q", "P9386168Q_2", "P1507817X-7", "xP1507817X",
			},
		},
		{
			id: "pii/my-nric", kind: "MY_NRIC", severity: High,
			description: "Malaysian identity card number: date of birth, place code, serial",
			cues:        words("mykad", "nric", "ic number", "kad pengenalan", "no kp", "ic no"),
			forms: []form{
				{written: "d6-d2-d4", check: digitsPass(isMyKad), proof: evidence{0.55, 0.65, 0.95}},
				{written: "d12", check: digitsPass(isMyKad), proof: evidence{0, 0.36, 0.9}},
			},
			positives: []string{
				"they wrote 400621-45-6458 on it.", "400621-45-6458", "380523-34-5095", "ic number: 400621-45-6458",
				"ic number: 380523-34-5095",
			},
			negatives: []string{
				"400621-45-6458-7", "x400621-45-6458", "400621-45-6458_2", "380523-34-5095-7", "x380523-34-5095",
			},
		},
		{
			id: "pii/id-nik", kind: "ID_NIK", severity: High,
			description: "Indonesian identity number: region, date of birth with 40 added to the day for women, serial",
			cues:        words("nik", "ktp", "nomor induk", "e ktp", "kartu tanda penduduk"),
			forms:       []form{{written: "d16|d6.d6.d4|d6-d6-d4", check: digitsPass(isNIK), proof: evidence{0, 0.45, 0.92}}},
			positives: []string{
				"697639.220929.5721", "549115-580419-2043", "e ktp: 2652925507434350", "e ktp: 697639.220929.5721",
				"e ktp: 549115-580419-2043",
			},
			negatives: []string{
				"order 2652925507434350", "2652925507434350-7", "x2652925507434350", "2652925507434350_2", "x697639.220929.5721",
			},
		},
		{
			id: "pii/vn-cccd", kind: "VN_CCCD", severity: High,
			description: "Vietnamese citizen identity number: province, sex and century, year, serial; after a word that names it",
			cues:        words("cccd", "cmnd", "can cuoc", "căn cước", "chung minh"),
			forms:       []form{{written: "d12", check: func(_, d []byte) bool { return d[0] == 0 && value(d[:3]) > 0 && value(d[:3]) <= 96 }, proof: evidence{0, 0.33, 0.9}}, {written: "d9", check: varied, proof: cuedForm}},
			positives: []string{
				"070165668672", "070036967322", "096963160854", "can cước: 070165668672", "can cước: 070036967322",
			},
			negatives: []string{
				"order 070165668672", "070165668672-7", "x070165668672", "070165668672_2", "x070036967322",
			},
		},
		{
			id: "pii/pk-cnic", kind: "PK_CNIC", severity: High,
			description: "Pakistani identity card number: five, seven and one digit, first digit 1 to 7",
			cues:        words("cnic", "nadra", "nicop", "شناختی"),
			forms: []form{
				{written: "d5-d7-d1", check: firstDigit("1234567"), proof: evidence{0.6, 0.7, 0.95}},
				{written: "d13", check: firstDigit("1234567"), proof: cuedForm},
			},
			positives: []string{
				"they wrote 51576-4848124-9 on it.", "51576-4848124-9", "40643-2520136-6", "cnic: 51576-4848124-9",
				"cnic: 40643-2520136-6",
			},
			negatives: []string{
				"51576-4848124-9-7", "x51576-4848124-9", "51576-4848124-9_2", "40643-2520136-6-7", "x40643-2520136-6",
			},
		},
	}
}
