package gate

import (
	"encoding/hex"
	"fmt"
	"math"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/attest"
	"github.com/reeve-ai/reeve/internal/license"
	"github.com/reeve-ai/reeve/internal/strict"
)

const day = 24 * time.Hour

// compiler turns a file into a policy. It keeps the first mistake.
type compiler struct {
	doc   *strict.Doc
	key   func(name string) ([]byte, error)
	files [][]byte // further files that the policy names, which its digest binds
	err   error
}

func (c *compiler) fail(message string, path ...any) {
	if c.err == nil {
		c.err = c.doc.At(message, path...)
	}
}

func (c *compiler) compile(f *file) *Policy {
	p := &Policy{
		Signers: c.signers(f.Signers),
		Skew:    c.span(f.ClockSkew, 5*time.Minute, "clock_skew"),
		Valid:   c.span(f.Verdict.Valid, 30*day, "verdict", "valid"),
		Ignore:  f.Files.Ignore,
		Origin:  Origin{Required: or(f.Origin.Required, true), Grade: c.grade(f.Origin.Grade), Watched: f.Origin.Watched, MaxAge: c.span(f.Origin.MaxAge, 0, "origin", "max_age"), Others: c.others(f.Origin.Others)},
		Scan: Scan{
			Again: or(f.Scan.Again, true), Statement: or(f.Scan.Statement, true), MaxAge: c.span(f.Scan.MaxAge, 0, "scan", "max_age"),
			Accept: c.oneOf(f.Scan.Accept, []string{"clean"}, []string{"clean", "review"}, "scan", "accept"),
		},
		Data:        c.data(&f.Data),
		Evaluations: c.evaluations(f.Evaluations),
		Base:        Base{or(f.Base.Required, true)},
		Licence:     c.licence(&f.Licence),
		Approvals:   c.approvals(f.Approvals),
		Signature:   c.signature(&f.Signature),
		Bill:        Bill{f.Bill.Required},
		Waivers:     Waivers{c.span(f.Waivers.Longest, 90*day, "waivers", "longest"), c.never(f.Waivers.Never)},
	}
	if f.Scan.Allow != "" {
		p.Scan.Allow = c.beside([]string{f.Scan.Allow}, "scan", "allow")[0]
	}
	for i, g := range f.Files.Ignore {
		if _, err := path.Match(g, "x"); err != nil || g == "" || strings.Trim(g, "*?/") == "" {
			c.fail("want a name or a glob that is not everything, such as README.md or docs/*", "files", "ignore", i)
		}
	}
	return p
}

func or[T any](v *T, otherwise T) T {
	if v == nil {
		return otherwise
	}
	return *v
}

// span reads a time such as 90d or 12h.
func (c *compiler) span(s string, otherwise time.Duration, path ...any) time.Duration {
	if s == "" {
		return otherwise
	}
	if days, ok := strings.CutSuffix(s, "d"); ok {
		if n, err := strconv.Atoi(days); err == nil && n > 0 && n <= 36500 {
			return time.Duration(n) * day
		}
	} else if d, err := time.ParseDuration(s); err == nil && d > 0 {
		return d
	}
	c.fail("want a time, such as 90d or 12h", path...)
	return 0
}

func (c *compiler) grade(s string) attest.Grade {
	switch g := attest.Grade(s); g {
	case "":
		return attest.Verified
	case attest.Verified, attest.Inferred, attest.Declared:
		return g
	}
	c.fail("want verified, inferred or declared", "origin", "grade")
	return ""
}

func (c *compiler) date(s string, path ...any) time.Time {
	if s == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		c.fail("want a day, such as 2027-06-30", path...)
	}
	return t
}

func (c *compiler) oneOf(list, otherwise, allowed []string, path ...any) []string {
	if len(list) == 0 {
		return otherwise
	}
	for i, s := range list {
		if !slices.Contains(allowed, s) {
			c.fail("want one of "+strings.Join(allowed, ", "), append(slices.Clone(path), i)...)
		}
	}
	return list
}

var word = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}$`)

func (c *compiler) signers(list []fileSigner) []Signer {
	var out []Signer
	owner := map[string]string{}
	for i, f := range list {
		switch {
		case !word.MatchString(f.Name):
			c.fail("want a name of letters, digits and ._@+-", "signers", i, "name")
		case slices.ContainsFunc(out, func(s Signer) bool { return s.Name == f.Name }):
			c.fail("another signer has this name", "signers", i, "name")
		case len(f.Keys) == 0:
			c.fail("a signer needs at least one key", "signers", i)
		case len(f.May) == 0:
			c.fail("say which kinds of statements count from this signer: may", "signers", i)
		}
		s := Signer{
			Name: f.Name, Aka: f.Aka, Keys: c.parseKeys(f.Keys, "signers", i, "keys"), May: c.oneOf(f.May, nil, Kinds(), "signers", i, "may"), Roles: f.Roles,
			From: c.date(f.From, "signers", i, "from"), Until: c.date(f.Until, "signers", i, "until"),
		}
		if !s.Until.IsZero() {
			s.Until = s.Until.Add(day) // the whole of the last day
		}
		for k, key := range s.Keys {
			if who, taken := owner[key.ID()]; taken {
				c.fail("this key is also that of "+who+": one key cannot be two persons", "signers", i, "keys", k)
			}
			owner[key.ID()] = s.Name
		}
		out = append(out, s)
	}
	return out
}

func (c *compiler) others(list []fileOther) []Other {
	var out []Other
	for i, f := range list {
		if f.Name == "" || len(f.Name) > 256 {
			c.fail("a model needs a name", "origin", "others", i)
		}
		if len(f.Files) == 0 {
			c.fail("a model is known by the digests of its files: files", "origin", "others", i)
		}
		for k, sum := range f.Files {
			if b, err := hex.DecodeString(sum); err != nil || len(b) != 32 || sum != strings.ToLower(sum) {
				c.fail("want a SHA-256 in lower-case hex", "origin", "others", i, "files", k)
			}
		}
		out = append(out, Other(f))
	}
	return out
}

var severities = map[string]reeve.Severity{
	"critical": reeve.SeverityCritical, "high": reeve.SeverityHigh, "medium": reeve.SeverityMedium, "low": reeve.SeverityLow, "info": reeve.SeverityInfo,
}

func (c *compiler) data(f *fileData) Data {
	d := Data{
		Required: or(f.Required, true), MaxAge: c.span(f.MaxAge, 0, "data", "max_age"), Findings: map[reeve.Severity]int64{}, NotScanned: f.NotScanned,
		Suppressed: or(f.Suppressed, -1), Sourcing: f.Sourcing, Licences: c.verdicts(f.Licences, "data", "licences"),
		ForbidUses: f.ForbidUses, MaxResidual: or(f.MaxResidual, -1),
	}
	if d.ForbidUses == nil {
		d.ForbidUses = []string{"training"}
	}
	for name, n := range f.Findings {
		s, known := severities[name]
		if !known || n < 0 {
			c.fail("want numbers of critical, high, medium, low and info", "data", "findings")
		}
		d.Findings[s] = n
	}
	if f.NotScanned < 0 || f.Suppressed != nil && *f.Suppressed < 0 {
		c.fail("want a number from 0", "data")
	}
	if r := f.MaxResidual; r != nil && !(*r >= 0 && *r <= 1) {
		c.fail("want a share from 0 to 1", "data", "max_residual")
	}
	if f.MaxLabel != "" {
		l, err := reeve.ParseLabel(f.MaxLabel)
		if err != nil {
			c.fail(err.Error(), "data", "max_label")
		}
		d.MaxLabel = &l
	}
	return d
}

var licenceWords = map[string]license.Verdict{"allowed": license.Allowed, "person": license.NeedsPerson, "unknown": license.Unknown}

func (c *compiler) verdicts(list []string, path ...any) []license.Verdict {
	out := []license.Verdict{license.Allowed}
	for i, s := range list {
		v, known := licenceWords[s]
		if !known {
			c.fail("want allowed, person or unknown", append(slices.Clone(path), i)...)
		}
		out = append(out, v)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (c *compiler) evaluations(list []fileEvaluation) []Evaluation {
	var out []Evaluation
	for i, f := range list {
		if !word.MatchString(f.Name) {
			c.fail("an evaluation needs a name", "evaluations", i, "name")
		}
		if slices.ContainsFunc(out, func(e Evaluation) bool { return e.Name == f.Name }) {
			c.fail("another evaluation has this name", "evaluations", i, "name")
		}
		e := Evaluation{Name: f.Name, MaxAge: c.span(f.MaxAge, 0, "evaluations", i, "max_age")}
		for k, m := range f.Metrics {
			if m.Name == "" || m.Min == nil && m.Max == nil || !finite(m.Min) || !finite(m.Max) {
				c.fail("a metric needs a name and a bound: min, max or both", "evaluations", i, "metrics", k)
			}
			e.Metrics = append(e.Metrics, Metric(m))
		}
		out = append(out, e)
	}
	return out
}

func finite(f *float64) bool { return f == nil || !math.IsNaN(*f) && !math.IsInf(*f, 0) }

func (c *compiler) licence(f *fileLicence) Licence {
	u := f.Use
	if u.Weights != "" && u.Weights != "yes" && u.Weights != "no" {
		c.fail(`want "yes" or "no", in quotes`, "licence", "use", "weights_are_adaptation")
	}
	return Licence{Required: or(f.Required, true), Accept: c.verdicts(f.Accept, "licence", "accept"), Use: license.Use{
		Commercial: u.Commercial, Establishments: u.Establishments, MonthlyUsers: u.MonthlyUsers, Tags: u.Tags, Modality: u.Modality,
		Family: strings.ToLower(u.Family), Release: u.Release, ReleaseName: u.ReleaseName, ReleaseLicence: u.ReleaseLicence, Weights: u.Weights,
	}}
}

func (c *compiler) approvals(list []fileApproval) []Approval {
	var out []Approval
	for i, f := range list {
		var l reeve.Label
		if f.Label != "" {
			var err error
			if l, err = reeve.ParseLabel(f.Label); err != nil {
				c.fail(err.Error(), "approvals", i, "label")
			}
		}
		if f.People < 1 || f.People > 16 {
			c.fail("want 1 to 16 people", "approvals", i, "people")
		}
		if l.Level == reeve.Restricted && f.People < 2 {
			c.fail("what is restricted needs two people", "approvals", i, "people")
		}
		out = append(out, Approval{l, f.People, f.Roles, c.span(f.MaxAge, 0, "approvals", i, "max_age")})
	}
	return out
}

func (c *compiler) signature(f *fileSignature) Signature {
	if f.Required && len(f.Keys)+len(f.Roots) == 0 {
		c.fail("say whose signature counts: keys or roots", "signature")
	}
	return Signature{Required: f.Required, Keys: c.beside(f.Keys, "signature", "keys"), Roots: c.beside(f.Roots, "signature", "roots")}
}

// beside reads files that the policy names, and binds them into its digest.
func (c *compiler) beside(names []string, path ...any) [][]byte {
	var out [][]byte
	for i, name := range names {
		text, err := c.key(name)
		if err != nil {
			c.fail("the file cannot be read: "+reason(err), append(slices.Clone(path), i)...)
		}
		out = append(out, text)
	}
	c.files = append(c.files, out...)
	return out
}

func (c *compiler) never(list []string) []string {
	for i, rule := range list {
		if !slices.ContainsFunc(Rules(), func(r Rule) bool { return covers(rule, r.ID) }) {
			c.fail(fmt.Sprintf("no rule is called %q", rule), "waivers", "never", i)
		}
	}
	return list
}

// covers reports whether a rule, or a class such as scan/*, names a rule.
func covers(name, rule string) bool {
	if class, ok := strings.CutSuffix(name, "*"); ok && strings.HasSuffix(class, "/") {
		return strings.HasPrefix(rule, class)
	}
	return name == rule
}
