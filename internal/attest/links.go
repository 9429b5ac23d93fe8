package attest

// Input is a material that a predicate names as having gone in, with what it was there for. Material points into the predicate.
type Input struct {
	Role     string // base, data set, configuration, input, test data, looked at
	Material *Material
}

// Inputs are the materials that a predicate names as having gone in, in the order in which they stand there.
func Inputs(p Predicate) []Input {
	var out []Input
	add := func(role string, all []Material) {
		for i := range all {
			out = append(out, Input{role, &all[i]})
		}
	}
	switch p := p.(type) {
	case *Training:
		add("base", p.Base)
		add("data set", p.DataSets)
		add("configuration", p.Configuration)
	case *Conversion:
		add("input", p.Inputs)
	case *Merge:
		for i := range p.Inputs {
			out = append(out, Input{"input", &p.Inputs[i].Material})
		}
	case *Evaluation:
		if p.DataSet != nil {
			out = append(out, Input{"test data", p.DataSet})
		}
	case *Approval:
		add("looked at", p.LookedAt)
	case *GateVerdict:
		add("base", p.Base)
		add("input", p.Inputs)
	}
	return out
}

// Outputs points to the list of what came out, nil for a kind that makes nothing.
func Outputs(p Predicate) *[]Material {
	switch p := p.(type) {
	case *Training:
		return &p.Outputs
	case *Conversion:
		return &p.Outputs
	case *Merge:
		return &p.Outputs
	}
	return nil
}

// OriginOf points to who says what a predicate says, nil for a kind that does not tell.
func OriginOf(p Predicate) *Origin {
	switch p := p.(type) {
	case *Training:
		return &p.Origin
	case *Conversion:
		return &p.Origin
	case *Merge:
		return &p.Origin
	case *ModelScan:
		return &p.Origin
	case *Evaluation:
		return &p.Origin
	case *Approval:
		return &p.Origin
	case *Waiver:
		return &p.Origin
	case *GateVerdict:
		return &p.Origin
	}
	return nil
}
