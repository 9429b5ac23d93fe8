package redact

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/reeve-ai/reeve/internal/strict"
)

// policySource is redact.yaml. Its fields are the manual of the format.
type policySource struct {
	Version      int               `yaml:"version"`       // of the format, now 1
	Default      string            `yaml:"default"`       // operator for all that operators does not name; left out: mask
	Operators    map[string]string `yaml:"operators"`     // by kind (EMAIL_ADDRESS), rule (pii/email) or class ("secret/*")
	SubjectField string            `yaml:"subject_field"` // field whose value decides how far the dates of a record move
}

// limits bound a policy file, which has a line for each kind at most.
var limits = strict.Limits{Bytes: 1 << 20, Marks: 20_000, Depth: 4}

// ParsePolicy reads a policy file strictly. Every error tells the line and column where the YAML library knows them.
func ParsePolicy(name string, source []byte) (*Policy, error) {
	var src policySource
	if _, err := strict.Decode(name, source, &src, limits); err != nil {
		return nil, err
	}
	return src.policy(name)
}

func (src *policySource) policy(name string) (*Policy, error) {
	if src.Version != 1 {
		return nil, fmt.Errorf("%s: version %d, this program knows 1", name, src.Version)
	}
	var specs []string
	if src.Default != "" {
		if _, _, named := cutKind(src.Default); named {
			return nil, fmt.Errorf("%s: default: want an operator without a kind", name)
		}
		specs = append(specs, src.Default)
	}
	for _, key := range slices.Sorted(maps.Keys(src.Operators)) {
		if key == "" || strings.ContainsAny(key, "=: ") {
			return nil, fmt.Errorf("%s: operators: %q is no kind, rule or class", name, key)
		}
		specs = append(specs, key+"="+src.Operators[key])
	}
	p, err := NewPolicy(specs)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	p.SubjectField = src.SubjectField
	return p, nil
}
