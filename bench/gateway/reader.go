package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strconv"
	"time"
)

// reader reads HTTP/1.1 responses and checks the answer: the text must be the mock's, byte for byte (or, when tokens are
// stamped, every stamp must arrive), and a stream must end properly. However the target cuts events, text is put together again.
type reader struct {
	br          *bufio.Reader
	key         string // key of the text
	sse, stream bool
	stamped     bool
	seen        func() // called for every stamped token
	want        string // the whole text; "": not checked

	// the response being read
	exchange     string // the Reeve-Exchange header
	policy       string // the Reeve-Policy header
	status       int
	pos          int // how much of want has come
	done         bool
	bad          string
	start        time.Time
	ttft         int64
	tok          []int64
	line, tb, bb []byte // an event not yet whole, text not yet searched for stamps, an unstreamed body
	last         []byte // the latest event of a stream
}

// errStatus is an answer that is not 200; the body is not read.
type errStatus struct {
	code int
	text string
}

func (e errStatus) Error() string { return e.text }

// errAnswer is an answer that came whole and is not the right one.
type errAnswer string

func (e errAnswer) Error() string { return string(e) }

// response reads one response. keep says whether the connection can be used again.
func (r *reader) response(start time.Time) (keep bool, err error) {
	r.forget()
	r.start = start
	l, err := r.br.ReadSlice('\n')
	if err != nil {
		return false, err
	}
	if len(l) < 12 {
		return false, fmt.Errorf("status line %q", l)
	}
	r.status, _ = strconv.Atoi(string(l[9:12]))
	first := string(bytes.TrimSpace(l))
	h, err := r.header()
	if err != nil {
		return false, err
	}
	if r.status != 200 {
		_, _ = r.br.Peek(1) // wait for the body's start, if there is one
		b, _ := r.br.Peek(min(r.br.Buffered(), 300))
		return false, errStatus{r.status, first + " | " + string(b)}
	}
	switch {
	case h.chunked:
		err = r.chunks()
	case h.length >= 0:
		err = r.read(h.length)
	default: // to the end of the connection
		var b []byte
		b, err = io.ReadAll(r.br)
		h.keep = false
		r.body(b)
	}
	if err != nil {
		return false, err
	}
	return h.keep, r.check()
}

// forget drops what the last response left behind.
func (r *reader) forget() {
	r.exchange, r.policy, r.status = "", "", 0
	r.pos, r.done, r.bad, r.ttft = 0, false, "", 0
	r.tok, r.line, r.tb, r.bb = r.tok[:0], r.line[:0], r.tb[:0], r.bb[:0]
}

type header struct {
	keep, chunked bool
	length        int // -1: not given
}

func (r *reader) header() (h header, err error) {
	h = header{keep: true, length: -1}
	for {
		l, err := r.br.ReadSlice('\n')
		if err != nil {
			return h, err
		}
		if l = bytes.TrimRight(l, "\r\n"); len(l) == 0 {
			return h, nil
		}
		k, v, _ := bytes.Cut(l, []byte(":"))
		v = bytes.TrimSpace(v)
		switch {
		case bytes.EqualFold(k, []byte("content-length")):
			h.length, _ = strconv.Atoi(string(v))
		case bytes.EqualFold(k, []byte("transfer-encoding")):
			h.chunked = bytes.EqualFold(v, []byte("chunked"))
		case bytes.EqualFold(k, []byte("connection")):
			h.keep = !bytes.EqualFold(v, []byte("close"))
		case bytes.EqualFold(k, []byte("reeve-exchange")):
			r.exchange = string(v)
		case bytes.EqualFold(k, []byte("reeve-policy")):
			r.policy = string(v)
		}
	}
}

func (r *reader) chunks() error {
	for {
		l, err := r.br.ReadSlice('\n')
		if err != nil {
			return err
		}
		size, _, _ := bytes.Cut(bytes.TrimRight(l, "\r\n"), []byte(";"))
		n, err := strconv.ParseInt(string(size), 16, 32)
		if err != nil {
			return err
		}
		if n == 0 {
			break
		}
		if err := r.read(int(n)); err != nil {
			return err
		}
		if _, err := r.br.Discard(2); err != nil {
			return err
		}
	}
	for { // trailers
		l, err := r.br.ReadSlice('\n')
		if err != nil {
			return err
		}
		if len(bytes.TrimRight(l, "\r\n")) == 0 {
			return nil
		}
	}
}

func (r *reader) read(n int) error {
	for n > 0 {
		if _, err := r.br.Peek(1); err != nil {
			return err
		}
		b, _ := r.br.Peek(min(n, r.br.Buffered())) // they are buffered
		r.body(b)
		_, _ = r.br.Discard(len(b))
		n -= len(b)
	}
	return nil
}

// check judges the response that has just been read whole.
func (r *reader) check() error {
	switch {
	case !r.stream:
		if r.want != "" && !bytes.Contains(r.bb, []byte(r.want)) || r.want == "" && !bytes.Contains(r.bb, []byte(`"embedding`)) {
			return errAnswer(fmt.Sprintf("not the mock's answer: %.200s", r.bb))
		}
		return nil
	case r.bad != "":
		return errAnswer(r.bad)
	case r.stamped && len(r.tok) != nTokens:
		return errAnswer(fmt.Sprintf("%d of %d tokens arrived", len(r.tok), nTokens))
	case !r.stamped && r.pos != len(r.want):
		return errAnswer(fmt.Sprintf("%d of %d bytes of text arrived", r.pos, len(r.want)))
	case !r.done:
		return errAnswer(fmt.Sprintf("the stream has no end mark, but ends with %.300s", r.last))
	}
	return nil
}
