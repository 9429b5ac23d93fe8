package sequence

// Example is a text with its names, for training.
type Example struct {
	Text  []byte
	Spans []Span // Label and offsets; Score is not used
}

// Run is one run of candidates of an Example: the rows of each token and its true label.
type Run struct {
	Rows   [][]uint32
	Labels []Label
}

// Learn calls run for each run of candidates in the example. Rows are valid during the call only.
func (r *Reader) Learn(x *Example, run func(*Run)) {
	var out Run
	for at := 0; at < len(x.Text); {
		next := r.read(x.Text, at)
		for lo := 0; lo < len(r.tokens); {
			if !r.tokens[lo].candidate {
				lo++
				continue
			}
			hi := lo + 1
			for hi < len(r.tokens) && r.tokens[hi].candidate && hi-lo < longestRun && r.tokens[hi].line == r.tokens[lo].line {
				hi++
			}
			out.Rows, out.Labels = out.Rows[:0], r.truth(out.Labels[:0], x, lo, hi)
			for i := lo; i < hi; i++ {
				out.Rows = append(out.Rows, r.features(nil, i, lo, hi))
			}
			run(&out)
			lo = hi
		}
		at = next
	}
}

// truth appends the labels of the tokens from lo to hi.
func (r *Reader) truth(dst []Label, x *Example, lo, hi int) []Label {
	previous := -1
	for i := lo; i < hi; i++ {
		start, end := r.base+int(r.tokens[i].start), r.base+int(r.tokens[i].end)
		label, at := Outside, -1
		for k, s := range x.Spans {
			if start < s.End && s.Start < end {
				label, at = s.Label, k
				break
			}
		}
		if at >= 0 && at == previous {
			label++
		}
		previous = at
		dst = append(dst, label)
	}
	return dst
}
