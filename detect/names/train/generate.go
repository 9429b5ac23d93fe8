package main

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/reeve-ai/reeve/detect/names/sequence"
)

// generator fills templates. Slots: {P} person, {G} given name, {F} family name, {U} person in capitals, {g} {f} in
// lower case, {I} initials, {O} organisation, {L} place, {C} city, {N} country, {c} city in lower case, {A} address,
// {R} family name, comma, given name, {K} shop or restaurant, {x} given name that stands for no person, {id}
// identifier, {w} {Cw} plain word in lower case and with a capital letter, {T} title, {job}, {kin}, {nat}, {suf}, {W} weekday, {M} month, {#} number, {ph} phone, {e} e-mail, {dx} illness,
// {subj} subject.
type generator struct {
	*lists
	random *rand.Rand
	now    *locale // the culture of the present text
}

// generate makes n texts, one in four without any name.
func generate(l *lists, n int, random *rand.Rand) []sequence.Example {
	g := &generator{lists: l, random: random}
	english, others, quiet := templates("en.txt"), templates("other.txt"), templates("quiet.txt")
	out := make([]sequence.Example, 0, n)
	for len(out) < n {
		from := english
		switch p := random.IntN(100); {
		case p < 22:
			from = others
		case p < 40:
			from = quiet
		}
		g.now = &l.locales[random.IntN(len(l.locales))]
		if random.IntN(3) == 0 {
			g.now = &l.locales[0]
		}
		var x sequence.Example
		// several texts follow each other, as they do in files
		for range 1 + random.IntN(2) {
			if len(x.Text) > 0 {
				x.Text = append(x.Text, " \n"[random.IntN(2)])
			}
			g.fill(&x, from[random.IntN(len(from))])
		}
		out = append(out, x)
	}
	return out
}

// templates reads a file of text/: one template on each line, \n and \t as escapes.
func templates(file string) []string {
	b, err := authored.ReadFile("text/" + file)
	if err != nil {
		panic(err) // embedded
	}
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	for i := range lines {
		lines[i] = strings.NewReplacer(`\n`, "\n", `\t`, "\t").Replace(lines[i])
	}
	return lines
}

func (g *generator) fill(x *sequence.Example, template string) {
	for {
		head, rest, ok := strings.Cut(template, "{")
		name, tail, closed := strings.Cut(rest, "}")
		if !ok {
			x.Text = append(x.Text, template...)
			return
		}
		x.Text = append(x.Text, head...)
		text, label, known := "", sequence.Outside, false
		if closed {
			text, label, known = g.slot(name)
		}
		if !known { // a brace of the text itself
			x.Text = append(x.Text, '{')
			template = rest
			continue
		}
		start := len(x.Text)
		x.Text = append(x.Text, text...)
		if n := len(x.Spans); label == sequence.BeginPerson && n > 0 && head == " " && x.Spans[n-1].Label == label && x.Spans[n-1].End == start-1 {
			x.Spans[n-1].End = len(x.Text) // {G} {F} is one name
		} else if label != sequence.Outside {
			x.Spans = append(x.Spans, sequence.Span{Start: start, End: len(x.Text), Label: label})
		}
		template = tail
	}
}

func (g *generator) slot(name string) (text string, label sequence.Label, known bool) {
	const person, organization, place = sequence.BeginPerson, sequence.BeginOrganization, sequence.BeginPlace
	switch name {
	case "P":
		return g.person(), person, true
	case "G":
		return g.givenName(), person, true
	case "F":
		return g.familyName(), person, true
	case "U":
		return strings.ToUpper(g.person()), person, true
	case "g":
		return strings.ToLower(g.givenName()), person, true
	case "f":
		return strings.ToLower(g.familyName()), person, true
	case "R":
		text = g.familyName() + ", " + g.givenName()
		if g.random.IntN(4) == 0 {
			text += " " + g.initial()
		}
		return text, person, true
	case "K":
		return g.shop(), organization, true
	case "I":
		return g.initial(), person, true
	case "O":
		return g.organization(), organization, true
	case "L":
		if g.random.IntN(2) == 0 {
			return g.city(), place, true
		}
		return g.pick(g.countries), place, true
	case "C":
		return g.city(), place, true
	case "N":
		return g.pick(g.countries), place, true
	case "c":
		return strings.ToLower(g.city()), place, true
	}
	text, known = g.filler(name)
	return text, sequence.Outside, known
}

func (g *generator) pick(list []string) string { return list[g.random.IntN(len(list))] }

// skewed picks from a list with the common ones first more often.
func (g *generator) skewed(list []string) string {
	u := g.random.Float64()
	return list[int(u*u*u*float64(len(list)))]
}

func (g *generator) givenName() string {
	switch p := g.random.IntN(20); {
	case p < 9:
		return g.pick(g.now.given)
	case p < 18:
		return g.skewed(g.given.words)
	}
	return g.invented()
}

func (g *generator) familyName() string {
	switch p := g.random.IntN(20); {
	case p < 9:
		return g.pick(g.now.family)
	case p < 17:
		return g.skewed(g.family.words)
	case p < 18:
		return g.pick(g.now.family) + "-" + g.skewed(g.family.words)
	}
	return g.invented()
}

// invented is a name on no list: pieces of two listed ones.
func (g *generator) invented() string {
	a, b := []rune(g.skewed(g.family.words)), []rune(g.skewed(g.given.words))
	s := string(a[:min(len(a), 2+g.random.IntN(3))]) + strings.ToLower(string(b[len(b)/2:]))
	return s
}

func (g *generator) initial() string { return string(rune('A'+g.random.IntN(26))) + "." }

func (g *generator) person() string {
	first, last := g.givenName(), g.familyName()
	switch p := g.random.IntN(40); {
	case p < 3:
		return first + " " + g.initial() + " " + last
	case p < 5:
		return g.initial() + " " + last
	case p < 6:
		return g.initial() + " " + g.initial() + " " + last
	case p < 9:
		return first + " " + g.givenName() + " " + last
	case p < 11:
		return first + " " + last + " " + g.familyName()
	case p < 12:
		return last + ", " + first
	case p < 16:
		return first
	case p < 17:
		return strings.ToUpper(last) + " " + first
	}
	return first + " " + last
}

func (g *generator) city() string {
	u := g.random.Float64()
	return g.cities[int(u*u*float64(len(g.cities)))]
}

// organization makes a name by a pattern, or takes a known one.
func (g *generator) organization() string {
	last := g.familyName()
	body := []string{"University", "College", "Bank", "Hospital", "Institute", "Museum", "High School", "Medical Center", "Foundation", "Police", "City Council", "Airport Authority", "Chamber of Commerce", "Library", "FC", "Times", "Tribune", "Symphony Orchestra", "Clinic", "Church"}
	of := []string{"University", "Bank", "Ministry", "Department", "Institute", "Association", "Federation", "Church", "Embassy", "Museum"}
	matter := []string{"Health", "Defense", "Justice", "Education", "Finance", "Energy", "Agriculture", "Science", "Technology", "Foreign Affairs", "Labor", "Transport"}
	form := []string{"Inc.", "Inc", "Ltd", "Ltd.", "LLC", "Corp.", "Corporation", "& Co.", "Group", "GmbH", "AG", "S.A.", "S.r.l.", "SpA", "B.V.", "N.V.", "PLC", "Holdings", "Partners", "GmbH & Co. KG", "Sp. z o.o.", "Lda", "SARL", "AB", "Oy", "A/S"}
	trade := []string{"Systems", "Technologies", "Solutions", "Logistics", "Pharma", "Foods", "Energy", "Insurance", "Consulting", "Media", "Software", "Motors", "Capital", "Design", "Construction", "Electric", "Travel", "Pizza", "Auto Repair", "Dental", "Plumbing", "Restaurant", "Hotel", "Salon", "Realty", "Cafe", "Grill", "Books"}
	coined := []string{"Acme", "Global", "Nova", "Blue Ridge", "Pioneer", "Summit", "Apex", "Vertex", "Quantum", "Northwind", "Silverline", "Evergreen", "Bright", "Atlas", "Orion", "Delta", "United", "First National", "Golden Gate", "Sunrise", "Inter", "Tech", "Data", "Cloud", "Green", "Red Rock", "Ocean", "Star", "Metro", "Prime"}
	switch g.random.IntN(12) {
	case 0, 1, 2:
		return g.pick(g.organizations.words)
	case 3:
		return last + " " + g.pick(form)
	case 4:
		return g.pick(coined) + " " + g.pick(trade)
	case 5:
		return g.pick(coined) + " " + g.pick(trade) + " " + g.pick(form)
	case 6:
		return g.city() + " " + g.pick(body)
	case 7:
		return g.pick(of) + " of " + g.pick(append(matter, g.city()))
	case 8:
		return last + " & " + g.familyName()
	case 9:
		return last + " " + g.pick(trade)
	case 10:
		return last + "'s " + g.pick(trade)
	}
	return strings.ToUpper(g.invented()[:2]) + string(rune('A'+g.random.IntN(26)))
}

// identifier is a name in a program.
func (g *generator) identifier() string {
	s := titleCase(g.pick(g.vocabulary))
	for range g.random.IntN(3) {
		s += titleCase(g.pick(g.vocabulary))
	}
	if g.random.IntN(3) == 0 {
		s = strings.ToLower(s[:1]) + s[1:]
	}
	return s
}

// shop is a name such as small businesses have.
func (g *generator) shop() string {
	adjective := []string{"Lucky", "Golden", "Happy", "Blue", "Royal", "Little", "Old", "Crazy", "Sweet", "Grand", "Cozy", "Hungry", "Green", "Silver", "Lazy"}
	noun := []string{"Dragon", "Spoon", "Lion", "Garden", "Corner", "Kitchen", "Pizza", "Burger", "Bistro", "Cottage", "Palace", "Inn", "Nook", "Bakery", "Barrel", "Fork", "House", "Grill", "Cafe", "Nails", "Tavern", "Panda"}
	switch g.random.IntN(6) {
	case 0:
		return g.givenName() + "'s"
	case 1:
		return g.familyName() + "'s"
	case 2:
		return "The " + g.pick(adjective) + " " + g.pick(noun)
	case 3:
		return g.pick(adjective) + " " + g.pick(noun)
	case 4:
		return g.givenName() + "'s " + g.pick(noun)
	}
	return g.familyName() + " " + g.pick(noun)
}

var fillers = map[string][]string{
	"T":    {"Mr.", "Mrs.", "Ms.", "Dr.", "Mr", "Mrs", "Ms", "Dr", "Prof.", "Miss", "Professor", "Doctor", "Sir", "Judge", "Captain", "Rev."},
	"job":  {"CEO", "director", "chairman", "spokesman", "manager", "President", "Vice President", "coach", "editor", "Chief Executive", "head of research", "lawyer", "nurse", "professor", "singer", "Foreign Minister", "spokeswoman", "Sales Manager", "actor", "author", "Senior Analyst", "Director", "Manager", "engineer", "Account Executive"},
	"kin":  {"wife", "husband", "brother", "sister", "son", "daughter", "mother", "father", "uncle", "aunt", "cousin", "boyfriend", "girlfriend", "grandmother", "dad", "mom", "friend", "Uncle", "Aunt", "neighbor"},
	"nat":  {"American", "French", "German", "Italian", "British", "Chinese", "Indian", "Brazilian", "Polish", "Iraqi", "Israeli", "Russian", "Dutch", "Spanish", "Canadian", "Japanese"},
	"suf":  {"MD", "PhD", "Esq.", "Jr.", "RN"},
	"W":    {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday", "Easter", "Christmas"},
	"M":    {"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December", "Jan", "Oct", "Dec"},
	"dx":   {"Hypertension", "Asthma", "type 2 diabetes", "Migraine", "Chronic Bronchitis", "Fracture", "Parkinson's disease"},
	"subj": {"Weekly Report", "Meeting on Monday", "Project Plan", "Budget Review", "Gas Contract", "New Offer", "Re: Lunch", "Deal Summary", "The Great Adventure", "Notes", "Weekend", "A Short History of Glass", "Invoice"},
}

// filler makes what is no name.
func (g *generator) filler(name string) (string, bool) {
	switch name {
	case "A":
		return g.address(), true
	case "x":
		return g.givenName(), true
	case "id":
		return g.identifier(), true
	case "w":
		return g.pick(g.vocabulary), true
	case "Cw":
		return titleCase(g.pick(g.vocabulary)), true
	case "#":
		return fmt.Sprint(1 + g.random.IntN(2030)), true
	case "ph":
		return fmt.Sprintf("+1 (%d) 555-%04d", 200+g.random.IntN(700), g.random.IntN(10000)), true
	case "e":
		return strings.ToLower(g.skewed(g.given.words)) + fmt.Sprint(g.random.IntN(99)) + "@example.com", true
	}
	if list := fillers[name]; list != nil {
		return g.pick(list), true
	}
	return "", false
}

// address makes a street line, at times with a city. Addresses are found by a grammar, so nothing in them is a name here.
func (g *generator) address() string {
	n, name := 1+g.random.IntN(9999), g.familyName()
	if g.random.IntN(3) == 0 {
		name = g.skewed(g.given.words)
	}
	street := ""
	switch g.random.IntN(6) {
	case 0:
		street = fmt.Sprintf("%s %d", g.pick([]string{"Via", "Rua", "Calle", "ul.", "Avenida", "Viale", "Plaza", "Rue"})+" "+name, n%200)
	case 1:
		street = fmt.Sprintf("%s%s %d", name, g.pick([]string{"straße", "weg", "gade", "gatan", "straat", "laan", "platz"}), n%200)
	default:
		street = fmt.Sprintf("%d %s %s", n, name, g.pick([]string{"Street", "St", "St.", "Avenue", "Ave", "Road", "Rd", "Lane", "Drive", "Dr", "Court", "Blvd", "Way", "Place", "Terrace"}))
	}
	if g.random.IntN(3) == 0 {
		street += fmt.Sprintf(" %s %d", g.pick([]string{"Apt.", "Suite", "Unit", "Apt"}), n%500)
	}
	return street
}
