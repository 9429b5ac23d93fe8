package audit

import "encoding/binary"

// tally counts the finds of a chunk by all that a summary wants to know of them, so that a run that tells no single one
// needs to decode none.
type tally struct {
	rows  []tallyRow
	index map[tallyRow]int // by row with n 0
	last  int              // row of the last find
}

// tallyRow are finds that are alike. flags are those that leave them out. A row without a rule is none of finds but of
// what was odd though it was read: kind says what, and about is the path below that of the file.
type tallyRow struct {
	rule, kind, about string
	severity, flags   uint8
	n                 int64
}

func (t *tally) add(f *find) {
	flags := f.flags & (allowedInline | allowedValue)
	if t.last < len(t.rows) {
		if r := &t.rows[t.last]; r.rule == f.rule && r.kind == f.kind && r.severity == f.severity && r.flags == flags {
			r.n++
			return
		}
	}
	t.last = t.row(tallyRow{rule: f.rule, kind: f.kind, about: f.about, severity: f.severity, flags: flags})
	t.rows[t.last].n++
}

// maxOdd bounds the rows for what is odd: an archive may have any number of members. What is more is told of the file.
const maxOdd = 1000

// odd counts what was odd about a file or a member of it.
func (t *tally) odd(member, what string, n int) {
	if len(t.rows) >= maxOdd {
		member = ""
	}
	t.rows[t.row(tallyRow{kind: what, about: member})].n += int64(n)
}

// row returns the index of the row for key, which is made if there is none.
func (t *tally) row(key tallyRow) int {
	i, ok := t.index[key]
	if !ok {
		if t.index == nil {
			t.index = map[tallyRow]int{}
		}
		i = len(t.rows)
		t.index[key] = i
		t.rows = append(t.rows, key)
	}
	return i
}

// encode writes the rows for the cache.
func (t *tally) encode() []byte {
	var b []byte
	for i := range t.rows {
		r := &t.rows[i]
		for _, s := range [...]string{r.rule, r.kind, r.about} {
			b = append(binary.AppendUvarint(b, uint64(len(s))), s...)
		}
		b = binary.AppendUvarint(append(b, r.severity, r.flags), uint64(r.n))
	}
	return b
}

// decodeTally calls use with each row that encode wrote.
func decodeTally(b []byte, use func(*tallyRow)) error {
	d := decoder{buf: b}
	for len(d.buf) > 0 {
		r := tallyRow{rule: string(d.bytes(d.uvarint())), kind: string(d.bytes(d.uvarint())), about: string(d.bytes(d.uvarint()))}
		if raw := d.bytes(2); raw != nil {
			r.severity, r.flags = raw[0], raw[1]
		}
		r.n = int64(d.uvarint())
		if d.err != nil {
			return d.err
		}
		use(&r)
	}
	return d.err
}
