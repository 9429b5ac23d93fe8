package inspect

import (
	"fmt"
	"strings"

	"github.com/reeve-ai/reeve/detect"
	"github.com/reeve-ai/reeve/internal/dataset"
)

// Explain says in a line what made the score of a hit in b: the rule, the score that it must reach if there is one, the
// context words that stood near, and what else was decided. The words are those of rules; nothing of the value is in it. It looks
// at the text once more, so it takes far longer than finding the hit did.
func (in *Inspector) Explain(b *dataset.Block, h *Hit) string {
	var out strings.Builder
	out.WriteString(h.Rule.Description)
	for i := range int32(in.engine.NumRules()) {
		if in.engine.RuleAt(i) != h.Rule {
			continue
		}
		x := in.engine.Explain(b.Text, detect.Match{Rule: i, Start: h.Start, End: h.End, Score: h.Score})
		fmt.Fprintf(&out, "; score %.2f", x.Score)
		if x.Threshold > 0 {
			fmt.Fprintf(&out, " of at least %.2f", x.Threshold)
		}
		if len(x.Words) > 0 {
			fmt.Fprintf(&out, "; near it: %s", strings.Join(x.Words, ", "))
		} else {
			out.WriteString("; no word near it speaks for it")
		}
		for _, note := range x.Notes {
			out.WriteString("; " + note)
		}
		return out.String()
	}
	fmt.Fprintf(&out, "; score %.2f by the tagger of names", h.Score)
	return out.String()
}
