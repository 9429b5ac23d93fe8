package detect

func ssnRule() builtin {
	return builtin{
		Rule: Rule{
			ID: "pii/us-ssn", Kind: KindUSSSN, Severity: High,
			Description: "US social security number: area, group and serial ranges; grouped 3-2-4, or bare after a word that names it",
			Positives: []string{
				"SSN 536-22-1234.", "his number is 219-45-6789,", "ssn: 536 22 1234", "social security number 536221234", "(123-45-6789)", "536 22 1234", "536.22.1234",
				"078-05-1120", "ssn 53622-1234", "SSN\n536221234",
			},
			Negatives: []string{
				"000-12-3456", "666-12-3456", "900-12-3456", "536-00-1234", "536-22-0000", "order 536221234", "order 536 22 1234", "1536-22-1234",
				"536-22-12345", "536-22-1234-5", "A-536-22-1234", "2024-05-1234", "536.22 1234", "ssn 536-22 1234",
			},
		},
		on: []entry{{bytes: digits, sizes: lengths(9), find: findSSN}, {bytes: digits, sizes: lengths(3, 5), after: "- .", then: thenDigit, find: findSSN}},
		forms: []form{
			{written: "d9", check: isSSN, proof: evidence{0, 0.34, 0}, cues: ssnCues},
			{written: "d3-d6|d5-d4", check: isSSN, proof: evidence{0.32, 0.45, 0.8}, cues: ssnCues},
		},
	}
}

// isSSN checks the ranges of area, group and serial number.
func isSSN(_, d []byte) bool {
	area := value(d[:3])
	return area > 0 && area != 666 && area < 900 && pair(d, 3) > 0 && value(d[5:]) > 0 && value(d) != 78051120 && value(d) != 219099999
}

var ssnCues = words("ssn", "ssns", "ss", "social security", "social", "soc sec", "taxpayer", "seguro social", "sécurité sociale américaine")

// findSSN looks for a number of the Social Security Administration (20 CFR 422.103). There is no check digit; since
// June 2011 areas are assigned at random, except those that never are.
func findSSN(w *window, i int) hit {
	if size := w.group - i; size != 9 && (size != 3 && size != 5 || indexByte("- .", w.after) < 0) {
		return hit{}
	}
	n := w.number(i, "- .")
	if n.digits != 9 || w.b[i] == '9' || !w.standsAlone(i, n.end) {
		return hit{}
	}
	score := float32(0.85)
	switch {
	case n.groups == 3 && n.size[0] == 3 && n.size[1] == 2 && n.sep[0] == n.sep[1]:
		if cued := w.near(i, ssnCues); n.sep[0] != '-' && !cued {
			score = 0.5
			if w.near(i, numberCues) || w.near(i, phoneCues) {
				return hit{}
			}
		}
	case n.groups > 2 || n.groups == 2 && n.size[0] != 3 && n.size[0] != 5 || !w.near(i, ssnCues):
		return hit{}
	}
	var d [9]byte
	w.copyDigits(d[:], i, n.end)
	area := int(d[0])*100 + int(d[1])*10 + int(d[2])
	group := d[3]*10 + d[4]
	serial := int(d[5])*1000 + int(d[6])*100 + int(d[7])*10 + int(d[8])
	switch {
	case area == 0 || area == 666 || group == 0 || serial == 0:
		return hit{}
	case area == 78 && group == 5 && serial == 1120, area == 219 && group == 9 && serial == 9999: // printed on sample cards
		w.note("published as a sample")
		return hit{start: i, end: n.end, score: 0.2, known: true}
	}
	return hit{start: i, end: n.end, score: score}
}
