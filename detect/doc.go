// Package detect finds personal data and secrets in text, whole or while it streams.
//
// One pass over the bytes looks every byte up in a class table and calls hand-written recognisers only where a
// candidate can start; three sources produce candidates (the built-in rules, literal lists, user patterns) and one
// rule resolves their overlaps. There is no second implementation for streams: recognisers read the text through a
// window that notices when they look past the end of what has arrived. A recogniser that did so, while more text may
// follow, has decided nothing; its start is the point up to which text is safe, and it is asked again when more is
// there. A recogniser that did not touch the end decides as it would on the whole text. So every chunking of a text
// gives the same matches as the whole text, by construction.
//
// # Which text is held back
//
// A byte is held as long as it may still belong to a match, and not longer. Bounds keep that finite: 64 bytes for the
// local part of an e-mail address and 255 for its domain, 48 bytes for numbers, 512 for vendor tokens, 8 KiB for JSON
// web tokens, 16 KiB for private keys, the longest word of a literal list, the declared MaxLen of a pattern. Past a
// bound the decision is forced, in whole texts exactly as in streams.
//
// # Words are not held
//
// A plain word at the end of a chunk could always become the local part of an e-mail address. Whether it is treated as
// one depends on the text before it only: see the comment at localStart in email.go. The same principle holds for other kinds that
// would otherwise start with a plain word.
package detect
