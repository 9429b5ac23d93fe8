// Package sequence finds names in running text with a linear-chain conditional random field: tokens, hashed features, a
// table of eight-bit weights, Viterbi decoding and the probability of each span.
//
// Only tokens that may belong to a name are labelled (a capital letter, a listed name in lower case, a particle between
// two of them); all others are outside by decree, in training as in tagging. So a text falls into short independent
// runs, and most of it costs no more than being split into words.
package sequence

// Label is the state of one token in BIO notation.
type Label uint8

// The labels. The order of B and I within a kind matters: I = B + 1.
const (
	Outside Label = iota
	BeginPerson
	InPerson
	BeginOrganization
	InOrganization
	BeginPlace
	InPlace
	Labels // how many there are
)

// Inside reports whether l continues a span.
func (l Label) Inside() bool { return l != Outside && l&1 == 0 }

// Span is a name. Offsets are bytes in the text that was read.
type Span struct {
	Start, End int
	Label      Label   // BeginPerson, BeginOrganization or BeginPlace
	Score      float32 // probability of exactly this span under the model, 0 to 1
}
