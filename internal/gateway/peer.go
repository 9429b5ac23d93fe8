package gateway

import (
	"net/netip"
	"strings"
)

// Networks says in which country networks are. It is immutable and safe for concurrent use; the zero value knows none.
type Networks struct {
	list []network // the longest prefix first
}

type network struct {
	prefix  netip.Prefix
	country string
}

// NewNetworks makes a table from networks to countries (ISO 3166-1 alpha-2).
func NewNetworks(countries map[netip.Prefix]string) Networks {
	var n Networks
	for p, c := range countries {
		at := 0
		for at < len(n.list) && n.list[at].prefix.Bits() >= p.Bits() {
			at++
		}
		n.list = append(n.list, network{})
		copy(n.list[at+1:], n.list[at:])
		n.list[at] = network{p.Masked(), c}
	}
	return n
}

// Country is where an address is; "" where no network is known to hold it.
func (n Networks) Country(ip netip.Addr) string {
	for i := range n.list {
		if n.list[i].prefix.Contains(ip) {
			return n.list[i].country
		}
	}
	return ""
}

// peer is the address of the caller: the other end of the connection, and where that is a proxy that is trusted by
// configuration, the last address in X-Forwarded-For that is no such proxy. What stands left of that was written by
// somebody whom nobody vouches for. An entry that is no address ends the search: then nothing is known.
func (g *Gateway) peer(x *exchange) netip.Addr {
	at, err := netip.ParseAddrPort(x.r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	ip := at.Addr().Unmap().WithZone("")
	if !g.trusted(ip) {
		return ip
	}
	lines := x.r.Header["X-Forwarded-For"]
	for i := len(lines) - 1; i >= 0; i-- {
		for rest, more := lines[i], true; more; {
			var entry string
			if comma := strings.LastIndexByte(rest, ','); comma >= 0 {
				rest, entry = rest[:comma], rest[comma+1:]
			} else {
				entry, more = rest, false
			}
			a, err := netip.ParseAddr(strings.Trim(entry, " \t"))
			if err != nil {
				return netip.Addr{}
			}
			if ip = a.Unmap().WithZone(""); !g.trusted(ip) {
				return ip
			}
		}
	}
	return ip
}

func (g *Gateway) trusted(ip netip.Addr) bool {
	for _, p := range g.opts.Proxies {
		if p.Contains(ip) {
			return true
		}
	}
	return false
}

// near reports whether the connection cannot leave this machine. A proxy on this machine says itself how its callers
// came, by X-Forwarded-Proto, if it is trusted.
func (g *Gateway) near(x *exchange) bool {
	at, err := netip.ParseAddrPort(x.r.RemoteAddr)
	if err != nil {
		return false
	}
	ip := at.Addr().Unmap()
	if g.trusted(ip.WithZone("")) && len(x.r.Header["X-Forwarded-For"]) > 0 {
		proto := x.r.Header["X-Forwarded-Proto"]
		return len(proto) == 1 && proto[0] == "https"
	}
	return ip.IsLoopback()
}
