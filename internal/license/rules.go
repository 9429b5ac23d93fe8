package license

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// rule is one of the gate rules. judge returns false where it has nothing to say.
type rule struct {
	id    string
	judge func(l *Licence, s *Subject, u *Use, now time.Time) (Ruling, bool)
}

// rules are the gate rules on one licence, in the order in which they are told. The rule on synthetic data looks at the
// generators of a subject: generatorRulings.
var rules = []rule{
	{"licence/commercial-use", commercialUse},
	{"licence/territory", territory},
	{"licence/user-limit", userLimit},
	{"licence/forbidden-use", forbiddenUse},
	{"licence/name-prefix", namePrefix},
	{"licence/notices", notices},
	{"licence/review", review},
	{"licence/share-alike", shareAlike},
	{"licence/no-derivatives", noDerivatives},
}

// RuleIDs lists the rules, for documentation.
func RuleIDs() []string {
	ids := []string{"licence/expression"}
	for _, r := range rules {
		ids = append(ids, r.id)
	}
	return append(ids, ruleSynthetic, ruleMixing)
}

const (
	ruleSynthetic = "licence/synthetic-data"
	ruleMixing    = "licence/mixing"
)

func denied(reason, remedy string) (Ruling, bool) {
	return Ruling{Verdict: Denied, Reason: reason, Remedy: remedy}, true
}

func person(reason, remedy string) (Ruling, bool) {
	return Ruling{Verdict: NeedsPerson, Reason: reason, Remedy: remedy}, true
}

// commercialUse: a licence that forbids commercial use and a commercial use.
func commercialUse(l *Licence, s *Subject, u *Use, _ time.Time) (Ruling, bool) {
	switch {
	case !u.Commercial || l.Commercial == UseYes || granted(l, s):
		return Ruling{}, false
	case l.Commercial == UseNo:
		return denied("the declared use is commercial and the licence does not allow it", "replace the source, obtain a licence, or attach the grant that you hold")
	case l.Commercial == UseConditional && l.UserLimit > 0:
		return Ruling{}, false // the condition is the one that userLimit looks at
	case l.Commercial == UseConditional:
		return person("commercial use is allowed on conditions only: "+strings.Join(l.Terms, "; "), "have a person read the conditions and record the decision")
	}
	return Ruling{Verdict: Unknown, Reason: "whether commercial use is allowed is not known", Remedy: "find the licence of the source"}, true
}

// territory: the licensee is established where the licence is not given.
func territory(l *Licence, _ *Subject, u *Use, _ time.Time) (Ruling, bool) {
	if len(l.Excluded) == 0 || l.ExcludedModality != "" && u.Modality != "" && !strings.EqualFold(u.Modality, l.ExcludedModality) {
		return Ruling{}, false
	}
	if len(u.Establishments) == 0 {
		return person("the licence is not given everywhere, and where the licensee is established is not declared", "declare establishments")
	}
	for _, place := range u.Establishments {
		for _, t := range l.Excluded {
			if !Within(place, t) {
				continue
			}
			if l.ExcludedModality != "" && u.Modality == "" {
				return person(fmt.Sprintf("%s models are not licensed in %s, and the modality is not declared", l.ExcludedModality, t), "declare the modality")
			}
			return denied(fmt.Sprintf("the licence is not given to licensees in %s", t), "use another model or source, or obtain a licence")
		}
	}
	return Ruling{}, false
}

// userLimit: more monthly active users than the licence covers, and no grant attached.
func userLimit(l *Licence, s *Subject, u *Use, _ time.Time) (Ruling, bool) {
	switch {
	case l.UserLimit == 0 || granted(l, s):
		return Ruling{}, false
	case u.MonthlyUsers == nil:
		return person(fmt.Sprintf("the licence ends above %d monthly active users, and their number is not declared", l.UserLimit), "declare monthly_active_users")
	case *u.MonthlyUsers > l.UserLimit:
		return denied(fmt.Sprintf("more than %d monthly active users need a licence of their own", l.UserLimit), "obtain it and attach the grant")
	}
	return Ruling{}, false
}

func granted(l *Licence, s *Subject) bool {
	return slices.ContainsFunc(s.Grants, func(g string) bool { return strings.EqualFold(g, l.SPDX) || strings.EqualFold(g, l.ID) })
}

// forbiddenUse: the declared use carries a tag that the licence forbids.
func forbiddenUse(l *Licence, _ *Subject, u *Use, _ time.Time) (Ruling, bool) {
	for _, tag := range u.Tags {
		for _, f := range l.ForbiddenUses {
			if strings.EqualFold(tag, f) {
				return denied(fmt.Sprintf("the licence forbids the use %q", f), "drop the use or the source")
			}
		}
	}
	return Ruling{}, false
}

// namePrefix: a derived model must carry the name that the licence asks for.
func namePrefix(l *Licence, _ *Subject, u *Use, _ time.Time) (Ruling, bool) {
	if !u.Release || l.NamePrefix == "" || l.Kind != KindModel {
		return Ruling{}, false
	}
	return prefixed(l, u)
}

func prefixed(l *Licence, u *Use) (Ruling, bool) {
	if u.ReleaseName == "" {
		return person(fmt.Sprintf("a released model must have a name that begins with %q, and its name is not declared", l.NamePrefix), "declare release_name")
	}
	if !strings.HasPrefix(u.ReleaseName, l.NamePrefix) {
		return denied(fmt.Sprintf("the name of a released model must begin with %q", l.NamePrefix), "rename the model")
	}
	return Ruling{}, false
}

// notices: what must travel along is not in the bundle.
func notices(l *Licence, s *Subject, u *Use, _ time.Time) (Ruling, bool) {
	notice := l.Notice || l.NoticeIfPresent && s.Notice
	if !u.Release || !notice && !l.Copy {
		return Ruling{}, false
	}
	if u.Bundle == nil {
		return person("notices must travel along, and the files of the release are not declared", "declare bundle")
	}
	for _, want := range []struct {
		needed bool
		what   string
		names  []string
	}{{notice, "NOTICE file", []string{"NOTICE"}}, {l.Copy, "copy of the licence", []string{"LICENSE", "LICENCE", "COPYING"}}} {
		if want.needed && !slices.ContainsFunc(u.Bundle, func(f string) bool { return namedLike(f, want.names) }) {
			return denied("the "+want.what+" that must travel along is not in the bundle", "add it to the release")
		}
	}
	return Ruling{}, false
}

// namedLike reports whether the last element of a path is one of the names, alone or with an ending.
func namedLike(path string, names []string) bool {
	base := strings.ToUpper(path[strings.LastIndexByte(path, '/')+1:])
	stem, _, _ := strings.Cut(base, ".")
	return slices.ContainsFunc(names, func(n string) bool {
		return stem == n || strings.HasPrefix(stem, n+"-") || strings.HasPrefix(stem, n+"_")
	})
}

// review: a person has to look first. The warning becomes a denial when the time for it is over.
func review(l *Licence, s *Subject, _ *Use, now time.Time) (Ruling, bool) {
	if !l.Review {
		return Ruling{}, false
	}
	why := "a person has to decide about this licence"
	if len(l.Notes) > 0 {
		why += ": " + l.Notes[0]
	}
	switch d := s.Decision; {
	case d != nil && (d.Digest == "" || d.Digest != s.Digest):
		why = "the decision that is recorded is about other bytes"
	case d != nil && !d.Until.IsZero() && d.Until.Before(now):
		why = "the decision that is recorded has run out"
	case d != nil && d.Allows:
		return Ruling{}, false
	case d != nil:
		return denied("the decision that is recorded does not allow the use", "replace the source")
	}
	if !s.ReviewBy.IsZero() && s.ReviewBy.Before(now) {
		return denied(why+", and the time for it is over", "record a signed decision about this digest")
	}
	return person(why, "record a signed decision about this digest")
}

// shareAlike: data under a share-alike licence in a model or data set that is released under another. Whether weights
// are an adaptation of their data is unsettled, so the organisation's setting decides.
func shareAlike(l *Licence, _ *Subject, u *Use, _ time.Time) (Ruling, bool) {
	if l.ShareAlike == "" || !u.Release {
		return Ruling{}, false
	}
	if u.ReleaseLicence == "" {
		return person("the source asks for its own licence on adaptations, and the licence of the release is not declared", "declare release_licence")
	}
	if compatible(l, u.ReleaseLicence) || u.Weights == "no" {
		return Ruling{}, false
	}
	if u.Weights == "yes" {
		return denied("the release is not under the licence that the source asks for on adaptations", "release under "+l.SPDX+", or leave the source out")
	}
	return person("whether weights are an adaptation of share-alike data is unsettled, and nobody has decided", "set weights_are_adaptation")
}

// compatible reports whether every choice of the release's expression holds the licence, or a version it names as
// compatible: a later one of the same series, and for CC BY-SA 4.0 the GPL 3 (one-way, Creative Commons, 8 October 2015).
func compatible(l *Licence, expression string) bool {
	e, err := Parse(expression)
	if err != nil {
		return false
	}
	choices := e.Choices()
	for _, set := range choices {
		if !slices.ContainsFunc(set, func(id string) bool {
			other := BySPDX(id)
			if other == nil {
				return strings.EqualFold(id, l.SPDX)
			}
			return other == l || l.SPDX == "CC-BY-SA-4.0" && other.SPDX == "GPL-3.0-only" || laterSeries(l.SPDX, other.SPDX)
		}) {
			return false
		}
	}
	return len(choices) > 0
}

// laterSeries knows the Creative Commons share-alike series, which allow later versions of the same elements for
// adaptations (since 2.0, § 4(b)).
func laterSeries(from, to string) bool {
	cut := func(s string) (series, version string) {
		i := strings.LastIndexByte(s, '-')
		return s[:i+1], s[i+1:]
	}
	a, v := cut(from)
	b, w := cut(to)
	return a == b && strings.HasPrefix(a, "CC-BY") && strings.Contains(a, "-SA-") && v >= "2.0" && v < w
}

func noDerivatives(l *Licence, _ *Subject, u *Use, _ time.Time) (Ruling, bool) {
	if !l.NoDerivatives || !u.Release || u.Weights == "no" {
		return Ruling{}, false
	}
	return person("adaptations of the source must not be passed on; whether the release is one is for a person to say", "leave the source out, or record the decision")
}

// generatorRulings follow synthetic data back to the models that wrote it: what their licences say of training other
// models holds for whoever trains on their outputs.
func generatorRulings(s *Subject, u *Use) []Ruling {
	var out []Ruling
	for _, g := range s.Generators {
		for _, l := range generatorLicences(g) {
			r, speaks := synthetic(l, g, u)
			if !speaks {
				continue
			}
			r.Rule, r.Licence = ruleSynthetic, l.SPDX
			out = append(out, temper(l, r))
		}
	}
	return out
}

func generatorLicences(g Generator) []*Licence {
	if l := ByID(strings.ToLower(g.Licence)); l != nil {
		return []*Licence{l}
	}
	e, err := Parse(g.Licence)
	if err != nil {
		return []*Licence{ByID("unknown")}
	}
	var rows []*Licence
	for _, id := range e.IDs() {
		rows = append(rows, rowOf(id))
	}
	return rows
}

func synthetic(l *Licence, g Generator, u *Use) (Ruling, bool) {
	family := g.Family
	if family == "" {
		family = l.Family
	}
	model := g.Model
	if model == "" {
		model = "a model that is not named"
	}
	switch l.Training {
	case TrainOwnFamily:
		switch {
		case u.Family == "" || family == "":
			return person("the data was written by "+short(model)+", whose outputs may train its own family only, and the family that is trained is not declared", "declare family")
		case !strings.EqualFold(u.Family, family):
			return denied("the data was written by "+short(model)+", whose outputs must not train a model of another family", "train a model of the family "+family+", or leave the source out")
		}
	case TrainWithPrefix:
		if u.Release {
			return prefixed(l, u)
		}
	case TrainReview:
		return person("the terms of "+short(model)+" pass on to models trained on its outputs: "+strings.Join(l.Terms, "; "), "have a person read them and record the decision")
	default:
		if l.SPDX == "NONE" || l.Review {
			return person("the licence of "+short(model)+", which wrote the data, is not known", "declare the licence of the generator")
		}
	}
	return Ruling{}, false
}

// Mix looks at licences that meet in one release: two that each ask for themselves on adaptations cannot both be kept.
// The expressions are those of the sources, in order.
func Mix(expressions []string, u *Use) []Ruling {
	if !u.Release || u.Weights == "no" {
		return nil
	}
	var sharing []*Licence
	for _, text := range expressions {
		e, err := Parse(text)
		if err != nil || len(e.Choices()) != 1 {
			continue // no licence, or a choice that may go either way
		}
		for _, id := range e.IDs() {
			if l := BySPDX(id); l != nil && l.ShareAlike != "" && !slices.Contains(sharing, l) {
				sharing = append(sharing, l)
			}
		}
	}
	var out []Ruling
	for i, a := range sharing {
		for _, b := range sharing[i+1:] {
			if compatible(a, b.SPDX) || compatible(b, a.SPDX) {
				continue
			}
			r := Ruling{
				Rule: ruleMixing, Licence: a.SPDX + " and " + b.SPDX, Verdict: NeedsPerson,
				Reason: "both ask for themselves on adaptations; whether the release is an adaptation of both is not decided", Remedy: "set weights_are_adaptation, or leave one out",
			}
			if u.Weights == "yes" {
				r.Verdict, r.Reason, r.Remedy = Denied, "both ask for themselves on adaptations, which one release cannot keep", "leave one of the two out"
			}
			r = temper(a, r)
			out = append(out, temper(b, r))
		}
	}
	return out
}
