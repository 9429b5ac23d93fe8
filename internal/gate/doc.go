// Package gate decides whether a model may be released: it holds what is known about the files of a target against a
// policy and says pass, fail or incomplete, with a reason and a remedy for each thing that stands against it.
//
//	Load, Parse   a policy: whose signature counts for what, which evidence is needed, how good and how old
//	Gather        the files of a target with their digests, and the statements that lie beside it
//	Evaluate      policy + evidence + time → Result; pure
//	Sign, Open    the verdict as a signed statement that names all it consumed, and its check
//	Status        the tree of target, statements and inputs, each fresh, stale or missing
//
// Nothing counts that was not verified: a statement that no trusted key signed is no evidence, a file that nobody speaks
// of is a violation. More that stands against a target never makes a verdict better, and neither does less evidence.
package gate
