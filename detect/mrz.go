package detect

func mrzRule() builtin {
	r := builtin{
		Rule: Rule{
			ID: "pii/mrz", Kind: "MRZ", Severity: High,
			Description: "machine-readable zone of a passport, visa or identity card (ICAO Doc 9303): TD1, TD2 or TD3 with its check digits",
			Positives: []string{
				"P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10",
				"I<UTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<6\nERIKSSON<<ANNA<MARIA<<<<<<<<<<",
				"I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<\nD231458907UTO7408122F1204159<<<<<<<6",
				"V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<\nL8988901C4UTO4009078F9612109<<<<<<<<",
			},
			Negatives: []string{
				"P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C37UTO7408122F1204159ZE184226B<<<<<10",
				"P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "I<UTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<7\nERIKSSON<<ANNA<MARIA<<<<<<<<<<",
				"P<B and C<D",
			},
		},
	}
	for _, p := range []string{"P<", "V<", "I<", "A<", "C<", "PD", "PO", "PS", "PP", "ID", "IR", "IP", "AC", "AR"} {
		r.on = append(r.on, entry{prefix: p, find: findMRZ})
	}
	return r
}

// mrzLine is the most that a line has, in TD3.
const mrzLine = 44

// mrzRun returns the end of the characters of a machine-readable line at i.
func (w *window) mrzRun(i int) int {
	j := i
	for j-i <= mrzLine {
		if c := w.at(j); !isUpper(c) && !isDigit(c) && c != '<' {
			break
		}
		j++
	}
	return j
}

// nextLine returns where the next line begins, i itself if the line does not end there.
func (w *window) nextLine(i int) int {
	if w.at(i) == '\r' {
		i++
	}
	switch {
	case w.at(i) == '\n':
		return i + 1
	case w.at(i) == '\\' && w.at(i+1) == 'n':
		return i + 2
	}
	return i
}

// findMRZ looks for the two or three lines at the code of the document.
func findMRZ(w *window, i int) hit {
	end := w.mrzRun(i)
	size := end - i
	if size != 30 && size != 36 && size != 44 {
		return hit{}
	}
	if size != 44 && w.b[i] == 'P' || !isUpper(w.b[i+2]) && w.b[i+2] != '<' {
		return hit{}
	}
	second := w.nextLine(end)
	if second == end {
		return hit{}
	}
	end = w.mrzRun(second)
	if end-second != size {
		return hit{}
	}
	one, two := w.b[i:i+size], w.b[second:end]
	if size != 30 {
		if !mrzPassport(two, w.b[i] == 'V') {
			return hit{}
		}
		return hit{start: i, end: end, score: 0.97}
	}
	third := w.nextLine(end)
	if third == end || w.mrzRun(third)-third != size || !mrzCard(one, two) {
		return hit{}
	}
	return hit{start: i, end: third + size, score: 0.97}
}

// mrzPassport checks the second line of TD2 and TD3; visas have no composite check digit.
func mrzPassport(line []byte, visa bool) bool {
	if !mrzDigit(line[:9], line[9]) || !mrzDigit(line[13:19], line[19]) || !mrzDigit(line[21:27], line[27]) {
		return false
	}
	if visa {
		return true
	}
	last := len(line) - 1
	var all [43]byte
	n := copy(all[:], line[:10])
	n += copy(all[n:], line[13:20])
	n += copy(all[n:], line[21:last])
	return mrzDigit(all[:n], line[last])
}

// mrzCard checks the first two lines of TD1.
func mrzCard(one, two []byte) bool {
	if one[14] != '<' && !mrzDigit(one[5:14], one[14]) || !mrzDigit(two[:6], two[6]) || !mrzDigit(two[8:14], two[14]) {
		return false
	}
	var all [60]byte
	n := copy(all[:], one[5:30])
	n += copy(all[n:], two[:7])
	n += copy(all[n:], two[8:15])
	n += copy(all[n:], two[18:29])
	return mrzDigit(all[:n], two[29])
}

func mrzDigit(text []byte, c byte) bool {
	d := icaoDigit(text)
	return isDigit(c) && d == int(c-'0') || c == '<' && d == 0
}
