package detect

// isIDD reports whether the number begins with the international prefix 00 and is grouped like one.
func (w *window) isIDD(i int, n *number) bool {
	return n.pairs() < n.groups-1 && n.groups > 1 && w.b[i] == '0' && w.b[i+1] == '0' && n.size[0] >= 2 && n.size[0] <= 5 && n.sep[0] != '.' && w.phoneStarts(i) &&
		(n.size[0] > 2 || n.groups > 2)
}

// isNANP reports a number of the North American plan: NXX-NXX-XXXX with N from 2 to 9, no N11 exchange, one separator
// throughout or the area code in brackets, an optional 1 before.
func (w *window) isNANP(i int, n *number) bool {
	k := 0
	if n.groups == 4 && n.size[0] == 1 && w.b[i] == '1' {
		k = 1
	}
	if n.groups != k+3 || n.size[k] != 3 || n.size[k+1] != 3 || n.size[k+2] != 4 {
		return false
	}
	area, exchange := n.at[k], n.at[k+1]
	if w.b[area] < '2' || w.b[exchange] < '2' || w.b[exchange+1] == '1' && w.b[exchange+2] == '1' {
		return false
	}
	return w.b[area-min(area, 1)] == '(' || n.sep[k] == n.sep[k+1] && n.sep[k] != '/'
}

// isTrunk reports a number with the trunk prefix 0: area code of two to five digits and one or more groups. All
// separators are the same but for the first, which sets the area code off.
func (w *window) isTrunk(i int, n *number) bool {
	if n.groups < 2 || n.digits < minTrunk-1 || n.digits > maxTrunk || n.size[0] < 2 || n.size[0] > 5 {
		return false
	}
	if n.digits == maxTrunk && (n.sep[0] != '/' || n.groups > 2) {
		return false
	}
	if n.digits == minTrunk-1 && (n.sep[0] != '-' || n.groups < 3 || n.sep[1] != ' ') {
		return false
	}
	first := n.at[0]
	if w.b[first] != '0' || w.b[first+1] == '0' || first > i && w.b[i] != '(' {
		return false
	}
	for k := 1; k < n.groups; k++ {
		if n.size[k] < 2 || n.groups == 2 && n.size[k] < 5 || k > 1 && k < n.groups-1 && n.sep[k] != n.sep[1] {
			return false
		}
	}
	if n.sep[0] == '.' && (n.groups > 2 && n.sep[0] != n.sep[1] || n.size[0] > 3) {
		return false
	}
	pairs := n.pairs()
	if pairs == n.groups-1 && n.groups != 5 && (n.sep[0] != '-' || n.groups < 4 || n.sep[1] != ' ') || n.sep[0] == '.' && n.groups == 4 {
		return false
	}
	if pairs == 4 && i > 1 && w.b[i-1] == ' ' && classOf[w.b[i-2]]&clHex != 0 {
		return false // a row of hexadecimal pairs goes on
	}
	return !n.isDate() && (n.groups > 2 || n.sep[0] != '.')
}

// pairs counts the groups of two digits after the first.
func (n *number) pairs() int {
	pairs := 0
	for _, size := range n.size[1:n.groups] {
		if size == 2 {
			pairs++
		}
	}
	return pairs
}

// isDate reports groups that begin like a date, 2-2-4 or 4-2-2, or are those of another number.
func (n *number) isDate() bool {
	return n.groups == 3 && n.size[0] == 3 && n.size[1] == 2 && n.size[2] == 4 || // a social security number
		n.groups >= 3 && n.size[0] <= 2 && n.size[1] <= 2 && n.size[2] == 4 && (n.sep[0] == '.' || n.sep[0] == '/' || n.sep[0] == '-') ||
		n.groups >= 3 && n.size[0] == 4 && n.size[1] <= 2 && n.size[2] <= 2 && n.sep[0] == n.sep[1]
}

// isBracketed reports a code of two or three digits in brackets and the rest of a number: two groups of which the last
// has four digits, or any groups that make nine to thirteen digits in all.
func (n *number) isBracketed() bool {
	if n.size[0] > 3 || n.size[0] < 2 || n.groups < 2 {
		return false
	}
	if n.groups == 3 && n.size[1] >= 3 && n.size[1] <= 5 && n.size[2] == 4 {
		return true
	}
	for _, size := range n.size[1:n.groups] {
		if size < 2 || size > 9 {
			return false
		}
	}
	return n.digits >= 10 && n.groups <= 4
}

// isAfterCue reports what counts as a number after a word such as phone: any grouping that is no date, or bare digits as
// many as a national number has.
func (n *number) isAfterCue() bool {
	if n.isDate() || n.digits > maxNational {
		return false
	}
	if n.groups == 1 {
		return n.digits >= minIntl && n.digits <= 12
	}
	for k := range n.groups {
		if n.size[k] > 8 || n.size[k] < 2 && k > 0 || n.sep[k] == '.' && (n.size[k] < 2 || n.groups == 2) {
			return false
		}
	}
	return true
}

// plainScore is for numbers that no word announces: the layouts of national plans that other numbers seldom have.
func (w *window) plainScore(i int, n *number) float32 {
	first, sep := w.b[n.at[0]], n.sep[0]
	is := func(sizes ...uint8) bool {
		if n.groups != len(sizes) {
			return false
		}
		for k, size := range sizes {
			if n.size[k] != size {
				return false
			}
		}
		return true
	}
	if !w.inProse(i, n.end) {
		return 0
	}
	switch {
	case is(2, 4, 4) && sep == ' ' && n.sep[1] == '-', is(2, 5, 4) && sep == ' ' && n.sep[1] == '-': // Brazil
		return 0.5
	case is(2, 3, 3, 4) && first != '0' && sep == '-' && n.sep[1] == '-' && n.sep[2] == '-': // a country code without its plus
		return 0.5
	case is(3, 3, 4) && sep == n.sep[1] && sep != '/' && first >= '2': // as in North America, with a code that is not assigned
		return 0.4
	case is(3, 3, 3) && sep == ' ' && n.sep[1] == ' ' && first >= '5': // Spain, Portugal, Poland, Czechia
		return 0.33
	case is(1, 4, 4) && first == '0' && sep == ' ', is(1, 3, 3, 3) && first == '0' && sep == ' ': // the trunk prefix on its own
		return 0.4
	case is(11) && first == '1' && w.b[i+1] >= '3': // China
		return 0.33
	case (is(10) || is(11)) && first == '0' && w.b[i+1] != '0':
		return 0.35
	}
	return 0
}

// inProse reports whether a number stands in running text or alone on its line, not among other numbers and signs.
func (w *window) inProse(i, end int) bool {
	j := i
	if j > 0 && w.b[j-1] == '(' {
		j--
	}
	if j > 0 && w.b[j-1] == ' ' {
		j--
	}
	if j > 0 && w.b[j-1] != '\n' && !isLetter(w.b[j-1]) && indexByte(",:;.", w.b[j-1]) < 0 && w.b[j-1] < 0x80 {
		return false
	}
	if c := w.at(end); c == ' ' || c == ',' {
		c = w.at(end + 1)
		return !isDigit(c) && indexByte("+*/=<>|$%{[", c) < 0 || c == 0
	}
	return true
}
