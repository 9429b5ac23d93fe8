// Package lineage tells how a model came to be: it runs a training under watch, reads what other tools wrote about one, and
// puts signed statements together into one graph.
//
// What a statement claims is one thing, who signed it another, and whether the bytes are still there a third: the package keeps
// them apart, marks what is only declared, and invents no value.
package lineage
