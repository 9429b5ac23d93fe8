package pickle

import (
	"math/big"
	"slices"
	"strconv"
	"strings"
)

// step executes one opcode.
func (m *machine) step(op byte) error {
	switch op {
	case opMark:
		return m.mark()
	case opStop:
		return m.stop()
	case opPop:
		return m.drop()
	case opPopMark:
		_, err := m.popMark()
		return err
	case opDup:
		v, err := m.top()
		if err != nil {
			return err
		}
		return m.push(*v)
	case opProto:
		return m.proto()
	case opFrame:
		return m.beginFrame()
	case opGet, opBinGet, opLongBinGet, opPut, opBinPut, opLongBinPut, opMemoize:
		return m.remember(op)
	case opNone, opNewTrue, opNewFalse, opNextBuffer:
		return m.push(value{})
	case opReadonlyBuffer:
		_, err := m.top()
		return err
	}
	if done, err := m.number(op); done {
		return err
	}
	if done, err := m.data(op); done {
		return err
	}
	if done, err := m.container(op); done {
		return err
	}
	return m.behave(op)
}

func (m *machine) stop() error {
	v, err := m.pop()
	if err != nil {
		return err
	}
	switch v.kind {
	case kString:
		m.r.Text = v.text
	case kInt:
		if m.r.Text = v.text; v.text == "" {
			m.r.Text = strconv.FormatInt(v.num, 10)
		}
	}
	return errStop
}

// drop is POP, which takes a mark where there is no value above it.
func (m *machine) drop() error {
	if n := len(m.marks); n > 0 && m.marks[n-1] == len(m.stack) {
		m.marks = m.marks[:n-1]
		return nil
	}
	_, err := m.pop()
	return err
}

func (m *machine) proto() error {
	p, err := m.s.byte()
	if err != nil {
		return err
	}
	if p > 5 {
		return malformed("protocol %d", p)
	}
	m.r.Protocol = max(m.r.Protocol, int(p))
	return nil
}

func (m *machine) beginFrame() error {
	n, err := m.s.uint(8)
	if err != nil {
		return err
	}
	if m.frame > 0 && m.s.Pos() != m.frame {
		m.r.violate(FrameCrossed, m.at, "a frame begins inside another")
	}
	if n > 1<<62 {
		return malformed("frame of impossible length")
	}
	if m.frame = m.s.Pos() + int64(n); n == 0 {
		m.frame = 0
	}
	return nil
}

func (m *machine) remember(op byte) error {
	switch op {
	case opMemoize:
		return m.store(m.next)
	case opGet, opPut:
		text, whole, err := m.s.line(32)
		if err != nil {
			return err
		}
		index, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
		if err != nil || !whole {
			return malformed("memo index is no number")
		}
		if op == opGet {
			return m.load(index)
		}
		return m.store(index)
	case opBinGet, opBinPut:
		b, err := m.s.byte()
		if err != nil {
			return err
		}
		if op == opBinGet {
			return m.load(int64(b))
		}
		return m.store(int64(b))
	}
	n, err := m.s.uint(4)
	if err != nil {
		return err
	}
	if op == opLongBinGet {
		return m.load(int64(n))
	}
	return m.store(int64(n))
}

// number executes the opcodes that push numbers.
func (m *machine) number(op byte) (bool, error) {
	width := 0
	switch op {
	case opBinInt1:
		width = 1
	case opBinInt2:
		width = 2
	case opBinInt:
		width = 4
	case opBinFloat:
		if _, err := m.s.take(8); err != nil {
			return true, err
		}
		return true, m.push(value{})
	case opInt, opLong, opFloat:
		return true, m.decimal(op)
	case opLong1, opLong4:
		return true, m.long(op)
	default:
		return false, nil
	}
	n, err := m.s.uint(width)
	if err != nil {
		return true, err
	}
	v := int64(n)
	if width == 4 {
		v = int64(int32(n))
	}
	return true, m.push(value{kind: kInt, num: v})
}

// decimal executes INT, LONG and FLOAT, whose argument is a line.
func (m *machine) decimal(op byte) error {
	text, whole, err := m.s.line(maxText)
	if err != nil {
		return err
	}
	if op == opFloat || !whole {
		return m.push(value{})
	}
	if n, err := strconv.ParseInt(strings.TrimSuffix(text, "L"), 0, 64); err == nil {
		return m.push(value{kind: kInt, num: n})
	}
	return m.push(value{kind: kInt, text: strings.TrimSuffix(text, "L")})
}

// long executes LONG1 and LONG4: a little-endian number in two's complement.
func (m *machine) long(op byte) error {
	width := 1
	if op == opLong4 {
		width = 4
	}
	n, err := m.s.uint(width)
	if err != nil {
		return err
	}
	if n > 1<<31-1 {
		return malformed("number of negative length")
	}
	if n > 32 {
		if err := m.s.Skip(n); err != nil {
			return err
		}
		return m.push(value{})
	}
	b, err := m.s.take(int(n))
	if err != nil {
		return err
	}
	be := slices.Clone(b)
	slices.Reverse(be)
	x := new(big.Int).SetBytes(be)
	if n > 0 && be[0]&0x80 != 0 {
		x.Sub(x, new(big.Int).Lsh(big.NewInt(1), uint(8*n)))
	}
	if x.IsInt64() {
		return m.push(value{kind: kInt, num: x.Int64()})
	}
	return m.push(value{kind: kInt, text: x.String()})
}

// data executes the opcodes that push strings and bytes.
func (m *machine) data(op byte) (bool, error) {
	width, isText := 0, false
	switch op {
	case opShortBinUnicode, opShortBinString:
		width, isText = 1, true
	case opBinUnicode, opBinString:
		width, isText = 4, true
	case opBinUnicode8:
		width, isText = 8, true
	case opShortBinBytes:
		width = 1
	case opBinBytes:
		width = 4
	case opBinBytes8, opByteArray8:
		width = 8
	case opString, opUnicode:
		return true, m.quoted(op)
	default:
		return false, nil
	}
	n, err := m.s.uint(width)
	if err != nil {
		return true, err
	}
	if n > 1<<62 || op == opBinString && n > 1<<31-1 {
		return true, malformed("string of impossible length")
	}
	if !isText {
		m.nested(n)
		if err := m.s.Skip(n); err != nil {
			return true, err
		}
		return true, m.push(value{})
	}
	t, err := m.s.text(n, maxText)
	if err != nil {
		return true, err
	}
	if len(t) >= 12 && (t[0] == 'g' || t[0] == '8') {
		m.nestedText(t)
	}
	return true, m.push(value{kind: kString, text: t, whole: uint64(len(t)) == n})
}

// quoted executes STRING and UNICODE, whose argument is a line with escapes.
func (m *machine) quoted(op byte) error {
	text, whole, err := m.s.line(maxText)
	if err != nil {
		return err
	}
	if op == opUnicode {
		return m.push(value{kind: kString, text: unescape(text, true), whole: whole})
	}
	text = strings.TrimRight(text, " \t\r")
	if n := len(text); whole && (n < 2 || text[0] != text[n-1] || text[0] != '\'' && text[0] != '"') {
		return malformed("STRING without quotes")
	}
	if whole {
		text = text[1 : len(text)-1]
	}
	return m.push(value{kind: kString, text: unescape(text, false), whole: whole})
}

// unescape reads the escapes of Python's string_escape, or of raw_unicode_escape, which knows \u and \U only.
func unescape(s string, raw bool) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		if n := escapeDigits(s[i], raw); n > 0 && i+n < len(s)+0 {
			if r, err := strconv.ParseUint(s[i+1:min(i+1+n, len(s))], 16, 32); err == nil {
				if s[i] == 'x' {
					b.WriteByte(byte(r))
				} else {
					b.WriteRune(rune(r))
				}
				i += n
				continue
			}
		}
		simple := strings.IndexByte(`abfnrtv\'"`, s[i])
		switch {
		case raw || simple < 0 && (s[i] < '0' || s[i] > '7'):
			b.WriteByte('\\')
			b.WriteByte(s[i])
		case simple >= 0:
			b.WriteByte("\a\b\f\n\r\t\v\\'\""[simple])
		default:
			end := i + 1
			for end < len(s) && end < i+3 && s[end] >= '0' && s[end] <= '7' {
				end++
			}
			n, _ := strconv.ParseUint(s[i:end], 8, 16)
			b.WriteByte(byte(n))
			i = end - 1
		}
	}
	return b.String()
}

// escapeDigits is the number of hexadecimal digits behind an escape letter.
func escapeDigits(c byte, raw bool) int {
	switch {
	case c == 'x' && !raw:
		return 2
	case c == 'u' && raw:
		return 4
	case c == 'U' && raw:
		return 8
	}
	return 0
}
