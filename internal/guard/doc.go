// Package guard turns text and rules into verdicts, on whole text and on streams, in both directions.
//
// A Policy is one YAML file of rules. Parse reads it strictly and compiles it; For picks the rules that are in force for
// a direction and a scope (route, model, role, label) and returns them as a Set. A Set checks a whole text (Check) or
// hands out a Stream that takes the text in pieces as they arrive. Both give the same verdict, the same findings and the
// same output bytes, however the text was cut.
//
// # What a stream promises
//
// No byte of a match of a mask or block rule leaves the stream, for every way to cut the text. A stream releases up to
// the start of the oldest candidate that may still become a match, and not a byte further. It works in stages, and each
// stage only sees what the stage before it has released:
//
//	block rules → mask rules → tokens of the vault → out
//	           ↘ review and allow rules (they look, they hold nothing back)
//
// # Which rule wins
//
// The strongest action first: a block ends the text before a mask is even considered. Among rules of one action the
// match that starts first wins, then the longer one, then the rule whose id sorts first. The order of the rules in the
// file never matters. A text that is blocked ends where the block begins, or before, where a mask candidate was still
// open at that point: what was never decided is never released. Review and allow rules judge beside the masks and not
// below them, so their findings stand even where a mask covers the same bytes.
//
// # Reversible masks
//
// With a Vault, rules marked reversible put [[EMAIL_1]] in the place of a value on the way in, and the stream of the
// answer puts the value back. See Vault.
package guard
