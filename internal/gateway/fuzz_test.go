package gateway

import (
	"net/http/httptest"
	"net/netip"
	"testing"
)

// FuzzPeer holds the address of a caller against what must be true of it: it is never a trusted proxy's word about itself,
// and a stranger's header changes nothing.
func FuzzPeer(f *testing.F) {
	for _, s := range []string{"", "192.0.2.1", "127.0.0.1, 192.0.2.1", "10.0.0.2,10.0.0.3", ",", "::1%eth0", "[::1]:80", " \t192.0.2.7\t"} {
		f.Add("10.0.0.1:1", s)
		f.Add("192.0.2.9:1", s)
	}
	g := &Gateway{opts: Options{Proxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}}
	f.Fuzz(func(t *testing.T, remote, forwarded string) {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = remote
		r.Header["X-Forwarded-For"] = []string{forwarded}
		got := g.peer(&exchange{r: r})
		at, err := netip.ParseAddrPort(remote)
		if err != nil {
			if got.IsValid() {
				t.Fatalf("%q is at %s", remote, got)
			}
			return
		}
		if ip := at.Addr().Unmap().WithZone(""); !g.trusted(ip) && got != ip {
			t.Fatalf("a stranger at %s is taken for %s", ip, got)
		}
		_ = sourcePrefix(got)
	})
}

// FuzzConversation holds what may be an id of a conversation against the characters that a header may carry.
func FuzzConversation(f *testing.F) {
	f.Add("c1")
	f.Add("a b")
	f.Add("\x00")
	f.Fuzz(func(t *testing.T, id string) {
		ok := conversationText(id)
		for i := range len(id) {
			if ok && (id[i] <= ' ' || id[i] >= 0x7f) {
				t.Fatalf("%q is an id", id)
			}
		}
		if ok && (id == "" || len(id) > maxConversation) {
			t.Fatalf("%d bytes are an id", len(id))
		}
		c := conversations{}
		if a, b := c.talkOf("p", "k", id), c.talkOf("p", id, "k"); ok && id != "k" && a.id == b.id {
			t.Fatal("an id and a key are one conversation")
		}
	})
}
