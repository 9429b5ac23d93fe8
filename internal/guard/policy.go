package guard

import "github.com/reeve-ai/reeve"

// Policy is a parsed and compiled policy file. It is immutable and safe for concurrent use.
type Policy struct{}

// Parse reads a policy. The name is the path of the file: it stands in errors, and list files are looked up beside it.
func Parse(name string, source []byte) (*Policy, error) { return &Policy{}, nil }

// Digest is "sha256:" and the hash over the source and the list files it names.
func (p *Policy) Digest() string { return "sha256:" }

// Rules are the rules of the policy, sorted by id. The slice is the caller's, the rules are shared.
func (p *Policy) Rules() []*Rule { return nil }

// Test runs the examples of every rule and returns those that fail.
func (p *Policy) Test() []ExampleFailure { return nil }

// ExampleFailure is an example that a rule does not live up to.
type ExampleFailure struct {
	Rule  string // id of the rule
	List  string // "match" or "no_match"
	Index int    // place in that list, from 0
	Line  int    // line in the policy file, from 1
}

// For returns the rules in force for a direction and a scope. It does not allocate once the scope was seen. A nil Policy
// has a nil Set.
func (p *Policy) For(dir reeve.Direction, s Scope) *Set { return &Set{} }
