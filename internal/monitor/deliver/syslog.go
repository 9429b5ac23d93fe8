package deliver

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/reeve-ai/reeve/internal/lifecycle"
)

// Syslog sends events as RFC 5424 messages: over tcp with octet counting (RFC 6587 section 3.4.1), over tls (RFC 5425), as
// datagrams over udp (RFC 5426) or unixgram, or over a unix stream.
//
// Syslog has no acknowledgements. With Confirm, each batch has a connection of its own: reeve ends its half and counts the
// batch as taken when the receiver, which by then has read everything, ends the other half in order. A receiver that dies
// with unread messages resets the connection, and the batch comes again. Without Confirm, and with datagrams, messages may
// be lost unseen.
type Syslog struct {
	Network string // tcp, tls, udp, unix or unixgram
	Address string
	Host    string // of the messages
	TLS     *tls.Config
	Confirm bool
	Dial    func(ctx context.Context, network, address string) (net.Conn, error) // nil: a net.Dialer

	conn net.Conn
}

// The facility is log audit (13); severity is notice for what was refused or failed, informational for the rest.
const (
	priorityInfo   = 13*8 + 6
	priorityNotice = 13*8 + 5
)

// maxDatagram is what RFC 5424 section 6.1 and RFC 5426 section 3.2 leave for a message where nothing is known of the way.
const maxDatagram = 65000

func (s *Syslog) datagrams() bool { return s.Network == "udp" || s.Network == "unixgram" }

// Send implements Sink.
func (s *Syslog) Send(ctx context.Context, batch []*lifecycle.Told) error {
	err := s.send(ctx, batch)
	if err != nil || s.Confirm && !s.datagrams() {
		err = errors.Join(err, s.Close())
	}
	if err != nil {
		return fmt.Errorf("syslog: %w", err)
	}
	return nil
}

func (s *Syslog) send(ctx context.Context, batch []*lifecycle.Told) error {
	if err := s.connect(ctx); err != nil {
		return err
	}
	if end, ok := ctx.Deadline(); ok {
		if err := s.conn.SetDeadline(end); err != nil {
			return err
		}
	}
	stop := context.AfterFunc(ctx, func() { _ = s.conn.SetDeadline(time.Unix(1, 0)) }) // the server stops
	defer stop()
	var b []byte
	for _, t := range batch {
		m := s.message(t)
		if s.datagrams() {
			if _, err := s.conn.Write(m[:min(len(m), maxDatagram)]); err != nil {
				return err
			}
			continue
		}
		b = append(append(strconv.AppendInt(b, int64(len(m)), 10), ' '), m...)
	}
	if s.datagrams() {
		return nil
	}
	if _, err := s.conn.Write(b); err != nil {
		return err
	}
	if !s.Confirm {
		return nil
	}
	half, ok := s.conn.(interface{ CloseWrite() error })
	if !ok {
		return errors.New("the connection cannot be ended by halves: set confirm to false")
	}
	if err := half.CloseWrite(); err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, io.LimitReader(s.conn, maxAnswer)); err != nil {
		return fmt.Errorf("the receiver did not end the connection in order: %w", err)
	}
	return nil
}

func (s *Syslog) connect(ctx context.Context) error {
	if s.conn != nil && !s.dead() {
		return nil
	}
	if err := s.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return err
	}
	dial := s.Dial
	if dial == nil {
		dial = (&net.Dialer{}).DialContext
	}
	network := s.Network
	if network == "tls" {
		network = "tcp"
	}
	c, err := dial(ctx, network, s.Address)
	if err != nil {
		return err
	}
	if s.Network == "tls" {
		secure := tls.Client(c, s.TLS)
		if err := secure.HandshakeContext(ctx); err != nil {
			return errors.Join(err, c.Close())
		}
		c = secure
	}
	s.conn = c
	return nil
}

// dead reports whether the receiver has ended a connection that rests.
func (s *Syslog) dead() bool {
	if s.datagrams() {
		return false
	}
	_ = s.conn.SetReadDeadline(time.Now().Add(time.Millisecond))
	_, err := s.conn.Read(make([]byte, 1))
	var timeout net.Error
	return !errors.As(err, &timeout) || !timeout.Timeout()
}

// message is an event as RFC 5424 section 6 spells it. meta is a structured data element that IANA knows; its sequenceId goes
// from 1 to 2147483647 (section 7.3.1). The text is JSON in
// ASCII without line breaks, so it needs no byte order mark (6.4).
func (s *Syslog) message(t *lifecycle.Told) []byte {
	priority := priorityInfo
	if t.Failed {
		priority = priorityNotice
	}
	b := make([]byte, 0, len(t.Event)+160)
	b = fmt.Appendf(b, "<%d>1 %s %s reeve - %s [meta sequenceId=\"%d\"] ",
		priority, t.Time.UTC().Format("2006-01-02T15:04:05.000000Z"), header(s.Host, 255), header(t.Kind, 32), t.Seq%2147483647+1)
	return append(b, t.Event...)
}

// header is a field of printable ASCII without spaces, or "-".
func header(text string, most int) string {
	text = strings.Map(func(r rune) rune {
		if r < 33 || r > 126 {
			return -1
		}
		return r
	}, text)
	if text == "" {
		return "-"
	}
	return text[:min(len(text), most)]
}

// Close implements Sink.
func (s *Syslog) Close() error {
	if s.conn == nil {
		return nil
	}
	err := s.conn.Close()
	s.conn = nil
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
