package upstream

import (
	"bytes"
	"errors"
)

// ErrFrameTooLong says that a line or an event of a stream passed the limit.
var ErrFrameTooLong = errors.New("a line of the stream is longer than the limit")

// Frames splits a stream into events: server-sent events (WHATWG HTML §9.2.6) or newline-delimited JSON. What it gives
// out is the data alone, joined as the standard says; comments, ids and retry times end here, because nobody judged
// them. Memory is bounded by the limit. Not safe for concurrent use.
type Frames struct {
	sse   bool
	max   int
	rest  []byte // the start of an unfinished event
	seen  int    // bytes of rest known to hold no line end that closes the event
	multi []byte // joined data lines
}

// NewFrames splits server-sent events, or lines, into frames of at most max bytes.
func NewFrames(sse bool, max int) *Frames { return &Frames{sse: sse, max: max} }

// Feed takes the next bytes and calls emit for every frame that is now complete, until emit reports an error. The frame
// is valid during the call only.
func (f *Frames) Feed(chunk []byte, emit func(data []byte) error) error {
	b := chunk
	if len(f.rest) > 0 {
		f.rest = append(f.rest, chunk...)
		b = f.rest
	}
	used, err := f.split(b, emit)
	if err != nil {
		return err
	}
	left := b[used:]
	f.seen = max(f.seen-used, 0)
	if len(left) > f.max {
		return ErrFrameTooLong
	}
	f.rest = append(f.rest[:0], left...)
	return nil
}

// Pending reports whether an unfinished event is waiting; at the end of a stream it means that the stream was cut.
func (f *Frames) Pending() bool { return len(bytes.TrimSpace(f.rest)) > 0 }

// Last gives out an unfinished line at the end of the stream: NDJSON need not end in a newline. It is always nil for
// server-sent events, where an event without its blank line is incomplete and must be dropped.
func (f *Frames) Last() []byte {
	if f.sse || !f.Pending() {
		return nil
	}
	return bytes.TrimSpace(f.rest)
}

func (f *Frames) split(b []byte, emit func([]byte) error) (used int, err error) {
	if f.sse {
		return f.splitEvents(b, emit)
	}
	for {
		i := bytes.IndexByte(b[max(used, f.seen):], '\n')
		if i < 0 {
			f.seen = len(b)
			return used, nil
		}
		end := max(used, f.seen) + i
		line := bytes.TrimSpace(b[used:end])
		used, f.seen = end+1, 0
		if len(line) > 0 {
			if err := emit(line); err != nil {
				return used, err
			}
		}
	}
}

func (f *Frames) splitEvents(b []byte, emit func([]byte) error) (used int, err error) {
	at := max(used, f.seen)
	for at < len(b) {
		i := bytes.IndexByte(b[at:], '\n')
		if i < 0 {
			break
		}
		end := at + i + 1
		if !blank(b[at:end]) {
			at = end
			f.seen = at
			continue
		}
		data := f.data(b[used:at])
		used, at, f.seen = end, end, 0
		if data != nil {
			if err := emit(data); err != nil {
				return used, err
			}
		}
	}
	return used, nil
}

func blank(line []byte) bool { return line[0] == '\n' || line[0] == '\r' && line[1] == '\n' }

// data joins the data lines of one event; nil where it has none.
func (f *Frames) data(event []byte) []byte {
	var first []byte
	found := 0
	for len(event) > 0 {
		line := event
		if i := bytes.IndexByte(event, '\n'); i >= 0 {
			line, event = event[:i], event[i+1:]
		} else {
			event = nil
		}
		line = bytes.TrimSuffix(line, []byte("\r"))
		value, ok := bytes.CutPrefix(line, []byte("data"))
		if !ok || len(value) > 0 && value[0] != ':' {
			continue
		}
		value = bytes.TrimPrefix(bytes.TrimPrefix(value, []byte(":")), []byte(" "))
		switch found++; found {
		case 1:
			first = value
		case 2:
			f.multi = append(append(append(f.multi[:0], first...), '\n'), value...)
		default:
			f.multi = append(append(f.multi, '\n'), value...)
		}
	}
	switch found {
	case 0:
		return nil
	case 1:
		return first
	}
	return f.multi
}
