package guard

import (
	"cmp"
	"slices"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/detect"
)

// tally counts the matches of one class in one text.
type tally struct {
	counts   []int     // by index of class.rules
	scores   []float64 // of the strongest match, likewise
	findings []reeve.Finding
}

// count notes a match of the stage.
func (g *stage) count(m detect.Match) {
	if g.tally == nil {
		g.tally = &tally{counts: make([]int, len(g.class.rules)), scores: make([]float64, len(g.class.rules))}
	}
	t, sight := g.tally, &g.class.seen[m.Rule]
	t.counts[sight.rule]++
	score := float64(int(m.Score*1000+0.5)) / 1000
	t.scores[sight.rule] = max(t.scores[sight.rule], score)
	if len(t.findings) == MaxFindings {
		return
	}
	f := sight.finding
	f.Start, f.End, f.Score = m.Start, m.End, score
	t.findings = append(t.findings, f)
}

// reasons appends a reason for every rule that matched, in the order of their ids.
func (t *tally) reasons(dst []reeve.Reason, c *class) []reeve.Reason {
	for i, n := range t.counts {
		if n == 0 {
			continue
		}
		r := c.rules[i]
		dst = append(dst, reeve.Reason{
			Rule: r.ID, Action: r.Action, Count: n, Score: t.scores[i], Message: r.Message, Remedy: r.Remedy, LegalBasis: r.LegalBasis,
		})
	}
	return dst
}

// byPlace orders findings as they stand in the text.
func byPlace(a, b reeve.Finding) int {
	return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End), cmp.Compare(a.Rule, b.Rule))
}

// inOrder sorts and cuts the findings of all classes.
func inOrder(findings []reeve.Finding) []reeve.Finding {
	slices.SortStableFunc(findings, byPlace)
	return findings[:min(len(findings), MaxFindings)]
}
