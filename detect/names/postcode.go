package names

import "bytes"

// box looks for a post-office box whose number stands at i.
func box(text []byte, from, i, end int) span {
	j := blanksBefore(text, from, i)
	if j == i && !(j > from && text[j-1] == '#') {
		return span{}
	}
	if j > from && text[j-1] == '#' {
		j = blanksBefore(text, from, j-1)
	}
	if j > from && text[j-1] == ':' {
		return span{}
	}
	if s := military(text, from, j, end); s.score > 0 {
		return s
	}
	for _, name := range boxNames {
		if start := j - len(name); start >= from && bytes.EqualFold(text[start:j], []byte(name)) && (start == 0 || !isLetter(text[start-1])) {
			return span{start: start, end: end, score: 0.8}
		}
	}
	return span{}
}

// military reads a United States military address such as "PSC 4115, Box 7815" whose first number ends at end.
func military(text []byte, from, j, end int) span {
	w := wordBefore(text, from, j)
	if w.zero() || !bytes.EqualFold(text[w.start:w.end], []byte("psc")) && !bytes.EqualFold(text[w.start:w.end], []byte("unit")) && !bytes.EqualFold(text[w.start:w.end], []byte("cmr")) {
		return span{}
	}
	k := end
	if k < len(text) && text[k] == ',' {
		k++
	}
	v := wordAt(text, blanks(text, k))
	if v.zero() || !bytes.EqualFold(text[v.start:v.end], []byte("box")) {
		return span{}
	}
	n := blanks(text, v.end)
	if e := skipDigits(text, n); e > n {
		return span{start: w.start, end: e, score: 0.85}
	}
	return span{}
}

var boxNames = []string{
	"po box", "p.o. box", "p o box", "p.o.box", "p. o. box", "pobox", "post office box", "gpo box", "private bag", "postfach", "casella postale", "c.p.", "boîte postale", "b.p.", "apartado", "apartado de correos",
	"apdo.", "caixa postal", "postbus", "skrytka pocztowa", "skr. poczt.", "postboks", "postbox", "box no.", "locked bag",
}

// extend adds what follows a street or box: unit, town, postcode.
func extend(text []byte, s span) span {
	s.end = units(text, s.end)
	// Where the number stands first, the postcode stands behind the town, not before it.
	j, _ := separator(text, s.end)
	count := s.kind != plainWord && j < len(text) && text[j]-'0' <= 9
	if e, score := town(text, s.end); e > s.end && !count {
		s.end = e
		s.score += score
	} else if wholeLine(text, s) {
		s.score += 0.1
	}
	return s
}

// wholeLine reports whether nothing else stands on the line.
func wholeLine(text []byte, s span) bool {
	i, j := blanksBefore(text, 0, s.start), blanks(text, s.end)
	return (i == 0 || text[i-1] == '\n' || text[i-1] == ':') && (j == len(text) || text[j] == '\n' || text[j] == '\r')
}

// separator skips blanks with at most one comma and one end of line. ok is false where nothing separates.
func separator(text []byte, i int) (j int, ok bool) {
	j = blanks(text, i)
	if j < len(text) && text[j] == ',' {
		j = blanks(text, j+1)
	}
	if j < len(text) && text[j] == '\r' {
		j++
	}
	if j < len(text) && text[j] == '\n' {
		j = blanks(text, j+1)
		if j < len(text) && text[j] == ',' {
			j = blanks(text, j+1)
		}
	}
	return j, j > i
}

// units returns the end of apartment, floor and the like behind i.
func units(text []byte, i int) int {
	for range 3 {
		j, ok := separator(text, i)
		if !ok {
			return i
		}
		e := unitAt(text, j)
		if e == 0 {
			return i
		}
		i = e
	}
	return i
}

func unitAhead(text []byte, i int) bool { return unitAt(text, i) > 0 }

// unitAt returns the end of a unit that starts at i, or 0.
func unitAt(text []byte, i int) int {
	if i < len(text) && text[i] == '#' {
		if j := value(text, blanks(text, i+1)); j > i+1 {
			return j
		}
		return 0
	}
	w := wordAt(text, i)
	if w.zero() {
		// 3º B, 2. OG
		j := skipDigits(text, i)
		if j == i || j-i > 2 {
			return 0
		}
		if j < len(text) && text[j] == '.' {
			j++
		} else if j+1 < len(text) && text[j] == 0xC2 && (text[j+1] == 0xBA || text[j+1] == 0xAA) {
			j += 2
			if k := value(text, blanks(text, j)); k > j && k-j <= 3 {
				return k
			}
			return j
		}
		if v := wordAt(text, blanks(text, j)); !v.zero() && v.start > j-1 && is(v.hash, unit) && v.end-v.start <= 6 {
			return v.end
		}
		return 0
	}
	if w.hash == 1 { // an ordinal: 2nd Floor
		if v := wordAt(text, blanks(text, w.end)); !v.zero() && is(v.hash, unit) {
			return v.end
		}
		return 0
	}
	if !is(w.hash, unit) {
		return 0
	}
	k := blanks(text, w.end)
	if k < len(text) && text[k] == '#' {
		k++
	}
	if j := value(text, k); j > k && k > w.start {
		return j
	}
	return 0
}

// value returns the end of what numbers a unit: 5, 5B, B, 12-A. Longer words are none.
func value(text []byte, i int) int {
	j, digits := i, false
	for j < len(text) && j-i < 6 && (isLetter(text[j]) && text[j] < 0x80 || text[j]-'0' <= 9 || text[j] == '-' && j > i) {
		digits = digits || text[j]-'0' <= 9
		j++
	}
	if j < len(text) && (isLetter(text[j]) || text[j]-'0' <= 9) || !digits && (j-i != 1 || !isUpper(text[i])) {
		return i
	}
	if j > i && text[j-1] == '-' {
		j--
	}
	return j
}

// town reads what follows the street up to a postcode, and the town behind it where it stands there. It returns the end
// and what that adds to the score, or i.
func town(text []byte, i int) (end int, score float32) {
	j, ok := separator(text, i)
	if !ok {
		return i, 0
	}
	names, lines := 0, bytes.Count(text[i:j], []byte("\n"))
	for n := 0; n < 9 && j-i < 2*reach; n++ {
		if e, strong := postcode(text, j, names); e > j {
			if names == 0 || !strong {
				t, more := townName(text, e)
				if more > 0 {
					return t, 0.2
				}
				if names == 0 && !strong {
					return i, 0
				}
			}
			return e, 0.2
		}
		w := wordAt(text, j)
		if w.zero() || !isUpper(text[w.start]) && !(names > 0 && is(w.hash, connector)) || w.hash == 1 {
			return i, 0
		}
		if names++; names > 8 || is(w.hash, boxCue) {
			return i, 0
		}
		k, ok := separator(text, w.end)
		if !ok {
			return i, 0
		}
		if lines += bytes.Count(text[w.end:k], []byte("\n")); lines > 3 {
			return i, 0
		}
		if w.dotted && bytes.IndexByte(text[w.end:k], '\n') < 0 && w.end-w.start > 4 {
			return i, 0
		}
		j = k
	}
	return i, 0
}

func postcodeAhead(text []byte, i int) bool {
	e, _ := town(text, i-1)
	return e > i
}

// townName reads up to four words with capital letters after a postcode on the same line.
func townName(text []byte, i int) (end, names int) {
	end = i
	j := blanks(text, i)
	for names < 4 && j > end-1 {
		w := wordAt(text, j)
		if w.zero() || w.hash == 1 || j == end {
			break
		}
		if !isUpper(text[w.start]) && !is(w.hash, connector) {
			break
		}
		if names == 0 && is(w.hash, frontType) && !is(w.hash, connector) || is(w.hash, strongType) && !w.dotted && w.end-w.start > 3 {
			return i, 0 // the number was that of the next street
		}
		if isUpper(text[w.start]) {
			names++
			end = w.end
			if w.dotted && w.end-w.start > 4 {
				return end - 1, names
			}
		}
		if j = blanks(text, w.end); j == w.end {
			break
		}
	}
	return end, names
}

// postcode returns the end of a postcode at i, and whether its shape alone says so. names is the number of words
// between the street and it.
func postcode(text []byte, i, names int) (end int, strong bool) {
	if i >= len(text) {
		return i, false
	}
	free := func(j int) bool { return j >= len(text) || !isLetter(text[j]) && text[j]-'0' > 9 }
	digits := func(j, n int) bool {
		return j+n <= len(text) && skipDigits(text[:j+n], j) == j+n
	}
	letters := func(j, n int) bool {
		for k := j; k < j+n; k++ {
			if k >= len(text) || text[k] < 'A' || text[k] > 'Z' {
				return false
			}
		}
		return true
	}
	if isUpper(text[i]) {
		if e := lettered(text, i, letters, digits, free); e > i {
			return e, true
		}
		// D-10115, PL-00-950, FR 75001
		if j := i + 1; j < len(text) && (text[j] == '-' || isUpper(text[j]) && j+1 < len(text) && text[j+1] == '-') {
			for j < len(text) && text[j] != '-' {
				j++
			}
			if j+1 < len(text) && text[j+1]-'0' <= 9 {
				e, _ := postcode(text, j+1, 0)
				return max(e, i), e > j+1
			}
		}
		return i, false
	}
	if text[i]-'0' > 9 {
		return i, false
	}
	j := skipDigits(text, i)
	at := func(k int, c byte) bool { return k < len(text) && text[k] == c }
	switch j - i {
	case 5:
		switch {
		case at(j, '-') && digits(j+1, 4) && free(j+5):
			return j + 5, true
		case at(j, '-') && digits(j+1, 3) && free(j+4):
			return j + 4, true
		case free(j):
			return j, names > 0
		}
	case 4:
		switch {
		case at(j, '-') && digits(j+1, 3) && free(j+4):
			return j + 4, true
		case at(j, ' ') && letters(j+1, 2) && free(j+3):
			return j + 3, true
		case letters(j, 2) && free(j+2):
			return j + 2, true
		case free(j):
			return j, false
		}
	case 2:
		if at(j, '-') && digits(j+1, 3) && free(j+4) {
			return j + 4, true
		}
	case 3:
		if at(j, ' ') && digits(j+1, 2) && free(j+3) {
			return j + 3, false
		}
	case 6:
		if free(j) {
			return j, names > 0
		}
	}
	return i, false
}

// lettered returns the end of a British, Irish or Canadian postcode at i, or i.
func lettered(text []byte, i int, letters, digits func(int, int) bool, free func(int) bool) int {
	if letters(i, 1) && digits(i+1, 1) && letters(i+2, 1) { // K1A 0B1
		j := i + 3
		if j < len(text) && (text[j] == ' ' || text[j] == '-') {
			j++
		}
		if digits(j, 1) && letters(j+1, 1) && digits(j+2, 1) && free(j+3) {
			return j + 3
		}
	}
	j := i + 1
	if letters(j, 1) {
		j++
	}
	if !digits(j, 1) {
		return i
	}
	j++
	if digits(j, 1) || letters(j, 1) {
		j++
	}
	if j < len(text) && text[j] == ' ' {
		j++
	}
	if digits(j, 1) && letters(j+1, 2) && free(j+3) { // SW1A 2AA
		return j + 3
	}
	return i
}
