package detect

// Checks that several identifiers share. Those of one country stand beside its table.

// digitsPass makes a checker of a check on digits alone.
func digitsPass(ok func(d []byte) bool) checker {
	return func(_, d []byte) bool { return ok(d) }
}

// luhnDigits is Luhn's check, but not of one digit repeated.
func luhnDigits(_, d []byte) bool { return luhn(d) && !sameDigits(d) }

// both joins two checks.
func both(a, b checker) checker {
	return func(c, d []byte) bool { return a(c, d) && b(c, d) }
}

// firstDigit checks that the value begins with one of the digits.
func firstDigit(list string) checker {
	return func(_, d []byte) bool { return indexByte(list, d[0]+'0') >= 0 }
}

// firstLetter checks that the value begins with one of the letters.
func firstLetter(list string) checker {
	return func(c, _ []byte) bool { return indexByte(list, c[0]) >= 0 }
}

// startsWith checks the first characters.
func startsWith(prefix string) checker {
	return func(c, _ []byte) bool { return len(c) >= len(prefix) && string(c[:len(prefix)]) == prefix }
}

// varied refuses numbers that nobody is given: one digit repeated, or digits that count up or down.
func varied(_, d []byte) bool {
	up, down := true, true
	for k := 1; k < len(d); k++ {
		up = up && d[k] == (d[k-1]+1)%10
		down = down && d[k] == (d[k-1]+9)%10
	}
	return !sameDigits(d) && !up && !down
}

// complement checks that the last digit is m minus the weighted sum modulo m, where m and more than 9 stand for other.
func complement(d []byte, m, other int, weights ...int) bool {
	c := m - weighted(d, weights...)%m
	if c > 9 {
		if c == m {
			c = 0
		} else {
			c = other
		}
	}
	return c == int(d[len(weights)])
}

// indexPair reports whether the two characters stand at an even place of the list.
func indexPair(list string, a, b byte) bool {
	for k := 0; k+1 < len(list); k += 2 {
		if list[k] == a && list[k+1] == b {
			return true
		}
	}
	return false
}
