package label

import (
	"unicode/utf8"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/strict"
)

// Mark is what an author writes on a document to say how it must be treated. A text that has one of the words has at
// least the label.
type Mark struct {
	Words    []string
	FoldCase bool
	Label    reeve.Label
}

// MarkRule is the rule id of a finding that stands for a mark.
const MarkRule = "label/mark"

// limits of marks: each word is searched for in every text.
const (
	maxMarks     = 100
	maxMarkWords = 1000
	maxMarkBytes = 255
)

// Marks are the marks of the policy. The slice must not be changed.
func (p *Policy) Marks() []Mark {
	if p == nil {
		return nil
	}
	return p.marks
}

// Unread is the label of what is attached to a request and cannot be read. A nil policy gives restricted.
func (p *Policy) Unread() reeve.Label {
	if p == nil {
		return reeve.Label{Level: reeve.Restricted}
	}
	return p.unread
}

// Digest is "sha256:" and the hash, in hex, over the policy's file; "" for one that New made.
func (p *Policy) Digest() string {
	if p == nil {
		return ""
	}
	return p.digest
}

func (f *file) marks(doc *strict.Doc) ([]Mark, error) {
	if len(f.Marks) > maxMarks {
		return nil, doc.At("too many marks", "marks")
	}
	var marks []Mark
	words := 0
	for i, m := range f.Marks {
		l, err := reeve.ParseLabel(m.Label)
		if err != nil {
			return nil, doc.At(err.Error(), "marks", i, "label")
		}
		if words += len(m.Words); len(m.Words) == 0 || words > maxMarkWords {
			return nil, doc.At("a mark has words, and all marks together at most 1,000", "marks", i)
		}
		for k, w := range m.Words {
			if len(w) < 3 || len(w) > maxMarkBytes || !utf8.ValidString(w) {
				return nil, doc.At("the words of a mark have 3 to 255 bytes", "marks", i, "words", k)
			}
		}
		marks = append(marks, Mark{m.Words, m.FoldCase, l})
	}
	return marks, nil
}
