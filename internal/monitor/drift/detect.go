// Package drift notices that a rate has left its own past: how often a rule matches, a model's exchanges end badly, a label
// appears, a team is refused.
//
// A rate is watched in windows of an hour. The first windows with enough traffic are its baseline. They predict a later
// window by a beta-binomial distribution, wider where the windows of the baseline scatter more than a binomial would
// (J. G. Skellam, "A probability distribution derived from the binomial distribution by regarding the probability of
// success as variable between the sets of trials", JRSS B 10, 1948). Where a window stands in it (mid-p) becomes a normal
// score, and the scores go into a two-sided cumulative sum (E. S. Page, "Continuous inspection schemes", Biometrika 41,
// 1954) with allowance k = 0.5 and threshold h = 9.
//
// By D. Siegmund's approximation ("Sequential Analysis", 1985) a stream without any change raises an alarm once in some
// 26,000 windows (three years) where the baseline is known exactly. One of 72 windows is itself uncertain: the tests hold
// what simulated streams show, rare and frequent, scattering and with a daily rhythm of traffic, below one alarm in 3,000
// windows of an hour, which is four months for one rate.
package drift

import (
	"math"
	"time"
)

// The parameters of the cumulative sum, in standard deviations.
const (
	allowance = 0.5
	threshold = 9
	clip      = 12 // of one score: a single window may raise an alarm, and must not hold one up for days
)

// Window counts hits among trials.
type Window struct {
	N int64 `json:"n"` // trials
	K int64 `json:"k"` // hits
}

// State is what is remembered of one rate. The zero value knows nothing.
type State struct {
	Base   []Window  `json:"base"`            // windows of the baseline
	Recent []Window  `json:"recent,omitzero"` // since the alarm: what a new baseline is made of
	Up     float64   `json:"up,omitzero"`
	Down   float64   `json:"down,omitzero"`
	Since  time.Time `json:"since,omitzero"` // of the alarm; zero: none
	Rose   bool      `json:"rose,omitzero"`  // the rate went up
}

// Rules say when a rate is judged.
type Rules struct {
	Baseline int   // windows
	MinN     int64 // trials that a window needs
}

// Judgement is what a window said.
type Judgement struct {
	Learning bool    // the baseline is not complete, or the window is too small to say anything
	Score    float64 // standard deviations
	Alarm    bool    // an alarm is on
	Began    bool    // with this window
	Ended    bool    // with this window
	Was, Is  float64 // shares: of the baseline, of the window
}

// Step takes the next window, which began at a time.
func (s *State) Step(at time.Time, w Window, r Rules) (j Judgement) {
	if w.N < r.MinN || w.K < 0 || w.K > w.N {
		return Judgement{Learning: true, Alarm: !s.Since.IsZero()}
	}
	if len(s.Base) < r.Baseline {
		s.Base = append(s.Base, w)
		return Judgement{Learning: true}
	}
	base := sum(s.Base)
	j = Judgement{Score: score(s.Base, base, w), Was: base.share(), Is: w.share()}
	s.Up = max(0, s.Up+j.Score-allowance)
	s.Down = max(0, s.Down-j.Score-allowance)
	on := !s.Since.IsZero()
	switch {
	case !on && max(s.Up, s.Down) > threshold:
		s.Since, s.Rose, s.Recent = at, s.Up > s.Down, nil
		j.Began = true
	case on && s.Up == 0 && s.Down == 0: // as before for long enough to forget the change
		s.Since, s.Recent = time.Time{}, nil
		j.Ended = true
	}
	if !s.Since.IsZero() {
		// the sums are bounded, so that the end of a change is noticed as fast as its begin
		s.Up, s.Down = min(s.Up, threshold), min(s.Down, threshold)
		if s.Recent = append(s.Recent, w); len(s.Recent) >= r.Baseline { // this is how it is now
			*s = State{Base: s.Recent}
			j.Ended = true
		}
	}
	j.Alarm = !s.Since.IsZero()
	return j
}

func (w Window) share() float64 { return float64(w.K) / float64(max(w.N, 1)) }

func sum(list []Window) (total Window) {
	for _, w := range list {
		total.N += w.N
		total.K += w.K
	}
	return total
}

// score is where a window stands in what the baseline predicts, in standard deviations of a normal distribution.
func score(list []Window, base, w Window) float64 {
	p := (float64(base.K) + 0.5) / (float64(base.N) + 1)
	spread := dispersion(list, base) * (1 + float64(w.N)/float64(base.N)) // of the windows, and of not knowing p exactly
	// The variance of a beta-binomial is n p (1-p) (1 + (n-1)/(m+1)), with m = a + b.
	m := maxConcentration
	if w.N > 1 {
		m = min(m, max(float64(w.N-1)/(spread-1)-1, 1))
	}
	above, at, below := tails(w, p, m)
	var z float64
	if above < below {
		z = math.Sqrt2 * math.Erfcinv(2*(above+at/2))
	} else {
		z = -math.Sqrt2 * math.Erfcinv(2*(below+at/2))
	}
	return max(-clip, min(clip, z))
}

// tails are the chances of more hits than w has, of as many, and of fewer, under a beta-binomial with mean p and a+b = m.
func tails(w Window, p, m float64) (above, at, below float64) {
	n, k := float64(w.N), float64(w.K)
	if n > maxExact { // the scatter of the rate counts by now, not that of the draws
		n, k = maxExact, math.Round(k*maxExact/n)
	}
	if sd := math.Sqrt(n * p * (1 - p) * (1 + (n-1)/(m+1))); sd > 30 && p*m > 100 && (1-p)*m > 100 { // as good as normal
		z := (k - n*p) / sd
		return math.Erfc(z/math.Sqrt2) / 2, 0, math.Erfc(-z/math.Sqrt2) / 2
	}
	a, b := p*m, (1-p)*m
	at = math.Exp(logMass(n, k, a, b))
	// Each mass follows from its neighbour: f(k+1)/f(k) = (n-k)(k+a) / ((k+1)(n-k-1+b)).
	walk := func(from float64, step float64) (total float64) {
		f := at
		for x := from; x >= 0 && x <= n; x += step {
			if step > 0 {
				f *= (n - x + 1) * (x - 1 + a) / (x * (n - x + b))
			} else {
				f *= (x + 1) * (n - x - 1 + b) / ((n - x) * (x + a))
			}
			if total += f; f < total*1e-15 && (x-n*p)*step > 0 {
				break
			}
		}
		return total
	}
	if k >= n*p {
		above = walk(k+1, 1)
		return above, at, max(0, 1-above-at)
	}
	below = walk(k-1, -1)
	return max(0, 1-below-at), at, below
}

// maxExact bounds the masses that are added up one by one.
const maxExact = 1e6

// maxConcentration is where a beta-binomial is as good as a binomial, and its logarithms lose no digits.
const maxConcentration = 1e7

// logMass is the logarithm of the mass of k hits among n.
func logMass(n, k, a, b float64) float64 {
	choose := gamma(n+1) - gamma(k+1) - gamma(n-k+1)
	return choose + gamma(k+a) + gamma(n-k+b) - gamma(n+a+b) - gamma(a) - gamma(b) + gamma(a+b)
}

func gamma(x float64) float64 {
	l, _ := math.Lgamma(x)
	return l
}

// dispersion is by how much the windows of the baseline scatter more than a binomial would: Pearson's chi-squared over its
// degrees of freedom, at least 1.
func dispersion(list []Window, base Window) float64 {
	p := base.share()
	if len(list) < 2 || p == 0 || p == 1 {
		return 1
	}
	chi := 0.0
	for _, w := range list {
		d := float64(w.K) - float64(w.N)*p
		chi += d * d / (float64(w.N) * p * (1 - p))
	}
	return max(1, chi/float64(len(list)-1))
}
