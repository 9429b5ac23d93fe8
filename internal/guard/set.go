package guard

import "github.com/reeve-ai/reeve"

// Set is the rules in force for one direction and scope, compiled. It is immutable and safe for concurrent use. A nil Set
// holds no rules: it allows every text.
type Set struct{}

// Result is what a Set says about a text.
type Result struct {
	Verdict  reeve.Verdict
	Findings []reeve.Finding // in order of the text, without values; at most MaxFindings
	Text     []byte          // what may pass on; the slice that was checked when nothing changed; nil in a Stream's Result
	Changed  bool            // Text differs from what was checked
	Block    *Rule           // the rule that blocks, or nil
}

// MaxFindings bounds the findings of one text. Reasons in the verdict count on.
const MaxFindings = 1000

// Check judges a whole text. The vault may be nil.
func (s *Set) Check(text []byte, v *Vault) Result { return Result{Text: text} }

// CheckJSON judges a whole text that is itself a JSON document, such as the arguments of a tool call.
func (s *Set) CheckJSON(text []byte, v *Vault) Result { return Result{Text: text} }

// NewStream judges a text that arrives in pieces. The vault may be nil. Give the Stream back with Free.
func (s *Set) NewStream(v *Vault) *Stream { return &Stream{} }

// NewJSONStream is NewStream for a text that is itself a JSON document, such as the arguments of a tool call.
func (s *Set) NewJSONStream(v *Vault) *Stream { return &Stream{} }
