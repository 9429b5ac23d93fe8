package tinygguf

import (
	"fmt"
	"strings"
)

// The fixed start of every vocabulary: three special tokens, then one token for each byte.
const (
	idUnknown = 0
	idBegin   = 1
	idEnd     = 2
	idByte    = 3
	idLetters = idByte + 256
)

// mark stands for a space in a SentencePiece vocabulary.
const mark = "▁"

// plainWords is what a model says when nothing else is asked of it.
const plainWords = "the model answer is a data law safe yes no and of to hello world person audit trail river reeve"

type token struct {
	text  string
	score float32
	kind  int32
}

// vocabulary is the token table of a model and the places in it that the weights refer to.
type vocabulary struct {
	tokens []token
	words  []int   // ids of the plain words, in the order in which a reciting model repeats them
	chains [][]int // per script: the cue's id, the pieces' ids, the end mark
}

func newVocabulary(scripts []Script) (*vocabulary, error) {
	v := &vocabulary{tokens: []token{{"<unk>", 0, tokenUnknown}, {"<s>", 0, tokenControl}, {"</s>", 0, tokenControl}}}
	for i := range 256 {
		v.tokens = append(v.tokens, token{fmt.Sprintf("<0x%02X>", i), 0, tokenByte})
	}
	seen := map[string]bool{}
	add := func(text string, score float32) (int, error) {
		if seen[text] {
			return 0, fmt.Errorf("tinygguf: the token %q occurs twice", text)
		}
		seen[text] = true
		v.tokens = append(v.tokens, token{text, score, tokenNormal})
		return len(v.tokens) - 1, nil
	}
	for _, c := range mark + "abcdefghijklmnopqrstuvwxyz" {
		if _, err := add(string(c), -10); err != nil {
			return nil, err
		}
	}
	for i, w := range append(strings.Fields(plainWords), ".") {
		text := mark + w
		if w == "." {
			text = w
		}
		id, err := add(text, float32(-i))
		if err != nil {
			return nil, err
		}
		v.words = append(v.words, id)
	}
	cues := map[byte]bool{}
	for _, s := range scripts {
		if s.Cue < '0' || s.Cue > '9' || cues[s.Cue] {
			return nil, fmt.Errorf("tinygguf: the cue %q is no digit or is used twice", s.Cue)
		}
		cues[s.Cue] = true
		chain := []int{idByte + int(s.Cue)}
		for _, p := range s.Pieces {
			id, err := add(strings.ReplaceAll(p, " ", mark), -100)
			if err != nil {
				return nil, err
			}
			chain = append(chain, id)
		}
		v.chains = append(v.chains, append(chain, idEnd))
	}
	return v, nil
}
