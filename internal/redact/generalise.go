package redact

import (
	"bytes"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/reeve-ai/reeve/detect"
)

// zeroedZIP3 are the first three digits of postcodes whose areas hold 20,000 people or fewer: 45 CFR 164.514(b)(2)(i)(B)
// wants them written as 000. The list is that of the Department of Health and Human Services from the census of 2000.
var zeroedZIP3 = map[string]bool{
	"036": true, "059": true, "063": true, "102": true, "203": true, "556": true, "692": true, "790": true, "821": true,
	"823": true, "830": true, "831": true, "878": true, "879": true, "884": true, "890": true, "893": true,
}

// oldAge is where ages and the years that tell them end: 45 CFR 164.514(b)(2)(i)(C).
const oldAge = 90

// generalise writes a value as an area, a year, a band or a network. It returns nil where the kind has no coarser form.
// year is the current one, which tells who is older than 89.
func generalise(kind detect.Kind, value []byte, order string, year int) []byte {
	switch kind {
	case "DATE_TIME", "DATE_OF_BIRTH":
		return onlyYear(value, order, kind == "DATE_OF_BIRTH", year)
	case "AGE":
		return ageBand(value)
	case detect.KindIP:
		return network(value)
	case "GPS_COORDINATES":
		return roundCoordinates(value)
	case detect.KindEmail:
		if i := bytes.LastIndexByte(value, '@'); i >= 0 {
			return value[i:]
		}
	case detect.KindCard:
		return lastDigits(value)
	case "STREET_ADDRESS", "LOCATION", "UK_POSTCODE":
		return postcodeArea(value)
	}
	return nil
}

func onlyYear(value []byte, order string, birth bool, now int) []byte {
	d, ok := parseDate(value, order)
	if !ok || !d.year.set() {
		return nil
	}
	y := d.fullYear()
	if birth && d.year.size == 2 && y > now {
		y -= 100
	}
	if birth && y <= now-oldAge {
		return []byte(strconv.Itoa(now-oldAge) + " or before")
	}
	return []byte(strconv.Itoa(y))
}

// ageBand replaces the number in the text by the ten years around it.
func ageBand(value []byte) []byte {
	for _, p := range pieces(value) {
		if p.class != 'n' || p.size > 3 {
			continue
		}
		n, _ := strconv.Atoi(string(value[p.at : p.at+p.size]))
		if n >= oldAge {
			return []byte("90+")
		}
		return fmt.Appendf(nil, "%d-%d", n/10*10, n/10*10+9)
	}
	return nil
}

// network keeps the first 24 bits of an IPv4 and the first 48 bits of an IPv6 address.
func network(value []byte) []byte {
	text, _, _ := strings.Cut(string(value), "/")
	text, _, _ = strings.Cut(text, "%")
	a, err := netip.ParseAddr(text)
	if err != nil {
		return nil
	}
	if a = a.Unmap(); a.Is4() {
		b := a.As4()
		return fmt.Appendf(nil, "%d.%d.%d.*", b[0], b[1], b[2])
	}
	b := a.As16()
	return fmt.Appendf(nil, "%x:%x:%x:*", uint(b[0])<<8|uint(b[1]), uint(b[2])<<8|uint(b[3]), uint(b[4])<<8|uint(b[5]))
}

// roundCoordinates cuts decimals behind the second: about a kilometre.
func roundCoordinates(value []byte) []byte {
	var out []byte
	cut := false
	ps := pieces(value)
	for i, p := range ps {
		t := value[p.at : p.at+p.size]
		if p.class == 'n' && i > 0 && p.size > 2 && ps[i-1].class == 's' && value[p.at-1] == '.' {
			t, cut = t[:2], true
		}
		out = append(out, t...)
	}
	if !cut {
		return nil
	}
	return out
}

// lastDigits is the most of a card number that may be shown on paper with others around it (PCI DSS 4.0, 3.4.1).
func lastDigits(value []byte) []byte {
	var d []byte
	for _, c := range value {
		if c-'0' < 10 {
			d = append(d, c)
		}
	}
	if len(d) < 12 {
		return nil
	}
	return append([]byte("card ending "), d[len(d)-4:]...)
}

// postcodeArea is what a postcode says of a place by its first part, without street and city: three digits of a ZIP code,
// the area of a British or Canadian postcode, the first two digits of others with five.
func postcodeArea(value []byte) []byte {
	ps := pieces(value)
	for i := len(ps) - 1; i >= 0; i-- {
		p := ps[i]
		t := string(value[p.at : p.at+p.size])
		switch {
		case p.class == 'n' && p.size == 5 && afterState(value, ps, i):
			if zeroedZIP3[t[:3]] {
				return []byte("000**")
			}
			return []byte(t[:3] + "**")
		case p.class == 'n' && p.size == 5:
			return []byte(t[:2] + "***")
		}
	}
	return outwardCode(value)
}

// afterState reports whether two upper-case letters stand before piece i, as before a ZIP code, or nothing at all.
func afterState(value []byte, ps []piece, i int) bool {
	if i == 0 {
		return true
	}
	if i < 2 || ps[i-2].class != 'w' || ps[i-2].size != 2 {
		return false
	}
	t := value[ps[i-2].at : ps[i-2].at+2]
	return t[0]-'A' < 26 && t[1]-'A' < 26
}

// outwardCode finds "SW1A 2AA" or "K1A 0B6" and keeps the letters or the first three places.
func outwardCode(value []byte) []byte {
	words := strings.FieldsFunc(string(value), func(r rune) bool { return r == ' ' || r == ',' || r == '\n' })
	for i := len(words) - 1; i > 0; i-- {
		out, in := words[i-1], words[i]
		switch {
		case len(in) != 3 || in[0] < '0' || in[0] > '9':
		case len(out) == 3 && classes(out) == "wnw" && classes(in) == "nwn":
			return []byte(out)
		case classes(in) == "nww" && len(out) >= 2 && len(out) <= 4 && classes(out)[0] == 'w':
			return []byte(strings.TrimRight(out[:min(2, len(out))], "0123456789"))
		}
	}
	return nil
}

func classes(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '0' && r <= '9':
			return 'n'
		case r >= 'A' && r <= 'Z':
			return 'w'
		}
		return '?'
	}, s)
}
