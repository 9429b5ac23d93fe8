package attest

import (
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// StatementType is the type of an in-toto Statement v1.
const StatementType = "https://in-toto.io/Statement/v1"

// maxSubjects bounds what one statement speaks of.
const maxSubjects = 100_000

// Statement is an in-toto Statement v1: a claim, the predicate, about subjects that are known by their digests.
type Statement struct {
	Type          string         `json:"_type"`
	Subject       []Resource     `json:"subject"`
	PredicateType string         `json:"predicateType"`
	Predicate     jsontext.Value `json:"predicate"`
}

// Resource is an in-toto ResourceDescriptor, as far as it is needed here. Digests are by algorithm.
type Resource struct {
	Name   string            `json:"name,omitzero"`
	URI    string            `json:"uri,omitzero"`
	Digest map[string]string `json:"digest"`
}

// Sign puts a statement about subjects into an envelope.
func Sign(predicateType string, subjects []Resource, predicate any, keys ...*PrivateKey) (*Envelope, error) {
	body, err := json.Marshal(predicate, json.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("write predicate: %w", err)
	}
	s := Statement{Type: StatementType, Subject: subjects, PredicateType: predicateType, Predicate: body}
	if err := s.check(); err != nil {
		return nil, err
	}
	payload, err := json.Marshal(s, json.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("write statement: %w", err)
	}
	return Seal(PayloadType, payload, keys...)
}

// Open verifies an envelope and reads its statement. It also returns the ids of the trusted keys that signed.
func Open(e *Envelope, keys ...*PublicKey) (*Statement, []string, error) {
	by, err := e.Verify(keys...)
	if err != nil {
		return nil, nil, err
	}
	if e.PayloadType != PayloadType {
		return nil, nil, fmt.Errorf("%w statement: the payload is of another type", ErrMalformed)
	}
	s, err := ParseStatement(e.Payload)
	return s, by, err
}

// ParseStatement reads a statement that nobody has verified yet. An error matches ErrMalformed.
func ParseStatement(payload []byte) (*Statement, error) {
	if len(payload) > maxEnvelope {
		return nil, fmt.Errorf("%w statement: more than %d bytes", ErrMalformed, maxEnvelope)
	}
	var s Statement
	if err := json.Unmarshal(payload, &s); err != nil {
		return nil, fmt.Errorf("%w statement: %s", ErrMalformed, firstLine(err))
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	return &s, nil
}

func (s *Statement) check() error {
	switch {
	case s.Type != StatementType:
		return fmt.Errorf("%w statement: its type is not %s", ErrMalformed, StatementType)
	case len(s.Subject) == 0 || len(s.Subject) > maxSubjects:
		return fmt.Errorf("%w statement: %d subjects, want 1 to %d", ErrMalformed, len(s.Subject), maxSubjects)
	case s.PredicateType == "":
		return fmt.Errorf("%w statement: no predicate type", ErrMalformed)
	case s.Predicate.Kind() != '{':
		return fmt.Errorf("%w statement: the predicate is no object", ErrMalformed)
	}
	for i, r := range s.Subject {
		if len(r.Digest) == 0 {
			return fmt.Errorf("%w statement: subject %d has no digest", ErrMalformed, i+1)
		}
		for algorithm, digest := range r.Digest {
			if algorithm == "" || digest == "" || algorithm == "sha256" && !isSHA256(digest) {
				return fmt.Errorf("%w statement: a digest of subject %d is malformed", ErrMalformed, i+1)
			}
		}
	}
	return nil
}

func isSHA256(s string) bool {
	b, err := hex.DecodeString(s)
	return err == nil && len(b) == 32 && s == strings.ToLower(s)
}
