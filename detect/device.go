package detect

// deviceRules are for numbers of devices, cards and vehicles.
func deviceRules() []builtin {
	out := []builtin{macRule(), advertisingRule()}
	for _, row := range deviceIdentities() {
		out = append(out, row.builtin())
	}
	return out
}

func deviceIdentities() []identity {
	return []identity{
		{
			id: "pii/imei", kind: "IMEI", severity: Medium,
			description: "number of a mobile device (IMEI, 3GPP TS 23.003): Luhn check; with software version after a word that names it",
			cues:        words("imei", "imeisv", "handset", "device id", "serial"),
			forms: []form{
				{written: "d2-d6-d6-d1|d6-d2-d6-d1|d2 d6 d6 d1", check: luhnDigits, proof: evidence{0.55, 0.65, 0.95}},
				{written: "d15", check: luhnDigits, proof: evidence{0, 0.42, 0.95}},
				{written: "d16", check: varied, proof: evidence{0, 0, 0.75}, cues: words("imei", "imeisv")},
			},
			positives: []string{"IMEI 490154203237518", "imei: 35-209900-176148-1", "490154203237518", "imeisv 3520990017614823"},
			negatives: []string{"IMEI 490154203237519", "order 490154203237518", "x490154203237518", "490154203237518-1"},
		},
		{
			id: "pii/meid", kind: "MEID", severity: Medium,
			description: "number of a mobile device (MEID, 3GPP2 S.R0048): 14 hexadecimal digits that begin with A to F or 99, after a word that names it",
			cues:        words("meid", "esn"),
			forms: []form{
				{written: "w14|d14", check: isMEID, proof: evidence{0, 0, 0.85}},
				{written: "w15|d15", check: isMEID, proof: evidence{0, 0, 0.92}},
			},
			positives: []string{"MEID: A0000012345678", "meid A10000009296F2", "meid=99000001234567"},
			negatives: []string{"A0000012345678", "meid: 1234567890ABCD", "meid: A00000123456", "meid: G0000012345678"},
		},
		{
			id: "pii/imsi", kind: "IMSI", severity: Medium,
			description: "subscriber number (IMSI, ITU-T E.212): 15 digits with a mobile country code, after a word that names it",
			cues:        words("imsi", "subscriber id"),
			forms:       []form{{written: "d15|d14|d3-d2-d10|d3-d3-d9", check: isIMSI, proof: evidence{0, 0, 0.88}}},
			positives:   []string{"IMSI 262011234567890", "imsi: 310150123456789", "imsi=234-15-1234567890"},
			negatives:   []string{"262011234567890", "imsi 162011234567890", "imsi 26201123456789012"},
		},
		{
			id: "pii/iccid", kind: "ICCID", severity: Medium,
			description: "number of a SIM card (ITU-T E.118): begins with 89, Luhn check",
			cues:        words("iccid", "sim", "sim card", "esim"),
			forms: []form{
				{written: "d19|d20", check: both(startsWith("89"), luhnDigits), proof: evidence{0.5, 0.6, 0.95}},
				{written: "d19|d20", check: startsWith("89"), proof: evidence{0, 0, 0.75}, cues: words("iccid")},
			},
			positives: []string{"ICCID 8901260123456789019", "sim: 89014103211118510720", "89014103211118510720", "iccid 8901260123456789012"},
			negatives: []string{"8901260123456789012", "sim: 7901260123456789017", "x89014103211118510720"},
		},
		{
			id: "pii/vin", kind: "VIN", severity: Low,
			description: "vehicle identification number (ISO 3779): 17 characters without I, O, Q; check digit of 49 CFR 565 for North America",
			cues:        words("vin", "chassis", "fahrgestell*", "fahrzeug ident*", "fin", "vehicle identification", "frame number", "telaio", "bastidor"),
			forms: []form{
				{written: "w17|d17", check: isVIN, proof: evidence{0.5, 0.65, 0.95}},
				{written: "w17", check: vinShape, proof: evidence{0, 0.35, 0.85}},
			},
			positives: []string{"VIN 1M8GDM9AXKP042788", "1HGCM82633A004352", "chassis: WVWZZZ1JZXW000001", "Fahrgestellnummer WDB1110821N000012"},
			negatives: []string{"1M8GDM9AXKPO42788", "VIN 1M8GDM9AXKP04278", "code WVWZZZ1JZXW000001 here", "x1HGCM82633A004352"},
		},
	}
}

func isMEID(c, d []byte) bool {
	for _, x := range c {
		if classOf[x]&clHex == 0 {
			return false
		}
	}
	if isDigit(c[0]) && (c[0] != '9' || c[1] != '9') {
		return false
	}
	return len(c) == 14 || luhnBase16(c)
}

func isIMSI(_, d []byte) bool {
	mcc := value(d[:3])
	return mcc >= 201 && mcc <= 750 || mcc == 901
}

// isVIN checks the weighted sum of the characters' values, whose remainder stands at the ninth place.
func isVIN(c, _ []byte) bool {
	if !vinShape(c, nil) {
		return false
	}
	weights := [17]int{8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2}
	sum := 0
	for k, x := range c {
		sum += vinValue(x) * weights[k]
	}
	return "0123456789X"[sum%11] == c[8] && !sameByte(c)
}

func vinShape(c, _ []byte) bool {
	return noneOf(c, "IOQ") && isDigit(c[15]) && isDigit(c[16]) && isDigit(c[14])
}

// vinValue is the value of a character: letters count 1 to 9 by their place in EBCDIC.
func vinValue(c byte) int {
	switch {
	case isDigit(c):
		return int(c - '0')
	case c <= 'H':
		return int(c-'A') + 1
	case c <= 'R':
		return int(c-'J') + 1
	}
	return int(c-'S') + 2
}

func sameByte(c []byte) bool {
	for _, x := range c {
		if x != c[0] {
			return false
		}
	}
	return true
}

func macRule() builtin {
	r := builtin{
		Rule: Rule{
			ID: "pii/mac-address", Kind: "MAC_ADDRESS", Severity: Low,
			Description: "hardware address (IEEE 802, EUI-48 or EUI-64): pairs with colons or dashes, or groups of four with dots",
			Positives: []string{
				"mac 00:1A:2B:3C:4D:5E", "00-1a-2b-3c-4d-5e", "from a4:83:e7:12:34:56 to", "001A.2B3C.4D5E", "BSSID=F0:9F:C2:12:34:56,",
				"00:25:96:FF:FE:12:34:56",
			},
			Negatives: []string{
				"00:1A:2B:3C:4D", "00:1A-2B:3C-4D:5E", "ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00", "00:1A:2B:3C:4D:5E:6F", "10:20:30 40:50:60",
				"00:1A:2B:3C:4D:5G", "1:2:3:4:5:6",
			},
		},
		on: []entry{{bytes: digits, sizes: lengths(1, 2, 3, 4), after: ":-.abcdefABCDEF", find: findMACAtDigit}},
	}
	for _, a := range "abcdefABCDEF" {
		for _, b := range "0123456789abcdefABCDEF" {
			for _, sep := range ":-" {
				r.on = append(r.on, entry{prefix: string([]rune{a, b, sep}), find: findMAC})
			}
		}
	}
	return r
}

func findMACAtDigit(w *window, i int) hit {
	size := w.group - i
	switch {
	case size > 4 || size == 0:
		return hit{}
	case size == 2 && (w.after == ':' || w.after == '-'), size == 1 && classOf[w.after]&clHex != 0 && isLetter(w.after):
		return findMAC(w, i)
	case size == 4 && w.after == '.', size < 4 && isLetter(w.after) && classOf[w.after]&clHex != 0:
		return findDottedMAC(w, i)
	}
	return hit{}
}

// findMAC looks for six or eight pairs with one separator.
func findMAC(w *window, i int) hit {
	if c := w.before(i); c == ':' || c == '-' {
		return hit{}
	}
	sep := w.at(i + 2)
	if size := w.group - i; sep != ':' && sep != '-' {
		if isDigit(w.b[i]) && size < 4 {
			return findDottedMAC(w, i)
		}
		return hit{}
	}
	zeros, ones, pairs, j := 0, 0, 0, i
	for pairs < 9 {
		a, b := w.at(j), w.at(j+1)
		if classOf[a]&classOf[b]&clHex == 0 && (classOf[a]&clHex == 0 || classOf[b]&clHex == 0) {
			return hit{}
		}
		if a == '0' && b == '0' {
			zeros++
		}
		if a|0x20 == 'f' && b|0x20 == 'f' {
			ones++
		}
		pairs++
		j += 2
		if w.at(j) != sep {
			break
		}
		j++
	}
	if pairs != 6 && pairs != 8 || zeros == pairs || ones == pairs {
		return hit{}
	}
	if c := w.at(j); isWord(c) || c == ':' || c == '-' && isWord(w.at(j+1)) {
		return hit{}
	}
	if pairs == 8 {
		return hit{start: i, end: j, score: 0.86} // rather than an IPv6 address, whose groups have more digits
	}
	return hit{start: i, end: j, score: 0.8}
}

// findDottedMAC looks for three groups of four hexadecimal digits.
func findDottedMAC(w *window, i int) hit {
	j, letters := i, false
	for k := range 3 {
		end := w.run(clHex, j, 5)
		if end-j != 4 {
			return hit{}
		}
		for _, c := range w.b[j:end] {
			letters = letters || isLetter(c)
		}
		j = end
		if k < 2 {
			if w.at(j) != '.' {
				return hit{}
			}
			j++
		}
	}
	if c := w.at(j); isWord(c) || c == '.' && isWord(w.at(j+1)) {
		return hit{}
	}
	if !letters {
		return hit{start: i, end: j, score: 0.3}
	}
	return hit{start: i, end: j, score: 0.75}
}

func advertisingRule() builtin {
	r := builtin{
		Rule: Rule{
			ID: "pii/advertising-id", Kind: "ADVERTISING_ID", Severity: Medium,
			Description: "advertising or device identifier of a phone: UUID, 16 or 32 hexadecimal digits after its name",
			Positives: []string{
				"idfa: 6D92078A-8246-4BA4-AE5B-76104861E7DC", `"gaid": "cdda802e-fb9c-47ad-9866-0794d394c912"`, "android_id=9774d56d682e549c",
				"advertising id: cdda802e-fb9c-47ad-9866-0794d394c912",
			},
			Negatives: []string{
				"id: 6D92078A-8246-4BA4-AE5B-76104861E7DC", "idfa: none", "gaid: 00000000-0000-0000-0000-000000000000", "android_id=9774d56d682e54",
			},
		},
	}
	for _, cue := range []string{
		"idfa", "IDFA", "gaid", "GAID", "adid", "ADID", "aaid", "AAID", "idfv", "IDFV", "advertising", "Advertising", "device_id", "deviceId",
		"device", "android_id", "androidId", "ANDROID_ID",
	} {
		r.on = append(r.on, entry{prefix: cue, find: findAdvertisingID})
	}
	return r
}

// findAdvertisingID looks for the value behind the name of the identifier.
func findAdvertisingID(w *window, i int) hit {
	j := w.run(clWord, i, 24)
	if w.at(j) == ' ' && (w.hasPrefix(j+1, "id") || w.hasPrefix(j+1, "ID")) {
		j += 3
	}
	open := j
	for k := 0; k < 5 && w.at(j) != 0 && indexByte(" :=\"'", w.at(j)) >= 0; k++ {
		j++
	}
	if j == open {
		return hit{}
	}
	start, n, zeros, dashes := j, 0, 0, 0
	for n < 33 {
		c := w.at(j)
		if c == '-' && (n == 8 || n == 12 || n == 16 || n == 20) {
			dashes++
			j++
			continue
		}
		if classOf[c]&clHex == 0 {
			break
		}
		if c == '0' {
			zeros++
		}
		n++
		j++
	}
	if isWord(w.at(j)) || zeros == n || !(n == 32 && (dashes == 4 || dashes == 0) || n == 16 && dashes == 0) {
		return hit{}
	}
	return hit{start: start, end: j, score: 0.85}
}
