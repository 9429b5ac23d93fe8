package dataset

import (
	"bytes"
	"html"
	"sort"
	"strings"
)

// markup reads HTML. Text between tags that only change its look is one field, so that a tag within a name hides
// nothing; attributes, scripts, styles and comments are fields of their own. Entities are decoded. What HTML leaves to
// the reader's mercy (unclosed tags and quotes) is read as text.
type markup struct {
	*records
	max   int
	i     int
	line  int // of the place seen in the window
	seen  int
	run   run
	attrs []attr
	parts []piece
}

// run is the text that has been read since the last tag that ends a paragraph.
type run struct {
	open  bool
	at    int // in the window
	start int // in Block.Text
	parts int // of the Block before it
	ink   bool
}

// piece is a part of Block.Text: as in the file, or what n bytes of the file stand for.
type piece struct {
	text, at int
	n        int // 0 for text as it stands
}

type attr struct {
	name       string
	start, end int // of the value in the window
}

func newMarkup(rd *reader, w *window, path string) *markup {
	m := &markup{records: newRecords(rd, w, path, HTML), max: rd.lim.Record, line: 1}
	m.block.place, m.block.splice, m.block.multiline = m.place, m.spliceMarkup, true
	return m
}

func (m *markup) read() error {
	for {
		text := m.w.text
		lt := bytes.IndexByte(text[m.i:], '<')
		if lt < 0 {
			if m.w.eof {
				m.words(len(text))
				m.endRun()
				return m.giveAll()
			}
			if len(text)-m.i > Stride { // long text without a tag: a field of its own
				m.words(runeStart(text, len(text)-sharedAfter))
				m.endRun()
			}
			if err := m.refill(); err != nil {
				return err
			}
			continue
		}
		m.words(m.i + lt)
		ok, err := m.tag()
		if err == nil && !ok {
			err = m.refill()
		}
		if err != nil {
			return err
		}
		if !m.run.open && len(m.block.Text) > Stride {
			if err := m.giveAll(); err != nil {
				return err
			}
		}
	}
}

// giveAll gives the Block away with its parts.
func (m *markup) giveAll() error {
	err := m.flush()
	m.parts = m.parts[:0]
	return err
}

// refill reads further. The run that is open is read again from its beginning, unless it is long.
func (m *markup) refill() error {
	keep := m.i
	if m.run.open && m.i-m.run.at < Stride/2 {
		keep = m.run.at
		m.block.Text, m.parts, m.attrs = m.block.Text[:m.run.start], m.parts[:m.run.parts], m.attrs[:0]
		m.run = run{}
	} else {
		m.endRun()
	}
	if err := m.giveAll(); err != nil {
		return err
	}
	m.lineOf(keep)
	m.w.fill(keep)
	m.seen = 0
	m.i = 0
	return nil
}

// words appends text up to end to the run.
func (m *markup) words(end int) {
	m.openRun()
	m.append(m.i, end)
	m.i = end
}

func (m *markup) openRun() {
	if !m.run.open {
		m.run = run{open: true, at: m.i, start: len(m.block.Text), parts: len(m.parts)}
	}
}

// append decodes the text [at, end) of the window.
func (m *markup) append(at, end int) {
	text := m.w.text
	if !m.run.ink && len(bytes.TrimSpace(text[at:end])) > 0 {
		m.run.ink = true
	}
	for at < end {
		amp := bytes.IndexByte(text[at:end], '&')
		plain := end
		if amp >= 0 {
			plain = at + amp
		}
		if plain > at {
			m.parts = append(m.parts, piece{text: len(m.block.Text), at: at})
			m.block.Text = append(m.block.Text, text[at:plain]...)
		}
		if at = plain; at == end {
			return
		}
		s, n := entity(text[at:end])
		if n == 0 {
			s, n = "&", 1
		}
		m.parts = append(m.parts, piece{text: len(m.block.Text), at: at, n: n})
		m.block.Text = append(m.block.Text, s...)
		at += n
	}
}

// longestEntity is longer than the longest name of one, CounterClockwiseContourIntegral.
const longestEntity = 40

// entity decodes the character reference at the beginning of text.
func entity(text []byte) (string, int) {
	semicolon := bytes.IndexByte(text[:min(len(text), longestEntity)], ';')
	if semicolon < 2 || bytes.IndexByte(text[1:semicolon], '&') >= 0 {
		return "", 0
	}
	raw := string(text[:semicolon+1])
	s := html.UnescapeString(raw)
	if s == raw || strings.HasSuffix(s, ";") && raw != "&semi;" && raw != "&#59;" {
		return "", 0
	}
	return s, semicolon + 1
}

// endRun makes a field of the run, and of the attributes in it.
func (m *markup) endRun() {
	if m.run.open && m.run.ink {
		m.field("", m.run.start, m.parts[m.run.parts].at, asMarkup)
	} else if m.run.open {
		m.block.Text, m.parts = m.block.Text[:m.run.start], m.parts[:m.run.parts]
	}
	m.run = run{}
	for _, a := range m.attrs {
		m.value(a.name, a.start, a.end, asAttribute)
	}
	m.attrs = m.attrs[:0]
}

// value emits [at, end) of the window under a name.
func (m *markup) value(name string, at, end int, how uint8) {
	if len(bytes.TrimSpace(m.w.text[at:end])) == 0 {
		return
	}
	start := m.begin(name + ": ")
	if how == asText {
		m.parts = append(m.parts, piece{text: start, at: at})
		m.block.Text = append(m.block.Text, m.w.text[at:end]...)
	} else {
		m.append(at, end)
	}
	m.field(name, start, at, how)
}

func (m *markup) field(name string, start, at int, how uint8) {
	m.add(Field{Start: start, End: len(m.block.Text), Name: name, Line: m.lineOf(at), Offset: m.w.offset(at), how: how})
}

// lineOf returns the line of a place in the window. Asking for neighbours is cheap.
func (m *markup) lineOf(at int) int {
	if at >= m.seen {
		m.line += bytes.Count(m.w.text[m.seen:at], newline)
	} else {
		m.line -= bytes.Count(m.w.text[at:m.seen], newline)
	}
	m.seen = at
	return m.line
}

// pieceAt returns the last piece that begins at or before at.
func (m *markup) pieceAt(at int) int {
	return sort.Search(len(m.parts), func(i int) bool { return m.parts[i].text > at }) - 1
}

func (m *markup) place(f *Field, at int) int64 {
	if len(m.parts) == 0 { // a piece of a long script
		return m.w.offset(m.w.index(f.Offset) + at - f.Start)
	}
	i := m.pieceAt(at)
	if at == f.End && at > f.Start && i >= 0 && m.parts[i].text == at {
		i--
	}
	if i < 0 {
		return f.Offset
	}
	p := m.parts[i]
	switch {
	case p.n == 0:
		return m.w.offset(p.at + at - p.text)
	case at > p.text:
		return m.w.offset(p.at + p.n)
	}
	return m.w.offset(p.at)
}

// spliceMarkup replaces text and keeps the tags within it.
func (m *markup) spliceMarkup(dst []patch, f *Field, edits []Edit) []patch {
	if f.how == asAttribute && !m.quotedAttribute(f) {
		out := append(append([]byte{'"'}, escapeMarkup(applied(m.block.Text, f, edits))...), '"')
		return append(dst, patch{m.place(f, f.Start), m.place(f, f.End), m.w.charset.encode(nil, out)})
	}
	for _, e := range edits {
		text := e.Text
		if len(m.parts) == 0 {
			dst = append(dst, patch{m.place(f, e.Start), m.place(f, e.End), m.w.charset.encode(nil, text)})
			continue
		}
		if f.how != asText {
			text = escapeMarkup(text)
		}
		text = m.w.charset.encode(nil, text)
		for i := max(m.pieceAt(e.Start), 0); i < len(m.parts) && (m.parts[i].text < e.End || e.Start == e.End); i++ {
			p := m.parts[i]
			end := f.End
			if i+1 < len(m.parts) {
				end = min(end, m.parts[i+1].text)
			}
			from, to := p.at, p.at+p.n
			if p.n == 0 {
				from, to = p.at+max(e.Start-p.text, 0), p.at+min(e.End, end)-p.text
			}
			dst = append(dst, patch{m.w.offset(from), m.w.offset(to), text})
			if text = nil; e.Start == e.End {
				break
			}
		}
	}
	return dst
}

func (m *markup) quotedAttribute(f *Field) bool {
	i := m.w.index(f.Offset)
	return i > 0 && (m.w.text[i-1] == '"' || m.w.text[i-1] == '\'')
}

func escapeMarkup(text []byte) []byte { return []byte(html.EscapeString(string(text))) }
