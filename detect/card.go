package detect

func cardRule() builtin {
	return builtin{
		Rule: Rule{
			ID: "pii/payment-card", Kind: KindCard, Severity: High,
			Description: "payment card number: issuer range and length, grouping, Luhn check (ISO/IEC 7812-1); numbers that are published for tests are told as such",
			Positives: []string{
				"card 4111 1111 1111 1111 please", "5500-0000-0000-0004", "378282246310005", "3782 822463 10005", "6011000990139424",
				"(3530111333300000)", "2223 0031 2200 3222", "3056 930902 5904", "4012888888881881.", "6200 0000 0000 0005",
				"2200 0000 0000 0004", "my card 6759 6498 2648 then", "180000000000002 is not in use", "4222 222 222 222", "122000000000003", "4111111111111111 4012-8888-8888-1881", "4111 1111 1111 1111 12/29", "uatp card 135412345678911", "30569309025904", "6304 0000 0000 0000", "kreditkarte: 4222222222222",
			},
			Negatives: []string{
				"4111 1111 1111 1112", "1234567812345670", "0.4111111111111111", "id4111111111111111", "4111111111111111a",
				"4111 11111111 1111", "4111-1111 1111-1111", "0000 0000 0000 0000", "1715600000000", "411111111111111111111111",
				"1748503543012", "4602025990114250981,", "order 20240513111111", "5429 5446 5443 5433 5448 5450", "ADDV $-2251797666199552",
			},
		},
		on: []entry{{bytes: digits, sizes: lengths(12, 13, 14, 15, 16, 17, 18, 19), find: findCard}, {bytes: digits, sizes: lengths(4), after: " -.", then: thenDigit, find: findCard}},
	}
}

// findCard looks for a card number at a digit.
func findCard(w *window, i int) hit {
	size := w.group - i
	if w.b[i] < '1' || w.b[i] > '6' && w.b[i] != '8' || (size != 4 || w.after != ' ' && w.after != '-' && w.after != '.') && (size < 12 || size > 19) {
		return hit{}
	}
	if c := w.before(i); c == '.' || c == '-' && i > 1 && w.b[i-2] == '$' {
		return hit{} // part of a longer number, or the operand of an instruction
	}
	n := w.number(i, " -.")
	for k := n.uniform(); k > 0; k-- {
		end := n.at[k-1] + int(n.size[k-1])
		if cardGroups(&n, k) && w.standsAlone(i, end) && (k == 1 || n.sep[0] != ' ' || !w.inRow(i, end)) {
			if score := w.cardScore(i, end, k == 1); score > 0 {
				return hit{start: i, end: end, score: score, known: score < 0.3}
			}
		}
	}
	return hit{}
}

// inRow reports whether a group of four digits and letters stands directly before or behind, as in a table of numbers.
func (w *window) inRow(i, end int) bool {
	if j := i - 1; j > 4 && (w.b[j] == ' ' || w.b[j] == '\n') && !isWord(w.b[j-5]) && isAlnums(w.b[j-4:j]) && w.mixed(j-4, j) {
		return true
	}
	if c := w.at(end); c != ' ' && c != '\n' {
		return false
	}
	j := w.run(clAlnum, end+1, 5)
	return j == end+5 && w.mixed(end+1, j)
}

func isAlnums(b []byte) bool {
	for _, c := range b {
		if !isAlnum(c) {
			return false
		}
	}
	return true
}

// uniform returns how many groups the first separator joins, 1 if the first group is long enough for a card alone.
func (n *number) uniform() int {
	k := 1
	for k < n.groups && n.size[0] < 12 && n.sep[k-1] == n.sep[0] {
		k++
	}
	return k
}

// cardScore says how sure the digits between from and to are a card number, 0 for not at all.
func (w *window) cardScore(from, to int, bare bool) float32 {
	var buf [20]byte
	d := buf[:w.copyDigits(buf[:], from, to)]
	if len(d) < 12 || len(d) > 19 {
		return 0
	}
	cue, ok := cardRange(d)
	if !ok || !luhn(d) || sameDigits(d) {
		return 0
	}
	switch {
	case isTestCard(d):
		w.note("published as a test number")
		return 0.2
	case !cue || !bare || w.near(from, cardCues):
		return 0.9
	case w.early:
		return 0
	}
	return 0.4
}

// cardGroups reports whether the first k groups are as on a card: one for all digits, or one of the printed layouts.
func cardGroups(n *number, k int) bool {
	switch k {
	case 1:
		return true
	case 3: // Amex 4-6-5, Diners 4-6-4, UATP 4-5-6, Maestro 4-4-4, 4-4-5
		return n.size[0] == 4 && (n.size[1] == 6 && (n.size[2] == 5 || n.size[2] == 4) || n.size[1] == 5 && n.size[2] == 6 || n.size[1] == 4 && n.size[2]|1 == 5)
	case 4, 5:
		if k == 4 && n.size[0] == 4 && n.size[1] == 3 && n.size[2] == 3 && n.size[3] == 3 {
			return true // Visa with 13 digits
		}
		return n.size[0] == 4 && n.size[1] == 4 && n.size[2] == 4 && n.size[3] <= 4 && (k == 4 || n.size[3] == 4 && n.size[4] <= 3)
	}
	return false
}

// cardRange reports whether the digits begin with the number of a card network that issues this length. cue is true
// where other numbers of that shape are common, so that an ungrouped one needs a word before it.
func cardRange(d []byte) (cue, ok bool) {
	n := len(d)
	p2 := int(d[0])*10 + int(d[1])
	p3 := p2*10 + int(d[2])
	p4 := p3*10 + int(d[3])
	switch {
	case d[0] == 4: // Visa
		return n != 16, n == 13 || n == 16 || n == 19
	case p2 >= 51 && p2 <= 55, p4 >= 2221 && p4 <= 2720: // Mastercard
		return false, n == 16
	case p2 == 34 || p2 == 37: // American Express
		return false, n == 15
	case p2 == 36 || p2 == 38 || p2 == 39 || p3 >= 300 && p3 <= 305: // Diners Club
		return n != 14, n >= 14
	case p4 >= 3528 && p4 <= 3589: // JCB
		return n > 16, n >= 16
	case p2 == 35: // next to JCB's ranges, in lists of made-up numbers
		return true, n == 16
	case p4 >= 2200 && p4 <= 2204: // Mir
		return n > 16, n >= 16
	case p4 == 6011 || p3 >= 644 && p3 <= 649 || p2 == 65, p2 == 62, p2 == 60 || p3 == 508, p2 == 81 || p2 == 82: // Discover, UnionPay, RuPay
		return n != 16 || d[0] == 8, n >= 16 || p2 != 62 && d[0] != 8
	case p4 == 1800 || p4 == 2131: // JCB with 15 digits
		return true, n == 15
	case d[0] == 1: // UATP
		return true, n == 15
	case p2 == 50 || p2 >= 56 && p2 <= 69: // Maestro
		return n != 16, true
	}
	return false, false
}

func sameDigits(d []byte) bool {
	for _, x := range d {
		if x != d[0] {
			return false
		}
	}
	return true
}
