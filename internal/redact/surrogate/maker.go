package surrogate

import (
	"bytes"
	"errors"
	"strings"
	"sync"

	"github.com/reeve-ai/reeve/detect"
)

// KeySize is the least number of bytes in a key.
const KeySize = 32

// Options choose between surrogates. The zero value is the safe choice.
type Options struct {
	KeepDomain bool // an e-mail address keeps its host name; then the address may be somebody's
	KeepPrefix bool // an IP address keeps which addresses share its networks; then the address may be somebody's
}

// Maker makes surrogates. It is safe for concurrent use.
type Maker struct {
	key     []byte
	options Options

	mu    sync.Mutex
	rules map[string]*template // by ID of the rule
}

// New takes a key of at least KeySize bytes that serves no other purpose.
func New(key []byte, o Options) (*Maker, error) {
	if len(key) < KeySize {
		return nil, errors.New("the key for surrogates is shorter than 32 bytes")
	}
	return &Maker{key: bytes.Clone(key), options: o, rules: map[string]*template{}}, nil
}

// Make returns the surrogate of a value that a rule has found. It reports false where it knows none that the rule would
// accept, so that something else must take the value's place; dates, ages and secrets never have one.
func (m *Maker) Make(rule *detect.Rule, value []byte) ([]byte, bool) {
	if len(value) == 0 {
		return nil, false
	}
	if special := kinds[rule.Kind]; special != nil {
		if out := special(m, value); out != nil {
			return out, true
		}
	}
	switch rule.Kind {
	case detect.KindSecret, "DATE_TIME", "DATE_OF_BIRTH", "AGE":
		return nil, false
	}
	if strings.HasPrefix(rule.ID, "special/") {
		return nil, false // a word that tells a religion or an illness: another would tell an untruth about the person
	}
	return m.shape(rule, value)
}

// kinds have their own way. A nil answer means that the value has an unusual form and goes the way of all others.
var kinds = map[detect.Kind]func(m *Maker, value []byte) []byte{
	detect.KindEmail: (*Maker).email,
	detect.KindPhone: (*Maker).phone,
	detect.KindCard:  (*Maker).card,
	detect.KindIBAN:  (*Maker).iban,
	detect.KindUSSSN: (*Maker).ssn,
	detect.KindIP:    (*Maker).ip,
	"MAC_ADDRESS":    (*Maker).mac,
	"UUID":           (*Maker).uuid,
	"DEVICE_ID":      (*Maker).uuid,
	"URL":            (*Maker).url,
	"PERSON":         (*Maker).person,
	"ORGANIZATION":   (*Maker).organization,
	"LOCATION":       (*Maker).place,
	"STREET_ADDRESS": (*Maker).place,
}

// onlyDigits copies the digits of a value.
func onlyDigits(value []byte) []byte {
	out := make([]byte, 0, len(value))
	for _, c := range value {
		if isDigit(c) {
			out = append(out, c)
		}
	}
	return out
}

// layOut puts letters and digits in the places of those in the value, so that separators stay where they are. What is
// over goes behind the last place; places that are over are left out with what stands before them.
func layOut(value, symbols []byte) []byte {
	out := make([]byte, 0, len(value)+4)
	last := bytes.LastIndexFunc(value, func(r rune) bool { return r < 128 && isAlnum(byte(r)) })
	for i, c := range value {
		switch {
		case !isAlnum(c):
			if len(symbols) > 0 || i > last {
				out = append(out, c)
			}
		case len(symbols) > 0:
			out = append(out, symbols[0])
			symbols = symbols[1:]
		}
		if i == last {
			out = append(out, symbols...)
			symbols = nil
		}
	}
	return out
}

func isDigit(c byte) bool { return c-'0' < 10 }
func isUpper(c byte) bool { return c-'A' < 26 }
func isLower(c byte) bool { return c-'a' < 26 }
func isAlnum(c byte) bool { return isDigit(c) || isUpper(c) || isLower(c) }
