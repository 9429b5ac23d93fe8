package attest

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
)

// predicateBase is what the types of our predicates begin with. A change that old readers would misread gets a new version.
const predicateBase = "https://github.com/reeve-ai/reeve/attestation/"

// ErrUnknownType says that a statement is of a type that this package has no predicate for.
var ErrUnknownType = errors.New("a statement of an unknown type")

// Predicate is what a statement of one of our kinds says about its subjects.
type Predicate interface {
	// PredicateType is the type that a statement with this predicate has.
	PredicateType() string
	// Check tells what the predicate lacks, or where it contradicts itself or the subjects. An error matches ErrMalformed.
	Check(subjects []Resource) error
}

// Expiring is a predicate that holds only for a time.
type Expiring interface{ Expiry() time.Time }

// kinds are in the order of a model's life.
var kinds = []string{"dataset-audit", "training", "conversion", "merge", "model-scan", "evaluation", "approval", "waiver", "gate-verdict"}

// Kinds are the names of the kinds of statements, in the order of a model's life.
func Kinds() []string { return append([]string(nil), kinds...) }

// KindOf is the name of the kind of a predicate type, "" for types of others.
func KindOf(predicateType string) string {
	rest, ours := strings.CutPrefix(predicateType, predicateBase)
	kind, current := strings.CutSuffix(rest, "/v1")
	if !ours || !current || NewPredicate(kind) == nil {
		return ""
	}
	return kind
}

// NewPredicate is an empty predicate of a kind, nil where there is no such kind.
func NewPredicate(kind string) Predicate {
	switch kind {
	case "dataset-audit":
		return &DatasetAudit{}
	case "training":
		return &Training{}
	case "conversion":
		return &Conversion{}
	case "merge":
		return &Merge{}
	case "model-scan":
		return &ModelScan{}
	case "evaluation":
		return &Evaluation{}
	case "approval":
		return &Approval{}
	case "waiver":
		return &Waiver{}
	case "gate-verdict":
		return &GateVerdict{}
	}
	return nil
}

// SignPredicate makes the signed statement that p speaks of subjects. It refuses a predicate that is not whole.
func SignPredicate(p Predicate, subjects []Resource, keys ...*PrivateKey) (*Envelope, error) {
	if err := p.Check(subjects); err != nil {
		return nil, err
	}
	return Sign(p.PredicateType(), subjects, p, keys...)
}

// Decode reads the predicate of a statement, by its type, and holds it against the subjects. Names that a kind does not know are
// refused, although in-toto would ignore them: a limit that is not understood must not be lost. An error matches ErrUnknownType
// or ErrMalformed.
func (s *Statement) Decode() (Predicate, error) {
	kind := KindOf(s.PredicateType)
	if kind == "" {
		return nil, ErrUnknownType
	}
	if kind == "dataset-audit" {
		return s.DatasetAudit()
	}
	p := NewPredicate(kind)
	if err := json.Unmarshal(s.Predicate, p, json.RejectUnknownMembers(true)); err != nil {
		return nil, fmt.Errorf("%w %s statement: %s", ErrMalformed, kind, firstLine(err))
	}
	return p, p.Check(s.Subject)
}

// As reads the predicate of a statement that must be of the kind of T, such as As[Training].
func As[T any, P interface {
	*T
	Predicate
}](s *Statement) (P, error) {
	p, err := s.Decode()
	if err != nil {
		return nil, err
	}
	t, ok := p.(P)
	if !ok {
		return nil, fmt.Errorf("%w: want %s", ErrUnknownType, P(new(T)).PredicateType())
	}
	return t, nil
}

// Digest is the SHA-256 of the payload in lower-case hex: the name of what is claimed, whoever signed it.
func (e *Envelope) Digest() string { return sha256Hex(e.Payload) }
