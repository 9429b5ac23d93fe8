package license

import (
	"errors"
	"fmt"
	"time"
)

// Verdict is what the evidence says about one licence and one use. There is no word for compliance: whether a law is
// kept is for people to say.
type Verdict uint8

// The verdicts, from the best to the worst. Of several licences that apply together the worst counts, of several that
// one may choose from the best.
const (
	Allowed     Verdict = iota // nothing in the evidence stands against the use
	NeedsPerson                // a person has to read, decide or supply something
	Unknown                    // there is no licence, or none that can be judged
	Denied                     // the licence, held against its text, does not allow the use
)

var verdicts = [...]string{"allowed by the evidence", "needs a person", "unknown", "denied"}

func (v Verdict) String() string { return verdicts[min(int(v), len(verdicts)-1)] }

// MarshalText implements encoding.TextMarshaler.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (v *Verdict) UnmarshalText(b []byte) error {
	for i, s := range verdicts {
		if s == string(b) {
			*v = Verdict(i)
			return nil
		}
	}
	return fmt.Errorf("verdict %q is not one of %q", b, verdicts)
}

// Use is what somebody declares to do. Zero values of counts and names mean "not declared", which is never taken for
// the answer that would please.
type Use struct {
	Commercial     bool
	Establishments []string // where the licensee is established: ISO 3166-1 alpha-2, or EU
	MonthlyUsers   *int64   // monthly active users of licensee and affiliates; nil: not declared
	Tags           []string // what the deployment does, such as "military"
	Modality       string   // text, image, audio, multimodal …
	Family         string   // family of the model that is trained, lower case
	Release        bool     // the result is passed on, not only used inside
	ReleaseName    string   // name under which a model is released
	ReleaseLicence string   // SPDX expression under which the result is released
	// Weights says whether weights count as an adaptation of the data they were trained on. The law is unsettled, so the
	// organisation decides: "yes", "no", or "" for not decided.
	Weights string
	Bundle  []string // names of the files that are released together; nil: not declared
}

// Generator is a model whose outputs became data.
type Generator struct {
	Model   string
	Licence string // SPDX expression, or an id of the table
	Family  string // lower case; left out: that of its licence
}

// Decision is what a person decided about the licence of exactly these bytes.
type Decision struct {
	By        string
	Reference string    // where the signed decision is kept
	Digest    string    // of what was decided about; must equal that of the subject
	Until     time.Time // zero: without end
	Allows    bool
}

// Subject is what is used: data, a model, software.
type Subject struct {
	Licence    string // SPDX expression
	Digest     string // of the bytes
	Notice     bool   // it came with a NOTICE file
	Grants     []string
	Generators []Generator
	Decision   *Decision
	ReviewBy   time.Time // until then a missing review is a warning; zero: it never becomes a denial
}

// Ruling is what one rule says about one licence.
type Ruling struct {
	Rule    string  `json:"rule"`
	Licence string  `json:"licence"`
	Verdict Verdict `json:"verdict"`
	Reason  string  `json:"reason"`
	Remedy  string  `json:"remedy,omitzero"`
	Note    string  `json:"note,omitzero"` // how far the row of the table can be relied on
}

// Judgement is the verdict with the rulings that are not plainly allowed.
type Judgement struct {
	Verdict Verdict  `json:"verdict"`
	Choice  []string `json:"choice,omitzero"` // the licences that were chosen where there is a choice
	Rulings []Ruling `json:"rulings,omitzero"`
}

// Judge holds a subject against a declared use. The nine rules are those of rules.go. now tells whether reviews and
// decisions are in time.
func Judge(s *Subject, u *Use, now time.Time) Judgement {
	j := judgeExpression(s, u, now)
	j.add(generatorRulings(s, u)...)
	return j
}

func (j *Judgement) add(rulings ...Ruling) {
	for _, r := range rulings {
		j.Verdict = max(j.Verdict, r.Verdict)
		j.Rulings = append(j.Rulings, r)
	}
}

func judgeExpression(s *Subject, u *Use, now time.Time) Judgement {
	e, err := Parse(s.Licence)
	if s.Licence == "" || errors.Is(err, ErrNone) {
		return judgeSet(s, u, now, []*Licence{ByID("unknown")})
	}
	if err != nil {
		var j Judgement
		j.add(Ruling{Rule: "licence/expression", Licence: short(s.Licence), Verdict: Unknown, Reason: err.Error(), Remedy: "write an SPDX expression"})
		return j
	}
	choices := e.Choices()
	if choices == nil {
		var j Judgement
		j.add(Ruling{Rule: "licence/expression", Licence: short(s.Licence), Verdict: NeedsPerson, Reason: "the expression has too many choices to judge", Remedy: "write down the licence that was chosen"})
		return j
	}
	var best Judgement
	for i, set := range choices {
		var rows []*Licence
		for _, id := range set {
			rows = append(rows, rowOf(id))
		}
		j := judgeSet(s, u, now, rows)
		if j.Choice = set; i == 0 || j.Verdict < best.Verdict {
			best = j
		}
	}
	if len(choices) == 1 {
		best.Choice = nil
	}
	return best
}

// rowOf is the row of the table, or one that says that nobody wrote one.
func rowOf(id string) *Licence {
	if l := BySPDX(id); l != nil {
		return l
	}
	return &Licence{
		ID: id, SPDX: id, Commercial: UseUnknown, Review: true, Verified: ByPolicy,
		Notes: []string{"the table of licences has no row for it"},
	}
}

// judgeSet judges licences that apply together.
func judgeSet(s *Subject, u *Use, now time.Time, rows []*Licence) Judgement {
	var j Judgement
	for _, l := range rows {
		for _, rule := range rules {
			if r, speaks := rule.judge(l, s, u, now); speaks {
				r.Rule, r.Licence = rule.id, l.SPDX
				if l.SPDX == "NONE" {
					r.Licence = l.ID
				}
				j.add(temper(l, r))
			}
		}
	}
	return j
}

// temper says how far a row can be relied on. A draft never denies: what was not held against the licence's text is for
// a person to look at.
func temper(l *Licence, r Ruling) Ruling {
	switch l.Verified {
	case ByMemory:
		r.Note = "for review: this row is a draft that nobody has held against the licence's text"
		r.Verdict = min(r.Verdict, NeedsPerson)
	case BySecondary:
		r.Note = "as quoted by a third party: " + l.Source
	}
	return r
}
