package vulndb

import (
	"errors"

	"github.com/go-json-experiment/json"
)

// states are the words of CycloneDX for the analysis of a vulnerability, by those of OpenVEX.
var states = map[string]string{"not_affected": "not_affected", "affected": "exploitable", "fixed": "resolved", "under_investigation": "in_triage"}

// justifications are the words of OpenVEX, by those of CycloneDX; what has none is told as it is.
var justifications = map[string]string{
	"code_not_present": "vulnerable_code_not_present", "code_not_reachable": "vulnerable_code_not_in_execute_path",
	"requires_configuration": "vulnerable_code_cannot_be_controlled_by_adversary", "requires_dependency": "component_not_present",
	"requires_environment": "vulnerable_code_cannot_be_controlled_by_adversary", "protected_by_compiler": "inline_mitigations_already_exist",
	"protected_at_runtime": "inline_mitigations_already_exist", "protected_at_perimeter": "inline_mitigations_already_exist",
	"protected_by_mitigating_control": "inline_mitigations_already_exist",
}

// cycloneDXStatements reads the analyses of a CycloneDX document (specification 1.6, vulnerabilities).
func cycloneDXStatements(text []byte) (*VEX, error) {
	type component struct {
		Ref        string      `json:"bom-ref"`
		PURL       string      `json:"purl"`
		Components []component `json:"components"`
	}
	var doc struct {
		Components      []component `json:"components"`
		Vulnerabilities []struct {
			ID         string `json:"id"`
			References []struct {
				ID string `json:"id"`
			} `json:"references"`
			Analysis struct {
				State         string `json:"state"`
				Justification string `json:"justification"`
				Detail        string `json:"detail"`
			} `json:"analysis"`
			Affects []struct {
				Ref string `json:"ref"`
			} `json:"affects"`
		} `json:"vulnerabilities"`
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		return nil, errors.New("the exchange document is no sound JSON")
	}
	purls := map[string]string{}
	for todo := doc.Components; len(todo) > 0; {
		c := todo[0]
		todo = append(todo[1:], c.Components...)
		if c.Ref != "" && c.PURL != "" {
			purls[c.Ref] = c.PURL
		}
	}
	x := &VEX{}
	for _, v := range doc.Vulnerabilities {
		s := vexStatement{Justification: justifications[v.Analysis.Justification], ImpactStatement: v.Analysis.Detail}
		s.Vulnerability.Name = v.ID
		for _, r := range v.References {
			s.Vulnerability.Aliases = append(s.Vulnerability.Aliases, r.ID)
		}
		if s.Justification == "" {
			s.Justification = v.Analysis.Justification
		}
		switch v.Analysis.State {
		case "not_affected", "false_positive":
			s.Status = "not_affected"
		case "resolved", "resolved_with_pedigree":
			s.Status = "fixed"
		case "exploitable":
			s.Status = "affected"
		case "in_triage":
			s.Status = "under_investigation"
		case "":
			continue // it says nothing
		default:
			return nil, errors.New("the exchange document has an unknown state")
		}
		if v.ID == "" || s.Status == "not_affected" && s.Justification == "" && s.ImpactStatement == "" {
			return nil, errors.New("a statement of the exchange document has no vulnerability, or no reason")
		}
		for _, a := range v.Affects {
			id := a.Ref
			if p := purls[id]; p != "" {
				id = p
			}
			s.Products = append(s.Products, vexProduct{ID: id})
		}
		x.statements = append(x.statements, s)
	}
	return x, nil
}
