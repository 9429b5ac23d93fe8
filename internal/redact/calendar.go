package redact

import (
	"bytes"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// writtenDate is a date as a text spells it: day, month and year with the places where they stand.
type writtenDate struct {
	text             []byte
	year, month, day part
	weekday          part
	language         int // of month and weekday in their tables
}

// part is a piece of the text that says one thing. n is its value; size 0 means that it is not there.
type part struct{ at, size, n int }

func (p *part) set() bool { return p.size > 0 }

// piece is a run of digits, a run of letters, or other text.
type piece struct {
	at, size int
	class    byte // 'n', 'w' or 's'
}

func pieces(text []byte) []piece {
	var out []piece
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		class := byte('s')
		switch {
		case r >= '0' && r <= '9':
			class = 'n'
		case unicode.IsLetter(r):
			class = 'w'
		}
		if n := len(out); n > 0 && out[n-1].class == class {
			out[n-1].size += size
		} else {
			out = append(out, piece{i, size, class})
		}
		i += size
	}
	return out
}

const maxDate = 80 // bytes; no date is written longer

// parseDate reads the notations of ISO 8601, of numbers with "/", "." or "-" between them, and those with the name of a
// month in English, German, French, Spanish, Italian, Dutch, Portuguese or Polish. Where 03/04/2020 could be either, order
// decides: "dmy" or "mdy"; with dots it is always day first. A time of day may follow. Text with any other word is no date.
func parseDate(text []byte, order string) (writtenDate, bool) {
	d := writtenDate{text: text, language: -1}
	if len(text) > maxDate {
		return d, false
	}
	ps := pieces(text)
	if !d.words(ps) {
		return d, false
	}
	if d.month.set() {
		return d, d.aroundMonth(ps) && d.valid()
	}
	for i := range ps {
		if ps[i].class != 'n' {
			continue
		}
		if ps[i].size == 8 && !d.year.set() {
			d.compact(ps[i])
			return d, d.valid()
		}
		if i+4 < len(ps) && ps[i+2].class == 'n' && ps[i+4].class == 'n' && d.numeric(ps[i:i+5], order) {
			return d, d.valid()
		}
		return d, false
	}
	return d, false
}

// words finds month and weekday by name and refuses text with words that belong to no date.
func (d *writtenDate) words(ps []piece) bool {
	for _, p := range ps {
		if p.class != 'w' {
			continue
		}
		word := strings.ToLower(string(d.text[p.at : p.at+p.size]))
		if i, language := lookUp(&monthNames, word); i >= 0 && !d.month.set() {
			d.month, d.language = part{p.at, p.size, i + 1}, language
		} else if i, language := lookUp(&weekdayNames, word); i >= 0 && !d.weekday.set() {
			d.weekday, d.language = part{p.at, p.size, i}, language
		} else if !dateWords[word] {
			return false
		}
	}
	return true
}

// lookUp finds a name, or the first three or more letters of one, and the language it is in.
func lookUp(table *[8][]string, word string) (index, language int) {
	for language := range table {
		for i, name := range table[language] {
			if name == word || utf8.RuneCountInString(word) >= 3 && strings.HasPrefix(name, word) && len(word) <= 5 {
				return i, language
			}
		}
	}
	return -1, -1
}

// aroundMonth takes the numbers beside the name of a month: the last before it or the first behind it is the day, unless
// it has four digits.
func (d *writtenDate) aroundMonth(ps []piece) bool {
	for _, p := range ps {
		n := d.number(p)
		switch {
		case p.class != 'n':
		case !d.day.set() && p.size <= 2 && (p.at < d.month.at || !d.year.set()):
			d.day = n
		case !d.year.set() && p.size == 4:
			d.year = n
		}
	}
	return d.day.set() || d.year.set()
}

func (d *writtenDate) number(p piece) part {
	n, _ := strconv.Atoi(string(d.text[p.at : p.at+min(p.size, 9)]))
	return part{p.at, p.size, n}
}

func (d *writtenDate) compact(p piece) {
	n := d.number(p).n
	d.year, d.month, d.day = part{p.at, 4, n / 10000}, part{p.at + 4, 2, n / 100 % 100}, part{p.at + 6, 2, n % 100}
}

// numeric takes three numbers with one separator between them.
func (d *writtenDate) numeric(ps []piece, order string) bool {
	sep := d.text[ps[1].at : ps[1].at+ps[1].size]
	if !bytes.Equal(sep, d.text[ps[3].at:ps[3].at+ps[3].size]) || !bytes.Contains([]byte("/.-"), sep) {
		return false
	}
	a, b, c := d.number(ps[0]), d.number(ps[2]), d.number(ps[4])
	switch {
	case a.size == 4 && b.size <= 2 && c.size <= 2:
		d.year, d.month, d.day = a, b, c
	case a.size <= 2 && b.size <= 2 && (c.size == 4 || c.size == 2):
		d.year = c
		if a.n > 12 || b.n <= 12 && (order == "dmy" || sep[0] == '.') {
			d.day, d.month = a, b
		} else {
			d.month, d.day = a, b
		}
	default:
		return false
	}
	return true
}

// fullYear is the year with its century: two digits stand for 1930 to 2029.
func (d *writtenDate) fullYear() int {
	switch {
	case !d.year.set():
		return 2001
	case d.year.size > 2:
		return d.year.n
	case d.year.n < 30:
		return 2000 + d.year.n
	}
	return 1900 + d.year.n
}

func (d *writtenDate) valid() bool {
	day := d.day.n
	if !d.day.set() {
		day = 15
	}
	t := time.Date(d.fullYear(), time.Month(d.month.n), day, 0, 0, 0, 0, time.UTC)
	return t.Year() == d.fullYear() && int(t.Month()) == d.month.n && t.Day() == day && t.Year() >= 1000 && t.Year() <= 9999
}

// shifted writes the date the given number of days later, in the same notation. It reports false where the notation has
// no room for it.
func (d *writtenDate) shifted(days int) ([]byte, bool) {
	day := d.day.n
	if !d.day.set() {
		day = 15
	}
	t := time.Date(d.fullYear(), time.Month(d.month.n), day+days, 0, 0, 0, 0, time.UTC)
	if t.Year() < 1000 || t.Year() > 9999 {
		return nil, false
	}
	year := t.Year()
	if d.year.size == 2 {
		year %= 100
	}
	month := strconv.Itoa(int(t.Month()))
	if d.language >= 0 && isLetter(d.text[d.month.at]) {
		month = likeName(monthNames[d.language][t.Month()-1], monthNames[d.language][d.month.n-1], d.spelled(d.month))
	}
	out := []byte(nil)
	at := 0
	for _, p := range inOrder(
		replaced{d.year, padded(year, d.year.size)},
		replaced{d.month, d.padTo(month)},
		replaced{d.day, d.padTo(strconv.Itoa(t.Day()))},
		replaced{d.weekday, d.weekdayName(t)},
	) {
		out = append(append(out, d.text[at:p.at]...), p.text...)
		at = p.at + p.size
	}
	return append(out, d.text[at:]...), true
}

func (d *writtenDate) spelled(p part) string { return string(d.text[p.at : p.at+p.size]) }

func (d *writtenDate) weekdayName(t time.Time) string {
	if !d.weekday.set() {
		return ""
	}
	names := weekdayNames[d.language]
	return likeName(names[t.Weekday()], names[d.weekday.n], d.spelled(d.weekday))
}

type replaced struct {
	part
	text string
}

// inOrder sorts parts by place and drops those that are not there.
func inOrder(parts ...replaced) []replaced {
	var out []replaced
	for _, p := range parts {
		if !p.set() {
			continue
		}
		i := len(out)
		for ; i > 0 && out[i-1].at > p.at; i-- {
		}
		out = append(out[:i], append([]replaced{p}, out[i:]...)...)
	}
	return out
}

func padded(n, size int) string {
	s := strconv.Itoa(n)
	return strings.Repeat("0", max(0, size-len(s))) + s
}

// padTo pads a day or a month to two digits if that is how the text writes them: one has a leading zero, or both are
// numbers and none has a single digit.
func (d *writtenDate) padTo(number string) string {
	day, month := d.spelled(d.day), d.spelled(d.month)
	zero := strings.HasPrefix(day, "0") || strings.HasPrefix(month, "0")
	if len(number) == 1 && (zero || len(day) != 1 && len(month) == 2) {
		return "0" + number
	}
	return number
}

// likeName writes a name as short and in the case in which the text wrote another.
func likeName(name, was, spelled string) string {
	if spelledRunes := utf8.RuneCountInString(spelled); spelledRunes < utf8.RuneCountInString(was) {
		name = string([]rune(name)[:min(spelledRunes, utf8.RuneCountInString(name))])
	}
	first, _ := utf8.DecodeRuneInString(spelled)
	switch {
	case strings.ToUpper(spelled) == spelled:
		return strings.ToUpper(name)
	case unicode.IsUpper(first):
		r, size := utf8.DecodeRuneInString(name)
		return string(unicode.ToUpper(r)) + name[size:]
	}
	return name
}

func isLetter(c byte) bool { return c|0x20-'a' < 26 || c >= 128 }

// dateWords may stand in a date beside the names of months and weekdays.
var dateWords = func() map[string]bool {
	out := map[string]bool{}
	for w := range strings.FieldsSeq("st nd rd th of the de del do den der di le el il la o am pm t z utc gmt um at à às alle ore uhr h cet cest est edt pst pdt r er") {
		out[w] = true
	}
	return out
}()

// monthNames in English, German, French, Spanish, Italian, Dutch, Portuguese and Polish (genitive, as in dates).
var monthNames = [8][]string{
	strings.Fields("january february march april may june july august september october november december"),
	strings.Fields("januar februar märz april mai juni juli august september oktober november dezember"),
	strings.Fields("janvier février mars avril mai juin juillet août septembre octobre novembre décembre"),
	strings.Fields("enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"),
	strings.Fields("gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre"),
	strings.Fields("januari februari maart april mei juni juli augustus september oktober november december"),
	strings.Fields("janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro"),
	strings.Fields("stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia"),
}

// weekdayNames in the same languages, from Sunday.
var weekdayNames = [8][]string{
	strings.Fields("sunday monday tuesday wednesday thursday friday saturday"),
	strings.Fields("sonntag montag dienstag mittwoch donnerstag freitag samstag"),
	strings.Fields("dimanche lundi mardi mercredi jeudi vendredi samedi"),
	strings.Fields("domingo lunes martes miércoles jueves viernes sábado"),
	strings.Fields("domenica lunedì martedì mercoledì giovedì venerdì sabato"),
	strings.Fields("zondag maandag dinsdag woensdag donderdag vrijdag zaterdag"),
	strings.Fields("domingo segunda terça quarta quinta sexta sábado"),
	strings.Fields("niedziela poniedziałek wtorek środa czwartek piątek sobota"),
}
