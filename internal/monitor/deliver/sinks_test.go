package deliver

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reeve-ai/reeve/internal/lifecycle"
)

var when = time.Date(2026, 11, 21, 9, 8, 7, 123456789, time.UTC)

func events(seqs ...uint64) (out []*lifecycle.Told) {
	for _, seq := range seqs {
		out = append(out, &lifecycle.Told{Seq: seq, Kind: "outcome", Time: when, Failed: seq%2 == 1, Event: fmt.Appendf(nil, `{"n":%d}`, seq)})
	}
	return out
}

func TestMessage(t *testing.T) {
	s := &Syslog{Host: "gate 1\n.example"}
	got := []string{string(s.message(events(2)[0])), string(s.message(events(2147483649)[0]))}
	want := []string{
		`<110>1 2026-11-21T09:08:07.123456Z gate1.example reeve - outcome [meta sequenceId="3"] {"n":2}`,
		`<109>1 2026-11-21T09:08:07.123456Z gate1.example reeve - outcome [meta sequenceId="3"] {"n":2147483649}`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error("(-want +got):\n" + diff)
	}
}

// frames reads octet-counted messages.
func frames(r io.Reader) (out []string, err error) {
	b := bufio.NewReader(r)
	for {
		head, err := b.ReadString(' ')
		if errors.Is(err, io.EOF) && head == "" {
			return out, nil
		}
		n, bad := strconv.Atoi(strings.TrimSpace(head))
		if bad != nil {
			return out, errors.Join(err, bad)
		}
		m := make([]byte, n)
		if _, err := io.ReadFull(b, m); err != nil {
			return out, err
		}
		out = append(out, string(m[strings.LastIndex(string(m), "] ")-1:]))
	}
}

// TestSyslogStreams: a batch counts as taken only when the receiver has read it to its end.
func TestSyslogStreams(t *testing.T) {
	srv := httptest.NewUnstartedServer(nil) // for its certificate
	srv.StartTLS()
	defer srv.Close()
	roots := x509.NewCertPool()
	roots.AddCert(srv.Certificate())
	for _, network := range []string{"tcp", "tls", "unix"} {
		t.Run(network, func(t *testing.T) {
			base, address := network, "127.0.0.1:0"
			switch network {
			case "tls":
				base = "tcp"
			case "unix":
				dir, err := os.MkdirTemp("", "s") // short: the path of a socket has 108 bytes
				if err != nil {
					t.Fatal(err)
				}
				defer os.RemoveAll(dir)
				address = filepath.Join(dir, "s")
			}
			l, err := net.Listen(base, address)
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			if network == "tls" {
				l = tls.NewListener(l, srv.TLS)
			}
			behave := make(chan func(net.Conn) []string)
			got := make(chan []string, 1)
			go func() {
				for f := range behave {
					c, err := l.Accept()
					if err != nil {
						return
					}
					got <- f(c)
				}
			}()
			defer close(behave)
			s := &Syslog{Network: network, Address: l.Addr().String(), Confirm: true, TLS: &tls.Config{RootCAs: roots, ServerName: "example.com"}}
			defer s.Close()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()

			behave <- func(c net.Conn) []string {
				list, err := frames(c)
				if err != nil {
					t.Error(err)
				}
				c.Close()
				return list
			}
			if err := s.Send(ctx, events(1, 2, 3)); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{`"] {"n":1}`, `"] {"n":2}`, `"] {"n":3}`}, <-got); diff != "" {
				t.Error("(-want +got):\n" + diff)
			}
			if network == "unix" {
				return // what is unread when the receiver leaves is not told there
			}
			behave <- func(c net.Conn) []string { // dies with what it has not read
				if tc, ok := c.(*tls.Conn); ok {
					if err := tc.HandshakeContext(ctx); err != nil {
						t.Error(err)
					}
					c = tc.NetConn()
				}
				_ = c.(*net.TCPConn).SetLinger(0)
				c.Close()
				return nil
			}
			if err := s.Send(ctx, events(4)); err == nil {
				t.Error("a receiver that died with unread messages counted as having them")
			}
			<-got
		})
	}
}

func TestSyslogDatagrams(t *testing.T) {
	dir, err := os.MkdirTemp("", "s")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	for network, address := range map[string]string{"udp": "127.0.0.1:0", "unixgram": filepath.Join(dir, "s")} {
		l, err := net.ListenPacket(network, address)
		if err != nil {
			t.Fatal(err)
		}
		s := &Syslog{Network: network, Address: l.LocalAddr().String()}
		if err := s.Send(t.Context(), events(7)); err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 4096)
		n, _, err := l.ReadFrom(b)
		if err != nil || !strings.HasSuffix(string(b[:n]), `{"n":7}`) {
			t.Errorf("%s: %q %v", network, b[:n], err)
		}
		s.Close()
		l.Close()
	}
}

func TestSyslogNobodyThere(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if err := (&Syslog{Network: "tcp", Address: l.Addr().String()}).Send(t.Context(), events(1)); err == nil {
		t.Error("no error")
	}
}

func TestFileRotates(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events", "siem.jsonl")
	s := &File{Path: path, Max: 20, Keep: 2}
	for i := range uint64(6) {
		if err := s.Send(t.Context(), events(i, i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(`{"n":5}`+"\n"+`{"n`), 0o600); err != nil { // a crash cut a line off
		t.Fatal(err)
	}
	s.Max = 1000
	if err := s.Send(t.Context(), events(9)); err != nil {
		t.Fatal(err)
	}
	s.Close()
	got := map[string]string{}
	names, _ := filepath.Glob(path + "*")
	for _, n := range names {
		b, err := os.ReadFile(n)
		if err != nil {
			t.Fatal(err)
		}
		got[filepath.Base(n)] = string(b)
	}
	want := map[string]string{
		"siem.jsonl": "{\"n\":5}\n{\"n\n{\"n\":9}\n", "siem.jsonl.1": "{\"n\":4}\n{\"n\":4}\n", "siem.jsonl.2": "{\"n\":3}\n{\"n\":3}\n",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error("(-want +got):\n" + diff)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Error(info.Mode(), err)
	}
}

func TestWebhook(t *testing.T) {
	var got []string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		h := r.Header
		if h.Get("webhook-signature") != Sign([]byte("secret"), h.Get("webhook-id"), h.Get("webhook-timestamp"), body) {
			t.Error("the signature does not fit")
		}
		got = append(got, fmt.Sprintf("%s %s %s %s %s", h.Get("Content-Type"), h.Get("webhook-id"), h.Get("webhook-timestamp"), h.Get("Authorization"), body))
		switch r.URL.Path {
		case "/moved":
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		case "/full":
			w.WriteHeader(http.StatusInsufficientStorage)
		}
	}))
	defer srv.Close()
	send := func(path string, array bool) error {
		s := &Webhook{URL: srv.URL + path, Array: array, Secret: []byte("secret"), Header: "Splunk x", Client: NewClient(nil), Clock: func() time.Time { return when }}
		defer s.Close()
		return s.Send(t.Context(), events(1, 2))
	}
	for _, tt := range []struct {
		path string
		bad  string
	}{{"/", ""}, {"/moved", "webhook: status 307"}, {"/full", "webhook: status 507"}} {
		err := send(tt.path, tt.path == "/moved")
		if (err == nil) != (tt.bad == "") || err != nil && err.Error() != tt.bad {
			t.Errorf("%s: %v", tt.path, err)
		}
	}
	want := []string{
		"application/x-ndjson reeve-1-2 1795252087 Splunk x {\"n\":1}\n{\"n\":2}\n",
		"application/json reeve-1-2 1795252087 Splunk x [{\"n\":1},{\"n\":2}]",
		"application/x-ndjson reeve-1-2 1795252087 Splunk x {\"n\":1}\n{\"n\":2}\n",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error("(-want +got):\n" + diff)
	}
	srv.Close()
	if err := send("/token-in-the-path", false); err == nil || strings.Contains(err.Error(), "token") {
		t.Errorf("the address stands in the error: %v", err)
	}
}

// TestSign has the example of the Standard Webhooks specification.
func TestSign(t *testing.T) {
	secret, err := SigningSecret("whsec" + "_plJ3nmyCDGBKInavdOK15jsl")
	if err != nil {
		t.Fatal(err)
	}
	got := Sign(secret, "msg_loFOjxBNrRLzqYUf", "1731705121", []byte(`{"event_type":"ping","data":{"success":true}}`))
	if got != "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0=" {
		t.Error(got)
	}
	if _, err := SigningSecret("whsec" + "_***"); err == nil {
		t.Error("no base64, no error")
	}
}

func FuzzRetryAfter(f *testing.F) {
	for _, s := range []string{"", "120", "-1", "Sat, 21 Nov 2026 10:00:00 GMT", "99999999999", " 5 ", "1e9"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if d := retryAfter(text, when); d < 0 || d > maxRetryAfter {
			t.Errorf("%q: %v", text, d)
		}
	})
}
