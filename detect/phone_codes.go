package detect

import "slices"

// plan says how many digits the numbers of a country have after the country code.
type plan struct {
	code              int
	shortest, longest int
}

// plans lists the countries whose lengths matter most: where the longest number is short, a digit group that follows
// by chance is not taken in. Lengths are those of the national numbering plans filed with the ITU.
var plans = [...]plan{
	{1, 10, 10},
	{7, 10, 10},
	{20, 8, 10},
	{27, 9, 9},
	{30, 10, 10},
	{31, 9, 9},
	{32, 8, 9},
	{33, 9, 9},
	{34, 9, 9},
	{36, 8, 9},
	{39, 6, 11},
	{40, 9, 9},
	{41, 9, 9},
	{43, 7, 13},
	{44, 9, 10},
	{45, 8, 8},
	{46, 7, 10},
	{47, 8, 8},
	{48, 9, 9},
	{49, 6, 12},
	{51, 8, 9},
	{52, 10, 11},
	{54, 10, 11},
	{55, 10, 11},
	{56, 9, 9},
	{57, 8, 10},
	{60, 8, 10},
	{61, 9, 9},
	{62, 8, 12},
	{63, 8, 10},
	{64, 8, 10},
	{65, 8, 8},
	{66, 8, 9},
	{81, 9, 10},
	{82, 8, 10},
	{84, 9, 10},
	{86, 9, 11},
	{90, 10, 10},
	{91, 10, 10},
	{92, 9, 10},
	{351, 9, 9},
	{353, 7, 9},
	{354, 7, 9},
	{358, 6, 11},
	{359, 7, 9},
	{370, 8, 8},
	{371, 8, 8},
	{372, 7, 8},
	{380, 9, 9},
	{385, 8, 9},
	{386, 8, 8},
	{420, 9, 9},
	{421, 9, 9},
	{852, 8, 8},
	{886, 8, 9},
	{966, 9, 9},
	{971, 8, 9},
	{972, 8, 9},
}

// countryCode returns the length of the country code that the digits begin with and the shortest and longest national
// number after it. A length of 0 means that no code is assigned (ITU-T E.164, list of assigned codes).
func countryCode(d []byte) (length, shortest, longest int) {
	two := int(d[0])*10 + int(d[1])
	code := two*10 + int(d[2])
	length = 3
	switch {
	case d[0] == 1 || d[0] == 7:
		code, length = int(d[0]), 1
	case twoDigitCodes[two]:
		code, length = two, 2
	case !threeDigitRanges[two] || slices.Contains(spareCodes[:], code):
		return 0, 0, 0
	}
	for _, p := range plans {
		if p.code == code {
			return length, p.shortest, p.longest
		}
	}
	return length, 6, 12
}

var twoDigitCodes = flags(20, 27, 30, 31, 32, 33, 34, 36, 39, 40, 41, 43, 44, 45, 46, 47, 48, 49, 51, 52, 53, 54, 55, 56, 57, 58,
	60, 61, 62, 63, 64, 65, 66, 81, 82, 84, 86, 90, 91, 92, 93, 94, 95, 98)

// threeDigitRanges are the first two digits of codes with three.
var threeDigitRanges = flags(21, 22, 23, 24, 25, 26, 29, 35, 37, 38, 42, 50, 59, 67, 68, 69, 80, 85, 87, 88, 96, 97, 99)

// spareCodes lie in those ranges and are not assigned.
var spareCodes = [...]int{
	210, 214, 215, 217, 219, 259, 292, 293, 294, 295, 296, 384, 388, 422, 424, 425, 426, 427, 428, 429, 671, 684, 693, 694, 695, 696, 697, 698, 699,
	801, 802, 803, 804, 805, 806, 807, 809, 851, 854, 857, 858, 859, 871, 872, 873, 874, 875, 876, 877, 879, 884, 885, 887, 889,
	969, 978, 979, 990, 991, 997, 999,
}

func flags(numbers ...int) (t [100]bool) {
	for _, n := range numbers {
		t[n] = true
	}
	return t
}
