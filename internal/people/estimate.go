package people

import (
	"math"
	"slices"

	"github.com/reeve-ai/reeve/internal/store"
)

// Rate is an estimate of a share with a 95 % interval.
type Rate struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
	Of    float64 `json:"of"` // estimated number of exchanges that it is a share of
	Seen  int     `json:"seen"`
}

// GuardRates are the error rates of one rule, or of all together ("*"), over the exchanges that were judged.
type GuardRates struct {
	Rule          string `json:"rule"`
	FalsePositive *Rate  `json:"false_positive,omitzero"` // acted, of those without a violation
	FalseNegative *Rate  `json:"false_negative,omitzero"` // did not act, of those with a violation
	Precision     *Rate  `json:"precision,omitzero"`      // with a violation, of those in which it acted
}

// AllRules stands for the guard as a whole.
const AllRules = "*"

// observation is one drawn exchange that a person judged.
type observation struct {
	share     float64 // probability with which it was drawn
	weight    float64 // 1/share, and more where others of its stratum were not judged
	acted     []string
	truth     []string
	violation bool
}

// sample collects drawn exchanges by stratum: those that came by the same probability and in which a rule acted, or did not.
// Within one it is taken to be chance which of them were judged so far.
type sampleOf struct {
	judged []observation
	drawn  map[stratum]int
	known  map[stratum]int
}

type stratum struct {
	share int64
	acted bool
}

func newSample() *sampleOf {
	return &sampleOf{drawn: map[stratum]int{}, known: map[stratum]int{}}
}

// add takes an item with its verdicts. One that was reported and not drawn has no probability, and says nothing of a rate.
func (p *sampleOf) add(it *store.ReviewItem, verdicts []store.ReviewVerdict) {
	if it.Share <= 0 {
		return
	}
	o := observation{share: float64(it.Share) / Whole, acted: fired(it.Rules)}
	at := stratum{it.Share, len(o.acted) > 0}
	p.drawn[at]++
	if it.Outcome == "" || it.Outcome == OutcomeExpired || len(verdicts) == 0 {
		return
	}
	v := inForce(it, verdicts)
	p.known[at]++
	o.violation, o.truth = v.Violation, v.Truth
	p.judged = append(p.judged, o)
}

// weigh gives every judged exchange the number of exchanges that it stands for.
func (p *sampleOf) weigh() {
	for i := range p.judged {
		o := &p.judged[i]
		at := stratum{int64(math.Round(o.share * Whole)), len(o.acted) > 0}
		o.weight = float64(p.drawn[at]) / float64(p.known[at]) / o.share
	}
}

// rates estimates the error rates of a rule, or of all.
func (p *sampleOf) rates(rule string) GuardRates {
	g := GuardRates{Rule: rule}
	acted := func(o *observation) bool {
		return rule == AllRules && len(o.acted) > 0 || slices.Contains(o.acted, rule)
	}
	right := func(o *observation) bool {
		return rule == AllRules && o.violation || slices.Contains(o.truth, rule)
	}
	g.FalsePositive = ratio(p.judged, func(o *observation) bool { return acted(o) && !right(o) }, func(o *observation) bool { return !right(o) })
	g.FalseNegative = ratio(p.judged, func(o *observation) bool { return !acted(o) && right(o) }, right)
	if g.FalseNegative != nil && g.FalseNegative.Value == 0 {
		g.FalseNegative.High = missedAtMost(p.judged, acted, g.FalseNegative.Of)
	}
	g.Precision = ratio(p.judged, func(o *observation) bool { return acted(o) && right(o) }, acted)
	return g
}

// ratio is the estimate of Hájek ("Comment on a paper by D. Basu", in Foundations of Statistical Inference, 1971) of the share
// of exchanges with part among those with whole, which part implies: both numbers are estimated by their weights. Its variance
// is that of the linearised ratio under independent draws (Särndal, Swensson and Wretman, Model Assisted Survey Sampling, 1992,
// §5.5 to 5.7); the interval is Wilson's at the effective number of observations (Korn and Graubard, Survey Methodology 24, 1998),
// which stays within 0 and 1. nil: nothing to estimate from.
func ratio(list []observation, part, whole func(*observation) bool) *Rate {
	var x, y, x2 float64
	r := &Rate{}
	for i := range list {
		o := &list[i]
		if !whole(o) {
			continue
		}
		r.Seen++
		x += o.weight
		x2 += o.weight * o.weight
		if part(o) {
			y += o.weight
		}
	}
	if r.Seen == 0 {
		return nil
	}
	r.Value, r.Of = y/x, x
	var variance float64
	for i := range list {
		o := &list[i]
		if !whole(o) {
			continue
		}
		e := -r.Value
		if part(o) {
			e++
		}
		// The weight of an exchange is 1/π, π its chance to be drawn and judged: with π = 1 nothing is left to chance.
		variance += (1 - 1/o.weight) * o.weight * o.weight * e * e
	}
	variance /= x * x
	n := x * x / x2 // Kish's effective number where the estimate itself shows no variance
	switch {
	case x == float64(r.Seen): // every one of them was judged: it is no estimate
		r.Low, r.High = r.Value, r.Value
		return r
	case r.Value > 0 && r.Value < 1 && variance > 0:
		n = r.Value * (1 - r.Value) / variance
	}
	r.Low, r.High = wilson(r.Value, n)
	return r
}

const z95 = 1.959963984540054

// wilson is the score interval (Wilson, JASA 22, 1927) for a share p of n.
func wilson(p, n float64) (low, high float64) {
	d := 1 + z95*z95/n
	mid := (p + z95*z95/(2*n)) / d
	half := z95 / d * math.Sqrt(p*(1-p)/n+z95*z95/(4*n*n))
	return max(0, mid-half), min(1, mid+half)
}

// missedAtMost bounds the share of violations that a rule missed where none was seen: what was seen stands for those in which
// the rule acted, and says little of the others. With k violations among the others the chance that none is drawn is (1−π)^k;
// the bound is the k at which that is 2.5 %, and never more than there are others.
func missedAtMost(list []observation, acted func(*observation) bool, found float64) float64 {
	least, others := 1.0, 0.0
	for i := range list {
		if o := &list[i]; !acted(o) {
			least, others = min(least, 1/o.weight), others+o.weight
		}
	}
	if others == 0 {
		return 1 // nobody has looked at what the rule let pass
	}
	k := 0.0
	if least < 1 {
		k = min(others, math.Log(0.025)/math.Log(1-least))
	}
	return k / (found + k)
}
