package access

import (
	"fmt"
	"strings"
)

// Problem is what is wrong with a policy set, and where.
type Problem struct {
	File    string `json:"file"`
	Line    int    `json:"line,omitzero"`   // from 1; 0: the file as a whole
	Column  int    `json:"column,omitzero"` // from 1, in characters
	Rule    string `json:"rule,omitzero"`   // @id of the policy, where it has one
	Message string `json:"message"`
	Remedy  string `json:"remedy"`
}

func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d", p.Line)
		if p.Column > 0 {
			fmt.Fprintf(&b, ":%d", p.Column)
		}
	}
	b.WriteString(": ")
	if p.Rule != "" {
		b.WriteString(p.Rule + ": ")
	}
	b.WriteString(p.Message)
	return b.String()
}

// Problems is the error of a set that cannot be put in force. It has at least one element.
type Problems []Problem

func (p Problems) Error() string {
	if len(p) == 1 {
		return p[0].String()
	}
	return fmt.Sprintf("%s (and %d more)", p[0], len(p)-1)
}

// Hint tells what to do about the first problem.
func (p Problems) Hint() string { return p[0].Remedy }
