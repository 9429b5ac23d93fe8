package attest

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/reeve-ai/reeve"
)

// DatasetAuditType is the type of the predicate DatasetAudit. A change that old readers would misread gets a new version.
const DatasetAuditType = "https://github.com/reeve-ai/reeve/attestation/dataset-audit/v1"

// DatasetAudit says what a scan of a data set found. It holds counts, never values.
type DatasetAudit struct {
	Dataset    string           `json:"dataset"` // name of the data set
	Tree       Tree             `json:"tree"`
	Files      []File           `json:"files"` // ascending by path
	Engine     Engine           `json:"engine"`
	Before     Counts           `json:"before"`              // what the scan found
	After      *Counts          `json:"after,omitzero"`      // what a scan of the redacted data found
	Suppressed int64            `json:"suppressed,omitzero"` // findings that a baseline, an allow list or a comment left out of Before
	Label      string           `json:"label"`               // of the data set, such as confidential{PII}
	NotScanned []NotScanned     `json:"notScanned,omitzero"`
	Sourcing   *SourcingSummary `json:"sourcing,omitzero"`
	Residual   *Residual        `json:"residual,omitzero"`
	Tool       Tool             `json:"tool"`
	At         time.Time        `json:"at"`
}

// Engine names the detectors exactly: the same engine with the same rules finds the same.
type Engine struct {
	Version string `json:"version"`
	Rules   string `json:"rules,omitzero"` // digest of the set of rules
}

// Tool names the program.
type Tool struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// Counts are findings by kind and by severity.
type Counts struct {
	Total      int64            `json:"total"`
	ByKind     map[string]int64 `json:"byKind,omitzero"`
	BySeverity map[string]int64 `json:"bySeverity,omitzero"`
}

// Add counts one finding.
func (c *Counts) Add(kind string, s reeve.Severity) {
	if c.ByKind == nil {
		c.ByKind, c.BySeverity = map[string]int64{}, map[string]int64{}
	}
	c.Total++
	c.ByKind[kind]++
	c.BySeverity[s.String()]++
}

// NotScanned is a file, or a part of one, that was not read.
type NotScanned struct {
	Path   string `json:"path"`
	Reason string `json:"reason"`
}

// SourcingSummary binds the sourcing manifest and what it came to.
type SourcingSummary struct {
	Digest  string           `json:"digest"` // "sha256:…" of sourcing.yaml
	Sources []LicenceVerdict `json:"sources,omitzero"`
}

// LicenceVerdict is what the evidence says about the licence of one source.
type LicenceVerdict struct {
	Source  string `json:"source"`
	Licence string `json:"licence"`
	Verdict string `json:"verdict"`
}

// Residual estimates what is left after redaction from a sample.
type Residual struct {
	Method     string  `json:"method"`     // how it was estimated
	Sample     int64   `json:"sample"`     // records looked at
	Found      int64   `json:"found"`      // of them with something left
	Low        float64 `json:"low"`        // share of records, bounds of the interval
	High       float64 `json:"high"`       //
	Confidence float64 `json:"confidence"` // such as 0.95
}

// SignDatasetAudit makes the signed statement about a data set. Tree is computed from Files.
func SignDatasetAudit(a *DatasetAudit, keys ...*PrivateKey) (*Envelope, error) {
	tree, err := NewTree(a.Files)
	if err != nil {
		return nil, fmt.Errorf("data set statement: %w", err)
	}
	c := *a
	c.Tree, c.Files = tree, slices.Clone(a.Files)
	slices.SortFunc(c.Files, func(x, y File) int { return cmp.Compare(x.Path, y.Path) })
	if err := c.check(); err != nil {
		return nil, err
	}
	return Sign(DatasetAuditType, []Resource{{Name: c.Dataset, Digest: tree.Digests()}}, &c, keys...)
}

// DatasetAudit reads the predicate of a statement and holds it against the subject: the files must come to the digests
// that were claimed. An error matches ErrMalformed.
func (s *Statement) DatasetAudit() (*DatasetAudit, error) {
	if s.PredicateType != DatasetAuditType {
		return nil, fmt.Errorf("%w data set statement: the predicate is of another type", ErrMalformed)
	}
	var a DatasetAudit
	if err := json.Unmarshal(s.Predicate, &a); err != nil {
		return nil, fmt.Errorf("%w data set statement: %s", ErrMalformed, firstLine(err))
	}
	return &a, a.Check(s.Subject)
}

// PredicateType implements Predicate.
func (*DatasetAudit) PredicateType() string { return DatasetAuditType }

// Check implements Predicate.
func (a *DatasetAudit) Check(subjects []Resource) error {
	tree, err := NewTree(a.Files)
	if err != nil {
		return fmt.Errorf("%w data set statement: %w", ErrMalformed, err)
	}
	if len(subjects) == 0 || tree != a.Tree || subjects[0].Digest["rfc6962-sha256"] != tree.Root || subjects[0].Digest["dirHash"] != tree.Hash {
		return fmt.Errorf("%w data set statement: its files do not come to the digest that it claims", ErrMalformed)
	}
	return a.check()
}

func (a *DatasetAudit) check() error {
	switch _, err := reeve.ParseLabel(a.Label); {
	case a.Dataset == "":
		return fmt.Errorf("%w data set statement: no name", ErrMalformed)
	case err != nil:
		return fmt.Errorf("%w data set statement: %w", ErrMalformed, err)
	case a.Tool.Name == "" || a.Engine.Version == "":
		return fmt.Errorf("%w data set statement: tool and engine must be named", ErrMalformed)
	case a.At.IsZero():
		return fmt.Errorf("%w data set statement: no time", ErrMalformed)
	}
	return nil
}
