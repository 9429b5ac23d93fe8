package alert

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/http"
	"net/smtp"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/monitor/deliver"
)

func idOf(alerts []Alert) string {
	h := sha256.New()
	for i := range alerts {
		fmt.Fprintf(h, "%s %d %d\n", alerts[i].Key(), alerts[i].Since.UnixNano(), alerts[i].Ended.UnixNano())
	}
	return hex.EncodeToString(h.Sum(nil)[:12])
}

// Webhook posts messages as JSON, signed as deliver.Webhook says.
type Webhook struct {
	URL, Authorization string
	Secret             []byte
	Client             *http.Client
	Clock              reeve.Clock
}

// Name implements Notifier.
func (*Webhook) Name() string { return "webhook" }

// Tell implements Notifier.
func (w *Webhook) Tell(ctx context.Context, m *Message) error {
	body, err := json.Marshal(m, json.Deterministic(true))
	if err != nil {
		return err
	}
	return deliver.Post(ctx, w.Client, &deliver.Message{URL: w.URL, ID: m.ID, Media: "application/json", Body: body, Secret: w.Secret, Authorization: w.Authorization, Now: w.Clock()})
}

// Email sends messages by SMTP (RFC 5321).
type Email struct {
	Server   string // host:port
	Security string // tls, starttls or none
	From     string
	To       []string
	User     string // "": no AUTH
	Password string
	TLS      *tls.Config
	Clock    reeve.Clock
}

// Name implements Notifier.
func (*Email) Name() string { return "email" }

// maxReplies bounds what a server may say in one session.
const maxReplies = 256 << 10

// capped ends a connection whose other side says too much.
type capped struct {
	net.Conn
	left int
}

// Read implements net.Conn.
func (c *capped) Read(p []byte) (int, error) {
	if c.left <= 0 {
		return 0, errors.New("the server says too much")
	}
	n, err := c.Conn.Read(p[:min(len(p), c.left)])
	c.left -= n
	return n, err
}

// Tell implements Notifier. Without TLS it says nothing at all where TLS was asked for.
func (e *Email) Tell(ctx context.Context, m *Message) error {
	host, _, err := net.SplitHostPort(e.Server)
	if err != nil {
		return errors.New("e-mail: the server's address is no host:port")
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", e.Server)
	if err != nil {
		return fmt.Errorf("e-mail: %w", err)
	}
	defer conn.Close()
	if end, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(end); err != nil {
			return fmt.Errorf("e-mail: %w", err)
		}
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if err := e.session(ctx, &capped{conn, maxReplies}, host, m); err != nil {
		return fmt.Errorf("e-mail: %w", err)
	}
	return nil
}

func (e *Email) session(ctx context.Context, conn net.Conn, host string, m *Message) error {
	secure := e.TLS.Clone()
	if secure == nil {
		secure = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	if secure.ServerName == "" {
		secure.ServerName = host
	}
	if e.Security == "tls" {
		c := tls.Client(conn, secure)
		if err := c.HandshakeContext(ctx); err != nil {
			return err
		}
		conn = c
	}
	c, err := smtp.NewClient(conn, host)
	if err != nil {
		return err
	}
	defer c.Close()
	if e.Security == "starttls" {
		if ok, _ := c.Extension("STARTTLS"); !ok {
			return errors.New("the server offers no STARTTLS")
		}
		if err := c.StartTLS(secure); err != nil {
			return err
		}
	}
	if e.User != "" {
		if err := c.Auth(smtp.PlainAuth("", e.User, e.Password, host)); err != nil {
			return err
		}
	}
	if err := c.Mail(e.From); err != nil {
		return err
	}
	for _, to := range e.To {
		if err := c.Rcpt(to); err != nil {
			return err
		}
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write(e.letter(m)); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	_ = c.Quit() // it was taken
	return nil
}

// letter is a message as RFC 5322 wants it. Whatever stands in names, there is no line break in its head.
func (e *Email) letter(m *Message) []byte {
	var b bytes.Buffer
	head := func(name, value string) {
		value = strings.Map(func(r rune) rune {
			if r < ' ' || r == 127 {
				return ' '
			}
			return r
		}, value)
		fmt.Fprintf(&b, "%s: %s\r\n", name, value)
	}
	head("From", e.From)
	head("To", strings.Join(e.To, ", "))
	head("Subject", mime.QEncoding.Encode("utf-8", strings.Map(oneLine, subject(m))))
	head("Date", e.Clock().Format(time.RFC1123Z))
	head("Message-ID", "<"+m.ID+"@reeve>")
	head("MIME-Version", "1.0")
	head("Content-Type", "text/plain; charset=utf-8")
	head("Content-Transfer-Encoding", "quoted-printable")
	head("Auto-Submitted", "auto-generated")
	b.WriteString("\r\n")
	q := quotedprintable.NewWriter(&b)
	_, _ = io.WriteString(q, Text(m)) // into memory
	_ = q.Close()
	return b.Bytes()
}

func oneLine(r rune) rune {
	if r < ' ' || r == 127 {
		return ' '
	}
	return r
}

func subject(m *Message) string {
	going := 0
	for i := range m.Alerts {
		if m.Alerts[i].Ended.IsZero() {
			going++
		}
	}
	first := ""
	if len(m.Alerts) > 0 {
		first = ": " + m.Alerts[0].Rule + " " + m.Alerts[0].Subject
	}
	switch {
	case m.Test:
		return "[reeve] test of alerts from " + m.Server
	case going == 0:
		return fmt.Sprintf("[reeve] over on %s%s", m.Server, first)
	}
	return fmt.Sprintf("[reeve] %d alerts on %s%s", going, m.Server, first)
}

// Text is a message for people.
func Text(m *Message) string {
	var b strings.Builder
	for i := range m.Alerts {
		a := &m.Alerts[i]
		state := strings.ToUpper(a.Severity)
		if !a.Ended.IsZero() {
			state = "OVER"
		}
		fmt.Fprintf(&b, "%s %s\n  %s\n", state, strings.Map(oneLine, strings.TrimSpace(a.Key())), strings.Map(oneLine, a.Summary))
		if a.Remedy != "" && a.Ended.IsZero() {
			fmt.Fprintf(&b, "  %s\n", strings.Map(oneLine, a.Remedy))
		}
		fmt.Fprintf(&b, "  since %s", a.Since.UTC().Format(time.RFC3339))
		if !a.Ended.IsZero() {
			fmt.Fprintf(&b, ", over at %s", a.Ended.UTC().Format(time.RFC3339))
		}
		b.WriteString("\n\n")
	}
	fmt.Fprintf(&b, "Sent by reeve on %s. `reeve monitor alerts` lists all of them.\n", strings.Map(oneLine, m.Server))
	return b.String()
}
