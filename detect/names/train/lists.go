package main

import (
	"bufio"
	"embed"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"
	"unicode"

	"github.com/reeve-ai/reeve/detect/names/sequence"
)

//go:embed text
var authored embed.FS

// ranked is a list of names, most common first.
type ranked struct {
	words  []string
	levels map[string]int // by word in lower case
}

func newRanked() *ranked { return &ranked{levels: map[string]int{}} }

func (r *ranked) add(word string, level int) {
	key := strings.ToLower(word)
	if _, known := r.levels[key]; !known {
		r.words = append(r.words, word)
	}
	r.levels[key] = max(r.levels[key], level)
}

// lists are all lists of words: public-domain ones from files, authored ones from text/.
type lists struct {
	given, family, places, organizations *ranked
	roles                                map[string]sequence.Role
	locales                              []locale
	cities                               []string
	countries                            []string
	vocabulary                           []string       // plain words
	plain                                map[string]int // how often a word stands in lower case
	capital                              map[string]int // how often inside a sentence with a capital letter
}

// locale is one culture's names.
type locale struct {
	name          string
	given, family []string
}

func readLists(dir string) (*lists, error) {
	l := &lists{
		given: newRanked(), family: newRanked(), places: newRanked(), organizations: newRanked(),
		roles: map[string]sequence.Role{}, plain: map[string]int{}, capital: map[string]int{},
	}
	for _, read := range []func(string) error{l.readCensus, l.readSSA, l.readCities, l.readTexts} {
		if err := read(dir); err != nil {
			return nil, err
		}
	}
	if err := l.readVocabulary(); err != nil {
		return nil, err
	}
	return l, l.readAuthored()
}

// each calls line with the fields of each line of a file.
func each(path string, line func(fields []string)) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("read list: %w", err)
	}
	defer f.Close()
	s := bufio.NewScanner(f)
	for s.Scan() {
		if fields := strings.Fields(s.Text()); len(fields) > 0 {
			line(fields)
		}
	}
	if err := s.Err(); err != nil {
		return fmt.Errorf("read list %s: %w", path, err)
	}
	return nil
}

// byRank is a level for the place in a list.
func byRank(n, top, middle int) int {
	switch {
	case n < top:
		return 3
	case n < middle:
		return 2
	}
	return 1
}

// readCensus reads the names of the US Census of 1990: name, percent, cumulated percent, rank.
func (l *lists) readCensus(dir string) error {
	n := 0
	err := each(filepath.Join(dir, "dist.all.last"), func(f []string) {
		l.family.add(titleCase(f[0]), byRank(n, 2000, 15000))
		n++
	})
	for _, file := range []string{"dist.male.first", "dist.female.first"} {
		n = 0
		if err == nil {
			err = each(filepath.Join(dir, file), func(f []string) {
				l.given.add(titleCase(f[0]), byRank(n, 300, 1000))
				n++
			})
		}
	}
	return err
}

// readSSA reads given names of the US Social Security Administration: name, tab, births.
func (l *lists) readSSA(dir string) error {
	return each(filepath.Join(dir, "ssa.txt"), func(f []string) {
		births, _ := strconv.Atoi(f[1])
		level := 1
		if births >= 60000 {
			level = 3
		} else if births >= 4000 {
			level = 2
		}
		l.given.add(titleCase(f[0]), level)
	})
}

// readCities reads GeoNames: cities of 15,000 and more, countries, states.
func (l *lists) readCities(dir string) error {
	read := func(file string, into any) error {
		b, err := os.ReadFile(filepath.Join(dir, file))
		if err == nil {
			err = json.Unmarshal(b, into)
		}
		if err != nil {
			return fmt.Errorf("read list %s: %w", file, err)
		}
		return nil
	}
	type place struct {
		Name       string
		Population int
		Capital    string
	}
	var cities, countries, states map[string]place
	for file, into := range map[string]*map[string]place{"cities15000.json": &cities, "countries.json": &countries, "us_states.json": &states} {
		if err := read(file, into); err != nil {
			return err
		}
	}
	keys := make([]string, 0, len(cities))
	for k := range cities {
		keys = append(keys, k)
	}
	sort.Slice(keys, func(i, j int) bool {
		a, b := cities[keys[i]], cities[keys[j]]
		return a.Population > b.Population || a.Population == b.Population && keys[i] < keys[j]
	})
	for _, k := range keys {
		c := cities[k]
		level := 1
		if c.Population >= 500000 {
			level = 3
		} else if c.Population >= 80000 {
			level = 2
		}
		l.places.add(c.Name, level)
		l.cities = append(l.cities, c.Name)
	}
	for _, set := range []map[string]place{countries, states} {
		var names []string
		for _, p := range set {
			names = append(names, p.Name)
		}
		sort.Strings(names)
		for _, n := range names {
			l.places.add(n, 3)
			l.countries = append(l.countries, n)
		}
	}
	return nil
}

// readTexts counts words of texts in the public domain, to know which words are no names.
func (l *lists) readTexts(dir string) error {
	files, err := filepath.Glob(filepath.Join(dir, "texts", "*.txt"))
	if err != nil || len(files) == 0 {
		return fmt.Errorf("no texts in %s", filepath.Join(dir, "texts"))
	}
	sort.Strings(files)
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("read text: %w", err)
		}
		l.count(b, 1)
	}
	return nil
}

// count notes how the words of a text are written.
func (l *lists) count(text []byte, n int) {
	inside := false
	for _, w := range strings.FieldsFunc(string(text), func(r rune) bool { return unicode.IsSpace(r) || r == '"' || r == '(' || r == '-' || r == 0x2014 }) {
		bare := strings.Trim(w, ".,;:!?)'*_[]")
		bare, _, _ = strings.Cut(bare, "'")
		bare, _, _ = strings.Cut(bare, "’")
		if bare == "" {
			inside = false
			continue
		}
		switch low := strings.ToLower(bare); {
		case low == bare:
			l.plain[bare] += n
		case inside && strings.ToUpper(bare) != bare:
			l.capital[low] += n
		}
		inside = !strings.ContainsAny(w[len(w)-1:], ".:!?*")
	}
}

// readVocabulary counts the words of text/vocabulary.txt and their regular forms as words in lower case.
func (l *lists) readVocabulary() error {
	b, err := authored.ReadFile("text/vocabulary.txt")
	if err != nil {
		return fmt.Errorf("read authored list: %w", err)
	}
	l.vocabulary = strings.Fields(string(b))
	for _, w := range l.vocabulary {
		l.plain[w] += 12
		stem, last := w, w[len(w)-1]
		forms := []string{w + "s", w + "ed", w + "ing", w + "er", w + "ly", w + "est"}
		switch {
		case last == 'e':
			stem = w[:len(w)-1]
			forms = []string{w + "s", w + "d", stem + "ing", w + "r", w + "ly", w + "st"}
		case last == 'y':
			stem = w[:len(w)-1] + "i"
			forms = []string{stem + "es", stem + "ed", w + "ing", stem + "er", stem + "ly", stem + "est", w + "s"}
		}
		for _, f := range forms {
			l.plain[f] += 2
		}
	}
	return nil
}

// readAuthored reads text/: roles.txt, organizations.txt, places.txt and locales.txt, each "key: word, word, …".
func (l *lists) readAuthored() error {
	sections := func(file string, use func(key string, words []string)) error {
		b, err := authored.ReadFile("text/" + file)
		if err != nil {
			return fmt.Errorf("read authored list: %w", err)
		}
		for _, line := range strings.Split(string(b), "\n") {
			if key, rest, ok := strings.Cut(line, ": "); ok {
				words := strings.Split(rest, ", ")
				for i := range words {
					words[i] = strings.TrimSpace(words[i])
				}
				use(key, words)
			}
		}
		return nil
	}
	unknown := ""
	err := sections("roles.txt", func(key string, words []string) {
		role, ok := roleNames[key]
		if !ok {
			unknown = key
		}
		for _, w := range words {
			if _, taken := l.roles[w]; !taken {
				l.roles[w] = role
			}
		}
	})
	if err == nil && unknown != "" {
		err = fmt.Errorf("roles.txt: no role %q", unknown)
	}
	if err == nil {
		err = sections("places.txt", func(_ string, words []string) {
			for _, w := range words {
				l.places.add(w, 3)
			}
		})
	}
	if err == nil {
		err = sections("organizations.txt", func(_ string, words []string) {
			for _, w := range words {
				l.organizations.add(w, 3)
			}
		})
	}
	if err == nil {
		err = sections("locales.txt", func(key string, words []string) {
			name, part, _ := strings.Cut(key, " ")
			if len(l.locales) == 0 || l.locales[len(l.locales)-1].name != name {
				l.locales = append(l.locales, locale{name: name})
			}
			now := &l.locales[len(l.locales)-1]
			list, ranks := &now.given, l.given
			if part == "family" {
				list, ranks = &now.family, l.family
			}
			*list = append(*list, words...)
			for _, w := range words {
				if !strings.Contains(w, " ") {
					ranks.add(w, 2)
				}
			}
		})
	}
	return err
}

var roleNames = map[string]sequence.Role{
	"title": sequence.Title, "occupation": sequence.Occupation, "kin": sequence.Kin, "speech": sequence.Speech, "greeting": sequence.Greeting,
	"closing": sequence.Closing, "namecue": sequence.NameCue, "company": sequence.CompanyForm, "body": sequence.Body, "feature": sequence.Feature,
	"preposition": sequence.Preposition, "direction": sequence.Direction, "month": sequence.Month, "weekday": sequence.Weekday, "nation": sequence.Nation,
	"pronoun": sequence.Pronoun, "copula": sequence.Copula, "article": sequence.Article, "dealing": sequence.Dealing, "joiner": sequence.Joiner,
	"particle": sequence.Particle, "product": sequence.Product, "numeral": sequence.Numeral, "suffix": sequence.Suffix, "heading": sequence.Heading,
}

// titleCase writes "MCDONALD" as "Mcdonald".
func titleCase(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + strings.ToLower(s[1:])
}

// lexicon packs the lists. With some held out, four names in ten are missing.
func (l *lists) lexicon(hold bool) *sequence.Lexicon {
	type levels struct {
		given, family, place, plain int
		organization                bool
		role                        sequence.Role
	}
	all := map[uint64]levels{}
	put := func(key string, change func(*levels)) {
		h := hashPhrase(key)
		v := all[h]
		change(&v)
		all[h] = v
	}
	// in order, because two words may be one without their accents
	for _, w := range slices.Sorted(maps.Keys(l.plain)) {
		n := l.plain[w]
		if c := l.capital[w]; n >= 2*c {
			put(w, func(v *levels) {
				level := 1
				if n >= 400 {
					level = 3
				} else if n >= 12 {
					level = 2
				}
				v.plain = max(v.plain, level)
			})
		}
	}
	for _, w := range l.given.words {
		if n := l.given.levels[strings.ToLower(w)]; !hold || !held(w) {
			put(w, func(v *levels) { v.given = max(v.given, n) })
		}
	}
	for _, w := range l.family.words {
		if n := l.family.levels[strings.ToLower(w)]; !hold || !held(w) {
			put(w, func(v *levels) { v.family = max(v.family, n) })
		}
	}
	for _, w := range l.places.words {
		if n := l.places.levels[strings.ToLower(w)]; !hold || !held(w) {
			put(w, func(v *levels) { v.place = max(v.place, n) })
		}
	}
	for _, w := range l.organizations.words {
		put(w, func(v *levels) { v.organization = true })
	}
	for _, w := range slices.Sorted(maps.Keys(l.roles)) {
		put(w, func(v *levels) { v.role = l.roles[w] })
	}
	words := make(map[uint64]sequence.Entry, len(all))
	for h, v := range all {
		words[h] = sequence.NewEntry(v.given, v.family, v.place, v.plain, v.organization, v.role)
	}
	return sequence.NewLexicon(words)
}

// hashPhrase is the key of a word, or of the first two words of a phrase.
func hashPhrase(s string) uint64 {
	a, rest, two := strings.Cut(s, " ")
	if !two {
		return sequence.Hash(a)
	}
	b, _, _ := strings.Cut(rest, " ")
	return sequence.Pair(sequence.Hash(a), sequence.Hash(b))
}
