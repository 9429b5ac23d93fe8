package detect

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// monthNames are the months of English, German, French, Spanish, Italian, Dutch, Portuguese, Polish (nominative and
// genitive), Swedish, Danish and their abbreviations, without accents.
var monthNames = [12]string{
	"january jan januar janner jaenner janvier janv enero ene gennaio gen januari janeiro styczen stycznia",
	"february feb februar fevrier fevr febrero febbraio februari fevereiro fev luty lutego",
	"march mar marz maerz mars marzo mrt maart marco marzec marca",
	"april apr avril avr abril abr aprile kwiecien kwietnia",
	"may mai mayo maggio mag mei maio maj maja",
	"june jun juni juin junio giugno giu junho czerwiec czerwca",
	"july jul juli juillet juil julio luglio lug julho lipiec lipca",
	"august aug aout agosto ago augustus sierpien sierpnia augusti",
	"september sep sept septembre septiembre settembre set setembro wrzesien wrzesnia",
	"october oct oktober okt octobre octubre ottobre ott outubro pazdziernik pazdziernika",
	"november nov novembre noviembre novembro listopad listopada",
	"december dec dezember dez decembre diciembre dic dicembre dezembro grudzien grudnia",
}

var months = func() map[string]int {
	t := map[string]int{}
	for k, names := range monthNames {
		for name := range strings.FieldsSeq(names) {
			t[name] = k + 1
		}
	}
	return t
}()

// monthStarts lists what a date may begin with whose month comes first: capitalised, and in capitals.
func monthStarts() (out []string) {
	seen := map[string]bool{}
	for name := range months {
		for _, s := range []string{strings.ToUpper(name[:1]) + name[1:3], strings.ToUpper(name[:3])} {
			if !seen[s] {
				seen[s] = true
				out = append(out, s)
			}
		}
	}
	slices.Sort(out)
	return append(out, "Fé", "FÉ", "Dé", "DÉ", "Mä", "MÄ")
}

// russianMonths are the genitives that follow a day, and their stems.
var russianMonths = strings.Fields("января февраля марта апреля мая июня июля августа сентября октября ноября декабря")

// cyrillicMonth reads a Russian month.
func (w *window) cyrillicMonth(i int) (m, end int) {
	var buf [24]byte
	n, j := 0, i
	for n < len(buf)-2 {
		r, size := w.rune(j)
		if size == 0 || !unicode.Is(unicode.Cyrillic, r) {
			break
		}
		n += utf8.EncodeRune(buf[n:], unicode.ToLower(r))
		j += size
	}
	for k, name := range russianMonths {
		if string(buf[:n]) == name {
			return k + 1, j
		}
	}
	return 0, 0
}
