package detect

func phoneRule() builtin {
	return builtin{
		Rule: Rule{
			ID: "pii/phone", Kind: KindPhone, Severity: Medium,
			Description: "phone number: E.164 with a country code, or a national format with area code and groups; bare digits only after a word such as phone",
			Positives: []string{
				"+1 212 555 0100", "call +442079460018.", "+49 (0)30 901820-12", "(212) 555-0134", "212-555-0178", "212.555.0111",
				"1-800-555-0199", "020 7946 0018", "(020) 7946 0958", "07700 900123", "01 23 45 67 89", "030/901820", "0171-123 45 67",
				"03-1234-5678", "+55 11 91234-5678", "(11) 91234-5678", "phone: 2125550142", "mobile 612 345 678", "0049 30 901820",
				"tel. 555-0123", "+1 (212) 555-0100 ext. 42", "+33 1 70 18 99 00, +34 912 345 678", "02 9374 4000",
				"212-555-0100 212-555-0101", "ring (212) 555-0134", "+(371) 67 123 456", "(351) 926 661 309", "08-83 55 72", "11 91234-5678", "reach me at 612 345 678",
				"please call me at 0912 345 678 or", "contact 23 43 14 95", "01.72.26.28.98", "0 2249 7707", "Tel 2343 1495", "91-415-555-0132", "my number is 13812345678",
				"tel:+49-30-901820", "212-555-0100 Ext. 7", "call 0431274720", "text me: 555 0123",
			},
			Negatives: []string{
				"2125550142", "2024-05-13 10:30", "13.05.2024", "01/02/2024", "012-3456789-1234567", "978-0-306-40615-7", "0-306-40615-2",
				"550e8400-e29b-41d4-a716-446655440000", "1.234.567.890", "3.14159265358979", "v2.10.300.4000", "order 302-555-1234", "account number 2125550142", "contact us in 2019-2020", "the number of people is 12 345", "policy number 612 345 678",
				"reach 2024-05-13", "population 612 345 678 in 2020", "12 345 678", "1 234 567 890", "call(1234567)",
				"x+12345678901", "+999 123 456 789", "100 200 3000", "0.12345 67890", "192.168.100.200", "1715600000", "12:30:45",
				"lines 100-200-3000", "12 34 56 78 90 12 34 56", "05.12.2024 10 30", "15:04:05.999999999", "50 4b 03 04 14 00 00", "66 00 68 00 71 00 67 00 61 00 64 00", "callme536870912, 536870912",
			},
		},
		on: []entry{{bytes: digits, sizes: lengths(7, 8, 9, 10, 11, 12), find: findNational}, {bytes: digits, sizes: lengths(1, 2, 3, 4, 5, 6), after: phoneSeps + "(", then: thenDigit, find: findNational}, {bytes: "(", next: digits, find: findNational}, {bytes: "+", next: digits + "(", find: findInternational}},
	}
}

const (
	phoneSeps   = " -./"
	minIntl     = 7  // shortest number with its country code
	maxIntl     = 15 // ITU-T E.164, section 6.2.1
	maxTrunk    = 13
	minTrunk    = 9
	maxNational = 13
)

// findInternational looks for a number at its plus sign.
func findInternational(w *window, i int) hit {
	if c := w.before(i); isWord(c) || c == '+' || !isGroupStart(w.at(i+1)) {
		return hit{}
	}
	n := w.groups(i + 1)
	end, score := w.internationalEnd(&n), float32(0.85)
	if end == 0 && !w.early && n.digits >= minIntl+2 && n.digits <= maxIntl && n.groups > 1 && w.internationalCode(&n) {
		end, score = n.end, 0.6 // assigned code, a length that its plan does not have
	}
	if end == 0 || !w.phoneEnds(end) {
		return hit{}
	}
	return hit{start: i, end: w.extension(end), score: score}
}

// findNational looks for a number without country code at its first digit or bracket.
func findNational(w *window, i int) hit {
	if w.b[i] != '(' {
		if size := w.group - i; size > 12 || size < minIntl && w.after != '(' && (indexByte(phoneSeps, w.after) < 0 || !isGroupStart(w.at(w.group+1))) {
			return hit{}
		}
	} else if !isDigit(w.at(i + 1)) {
		return hit{}
	}
	n := w.groups(i)
	if n.digits < minIntl {
		return hit{}
	}
	if n.digits >= 10 && w.isIDD(i, &n) {
		rest := n.tail(w, 2)
		if end := w.internationalEnd(&rest); end > 0 && !(rest.size[0] <= 2 && rest.groups > 1 && w.b[rest.at[1]] == '0') && w.phoneEnds(end) {
			return hit{start: i, end: w.extension(end), score: 0.7}
		}
	}
	score := w.nationalScore(i, &n)
	if score == 0 && n.cutAtSpace() {
		score = w.nationalScore(i, &n)
	}
	if score == 0 {
		return hit{}
	}
	return hit{start: i, end: w.extension(n.end), score: score}
}

// nationalScore says how much the groups look like a national number, 0 for not at all.
func (w *window) nationalScore(i int, n *number) float32 {
	if n.digits < minIntl || n.digits > maxNational || !w.phoneEnds(n.end) || !w.phoneStarts(i) {
		return 0
	}
	shaped := w.isNANP(i, n) || w.isTrunk(i, n) || w.b[i] == '(' && n.isBracketed()
	if !shaped && !n.isAfterCue() && (w.early || w.plainScore(i, n) == 0) {
		return 0 // no word could change that, and looking for words costs most
	}
	switch {
	case w.isYears(n) || n.groups == 1 && w.before(i) == '(' && i > 1 && isWord(w.b[i-2]): // call(12345678)
		return 0
	case n.groups == 1 && w.b[i] == '0' && w.b[i+1] == '0':
		return 0 // filled up with zeros
	case w.near(i, phoneCues):
		if shaped || n.isAfterCue() {
			return 0.9
		}
		return 0
	case w.near(i, numberCues):
		return 0
	case shaped:
		return 0.7
	case w.early:
		return 0
	case n.isAfterCue() && w.nearWithin(i, contactCues, contactSpan):
		return 0.6
	}
	return w.plainScore(i, n)
}

// isYears reports two years with a dash between.
func (w *window) isYears(n *number) bool {
	if n.groups != 2 || n.size[0] != 4 || n.size[1] != 4 || n.sep[0] == '.' {
		return false
	}
	for _, at := range n.at[:2] {
		if c, d := w.b[at], w.b[at+1]; (c != '1' || d < '8') && (c != '2' || d > '1') {
			return false
		}
	}
	return true
}

// cutAtSpace cuts the number before a space that follows other separators, as in a list: "212-555-0100 212-555-0101".
func (n *number) cutAtSpace() bool {
	for k := 1; k < n.groups-1; k++ {
		if n.sep[k] == ' ' && n.sep[k-1] != ' ' {
			n.end = n.at[k] + int(n.size[k])
			n.groups = k + 1
			n.digits = 0
			for _, size := range n.size[:n.groups] {
				n.digits += int(size)
			}
			return true
		}
	}
	return false
}

func isGroupStart(c byte) bool { return isDigit(c) || c == '(' }

// groups reads digit groups with at most one separator between them, any group in brackets, as in "44 (0)20 7946-0018".
// A zero alone in brackets is a trunk prefix after a country code and does not count.
func (w *window) groups(i int) (n number) {
	for start := i; n.groups < maxGroups && i-start < maxNumber; {
		from, next := i, 0
		if w.at(i) == '(' {
			from++
		}
		to := w.run(clDigit, from, maxIntl+1)
		next = to
		if from > i {
			if w.at(to) != ')' {
				return n
			}
			next++
		}
		if to == from {
			return n
		}
		if from == i || n.groups == 0 || to != from+1 || w.b[from] != '0' {
			n.at[n.groups], n.size[n.groups] = from, uint8(to-from)
			n.digits += to - from
			n.groups++
		}
		n.end = next
		c := w.at(next)
		i = next
		if indexByte(phoneSeps, c) >= 0 {
			n.sep[n.groups-1] = c
			i++
			c = w.at(i)
		}
		if !isGroupStart(c) {
			n.sep[n.groups-1] = 0
			return n
		}
	}
	return n
}

// tail returns the number without its first k digits, which must lie in the first group.
func (n number) tail(w *window, k int) number {
	if int(n.size[0]) == k {
		copy(n.at[:], n.at[1:])
		copy(n.size[:], n.size[1:])
		copy(n.sep[:], n.sep[1:])
		n.groups--
	} else {
		n.at[0] += k
		n.size[0] -= uint8(k)
	}
	n.digits -= k
	return n
}

// internationalEnd returns where the number that begins with a country code ends: after the last group that the
// country's numbers can still have. It returns 0 if the code is not assigned or the length does not fit.
func (w *window) internationalEnd(n *number) int {
	if n.groups == 0 || w.b[n.at[0]] == '0' {
		return 0
	}
	var buf [maxIntl + 1]byte
	d := buf[:w.copyDigits(buf[:], n.at[0], min(n.end, n.at[0]+maxNumber))]
	if len(d) < minIntl {
		return 0
	}
	code, shortest, longest := countryCode(d)
	if code == 0 {
		return 0
	}
	total, end := 0, 0
	for k := range n.groups {
		if total += int(n.size[k]); total-code > longest {
			break
		}
		if total-code >= shortest {
			end = n.at[k] + int(n.size[k])
		}
	}
	return end
}

// internationalCode reports whether the number begins with an assigned country code.
func (w *window) internationalCode(n *number) bool {
	var buf [maxIntl + 1]byte
	d := buf[:w.copyDigits(buf[:], n.at[0], n.end)]
	code, _, _ := countryCode(d)
	return code > 0 && d[0] != 0
}

func (w *window) phoneStarts(i int) bool {
	c := w.before(i)
	return !isWord(c) && c != '+' && ((c != '.' && c != '-' && c != '/' && c != ',' && c != '$' && c != ':') || i < 2 || !isWord(w.b[i-2]))
}

func (w *window) phoneEnds(end int) bool {
	c := w.at(end)
	if c == 'x' {
		return isDigit(w.at(end + 1))
	}
	if isWord(c) || c == '@' || c == '%' {
		return false
	}
	return c != '-' && c != '.' && c != '/' && c != ':' && c != ',' || !isWord(w.at(end+1))
}

// extension returns the end of an extension such as " ext. 42" or "x42" at end, or end itself.
func (w *window) extension(end int) int {
	i := end
	if w.at(i) == ' ' {
		i++
	}
	switch {
	case w.at(i) == 'x':
		i++
	case w.foldPrefix(i, "ext"):
		if i += 3; w.foldPrefix(i, "ension") {
			i += 6
		}
		if w.at(i) == '.' || w.at(i) == ':' {
			i++
		}
	case w.at(i) == '#' && i > end:
		i++
	default:
		return end
	}
	if w.at(i) == ' ' {
		i++
	}
	if j := w.run(clDigit, i, 7); j > i && j < i+7 && !isWord(w.at(j)) {
		return j
	}
	return end
}
