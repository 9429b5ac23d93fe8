package aibom

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/reeve-ai/reeve/internal/attest"
)

// ErrOther says that a statement is about other files than the model's.
var ErrOther = errors.New("the statement speaks of none of the model's files")

// Lineage are verified statements about a model, in the order in which they were given.
type Lineage []Said

// Said is one statement: what it says, the SHA-256 of its payload, and the keys that signed it.
type Said struct {
	Predicate attest.Predicate
	Digest    string
	Keys      []string
}

// Add takes a statement whose signature was verified. It returns ErrOther (wrapped) where no subject has the digest of a file of the
// model, or of one that the statement lists itself as the model's.
func (l *Lineage) Add(f *Facts, s *attest.Statement, digest string, keys []string) error {
	p, err := s.Decode()
	if err != nil {
		return err
	}
	about := slices.ContainsFunc(s.Subject, func(r attest.Resource) bool { return f.has(r.Digest["sha256"]) })
	if !about {
		return fmt.Errorf("%w: %s", ErrOther, attest.KindOf(s.PredicateType))
	}
	if !slices.ContainsFunc(*l, func(x Said) bool { return x.Digest == digest }) {
		*l = append(*l, Said{p, digest, keys})
	}
	return nil
}

func (f *Facts) has(sha256 string) bool {
	return sha256 != "" && slices.ContainsFunc(f.Files, func(x File) bool { return x.SHA256 == sha256 })
}

// inputs are the materials of statements in a role, each once by name and digest.
func (l Lineage) inputs(roles ...string) []attest.Material {
	var out []attest.Material
	for _, s := range l {
		if _, isVerdict := s.Predicate.(*attest.GateVerdict); isVerdict {
			continue // it repeats what others say
		}
		for _, in := range attest.Inputs(s.Predicate) {
			m := *in.Material
			twice := slices.ContainsFunc(out, func(x attest.Material) bool { return x.Name == m.Name && digestOf(x) == digestOf(m) })
			if slices.Contains(roles, in.Role) && !twice {
				out = append(out, m)
			}
		}
	}
	return out
}

// digestOf is the digest of a material: a file's, or the root of a folder's tree; "" where only the name is known.
func digestOf(m attest.Material) string {
	if d := m.Digest["sha256"]; d != "" {
		return d
	}
	return m.Digest["rfc6962-sha256"]
}

// grade is that of a material in a statement that was verified: what the signer declared stays declared.
func grade(m attest.Material) Grade {
	switch m.Grade {
	case attest.Verified:
		return Verified
	case attest.Inferred:
		return Inferred
	}
	return Declared
}

// parameters are those of trainings, as name=value, ascending, at most 50.
func (l Lineage) parameters() []string {
	var out []string
	for _, s := range l {
		if t, ok := s.Predicate.(*attest.Training); ok {
			for name, value := range t.Parameters {
				out = append(out, name+"="+value)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)[:min(len(slices.Compact(out)), 50)]
}

// metrics are those of evaluations and of the card, as name=value@slice.
func (b *builder) metrics() []Claim {
	var out []Claim
	for _, s := range b.o.Lineage {
		e, ok := s.Predicate.(*attest.Evaluation)
		if !ok {
			continue
		}
		for _, m := range e.Metrics {
			text := m.Name + "=" + strconv.FormatFloat(m.Value, 'g', -1, 64) + "@" + first(m.Slice, e.Suite.Name)
			out = append(out, Claim{text, Verified, "statement " + s.Digest[:12]})
		}
	}
	return append(out, b.f.Lists["metric"]...)
}

// thresholds are those that evaluations were held against.
func (b *builder) thresholds() string {
	var out []string
	for _, s := range b.o.Lineage {
		if e, ok := s.Predicate.(*attest.Evaluation); ok {
			for _, m := range e.Metrics {
				if m.Threshold != nil {
					out = append(out, m.Name+" "+strconv.FormatFloat(*m.Threshold, 'g', -1, 64))
				}
			}
		}
	}
	return strings.Join(out, ", ")
}

// told is one line about a statement, for declarations and the model card.
func (s *Said) told() string {
	switch p := s.Predicate.(type) {
	case *attest.Training:
		return fmt.Sprintf("%s: %s, %d base models, %d data sets, %s", p.Method, p.Result, len(p.Base), len(p.DataSets), commitOf(p.Code))
	case *attest.Conversion:
		return strings.TrimSpace(fmt.Sprintf("%s by %s %s to %s %s", p.Method, p.Converter.Name, p.Converter.Version, p.Format, p.Encoding))
	case *attest.Merge:
		return fmt.Sprintf("merge (%s) of %d models", p.Method, len(p.Inputs))
	case *attest.ModelScan:
		return "scan of the files: " + p.Verdict
	case *attest.Evaluation:
		return fmt.Sprintf("evaluation %s: %d metrics", p.Suite.Name, len(p.Metrics))
	case *attest.Approval:
		return "approval: " + p.Decision + ", " + p.Reason
	case *attest.GateVerdict:
		return "verdict of the release gate"
	case *attest.Waiver:
		return "waiver of rule " + p.Rule + ": " + p.Reason
	case *attest.DatasetAudit:
		return "audit of data set " + p.Dataset + ": " + p.Label
	}
	return "statement"
}

func commitOf(c *attest.Code) string {
	if c == nil || c.Commit == "" {
		return "code not named"
	}
	return "code " + c.Commit
}

// by is who says what a statement says.
func (s *Said) by() string {
	if o := attest.OriginOf(s.Predicate); o != nil {
		return o.By.Name
	}
	return ""
}
