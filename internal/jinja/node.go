// Package jinja reads templates of Jinja 2 into a syntax tree, and never renders one.
//
// Chat templates of language models are such templates: they come with the weights and run in the server's process, so what they
// reach for has to be known before they do. The grammar is that of Jinja 2.11 to 3.1 (jinja2/parser.py, jinja2/lexer.py) with the
// extensions that runtimes switch on: do, loop controls, and the generation blocks of transformers. Work is linear in the text;
// depth and number of nodes are limited.
package jinja

// Kind is what a node is.
type Kind uint8

// The kinds of nodes. Kids are in the order of the source; what they are is said at each kind.
const (
	Text   Kind = iota // Name: what stands outside of the marks
	Output             // an expression whose value is written
	If                 // a condition, then Body of each branch as If nodes; the last one may be an Else
	Else               // statements
	For                // target, sequence, condition or nil, then statements
	Set                // targets, value; a block of Set has an Output of its body
	Macro              // Name, Keys: parameters; defaults, then statements
	Block              // Name: one of block, with, filter, call, autoescape, generation, trans …; expressions, then statements
	Load               // Name: include, import, from, extends; the template's expression
	Flow               // Name: break, continue

	Name     // Name
	Str      // Name: the string
	Number   // Name: as written
	Const    // Name: true, false, none
	List     // items, also of tuples
	Dict     // keys and values in turn
	Attr     // object; Name: the attribute
	Item     // object, index
	Slice    // from, to, step; nil where they are missing
	Call     // function, arguments; Keys names those that are given by name, "*" and "**" those that are unpacked
	Filter   // value (nil in a filter block), arguments; Name, Keys
	Test     // value, arguments; Name
	Unary    // operand; Name: not, -, +
	Binary   // operands; Name: or, and, in, not in, ==, !=, <, <=, >, >=, +, -, ~, *, /, //, %, **
	Ternary  // value, condition, other or nil
	numKinds // how many there are
)

// Node is a node of the tree.
type Node struct {
	Kind Kind
	Pos  int // byte offset in the source
	Name string
	Keys []string // Call, Filter, Test: the names of arguments, "" for those by place; Macro: of parameters
	Kids []*Node
}

// Walk calls see for every node, a parent before its kids, as long as see returns true for the parent.
func Walk(nodes []*Node, see func(n *Node) bool) {
	for _, n := range nodes {
		if n != nil && see(n) {
			Walk(n.Kids, see)
		}
	}
}
