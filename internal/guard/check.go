package guard

import (
	"bytes"
	"slices"

	"github.com/reeve-ai/reeve"
)

// Result is what a Set says about a text.
type Result struct {
	Verdict  reeve.Verdict
	Findings []reeve.Finding // in the order of the text, without values; at most MaxFindings
	Left     []reeve.Finding // those of them that no mask covers: they stand in what passes on
	Text     []byte          // what may pass on; the slice that was checked where nothing changed; nil in a Stream's Result
	Changed  bool            // what may pass on differs from what was checked
	Block    *Rule           // the rule that blocks, or nil; Text then ends before the block, or is empty
}

// MaxFindings bounds the findings of one text. The counts in the verdict go on.
const MaxFindings = 1000

// Check judges a whole text, exactly as a Stream would in pieces. The vault may be nil. Text in the Result is new memory
// where something changed; a text without a match costs no allocation.
func (s *Set) Check(text []byte, v *Vault) Result {
	if s.clean(text, v) {
		return Result{Text: text}
	}
	return s.whole(s.NewStream(v), text)
}

// CheckJSON is Check for a text that is itself a JSON document, such as the arguments of a tool call; see NewJSONStream.
func (s *Set) CheckJSON(text []byte, v *Vault) Result {
	if !slices.ContainsFunc(text, needsDoc) && s.clean(text, v) {
		return Result{Text: text}
	}
	return s.whole(s.NewJSONStream(v), text)
}

// needsDoc reports whether a byte of a JSON document may be written in another way by jsonDoc.
func needsDoc(c byte) bool { return c == '\\' || c < ' ' }

// clean reports whether no rule and no token of a vault has anything to say about the text: the common case.
func (s *Set) clean(text []byte, v *Vault) bool {
	if v != nil && bytes.Contains(text, []byte(tokenOpen)) {
		return false
	}
	if s == nil {
		return true
	}
	if s.any != nil {
		return len(s.any.Find(nil, text)) == 0
	}
	for _, c := range s.classes {
		if c != nil && len(c.engine.Find(nil, text)) > 0 {
			return false
		}
	}
	return s.broken == nil
}

func (s *Set) whole(st *Stream, text []byte) Result {
	defer st.Free()
	out := make([]byte, 0, len(text)+64)
	out = st.Write(out, text)
	out = st.Close(out)
	r := st.Result()
	r.Text = out
	if bytes.Equal(out, text) {
		r.Text, r.Changed = text, false
	}
	return r
}
