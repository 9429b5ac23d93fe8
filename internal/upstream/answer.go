package upstream

import (
	"context"
	"fmt"
	"io"
	"time"
)

// Answer is the answer of a runtime. Its body is read with Read; Close gives the connection back where the body was read
// to its end, and closes it otherwise, which tells the runtime to stop generating. Not safe for concurrent use.
type Answer struct {
	Status      int
	ContentType string
	Length      int64 // -1 where unknown

	body   io.Reader
	keep   bool
	ended  bool
	conn   *conn
	client *Client
	ctx    context.Context
	stop   func() bool
}

// Read reads the body. It returns as soon as some bytes are there.
func (a *Answer) Read(p []byte) (int, error) {
	if a.conn.br.Buffered() == 0 {
		a.conn.setDeadline(a.client.opts.Idle)
	}
	n, err := a.body.Read(p)
	switch {
	case err == io.EOF:
		a.ended = true
	case err == nil:
	case a.ctx.Err() != nil:
		err = a.ctx.Err()
	case timeout(err):
		err = fmt.Errorf("no byte within %s", a.client.opts.Idle)
	}
	return n, err
}

// drainBytes is how much may follow an answer's own end mark, such as the rest of the last event.
const drainBytes = 512

// Drain takes the end of the body after the answer's own end mark has been read, so that Close can keep the connection.
// It waits for at most d, and gives up where more follows than an end.
func (a *Answer) Drain(d time.Duration) {
	if a.conn == nil || a.ended {
		return
	}
	a.conn.deadline = time.Time{}
	_ = a.conn.SetReadDeadline(time.Now().Add(d))
	var buf [drainBytes]byte
	for n := 0; n < len(buf); {
		m, err := a.body.Read(buf[n:])
		n += m
		if err != nil {
			a.ended = err == io.EOF
			return
		}
	}
}

// Close ends the exchange. It may be called more than once.
func (a *Answer) Close() {
	if a.conn == nil {
		return
	}
	k := a.conn
	a.conn = nil
	if a.stop() && a.ended && a.keep {
		a.client.put(k)
		return
	}
	k.Close()
}
