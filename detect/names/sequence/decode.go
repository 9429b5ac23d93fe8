package sequence

import "math"

// lattice is the memory of decoding one run.
type lattice struct {
	emit  [][Labels]float32
	best  [][Labels]float32
	from  [][Labels]Label
	alpha [][Labels]float64 // sums of exponents, each column scaled to 1
	beta  [][Labels]float64
	path  []Label
}

// longestRun bounds a run of candidates; the rest of a longer one is a run of its own.
const longestRun = 256

func (t *lattice) resize(n int) {
	if cap(t.emit) < n {
		t.emit = make([][Labels]float32, longestRun)
		t.best = make([][Labels]float32, longestRun)
		t.from = make([][Labels]Label, longestRun)
		t.alpha = make([][Labels]float64, longestRun)
		t.beta = make([][Labels]float64, longestRun)
		t.path = make([]Label, longestRun)
	}
	t.emit, t.best, t.from = t.emit[:n], t.best[:n], t.from[:n]
	t.alpha, t.beta, t.path = t.alpha[:n], t.beta[:n], t.path[:n]
}

var forbidden = float32(math.Inf(-1))

// viterbi finds the most probable labels of the run whose emissions are in t.emit. It reports whether any is not Outside.
func (m *Model) viterbi(t *lattice) bool {
	n := len(t.emit)
	for l := range Labels {
		t.best[0][l] = forbidden
		if Allowed(Outside, l) {
			t.best[0][l] = m.steps[Outside][l] + t.emit[0][l]
		}
	}
	for i := 1; i < n; i++ {
		for l := range Labels {
			top, from := forbidden, Outside
			for p := range Labels {
				if l.Inside() && p != l && p != l-1 {
					continue
				}
				if s := t.best[i-1][p] + m.steps[p][l]; s > top {
					top, from = s, p
				}
			}
			t.best[i][l], t.from[i][l] = top+t.emit[i][l], from
		}
	}
	top, last := forbidden, Outside
	for l := range Labels {
		if s := t.best[n-1][l] + m.steps[l][Outside]; s > top {
			top, last = s, l
		}
	}
	found := false
	for i := n - 1; i >= 0; i-- {
		t.path[i] = last
		found = found || last != Outside
		last = t.from[i][last]
	}
	return found
}

// marginals fills alpha and beta, so that probability can be asked.
func (m *Model) marginals(t *lattice) {
	n := len(t.emit)
	e := func(i int, l Label) float64 { return math.Exp(float64(t.emit[i][l] - top(&t.emit[i]))) }
	for l := range Labels {
		t.alpha[0][l] = 0
		if Allowed(Outside, l) {
			t.alpha[0][l] = math.Exp(float64(m.steps[Outside][l])) * e(0, l)
		}
	}
	normalise(&t.alpha[0])
	for i := 1; i < n; i++ {
		for l := range Labels {
			sum := 0.0
			for p := range Labels {
				if Allowed(p, l) {
					sum += t.alpha[i-1][p] * m.exp(p, l)
				}
			}
			t.alpha[i][l] = sum * e(i, l)
		}
		normalise(&t.alpha[i])
	}
	for l := range Labels {
		t.beta[n-1][l] = m.exp(l, Outside)
	}
	for i := n - 2; i >= 0; i-- {
		for l := range Labels {
			sum := 0.0
			for next := range Labels {
				if Allowed(l, next) {
					sum += m.exp(l, next) * e(i+1, next) * t.beta[i+1][next]
				}
			}
			t.beta[i][l] = sum
		}
		normalise(&t.beta[i])
	}
}

func (m *Model) exp(p, l Label) float64 { return math.Exp(float64(m.steps[p][l])) }

func top(a *[Labels]float32) float32 {
	t := a[0]
	for _, v := range a[1:] {
		t = max(t, v)
	}
	return t
}

func normalise(a *[Labels]float64) {
	sum := 0.0
	for _, v := range a {
		sum += v
	}
	if sum > 0 {
		for l := range a {
			a[l] /= sum
		}
	}
}

// kindAt is the probability that token i belongs to a span of the kind that begins with label begin.
func (t *lattice) kindAt(i int, begin Label) float64 {
	sum, part := 0.0, 0.0
	for l := range Labels {
		p := t.alpha[i][l] * t.beta[i][l]
		sum += p
		if l == begin || l == begin+1 {
			part += p
		}
	}
	if sum == 0 {
		return 0
	}
	return part / sum
}
