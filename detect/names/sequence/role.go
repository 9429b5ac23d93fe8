package sequence

// Role is what a word does beside names. The words of each role are in the training command's lists.
type Role uint8

// The roles.
const (
	NoRole      Role = iota
	Title            // Mr, Dr, Senator, Herr, señora
	Occupation       // coach, spokesman, lawyer
	Kin              // wife, brother, friend
	Speech           // said, asked, wrote
	Greeting         // dear, hi, hallo, estimado
	Closing          // regards, cordialement
	NameCue          // name, named, signed, patient
	CompanyForm      // Inc, GmbH, S.A.
	Body             // university, bank, ministry: heads of names of organisations
	Feature          // river, street, county: heads of names of places
	Preposition      // in, at, near: before places
	Direction        // north, western
	Month
	Weekday
	Nation   // American, French
	Pronoun  // he, who, I
	Copula   // is, was, has, will
	Article  // the, a, my
	Dealing  // met, called, married: verbs between persons
	Joiner   // and, or, &
	Particle // van, de, bin, of
	Product  // Windows, Linux, API
	Numeral  // one, two, first
	Suffix   // Jr, PhD, III
	Heading  // introduction, summary, chapter: words of headings and forms
	Roles    // how many there are
)
