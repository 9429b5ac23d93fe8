package detect

import "sync"

// fieldText holds buffers for FindField.
var fieldText = sync.Pool{New: func() any { return new([]byte) }}

// maxFieldName is how much of a field's name counts, in bytes, from its end.
const maxFieldName = 64

// FindField appends the matches in the value of a field. The name is context, as it is in the text "name: value"; the
// result is that of Find on this text as far as it lies in the value. Offsets count from the start of the value.
func (e *Engine) FindField(dst []Match, name string, value []byte) []Match {
	buf := fieldText.Get().(*[]byte)
	defer fieldText.Put(buf)
	name = name[max(0, len(name)-maxFieldName):]
	b := append(append(append((*buf)[:0], name...), ": "...), value...)
	*buf = b
	head, n := len(name)+2, len(dst)
	found := e.Find(dst, b)
	for _, m := range found[len(dst):] {
		if m.Start >= head {
			m.Start -= head
			m.End -= head
			found[n] = m
			n++
		}
	}
	if cap(b) > 1<<20 {
		*buf = nil // do not keep large buffers
	}
	return found[:n]
}
