package detect

// The check digit schemes of national and other identifiers, each once. Digits are values 0 to 9; characters are upper
// case. A scheme says only that a number is well formed, never that it was issued.

// weighted is the sum of the digits multiplied by the weights, which begin at the first digit.
func weighted(d []byte, weights ...int) int {
	sum := 0
	for k, w := range weights {
		sum += int(d[k]) * w
	}
	return sum
}

// verhoeffTurn is the permutation of Verhoeff's scheme ("Error detecting decimal codes", 1969).
var verhoeffTurn = [10]byte{1, 5, 7, 6, 2, 8, 3, 0, 9, 4}

var verhoeffAt = func() (p [8][10]byte) {
	for x := range p[0] {
		p[0][x] = byte(x)
	}
	for k := 1; k < 8; k++ {
		for x := range p[k] {
			p[k][x] = p[k-1][verhoeffTurn[x]]
		}
	}
	return p
}()

// verhoeff reports whether the digits pass Verhoeff's check, which finds every single error and every transposition.
func verhoeff(d []byte) bool {
	c := byte(0)
	for k := range d {
		c = dihedral(c, verhoeffAt[k%8][d[len(d)-1-k]])
	}
	return c == 0
}

// dihedral multiplies in the group of the symmetries of a pentagon.
func dihedral(a, b byte) byte {
	switch {
	case a < 5 && b < 5:
		return (a + b) % 5
	case a < 5:
		return 5 + (a+b)%5
	case b < 5:
		return 5 + (a-b)%5
	}
	return (a - b + 5) % 5
}

// mod1110 checks by ISO/IEC 7064 MOD 11,10.
func mod1110(d []byte) bool {
	p := 10
	for _, x := range d[:len(d)-1] {
		t := (int(x) + p) % 10
		if t == 0 {
			t = 10
		}
		p = 2 * t % 11
	}
	return (11-p)%10 == int(d[len(d)-1])
}

// value is the number that the digits write; there are at most 18.
func value(d []byte) int {
	n := 0
	for _, x := range d {
		n = n*10 + int(x)
	}
	return n
}

// base36 is the value of a digit or letter: A is 10, Z is 35; 0 for a filler.
func base36(c byte) int {
	switch {
	case isDigit(c):
		return int(c - '0')
	case isUpper(c):
		return int(c-'A') + 10
	}
	return 0
}

// icaoDigit is the check digit of ICAO Doc 9303-3, 4.9: weights 7, 3, 1, letters as 10 to 35, fillers as 0.
func icaoDigit(text []byte) int {
	weights := [3]int{7, 3, 1}
	sum := 0
	for k, c := range text {
		sum += base36(c) * weights[k%3]
	}
	return sum % 10
}

// luhnBase36 is the check of an Indian GSTIN: like Luhn's, over 36 characters, weights 1 and 2 from the left.
func luhnBase36(text []byte) bool {
	sum := 0
	for k, c := range text[:len(text)-1] {
		v := base36(c) * (1 + k%2)
		sum += v/36 + v%36
	}
	return (36-sum%36)%36 == base36(text[len(text)-1])
}

// luhnBase16 is Luhn's check over hexadecimal digits, as in a MEID (3GPP2 S.R0048-A).
func luhnBase16(text []byte) bool {
	sum := 0
	for k, c := range text {
		v := base36(c)
		if (len(text)-k)%2 == 0 {
			if v *= 2; v > 15 {
				v -= 15
			}
		}
		sum += v
	}
	return sum%16 == 0
}

// digitSum adds the decimal digits of each product, as the insurance numbers of Germany do.
func digitSum(d []byte, weights ...int) int {
	sum := 0
	for k, w := range weights {
		p := int(d[k]) * w
		sum += p/10 + p%10
	}
	return sum
}

// calendarDate reports whether the day exists in the month, in a year that may be a leap year when only two digits of
// it are known.
func calendarDate(year, month, day int) bool {
	if month < 1 || month > 12 || day < 1 {
		return false
	}
	last := [13]int{0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}[month]
	if month == 2 && (year%4 != 0 || year > 99 && year%100 == 0 && year%400 != 0) {
		last = 28
	}
	return day <= last
}

// pair is the number of the two digits at k.
func pair(d []byte, k int) int { return int(d[k])*10 + int(d[k+1]) }

// isYMD reports whether six digits are a date as year, month, day.
func isYMD(d []byte) bool { return calendarDate(pair(d, 0), pair(d, 2), pair(d, 4)) }

// isDMY reports whether six digits are a date as day, month, year.
func isDMY(d []byte) bool { return calendarDate(pair(d, 4), pair(d, 2), pair(d, 0)) }
