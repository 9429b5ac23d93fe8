package guard

import (
	"cmp"
	"slices"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/detect"
)

// tally counts the matches of one class in one text.
type tally struct {
	counts   []int // by index of class.rules
	findings []reeve.Finding
}

func (t *tally) add(c *class, m detect.Match) {
	if t.counts == nil {
		t.counts = make([]int, len(c.rules))
	}
	sight := &c.seen[m.Rule]
	t.counts[sight.rule]++
	if len(t.findings) == MaxFindings {
		return
	}
	f := sight.finding
	f.Start, f.End, f.Score = m.Start, m.End, float64(m.Score)
	t.findings = append(t.findings, f)
}

// reset forgets the matches. Slices that a Result may have handed out are not reused.
func (t *tally) reset() { *t = tally{} }

// reasons appends a reason for every rule that matched, in the order of their ids.
func (t *tally) reasons(dst []reeve.Reason, c *class) []reeve.Reason {
	for i, n := range t.counts {
		if n == 0 {
			continue
		}
		r := c.rules[i]
		dst = append(dst, reeve.Reason{
			Rule: r.ID, Action: r.Action, Count: n, Message: r.Message, Remedy: r.Remedy, LegalBasis: r.LegalBasis,
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
