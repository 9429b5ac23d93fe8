package dataset

import (
	"bytes"
)

// pieces emits the text [start, own) in Blocks, with what they share from lead on and up to end.
func (s *records) pieces(lead, start, own, end, record, line int) error {
	text := s.w.text
	for first := lead; start < own; {
		cut := runeStart(text, start+Stride)
		if cut+sharedAfter > own {
			cut = own
		}
		tail := runeStart(text, min(end, cut+sharedAfter))
		s.block.Text = append(s.block.Text, text[lead:tail]...)
		s.add(Field{
			End: tail - lead, Record: record, Line: line, Offset: s.w.offset(lead), Plain: s.w.plain, how: asText,
		})
		s.block.From, s.block.To = start-lead, cut-lead
		if err := s.give(); err != nil {
			return err
		}
		start = cut
		lead = runeStart(text, max(first, start-sharedBefore))
	}
	return nil
}

// tooLong reads a line as text that does not fit into the window. It returns where the next line begins.
func (s *records) tooLong(at, record, line int) (int, error) {
	if err := s.flush(); err != nil {
		return 0, err
	}
	w := s.w
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
		if err := s.pieces(lead, at, own, end, record, line); err != nil {
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

// longValue emits a value of more than Stride bytes that is no part of the window, in Blocks that share text.
func (s *records) longValue(prefix string, value []byte, f Field) error {
	if err := s.flush(); err != nil {
		return err
	}
	for start := 0; start < len(value); {
		cut := runeStart(value, start+Stride)
		if cut+sharedAfter > len(value) {
			cut = len(value)
		}
		lead := runeStart(value, start-sharedBefore)
		f.from = int32(lead)
		f.Start = s.begin(prefix)
		s.block.Text = append(s.block.Text, value[lead:runeStart(value, cut+sharedAfter)]...)
		f.End = len(s.block.Text)
		s.add(f)
		s.block.From, s.block.To = f.Start+start-lead, f.Start+cut-lead
		if start == 0 {
			s.block.From = 0
		}
		if err := s.give(); err != nil {
			return err
		}
		start = cut
	}
	return nil
}

// emit emits a value that is no part of the window. It is copied.
func (s *records) emit(prefix string, value []byte, f Field) error {
	if len(value) > Stride {
		return s.longValue(prefix, value, f)
	}
	f.Start = s.begin(prefix)
	s.block.Text = append(s.block.Text, value...)
	f.End = len(s.block.Text)
	if s.add(f); len(s.block.Text) > maxText {
		return s.flush()
	}
	return nil
}
