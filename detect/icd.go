package detect

func icdRule() builtin {
	return builtin{
		Rule: Rule{
			ID: "phi/icd-10", Kind: KindHealth, Severity: High,
			Description: "code of a diagnosis (ICD-10: chapter letter, two characters, up to four after a point) with a word that says so",
			Positives:   []string{"diagnosis E11.9", "ICD-10: F32.1,", "dx: I10", "ICD10 code S72.001A", "Diagnose: C50.9", "diagnosis code J45"},
			Negatives:   []string{"E11.9", "room B12", "MOVQ DX, R15", "vitamin B12 with the diagnosis of nothing at all in a text that goes on", "dx: U2", "ICD-10: Z1", "part A10.500000"},
		},
		on: []entry{{upper: true, next: digits, sizes: lengths(3), find: findICD}},
	}
}

var icdCues = words("icd", "icd10", "icd 10", "diagnosis", "diagnoses", "diagnosis code", "diagnose", "diagnosen", "diagnostic", "cim 10", "cie 10", "diagnóstico", "diagnosi", "rozpoznanie")

const icdSpan = 24

// afterDx reports "dx:" before i. Without the colon it is the name of a register.
func (w *window) afterDx(i int) bool {
	k := i
	if w.before(k) == ' ' {
		k--
	}
	return w.before(k) == ':' && w.nearWithin(i, dxCue, 8)
}

var dxCue = words("dx")

func findICD(w *window, i int) hit {
	if !isDigit(w.b[i+1]) || !isDigit(w.b[i+2]) && w.b[i+2] != 'A' && w.b[i+2] != 'B' {
		return hit{}
	}
	end := w.caps
	if w.at(end) == '.' && isAlnum(w.at(end+1)) {
		j := w.run(clCaps, end+1, 5)
		if j-end > 5 || j == end+1 {
			return hit{}
		}
		end = j
	}
	if isWord(w.at(end)) || !w.nearWithin(i, icdCues, icdSpan) && !w.afterDx(i) {
		return hit{}
	}
	return hit{start: i, end: end, score: 0.85}
}
