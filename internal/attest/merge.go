package attest

import "math"

// MergeType is the type of the predicate Merge.
const MergeType = predicateBase + "merge/v1"

// Merge says that weights were made of the weights of several models, an adapter merged into its base included. Its subjects are
// all files that came out.
type Merge struct {
	Origin     `yaml:",inline"`
	Method     string            `json:"method"`          // such as linear, slerp, ties, dare, adapter
	Merger     Tool              `json:"merger,omitzero"` // that did it
	Parameters map[string]string `json:"parameters,omitzero"`
	Inputs     []MergeInput      `json:"inputs"`
	Outputs    []Material        `json:"outputs"`
}

// MergeInput is one model of a merge.
type MergeInput struct {
	Material `yaml:",inline"`
	Role     string   `json:"role,omitzero"`   // such as base, adapter
	Weight   *float64 `json:"weight,omitzero"` // its share, in the sense of the method; absent where the method has none
}

// PredicateType implements Predicate.
func (*Merge) PredicateType() string { return MergeType }

// Check implements Predicate.
func (m *Merge) Check(subjects []Resource) error {
	r := &rules{kind: "merge"}
	r.origin(&m.Origin)
	r.want(m.Method != "", "no method")
	r.want(len(m.Inputs) >= 2, "fewer than two inputs")
	r.want(len(m.Outputs) > 0, "no output")
	r.texts(m.Method, m.Merger.Name, m.Merger.Version)
	r.table(m.Parameters, "parameters")
	r.list(len(m.Inputs), "inputs")
	for i := range m.Inputs {
		in := &m.Inputs[i]
		r.material("inputs", &in.Material)
		r.want(in.Weight == nil || !math.IsNaN(*in.Weight) && !math.IsInf(*in.Weight, 0), "a weight is no number")
		r.texts(in.Role)
	}
	r.made(m.Outputs, subjects)
	return r.err
}
