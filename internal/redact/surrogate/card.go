package surrogate

import "bytes"

// networks are the first six digits of a surrogate by the first ones of a card number: enough of them to name the
// network (ISO/IEC 7812-1) and zeros for the issuer.
var networks = []struct{ from, to, issuer string }{
	{"4", "4", "400000"},
	{"51", "55", "510000"},
	{"2221", "2720", "222100"},
	{"34", "34", "340000"},
	{"37", "37", "370000"},
	{"36", "36", "360000"},
	{"38", "38", "380000"},
	{"39", "39", "390000"},
	{"300", "305", "300000"},
	{"3528", "3589", "352800"},
	{"2200", "2204", "220000"},
	{"6011", "6011", "601100"},
	{"644", "649", "644000"},
	{"65", "65", "650000"},
	{"62", "62", "620000"},
	{"60", "60", "600000"},
	{"508", "508", "508000"},
	{"50", "50", "500000"},
	{"56", "69", "560000"},
	{"81", "82", "810000"},
	{"1", "1", "100000"},
}

// card keeps network, length and grouping. The account is drawn and the last digit is the Luhn check digit.
func (m *Maker) card(value []byte) []byte {
	d := onlyDigits(value)
	if len(d) < 12 || len(d) > 19 {
		return nil
	}
	for _, n := range networks {
		if p := string(d[:len(n.from)]); p < n.from || p > n.to {
			continue
		}
		for attempt := range 4 {
			out := m.draw("card", d, attempt).digits([]byte(n.issuer), len(d)-len(n.issuer)-1)
			out = append(out, luhnDigit(out))
			if !bytes.Equal(out, d) {
				return layOut(value, out)
			}
		}
	}
	return nil
}

// luhnDigit is the check digit behind the digits (ISO/IEC 7812-1, annex B).
func luhnDigit(d []byte) byte {
	sum := 0
	for i := range d {
		x := int(d[len(d)-1-i] - '0')
		if i%2 == 0 {
			if x *= 2; x > 9 {
				x -= 9
			}
		}
		sum += x
	}
	return '0' + byte((10-sum%10)%10)
}
