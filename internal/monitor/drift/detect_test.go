package drift

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

var (
	rules = Rules{Baseline: 72, MinN: 30}
	begin = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
)

// binomial draws hits by inversion in small pieces: exact, and fast enough for tests.
func binomial(r *rand.Rand, n int64, p float64) (k int64) {
	for range n {
		if r.Float64() < p {
			k++
		}
	}
	return k
}

// alarms runs a stream and gives the windows in which alarms began.
func alarms(windows int, draw func(i int) Window) (at []int) {
	var s State
	for i := range windows {
		if s.Step(begin.Add(time.Duration(i)*time.Hour), draw(i), rules).Began {
			at = append(at, i)
		}
	}
	return at
}

// TestFalseAlarms: streams without a change, of many rates and sizes, some of them scattering more than a binomial and some
// with a daily rhythm of traffic, raise at most one alarm in 3,000 windows. The seeds are fixed.
func TestFalseAlarms(t *testing.T) {
	windows, count := 0, 0
	for seed := range uint64(24) {
		for _, p := range []float64{0, 0.002, 0.02, 0.2, 0.5} {
			r := rand.New(rand.NewPCG(seed, math.Float64bits(p)))
			const length = 400
			got := alarms(length, func(i int) Window {
				n := int64(150 + 100*math.Sin(float64(i)*2*math.Pi/24) + 100*r.Float64())
				share := p
				if seed%3 == 0 { // a rate that is not the same every hour
					share *= math.Exp(0.4*r.NormFloat64() - 0.08)
				}
				return Window{n, binomial(r, n, min(share, 1))}
			})
			windows += length - rules.Baseline
			count += len(got)
		}
	}
	t.Logf("%d false alarms in %d windows", count, windows)
	if count*3000 > windows {
		t.Errorf("%d false alarms in %d windows", count, windows)
	}
}

// TestFindsChanges: what changes is told within some windows, in either direction, also when it comes slowly or from nothing.
func TestFindsChanges(t *testing.T) {
	for _, tt := range []struct {
		name   string
		n      int64
		share  func(after int) float64 // windows since the change; negative before it
		within int
	}{
		{"a rate doubles", 1000, func(a int) float64 { return step(a, 0.01, 0.02) }, 12},
		{"a rule falls silent", 500, func(a int) float64 { return step(a, 0.05, 0) }, 5},
		{"a rule begins to match", 500, func(a int) float64 { return step(a, 0, 0.02) }, 8},
		{"half of all is refused", 100, func(a int) float64 { return step(a, 0.02, 0.5) }, 2},
		{"it creeps up", 1000, func(a int) float64 { return 0.02 + 0.0005*float64(max(a, 0)) }, 40},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for seed := range uint64(10) {
				r := rand.New(rand.NewPCG(seed, 7))
				const change = 150
				got := alarms(change+100, func(i int) Window { return Window{tt.n, binomial(r, tt.n, tt.share(i-change))} })
				for len(got) > 0 && got[0] < change { // a false alarm; TestFalseAlarms counts them
					got = got[1:]
				}
				if len(got) == 0 || got[0]-change > tt.within {
					t.Errorf("seed %d: told at %v, the change was at %d", seed, got, change)
				}
			}
		})
	}
}

func step(after int, before, then float64) float64 {
	if after < 0 {
		return before
	}
	return then
}

// TestEnds: an alarm ends when the rate is as before, and when what is new has lasted for as long as a baseline.
func TestEnds(t *testing.T) {
	for name, lasts := range map[string]int{"a day": 24, "for good": 1000} {
		r := rand.New(rand.NewPCG(1, 2))
		var s State
		began, ended := 0, 0
		for i := range 400 {
			p := 0.02
			if i >= 100 && i < 100+lasts {
				p = 0.2
			}
			j := s.Step(begin, Window{300, binomial(r, 300, p)}, rules)
			if j.Began {
				began++
			}
			if j.Ended {
				ended++
			}
		}
		if began != 1 || ended != 1 || !s.Since.IsZero() {
			t.Errorf("%s: began %d, ended %d, %+v", name, began, ended, s.Since)
		}
	}
}

// TestTails: the masses of a beta-binomial sum to one, and the two tails are those of adding all masses up.
func TestTails(t *testing.T) {
	for _, n := range []int64{1, 7, 60, 400} {
		for _, p := range []float64{0.001, 0.1, 0.5, 0.97} {
			for _, m := range []float64{2, 50, 1e5} {
				var mass []float64
				total := 0.0
				for k := range n + 1 {
					f := math.Exp(logMass(float64(n), float64(k), p*m, (1-p)*m))
					mass = append(mass, f)
					total += f
				}
				if math.Abs(total-1) > 1e-6 {
					t.Fatalf("n %d p %v m %v: %v", n, p, m, total)
				}
				more := 0.0
				for k := n; k >= 0; k-- {
					above, at, below := tails(Window{n, k}, p, m)
					if math.Abs(above-more) > 1e-6 || math.Abs(at-mass[k]) > 1e-9 || math.Abs(above+at+below-1) > 1e-6 {
						t.Fatalf("n %d k %d p %v m %v: %v %v %v, want %v above", n, k, p, m, above, at, below, more)
					}
					more += mass[k]
				}
			}
		}
	}
}

func TestSmallAndWrongWindowsSayNothing(t *testing.T) {
	s := State{Base: make([]Window, 72)}
	for i := range s.Base {
		s.Base[i] = Window{100, 1}
	}
	for _, w := range []Window{{29, 29}, {0, 0}, {100, -1}, {100, 101}} {
		if j := s.Step(begin, w, rules); !j.Learning || j.Alarm || s.Up != 0 {
			t.Errorf("%+v: %+v", w, j)
		}
	}
}
