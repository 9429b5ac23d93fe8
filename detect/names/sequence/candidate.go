package sequence

// finish marks the tokens that may be parts of names.
func (r *Reader) finish() {
	for i := range r.tokens {
		t := &r.tokens[i]
		if t.blocked {
			continue
		}
		switch {
		case t.kind == mixWord && classes[r.text[r.base+int(t.start)]] == lower: // camelCase
			t.candidate = t.entry.Organization()
		case t.capital():
			t.candidate = !(t.kind == single && t.entry.Role() == Pronoun)
		case t.kind == alnum:
			t.candidate = classes[r.text[r.base+int(t.start)]] == upper
		case t.kind == lowWord:
			t.candidate = r.lowName(i, t)
		}
	}
	r.bridge()
}

// lowName reports whether a word in lower case may be a name: a listed one, or one where a name is due.
func (r *Reader) lowName(i int, t *token) bool {
	e, l := t.entry, &r.lines[t.line]
	if l.value > 0 && i >= int(l.value) && i < int(l.value)+6 && (l.key == keyPlace || l.key == keyPerson && !l.loose) {
		return e.Plain() < 3
	}
	if e.Plain() == 0 && (e.Given() >= 2 || e.Place() >= 2 || e.Family() >= 3) || e.Plain() == 1 && e.Given() == 3 {
		return true
	}
	if i == 0 {
		return false
	}
	p := &r.tokens[i-1]
	switch {
	case p.candidate && p.kind == lowWord && p.line == t.line:
		return e.Plain() == 0 || e.Plain() <= 2 && e.Family() > 0
	case p.entry.Role() == Title && p.kind <= capWord:
		return e.Plain() < 3
	case p.kind == sign && p.hash == stop && i > 1 && r.tokens[i-2].entry.Role() == Title:
		return e.Plain() < 3
	case i > 1 && r.tokens[i-2].entry.Role() == NameCue && p.entry.Role() == Copula:
		return e.Plain() < 3
	case p.entry.Role() == NameCue || p.entry.Role() == Greeting:
		return e.Plain() < 2 && (e.Given() > 0 || e.Family() > 0)
	}
	return false
}

// bridge makes candidates of particles, hyphens and the like between two candidates.
func (r *Reader) bridge() {
	last := -9
	for i := range r.tokens {
		if !r.tokens[i].candidate {
			continue
		}
		if gap := i - last - 1; gap > 0 && gap <= 2 && r.joins(last, i) {
			for j := last + 1; j < i; j++ {
				r.tokens[j].candidate = true
			}
		}
		last = i
	}
}

// joins reports whether all tokens between the candidates a and b may stand inside a name.
func (r *Reader) joins(a, b int) bool {
	for i := a + 1; i < b; i++ {
		t := &r.tokens[i]
		next := &r.tokens[i+1]
		switch {
		case t.blocked || t.line != r.tokens[a].line:
			return false
		case t.kind == lowWord:
			if role := t.entry.Role(); role != Particle && role != Joiner && role != Article {
				return false
			}
		case t.kind == clitic:
			if b != a+2 {
				return false
			}
		case t.kind != sign:
			return false
		case t.hash == hyphen:
			if (!t.glued || !next.glued) && r.tokens[i-1].entry.Role() != Particle {
				return false
			}
		case t.hash == stop:
			if p := &r.tokens[i-1]; !t.glued || next.glued || p.end-p.start > 4 {
				return false
			}
		case t.hash == comma:
			if p := &r.tokens[i-1]; b != a+2 || r.lines[t.line].key != keyPerson && p.kind != upWord && (p.entry.Family() == 0 || next.entry.Given() == 0) {
				return false
			}
		case t.hash != amp:
			return false
		}
	}
	return r.tokens[b].line == r.tokens[a].line
}
