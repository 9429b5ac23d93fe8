// Package aibom writes the bill of materials of a model: what it is, what it was made from, and what is known against it.
//
// Every claim has a grade: declared (somebody wrote it into the model's card or file), inferred (read off the bytes) or verified (a digest
// was computed, a signature checked). Nothing is made up: what nobody said and no byte shows is left out.
package aibom
