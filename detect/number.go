package detect

// number is a run of digit groups with single separators between them, as people write card and phone numbers.
type number struct {
	end    int // after the last group
	digits int
	groups int
	size   [maxGroups]uint8 // digits in each group
	sep    [maxGroups]byte  // separator after each group; 0 after the last
	at     [maxGroups]int   // offset of each group
}

const (
	maxGroups = 8
	maxNumber = 48 // bytes
)

// number reads the digit groups at i. Two bytes stand for one separator where people write them so: a closing bracket
// and a space, a space and an opening bracket.
func (w *window) number(i int, seps string) (n number) {
	start := i
	for n.groups < maxGroups && i-start < maxNumber {
		j := w.run(clDigit, i, maxNumber-(i-start))
		if j == i {
			break
		}
		n.at[n.groups], n.size[n.groups] = i, uint8(j-i)
		n.digits += j - i
		n.groups++
		n.end = j
		c := w.at(j)
		if indexByte(seps, c) < 0 || !isDigit(w.at(j+1)) {
			break
		}
		n.sep[n.groups-1] = c
		i = j + 1
	}
	return n
}

func indexByte(s string, c byte) int {
	for i := range len(s) {
		if s[i] == c {
			return i
		}
	}
	return -1
}

// copyDigits writes the digits of b[from:to] to dst and returns how many there are.
func (w *window) copyDigits(dst []byte, from, to int) int {
	n := 0
	for _, c := range w.b[from:to] {
		if isDigit(c) && n < len(dst) {
			dst[n] = c - '0'
			n++
		}
	}
	return n
}

// standsAlone reports whether the text from start to end is not part of a longer identifier or decimal number.
func (w *window) standsAlone(start, end int) bool {
	if c := w.before(start); isWord(c) || (c == '.' || c == '-' || c == ',' || c == '/') && start > 1 && isWord(w.b[start-2]) {
		return false
	}
	c := w.at(end)
	if isWord(c) || c == '@' {
		return false
	}
	return c != '-' && c != '.' && c != '/' && c != ':' || !isWord(w.at(end+1))
}

// luhn reports whether digits pass the mod-10 check of ISO/IEC 7812-1, annex B.
func luhn(digits []byte) bool {
	sum := 0
	for k, d := range digits {
		v := int(d)
		if (len(digits)-k)%2 == 0 {
			if v *= 2; v > 9 {
				v -= 9
			}
		}
		sum += v
	}
	return sum%10 == 0
}
