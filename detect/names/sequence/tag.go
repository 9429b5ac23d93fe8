package sequence

// Tag appends the names in text to dst, ascending and not overlapping. Time is linear in len(text); memory does not
// depend on it.
func (r *Reader) Tag(dst []Span, text []byte) []Span {
	for at := 0; at < len(text); {
		next := r.read(text, at)
		dst = r.decode(dst)
		at = next
	}
	return dst
}

// decode labels the runs of candidates in the block that was read.
func (r *Reader) decode(dst []Span) []Span {
	for lo := 0; lo < len(r.tokens); {
		if !r.tokens[lo].candidate {
			lo++
			continue
		}
		hi := lo + 1
		for hi < len(r.tokens) && r.tokens[hi].candidate && hi-lo < longestRun && r.tokens[hi].line == r.tokens[lo].line {
			hi++
		}
		r.emit(lo, hi)
		if r.model.viterbi(&r.table) {
			r.model.marginals(&r.table)
			dst = r.collect(dst, lo, hi)
		}
		lo = hi
	}
	return dst
}

// emit computes the emissions of the run from lo to hi.
func (r *Reader) emit(lo, hi int) {
	r.table.resize(hi - lo)
	for i := lo; i < hi; i++ {
		r.feats = r.features(r.feats[:0], i, lo, hi)
		r.model.emissions(&r.table.emit[i-lo], r.feats)
	}
}

// collect turns the labels of the run from lo to hi into spans. The score of a span is the lowest probability of its
// tokens.
func (r *Reader) collect(dst []Span, lo, hi int) []Span {
	for i := lo; i < hi; i++ {
		begin := r.table.path[i-lo]
		if begin == Outside {
			continue
		}
		end, score := i, 1.0
		for ; end < hi && (end == i || r.table.path[end-lo] == begin+1); end++ {
			score = min(score, r.table.kindAt(end-lo, begin))
		}
		dst = append(dst, Span{
			Start: r.base + int(r.tokens[i].start), End: r.base + int(r.tokens[end-1].end),
			Label: begin, Score: float32(score),
		})
		i = end - 1
	}
	return dst
}
