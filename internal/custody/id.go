package custody

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// ID names one exchange: a ULID, 48 bits of Unix milliseconds and 80 random bits.
// Its text form has 26 characters of Crockford's base 32 and sorts by time.
type ID [16]byte

const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// idDigits maps a byte to its base-32 digit, 0xff where it is none.
var idDigits = func() (t [256]byte) {
	for i := range t {
		t[i] = 0xff
	}
	for i := range len(crockford) {
		t[crockford[i]] = byte(i)
	}
	return t
}()

var errBadID = errors.New("want 26 characters of 0-9 and A-Z without I, L, O, U, the first at most 7")

// NewID makes an ID for the given time.
func NewID(t time.Time) ID {
	var id ID
	ms := uint64(t.UnixMilli())
	binary.BigEndian.PutUint32(id[:4], uint32(ms>>16))
	binary.BigEndian.PutUint16(id[4:6], uint16(ms))
	_, _ = rand.Read(id[6:]) // never fails: crypto/rand ends the process instead
	return id
}

// IsZero reports whether the ID is unset.
func (id ID) IsZero() bool { return id == ID{} }

// Time is when the ID was made, in milliseconds.
func (id ID) Time() time.Time {
	ms := uint64(binary.BigEndian.Uint32(id[:4]))<<16 | uint64(binary.BigEndian.Uint16(id[4:6]))
	return time.UnixMilli(int64(ms)).UTC()
}

// String is the text form.
func (id ID) String() string { return string(id.AppendText(make([]byte, 0, 26))) }

// AppendText appends the text form to dst.
func (id ID) AppendText(dst []byte) []byte {
	hi, lo := binary.BigEndian.Uint64(id[:8]), binary.BigEndian.Uint64(id[8:])
	var out [26]byte
	for i := 25; i >= 0; i-- {
		out[i] = crockford[lo&31]
		lo = lo>>5 | hi<<59
		hi >>= 5
	}
	return append(dst, out[:]...)
}

// ParseID reads the text form. It is strict: upper case only, no aliases.
func ParseID(s string) (ID, error) {
	var id ID
	if len(s) != 26 || idDigits[s[0]] > 7 {
		return id, fmt.Errorf("exchange id: %w", errBadID)
	}
	var hi, lo uint64
	for i := range len(s) {
		d := idDigits[s[i]]
		if d == 0xff {
			return id, fmt.Errorf("exchange id: %w", errBadID)
		}
		hi = hi<<5 | lo>>59
		lo = lo<<5 | uint64(d)
	}
	binary.BigEndian.PutUint64(id[:8], hi)
	binary.BigEndian.PutUint64(id[8:], lo)
	return id, nil
}
