package detect

import (
	"fmt"
	"slices"
	"strings"
)

// Kind names what a match is, in the vocabulary of the product's findings.
type Kind string

// The kinds of the built-in rules, of literal lists and of user patterns.
const (
	KindEmail        Kind = "EMAIL_ADDRESS"
	KindPhone        Kind = "PHONE_NUMBER"
	KindCard         Kind = "CREDIT_CARD"
	KindIBAN         Kind = "IBAN_CODE"
	KindUSSSN        Kind = "US_SSN"
	KindIP           Kind = "IP_ADDRESS"
	KindURL          Kind = "URL"
	KindDate         Kind = "DATE_TIME"
	KindBirth        Kind = "DATE_OF_BIRTH"
	KindAge          Kind = "AGE"
	KindRecordNumber Kind = "MEDICAL_RECORD_NUMBER"
	KindHealthPlan   Kind = "HEALTH_PLAN_ID"
	KindAccount      Kind = "ACCOUNT_NUMBER"
	KindCardCode     Kind = "CREDIT_CARD_VERIFICATION"
	KindCardExpiry   Kind = "CREDIT_CARD_EXPIRY"
	KindCardTrack    Kind = "CREDIT_CARD_TRACK"
	KindHealth       Kind = "HEALTH"
	KindReligion     Kind = "RELIGION"
	KindEthnicity    Kind = "ETHNICITY"
	KindPolitics     Kind = "POLITICAL_OPINION"
	KindUnion        Kind = "TRADE_UNION"
	KindGenetic      Kind = "GENETIC_DATA"
	KindBiometric    Kind = "BIOMETRIC_DATA"
	KindOrientation  Kind = "SEXUAL_ORIENTATION"
	KindSexLife      Kind = "SEX_LIFE"
	KindCriminal     Kind = "CRIMINAL_RECORD"
	KindSecret       Kind = "SECRET" // every secret; the rule says which
	KindLiteral      Kind = "LITERAL"
	KindPattern      Kind = "PATTERN"
)

// Severity orders rules by the harm that a leak does, from 0 (information) to 4 (critical).
type Severity uint8

// The five severities.
const (
	Info Severity = iota
	Low
	Medium
	High
	Critical
)

// Rule describes what one index of an Engine stands for. Positives and Negatives are texts that must and must not
// produce a match of this rule; they belong to the rule and every built-in rule has both.
type Rule struct {
	ID          string // "pii/email", "secret/github-pat"; for literals and patterns the ID the caller gave
	Kind        Kind
	Severity    Severity
	Description string
	Positives   []string
	Negatives   []string
}

// SeverityAt is the severity of a match with the given score: the rule's own from 0.7 up, at most medium from 0.5, at
// most low from 0.3; less is information, such as a number that is published as a sample.
func (r *Rule) SeverityAt(score float32) Severity {
	switch {
	case score >= 0.7:
		return r.Severity
	case score >= 0.5:
		return min(r.Severity, Medium)
	case score >= 0.3:
		return min(r.Severity, Low)
	}
	return Info
}

// builtin is a Rule with its recognisers.
type builtin struct {
	Rule
	on      []entry
	context int8 // number in the group of rules that share findContext, 0 for rules with recognisers of their own
	weak    bool // gives way where a match of another rule begins inside it, and keeps the part before
	forms   []form
}

// entry says where a recogniser is called: at the first byte of prefix at the start of a token if that is a letter, at
// every byte of bytes (a list that begins with a digit stands for all digits, at the start of a token), or at a token whose first byte is an upper-case letter and whose
// second one is another or a digit.
type entry struct {
	// What is read at every question comes first, so that it lies together.
	find   recogniser
	prefix string
	next   string // bytes that may follow the prefix, or the byte that is listed; "" means any
	least  int    // letters and digits that a match has at least, from its first byte on; 0 means any number
	colon  bool   // one of the four bytes behind the first is a colon

	bytes string
	upper bool
	loose bool     // at a token that begins with letters and goes on with digits; not where text is released early
	late  bool     // not in force with EarlyRelease, since its matches begin in words that others wait for
	then  then     // for digits: what stands behind the byte after the first run; the zero value means any
	sizes sizes    // for digits and upper: how long the first run of digits, or of A-Z and 0-9, may be; 0 means any length
	after string   // for digits: the bytes that may follow the first run; "" means any
	prev  string   // bytes that must stand before the byte that is listed; "" means any, and the start of the text will do
	words []string // for a prefix: what the text begins with, in lower case, capitals of ASCII count as such; nil means anything
	skip  int      // leading bytes that are never part of the match, such as the name of a field
	free  int      // leading bytes that stand for a word where nothing announces a secret: released, and no part of the match
}

// before is prev as a table, nil if it is empty.
func (e *entry) before() *[256]bool {
	if e.prev == "" {
		return nil
	}
	var t [256]bool
	for i := range len(e.prev) {
		t[e.prev[i]] = true
	}
	return &t
}

// then is a class of bytes.
type then uint8

const (
	thenAny   then = iota
	thenDigit      // a digit or an opening bracket
	thenOther      // anything but a digit
)

// admits reports whether c is of the class.
func (t then) admits(c byte) bool {
	return t == thenAny || t == thenDigit && (isDigit(c) || c == '(') || t == thenOther && !isDigit(c)
}

// sizes is a set of lengths from 1 to 31.
type sizes uint32

func lengths(list ...int) (s sizes) {
	for _, n := range list {
		s |= 1 << n
	}
	return s
}

func (s sizes) has(n int) bool { return s == 0 || n < 32 && s>>n&1 != 0 }

// recogniser looks for a candidate at offset i of the window. It reads text only through the window's methods.
type recogniser func(w *window, i int) hit

// hit is what a recogniser found. The zero value means nothing.
type hit struct {
	start, end int     // the match, end exclusive
	resume     int     // where scanning goes on; 0 means end
	context    int8    // the rule of the context group that it is; 0: the rule that was asked
	score      float32 // 0 means no match
	known      bool    // the value is a published one: whatever else it may look like, it is this
}

// Rules returns the built-in rules in their order, which is also the order that breaks ties. The slice is the caller's.
func Rules() []Rule {
	table := builtins()
	out := make([]Rule, len(table))
	for i := range table {
		out[i] = table[i].Rule
		out[i].Positives = slices.Clone(out[i].Positives)
		out[i].Negatives = slices.Clone(out[i].Negatives)
	}
	return out
}

// builtins is the table of all built-in rules.
func builtins() []builtin {
	return slices.Concat(
		[]builtin{emailRule(), cardRule(), ibanRule(), ssnRule(), phoneRule(), ipRule()},
		[]builtin{urlRule(), dateRule(), birthRule(), ageRule()},
		recordRules(),
		specialRules(),
		[]builtin{privateKeyRule(), jwtRule(), urlCredentialsRule()},
		tokenRules(),
		headerRules(),
		commandRules(),
		hashRules(),
		contextRules(),
		identityRules(),
	)
}

// selectRules returns the built-in rules that the names ask for, in table order.
func selectRules(names []string) ([]builtin, error) {
	table := builtins()
	chosen := make([]bool, len(table))
	for _, name := range names {
		class, glob := strings.CutSuffix(name, "/*")
		found := false
		for i := range table {
			id := table[i].ID
			if id == name || glob && strings.HasPrefix(id, class+"/") {
				chosen[i], found = true, true
			}
		}
		if !found {
			return nil, fmt.Errorf("no built-in rule is called %q", name)
		}
	}
	var out []builtin
	for i, c := range chosen {
		if c {
			out = append(out, table[i])
		}
	}
	return out, nil
}
