package redact

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/reeve-ai/reeve/detect"
	"github.com/reeve-ai/reeve/internal/redact/surrogate"
)

// hashAlphabet is base 32 of lower-case letters and digits without those that are easily mistaken for another.
var hashAlphabet = base32.NewEncoding("abcdefghjkmnpqrstuvwxyz234567890").WithPadding(base32.NoPadding)

// operators carries out what a policy says. It is safe for concurrent use.
type operators struct {
	policy  *Policy
	year    int // the current one
	hashKey []byte
	dateKey []byte
	sealer  *sealer
	makers  map[surrogate.Options]*surrogate.Maker
}

func newOperators(p *Policy, k Key, year int) (*operators, error) {
	o := &operators{policy: p, year: year, makers: map[surrogate.Options]*surrogate.Maker{}}
	if !k.Set() {
		if p.NeedsKey() {
			return nil, ErrNoKey
		}
		return o, nil
	}
	o.hashKey, o.dateKey = k.derive("hash", KeySize), k.derive("date-shift", KeySize)
	var err error
	if o.sealer, err = newSealer(k); err != nil {
		return nil, err
	}
	for _, op := range p.Operators() {
		s := surrogate.Options{KeepDomain: op.Domain, KeepPrefix: op.Nets}
		if o.makers[s] == nil {
			if o.makers[s], err = surrogate.New(k.derive("surrogate", surrogate.KeySize), s); err != nil {
				return nil, err
			}
		}
	}
	return o, nil
}

// apply returns what takes the place of a value. It reports false where the operator has nothing for this value.
// subject is whose dates move together.
func (o *operators) apply(op *Operator, rule *detect.Rule, value []byte, subject string) ([]byte, bool) {
	switch op.Name {
	case Remove:
		return nil, true
	case Mask:
		return mask(op, rule, value), true
	case Replace:
		return []byte(op.Text), true
	case Hash:
		return o.hash(op, rule, value), true
	case Encrypt:
		out, err := o.sealer.seal(value, op.Fresh)
		return out, err == nil
	case DateShift:
		return o.shift(op, value, subject)
	case Generalise:
		out := generalise(rule.Kind, value, op.Order, o.year)
		return out, out != nil
	case Pseudonymise:
		switch {
		case isDate(rule.Kind):
			return o.shift(op, value, subject)
		case rule.Kind == "AGE":
			out := ageBand(value)
			return out, out != nil
		}
		return o.makers[surrogate.Options{KeepDomain: op.Domain, KeepPrefix: op.Nets}].Make(rule, value)
	}
	return nil, false
}

// label is the mask by kind.
func label(rule *detect.Rule) []byte { return fmt.Appendf(nil, "[%s]", rule.Kind) }

func mask(op *Operator, rule *detect.Rule, value []byte) []byte {
	if op.Char == "" {
		return label(rule)
	}
	n := utf8.RuneCount(value)
	hidden := max(n-op.Last, (n+1)/2) // half of a short value stays hidden whatever is asked for
	tail := value
	for range hidden {
		_, size := utf8.DecodeRune(tail)
		tail = tail[size:]
	}
	return append([]byte(strings.Repeat(op.Char, hidden)), tail...)
}

// hash is HMAC-SHA-256 over the kind and the value, cut and written in base 32. Case and separators count.
func (o *operators) hash(op *Operator, rule *detect.Rule, value []byte) []byte {
	mac := hmac.New(sha256.New, o.hashKey)
	mac.Write([]byte(rule.Kind))
	mac.Write([]byte{0})
	mac.Write(value)
	text := hashAlphabet.EncodeToString(mac.Sum(nil))
	prefix := op.Prefix
	if prefix == "" {
		prefix = strings.ToLower(string(rule.Kind)) + "_"
	}
	return []byte(prefix + text[:min(op.Len, len(text))])
}

// shift moves a date by what key and subject say: at least a day, at most op.Days, in either direction.
func (o *operators) shift(op *Operator, value []byte, subject string) ([]byte, bool) {
	d, ok := parseDate(value, op.Order)
	if !ok {
		return nil, false
	}
	return d.shifted(o.offset(op.Days, subject))
}

func (o *operators) offset(days int, subject string) int {
	mac := hmac.New(sha256.New, o.dateKey)
	mac.Write([]byte(subject))
	n := int(binary.BigEndian.Uint64(mac.Sum(nil)) % uint64(2*days))
	if n -= days; n >= 0 {
		n++
	}
	return n
}
