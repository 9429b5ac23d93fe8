package upstream

import (
	"bufio"
	"net"
	"strconv"
	"time"
)

// conn is one connection, used by one exchange at a time.
type conn struct {
	net.Conn
	br       *bufio.Reader
	out      []byte
	reused   bool
	deadline time.Time // as set last
}

// abort makes every read and write fail from now on. It may be called from another goroutine.
func (k *conn) abort() { k.Close() }

// setDeadline moves the deadline, but not for less than a second of difference.
func (k *conn) setDeadline(d time.Duration) {
	t := time.Now().Add(d)
	if diff := t.Sub(k.deadline); diff > time.Second || diff < -time.Second {
		k.deadline = t
		k.SetDeadline(t)
	}
}

// answered reports whether the runtime said something although it did not take the whole request.
func (k *conn) answered() bool { _, err := k.br.Peek(1); return err == nil }

func (k *conn) send(c *Client, method, path string, body []byte, traceparent string) error {
	b := append(k.out[:0], method...)
	b = append(b, ' ')
	b = append(b, c.prefix...)
	b = append(b, path...)
	b = append(b, c.head...)
	if traceparent != "" {
		b = append(append(append(b, "traceparent: "...), traceparent...), "\r\n"...)
	}
	if body != nil {
		b = append(b, "Content-Type: application/json\r\nContent-Length: "...)
		b = strconv.AppendInt(b, int64(len(body)), 10)
		b = append(b, "\r\n"...)
	}
	b = append(b, "\r\n"...)
	if len(body) <= 16<<10 {
		b = append(b, body...)
		body = nil
	}
	k.out = b
	if _, err := k.Write(b); err != nil {
		return err
	}
	if len(body) > 0 {
		if _, err := k.Write(body); err != nil {
			return err
		}
	}
	return nil
}
