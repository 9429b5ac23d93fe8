package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"runtime"
	"strconv"
	"strings"
	"text/tabwriter"
)

// printJSON prints the target's one line of results.
func (t *target) printJSON(m []figure, rounds int, secs float64) {
	var b strings.Builder
	fmt.Fprintf(&b, `{"target":%q,"baseline":%q,"rounds":%d,"seconds":%g,"go":%q,"cores":%d,"policy":%s`,
		t.name, baseline, rounds, secs, runtime.Version(), runtime.NumCPU(), mustJSON(t.policy))
	for _, x := range m {
		fmt.Fprintf(&b, `,%q:%s`, x.name, num(x.value))
	}
	for s, why := range t.skip {
		fmt.Fprintf(&b, `,%q:%s`, s+"_skipped", mustJSON(why))
	}
	for s, rs := range t.res {
		for _, r := range rs {
			if r.Error != "" {
				fmt.Fprintf(&b, `,%q:%s`, s+"_first_error", mustJSON(r.Error))
				break
			}
		}
	}
	fmt.Println(b.String() + "}")
}

func mustJSON(s string) string { b, _ := json.Marshal(s); return string(b) } // a string always marshals

func num(v float64) string {
	switch {
	case v == math.Trunc(v) || math.Abs(v) >= 1000:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case math.Abs(v) >= 10:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strconv.FormatFloat(v, 'f', 3, 64)
}

// lookup gives a figure by name.
type lookup func(name string) (float64, bool)

// column is one column of the table for people.
type column struct {
	head string
	cell func(lookup) string
}

// plain shows one figure.
func plain(name string) func(lookup) string {
	return func(get lookup) string {
		v, ok := get(name)
		switch {
		case !ok:
			return "-"
		case math.Abs(v) < 100 && v != math.Trunc(v):
			return strconv.FormatFloat(v, 'f', 1, 64)
		}
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
}

// withRatio shows a figure and, where it is set against the baseline, the ratio.
func withRatio(name, ratio string) func(lookup) string {
	return func(get lookup) string {
		v, ok := get(name)
		if !ok {
			return "-"
		}
		s := strconv.FormatFloat(v, 'f', 0, 64)
		if r, ok := get(ratio); ok {
			s += fmt.Sprintf(" (×%.2f)", r)
		}
		return s
	}
}

func columns(scs []scenario) (cols []column) {
	for _, s := range scs {
		n := s.name + "_"
		cols = append(cols, column{s.name + " cpu µs", withRatio(n+"cpu_us", n+"cpu_ratio")})
		if s.gapUS > 0 {
			cols = append(cols, column{"token added p50 µs", withRatio(n+"token_added_p50_us", n+"token_added_p50_ratio")},
				column{"p99 µs", plain(n + "token_added_p99_us")})
			continue
		}
		cols = append(cols, column{"req/s", plain(n + "rps")})
		if !s.stream {
			cols = append(cols, column{"added p50 µs", plain(n + "added_p50_us")})
		}
	}
	return append(cols, column{"idle MB", plain("rss_idle_mb")}, column{"peak MB", withRatio("rss_peak_mb", "rss_peak_ratio")},
		column{"errors", plain("errors")})
}

// table prints the results for people, on standard error.
func table(ts []*target, scs []scenario, direct, rp *target) {
	fmt.Fprintf(os.Stderr, "\nCPU is the target's own, per request or per 100-token stream; ×: against %s in the same round; added: over direct; medians.\n", baseline)
	w := tabwriter.NewWriter(os.Stderr, 0, 1, 2, ' ', tabwriter.AlignRight)
	cols := columns(scs)
	fmt.Fprint(w, "target\t")
	for _, c := range cols {
		fmt.Fprint(w, c.head, "\t")
	}
	fmt.Fprint(w, "policy\t\n")
	for _, t := range ts {
		m := map[string]float64{}
		for _, x := range t.metrics(scs, direct, rp) {
			m[x.name] = x.value
		}
		get := func(k string) (float64, bool) { v, ok := m[k]; return v, ok }
		fmt.Fprint(w, t.name, "\t")
		for _, c := range cols {
			fmt.Fprint(w, c.cell(get), "\t")
		}
		short, _, _ := strings.Cut(t.policy, " in ")
		fmt.Fprint(w, short, "\t\n")
	}
	_ = w.Flush() // standard error: nobody is left to tell
	for _, t := range ts {
		if strings.Contains(t.policy, " in ") {
			fmt.Fprintf(os.Stderr, "%s: policy %s; longest leaked prefix %d of %d bytes\n", t.name, t.policy, t.leak, len(t.blocked))
		}
	}
}
