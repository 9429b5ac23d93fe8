package people

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"github.com/reeve-ai/reeve/internal/store"
)

// population is a set of exchanges of which everything is known.
type population struct{ acted, violation []bool }

func newPopulation(r *rand.Rand, n int, violations, caught, false1 float64) population {
	p := population{make([]bool, n), make([]bool, n)}
	for i := range n {
		p.violation[i] = r.Float64() < violations
		if p.violation[i] {
			p.acted[i] = r.Float64() < caught
		} else {
			p.acted[i] = r.Float64() < false1
		}
	}
	return p
}

// draw makes a sample as the feed does: whatever a rule acted on comes with one share, the rest with another.
func (p population) draw(r *rand.Rand, flagged, random int64) *sampleOf {
	s := newSample()
	for i := range p.acted {
		it := store.ReviewItem{Share: random, Outcome: OutcomeConfirm}
		if p.acted[i] {
			it.Share = max(flagged, random)
			it.Rules = []store.ReviewRule{{Rule: "r", Action: "block"}}
		}
		if r.Int64N(Whole) >= it.Share {
			continue
		}
		v := store.ReviewVerdict{Violation: p.violation[i]}
		if v.Violation {
			v.Truth = []string{"r"}
		}
		s.add(&it, []store.ReviewVerdict{v})
	}
	s.weigh()
	return s
}

func (p population) count(acted, violation bool) (n float64) {
	for i := range p.acted {
		if p.acted[i] == acted && p.violation[i] == violation {
			n++
		}
	}
	return n
}

// TestTotalsAreUnbiased draws many samples of one population: the mean of the estimated numbers of right and wrong decisions is
// the true one, within four standard errors that theory gives for independent draws (Var = Σ(1−π)/π), and the estimated rates
// are near the true ones.
func TestTotalsAreUnbiased(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 11))
	p := newPopulation(r, 20_000, 0.03, 0.7, 0.01)
	const runs, flagged, random = 400, Whole, Whole / 20
	total := func(s *sampleOf, acted, violation bool) (sum float64) {
		for i := range s.judged {
			if o := &s.judged[i]; (len(o.acted) > 0) == acted && o.violation == violation {
				sum += 1 / o.share
			}
		}
		return sum
	}
	for _, c := range []struct {
		name             string
		acted, violation bool
		share            float64
	}{{"right to act", true, true, 1}, {"wrong to act", true, false, 1}, {"missed", false, true, 0.05}, {"right to pass", false, false, 0.05}} {
		truth := p.count(c.acted, c.violation)
		mean := 0.0
		for range runs {
			mean += total(p.draw(r, flagged, random), c.acted, c.violation) / runs
		}
		error4 := 4 * math.Sqrt(truth*(1-c.share)/c.share/runs)
		if math.Abs(mean-truth) > error4+1e-9 {
			t.Errorf("%s: mean %.1f, true %.0f, four standard errors are %.1f", c.name, mean, truth, error4)
		}
	}
}

// TestIntervalsCover counts how often the 95 % interval holds the true rate. With 400 runs a coverage of 95 % shows as at least
// 90 % but for one time in ten thousand.
func TestIntervalsCover(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 5))
	p := newPopulation(r, 20_000, 0.05, 0.8, 0.02)
	truth := map[string]float64{
		"false positive": p.count(true, false) / (p.count(true, false) + p.count(false, false)),
		"false negative": p.count(false, true) / (p.count(false, true) + p.count(true, true)),
	}
	const runs = 400
	covered := map[string]int{}
	for range runs {
		g := p.draw(r, Whole/2, Whole/10).rates("r")
		for name, rate := range map[string]*Rate{"false positive": g.FalsePositive, "false negative": g.FalseNegative} {
			if rate.Low <= truth[name] && truth[name] <= rate.High {
				covered[name]++
			}
			if rate.Low > rate.Value || rate.Value > rate.High || rate.Low < 0 || rate.High > 1 {
				t.Fatalf("%s: %+v", name, *rate)
			}
		}
	}
	for name, n := range covered {
		if n < runs*90/100 {
			t.Errorf("%s: the interval holds the true rate in %d of %d runs", name, n, runs)
		}
	}
}

// TestUnseenMisses: where no violation was seen among what a rule let pass, the rate is not told to be 0 for sure.
func TestUnseenMisses(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	p := newPopulation(r, 5_000, 0.02, 1, 0)
	g := p.draw(r, Whole, Whole/100).rates("r")
	if g.FalseNegative.Value != 0 || g.FalseNegative.High < 0.5 {
		t.Errorf("about fifty of five thousand were looked at, and the bound is %+v", *g.FalseNegative)
	}
	if all := p.draw(r, Whole, Whole).rates("r"); all.FalseNegative.High != 0 || all.FalsePositive.High != 0 {
		t.Errorf("everything was looked at: %+v %+v", *all.FalseNegative, *all.FalsePositive)
	}
}

// TestJudgedInPart: where only some of what was drawn is judged, those stand for the rest of their stratum.
func TestJudgedInPart(t *testing.T) {
	s := newSample()
	for i := range 100 {
		it := store.ReviewItem{Share: Whole / 10}
		var v []store.ReviewVerdict
		if i < 25 {
			it.Outcome, v = OutcomeConfirm, []store.ReviewVerdict{{Violation: i < 5}}
		}
		s.add(&it, v)
	}
	s.add(&store.ReviewItem{Sources: []string{SourceReport}, Outcome: OutcomeConfirm}, []store.ReviewVerdict{{Violation: true}}) // reported, never drawn
	s.weigh()
	g := s.rates(AllRules)
	if math.Abs(g.FalseNegative.Of-200) > 1e-9 || g.FalseNegative.Value != 1 || g.FalseNegative.Seen != 5 {
		t.Errorf("%+v", *g.FalseNegative)
	}
}

func TestRatesStayInBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		p := newPopulation(r, rapid.IntRange(1, 300).Draw(t, "n"), rapid.Float64Range(0, 1).Draw(t, "violations"), rapid.Float64Range(0, 1).Draw(t, "caught"), rapid.Float64Range(0, 1).Draw(t, "false"))
		g := p.draw(r, rapid.Int64Range(1, Whole).Draw(t, "flagged"), rapid.Int64Range(1, Whole).Draw(t, "random")).rates("r")
		for _, rate := range []*Rate{g.FalsePositive, g.FalseNegative, g.Precision} {
			if rate != nil && !(rate.Low >= 0 && rate.Low <= rate.Value+1e-12 && rate.Value <= rate.High+1e-12 && rate.High <= 1) {
				t.Fatalf("%+v", *rate)
			}
		}
	})
}

// TestKappa compares with figures that are worked out by hand from the definitions, and the standard error with the one that
// the delta method gives numerically.
func TestKappa(t *testing.T) {
	table := func(n ...int) (pairs [][2]string) { // 2×2 by rows
		for i, count := range n {
			for range count {
				pairs = append(pairs, [2]string{fmt.Sprint(i / 2), fmt.Sprint(i % 2)})
			}
		}
		return pairs
	}
	a := kappa(table(20, 5, 10, 15))
	if math.Abs(a.Kappa-0.4) > 1e-12 || a.Agreed != 35 || a.Items != 50 {
		t.Errorf("%+v", a)
	}
	if se, want := (a.High-a.Low)/2/z95, numericError(20, 5, 10, 15); math.Abs(se-want) > 1e-6 {
		t.Errorf("standard error %.6f, by the delta method %.6f", se, want)
	}
	if a := kappa(table(7, 0, 0, 9)); a.Kappa != 1 {
		t.Errorf("perfect agreement: %+v", a)
	}
	for _, pairs := range [][][2]string{nil, table(1), table(9)} {
		if a := kappa(pairs); a.Estimate {
			t.Errorf("%d pairs in one category: %+v", len(pairs), a)
		}
	}
}

// numericError is the standard error of kappa from its numerical gradient and the covariance of multinomial shares.
func numericError(counts ...float64) float64 {
	n := 0.0
	for _, c := range counts {
		n += c
	}
	of := func(p []float64) float64 {
		a, b := p[0]+p[1], p[0]+p[2]
		chance := a*b + (1-a)*(1-b)
		return (p[0] + p[3] - chance) / (1 - chance)
	}
	p := make([]float64, 4)
	for i, c := range counts {
		p[i] = c / n
	}
	const h = 1e-6
	// Shares add up to 1: three of them are free.
	free := func(d [4]float64) float64 {
		up, down := make([]float64, 4), make([]float64, 4)
		for i := range p {
			up[i], down[i] = p[i]+h*d[i], p[i]-h*d[i]
		}
		return (of(up) - of(down)) / (2 * h)
	}
	d := []float64{free([4]float64{1, 0, 0, -1}), free([4]float64{0, 1, 0, -1}), free([4]float64{0, 0, 1, -1})}
	v := 0.0
	for i := range d {
		for j := range d {
			c := -p[i] * p[j]
			if i == j {
				c += p[i]
			}
			v += d[i] * d[j] * c
		}
	}
	return math.Sqrt(v / n)
}
