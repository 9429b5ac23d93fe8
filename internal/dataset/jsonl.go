package dataset

import (
	"bytes"
	"errors"
)

// jsonl reads a file with a JSON value on each line. A line that is none is read as text, and so is one that is longer
// than Limits.Record: nothing is lost by it. They are counted as "malformed records".
type jsonl struct {
	parser
	to     int64 // ends before the first line that begins here or behind
	max    int   // longest line
	next   int64 // a Block ends before the first line that begins here or behind
	format Format
	odd    int
}

// run reads from the line that begins at in the filled window.
func (j *jsonl) run(at int) error {
	w := j.w
	j.next = (w.offset(at)/Stride + 1) * Stride
	nextAt := w.index(j.next)
	for {
		if nextAt <= at && (at < len(w.text) || !w.eof) {
			if err := j.flush(); err != nil {
				return err
			}
			j.next = (w.offset(at)/Stride + 1) * Stride
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
				next, err := j.tooLong(at)
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
		return j.longText(at, end)
	}
	start := j.begin("")
	j.block.Text = append(j.block.Text, j.w.text[at:end]...)
	j.add(Field{
		Start: start, End: len(j.block.Text), Record: j.record, Line: j.line,
		Offset: j.w.offset(at), Plain: j.w.plain, how: asText,
	})
	return nil
}

// longText emits a part of the window in pieces.
func (j *jsonl) longText(at, end int) error {
	if err := j.flush(); err != nil {
		return err
	}
	return j.pieces(at, at, end, end)
}

// pieces emits the text [start, own) in Blocks, with what they share from lead on and up to end.
func (j *jsonl) pieces(lead, start, own, end int) error {
	text := j.w.text
	for first := lead; start < own; {
		cut := runeStart(text, start+Stride)
		if cut+sharedAfter > own {
			cut = own
		}
		tail := runeStart(text, min(end, cut+sharedAfter))
		j.block.Text = append(j.block.Text, text[lead:tail]...)
		j.add(Field{
			End: tail - lead, Record: j.record, Line: j.line, Offset: j.w.offset(lead), Plain: j.w.plain, how: asText,
		})
		j.block.From, j.block.To = start-lead, cut-lead
		if err := j.give(); err != nil {
			return err
		}
		start = cut
		lead = runeStart(text, max(first, start-sharedBefore))
	}
	return nil
}

// tooLong reads a line as text that does not fit into the window. It returns where the next line begins.
func (j *jsonl) tooLong(at int) (int, error) {
	if err := j.flush(); err != nil {
		return 0, err
	}
	w := j.w
	j.line++
	j.record++
	j.odd++
	for lead := at; ; {
		nl := bytes.IndexByte(w.text[at:], '\n')
		end := at + nl
		if nl < 0 {
			end = len(w.text)
		}
		own := end
		if nl < 0 && !w.eof {
			own = runeStart(w.text, end-sharedAfter)
		}
		if err := j.pieces(lead, at, own, end); err != nil {
			return 0, err
		}
		if nl >= 0 || w.eof {
			return min(end+1, len(w.text)), nil
		}
		keep := runeStart(w.text, own-sharedBefore)
		w.fill(keep)
		lead, at = 0, own-keep
	}
}
