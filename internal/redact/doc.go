// Package redact writes data files without the personal data and secrets in them, and proves on what it wrote that nothing
// is left.
//
// A Policy says by kind or rule which Operator takes a value's place. For each Block of a file the Redactor looks, edits,
// and looks again at the edited text: a mask may read like something else, or two words may come together that were apart.
// What is found then is replaced as well, by ever plainer means, until nothing is found. Run then reads the finished file
// as a stranger would, and a file in which that finds anything is never put in place.
//
// Surrogates and shifted dates are values of the same form, so a later scan finds them again. Their keyed digests are kept
// in a sidecar, Surrogates, which holds no value: whoever has the key can tell a surrogate from a value that was missed,
// and nobody can tell from the sidecar what a surrogate stands for.
//
// Nothing but OUT ever holds a text: files are written beside their place, readable for their owner only, and renamed.
package redact
