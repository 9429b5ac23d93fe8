package dataset

import (
	"bytes"
	"strings"
)

// inline are the elements that only change the look of the text in them.
var inline = func() map[string]bool {
	m := map[string]bool{}
	for _, name := range strings.Fields(`a abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd label mark nobr q
		ruby s samp small span strike strong sub sup time tt u var wbr`) {
		m[name] = true
	}
	return m
}()

// tag reads what begins with "<" at m.i. It returns false if the window does not hold all of it.
func (m *markup) tag() (bool, error) {
	rest := m.w.text[m.i:]
	switch {
	case bytes.HasPrefix(rest, []byte("<!--")):
		return m.until("-->", m.i+4, "comment")
	case bytes.HasPrefix(rest, []byte("<![CDATA[")):
		return m.until("]]>", m.i+9, "cdata")
	case len(rest) < 16 && !m.w.eof:
		return false, nil
	case len(rest) > 1 && (rest[1] == '!' || rest[1] == '?'):
		return m.until(">", m.i+2, "declaration")
	case len(rest) < 2 || !isLetter(rest[1]) && (rest[1] != '/' || len(rest) < 3 || !isLetter(rest[2])):
		m.words(m.i + 1)
		return true, nil
	}
	return m.element()
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

// element reads a start tag or an end tag.
func (m *markup) element() (bool, error) {
	text, at := m.w.text, m.i+1
	closing := text[at] == '/'
	if closing {
		at++
	}
	nameEnd := at
	for nameEnd < len(text) && !isSpace(text[nameEnd]) && text[nameEnd] != '>' && text[nameEnd] != '/' {
		nameEnd++
	}
	name := strings.ToLower(string(text[at:min(nameEnd, at+32)]))
	attrs := len(m.attrs)
	m.oddName(at, nameEnd)
	end, ok := m.attributes(nameEnd)
	if !ok {
		m.attrs = m.attrs[:attrs]
		if !m.w.eof && len(text)-m.i < m.max {
			return false, nil
		}
		m.words(m.i + 1) // a tag that never ends is text
		return true, nil
	}
	if !inline[name] {
		m.endRun()
	}
	if m.i = end; closing {
		return true, nil
	}
	switch name {
	case "script", "style", "textarea", "title", "xmp", "noframes":
		m.endRun()
		ok, err := m.until("</"+name, m.i, name)
		if !ok && err == nil {
			m.i = at - 1 // read the tag again when more is there
		}
		return ok, err
	}
	return true, nil
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f' }

// mute are attributes whose values say how something looks.
var mute = map[string]bool{"class": true, "style": true, "d": true, "points": true, "viewbox": true, "transform": true}

// attributes collects the attributes of a tag and returns where it ends, or false if it does not.
func (m *markup) attributes(at int) (int, bool) {
	text := m.w.text
	for {
		for at < len(text) && (isSpace(text[at]) || text[at] == '/') {
			at++
		}
		if at >= len(text) {
			return 0, false
		}
		if text[at] == '>' {
			return at + 1, true
		}
		start := at
		for at++; at < len(text) && !isSpace(text[at]) && text[at] != '=' && text[at] != '>' && text[at] != '/'; at++ {
		}
		name := strings.ToLower(string(text[start:min(at, start+64)]))
		for at < len(text) && isSpace(text[at]) {
			at++
		}
		if at >= len(text) {
			return 0, false
		}
		if text[at] != '=' {
			m.oddName(start, at)
			continue
		}
		var value, end int
		if value, end, at = attributeValue(text, at+1); at < 0 {
			return 0, false
		}
		if !mute[name] && end > value {
			if isData([]byte(name)) {
				name = dataName
			}
			m.attrs = append(m.attrs, attr{name, value, end})
		}
	}
}

// oddName collects a name that is none, so that broken markup hides nothing.
func (m *markup) oddName(start, end int) {
	for end > start && isSpace(m.w.text[end-1]) {
		end--
	}
	for _, c := range m.w.text[start:end] {
		if !isLetter(c) && (c < '0' || '9' < c) && c != '-' && c != '_' && c != ':' && c != '.' {
			m.attrs = append(m.attrs, attr{"name", start, end})
			return
		}
	}
}

// attributeValue returns the value behind "=" and where the tag goes on, which is -1 if the text ends before.
func attributeValue(text []byte, at int) (start, end, next int) {
	for at < len(text) && isSpace(text[at]) {
		at++
	}
	if at >= len(text) {
		return 0, 0, -1
	}
	if q := text[at]; q == '"' || q == '\'' {
		n := bytes.IndexByte(text[at+1:], q)
		if n < 0 {
			return 0, 0, -1
		}
		return at + 1, at + 1 + n, at + n + 2
	}
	start = at
	for at < len(text) && !isSpace(text[at]) && text[at] != '>' {
		at++
	}
	if at >= len(text) {
		return 0, 0, -1
	}
	return start, at, at
}

// until emits what stands before a mark under a name, without decoding it unless it is the title or a text area. What is
// longer than a window comes in several Blocks.
func (m *markup) until(mark string, at int, name string) (bool, error) {
	text := m.w.text
	how := asText
	if name == "title" || name == "textarea" {
		how = asMarkup
	}
	if at > len(text) {
		at = len(text)
	}
	if n := indexFold(text[at:], mark); n >= 0 {
		if name != "comment" && name != "declaration" {
			m.endRun()
		} else if m.run.open && m.run.ink {
			m.attrs = append(m.attrs, attr{name, at, at + n})
			m.skipTo(at+n, mark)
			return true, nil
		}
		m.openRun()
		m.endRun()
		m.value(name, at, at+n, how)
		m.skipTo(at+n, mark)
		return true, nil
	}
	if !m.w.eof && len(text)-m.i < 2*Stride {
		return false, nil
	}
	m.endRun()
	if m.w.eof {
		m.value(name, at, len(text), how) // it never ends
		m.i = len(text)
		return true, nil
	}
	if err := m.giveAll(); err != nil {
		return false, err
	}
	next, err := m.rawText(mark, at)
	m.i = next
	return true, err
}

// skipTo goes on behind the mark; that of an element is a tag of its own.
func (m *markup) skipTo(at int, mark string) {
	if m.i = at; mark[0] != '<' {
		m.i += len(mark)
	}
}

func indexFold(text []byte, mark string) int {
	for i := 0; ; {
		n := bytes.IndexByte(text[i:], mark[0])
		if n < 0 {
			return -1
		}
		if i += n; len(text)-i < len(mark) {
			return -1
		}
		if strings.EqualFold(string(text[i:i+len(mark)]), mark) {
			return i
		}
		i++
	}
}

// rawText emits text of any length before a mark in pieces.
func (m *markup) rawText(mark string, at int) (int, error) {
	w := m.w
	for lead := at; ; {
		n := indexFold(w.text[at:], mark)
		end, own := len(w.text), runeStart(w.text, len(w.text)-sharedAfter)
		if n >= 0 {
			end, own = at+n, at+n
		} else if w.eof {
			own = end
		}
		if err := m.records.pieces(lead, at, own, end, 0, m.lineOf(lead)); err != nil {
			return 0, err
		}
		if n >= 0 || w.eof {
			m.skipTo(own, mark)
			return min(m.i, len(w.text)), nil
		}
		keep := runeStart(w.text, own-sharedBefore)
		m.lineOf(keep)
		w.fill(keep)
		m.seen = 0
		lead, at = 0, own-keep
	}
}
