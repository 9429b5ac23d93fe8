package detect

func birthRule() builtin {
	r := builtin{
		Rule: Rule{
			ID: "pii/date-of-birth", Kind: KindBirth, Severity: Medium,
			Description: "date of birth: a calendar date of the last 120 years with a word that says so",
			Positives: []string{
				"DOB: 1980-02-29", "born on 14 May 1975 in Leeds", "geboren am 14.05.1975", "né le 3 mars 1961", "fecha de nacimiento: 14/05/1975", "nata il 14/05/1975",
				"geboortedatum 14-05-1975", "data de nascimento 14/05/1975", "urodzona 14.05.1975", "birthDate\": \"1975-05-14\"", "dob 05/14/75", "дата рождения 14.05.1975",
				"1975-05-14 (date of birth)", "Born: May 14, 1975", "生年月日 1975年5月14日",
			},
			Negatives: []string{"on 14.05.1975 the shop opened", "born in 1975", "DOB: 1775-05-14", "dob 2024-13-01", "updated: 2024-05-14", "the newborn unit, 2nd floor", "born 12.5.1"},
		},
		on: onDays(findBirth),
	}
	for _, p := range monthStarts() {
		r.on = append(r.on, entry{prefix: p, find: findBirthMonth})
	}
	return r
}

var birthCues = words("dob", "d.o.b.", "birth", "birthday", "birthdate", "date of birth", "born", "bday", "geboren", "geb", "geburtsdatum", "geburtstag", "geburt",
	"né le", "née le", "naissance", "nacido", "nacida", "nacimiento", "nac", "nato il", "nata il", "nascita", "geboortedatum", "geboorte", "nascido", "nascida", "nascimento",
	"urodzony", "urodzona", "ur", "urodzenia", "född", "födelsedatum", "født", "fødselsdato", "syntynyt", "syntymäaika", "narozen*", "született", "doğum tarihi", "γέννησης",
	"рождения", "родился", "родилась", "生年月日", "出生日期", "出生", "생년월일", "תאריך לידה", "تاريخ الميلاد", "जन्म")

const (
	oldestBirth = 1900
	latestBirth = 2035
)

func findBirth(w *window, i int) hit {
	return w.birth(i, w.dateOnce(i))
}

func findBirthMonth(w *window, i int) hit {
	h := findMonth(w, i)
	if h.score < 0.8 {
		return hit{} // no day, or no year
	}
	return w.birth(i, date{end: h.end, y: latestBirth})
}

// birth decides whether a date is one of birth.
func (w *window) birth(i int, d date) hit {
	if d.end == 0 || w.touched || d.y < oldestBirth || d.y > latestBirth {
		return hit{}
	}
	if !w.near(i, birthCues) && !w.directly(d.end, birthCues) {
		return hit{}
	}
	return hit{start: i, end: d.end, score: 0.85}
}

// directly reports whether one of the words stands after end in brackets, as in "1975-05-14 (date of birth)".
func (w *window) directly(end int, list *wordList) bool {
	return w.at(end) == ' ' && w.at(end+1) == '(' && w.follows(end, list)
}

func ageRule() builtin {
	r := builtin{
		Rule: Rule{
			ID: "pii/age", Kind: KindAge, Severity: Low,
			Description: "age of a person in years, 0 to 125",
			Positives: []string{
				"she is 42 years old", "a 42-year-old man", "42 yo male", "aged 42", "Age: 42", "der 42-jährige Mann", "ist 42 Jahre alt", "âgé de 42 ans", "tiene 42 años de edad",
				"ha 42 anni di età", "42 jaar oud", "age=42,", "\"age\": 93", "edad: 42", "Alter: 42", "42 y/o", "a 7 year old girl", "ages 42",
			},
			Negatives: []string{"42 years ago", "page 42", "for 42 years", "300 years old", "aged cheese", "age of 4200", "in 42 Jahren", "4.2 years old", "agent 42", "image: 42", "ages ago"},
		},
		on: []entry{{bytes: digits, sizes: lengths(1, 2, 3), after: " -", then: thenOther, find: findAge}, {bytes: digits, sizes: lengths(1, 2, 3), after: "yj", find: findAge}},
	}
	for _, p := range []string{"age", "Age", "AGE", "Alter", "edad", "Edad", "idade", "Idade", "leeftijd", "Leeftijd", "wiek", "Wiek"} {
		r.on = append(r.on, entry{prefix: p, find: findAgeAfterWord})
	}
	return r
}

// ageUnits follow a number of years that is an age.
var ageUnits = [...]string{
	"years old", "year old", "year-old", "years-old", "yrs old", "yr old", "years of age", "yr-old", "yo", "y/o", "y.o", "jahre alt", "jährig", "jaehrig", "ans d'âge",
	"años de edad", "anos de idade", "anni di età", "jaar oud", "lat i ma",
}

var (
	yearCues = words("âgé de", "âgée de", "tiene", "tem", "ha", "ma", "wiek", "edad", "età", "idade", "alter", "age", "aged", "wieku", "lei", "lui", "ella", "él", "ele", "ela", "elle", "il")
	yearWord = [...]string{"ans", "años", "anni", "anos", "lat", "jaar"}
)

func findAge(w *window, i int) hit {
	if w.after != ' ' && w.after != '-' && w.after != 'y' && w.after != 'j' || w.group-i > 3 {
		return hit{}
	}
	if v, _ := w.digitsAt(i, 3); v > 125 || w.before(i) == '.' || w.before(i) == ',' || w.before(i) == '-' || w.before(i) == '$' {
		return hit{}
	}
	j := w.group
	if w.after == ' ' || w.after == '-' {
		j++
	}
	if indexByte("yYjJalAL", w.at(j)) < 0 {
		return hit{}
	}
	for _, unit := range ageUnits {
		if w.foldPrefix(j, unit) && (!isLetter(w.at(j+len(unit))) || unit[0] == 'j') {
			return hit{start: i, end: w.group, score: 0.8}
		}
	}
	for _, unit := range yearWord {
		if w.foldPrefix(j, unit) && !isLetter(w.at(j+len(unit))) && w.nearWithin(i, yearCues, 12) {
			return hit{start: i, end: w.group, score: 0.6}
		}
	}
	return hit{}
}

// findAgeAfterWord looks for an age behind a word that names it.
func findAgeAfterWord(w *window, i int) hit {
	j := w.run(clAlpha, i, 10)
	if !anyOf(w.b[i:j], "age", "aged", "ages", "alter", "edad", "idade", "leeftijd", "wiek") {
		return hit{}
	}
	sep := j
	for sep-j < 4 && indexByte(" :=\"'", w.at(sep)) >= 0 {
		sep++
	}
	end := w.run(clDigit, sep, 4)
	v, _ := w.digitsAt(sep, 3)
	if c := w.at(end); sep == j || end == sep || end-sep > 3 || v > 125 || isWord(c) || c == '.' && isDigit(w.at(end+1)) || c == '%' {
		return hit{}
	}
	return hit{start: sep, end: end, score: 0.7}
}
