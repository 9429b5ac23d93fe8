package pickle

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"strings"
)

// nested looks whether constant bytes, at which the stream stands, are a pickle themselves.
func (m *machine) nested(n uint64) {
	if n < 6 || m.depth >= 2 || len(m.r.Nested) >= maxNested {
		return
	}
	head := m.s.Peek(int(min(n, 2)))
	if len(head) < 2 || head[0] != opProto || head[1] < 2 || head[1] > 5 {
		return
	}
	m.look(bytes.Clone(m.s.Peek(int(min(n, maxNestedSize)))))
}

// nestedText looks whether a constant text is a pickle in base64 or in hexadecimal digits.
func (m *machine) nestedText(t string) {
	if len(t) < 12 || m.depth >= 2 || len(m.r.Nested) >= maxNested {
		return
	}
	switch {
	case strings.HasPrefix(t, "gA"): // 0x80 and a protocol up to 15
		if b, _ := base64.StdEncoding.DecodeString(t[:len(t)/4*4]); len(b) > 6 {
			m.look(b)
		}
	case strings.HasPrefix(t, "800"):
		if b, _ := hex.DecodeString(t[:len(t)/2*2]); len(b) > 6 {
			m.look(b)
		}
	}
}

func (m *machine) look(b []byte) {
	if r := read(NewStream(bytes.NewReader(b), 0), m.depth+1); len(r.Imports) > 0 {
		m.r.Nested = append(m.r.Nested, r)
	}
}
