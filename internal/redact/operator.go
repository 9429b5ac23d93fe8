package redact

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Name is the name of an operator.
type Name string

// The operators.
const (
	Keep         Name = "keep"         // leave the value
	Remove       Name = "remove"       // nothing takes its place
	Mask         Name = "mask"         // the kind in brackets, or a character for each of the value's
	Replace      Name = "replace"      // a fixed text
	Hash         Name = "hash"         // keyed digest: equal values stay equal, nothing leads back
	Pseudonymise Name = "pseudonymise" // a surrogate of the same format
	Encrypt      Name = "encrypt"      // a token that --reverse turns back
	DateShift    Name = "date-shift"   // another date, the same distance for one subject
	Generalise   Name = "generalise"   // year, band of ages, area, network
)

// Operator is an operator with its settings.
type Operator struct {
	Name   Name
	Char   string // mask: takes the place of each character; "" means the kind in brackets
	Last   int    // mask: characters at the end that stay
	Text   string // replace
	Prefix string // hash: stands before the digest
	Len    int    // hash: characters of the digest
	Domain bool   // pseudonymise: e-mail addresses keep their host
	Nets   bool   // pseudonymise: IP addresses keep which networks they share
	Fresh  bool   // encrypt: equal values become different tokens (AES-GCM-SIV instead of AES-SIV)
	Days   int    // date-shift: the furthest that dates move
	Order  string // date-shift and generalise: "mdy" or "dmy" for dates such as 03/04/2020
}

const (
	defaultHashLen = 20 // characters of base 32: 100 bits
	minHashLen     = 10
	maxHashLen     = 52
	defaultDays    = 365
	maxDays        = 36500
	maxText        = 256 // bytes of a mask or a replacement
)

// ParseOperator reads "NAME" or "NAME:SETTING=VALUE,SETTING=VALUE".
func ParseOperator(s string) (Operator, error) {
	name, rest, hasRest := strings.Cut(s, ":")
	o := Operator{Name: Name(name)}
	if o.Name == "pseudonymize" || o.Name == "generalize" {
		o.Name = Name(strings.TrimSuffix(name, "ize") + "ise")
	}
	known, ok := settings[o.Name]
	if !ok {
		return o, fmt.Errorf("%q is no operator: want one of %s", name, strings.Join(operatorNames(), ", "))
	}
	o.Len, o.Days, o.Order = defaultHashLen, defaultDays, "mdy"
	if o.Name == Replace && (!hasRest || rest == "") {
		return o, fmt.Errorf("operator replace needs a text: replace:text=WORD")
	}
	if hasRest {
		for part := range strings.SplitSeq(rest, ",") {
			setting, value, _ := strings.Cut(part, "=")
			if !slices.Contains(known, setting) {
				return o, fmt.Errorf("operator %s has no setting %q%s", o.Name, setting, list(known))
			}
			if err := o.set(setting, value); err != nil {
				return o, fmt.Errorf("operator %s: %w", o.Name, err)
			}
		}
	}
	if o.Last > 0 && o.Char == "" {
		o.Char = "*"
	}
	return o, nil
}

// settings are those that each operator knows.
var settings = map[Name][]string{
	Keep: nil, Remove: nil, Mask: {"char", "last"}, Replace: {"text"}, Hash: {"prefix", "len"},
	Pseudonymise: {"domain", "networks"}, Encrypt: {"fresh"}, DateShift: {"days", "order"}, Generalise: {"order"},
}

func operatorNames() []string {
	return []string{"keep", "remove", "mask", "replace", "hash", "pseudonymise", "encrypt", "date-shift", "generalise"}
}

func list(known []string) string {
	if len(known) == 0 {
		return ": it has none"
	}
	return ": it knows " + strings.Join(known, ", ")
}

func (o *Operator) set(setting, value string) (err error) {
	switch setting {
	case "char":
		o.Char = value
		if n := len([]rune(value)); n != 1 || value < " " {
			return fmt.Errorf("char wants one character, got %d", n)
		}
	case "last":
		o.Last, err = number(setting, value, 0, 8)
	case "text":
		o.Text = value
	case "prefix":
		o.Prefix = value
	case "len":
		o.Len, err = number(setting, value, minHashLen, maxHashLen)
	case "days":
		o.Days, err = number(setting, value, 1, maxDays)
	case "order":
		if o.Order = value; value != "mdy" && value != "dmy" {
			return fmt.Errorf("order wants mdy or dmy")
		}
	case "domain":
		o.Domain, err = keepWord(setting, value)
	case "networks":
		o.Nets, err = keepWord(setting, value)
	case "fresh":
		o.Fresh = value == "true"
		if value != "true" && value != "false" {
			return fmt.Errorf("fresh wants true or false")
		}
	}
	if len(value) > maxText {
		return fmt.Errorf("%s is longer than %d bytes", setting, maxText)
	}
	if strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return fmt.Errorf("%s holds a control character", setting)
	}
	return err
}

func number(setting, value string, low, high int) (int, error) {
	n, err := strconv.Atoi(value)
	if err != nil || n < low || n > high {
		return 0, fmt.Errorf("%s wants a number from %d to %d", setting, low, high)
	}
	return n, nil
}

func keepWord(setting, value string) (bool, error) {
	if value != "keep" {
		return false, fmt.Errorf("%s wants keep", setting)
	}
	return true, nil
}

// NeedsKey reports whether the operator is a function of a key.
func (o *Operator) NeedsKey() bool {
	switch o.Name {
	case Hash, Pseudonymise, Encrypt, DateShift:
		return true
	}
	return false
}

// Surrogates reports whether a scan may find again what the operator wrote, because it has the form of the value.
func (o *Operator) Surrogates() bool { return o.Name == Pseudonymise || o.Name == DateShift }
