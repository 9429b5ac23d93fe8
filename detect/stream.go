package detect

// Stream finds matches in a text that arrives in pieces. It gives the same matches as Engine.Find on the whole text,
// however the text is cut. A Stream is for one text at a time and for one goroutine.
type Stream struct {
	s       scan
	base    int // absolute offset of the first byte that is kept
	safe    int // absolute
	decided []Match
	buf0    [streamBuffer]byte
}

const (
	streamBuffer = 256
	lookBehind   = 192 // bytes kept before the oldest undecided one: a local part, the words before it, a label, a rune
)

// NewStream returns a Stream at the start of a text.
func (e *Engine) NewStream() *Stream {
	s := &Stream{}
	s.Reset(e)
	return s
}

// Reset prepares the Stream for another text, with this engine or another. It keeps small buffers for reuse and drops large ones.
func (s *Stream) Reset(e *Engine) {
	buf := s.s.w.b
	if cap(buf) == 0 || cap(buf) > 4<<10 {
		buf = s.buf0[:]
	}
	clear(buf[:cap(buf)])
	decided := s.decided
	if cap(decided) > 64 {
		decided = nil
	}
	s.s = scan{vm: s.s.vm}
	s.s.init(e)
	s.s.w.b = buf[:0]
	s.base, s.safe, s.decided = 0, 0, decided[:0]
}

// Feed takes the next bytes. It returns the matches that are decided now, valid until the next call, and the absolute
// offset before which every byte is decided: text before safe that lies in no match, this one's or an earlier one's,
// may be released. Feed copies the chunk.
func (s *Stream) Feed(chunk []byte) (decided []Match, safe int) {
	w := &s.s.w
	if len(w.b)+len(chunk) > cap(w.b) {
		s.makeRoom(len(chunk))
	}
	w.b = append(w.b, chunk...)
	return s.advance()
}

// End says that the text is complete. It returns the remaining matches; safe is the length of the text.
func (s *Stream) End() (decided []Match, safe int) {
	s.s.w.final = true
	return s.advance()
}

// Bytes returns the text between two absolute offsets, both from the previous safe offset up to the end of what was
// fed. The slice is valid until the next Feed.
func (s *Stream) Bytes(from, to int) []byte { return s.s.w.b[from-s.base : to-s.base] }

// Len is the absolute offset of the end of what was fed.
func (s *Stream) Len() int { return s.base + len(s.s.w.b) }

func (s *Stream) advance() ([]Match, int) {
	s.s.run()
	hold := s.s.hold()
	s.decided = s.s.flush(s.decided[:0], hold)
	for i := range s.decided {
		s.decided[i].Start += s.base
		s.decided[i].End += s.base
	}
	if len(s.s.pending) > 0 {
		hold = min(hold, s.s.pending[0].start)
	}
	s.safe = s.base + max(hold, s.s.lastEnd)
	return s.decided, s.safe
}

// makeRoom drops the text that nobody may look at again and grows the buffer if that is not enough.
func (s *Stream) makeRoom(n int) {
	sc := &s.s
	keep := min(sc.pos, s.safe-s.base)
	for i := range sc.lit {
		keep = min(keep, sc.lit[i].pos)
	}
	for _, p := range sc.pat {
		keep = min(keep, p)
	}
	for _, c := range sc.pending {
		keep = min(keep, c.start)
	}
	drop := max(0, keep-lookBehind)
	rest := len(sc.w.b) - drop
	old := sc.w.b
	if rest+n > cap(old) {
		sc.w.b = make([]byte, rest, 2*(rest+n))
	} else {
		sc.w.b = sc.w.b[:rest]
	}
	copy(sc.w.b, old[drop:])
	s.base += drop
	sc.shift(drop)
}

// shift moves every local offset after drop bytes were cut off.
func (s *scan) shift(drop int) {
	s.w.shift(drop)
	s.pos -= drop
	s.held -= drop
	s.lastEnd -= drop
	for i := range s.lit {
		s.lit[i].pos -= drop
	}
	for i := range s.pat {
		s.pat[i] -= drop
	}
	for i := range s.pending {
		s.pending[i].start -= drop
		s.pending[i].end -= drop
	}
}
