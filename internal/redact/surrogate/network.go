package surrogate

import (
	"bytes"
	"encoding/hex"
	"net/netip"
	"strings"
)

// ip makes an address that belongs to no host on the Internet, or with KeepPrefix one that shares as many leading bits
// with another surrogate as the values do (Xu et al., "Prefix-preserving IP address anonymization", ICNP 2002).
func (m *Maker) ip(value []byte) []byte {
	text, tail := value, []byte(nil)
	if i := bytes.IndexAny(value, "/%"); i > 0 {
		text, tail = value[:i], value[i:]
	}
	a, err := netip.ParseAddr(string(text))
	if err != nil {
		return nil
	}
	b := a.AsSlice()
	switch {
	case m.options.KeepPrefix:
		m.permute("ip", b, 0)
	case a.Is4():
		// One bit of the second byte and the third byte name one of 512 networks; within it no two hosts collide.
		d := m.draw("ip/net", b[:3], 0).below(512)
		m.permute("ip", b, 24)
		b[0], b[1], b[2] = 198, 18+byte(d>>8), byte(d)
	default:
		m.permute("ip", b, 0)
		copy(b, []byte{0x20, 0x01, 0x0d, 0xb8})
	}
	out, _ := netip.AddrFromSlice(b)
	s := out.String()
	if a.Is6() && !bytes.Contains(text, []byte("::")) && strings.Contains(s, "::") {
		s = out.StringExpanded()
	}
	return append(withCase([]byte(strings.ToUpper(s)), text), tail...)
}

// permute replaces the bits from the given one on: each is flipped or not by what a draw over the bits before it says, so
// that the map has an inverse and keeps common prefixes.
func (m *Maker) permute(purpose string, b []byte, from int) {
	in := bytes.Clone(b)
	for i := from; i < 8*len(b); i++ {
		prefix := append(bytes.Clone(in[:i/8]), in[i/8]&^(0xff>>(i%8)), byte(i))
		if m.draw(purpose, prefix, 0).below(2) == 1 {
			b[i/8] ^= 0x80 >> (i % 8)
		}
	}
}

// mac draws a locally administered unicast address in the same notation.
func (m *Maker) mac(value []byte) []byte {
	var in []byte
	for _, c := range bytes.ToLower(value) {
		if isAlnum(c) {
			in = append(in, c)
		}
	}
	if raw, err := hex.DecodeString(string(in)); err != nil || len(raw) != 6 && len(raw) != 8 {
		return nil
	}
	d := m.draw("mac", in, 0)
	raw := make([]byte, len(in)/2)
	for i := range raw {
		raw[i] = byte(d.below(256))
	}
	raw[0] = raw[0]&^1 | 2 // IEEE 802, clause 8.4: not a group address, administered locally
	return layOut(value, withCase(bytes.ToUpper([]byte(hex.EncodeToString(raw))), value))
}

// uuid draws another UUID of the same version and variant (RFC 9562, section 4).
func (m *Maker) uuid(value []byte) []byte {
	folded := bytes.ToLower(bytes.Trim(value, "{}"))
	if len(folded) != 36 || folded[8] != '-' || folded[13] != '-' || folded[18] != '-' || folded[23] != '-' {
		return nil
	}
	d := m.draw("uuid", folded, 0)
	out := bytes.Clone(folded)
	for i, c := range folded {
		switch {
		case c == '-' || i == 14:
		case i == 19 && c >= '8' && c <= 'b':
			out[i] = "89ab"[d.below(4)]
		default:
			out[i] = "0123456789abcdef"[d.below(16)]
		}
	}
	if !bytes.Equal(bytes.ToLower(value), value) {
		out = bytes.ToUpper(out)
	}
	return bytes.Replace(value, bytes.Trim(value, "{}"), out, 1)
}

// ssn draws a number that neither the Social Security Administration nor the Internal Revenue Service assigns: area 900
// to 999 is never a social security number, and no ITIN has a group below 50.
func (m *Maker) ssn(value []byte) []byte {
	in := onlyDigits(value)
	if len(in) != 9 {
		return nil
	}
	d := m.draw("ssn", in, 0)
	group, serial := 1+d.below(49), 1+d.below(9999)
	out := d.digits([]byte{'9'}, 2)
	for _, x := range []int{group / 10, group % 10, serial / 1000, serial / 100 % 10, serial / 10 % 10, serial % 10} {
		out = append(out, '0'+byte(x))
	}
	return layOut(value, out)
}
