package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
)

// body takes the next bytes of a response's body.
func (r *reader) body(b []byte) {
	if r.ttft == 0 {
		r.ttft = int64(time.Since(r.start))
	}
	if !r.stream {
		r.bb = append(r.bb, b...)
		return
	}
	now := time.Now().UnixNano()
	for {
		i := bytes.IndexByte(b, '\n')
		if i < 0 {
			r.line = append(r.line, b...)
			return
		}
		if len(r.line) > 0 {
			r.line = append(r.line, b[:i]...)
			r.event(r.line, now)
			r.line = r.line[:0]
		} else {
			r.event(b[:i], now)
		}
		b = b[i+1:]
	}
}

// event takes one whole line of a stream.
func (r *reader) event(l []byte, now int64) {
	l = bytes.TrimSpace(l)
	if r.sse {
		var ok bool
		if l, ok = bytes.CutPrefix(l, []byte("data:")); !ok {
			return
		}
		if l = bytes.TrimSpace(l); bytes.Equal(l, []byte("[DONE]")) {
			r.done = true
			return
		}
	} else if bytes.Contains(l, []byte(`"done":true`)) || bytes.Contains(l, []byte(`"done": true`)) {
		r.done = true
	}
	if len(l) == 0 {
		return
	}
	r.last = append(r.last[:0], l...)
	if i := bytes.Index(l, []byte(r.key)); i >= 0 {
		t := l[i+len(r.key):]
		if j := bytes.IndexByte(t, '"'); j >= 0 && bytes.IndexByte(t[:j], '\\') < 0 {
			r.text(t[:j], now)
			return
		}
	}
	r.text([]byte(slowText(l)), now)
}

// slowText takes any spelling of an event apart.
func slowText(l []byte) string {
	var e struct {
		Choices []struct {
			Delta   struct{ Content string } `json:"delta"`
			Message struct{ Content string } `json:"message"`
			Text    string                   `json:"text"`
		} `json:"choices"`
		Message  struct{ Content string } `json:"message"`
		Response string                   `json:"response"`
	}
	if json.Unmarshal(l, &e) != nil {
		return ""
	}
	s := e.Message.Content + e.Response
	for _, c := range e.Choices {
		s += c.Delta.Content + c.Message.Content + c.Text
	}
	return s
}

// text takes the next text of the answer, compares it or looks for stamps.
func (r *reader) text(t []byte, now int64) {
	if !r.stamped {
		if r.pos+len(t) > len(r.want) || r.want[r.pos:r.pos+len(t)] != string(t) {
			if r.bad == "" {
				r.bad = fmt.Sprintf("the answer differs at byte %d: %q", r.pos, t)
			}
			return
		}
		r.pos += len(t)
		return
	}
	r.tb = append(r.tb, t...)
	b := r.tb
	for {
		i := bytes.Index(b, []byte("tk"))
		if i < 0 {
			b = b[max(0, len(b)-1):]
			break
		}
		b = b[i:]
		if len(b) < stampLen {
			break
		}
		d, ok := transit(b, now)
		if !ok {
			b = b[2:]
			continue
		}
		r.tok = append(r.tok, d)
		if r.seen != nil {
			r.seen()
		}
		b = b[stampLen:]
	}
	r.tb = append(r.tb[:0], b...)
}
