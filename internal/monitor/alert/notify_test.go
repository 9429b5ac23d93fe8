package alert

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"io"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reeve-ai/reeve/internal/monitor/deliver"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func message() *Message {
	return &Message{ID: "abc", Server: "gate", Alerts: []Alert{
		{Rule: "canary", Subject: "secret\r\nBcc: everybody@example.org", Severity: Critical, Summary: "It passed: naïve.", Remedy: "Look.", Since: noon},
		{Rule: "drift", Severity: Warning, Summary: "A rate.", Since: noon, Ended: noon.Add(time.Hour)},
	}}
}

// mailServer speaks SMTP to one client and tells what it got.
func mailServer(t *testing.T, secure *tls.Config, starttls bool, reply func(command string) string) (addr string, got chan []string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	got = make(chan []string, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		if secure != nil && !starttls {
			c = tls.Server(c, secure)
		}
		var lines []string
		defer func() { got <- lines }()
		r := bufio.NewReader(c)
		io.WriteString(c, "220 mail.example.org\r\n")
		for data := false; ; {
			line, err := r.ReadString('\n')
			if err != nil {
				return
			}
			line = strings.TrimRight(line, "\r\n")
			lines = append(lines, line)
			word, _, _ := strings.Cut(line, " ")
			answer := "250 ok"
			switch {
			case data && line != ".":
				continue
			case data:
				data = false
			case reply != nil && reply(word) != "":
				answer = reply(word)
			case word == "EHLO":
				answer = "250-mail.example.org\r\n250 AUTH PLAIN"
				if _, encrypted := c.(*tls.Conn); starttls && !encrypted {
					answer = "250-mail.example.org\r\n250 STARTTLS"
				}
			case word == "STARTTLS":
				answer = "220 go on"
			case word == "AUTH":
				answer = "235 welcome"
			case word == "DATA":
				answer, data = "354 go on", true
			case word == "QUIT":
				io.WriteString(c, "221 bye\r\n")
				return
			}
			io.WriteString(c, answer+"\r\n")
			if word == "STARTTLS" {
				c = tls.Server(c, secure)
				r = bufio.NewReader(c)
			}
		}
	}()
	return l.Addr().String(), got
}

func TestEmail(t *testing.T) {
	srv := httptest.NewUnstartedServer(nil) // for its certificate
	srv.StartTLS()
	defer srv.Close()
	roots := x509.NewCertPool()
	roots.AddCert(srv.Certificate())
	for _, security := range []string{"none", "starttls", "tls"} {
		t.Run(security, func(t *testing.T) {
			secure := srv.TLS.Clone()
			secure.NextProtos = nil
			if security == "none" {
				secure = nil
			}
			addr, got := mailServer(t, secure, security == "starttls", nil)
			e := &Email{Server: addr, Security: security, From: "reeve@example.org", To: []string{"a@example.org", "b@example.org"}, User: "u", Password: "p", TLS: &tls.Config{RootCAs: roots, ServerName: "example.com"}, Clock: func() time.Time { return noon }}
			if err := e.Tell(t.Context(), message()); err != nil {
				t.Fatal(err)
			}
			lines := <-got
			text := strings.Join(lines, "\n")
			for _, want := range []string{"MAIL FROM:<reeve@example.org>", "RCPT TO:<a@example.org>", "RCPT TO:<b@example.org>", "AUTH PLAIN"} {
				if !strings.Contains(text, want) {
					t.Errorf("%s is not in\n%s", want, text)
				}
			}
		})
	}
}

// TestEmailKeepsPasswordsBack: where TLS was asked for and is not had, nothing is said.
func TestEmailKeepsPasswordsBack(t *testing.T) {
	addr, got := mailServer(t, nil, false, nil)
	e := &Email{Server: addr, Security: "starttls", From: "a@b", To: []string{"c@d"}, User: "u", Password: "p", Clock: time.Now}
	if err := e.Tell(t.Context(), message()); err == nil || !strings.Contains(err.Error(), "STARTTLS") {
		t.Error(err)
	}
	if text := strings.Join(<-got, "\n"); strings.Contains(text, "AUTH") || strings.Contains(text, "MAIL") {
		t.Error(text)
	}
}

// TestEmailServerMisbehaves: refusals and floods end in an error.
func TestEmailServerMisbehaves(t *testing.T) {
	for word, answer := range map[string]string{"MAIL": "550 no", "RCPT": "550 nobody", "DATA": "451 later", "EHLO": "250-" + strings.Repeat("x", 2*maxReplies)} {
		addr, _ := mailServer(t, nil, false, func(w string) string {
			if w == word || word == "EHLO" && w == "HELO" {
				return answer
			}
			return ""
		})
		e := &Email{Server: addr, Security: "none", From: "a@b", To: []string{"c@d"}, Clock: time.Now}
		if err := e.Tell(t.Context(), message()); err == nil {
			t.Errorf("%s: no error", word)
		}
	}
}

// TestLetter: the head has one line for each field, whatever stands in a name, and the text comes back.
func TestLetter(t *testing.T) {
	e := &Email{From: "reeve@example.org", To: []string{"a@example.org"}, Clock: func() time.Time { return noon }}
	m, err := mail.ReadMessage(strings.NewReader(string(e.letter(message()))))
	if err != nil {
		t.Fatal(err)
	}
	if m.Header.Get("Bcc") != "" || len(m.Header) != 9 {
		t.Errorf("%v", m.Header)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil || subject != "[reeve] 1 alerts on gate: canary secret  Bcc: everybody@example.org" {
		t.Errorf("%q %v", subject, err)
	}
	body, err := io.ReadAll(quotedprintable.NewReader(m.Body))
	if err != nil {
		t.Fatal(err)
	}
	want := "CRITICAL canary secret  Bcc: everybody@example.org\n  It passed: naïve.\n  Look.\n  since 2026-11-21T12:00:00Z\n\n" +
		"OVER drift\n  A rate.\n  since 2026-11-21T12:00:00Z, over at 2026-11-21T13:00:00Z\n\nSent by reeve on gate. `reeve monitor alerts` lists all of them.\n"
	if diff := cmp.Diff(want, strings.ReplaceAll(string(body), "\r\n", "\n")); diff != "" {
		t.Error("(-want +got):\n" + diff)
	}
}

func TestAlertWebhook(t *testing.T) {
	var body string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		body = string(b)
		if r.Header.Get("webhook-signature") != deliver.Sign([]byte("s"), "abc", r.Header.Get("webhook-timestamp"), b) {
			w.WriteHeader(http.StatusForbidden)
		}
	}))
	defer srv.Close()
	w := &Webhook{URL: srv.URL, Secret: []byte("s"), Client: deliver.NewClient(nil), Clock: time.Now}
	if err := w.Tell(t.Context(), message()); err != nil || !strings.Contains(body, `"rule":"drift"`) {
		t.Error(err, body)
	}
}

// FuzzReplies: whatever a mail server says, Tell ends.
func FuzzReplies(f *testing.F) {
	f.Add("220 hi\r\n250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n250 ok\r\n221 bye\r\n")
	f.Add("220-\r\n220")
	f.Add("999 what\r\n")
	f.Fuzz(func(t *testing.T, replies string) {
		ours, theirs := net.Pipe()
		defer ours.Close()
		go func() {
			defer theirs.Close()
			go io.Copy(io.Discard, theirs)
			io.WriteString(theirs, replies)
		}()
		e := &Email{Security: "none", From: "a@b", To: []string{"c@d"}, Clock: time.Now}
		_ = e.session(t.Context(), &capped{ours, maxReplies}, "localhost", message())
	})
}
