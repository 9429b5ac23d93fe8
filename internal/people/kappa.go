package people

import (
	"math"
	"slices"
)

// Agreement is how far two persons who judged the same items, each without seeing the other's verdict, agree beyond chance.
type Agreement struct {
	Items    int     `json:"items"`    // judged twice
	Agreed   int     `json:"agreed"`   // alike
	Kappa    float64 `json:"kappa"`    // Cohen, Educational and Psychological Measurement 20, 1960
	Low      float64 `json:"low"`      // 95 % interval
	High     float64 `json:"high"`     //
	Estimate bool    `json:"estimate"` // false: too few items, or all of them in one category
}

// kappa compares pairs of ratings. The standard error is that of Fleiss, Cohen and Everitt (Psychological Bulletin 72, 1969),
// which holds where kappa is not 0.
func kappa(pairs [][2]string) Agreement {
	a := Agreement{Items: len(pairs)}
	var names []string
	for _, p := range pairs {
		names = append(names, p[0], p[1])
		if p[0] == p[1] {
			a.Agreed++
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	k, n := len(names), float64(len(pairs))
	if n < 2 {
		return a
	}
	p := make([][]float64, k)
	first, second := make([]float64, k), make([]float64, k)
	for i := range p {
		p[i] = make([]float64, k)
	}
	for _, pair := range pairs {
		i, _ := slices.BinarySearch(names, pair[0])
		j, _ := slices.BinarySearch(names, pair[1])
		p[i][j] += 1 / n
		first[i] += 1 / n
		second[j] += 1 / n
	}
	observed, chance := 0.0, 0.0
	for i := range p {
		observed += p[i][i]
		chance += first[i] * second[i]
	}
	if 1-chance < 1e-12 {
		return a
	}
	a.Kappa, a.Estimate = (observed-chance)/(1-chance), true
	one := 1 - a.Kappa
	sum := 0.0
	for i := range p {
		for j := range p {
			if i == j {
				d := 1 - (first[i]+second[i])*one
				sum += p[i][i] * d * d
			} else {
				d := second[i] + first[j]
				sum += p[i][j] * one * one * d * d
			}
		}
	}
	d := a.Kappa - chance*one
	se := math.Sqrt(max(0, sum-d*d)/n) / (1 - chance)
	a.Low, a.High = max(-1, a.Kappa-z95*se), min(1, a.Kappa+z95*se)
	return a
}
