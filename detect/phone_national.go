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
	if n.groups < 2 || n.digits < minTrunk || n.digits > maxTrunk || n.size[0] < 2 || n.size[0] > 5 {
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
	if n.groups > 2 && n.sep[0] != n.sep[1] && n.sep[0] == '.' {
		return false
	}
	pairs := n.pairs()
	if pairs == n.groups-1 && n.groups != 5 || n.sep[0] == '.' && n.groups == 4 {
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
		n.groups >= 3 && n.size[0] == 4 && n.size[1] <= 2 && n.size[2] <= 2
}

// isBracketed reports an area code of two or three digits in brackets and two groups of which the last has four.
func (n *number) isBracketed() bool {
	return n.groups == 3 && n.size[0] <= 3 && n.size[0] >= 2 && n.size[1] >= 3 && n.size[1] <= 5 && n.size[2] == 4
}

// isAfterCue reports what counts as a number directly after a word such as phone: any grouping that is no date, or bare
// digits as many as a national number has.
func (n *number) isAfterCue() bool {
	if n.isDate() || n.digits > maxNational {
		return false
	}
	if n.groups == 1 {
		return n.digits >= minTrunk && n.digits <= maxTrunk
	}
	for k := range n.groups {
		if n.size[k] > 8 || n.size[k] < 2 && k > 0 || n.sep[k] == '.' && n.size[k] < 2 {
			return false
		}
	}
	return true
}
