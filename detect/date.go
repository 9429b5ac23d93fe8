package detect

import (
	"cmp"
	"unicode/utf8"
)

func dateRule() builtin {
	r := builtin{
		Rule: Rule{
			ID: "pii/date", Kind: KindDate, Severity: Info,
			Description: "calendar date, with the time of day if one follows (ISO 8601, day or month first, months in words)",
			Positives: []string{
				"2024-05-14", "2024-05-14T10:32:00Z", "[2024-05-14 10:32:07.123+02:00]", "14.05.2024", "05/14/2024", "5/14/24", "14-05-2024", "2024/05/14",
				"14 May 2024", "14th of May, 2024", "May 14th, 2024", "MAY 14", "Sept. 3, 1999", "14. März 2024", "1er janvier 2024", "14 de mayo de 2024", "14 maggio",
				"14 mei 2024", "14 de março de 2024", "14 maja 2024", "Mai 2024", "2024年5月14日", "2024년 5월 14일", "14-May-2024", "14 мая 2024", "on 1980-02-29,",
			},
			Negatives: []string{
				"2024-13-01", "2023-02-29", "31.04.2024", "1.2.3", "10.2.2024.1", "14/32/2024", "2024-05", "2024-05-14-3", "v2024.05.14", "192.168.1.1", "1/2", "0-306-40615-2",
				"14 maybe 2024", "May be 14", "Marc 14", "12-34-56", "550e8400-2024-05-14", "14 mayors", "99/99/9999",
			},
		},
		on: onDays(findDate),
	}
	for _, p := range monthStarts() {
		r.on = append(r.on, entry{prefix: p, find: findMonth})
	}
	return r
}

// date is what was read of a calendar date.
type date struct {
	end int
	y   int // 0 where no year was given
}

func findDate(w *window, i int) hit {
	d := w.dateOnce(i)
	if d.end == 0 {
		return hit{}
	}
	score := float32(0.8)
	if d.y == 0 {
		score = 0.5
	}
	return hit{start: i, end: w.timeOfDay(d.end), score: score}
}

// dateOnce is date with a memory, since two rules ask.
func (w *window) dateOnce(i int) date {
	if w.dateAt == i+1 {
		return w.dateMemo
	}
	d := w.date(i)
	if !w.touched {
		w.dateAt, w.dateMemo = i+1, d
	}
	return d
}

// date reads a date that begins with a digit at i.
func (w *window) date(i int) (d date) {
	if c := w.before(i); (c == '-' || c == '.' || c == '/' || c == ':') && i > 1 && isWord(w.b[i-2]) || c == '$' || c == '+' {
		return d
	}
	switch size := w.group - i; {
	case size == 4 && (w.after == '-' || w.after == '/' || w.after == '.'):
		d = w.yearFirst(i)
	case size == 4 && w.after >= 0x80:
		d = w.eastAsian(i)
	case size <= 2 && (w.after == '-' || w.after == '/' || w.after == '.') && isDigit(w.at(w.group+1)):
		d = w.dayFirst(i)
	case size <= 2:
		d = w.dayMonth(i)
	}
	if d.end > 0 {
		if c := w.at(d.end); isDigit(c) || (c == '-' || c == '/' || c == '.') && isWord(w.at(d.end+1)) {
			return date{}
		}
	}
	return d
}

// yearFirst reads 2024-05-14, 2024/5/14 and 2024.05.14.
func (w *window) yearFirst(i int) (d date) {
	sep := w.after
	y, _ := w.digitsAt(i, 4)
	m, j := w.digitsAt(w.group+1, 2)
	if j == w.group+1 || w.at(j) != sep {
		return d
	}
	day, end := w.digitsAt(j+1, 2)
	if end == j+1 || !isCalendar(y, m, day) {
		return d
	}
	return date{end: end, y: y}
}

// dayFirst reads 14.05.2024, 5/14/24 and 14-05-2024.
func (w *window) dayFirst(i int) (d date) {
	sep := w.after
	a, _ := w.digitsAt(i, 2)
	b, j := w.digitsAt(w.group+1, 2)
	if j == w.group+1 || w.at(j) != sep {
		return d
	}
	y, end := w.digitsAt(j+1, 4)
	switch end - j - 1 {
	case 4:
	case 2:
		if sep == '-' || j != w.group+3 && sep == '.' {
			return d // rather a version or a part number
		}
		if y += 2000; y > 2049 {
			y -= 100
		}
	default:
		return d
	}
	m, day := b, a
	if b > 12 || sep == '/' && a <= 12 && !isCalendar(y, b, a) {
		m, day = a, b
	}
	if !isCalendar(y, m, day) {
		return d
	}
	return date{end: end, y: y}
}

// dayMonth reads a day and a month in words: 14 May 2024, 14th of May, 14. März, 1er janvier, 14 de mayo de 2024, 14-May-24.
func (w *window) dayMonth(i int) date {
	day, j := w.digitsAt(i, 2)
	if day == 0 || day > 31 {
		return date{}
	}
	j = w.ordinal(j)
	sep := w.at(j)
	if sep != ' ' && sep != '-' && sep != '/' {
		return date{}
	}
	j = w.skipOne(j+1, "of ", "de ", "d'")
	m, k := w.monthAt(j)
	if m == 0 {
		return date{}
	}
	d := date{end: k}
	y, end := w.yearAfter(k, sep)
	if y > 0 {
		d.y, d.end = y, end
	}
	if !isCalendar(cmp.Or(d.y, 2000), m, day) || sep != ' ' && d.y == 0 {
		return date{}
	}
	return d
}

// ordinal returns the end of an ordinal mark at j: 14th, 1st, 14., 1er, 1º, 2e.
func (w *window) ordinal(j int) int {
	switch c := w.at(j); {
	case c == '.':
		return j + 1
	case c == 0xC2 && (w.at(j+1) == 0xBA || w.at(j+1) == 0xB0 || w.at(j+1) == 0xAA):
		return j + 2
	case isLetter(c):
		for _, s := range [...]string{"st", "nd", "rd", "th", "er", "e"} {
			if w.foldPrefix(j, s) && !isLetter(w.at(j+len(s))) {
				return j + len(s)
			}
		}
	}
	return j
}

// skipOne skips one of the words at j.
func (w *window) skipOne(j int, list ...string) int {
	for _, s := range list {
		if w.foldPrefix(j, s) {
			return j + len(s)
		}
	}
	return j
}

// yearAfter reads a year behind a month: " 2024", ", 2024", " de 2024", "-24", " '24".
func (w *window) yearAfter(k int, sep byte) (y, end int) {
	j := k
	if w.at(j) == '.' || w.at(j) == ',' {
		j++
	}
	switch c := w.at(j); {
	case c == sep && sep != ' ', c == ' ':
		j++
	default:
		return 0, 0
	}
	j = w.skipOne(j, "de ", "del ", "of ", "do ")
	short := sep != ' '
	if w.at(j) == '\'' {
		short = true
		j++
	}
	y, end = w.digitsAt(j, 4)
	switch n := end - j; {
	case n == 4 && y >= 1800 && y < 2200 && !isWord(w.at(end)):
		return y, end
	case n == 2 && short && !isWord(w.at(end)):
		if y += 2000; y > 2049 {
			y -= 100
		}
		return y, end
	}
	return 0, 0
}

// findMonth looks for a date that begins with its month: May 14th, 2024, Mai 2024.
func findMonth(w *window, i int) hit {
	m, j := w.monthAt(i)
	if m == 0 {
		return hit{}
	}
	if w.at(j) == '.' {
		j++
	}
	if w.at(j) != ' ' {
		return hit{}
	}
	j++
	if c := w.at(j); !isDigit(c) && c|0x20 != 'd' {
		return hit{}
	}
	d, k := w.digitsAt(j, 2)
	if k == j || isDigit(w.at(k)) {
		if y, end := w.yearAfter(j-1, ' '); y > 0 {
			return hit{start: i, end: end, score: 0.6}
		}
		return hit{}
	}
	k = w.ordinal(k)
	if w.b[k-1] == '.' {
		k--
	}
	y, end := w.yearAfter(k, ' ')
	if !isCalendar(2000, m, d) || isWord(w.at(k)) {
		return hit{}
	}
	if y == 0 {
		if c := w.at(k); c == ':' || c == '%' || c == '.' && isDigit(w.at(k+1)) {
			return hit{}
		}
		return hit{start: i, end: k, score: 0.5}
	}
	return hit{start: i, end: w.timeOfDay(end), score: 0.8}
}

// eastAsian reads 2024年5月14日 and 2024년 5월 14일.
func (w *window) eastAsian(i int) (d date) {
	y, _ := w.digitsAt(i, 4)
	m, j := w.unitAfter(w.group, '年', '년')
	day, k := w.unitAfter(j, '月', '월')
	_, end := w.unitAfter(k, '日', '일')
	if j == 0 || k == 0 || end == 0 || !isCalendar(y, m, day) {
		return d
	}
	return date{end: end, y: y}
}

// unitAfter skips one of the runes at i and a space, and reads the number of two digits there, if any. The end is that of
// the number, 0 if the rune is missing.
func (w *window) unitAfter(i int, han, hangul rune) (n, end int) {
	if i == 0 {
		return 0, 0
	}
	r, size := w.rune(i)
	if r != han && r != hangul {
		return 0, 0
	}
	end = i + size
	if han == '日' {
		return 0, end
	}
	if w.at(end) == ' ' {
		end++
	}
	return w.digitsAt(end, 2)
}

// monthAt reads the name of a month, in full or abbreviated, with or without its accents. It returns 0 for none.
func (w *window) monthAt(i int) (m, end int) {
	var buf [16]byte
	n, j := 0, i
	for n < len(buf) {
		r, size := w.rune(j)
		if size == 0 {
			break
		}
		if r < utf8.RuneSelf {
			if !isLetter(byte(r)) {
				break
			}
			buf[n] = byte(r) | 0x20
		} else if base := baseLetter(r); base != 0 {
			buf[n] = base
		} else if m, end = w.cyrillicMonth(i); m > 0 {
			return m, end
		} else {
			return 0, 0
		}
		n++
		j += size
	}
	if n < 3 || n == len(buf) {
		return 0, 0
	}
	return months[string(buf[:n])], j
}

// onDays are the entries of what looks for dates that begin with a number.
func onDays(find recogniser) []entry {
	return []entry{
		{bytes: digits, sizes: lengths(1, 2), after: "-/.", then: thenDigit, find: find},
		{bytes: digits, sizes: lengths(1, 2), after: "-/. sntreSNTRE\xc2", then: thenOther, find: find}, // a month in words, ordinals
		{bytes: digits, sizes: lengths(4), after: "-/.", then: thenDigit, find: find},
		{bytes: digits, sizes: lengths(4), after: "\xe5\xeb", find: find}, // the first bytes of 年 and 년
	}
}
