package access

import "fmt"

// Depths of brackets that no honest policy reaches. The parsers call themselves for each.
const (
	maxDepth       = 200
	maxSchemaDepth = 50
)

// tooDeep looks at a source as a lexer does, past strings and comments, and tells of the first place that is nested deeper
// than depth. In a policy file it also bounds the length of each policy, which a semicolon ends.
func tooDeep(f Source, depth int) *Problem {
	line, open, begin := 1, 0, 0
	for i := 0; i < len(f.Text); i++ {
		switch c := f.Text[i]; c {
		case '\n':
			line++
		case '/':
			if i+1 < len(f.Text) && f.Text[i+1] == '/' {
				for i < len(f.Text) && f.Text[i] != '\n' {
					i++
				}
				i--
			}
		case '"':
			for i++; i < len(f.Text) && f.Text[i] != '"'; i++ {
				switch f.Text[i] {
				case '\\':
					i++
				case '\n':
					line++
				}
			}
		case '(', '[', '{':
			if open++; open > depth {
				return &Problem{File: f.Name, Line: line, Message: fmt.Sprintf("is nested deeper than %d brackets", depth), Remedy: "write it flatter, or as several policies"}
			}
		case ')', ']', '}':
			open = max(open-1, 0)
		case ';':
			begin = i + 1
		}
		if i-begin > maxPolicyBytes && depth == maxDepth {
			return &Problem{File: f.Name, Line: line, Message: fmt.Sprintf("a policy is longer than %d KiB", maxPolicyBytes>>10), Remedy: "write it as several policies, or use groups and attributes instead of lists"}
		}
	}
	return nil
}
