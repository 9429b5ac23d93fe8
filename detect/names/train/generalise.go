package main

import (
	"math/rand/v2"

	"github.com/reeve-ai/reeve/detect/names/sequence"
)

// What keeps the model from learning its texts by heart: rare rows are dropped, every step misses some rows, and the
// weights of several passes are averaged.

// thin returns the run without some of its rows, chosen by chance, so that no single feature is trusted too much.
func thin(run *sequence.Run, random *rand.Rand) *sequence.Run {
	out := &sequence.Run{Labels: run.Labels}
	for _, rows := range run.Rows {
		kept := make([]uint32, 0, len(rows))
		for _, row := range rows {
			if random.Float64() >= drop {
				kept = append(kept, row)
			}
		}
		out.Rows = append(out.Rows, kept)
	}
	return out
}

// prune drops rows that fewer than n tokens have.
func (t *trainer) prune(n int) {
	counts := make([]int32, sequence.Rows)
	for i := range t.runs {
		for _, rows := range t.runs[i].Rows {
			for _, row := range rows {
				counts[row]++
			}
		}
	}
	for i := range t.runs {
		for k, rows := range t.runs[i].Rows {
			kept := rows[:0]
			for _, row := range rows {
				if counts[row] >= int32(n) {
					kept = append(kept, row)
				}
			}
			t.runs[i].Rows[k] = kept
		}
	}
}

// average sums weights after passes.
type average struct {
	n       float32
	weights []float32
	steps   [sequence.Labels][sequence.Labels]float32
}

func newAverage(t *trainer) *average { return &average{weights: make([]float32, len(t.weights))} }

func (a *average) add(t *trainer) {
	a.n++
	for i, w := range t.weights {
		a.weights[i] += w
	}
	for p := range t.steps {
		for l, w := range t.steps[p] {
			a.steps[p][l] += w
		}
	}
}

// apply sets the weights of t to the averages. Without any, nothing changes.
func (a *average) apply(t *trainer) {
	if a.n == 0 {
		return
	}
	for i, w := range a.weights {
		t.weights[i] = w / a.n
	}
	for p := range t.steps {
		for l := range t.steps[p] {
			t.steps[p][l] = a.steps[p][l] / a.n
		}
	}
}
