package gate

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/reeve-ai/reeve/internal/attest"
	"github.com/reeve-ai/reeve/internal/strict"
	"github.com/reeve-ai/reeve/policies"
)

// limits bound a gate policy.
var limits = strict.Limits{Bytes: 256 << 10, Marks: 10_000, Depth: 8}

// file is gate.yaml. Its fields are the manual of the format; a time is such as 90d or 12h.
type file struct {
	Version     int              `yaml:"version"`     // of the format, now 1
	Signers     []fileSigner     `yaml:"signers"`     // whose signature counts for what
	ClockSkew   string           `yaml:"clock_skew"`  // how far ahead the clocks of those who sign may be; left out: 5m
	Verdict     fileVerdict      `yaml:"verdict"`     // of the gate itself
	Files       fileFiles        `yaml:"files"`       // which files of a target need statements
	Origin      fileOrigin       `yaml:"origin"`      // how the files came to be
	Scan        fileScan         `yaml:"scan"`        // what opening them would do
	Data        fileData         `yaml:"data"`        // what they were trained on
	Evaluations []fileEvaluation `yaml:"evaluations"` // what was measured
	Base        fileBase         `yaml:"base"`        // what they were made from
	Licence     fileLicence      `yaml:"licence"`     // what licences ask for
	Approvals   []fileApproval   `yaml:"approvals"`   // who has looked
	Signature   fileSignature    `yaml:"signature"`   // OpenSSF Model Signing
	Bill        fileBill         `yaml:"bill"`        // the bill of materials
	Waivers     fileWaivers      `yaml:"waivers"`     // exceptions
}

type fileSigner struct {
	Name  string   `yaml:"name"`  // who that is; two signers are two persons
	Aka   []string `yaml:"aka"`   // further names of the same person, as statements have them, such as an e-mail address
	Keys  []string `yaml:"keys"`  // PEM files of public keys, beside this file
	May   []string `yaml:"may"`   // kinds of statements that count from this signer
	Roles []string `yaml:"roles"` // such as data-protection, for approvals
	From  string   `yaml:"from"`  // first day on which a signature counts, YYYY-MM-DD
	Until string   `yaml:"until"` // last day on which the keys are good, YYYY-MM-DD; left out: no end
}

type fileVerdict struct {
	Valid string `yaml:"valid"` // longest life of a verdict; left out: 30d
}

type fileFiles struct {
	Ignore []string `yaml:"ignore"` // names or globs of files without effect on the model, such as README.md
}

type fileOrigin struct {
	Required *bool       `yaml:"required"` // every file stands in a statement about training, conversion or merge, or in others; left out: true
	Grade    string      `yaml:"grade"`    // how what went in and came out must be known: verified (who signed read the bytes), inferred or declared; left out: verified
	Watched  bool        `yaml:"watched"`  // trainings were run under "reeve attest run", which sees what they read and write
	MaxAge   string      `yaml:"max_age"`  // of such a statement; left out: any
	Others   []fileOther `yaml:"others"`   // models made by others that may be used
}

type fileOther struct {
	Name    string   `yaml:"name"`    // such as Qwen/Qwen2.5-0.5B-Instruct
	Licence string   `yaml:"licence"` // SPDX expression
	Files   []string `yaml:"files"`   // SHA-256 of each file, in hex
}

type fileScan struct {
	Again     *bool    `yaml:"again"`     // the gate scans every file itself; left out: true
	Statement *bool    `yaml:"statement"` // a statement about a scan of every file is needed; left out: true
	MaxAge    string   `yaml:"max_age"`   // of the statement; left out: any
	Accept    []string `yaml:"accept"`    // verdicts: clean, review; left out: clean
	Allow     string   `yaml:"allow"`     // file of what was reviewed, as for "reeve model scan --allow", beside this file
}

type fileData struct {
	Required    *bool            `yaml:"required"`     // every data set of a training has an audit; left out: true
	MaxAge      string           `yaml:"max_age"`      // of the audit; left out: any
	Findings    map[string]int64 `yaml:"findings"`     // most findings of a severity; left out: any number of it
	NotScanned  int64            `yaml:"not_scanned"`  // most files that were not read; left out: 0
	Suppressed  *int64           `yaml:"suppressed"`   // most findings that were left out of the count; left out: any number
	MaxLabel    string           `yaml:"max_label"`    // highest label, such as confidential{PII}; left out: any
	Sourcing    bool             `yaml:"sourcing"`     // a sourcing manifest is needed
	Licences    []string         `yaml:"licences"`     // verdicts on the licences of sources that are accepted: allowed, person, unknown; left out: allowed
	ForbidUses  []string         `yaml:"uses"`         // what the data is used for; the handling rules of its label must not forbid it; left out: training
	MaxResidual *float64         `yaml:"max_residual"` // highest estimate of the share of records in which something is left after redaction; left out: not asked
}

type fileEvaluation struct {
	Name    string       `yaml:"name"`    // of the evaluation
	MaxAge  string       `yaml:"max_age"` // left out: any
	Metrics []fileMetric `yaml:"metrics"` // bounds
}

type fileMetric struct {
	Name string   `yaml:"name"` // such as refusal_rate
	Min  *float64 `yaml:"min"`  // at least
	Max  *float64 `yaml:"max"`  // at most
}

type fileBase struct {
	Required *bool `yaml:"required"` // the model that a target was made from has a verdict of its own, or stands in origin.others; left out: true
}

type fileLicence struct {
	Required *bool    `yaml:"required"` // the licence of every model that went in is known; left out: true
	Accept   []string `yaml:"accept"`   // verdicts that are accepted: allowed, person, unknown; left out: allowed
	Use      fileUse  `yaml:"use"`      // what the model is used for
}

type fileUse struct {
	Commercial     bool     `yaml:"commercial"`             // it earns money
	Establishments []string `yaml:"establishments"`         // where you are established: ISO 3166-1 codes
	MonthlyUsers   *int64   `yaml:"monthly_users"`          // left out: not declared
	Tags           []string `yaml:"tags"`                   // what the deployment does
	Modality       string   `yaml:"modality"`               // such as text
	Family         string   `yaml:"family"`                 // of the model
	Release        bool     `yaml:"release"`                // it is passed on to others
	ReleaseName    string   `yaml:"release_name"`           // its name there
	ReleaseLicence string   `yaml:"release_licence"`        // SPDX expression
	Weights        string   `yaml:"weights_are_adaptation"` // yes, no, or left out: not decided
}

type fileApproval struct {
	Label  string   `yaml:"label"`   // from this label up; left out: public, which is always
	People int      `yaml:"people"`  // distinct persons, none of whom trained the model
	Roles  []string `yaml:"roles"`   // at least one with each
	MaxAge string   `yaml:"max_age"` // left out: any
}

type fileSignature struct {
	Required bool     `yaml:"required"` // the target must be signed; where it is signed, the signature must verify
	Keys     []string `yaml:"keys"`     // PEM files of public keys, beside this file
	Roots    []string `yaml:"roots"`    // PEM files of authorities, beside this file
}

type fileBill struct {
	Required bool `yaml:"required"` // a bill of materials that names the same bytes lies beside the target
}

type fileWaivers struct {
	Longest string   `yaml:"longest"` // longest time of a waiver; left out: 90d
	Never   []string `yaml:"never"`   // rules that nobody may waive, or a class of them such as scan/*
}

// Load reads a policy from a file. The keys that it names lie beside it.
func Load(path string) (*Policy, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read gate policy: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, int64(limits.Bytes)+1))
	if err != nil {
		return nil, fmt.Errorf("read gate policy: %w", err)
	}
	dir := filepath.Dir(path)
	return Parse(path, text, func(name string) ([]byte, error) { return readKey(dir, name) })
}

// Default is the policy that ships, policies/gate.yaml. It trusts nobody yet.
func Default() *Policy {
	p, err := Parse(policies.GateName, policies.Gate(), nil)
	if err != nil {
		panic("the gate policy that ships cannot be read: " + err.Error())
	}
	return p
}

func readKey(dir, name string) ([]byte, error) {
	if !filepath.IsAbs(name) {
		name = filepath.Join(dir, filepath.FromSlash(name))
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, 1<<20))
}

// Parse reads a policy. Errors tell line and column; name is for messages. key reads a file that the policy names; nil:
// there are none.
func Parse(name string, text []byte, key func(name string) ([]byte, error)) (*Policy, error) {
	var f file
	doc, err := strict.Decode(name, text, &f, limits)
	if err != nil {
		return nil, err
	}
	if f.Version != 1 {
		return nil, doc.At("this reeve reads version 1", "version")
	}
	if key == nil {
		key = func(string) ([]byte, error) { return nil, errors.New("there are no files beside this policy") }
	}
	c := compiler{doc: doc, key: key}
	p := c.compile(&f)
	if c.err != nil {
		return nil, c.err
	}
	for _, b := range c.files {
		text = append(append(text[:len(text):len(text)], 0), b...)
	}
	p.digest = digestOf(text, p.Signers)
	return p, nil
}

// digestOf binds the text of a policy and who is trusted for what.
func digestOf(text []byte, signers []Signer) string {
	h := sha256.New()
	fmt.Fprintf(h, "reeve gate policy v1\n%d\n", len(text))
	h.Write(text)
	for _, s := range signers {
		ids := make([]string, 0, len(s.Keys))
		for _, k := range s.Keys {
			ids = append(ids, k.ID())
		}
		slices.Sort(ids)
		fmt.Fprintf(h, "%q %q %q %q %q %d %d\n", s.Name, s.Aka, ids, s.May, s.Roles, s.From.Unix(), s.Until.Unix())
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil))
}

// parseKeys reads the public keys of a signer.
func (c *compiler) parseKeys(names []string, path ...any) []*attest.PublicKey {
	var keys []*attest.PublicKey
	for i, name := range names {
		at := append(slices.Clone(path), i)
		text, err := c.key(name)
		if err != nil {
			c.fail("the key cannot be read: "+reason(err), at...)
			continue
		}
		k, err := attest.ParsePublicKey(text)
		if err != nil {
			c.fail("the key cannot be read: "+err.Error(), at...)
			continue
		}
		keys = append(keys, k)
	}
	return keys
}

// reason is the last part of an error of the file system.
func reason(err error) string {
	var p *os.PathError
	if errors.As(err, &p) {
		return strings.TrimSpace(p.Err.Error())
	}
	return err.Error()
}
