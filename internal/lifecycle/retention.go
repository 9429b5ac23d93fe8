package lifecycle

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/reeve-ai/reeve"
)

// Day is 24 hours; the periods of retention are counted in days of UTC without leap seconds.
const Day = 24 * time.Hour

// Retention says how long records are kept. Of every record there are two parts: the payload (what was asked and
// answered, sealed) and the metadata (the leaf, which names nobody).
type Retention struct {
	Metadata time.Duration // of records that no class speaks of; default 186 days
	Payload  time.Duration // default 30 days
	Profiles []string      // names of Profiles whose floors hold; default ai-act
	Classes  []Class
}

// Class is a period for some records. Where several classes fit a record, the shortest payload and the longest metadata
// period win: content is personal, the record of its use is evidence. A period of zero leaves the part alone.
type Class struct {
	Name       string   // for explanations
	Routes     []string // paths, or nil for all
	Models     []string // names, or nil for all
	Categories []string // any of these categories in the label of the input or output, or nil for all
	Level      reeve.Level
	Metadata   time.Duration
	Payload    time.Duration
}

// Profile is a floor that a law sets for records of use. It speaks of metadata: no law that is listed asks for the content.
type Profile struct {
	Name, Cite string
	Metadata   time.Duration
	Note       string
}

// Profiles are the floors that are known. A period of six months has up to 184 days, a year up to 366.
var Profiles = []Profile{
	{Name: "ai-act", Cite: "Regulation (EU) 2024/1689 Art. 19(1), 26(6)", Metadata: 184 * Day, Note: "logs of high-risk systems: at least six months, unless data protection law says otherwise"},
	{Name: "hipaa", Cite: "45 CFR 164.316(b)(2)(i)", Metadata: (6*365 + 2) * Day, Note: "six years; whether raw logs are meant is disputed"},
	{Name: "colorado", Cite: "C.R.S. 6-1-1703", Metadata: (3*365 + 1) * Day, Note: "records of automated decisions: three years"},
	{Name: "ccpa", Cite: "11 CCR 7101", Metadata: 731 * Day, Note: "records of requests and how they were answered: 24 months"},
}

// DefaultRetention is what holds without a configuration.
func DefaultRetention() Retention {
	return Retention{Metadata: 186 * Day, Payload: 30 * Day, Profiles: []string{"ai-act"}}
}

// Validate names the first thing that is wrong.
func (r *Retention) Validate() error {
	if r.Metadata < Day || r.Payload < 0 {
		return fmt.Errorf("metadata wants at least 1d, payload at least 0s")
	}
	for _, name := range r.Profiles {
		if !slices.ContainsFunc(Profiles, func(p Profile) bool { return p.Name == name }) {
			return fmt.Errorf("profile %q is not known: want one of %s", name, profileNames())
		}
	}
	for i := range r.Classes {
		c := &r.Classes[i]
		if c.Name == "" {
			return fmt.Errorf("class %d has no name", i+1)
		}
		if c.Metadata < 0 || c.Payload < 0 || c.Metadata == 0 && c.Payload == 0 {
			return fmt.Errorf("class %s sets no period", c.Name)
		}
	}
	return nil
}

func profileNames() string {
	names := make([]string, len(Profiles))
	for i := range Profiles {
		names[i] = Profiles[i].Name
	}
	return strings.Join(names, ", ")
}

// Facts are what the resolver knows of one record.
type Facts struct {
	Seq    uint64
	Time   time.Time
	Kind   string // "intent", "outcome", "access", "erasure" …
	Route  string
	Model  string
	Labels []reeve.Label // of input and output
	Holds  []string      // ids of the holds that cover it
	Erased bool          // an erasure was asked for, or is done
}

// Ruling is the decision about one part of a record.
type Ruling struct {
	Keep   bool      `json:"keep"`
	Until  time.Time `json:"until,omitzero"` // when it may go; zero while it depends on no clock
	Rule   string    `json:"rule"`           // which rule won
	Why    string    `json:"why"`
	Beaten []string  `json:"beaten,omitempty"` // what spoke for another answer, and lost
}

// Decision is what may happen to a record now.
type Decision struct {
	Payload  Ruling `json:"payload"`
	Metadata Ruling `json:"metadata"`
}

// evidence are the kinds of record that prove what was done about records. They go with the metadata of the log, never before.
var evidence = map[string]bool{"hold": true, "erasure": true, "retention": true}

// Resolve decides about one record at a time. It is a pure function. The rules, the strongest first:
//
//  1. hold: a legal hold keeps both parts.
//  2. erasure: the payload goes at once. The metadata stays until its own period ends: its keys are gone, so that it names nobody.
//  3. floor: metadata is kept at least as long as the profiles demand. Payloads have no floor.
//  4. class: the shortest payload period and the longest metadata period of the classes that fit.
//  5. default: the periods of the configuration.
func (r *Retention) Resolve(f *Facts, now time.Time) Decision {
	d := Decision{Payload: r.payload(f), Metadata: r.metadata(f)}
	for _, part := range []*Ruling{&d.Payload, &d.Metadata} {
		part.Keep = now.Before(part.Until)
	}
	if f.Erased {
		beat(&d.Payload, Ruling{Rule: "erasure", Why: "the erasure of the subject was asked for (GDPR Art. 17)"})
		d.Metadata.Why += "; its keys are destroyed with the payload, so that it names nobody"
	}
	if len(f.Holds) > 0 {
		held := Ruling{Keep: true, Rule: "hold", Why: "held by " + strings.Join(f.Holds, ", ")}
		beat(&d.Payload, held)
		beat(&d.Metadata, held)
	}
	return d
}

// beat lets a stronger rule win and keeps the name of the weaker one.
func beat(r *Ruling, by Ruling) {
	by.Beaten = append(slices.Clone(r.Beaten), r.Rule)
	*r = by
}

func (r *Retention) payload(f *Facts) Ruling {
	if evidence[f.Kind] {
		m := r.metadata(f)
		m.Rule, m.Why = "evidence", "proof of what was done about records is kept with them"
		return m
	}
	out := Ruling{Rule: "default", Why: "payload: " + days(r.Payload), Until: f.Time.Add(r.Payload)}
	for i := range r.Classes {
		c := &r.Classes[i]
		if c.Payload == 0 || !c.fits(f) {
			continue
		}
		won := Ruling{Rule: "class/" + c.Name, Why: "payload: " + days(c.Payload), Until: f.Time.Add(c.Payload)}
		if out.Rule == "default" || won.Until.Before(out.Until) {
			beat(&out, won)
		} else {
			out.Beaten = append(out.Beaten, won.Rule)
		}
	}
	return out
}

func (r *Retention) metadata(f *Facts) Ruling {
	out := Ruling{Rule: "default", Why: "metadata: " + days(r.Metadata), Until: f.Time.Add(r.Metadata)}
	for i := range r.Classes {
		c := &r.Classes[i]
		if c.Metadata == 0 || !c.fits(f) {
			continue
		}
		won := Ruling{Rule: "class/" + c.Name, Why: "metadata: " + days(c.Metadata), Until: f.Time.Add(c.Metadata)}
		if out.Rule == "default" || won.Until.After(out.Until) {
			beat(&out, won)
		} else {
			out.Beaten = append(out.Beaten, won.Rule)
		}
	}
	for _, p := range Profiles {
		if !slices.Contains(r.Profiles, p.Name) {
			continue
		}
		if floor := f.Time.Add(p.Metadata); floor.After(out.Until) {
			beat(&out, Ruling{Rule: "floor/" + p.Name, Why: fmt.Sprintf("metadata: at least %s (%s)", days(p.Metadata), p.Cite), Until: floor})
		}
	}
	return out
}

// shortestPayload is the shortest time after which any payload may go.
func (r *Retention) shortestPayload() time.Duration {
	shortest := r.Payload
	for i := range r.Classes {
		if p := r.Classes[i].Payload; p > 0 {
			shortest = min(shortest, p)
		}
	}
	return shortest
}

func (c *Class) fits(f *Facts) bool {
	if len(c.Routes) > 0 && !slices.Contains(c.Routes, f.Route) || len(c.Models) > 0 && !slices.Contains(c.Models, f.Model) {
		return false
	}
	if len(c.Categories) == 0 && c.Level == 0 {
		return true
	}
	return slices.ContainsFunc(f.Labels, c.speaksOf)
}

// speaksOf reports whether a label is at least of the class's level and has one of its categories.
func (c *Class) speaksOf(l reeve.Label) bool {
	if l.Level < c.Level {
		return false
	}
	return len(c.Categories) == 0 || slices.ContainsFunc(c.Categories, func(name string) bool { return slices.Contains(l.Categories, name) })
}

func days(d time.Duration) string {
	if d%Day == 0 {
		return fmt.Sprintf("%d days", d/Day)
	}
	return d.String()
}
