package surrogate

import (
	"bytes"
	"sort"
	"strings"
)

// phone keeps country and layout and takes the number from those that are reserved for fiction. Where a country reserves
// none, or the text does not tell the country, the first digits stay and the rest is drawn.
func (m *Maker) phone(value []byte) []byte {
	body, tail := cutExtension(value)
	d := onlyDigits(body)
	if len(d) < 5 {
		return nil
	}
	lead, code, trunk := splitNumber(body, d)
	draw := m.draw("phone", append([]byte(code+"/"), d[len(lead)+len(trunk):]...), 0)
	var national []byte
	if r, known := reservedNumbers[code]; known {
		national = r.number(draw, d[len(lead)+len(trunk):])
	} else {
		national = drawNational(draw, d[len(lead)+len(trunk):])
	}
	out := layOut(body, []byte(lead+trunk+string(national)))
	for _, c := range tail {
		out = append(out, draw.likeDigit(c))
	}
	return out
}

// number picks one of the reserved numbers.
func (r *reserved) number(d *draw, national []byte) []byte {
	from := r.fixed
	if len(r.mobile) > 0 && r.isMobile(national) {
		from = r.mobile
	}
	n := from[d.below(len(from))]
	return d.digits([]byte(n.prefix), n.free)
}

// drawNational keeps the first two digits, which say what kind of number it is.
func drawNational(d *draw, national []byte) []byte {
	out := bytes.Clone(national)
	for i := min(2, len(out)-3); i < len(out); i++ {
		out[i] = d.digit()
	}
	return out
}

func (d *draw) likeDigit(c byte) byte {
	if isDigit(c) {
		return d.digit()
	}
	return c
}

// cutExtension separates "ext. 42" and "x42" from the number.
func cutExtension(value []byte) (body, tail []byte) {
	seen := false
	for i, c := range value {
		if isDigit(c) {
			seen = true
		}
		if seen && (isUpper(c) || isLower(c) || c == '#' || c >= 128) {
			return value[:i], value[i:]
		}
	}
	return value, nil
}

// splitNumber tells what stands before the national number: the digits of the calling code (with an international prefix
// before them) and the trunk prefix. code is "" where the country is not known.
func splitNumber(text, d []byte) (lead, code, trunk string) {
	digits := string(d)
	plus := bytes.IndexByte(text, '+')
	for _, prefix := range []string{"", "00", "011"} {
		if (prefix == "") != (plus >= 0) || !strings.HasPrefix(digits, prefix) {
			continue
		}
		code = callingCode(digits[len(prefix):])
		lead = prefix + code
		if rest := digits[len(lead):]; bytes.Contains(text, []byte("(0)")) && strings.HasPrefix(rest, "0") {
			trunk = "0"
		}
		if prefix == "" || code != "" && len(digits)-len(lead) >= 7 {
			return lead, code, trunk
		}
	}
	return splitNational(text, digits)
}

// splitNational guesses the country of a number without its calling code by length, first digits and grouping.
func splitNational(text []byte, digits string) (lead, code, trunk string) {
	switch n := len(digits); {
	case n == 10 && digits[0] >= '2' && !bytes.HasPrefix(groups(text), []byte("2-2")):
		return "", "1", ""
	case n == 11 && digits[0] == '1':
		return "1", "1", ""
	case n == 7 && strings.HasPrefix(digits, "555"):
		return "", "", ""
	case digits[0] != '0':
		return "", "", ""
	case n == 10 && bytes.Equal(groups(text), []byte("2-2-2-2-2")):
		return "", "33", "0"
	case n == 10 && (bytes.Equal(groups(text), []byte("2-4-4")) || bytes.Equal(groups(text), []byte("4-3-3"))):
		return "", "61", "0"
	case n == 11 && strings.IndexByte("12378", digits[1]) >= 0:
		return "", "44", "0"
	case n >= 9 && n <= 13:
		return "", "49", "0"
	}
	return "", "", "0"
}

// groups writes the lengths of the runs of digits, "3-3-4".
func groups(text []byte) []byte {
	var out []byte
	run := 0
	for i := 0; i <= len(text); i++ {
		if i < len(text) && isDigit(text[i]) {
			run++
			continue
		}
		if run > 0 {
			if len(out) > 0 {
				out = append(out, '-')
			}
			out = append(out, "0123456789"[min(run, 9)])
		}
		run = 0
	}
	return out
}

// callingCode is the longest known calling code that the digits begin with (ITU-T E.164 assigns them so that none is the
// beginning of another). One that is not in the list is taken to have two digits.
func callingCode(digits string) string {
	i := sort.Search(len(longCodes), func(i int) bool { return longCodes[i] > digits }) - 1
	switch {
	case len(digits) > 0 && (digits[0] == '1' || digits[0] == '7'):
		return digits[:1]
	case i >= 0 && strings.HasPrefix(digits, longCodes[i]):
		return longCodes[i][:2] + digits[2:min(3, len(digits))]
	}
	return digits[:min(2, len(digits))]
}

// longCodes are the beginnings of calling codes of three digits, in order.
var longCodes = []string{
	"21", "22", "23", "24", "25", "26", "29", "35", "37", "38", "42", "50", "59", "67", "68", "69", "80", "85", "87", "88", "96", "97", "99",
}
