package detect

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
)

// Options say what an Engine looks for. The zero value finds nothing.
type Options struct {
	Rules    []string     // identifiers of built-in rules, or "class/*" for all rules of a class; nil means none
	Literals []LiteralSet // words to find as they stand
	Patterns []Pattern    // regular expressions of bounded length

	MinScore   float32            // matches with less are not reported
	Thresholds map[string]float32 // by rule identifier or "class/*", instead of MinScore
	Allow      []Allow            // values that are no findings

	// EarlyRelease gives up the leading words of a match where nothing before announces it, such as the "jane." of
	// jane.doe@example.org in the middle of a sentence, so that a Stream need not hold every word that an address may
	// begin with. It is for text that somebody waits for.
	EarlyRelease bool
}

// LiteralSet is a list of words that share one rule.
type LiteralSet struct {
	ID        string   // identifier of the rule, not empty
	Words     []string // each 1 to 255 bytes long
	FoldCase  bool     // ASCII letters match in either case; words with other letters also as all lower, all upper and title case
	WholeWord bool     // no letter, digit or underscore may stand directly before or after
}

// Pattern is a regular expression in the syntax of package regexp that matches leftmost-longest.
type Pattern struct {
	ID     string // identifier of the rule, not empty
	Expr   string // expression; \A and ^ mean the start of the text, \z and $ its end unless (?m) is set
	MaxLen int    // longest match in bytes, 1 to 256; text is never matched beyond it
}

// Match is one finding. Offsets are bytes in the whole text, End exclusive.
type Match struct {
	Rule       int32 // index for Engine.RuleAt
	Start, End int
	Score      float32 // 0 to 1: how sure the shape, the checks and the text before make it; published samples score under 0.5
}

// Engine finds what its Options ask for. It is immutable and safe for concurrent use.
type Engine struct {
	rules      []Rule
	act        [256]uint8         // what the scan does at a byte
	on         [256][]trigger     // recognisers by first byte
	marks      [256]uint64        // see lookout
	threes     [4096]uint64       // see threeSlot
	fours      [1024]uint64       // see headHash
	fives      [1024]uint64       // see longHash
	triggers   int32              // how many there are
	heads      headTable          // recognisers by the first bytes of their prefix
	pairStarts [1024]uint64       // bit b1<<8|b0: a token that begins so may be a candidate whatever follows
	pairs      [1024]uint64       // bit b0<<8|b1: a token that begins with these two letters is worth a look
	bucketAt   [64][128]uint16    // number of the bucket for a letter and the ASCII byte after it
	buckets    [][]trigger        // recognisers by the first two bytes of their prefix; the first is empty
	digits     numberTable        // recognisers of digits
	upper      [maxSize][]trigger // recognisers of upper-case tokens, likewise
	uppers     []trigger          // all of them
	hasUpper   bool               // upper is not empty, or forms begin with letters
	forms      formTable          // identifiers of a fixed form
	email      bool               // the e-mail rule is in force
	loose      []trigger          // recognisers of tokens that begin with letters and go on with digits
	hasLoose   bool               // such tokens are looked at
	prev       [256]*[256]bool    // bytes that must stand before a byte of actHere; nil means any
	context    [128]int32         // index of each rule of the context group, by its number; -1 where it is not in force
	hosts      bool               // domains without a scheme are looked for
	literals   []*automaton
	patterns   []*program

	min   []float32 // by rule
	weak  []bool    // by rule, see builtin.weak
	allow []allowList
	early bool // see Options.EarlyRelease

	plain bool // no candidate is turned away early: for the test that this changes nothing

	optionsDigest [sha256.Size]byte
	versionOnce   sync.Once
	version       string
}

// trigger is a recogniser with the index of its rule.
type trigger struct {
	rule  int32
	order int32 // in the table of rules; decides ties
	entry
}

// maxSize is one more than the longest first run that a rule can ask for by its length.
const maxSize = 32

// Actions of the scan at a byte.
const (
	actSkip  uint8 = iota
	actWord        // a letter, a digit that no rule wants, or an underscore: part of a token
	actStart       // a digit that rules start with: only at the start of a token
	actHere        // a byte at which recognisers are called wherever it stands
)

// New compiles the options. The error names the rule, literal set or pattern that is wrong.
func New(o Options) (*Engine, error) {
	e := &Engine{early: o.EarlyRelease, optionsDigest: digestOptions(o)}
	chosen, err := selectRules(o.Rules)
	if err != nil {
		return nil, err
	}
	if err := e.addBuiltins(chosen); err != nil {
		return nil, err
	}
	e.fillBuckets()
	e.fillMarks()
	e.heads.build(e.buckets)
	e.digits.build()
	if err := e.addLiterals(o.Literals); err != nil {
		return nil, err
	}
	for _, p := range o.Patterns {
		if p.ID == "" {
			return nil, errors.New("a pattern has no identifier")
		}
		prog, err := compilePattern(p, int32(len(e.rules)))
		if err != nil {
			return nil, fmt.Errorf("pattern %s: %w", p.ID, err)
		}
		e.patterns = append(e.patterns, prog)
		e.rules = append(e.rules, Rule{ID: p.ID, Kind: KindPattern, Severity: High, Description: "a pattern of the user"})
	}
	if err := e.setLimits(o); err != nil {
		return nil, err
	}
	return e, nil
}

func (e *Engine) addBuiltins(chosen []builtin) error {
	for c := range e.act {
		if isWord(byte(c)) {
			e.act[c] = actWord
		}
	}
	for i := range e.context {
		e.context[i] = -1
	}
	grouped := false
	for i := range chosen {
		rule := int32(len(e.rules))
		e.rules = append(e.rules, chosen[i].Rule)
		if n := chosen[i].context; n > 0 {
			e.context[n], grouped = rule, true
		}
		for _, on := range chosen[i].on {
			if !e.early {
				on.free = 0
			}
			e.addEntry(on, rule)
		}
		e.weak = append(e.weak, chosen[i].weak)
		e.email = e.email || chosen[i].Kind == KindEmail
		e.hosts = e.hosts || chosen[i].Kind == KindURL && !e.early
		if err := e.addForms(chosen[i].forms, rule); err != nil {
			return fmt.Errorf("rule %s: %w", chosen[i].ID, err)
		}
	}
	if grouped {
		for _, on := range contextEntries() {
			e.addEntry(on, -1)
		}
	}
	return nil
}

// addForms adds the forms of a rule: the scan looks at every number and at every upper-case token for them.
func (e *Engine) addForms(forms []form, rule int32) error {
	if len(forms) == 0 {
		return nil
	}
	for c := byte('0'); c <= '9'; c++ {
		e.act[c] = actStart
	}
	e.startUpper()
	e.hasLoose = !e.early
	return e.forms.add(forms, rule)
}

func (e *Engine) addEntry(on entry, rule int32) {
	e.triggers++
	t := trigger{rule, e.triggers, on}
	if on.late && e.early {
		return
	}
	if on.upper {
		e.addUpper(t)
		return
	}
	if on.loose {
		e.loose = append(e.loose, t)
		e.hasLoose = !e.early
		return
	}
	if on.prefix != "" {
		c := on.prefix[0]
		e.on[c] = append(e.on[c], t)
		pair := uint16(c)<<8 | uint16(on.prefix[1])
		e.pairs[pair>>6] |= 1 << (pair & 63)
		return
	}
	for i := range len(on.bytes) {
		c := on.bytes[i]
		if e.act[c] != actHere {
			e.prev[c] = on.before()
		} else {
			e.prev[c] = nil // rules that share a byte are called for any of them
		}
		e.act[c] = actHere
		if isDigit(c) {
			e.act[c] = actStart
			continue
		}
		e.on[c] = append(e.on[c], t)
	}
	if isDigit(on.bytes[0]) {
		e.digits.add(t)
	}
}

func (e *Engine) addUpper(t trigger) {
	addSized(&e.upper, t)
	e.uppers = append(e.uppers, t)
	e.startUpper()
}

// startUpper makes every token worth a look that begins with two upper-case letters, or one and a digit.
func (e *Engine) startUpper() {
	e.hasUpper = true
	for c := byte('A'); c <= 'Z'; c++ {
		for d := range byte(128) {
			if isDigit(d) || isUpper(d) || d == '-' {
				pair := uint16(c)<<8 | uint16(d)
				e.pairs[pair>>6] |= 1 << (pair & 63)
			}
		}
	}
}

func addSized(table *[maxSize][]trigger, t trigger) {
	for n := range table {
		if t.sizes.has(n) {
			table[n] = append(table[n], t)
		}
	}
}

// fillBuckets groups the recognisers of letters by the first two bytes of their prefixes. The order of the rules stays
// within each bucket and decides ties.
func (e *Engine) fillBuckets() {
	e.buckets = make([][]trigger, 1)
	for c := range e.on {
		if !isLetter(byte(c)) {
			continue
		}
		for _, t := range e.on[c] {
			at := e.bucket(t.prefix[0], t.prefix[1])
			if *at == 0 {
				*at = uint16(len(e.buckets))
				e.buckets = append(e.buckets, nil)
			}
			e.buckets[*at] = append(e.buckets[*at], t)
		}
	}
}

// bucket returns the place of the bucket's number for a letter and the byte after it.
func (e *Engine) bucket(c, d byte) *uint16 { return &e.bucketAt[c&63][d&127] }

// RuleAt returns the rule of a Match. The Rule is shared and must not be changed.
func (e *Engine) RuleAt(i int32) *Rule { return &e.rules[i] }

// NumRules is how many rules the engine holds; RuleAt takes 0 to NumRules-1.
func (e *Engine) NumRules() int { return len(e.rules) }

// Find appends the matches in text to dst, sorted by Start and not overlapping. Of candidates with the same start the
// longest wins, then the higher score, then the rule that comes first; where one recogniser is much surer than another,
// it wins although its match is shorter. A match of another rule that begins inside a chosen one keeps the part
// that sticks out, so that every byte of every candidate is covered.
func (e *Engine) Find(dst []Match, text []byte) []Match {
	var s scan
	s.init(e)
	s.w.b, s.w.final = text, true
	s.run()
	return s.flush(dst, s.hold())
}
