package demo

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Ids of the vocabulary that are no text. They are never generated.
const (
	unknown   int32 = iota // a piece that training did not see
	filler                 // the place before the first piece of a turn
	userTurn               // what follows was written by a user, or is an instruction
	modelTurn              // what follows was written by the assistant
	endOfTurn              // the turn is over; generated like a piece, but decodes to nothing
	firstPiece
)

// pieces cuts text into words, punctuation marks (a row of equal ones is one) and single blanks. One space before a word or a mark belongs
// to it, so that joining the pieces gives back the text, byte for byte, invalid UTF-8 included.
func pieces(text string) []string {
	out := make([]string, 0, len(text)/4+1)
	for text != "" {
		n := pieceLen(text)
		out = append(out, text[:n])
		text = text[n:]
	}
	return out
}

// pieceLen returns the length in bytes of the first piece of a text that is not empty.
func pieceLen(text string) int {
	start := 0
	if text[0] == ' ' && len(text) > 1 && text[1] != ' ' && text[1] != '\n' {
		start = 1
	}
	r, size := utf8.DecodeRuneInString(text[start:])
	end := start + size
	if !wordRune(r) {
		for r != '\n' && r != ' ' && strings.HasPrefix(text[end:], text[start:start+size]) {
			end += size // "-----" is one mark
		}
		return end
	}
	for end < len(text) {
		r, size = utf8.DecodeRuneInString(text[end:])
		if !wordRune(r) && !apostropheWithin(text, end, r, size) {
			break
		}
		end += size
	}
	return end
}

func wordRune(r rune) bool {
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r))
}

// apostropheWithin reports whether r at text[i:] is the apostrophe of a word like "don't".
func apostropheWithin(text string, i int, r rune, size int) bool {
	if r != '\'' && r != '’' {
		return false
	}
	next, _ := utf8.DecodeRuneInString(text[i+size:])
	return next != utf8.RuneError && unicode.IsLetter(next)
}

// turnPieces cuts the text of one turn. A turn starts as if a space stood before it, so that a word is the same piece
// at the start of a turn and inside it; joinTurn takes that space away again.
func turnPieces(text string) []string { return pieces(" " + text) }

// joinTurn is the inverse of turnPieces.
func joinTurn(p []string) string { return strings.TrimPrefix(strings.Join(p, ""), " ") }

// vocabulary maps pieces to ids and back. It does not change after training.
type vocabulary struct {
	ids  map[string]int32
	text []string // by id; the ids that are no text are empty
}

func newVocabulary() vocabulary {
	return vocabulary{ids: map[string]int32{}, text: make([]string, firstPiece)}
}

// add returns the id of a piece and makes one where there is none.
func (v *vocabulary) add(piece string) int32 {
	if id, known := v.ids[piece]; known {
		return id
	}
	id := int32(len(v.text)) //nolint:gosec // a vocabulary of 2³¹ pieces does not fit the memory first
	v.ids[piece] = id
	v.text = append(v.text, piece)
	return id
}

// id returns the id of a piece, or unknown.
func (v *vocabulary) id(piece string) int32 {
	if id, known := v.ids[piece]; known {
		return id
	}
	return unknown
}
