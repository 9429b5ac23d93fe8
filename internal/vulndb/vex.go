package vulndb

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
)

// VEX are the statements of a vulnerability exchange document, as OpenVEX (openvex.dev, v0.2.0) has them.
type VEX struct {
	statements []vexStatement
}

type vexStatement struct {
	Vulnerability struct {
		Name    string   `json:"name"`
		Aliases []string `json:"aliases"`
	} `json:"vulnerability"`
	Products        []vexProduct `json:"products"`
	Status          string       `json:"status"`
	Justification   string       `json:"justification"`
	ImpactStatement string       `json:"impact_statement"`
}

type vexProduct struct {
	ID            string       `json:"@id"`
	Subcomponents []vexProduct `json:"subcomponents"`
}

// ParseVEX reads a document in the OpenVEX format, or a CycloneDX document with the analysis of vulnerabilities. A statement that a product is not affected must say why, as the format asks.
func ParseVEX(text []byte) (*VEX, error) {
	if len(text) > maxRecord {
		return nil, fmt.Errorf("exchange document of more than %d bytes", maxRecord)
	}
	var doc struct {
		Context    string         `json:"@context"`
		Format     string         `json:"bomFormat"`
		Statements []vexStatement `json:"statements"`
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		return nil, errors.New("the exchange document is no sound JSON")
	}
	if doc.Format == "CycloneDX" {
		return cycloneDXStatements(text)
	}
	if !strings.HasPrefix(doc.Context, "https://openvex.dev/ns") {
		return nil, errors.New("the exchange document is neither OpenVEX nor CycloneDX")
	}
	for i, s := range doc.Statements {
		known := slices.Contains([]string{"not_affected", "affected", "fixed", "under_investigation"}, s.Status)
		if !known || s.Vulnerability.Name == "" || s.Status == "not_affected" && s.Justification == "" && s.ImpactStatement == "" {
			return nil, fmt.Errorf("statement %d of the exchange document has no vulnerability, an unknown status, or no reason", i+1)
		}
	}
	return &VEX{doc.Statements}, nil
}

// status is the last statement about a vulnerability of a package, with its reason; "" where there is none. A statement without
// products speaks of nothing.
func (x *VEX) status(v Vulnerability, purl string) (status, reason string) {
	if x == nil || purl == "" {
		return "", ""
	}
	name, _, _ := strings.Cut(purl, "@")
	for _, s := range x.statements {
		names := append([]string{s.Vulnerability.Name}, s.Vulnerability.Aliases...)
		if !slices.ContainsFunc(names, func(n string) bool { return n == v.ID || slices.Contains(v.Aliases, n) }) {
			continue
		}
		for _, p := range s.Products {
			if p.names(purl, name) {
				status, reason = s.Status, s.reason()
			}
		}
	}
	return status, reason
}

// names reports whether a product is a package, in this version or in all of them, or has it for a part.
func (p *vexProduct) names(purl, name string) bool {
	if p.ID == purl || p.ID == name {
		return true
	}
	return slices.ContainsFunc(p.Subcomponents, func(c vexProduct) bool { return c.ID == purl || c.ID == name })
}

func (s *vexStatement) reason() string {
	if s.Justification != "" {
		return s.Justification
	}
	return s.ImpactStatement
}
