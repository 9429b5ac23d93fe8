package lineage

import (
	"errors"
	"time"

	"github.com/reeve-ai/reeve/internal/attest"
)

// Statement is a statement as the graph needs it: what it says, and whether a trusted key signed that.
type Statement struct {
	Digest    string // SHA-256 of the payload
	Kind      string // name of the kind, or the predicate type of somebody else
	Subjects  []attest.Resource
	Predicate attest.Predicate // nil where the kind is unknown or the statement cannot be read
	SignedBy  []string         // ids of trusted keys, ascending; none: not verified
	Paths     []string         // where it lies
	Problem   string           // why it cannot be read
}

// Read makes a Statement of an envelope. A signature that does not verify, and a payload that cannot be read, are told and not
// passed over.
func Read(e *attest.Envelope, path string, keys ...*attest.PublicKey) Statement {
	s := Statement{Digest: e.Digest(), Kind: "unreadable", Paths: []string{path}}
	if by, err := e.Verify(keys...); err == nil {
		s.SignedBy = by
	}
	if e.PayloadType != attest.PayloadType {
		s.Problem = "its payload is no in-toto statement"
		return s
	}
	parsed, err := attest.ParseStatement(e.Payload)
	if err != nil {
		s.Problem = err.Error()
		return s
	}
	s.Subjects, s.Kind = parsed.Subject, parsed.PredicateType
	if kind := attest.KindOf(parsed.PredicateType); kind != "" {
		s.Kind = kind
	}
	p, err := parsed.Decode()
	switch {
	case errors.Is(err, attest.ErrUnknownType):
	case err != nil:
		s.Problem = err.Error()
	default:
		s.Predicate = p
	}
	return s
}

// at is when a statement was made, the zero time where it does not tell.
func (s *Statement) at() time.Time {
	if d, ok := s.Predicate.(*attest.DatasetAudit); ok {
		return d.At
	}
	if s.Predicate == nil {
		return time.Time{}
	}
	if o := attest.OriginOf(s.Predicate); o != nil {
		return o.At
	}
	return time.Time{}
}
