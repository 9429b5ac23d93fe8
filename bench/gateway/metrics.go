package main

import (
	"math"
	"slices"
	"strings"
)

// figure is one named number of a result.
type figure struct {
	name  string
	value float64
}

// metrics are the medians over the rounds. Ratios are taken within a round, then their median.
func (t *target) metrics(scs []scenario, direct, rp *target) (m []figure) {
	errs, peak := 0., 0.
	for _, s := range scs {
		rs := t.res[s.name]
		if len(rs) == 0 {
			continue
		}
		var e, n float64
		for _, r := range rs {
			e += float64(r.Errors)
			n += float64(r.Requests)
			peak = max(peak, r.PeakMB)
		}
		errs += e
		f := figures{t: t, s: s, direct: direct, rp: rp}
		f.add("requests", n)
		f.add("errors", e)
		if n > 0 {
			f.all()
		}
		m = append(m, f.list...)
	}
	f := figures{t: t, direct: direct, rp: rp}
	f.add("rss_idle_mb", t.idleMB)
	f.add("rss_peak_mb", peak)
	if f.compared() {
		f.add("rss_peak_ratio", peak/rp.peakMB())
	}
	f.add("errors", errs)
	if t.blocked != "" && !strings.HasPrefix(t.policy, "not checked") {
		f.add("policy_leak_bytes", float64(t.leak))
	}
	return append(m, f.list...)
}

func (t *target) peakMB() (peak float64) {
	for _, rs := range t.res {
		for _, r := range rs {
			peak = max(peak, r.PeakMB)
		}
	}
	return peak
}

// figures computes the numbers of one target in one scenario.
type figures struct {
	t, direct, rp *target
	s             scenario
	list          []figure
}

// compared says whether the target is set against the baseline.
func (f *figures) compared() bool { return f.t != f.direct && f.t != f.rp }

func (f *figures) add(name string, v float64) {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return
	}
	if f.s.name != "" {
		name = f.s.name + "_" + name
	}
	f.list = append(f.list, figure{name, v})
}

// of gives the rounds of a target in this scenario.
func (f *figures) of(t *target) []Result { return t.res[f.s.name] }

func (f *figures) val(name string, get func(Result) float64) {
	f.add(name, median(f.of(f.t), nil, func(r, _ Result) float64 { return get(r) }))
}

func (f *figures) added(name string, get func(Result) float64) {
	if f.t != f.direct {
		f.add(name, median(f.of(f.t), f.of(f.direct), func(r, d Result) float64 { return get(r) - get(d) }))
	}
}

func (f *figures) ratio(name string, get func(Result) float64) {
	if f.compared() {
		f.add(name, median(f.of(f.t), f.of(f.rp), func(r, b Result) float64 { return get(r) / get(b) }))
	}
}

func (f *figures) all() {
	cpu := func(r Result) float64 { return r.CPU }
	rps := func(r Result) float64 { return r.RPS }
	f.val("cpu_us", cpu)
	f.ratio("cpu_ratio", cpu)
	if f.compared() {
		lo, hi := spread(f.of(f.t), f.of(f.rp), func(r, b Result) float64 { return r.CPU / b.CPU })
		f.add("cpu_ratio_min", lo)
		f.add("cpu_ratio_max", hi)
	}
	f.val("rps", rps)
	if f.s.gapUS == 0 && f.s.rate == 0 {
		f.ratio("rps_ratio", rps)
		f.val("rps_per_core", func(r Result) float64 { return 1e6 / r.CPU })
	}
	if f.s.gapUS == 0 {
		p50 := func(r Result) float64 { return r.P50 }
		f.val("p50_us", p50)
		f.val("p99_us", func(r Result) float64 { return r.P99 })
		f.added("added_p50_us", p50)
		f.ratio("p50_ratio", p50)
	}
	if f.s.stream {
		f.val("ttft_p50_us", func(r Result) float64 { return r.TTFT50 })
	}
	if f.s.gapUS > 0 {
		f.tokens()
	}
	if f.s.name == "many" {
		f.val("rss_mb", func(r Result) float64 { return r.NowMB })
	}
}

func (f *figures) tokens() {
	t50, t99 := func(r Result) float64 { return r.Token50 }, func(r Result) float64 { return r.Token99 }
	f.val("token_p50_us", t50)
	f.val("token_p99_us", t99)
	f.added("token_added_p50_us", t50)
	f.added("token_added_p99_us", t99)
	if f.compared() {
		f.add("token_added_p50_ratio", threeRatio(f.of(f.t), f.of(f.rp), f.of(f.direct), t50))
		f.add("token_added_p99_ratio", threeRatio(f.of(f.t), f.of(f.rp), f.of(f.direct), t99))
	}
}

// each pairs the rounds of two targets and gives the finite values, sorted.
func each(a, b []Result, f func(a, b Result) float64) (v []float64) {
	for i := range a {
		var y Result
		if b != nil {
			if i >= len(b) {
				break
			}
			y = b[i]
		}
		if x := f(a[i], y); !math.IsNaN(x) && !math.IsInf(x, 0) {
			v = append(v, x)
		}
	}
	slices.Sort(v)
	return v
}

func median(a, b []Result, f func(a, b Result) float64) float64 {
	v := each(a, b, f)
	if len(v) == 0 {
		return math.NaN()
	}
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}

func spread(a, b []Result, f func(a, b Result) float64) (lo, hi float64) {
	v := each(a, b, f)
	if len(v) == 0 {
		return math.NaN(), math.NaN()
	}
	return v[0], v[len(v)-1]
}

// threeRatio compares what the target adds over direct with what the baseline adds.
func threeRatio(t, rp, direct []Result, f func(Result) float64) float64 {
	a := median(t, direct, func(r, d Result) float64 { return f(r) - f(d) })
	b := median(rp, direct, func(r, d Result) float64 { return f(r) - f(d) })
	if b <= 0 {
		return math.NaN()
	}
	return a / b
}
