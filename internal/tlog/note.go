package tlog

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// MaxNote is the length of the longest signed note that is read.
	MaxNote = 1 << 20
	// MaxSignatures is the largest number of signatures under one note that are read (C2SP signed-note asks for 16 at least).
	MaxSignatures = 64

	sigStart = "\u2014 "
	keyIDLen = 4
)

// Note is a signed note (C2SP signed-note): a text and signatures that nobody has checked yet.
type Note struct {
	Text string // ends in a newline
	Sigs []Signature
}

// Signature is one signature line of a note.
type Signature struct {
	Name string // of the key
	ID   uint32 // of the key
	Data []byte // what follows the key id
}

var (
	errNote    = errors.New("not a signed note")
	errNoteBig = errors.New("signed note is too long")
)

// ParseNote reads a signed note: a text in UTF-8 without control characters other than newlines, an empty line, one or more
// signature lines. It accepts only the spelling that Marshal writes.
func ParseNote(b []byte) (*Note, error) {
	if len(b) > MaxNote {
		return nil, errNoteBig
	}
	if !utf8.Valid(b) || bytes.ContainsFunc(b, func(r rune) bool { return r < ' ' && r != '\n' }) {
		return nil, errNote
	}
	at := bytes.LastIndex(b, []byte("\n\n"))
	if at < 0 {
		return nil, errNote
	}
	sigs, err := ParseSignatures(b[at+2:])
	if err != nil || len(sigs) == 0 {
		return nil, errNote
	}
	return &Note{Text: string(b[:at+1]), Sigs: sigs}, nil
}

// ParseSignatures reads signature lines as they stand under a note.
func ParseSignatures(b []byte) ([]Signature, error) {
	var sigs []Signature
	for len(b) > 0 {
		line, rest, ended := bytes.Cut(b, []byte("\n"))
		if !ended || len(sigs) == MaxSignatures {
			return nil, errNote
		}
		s, err := parseSignature(string(line))
		if err != nil {
			return nil, err
		}
		sigs, b = append(sigs, s), rest
	}
	return sigs, nil
}

func parseSignature(line string) (Signature, error) {
	rest, ok := strings.CutPrefix(line, sigStart)
	name, data, ok2 := strings.Cut(rest, " ")
	if !ok || !ok2 || !validKeyName(name) {
		return Signature{}, errNote
	}
	raw, err := decodeBase64(data)
	if err != nil || len(raw) <= keyIDLen {
		return Signature{}, errNote
	}
	return Signature{Name: name, ID: binary.BigEndian.Uint32(raw), Data: raw[keyIDLen:]}, nil
}

// Marshal spells the note.
func (n *Note) Marshal() []byte {
	b := append([]byte(n.Text), '\n')
	for i := range n.Sigs {
		b = append(b, n.Sigs[i].Line()...)
	}
	return b
}

// Line spells the signature line, newline included.
func (s *Signature) Line() string {
	raw := append(binary.BigEndian.AppendUint32(nil, s.ID), s.Data...)
	return sigStart + s.Name + " " + base64.StdEncoding.EncodeToString(raw) + "\n"
}

// validKeyName reports whether a name can stand in a signature line: not empty, UTF-8, neither spaces nor plus signs.
func validKeyName(name string) bool {
	return name != "" && len(name) <= 255 && utf8.ValidString(name) &&
		!strings.ContainsFunc(name, func(r rune) bool { return r == '+' || unicode.IsSpace(r) || unicode.IsControl(r) })
}

// decodeBase64 reads standard base64 with padding in its one spelling.
func decodeBase64(s string) ([]byte, error) {
	if strings.ContainsAny(s, "\r\n") { // which the library would skip
		return nil, errNote
	}
	return base64.StdEncoding.Strict().DecodeString(s)
}

func decodeHash(s string) (Hash, error) {
	b, err := decodeBase64(s)
	if err != nil || len(b) != HashSize {
		return Hash{}, errNote
	}
	return Hash(b), nil
}
