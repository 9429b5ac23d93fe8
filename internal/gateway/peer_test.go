package gateway

import (
	"net/http/httptest"
	"net/netip"
	"testing"
)

func TestPeer(t *testing.T) {
	g := &Gateway{opts: Options{Proxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}}}
	for _, tt := range []struct {
		name, remote string
		forwarded    []string
		want         string
	}{
		{"nobody between", "192.0.2.1:5", nil, "192.0.2.1"},
		{"a stranger who claims", "192.0.2.1:5", []string{"127.0.0.1"}, "192.0.2.1"},
		{"a trusted proxy", "10.0.0.1:5", []string{"192.0.2.7"}, "192.0.2.7"},
		{"a claim before the proxy's word", "10.0.0.1:5", []string{"127.0.0.1, 192.0.2.7"}, "192.0.2.7"},
		{"a claim in a line of its own", "10.0.0.1:5", []string{"127.0.0.1", "192.0.2.7"}, "192.0.2.7"},
		{"two proxies", "10.0.0.1:5", []string{"127.0.0.1, 192.0.2.7, 10.0.0.2"}, "192.0.2.7"},
		{"proxies alone", "10.0.0.1:5", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
		{"a proxy that says nothing", "10.0.0.1:5", nil, "10.0.0.1"},
		{"IPv6", "[fd00::1]:5", []string{"2001:db8::7"}, "2001:db8::7"},
		{"IPv4 in IPv6", "[::ffff:10.0.0.1]:5", []string{"::ffff:192.0.2.7"}, "192.0.2.7"},
		{"no address", "10.0.0.1:5", []string{"unknown"}, "invalid IP"},
		{"empty", "10.0.0.1:5", []string{""}, "invalid IP"},
		{"with a port", "10.0.0.1:5", []string{"192.0.2.7:80"}, "invalid IP"},
		{"no remote address", "pipe", nil, "invalid IP"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest("GET", "/", nil)
			r.RemoteAddr = tt.remote
			r.Header["X-Forwarded-For"] = tt.forwarded
			if got := g.peer(&exchange{r: r}).String(); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestNear(t *testing.T) {
	g := &Gateway{opts: Options{Proxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}}}
	for _, tt := range []struct {
		name, remote, forwarded, proto string
		want                           bool
	}{
		{"this machine", "127.0.0.2:5", "", "", true},
		{"another", "192.0.2.1:5", "", "", false},
		{"another that claims", "192.0.2.1:5", "127.0.0.1", "https", false},
		{"a proxy with TLS", "127.0.0.1:5", "192.0.2.1", "https", true},
		{"a proxy without", "127.0.0.1:5", "192.0.2.1", "http", false},
		{"a proxy that does not say", "127.0.0.1:5", "192.0.2.1", "", false},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = tt.remote
		if tt.forwarded != "" {
			r.Header.Set("X-Forwarded-For", tt.forwarded)
		}
		if tt.proto != "" {
			r.Header.Set("X-Forwarded-Proto", tt.proto)
		}
		if got := g.near(&exchange{r: r}); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

func TestNetworks(t *testing.T) {
	n := NewNetworks(map[netip.Prefix]string{
		netip.MustParsePrefix("192.0.2.0/24"): "DE", netip.MustParsePrefix("192.0.2.128/25"): "FR", netip.MustParsePrefix("0.0.0.0/0"): "US",
	})
	for ip, want := range map[string]string{"192.0.2.1": "DE", "192.0.2.200": "FR", "198.51.100.1": "US", "2001:db8::1": ""} {
		if got := n.Country(netip.MustParseAddr(ip)); got != want {
			t.Errorf("%s is in %q, want %q", ip, got, want)
		}
	}
	if got := (Networks{}).Country(netip.Addr{}); got != "" {
		t.Errorf("nowhere is in %q", got)
	}
}
