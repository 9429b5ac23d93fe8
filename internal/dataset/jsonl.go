package dataset

import (
	"bytes"
	"errors"
)

// jsonl reads a file with a JSON value on each line. A line that is none is read as text, and so is one that is longer
// than Limits.Record: nothing is lost by it. They are counted as "malformed records".
type jsonl struct {
	parser
	to   int64 // ends before the first line that begins here or behind
	max  int   // longest line
	next int64 // a Block ends before the first line that begins here or behind
	odd  int
}

// run reads from the line that begins at in the filled window.
func (j *jsonl) run(at int) error {
	w := j.w
	j.next = (w.offset(at)/w.stride + 1) * w.stride
	nextAt := w.index(j.next)
	for {
		if nextAt <= at && (at < len(w.text) || !w.eof) {
			if err := j.flush(); err != nil {
				return err
			}
			j.next = (w.offset(at)/w.stride + 1) * w.stride
			nextAt = w.index(j.next)
		}
		if j.to > 0 && w.offset(at) >= j.to {
			return j.flush()
		}
		nl := bytes.IndexByte(w.text[at:], '\n')
		switch {
		case nl >= 0:
			nl += at
		case w.eof && at == len(w.text):
			return j.flush()
		case w.eof:
			nl = len(w.text)
		default:
			if len(w.text)-at > j.max {
				j.line++
				j.record++
				j.odd++
				next, err := j.tooLong(at, j.record, j.line)
				if err != nil {
					return err
				}
				at = next
			} else {
				if err := j.flush(); err != nil {
					return err
				}
				w.fill(at)
				at = 0
			}
			nextAt = w.index(j.next)
			continue
		}
		if err := j.oneLine(at, nl); err != nil {
			return err
		}
		at = min(nl+1, len(w.text))
	}
}

// oneLine reads the line [at, end) of the window.
func (j *jsonl) oneLine(at, end int) error {
	j.line++
	j.i, j.end, j.done = at, end, at
	c, err := j.peek()
	if err != nil || c == 0 {
		return err
	}
	j.record++
	text, fields := len(j.block.Text), len(j.block.Fields)
	err = j.value(&j.names.root, 0)
	if err == nil {
		if c, _ = j.peek(); c == 0 {
			return nil
		}
		err = errMalformed
	}
	if !errors.Is(err, errMalformed) && !errors.Is(err, errNested) {
		return err
	}
	if j.done != at {
		text, fields = 0, 0
	}
	j.block.Text, j.block.Fields = j.block.Text[:text], j.block.Fields[:fields]
	j.odd++
	return j.asText(j.done, end)
}

// asText emits what stands in the window as it is.
func (j *jsonl) asText(at, end int) error {
	if end-at > Stride {
		if err := j.flush(); err != nil {
			return err
		}
		return j.pieces(at, at, end, end, j.record, j.line)
	}
	start := j.begin("")
	j.block.Text = append(j.block.Text, j.w.text[at:end]...)
	j.add(Field{
		Start: start, End: len(j.block.Text), Record: j.record, Line: j.line,
		Offset: j.w.offset(at), Plain: j.w.plain, how: asText,
	})
	return nil
}
