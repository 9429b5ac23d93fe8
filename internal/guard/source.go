package guard

import "github.com/reeve-ai/reeve/internal/strict"

// Limits of a policy. They bound the memory and the time that a hostile file can take.
const (
	maxSource   = 4 << 20 // bytes of one policy file, and of one list file
	maxRules    = 1000
	maxLiterals = 10_000 // in one list file, and in one rule
	maxMask     = 128    // bytes of a mask
	maxDepth    = 16     // nesting of the YAML; a policy needs five
)

// policySource is the policy file. Its fields are the manual of the format.
type policySource struct {
	Version int          `yaml:"version"` // of the format, now 1
	Rules   []ruleSource `yaml:"rules"`
}

type ruleSource struct {
	ID         string        `yaml:"id"`          // unique; lower case letters, digits and / - _ .
	Direction  string        `yaml:"direction"`   // in, out or both
	Scope      scopeSource   `yaml:"scope"`       // where the rule is in force; left out: everywhere
	Match      matchSource   `yaml:"match"`       // what it looks for
	Action     string        `yaml:"action"`      // allow, review, mask or block
	Reversible bool          `yaml:"reversible"`  // mask on input with a token that is put back in the answer
	Mask       string        `yaml:"mask"`        // what takes the place of a match; left out: the kind in brackets
	Severity   string        `yaml:"severity"`    // info, low, medium, high or critical; left out: the detector's
	Message    string        `yaml:"message"`     // what happened
	Remedy     string        `yaml:"remedy"`      // what the reader can do next
	LegalBasis []string      `yaml:"legal_basis"` // provisions, each with its article
	Owner      string        `yaml:"owner"`       // who answers for the rule
	Mode       string        `yaml:"mode"`        // exact, the only mode there is and the default
	Examples   exampleSource `yaml:"examples"`    // what the rule must find and what it must leave alone
}

type scopeSource struct {
	Routes []string `yaml:"routes"`
	Models []string `yaml:"models"`
	Roles  []string `yaml:"roles"`
	Labels []string `yaml:"labels"`
}

type matchSource struct {
	Detect       []string        `yaml:"detect"`        // ids of built-in detectors, or a class such as "pii/*"
	MinScore     float64         `yaml:"min_score"`     // detect: matches with less are left alone, 0 to 1
	Literals     []string        `yaml:"literals"`      // words and phrases
	LiteralsFile string          `yaml:"literals_file"` // a file beside the policy, one literal a line, "#" begins a comment line
	FoldCase     bool            `yaml:"fold_case"`     // literals: upper and lower case are one
	WholeWord    bool            `yaml:"whole_word"`    // literals: not inside a longer word
	Patterns     []patternSource `yaml:"patterns"`
}

type patternSource struct {
	Expr   string `yaml:"expr"`    // a regular expression in Go's syntax
	MaxLen int    `yaml:"max_len"` // the longest match in bytes; longer ones are not found
}

type exampleSource struct {
	Match   []string `yaml:"match"`
	NoMatch []string `yaml:"no_match"`
}

// document is a decoded policy file with the tree that positions are looked up in.
type document struct {
	*strict.Doc
	policy policySource
}

// limits leave room for the largest policy: maxRules rules, and literals up to the size of a file.
var limits = strict.Limits{Bytes: maxSource, Marks: 200_000, Depth: maxDepth}

// decode reads the YAML strictly. Every error tells line and column and shows the place.
func decode(name string, source []byte) (*document, error) {
	d := &document{}
	var err error
	d.Doc, err = strict.Decode(name, source, &d.policy, limits)
	return d, err
}
