package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"

	"github.com/reeve-ai/reeve/detect/names/sequence"
)

const labels = int(sequence.Labels)

// trainer fits a conditional random field by stochastic gradient ascent on the log-likelihood, with a rate of its own
// for every weight (AdaGrad: Duchi, Hazan, Singer 2011) and an L2 penalty.
type trainer struct {
	runs    []sequence.Run
	tokens  int
	weights []float32 // sequence.Rows × 8
	squares []float32
	steps   [sequence.Labels][sequence.Labels]float32
	stepSq  [sequence.Labels][sequence.Labels]float32
	readers map[*sequence.Lexicon]*sequence.Reader

	alpha, beta, emit [][labels]float64
}

func newTrainer() *trainer {
	return &trainer{
		weights: make([]float32, sequence.Rows*8), squares: make([]float32, sequence.Rows*8),
		readers: map[*sequence.Lexicon]*sequence.Reader{},
	}
}

// add reads the runs of an example with a lexicon.
func (t *trainer) add(l *sequence.Lexicon, x *sequence.Example) {
	r := t.readers[l]
	if r == nil {
		r = new(sequence.Reader)
		r.Use(&sequence.Model{Lexicon: l})
		t.readers[l] = r
	}
	r.Learn(x, func(run *sequence.Run) {
		t.runs = append(t.runs, sequence.Run{Rows: append([][]uint32(nil), run.Rows...), Labels: append([]sequence.Label(nil), run.Labels...)})
		t.tokens += len(run.Labels)
	})
}

const (
	rate    = 0.12 // first step
	penalty = 2e-3 // of the square of a weight, at each step that moves it
	drop    = 0.2  // part of the rows that a step does not see
	cut     = 4    // rows that fewer tokens have are not learned
	settled = 1    // epochs before the average of weights begins
)

// train makes the given number of passes. The result is the average of the weights after each pass but the first.
func (t *trainer) train(epochs int, random *rand.Rand) {
	t.prune(cut)
	mean := newAverage(t)
	for epoch := range epochs {
		random.Shuffle(len(t.runs), func(i, j int) { t.runs[i], t.runs[j] = t.runs[j], t.runs[i] })
		loss := 0.0
		speed := float32(rate / (1 + 0.15*float64(epoch)))
		for i := range t.runs {
			loss += t.learn(&t.runs[i], speed, random)
		}
		fmt.Fprintf(os.Stderr, "epoch %d: loss %.4f for each token\n", epoch+1, loss/float64(t.tokens))
		if epoch >= settled {
			mean.add(t)
		}
	}
	mean.apply(t)
}

// learn makes one step for one run and returns its loss.
func (t *trainer) learn(run *sequence.Run, speed float32, random *rand.Rand) float64 {
	n := len(run.Labels)
	for len(t.emit) < n {
		t.emit, t.alpha, t.beta = append(t.emit, [labels]float64{}), append(t.alpha, [labels]float64{}), append(t.beta, [labels]float64{})
	}
	run = thin(run, random)
	for i, rows := range run.Rows {
		var e [labels]float64
		for _, row := range rows {
			w := t.weights[int(row)*8 : int(row)*8+labels]
			for l := range e {
				e[l] += float64(w[l])
			}
		}
		t.emit[i] = e
	}
	total := t.forwardBackward(n)
	loss := total - t.path(run)
	for i, rows := range run.Rows {
		var g [labels]float32
		for l := range g {
			g[l] = -float32(math.Exp(t.alpha[i][l] + t.beta[i][l] - total))
		}
		g[run.Labels[i]]++
		for _, row := range rows {
			at := int(row) * 8
			for l, v := range g {
				t.move(&t.weights[at+l], &t.squares[at+l], v, speed)
			}
		}
	}
	t.moveSteps(run, total, speed)
	return loss
}

func (t *trainer) move(w, sq *float32, g, speed float32) {
	if g > -1e-4 && g < 1e-4 {
		return
	}
	*sq += g * g
	*w += speed*g/float32(math.Sqrt(float64(*sq)+1e-6)) - penalty*speed**w
}

// path is the score of the true labels.
func (t *trainer) path(run *sequence.Run) float64 {
	sum, last := 0.0, sequence.Outside
	for i, l := range run.Labels {
		sum += float64(t.steps[last][l]) + t.emit[i][l]
		last = l
	}
	return sum + float64(t.steps[last][sequence.Outside])
}

// forwardBackward fills alpha and beta with logarithms and returns that of the sum over all paths.
func (t *trainer) forwardBackward(n int) float64 {
	for l := range sequence.Labels {
		t.alpha[0][l] = t.step(sequence.Outside, l) + t.emit[0][l]
	}
	var terms [labels]float64
	for i := 1; i < n; i++ {
		for l := range sequence.Labels {
			for p := range sequence.Labels {
				terms[p] = t.alpha[i-1][p] + t.step(p, l)
			}
			t.alpha[i][l] = logSum(&terms) + t.emit[i][l]
		}
	}
	for l := range sequence.Labels {
		t.beta[n-1][l] = t.step(l, sequence.Outside)
	}
	for i := n - 2; i >= 0; i-- {
		for l := range sequence.Labels {
			for next := range sequence.Labels {
				terms[next] = t.step(l, next) + t.emit[i+1][next] + t.beta[i+1][next]
			}
			t.beta[i][l] = logSum(&terms)
		}
	}
	for l := range sequence.Labels {
		terms[l] = t.alpha[n-1][l] + t.beta[n-1][l]
	}
	return logSum(&terms)
}

const never = -1e4

func (t *trainer) step(p, l sequence.Label) float64 {
	if !sequence.Allowed(p, l) {
		return never
	}
	return float64(t.steps[p][l])
}

func logSum(terms *[labels]float64) float64 {
	top := terms[0]
	for _, v := range terms[1:] {
		top = max(top, v)
	}
	sum := 0.0
	for _, v := range terms {
		if v > top-30 {
			sum += math.Exp(v - top)
		}
	}
	return top + math.Log(sum)
}

// moveSteps moves the weights of label pairs, those at both ends of the run included.
func (t *trainer) moveSteps(run *sequence.Run, total float64, speed float32) {
	var g [sequence.Labels][sequence.Labels]float64
	n := len(run.Labels)
	last := sequence.Outside
	for _, l := range run.Labels {
		g[last][l]++
		last = l
	}
	g[last][sequence.Outside]++
	for l := range sequence.Labels {
		g[sequence.Outside][l] -= math.Exp(t.alpha[0][l] + t.beta[0][l] - total)
		g[l][sequence.Outside] -= math.Exp(t.alpha[n-1][l] + t.beta[n-1][l] - total)
	}
	for i := 1; i < n; i++ {
		for p := range sequence.Labels {
			for l := range sequence.Labels {
				if sequence.Allowed(p, l) {
					g[p][l] -= math.Exp(t.alpha[i-1][p] + t.step(p, l) + t.emit[i][l] + t.beta[i][l] - total)
				}
			}
		}
	}
	for p := range g {
		for l := range g[p] {
			if sequence.Allowed(sequence.Label(p), sequence.Label(l)) {
				t.move(&t.steps[p][l], &t.stepSq[p][l], float32(g[p][l]), speed)
			}
		}
	}
}
