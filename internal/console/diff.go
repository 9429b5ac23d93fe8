package console

import "strings"

// diffLine is a line of a comparison: "+" came, "-" went, " " stayed, "…" stands for some that stayed.
type diffLine struct{ Mark, Text string }

// maxDiff bounds the lines of each text that are compared, and around how many lines of context are shown.
const (
	maxDiff     = 4000
	diffContext = 3
)

// diff compares two texts line by line, by their longest common subsequence. What is the same at both ends is set aside first, so
// that the table stays small.
func diff(before, after string) []diffLine {
	a, b := split(before), split(after)
	head := 0
	for head < len(a) && head < len(b) && a[head] == b[head] {
		head++
	}
	tail := 0
	for tail < len(a)-head && tail < len(b)-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	var out []diffLine
	for _, s := range a[:head] {
		out = append(out, diffLine{" ", s})
	}
	out = append(out, middle(a[head:len(a)-tail], b[head:len(b)-tail])...)
	for _, s := range a[len(a)-tail:] {
		out = append(out, diffLine{" ", s})
	}
	return folded(out)
}

func split(s string) []string {
	if s == "" {
		return nil
	}
	lines := strings.Split(strings.TrimSuffix(s, "\n"), "\n")
	return lines[:min(len(lines), maxDiff)]
}

// middle fills the table of longest common subsequences from the end and walks it from the start.
func middle(a, b []string) (out []diffLine) {
	width := len(b) + 1
	long := make([]int32, (len(a)+1)*width)
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				long[i*width+j] = long[(i+1)*width+j+1] + 1
			} else {
				long[i*width+j] = max(long[(i+1)*width+j], long[i*width+j+1])
			}
		}
	}
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			out = append(out, diffLine{" ", a[i]})
			i, j = i+1, j+1
		case j == len(b) || i < len(a) && long[(i+1)*width+j] >= long[i*width+j+1]:
			out = append(out, diffLine{"-", a[i]})
			i++
		default:
			out = append(out, diffLine{"+", b[j]})
			j++
		}
	}
	return out
}

// folded leaves out what stayed, but for some lines around what did not.
func folded(lines []diffLine) []diffLine {
	near := make([]bool, len(lines))
	for i, l := range lines {
		if l.Mark == " " {
			continue
		}
		for k := max(0, i-diffContext); k <= min(len(lines)-1, i+diffContext); k++ {
			near[k] = true
		}
	}
	var out []diffLine
	for i, l := range lines {
		switch {
		case near[i]:
			out = append(out, l)
		case len(out) == 0 || out[len(out)-1].Mark != "…":
			out = append(out, diffLine{"…", ""})
		}
	}
	if len(out) == 1 && out[0].Mark == "…" {
		return nil
	}
	return out
}
