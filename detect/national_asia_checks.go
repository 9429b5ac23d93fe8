package detect

func isAadhaar(d []byte) bool {
	return d[0] >= 2 && verhoeff(d) && !palindrome(d)
}

func isVID(d []byte) bool { return d[0] >= 2 && verhoeff(d) && !palindrome(d) }

func palindrome(d []byte) bool {
	for k := range len(d) / 2 {
		if d[k] != d[len(d)-1-k] {
			return false
		}
	}
	return true
}

func isPAN(c, d []byte) bool { return indexByte("ABCFGHJKLPT", c[3]) >= 0 && value(d) > 0 }

func gstinShape(c, _ []byte) bool {
	for k := range 12 {
		if digit := k < 2 || k >= 7 && k < 11; digit != isDigit(c[k]) {
			return false
		}
	}
	state := int(c[0]-'0')*10 + int(c[1]-'0')
	return (state >= 1 && state <= 38 || state == 97 || state == 99) && c[12] != '0' && c[13] == 'Z'
}

func isIndianPassport(_, d []byte) bool { return d[0] != 0 && d[6] != 0 }

const indianStates = "ANAPARASBHBRCHCGDDDLDNGAGJHRHPJKJHKAKLLALDMPMHMNMLMZNLODORPBPYRJSKTNTSTGTRUPUAUKWB"

func isPlateIN(c, d []byte) bool { return indexPair(indianStates, c[0], c[1]) && value(d) > 0 }

func isDiplomaticPlate(c, _ []byte) bool {
	k := 0
	for isDigit(c[k]) {
		k++
	}
	return c[k] == 'C' && (c[k+1] == 'D' || c[k+1] == 'C') || c[k] == 'U' && c[k+1] == 'N'
}

func isNRIC(c, d []byte) bool {
	sum := weighted(d, 2, 7, 6, 5, 4, 3, 2)
	switch c[0] {
	case 'S':
		return "JZIHGFEDCBA"[sum%11] == c[8]
	case 'T':
		return "JZIHGFEDCBA"[(sum+4)%11] == c[8]
	case 'F':
		return "XWUTRQPNMLK"[sum%11] == c[8]
	case 'G':
		return "XWUTRQPNMLK"[(sum+4)%11] == c[8]
	case 'M':
		return "XWUTRQPNJLK"[(sum+3)%11] == c[8]
	}
	return false
}

const uenEntities = "LPLLFCPFRFMQMMNBCCCSMBFMGSDPCPNRCMCDMDHSVHCHMHCLXLCXRPTUTCFBFNPAPBSSSMGASPPRPUDPXWHMPVNDMEKMKNOTSE"

// isUEN checks the three kinds of numbers that ACRA gives.
func isUEN(c, d []byte) bool {
	switch {
	case len(c) == 9:
		return "XMKECAWLJDB"[weighted(d, 10, 4, 9, 3, 8, 2, 7, 1)%11] == c[8]
	case isDigit(c[0]):
		year := value(d[:4])
		return year >= 1800 && year <= 2099 && "ZKCMDNERGWH"[weighted(d, 10, 8, 6, 4, 9, 7, 5, 3, 1)%11] == c[9]
	}
	return isEntityUEN(c)
}

func isEntityUEN(c []byte) bool {
	const alphabet = "ABCDEFGHJKLMNPQRSTUVWX0123456789"
	if indexByte("RST", c[0]) < 0 || !indexPair(uenEntities, c[3], c[4]) {
		return false
	}
	weights := [9]int{4, 3, 5, 3, 10, 2, 2, 5, 7}
	sum := -5
	for k, weight := range weights {
		v := indexByte(alphabet, c[k])
		if v < 0 {
			return false
		}
		sum += v * weight
	}
	return alphabet[(sum%11+11)%11] == c[9]
}

func isHKID(c, _ []byte) bool {
	sum, n := 0, len(c)-1
	if n == 7 {
		sum = 36 * 9
	}
	for k, x := range c[:n] {
		sum += base36(x) * (n + 1 - k)
	}
	last := c[n]
	switch r := (11 - sum%11) % 11; r {
	case 10:
		return last == 'A'
	default:
		return last == byte(r)+'0'
	}
}

func isRRN(d []byte) bool { return d[6] >= 1 && d[6] <= 4 && isYMD(d) }

func isFRN(d []byte) bool { return d[6] >= 5 && d[6] <= 8 && isYMD(d) }

func isBRN(d []byte) bool {
	sum := weighted(d, 1, 3, 7, 1, 3, 7, 1, 3, 5) + int(d[8])*5/10
	return (10-sum%10)%10 == int(d[9]) && !sameDigits(d)
}

func isKoreanLicence(d []byte) bool {
	region := pair(d, 0)
	return region >= 11 && region <= 28 && value(d[4:10]) > 0
}

func isMyNumber(d []byte) bool {
	r := weighted(d, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2) % 11
	c := 0
	if r > 1 {
		c = 11 - r
	}
	return c == int(d[11]) && !sameDigits(d)
}

func isResidentID(c, d []byte) bool {
	if d[0] == 0 || d[0] > 8 || !calendarDate(value(d[6:10]), pair(d, 10), pair(d, 12)) || value(d[6:10]) < 1850 || value(d[6:10]) > 2040 {
		return false
	}
	return "10X98765432"[weighted(d, 7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)%11] == c[17]
}

func isTaiwanID(c, d []byte) bool {
	if indexByte("1289", d[0]+'0') < 0 {
		return false
	}
	n := indexByte("ABCDEFGHJKLMNPQRSTUVXYWZIO", c[0]) + 10
	return (n/10+n%10*9+weighted(d, 8, 7, 6, 5, 4, 3, 2, 1, 1))%10 == 0
}

func isThaiID(d []byte) bool {
	return d[0] >= 1 && d[0] <= 8 && (11-weighted(d, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2)%11)%10 == int(d[12])
}

func isMyKad(d []byte) bool {
	p := pair(d, 6)
	return isYMD(d) && (p >= 1 && p <= 16 || p >= 21 && p <= 68 || p >= 71 && p <= 72 || p >= 74 && p <= 79 || p >= 82 && p <= 93 || p >= 98)
}

func isNIK(d []byte) bool {
	day := pair(d, 6)
	if day > 40 {
		day -= 40
	}
	p := pair(d, 0)
	return p >= 11 && p <= 96 && calendarDate(pair(d, 10), pair(d, 8), day) && value(d[12:]) > 0
}
