package audit

import (
	"bytes"
	"sort"
	"strings"

	"github.com/reeve-ai/reeve/internal/dataset"
)

// allowMark begins a comment that allows what a rule finds on its line or the one below: "reeve:allow RULE reason".
// RULE is an identifier, or a class of rules such as secret/*. Without a reason the comment counts for nothing.
var allowMark = []byte("reeve:allow ")

// inlineAllow knows the comments of a Block. Only texts have comments: a record of a data set cannot speak for itself,
// because whoever made the data would decide what is found in it.
type inlineAllow struct{ comments []comment }

// comment is valid for what starts in [from, to).
type comment struct {
	from, to int
	rule     string
}

func (a *inlineAllow) begin(b *dataset.Block) {
	a.comments = a.comments[:0]
	if len(b.Fields) != 1 || b.Fields[0].Name != "" || b.Fields[0].Record != 0 {
		return
	}
	for at := 0; ; {
		i := bytes.Index(b.Text[at:], allowMark)
		if i < 0 {
			return
		}
		mark := at + i
		at = mark + len(allowMark)
		line, _, _ := bytes.Cut(b.Text[at:min(len(b.Text), at+512)], []byte{'\n'})
		rule, why, _ := strings.Cut(strings.TrimSpace(string(line)), " ")
		if rule == "" || !reasoned(why) {
			continue
		}
		from := bytes.LastIndexByte(b.Text[:mark], '\n') + 1
		to := mark
		for range 2 {
			nl := bytes.IndexByte(b.Text[to:], '\n')
			if nl < 0 {
				to = len(b.Text)
				break
			}
			to += nl + 1
		}
		a.comments = append(a.comments, comment{from, to, rule})
	}
}

// reasoned reports whether why says something besides the end of a comment.
func reasoned(why string) bool {
	letters := 0
	for _, r := range why {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= 0x80 {
			letters++
		}
	}
	return letters >= 3
}

func (a *inlineAllow) has(at int, rule string) bool {
	if len(a.comments) == 0 {
		return false
	}
	// Comments ascend, and one reaches no further than over two lines.
	i := sort.Search(len(a.comments), func(i int) bool { return a.comments[i].to > at })
	for ; i < len(a.comments) && a.comments[i].from <= at; i++ {
		if matchRule(a.comments[i].rule, rule) {
			return true
		}
	}
	return false
}

// matchRule compares a rule with an identifier or a class such as secret/*; "*" is every rule.
func matchRule(pattern, rule string) bool {
	if class, ok := strings.CutSuffix(pattern, "*"); ok {
		return class == "" || strings.HasSuffix(class, "/") && strings.HasPrefix(rule, class)
	}
	return pattern == rule
}
