package detect

// timeOfDay returns the end of a time behind a date, or end itself: 10:32, T10:32:07.123Z, ", 10:32 AM +02:00".
func (w *window) timeOfDay(end int) int {
	j := end
	switch c := w.at(j); {
	case c == 'T' || c == 't' || c == ' ' || c == '_':
		j++
	case c == ',' && w.at(j+1) == ' ':
		j += 2
	default:
		return end
	}
	h, k := w.digitsAt(j, 2)
	if k == j || h > 24 || w.at(k) != ':' {
		return end
	}
	m, e := w.digitsAt(k+1, 2)
	if e != k+3 || m > 59 {
		return end
	}
	if w.at(e) == ':' {
		if s, f := w.digitsAt(e+1, 2); f == e+3 && s < 61 {
			if e = f; (w.at(e) == '.' || w.at(e) == ',') && isDigit(w.at(e+1)) {
				e = w.run(clDigit, e+1, 9)
			}
		}
	}
	if w.at(e) == 'Z' {
		return e + 1
	}
	for _, s := range [...]string{" am", " pm", "am", "pm", " utc", " gmt"} {
		if w.foldPrefix(e, s) && !isWord(w.at(e+len(s))) {
			return e + len(s)
		}
	}
	if z := w.skipOne(e, " "); w.at(z) == '+' || w.at(z) == '-' && z == e {
		if hh, q := w.digitsAt(z+1, 2); q == z+3 && hh <= 14 {
			if w.at(q) == ':' {
				q++
			}
			if mm, p := w.digitsAt(q, 2); p == q+2 && mm < 60 {
				return p
			}
		}
	}
	return e
}

// digitsAt reads at most n digits at i.
func (w *window) digitsAt(i, n int) (v, end int) {
	end = w.run(clDigit, i, n)
	for _, c := range w.b[min(i, end):end] {
		v = v*10 + int(c-'0')
	}
	return v, end
}

// foldPrefix reports whether the text at i starts with the lower-case ASCII s, in any case.
func (w *window) foldPrefix(i int, s string) bool {
	for k := range len(s) {
		if c := w.at(i + k); c != s[k] && (!isUpper(c) || c|0x20 != s[k]) {
			return false
		}
	}
	return true
}

// isCalendar reports whether the day exists, between 1800 and 2199.
func isCalendar(y, m, d int) bool {
	if y < 1800 || y > 2199 || m < 1 || m > 12 || d < 1 {
		return false
	}
	last := [...]int{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}[m-1]
	if m == 2 && y%4 == 0 && (y%100 != 0 || y%400 == 0) {
		last = 29
	}
	return d <= last
}
