package surrogate

import (
	"bytes"
	"strconv"
)

// reservedHosts are for documentation (RFC 2606, section 3).
var reservedHosts = [...]string{".example.com", ".example.net", ".example.org"}

// email makes an address from names. Addresses on one host stay on one host.
func (m *Maker) email(value []byte) []byte {
	at := bytes.LastIndexByte(value, '@')
	if at <= 0 || at == len(value)-1 {
		return nil
	}
	folded := bytes.ToLower(value)
	d := m.draw("email", folded, 0)
	var out []byte
	sep := byte('.')
	if i := bytes.IndexAny(value[:at], "._-"); i > 0 {
		sep = value[i]
	}
	out = append(append(append(out, d.name()...), sep), d.name()...)
	out = strconv.AppendInt(out, int64(d.below(90)+10), 10)
	out = append(bytes.ToLower(out), '@')
	if m.options.KeepDomain {
		return append(out, value[at+1:]...)
	}
	return caseOf(append(out, m.host(folded[at+1:])...), value)
}

// host is a host name that belongs to nobody.
func (m *Maker) host(folded []byte) []byte {
	d := m.draw("host", folded, 0)
	return append(bytes.ToLower(d.name()), reservedHosts[d.below(len(reservedHosts))]...)
}

func (d *draw) name() []byte {
	return []byte(nameHeads[d.below(len(nameHeads))] + nameTails[d.below(len(nameTails))])
}

// url keeps the scheme and the shape of what follows the host.
func (m *Maker) url(value []byte) []byte {
	host := 0
	if i := bytes.Index(value, []byte("://")); i > 0 {
		host = i + 3
	}
	end := host
	for end < len(value) && bytes.IndexByte([]byte("/?#"), value[end]) < 0 {
		end++
	}
	if end == host {
		return nil
	}
	authority := bytes.ToLower(value[host:end])
	if i := bytes.LastIndexByte(authority, '@'); i >= 0 {
		authority = authority[i+1:]
	}
	out := append([]byte(nil), value[:host]...)
	out = append(out, m.host(authority)...)
	d := m.draw("url", value, 0)
	for _, c := range value[end:] {
		if c >= 128 {
			c = 'x'
		}
		out = append(out, d.like(c))
	}
	return out
}
