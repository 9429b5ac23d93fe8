package gate

import (
	"slices"
	"time"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/attest"
	"github.com/reeve-ai/reeve/internal/license"
)

// The kinds of statements, the last part but one of their predicate types.
const (
	KindDataset    = "dataset-audit"
	KindTraining   = "training"
	KindConversion = "conversion"
	KindMerge      = "merge"
	KindScan       = "model-scan"
	KindEvaluation = "evaluation"
	KindApproval   = "approval"
	KindWaiver     = "waiver"
	KindVerdict    = "gate-verdict"
)

// Kinds are all kinds of statements, in the order in which a model comes to be.
func Kinds() []string {
	return []string{KindDataset, KindTraining, KindConversion, KindMerge, KindScan, KindEvaluation, KindApproval, KindWaiver, KindVerdict}
}

// Policy is a compiled gate policy. It is immutable and safe for concurrent use.
type Policy struct {
	Signers     []Signer
	Skew        time.Duration // how far the clocks of those who sign may be ahead
	Valid       time.Duration // longest life of a verdict
	Ignore      []string      // globs of files that need no statement
	Origin      Origin
	Scan        Scan
	Data        Data
	Evaluations []Evaluation
	Base        Base
	Licence     Licence
	Approvals   []Approval // ascending by label
	Signature   Signature
	Bill        Bill
	Waivers     Waivers

	digest string
}

// Signer is somebody whose keys count.
type Signer struct {
	Name  string
	Aka   []string // further names of the same person, as statements have them
	Keys  []*attest.PublicKey
	May   []string // kinds of statements
	Roles []string // such as data-protection
	From  time.Time
	Until time.Time // zero: without end
}

// Origin says how the files of a target must have come to be.
type Origin struct {
	Required bool
	Grade    attest.Grade  // how inputs and outputs must be known
	Watched  bool          // trainings must have been watched
	MaxAge   time.Duration // 0: any
	Others   []Other
}

// Other is a model that others made, known by its bytes.
type Other struct {
	Name    string
	Licence string   // SPDX expression
	Files   []string // SHA-256 in hex
}

// Scan is what is asked of scans of model files.
type Scan struct {
	Again     bool // the gate scans the files itself
	Statement bool // a statement about a scan is needed
	MaxAge    time.Duration
	Accept    []string // verdicts
	Allow     []byte   // the file of what was reviewed, for the scanner; nil: there is none
}

// Data is what is asked of the data sets that went into a target.
type Data struct {
	Required    bool
	MaxAge      time.Duration
	Findings    map[reeve.Severity]int64 // most of each; a severity that is not there: any number
	NotScanned  int64                    // most
	Suppressed  int64                    // most; negative: any number
	MaxLabel    *reeve.Label             // nil: any
	Sourcing    bool                     // a sourcing manifest is needed
	Licences    []license.Verdict        // verdicts that are accepted
	ForbidUses  []string                 // uses that handling rules must not forbid, such as training
	MaxResidual float64                  // upper bound of the share of records with something left; negative: not asked
}

// Evaluation is an evaluation that is needed.
type Evaluation struct {
	Name    string
	MaxAge  time.Duration
	Metrics []Metric
}

// Metric is a bound on one number of an evaluation.
type Metric struct {
	Name     string
	Min, Max *float64
}

// Base is what is asked of models that a target was made from.
type Base struct {
	Required bool // a verdict of its own, or a place among Origin.Others
}

// Licence is what is asked of licences.
type Licence struct {
	Required bool // each model that went in has a licence that is known
	Use      license.Use
	Accept   []license.Verdict
}

// Approval says who must have approved from a label up.
type Approval struct {
	Label  reeve.Label
	People int      // distinct persons, none of whom trained the model
	Roles  []string // at least one person with each
	MaxAge time.Duration
}

// Signature says whether the target must be signed by OpenSSF Model Signing. Whoever gathers evidence checks it, where a
// key or an authority is named.
type Signature struct {
	Required bool
	Keys     [][]byte // public keys in PEM
	Roots    [][]byte // certificates of authorities in PEM
}

// Bill says whether a bill of materials must lie beside the target.
type Bill struct {
	Required bool
}

// Waivers bound what may be waived.
type Waivers struct {
	Longest time.Duration
	Never   []string // rules, or classes such as scan/*
}

// Digest is "sha256:…" over the policy and the keys that it trusts: two policies with one digest decide alike.
func (p *Policy) Digest() string { return p.digest }

// Keys are the keys of all signers who may make statements of a kind.
func (p *Policy) Keys(kind string) []*attest.PublicKey {
	var keys []*attest.PublicKey
	for i := range p.Signers {
		if slices.Contains(p.Signers[i].May, kind) {
			keys = append(keys, p.Signers[i].Keys...)
		}
	}
	return keys
}

// Trust returns a copy of the policy that trusts one more signer. Its digest is another one, so that no verdict made
// with keys of somebody's own passes for one made under the policy itself.
func (p *Policy) Trust(s Signer) *Policy {
	c := *p
	c.Signers = append(slices.Clone(p.Signers), s)
	c.digest = digestOf([]byte(p.digest), c.Signers)
	return &c
}

// signer is who has a key, or nil.
func (p *Policy) signer(keyID string) *Signer {
	for i := range p.Signers {
		for _, k := range p.Signers[i].Keys {
			if k.ID() == keyID {
				return &p.Signers[i]
			}
		}
	}
	return nil
}

// keys are those of all signers.
func (p *Policy) keys() []*attest.PublicKey {
	var keys []*attest.PublicKey
	for i := range p.Signers {
		keys = append(keys, p.Signers[i].Keys...)
	}
	return keys
}
