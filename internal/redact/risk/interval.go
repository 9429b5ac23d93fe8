package risk

import "math"

// Interval is where a share of a whole lies, with the confidence that was asked for.
type Interval struct {
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// Wilson is the score interval for x of n (Wilson, "Probable inference", 1927), recommended for its coverage by Brown, Cai
// and DasGupta, "Interval estimation for a binomial proportion", 2001.
func Wilson(x, n int, confidence float64) Interval {
	if n == 0 {
		return Interval{0, 1}
	}
	z := math.Sqrt2 * math.Erfinv(confidence)
	p, m := float64(x)/float64(n), float64(n)
	mid := p + z*z/(2*m)
	half := z * math.Sqrt(p*(1-p)/m+z*z/(4*m*m))
	low, high := (mid-half)/(1+z*z/m), (mid+half)/(1+z*z/m)
	if x == 0 {
		low = 0 // exactly, where rounding would leave a rest
	}
	if x == n {
		high = 1
	}
	return Interval{max(0, low), min(1, high)}
}

// ClopperPearson is the exact interval for x of n: it never covers less often than it says (Clopper and Pearson, "The use of
// confidence or fiducial limits", 1934).
func ClopperPearson(x, n int, confidence float64) Interval {
	if n == 0 {
		return Interval{0, 1}
	}
	tail := (1 - confidence) / 2
	return Interval{lower(x, n, tail), Upper(x, n, 1-tail)}
}

// Upper is the exact one-sided bound for x of n. For x = 0 and a confidence of 0.95 it is about 3/n, the rule of three
// (Hanley and Lippman-Hand, "If nothing goes wrong, is everything all right?", JAMA 249(13), 1983).
func Upper(x, n int, confidence float64) float64 {
	switch {
	case n == 0 || x == n:
		return 1
	case x == 0:
		return 1 - math.Pow(1-confidence, 1/float64(n))
	}
	return bisect(func(p float64) bool { return betaCDF(p, float64(x+1), float64(n-x)) < confidence })
}

func lower(x, n int, tail float64) float64 {
	switch {
	case x == 0:
		return 0
	case x == n:
		return math.Pow(tail, 1/float64(n))
	}
	return bisect(func(p float64) bool { return betaCDF(p, float64(x), float64(n-x+1)) < tail })
}

// bisect finds where below turns false between 0 and 1.
func bisect(below func(float64) bool) float64 {
	low, high := 0.0, 1.0
	for range 100 {
		if mid := (low + high) / 2; below(mid) {
			low = mid
		} else {
			high = mid
		}
	}
	return (low + high) / 2
}

// betaCDF is the regularised incomplete beta function I_x(a, b), by its continued fraction (DLMF 8.17.22) in Lentz's way.
func betaCDF(x, a, b float64) float64 {
	if x <= 0 || x >= 1 {
		return min(max(x, 0), 1)
	}
	if x > (a+1)/(a+b+2) {
		return 1 - betaCDF(1-x, b, a) // DLMF 8.17.4: where the fraction converges fast
	}
	la, _ := math.Lgamma(a)
	lb, _ := math.Lgamma(b)
	lab, _ := math.Lgamma(a + b)
	front := math.Exp(lab-la-lb+a*math.Log(x)+b*math.Log1p(-x)) / a
	const tiny = 1e-300
	c, d := 1.0, 1-(a+b)*x/(a+1)
	if math.Abs(d) < tiny {
		d = tiny
	}
	d = 1 / d
	f := d
	for m := 1.0; m <= 1000; m++ {
		for _, t := range [2]float64{
			m * (b - m) * x / ((a + 2*m - 1) * (a + 2*m)),
			-(a + m) * (a + b + m) * x / ((a + 2*m) * (a + 2*m + 1)),
		} {
			if d = 1 + t*d; math.Abs(d) < tiny {
				d = tiny
			}
			if c = 1 + t/c; math.Abs(c) < tiny {
				c = tiny
			}
			d = 1 / d
			f *= c * d
		}
		if math.Abs(c*d-1) < 1e-15 {
			break
		}
	}
	return front * f
}
