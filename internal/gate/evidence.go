package gate

import (
	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/attest"
	"github.com/reeve-ai/reeve/internal/label"
)

// Evidence is what is known about one target. Nothing in it is trusted before Evaluate has verified it, but for what the
// gate found out itself: Files, Scans, Signature, Bill, DataSets.
type Evidence struct {
	Target     string // name of the target
	Files      []File // ascending by path
	Odd        []Odd  // what lies in the target and is no file that can be read
	Statements []Signed
	Unreadable []Odd    // files of statements that cannot be read
	Ungoverned []string // files with weights that no target covers

	Scans     map[string]Scanned // scans by the gate, by path; nil: none was made
	Signature *Check             // OpenSSF Model Signing; nil: there is none
	Bill      *Check             // bill of materials; nil: there is none
	Licences  []Declared         // what files of the target say about their licence
	DataSets  []DataSet          // data sets as they lie on the disk now
	Packs     []Pack             // duties and licences in force
	Facts     map[string]string  // what else the gate relied on: versions, digests of what it checked

	// Handling says what must be done with data of a label; nil: nothing is known, which is taken for the policy that ships.
	Handling func(reeve.Label) label.Handling
}

// File is one file of a target.
type File struct {
	attest.File
	Role Role
}

// Role is what a file of a model is for, as far as its name and first bytes tell.
type Role string

// The roles. A file of no known role is governed like weights.
const (
	Weights Role = "weights" // tensors, adapters too
	Config  Role = "config"  // configuration, tokenizer, templates
	Code    Role = "code"
	Text    Role = "text" // documentation
	Unknown Role = "unknown"
)

// Odd is something that cannot be read, with the reason.
type Odd struct{ Path, Reason string }

// Signed is a statement that nobody has verified yet.
type Signed struct {
	Path     string // of the file that it is from
	Near     bool   // the file lies in the target, or beside a target of one file
	Envelope *attest.Envelope
}

// Scanned is what a scan by the gate says of one file.
type Scanned struct {
	SHA256  string   // of the bytes that were scanned
	Verdict string   // clean, review, malicious, invalid or error
	Rules   []string // of its findings
}

// Check is what a check that the gate made itself came to.
type Check struct {
	OK     bool
	Reason string // why not
}

// Declared is a licence that a file of the target names.
type Declared struct{ Path, Licence string }

// DataSet is a data set as it lies on the disk.
type DataSet struct {
	Name string
	Tree attest.Tree
}
