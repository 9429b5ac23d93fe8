// Package license knows licences: it reads SPDX expressions, finds licences in texts, and judges whether what a licence
// asks for fits a declared use.
//
// The table is authored, in our own words, and each row says against what it was held. A row that nobody has held
// against the licence's text is a draft: it is shown, and it never denies. The package gives no legal advice and knows
// no word for "all is well in law": its words are those of Verdict. It is pure: the clock is handed in.
package license

import (
	"slices"
	"strings"
	"sync"
)

// Kind says what a licence is usually for.
type Kind string

// The kinds.
const (
	KindModel    Kind = "model"
	KindData     Kind = "data"
	KindSoftware Kind = "software"
	KindAny      Kind = "any"
)

// Commercial says whether commercial use is allowed.
type Commercial string

// What a licence says of commercial use.
const (
	UseYes         Commercial = "yes"
	UseNo          Commercial = "no"
	UseConditional Commercial = "conditional"
	UseUnknown     Commercial = "unknown"
)

// Training says whether outputs of a model may train another one. The zero value: nothing is said against it.
type Training string

// What a licence says of training other models, which holds for data made from a model's outputs too.
const (
	TrainOwnFamily  Training = "own-family-only"
	TrainWithPrefix Training = "allowed-with-name-prefix"
	TrainReview     Training = "terms pass on"
)

// Verified says against what a row of the table was held.
type Verified string

// The marks of the table, from the strongest down.
const (
	ByText      Verified = "text"      // the text of the licence, named as Source
	BySecondary Verified = "secondary" // a third party that quotes it, named as Source
	ByPolicy    Verified = "policy"    // it is no licence but a default of this product
	ByMemory    Verified = "memory"    // nothing: a draft, shown for review and never enforced as a denial
)

// Licence is one licence with what it asks for.
type Licence struct {
	ID     string // own id, lower case
	Name   string
	SPDX   string // SPDX identifier or LicenseRef; "NONE" for the absence of a licence
	HF     string // the value of "license:" in a Hugging Face card
	Kind   Kind
	Family string // family of models that it licenses, lower case

	Commercial       Commercial
	UserLimit        int64    // monthly active users above which a separate grant is needed; 0 for none
	Training         Training // of other models
	NamePrefix       string   // what the name of a derived model begins with
	ForbiddenUses    []string // tags that are held against the declared use
	Excluded         []string // territories without a licence: ISO 3166-1 codes, or EU
	ExcludedModality string   // the exclusion is for models of this modality only
	Notice, Copy     bool     // a NOTICE file, a copy of the licence must travel along
	NoticeIfPresent  bool     // a NOTICE file must travel along if there is one
	MarkChanges      bool     // changed files must say so
	Attribution      bool     // credit must be given
	SourceOffer      bool     // the source must be offered
	ShareAlike       string   // scope of copyleft: adaptations, database, data, file-level, library, strong, network
	NoDerivatives    bool     // adaptations must not be passed on
	Review           bool     // a person decides, always
	Terms            []string // further terms, for people to read

	Markers  []string // titles by which the text is known
	Notes    []string
	Verified Verified
	Source   string
}

// Draft reports whether the row was never held against the licence.
func (l *Licence) Draft() bool { return l.Verified == ByMemory }

// Table returns all licences, a fresh slice in a fixed order. The rows are shared: do not change them.
func Table() []*Licence {
	var all []*Licence
	for _, part := range [][]Licence{softwareLicences, dataLicences, modelLicences} {
		for i := range part {
			all = append(all, &part[i])
		}
	}
	return all
}

type index struct{ byID, bySPDX, byHF map[string]*Licence }

// lookup is filled once. Where several rows carry one SPDX identifier the licence of software or data comes first:
// the row of a model adds terms that stand beside the licence.
var lookup = sync.OnceValue(func() index {
	x := index{map[string]*Licence{}, map[string]*Licence{}, map[string]*Licence{}}
	put := func(m map[string]*Licence, key string, l *Licence) {
		if _, taken := m[key]; key != "" && !taken {
			m[key] = l
		}
	}
	for _, l := range Table() {
		put(x.byID, l.ID, l)
		if l.SPDX != "NONE" {
			put(x.bySPDX, strings.ToLower(l.SPDX), l)
		}
		if l.HF != "other" || l.ID == "other" {
			put(x.byHF, l.HF, l)
		}
	}
	return x
})

// ByID returns the row with that id of the table, or nil.
func ByID(id string) *Licence { return lookup().byID[id] }

// ByHF returns the row for a value of "license:" in a Hugging Face card, or nil.
func ByHF(value string) *Licence { return lookup().byHF[strings.ToLower(strings.TrimSpace(value))] }

// BySPDX returns the row for one SPDX identifier, or nil. The forms -only, -or-later and + of one version share a row.
func BySPDX(id string) *Licence {
	m := lookup().bySPDX
	low := strings.ToLower(id)
	if l := m[low]; l != nil {
		return l
	}
	base := strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(low, "+"), "-or-later"), "-only")
	if l := m[base]; l != nil {
		return l
	}
	return m[base+"-only"]
}

// members are the member states of the European Union (Treaty on European Union Art. 52 and accession treaties).
var members = strings.Fields("AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK")

// Within reports whether a place lies in a territory: the same code, or a member state of the EU.
func Within(place, territory string) bool {
	return strings.EqualFold(place, territory) || strings.EqualFold(territory, "EU") && slices.Contains(members, strings.ToUpper(place))
}
