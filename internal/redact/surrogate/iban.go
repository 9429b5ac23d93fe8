package surrogate

import "bytes"

// iban keeps country, length, grouping and which places hold letters. The bank's first four places are zeros or X, the
// rest is drawn, and the check digits are right (ISO 13616-1, ISO 7064 MOD 97-10).
func (m *Maker) iban(value []byte) []byte {
	in := make([]byte, 0, len(value))
	for _, c := range bytes.ToUpper(value) {
		if isAlnum(c) {
			in = append(in, c)
		}
	}
	if len(in) < 15 || len(in) > 34 || !isUpper(in[0]) || !isUpper(in[1]) {
		return nil
	}
	for attempt := range 4 {
		d := m.draw("iban", in, attempt)
		out := append([]byte(nil), in...)
		for i := 4; i < len(out); i++ {
			switch {
			case i < 8 && isDigit(out[i]):
				out[i] = '0'
			case i < 8:
				out[i] = 'X'
			case isDigit(out[i]):
				out[i] = d.digit()
			default:
				out[i] = 'A' + byte(d.below(26))
			}
		}
		out[2], out[3] = '0', '0'
		check := 98 - mod97(out)
		out[2], out[3] = '0'+byte(check/10), '0'+byte(check%10)
		if !bytes.Equal(out, in) {
			return layOut(value, withCase(out, value))
		}
	}
	return nil
}

// mod97 is the remainder of the number that an IBAN stands for.
func mod97(iban []byte) int {
	r := 0
	for i := range iban {
		c := iban[(i+4)%len(iban)]
		if isDigit(c) {
			r = (r*10 + int(c-'0')) % 97
		} else {
			r = (r*100 + int(c-'A') + 10) % 97
		}
	}
	return r
}

// withCase gives lower-case letters to a surrogate whose value has no upper-case ones.
func withCase(out, value []byte) []byte {
	if bytes.ContainsFunc(value, func(r rune) bool { return r >= 'A' && r <= 'Z' }) {
		return out
	}
	return bytes.ToLower(out)
}
