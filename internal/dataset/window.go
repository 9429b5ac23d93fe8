package dataset

import (
	"errors"
	"fmt"
	"io"
	"sort"
	"unicode/utf8"
)

// Stride is the distance in bytes at which text and JSONL files are cut into Blocks: a Block ends before the first line
// that begins at or behind a multiple of it. So parts of a file that are cut at multiples of Stride (Limits.Range) give
// the same Blocks as the whole file.
const Stride = 1 << 20

// slack is what a window holds behind a multiple of Stride, so that a line that begins before it mostly ends within.
const slack = 64 << 10

// markEvery is the distance in bytes of the file between two known pairs of positions.
const markEvery = 4 << 10

// window is a stretch of a text file in memory, as it stands and decoded to UTF-8. Positions in text are int, offsets in
// the file int64; they differ by a constant where the window is plain.
type window struct {
	r       io.Reader
	charset charset
	stride  int64  // how far one filling goes; divides Stride
	base    int64  // offset of raw[0]
	raw     []byte // as in the file
	text    []byte // decoded; shares memory with raw if plain
	plain   bool
	eof     bool  // raw holds the end of the file, and text all of raw
	err     error // why the file ended early

	decoded []byte // memory for text
	marks   []mark
	cursor  mark // where the last question was answered, because questions mostly ascend
}

type mark struct{ text, raw int }

func newWindow(r io.Reader, c charset, base int64) *window {
	return &window{r: r, charset: c, stride: Stride, base: base, plain: true}
}

// fill drops the text before keep and reads on: up to slack bytes behind the next multiple of Stride, but always
// something unless the file has ended. What was kept then begins at 0.
func (w *window) fill(keep int) {
	at := w.rawAt(keep)
	n := copy(w.raw[:cap(w.raw)], w.raw[at:])
	w.raw, w.base = w.raw[:n], w.base+int64(at)
	end := w.base + int64(n)
	want := int((max(end-slack, 0)/w.stride+1)*w.stride + slack - w.base)
	w.read(want)
	w.decode()
}

// read reads until raw has want bytes. An error ends the file like its end does, so that what came before is seen.
func (w *window) read(want int) {
	for idle := 0; len(w.raw) < want && !w.eof; {
		if len(w.raw) == cap(w.raw) {
			w.raw = append(make([]byte, 0, min(want, max(4*cap(w.raw), headSize))), w.raw...)
		}
		n, err := w.r.Read(w.raw[len(w.raw):min(want, cap(w.raw))])
		w.raw = w.raw[:len(w.raw)+n]
		if idle++; n > 0 {
			idle = 0
		}
		if err == nil && idle > 100 {
			err = io.ErrNoProgress
		}
		if err != nil {
			w.eof = true
			if !errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
				w.err = fmt.Errorf("read at %d: %w", w.base+int64(len(w.raw)), err)
			}
		}
	}
}

// decode sets text and the marks from raw.
func (w *window) decode() {
	w.marks, w.cursor = w.marks[:0], mark{}
	if w.charset == utf8Text {
		n := len(w.raw)
		if !w.eof {
			n -= unfinished(w.raw)
		}
		if utf8.Valid(w.raw[:n]) {
			w.text, w.plain = w.raw[:n], true
			return
		}
	}
	w.plain = false
	w.decoded = w.decoded[:0]
	for i := 0; i < len(w.raw); {
		if len(w.marks) == 0 || i-w.marks[len(w.marks)-1].raw >= markEvery {
			w.marks = append(w.marks, mark{len(w.decoded), i})
		}
		if b := w.raw[i]; b < utf8.RuneSelf && w.charset != utf16LE && w.charset != utf16BE {
			w.decoded = append(w.decoded, b)
			i++
			continue
		}
		r, n := w.charset.next(w.raw[i:])
		if n == 0 {
			if !w.eof {
				break
			}
			n = w.stump(i)
		}
		w.decoded = utf8.AppendRune(w.decoded, r)
		i += n
	}
	w.text = w.decoded
}

// stump is the length of what becomes one U+FFFD at the end of a file that ends within a character: one byte in UTF-8,
// all in UTF-16.
func (w *window) stump(at int) int {
	if w.charset == utf8Text {
		return 1
	}
	return min(2, len(w.raw)-at)
}

// unfinished returns how many bytes at the end of raw begin a character that raw does not finish.
func unfinished(raw []byte) int {
	for n := 1; n <= min(3, len(raw)); n++ {
		if b := raw[len(raw)-n]; utf8.RuneStart(b) {
			if b >= utf8.RuneSelf && !utf8.FullRune(raw[len(raw)-n:]) {
				return n
			}
			return 0
		}
	}
	return 0
}

// offset returns the offset in the file of text[at], or of its end.
func (w *window) offset(at int) int64 { return w.base + int64(w.rawAt(at)) }

func (w *window) rawAt(at int) int {
	if w.plain {
		return at
	}
	if len(w.marks) == 0 {
		return 0
	}
	m := w.cursor
	if at < m.text || at-m.text > markEvery {
		m = w.marks[sort.Search(len(w.marks), func(i int) bool { return w.marks[i].text > at })-1]
	}
	m = w.walk(m, func(next mark) bool { return next.text <= at })
	w.cursor = m
	return m.raw
}

// index returns the position in text of the character at or behind the offset in the file, and the length of text if
// it lies behind the window.
func (w *window) index(offset int64) int {
	raw := int(min(max(offset-w.base, 0), int64(len(w.raw))))
	if w.plain {
		return min(raw, len(w.text))
	}
	if len(w.marks) == 0 {
		return 0
	}
	m := w.cursor
	if raw < m.raw || raw-m.raw > markEvery {
		m = w.marks[sort.Search(len(w.marks), func(i int) bool { return w.marks[i].raw > raw })-1]
	}
	m = w.walk(m, func(next mark) bool { return next.raw <= raw })
	w.cursor = m
	if m.raw < raw && m.text < len(w.text) {
		_, n := utf8.DecodeRune(w.text[m.text:])
		return m.text + n
	}
	return m.text
}

// walk goes on from m character by character while the next position is one that ok wants.
func (w *window) walk(m mark, ok func(mark) bool) mark {
	for m.text < len(w.text) {
		_, size := utf8.DecodeRune(w.text[m.text:])
		_, n := w.charset.next(w.raw[m.raw:])
		if n == 0 {
			n = w.stump(m.raw)
		}
		next := mark{m.text + size, m.raw + n}
		if !ok(next) {
			break
		}
		m = next
	}
	return m
}
