package vulndb

import (
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"github.com/reeve-ai/reeve"
)

// VEXOptions are what only the author of an exchange document knows.
type VEXOptions struct {
	Author string
	Tool   string // version of reeve
	Clock  reeve.Clock
}

type vexDocument struct {
	Context    string        `json:"@context"`
	ID         string        `json:"@id"`
	Author     string        `json:"author"`
	Timestamp  string        `json:"timestamp"`
	Version    int           `json:"version"`
	Tooling    string        `json:"tooling"`
	Statements []vexOutgoing `json:"statements"`
}

type vexOutgoing struct {
	Vulnerability struct {
		Name    string   `json:"name"`
		Aliases []string `json:"aliases,omitzero"`
	} `json:"vulnerability"`
	Products      []vexProductID `json:"products"`
	Status        string         `json:"status"`
	StatusNotes   string         `json:"status_notes,omitzero"`
	Justification string         `json:"justification,omitzero"`
	Impact        string         `json:"impact_statement,omitzero"`
	Action        string         `json:"action_statement,omitzero"`
}

type vexProductID struct {
	ID string `json:"@id"`
}

// OpenVEX writes what an audit found as an OpenVEX document (v0.2.0), one statement a flaw and package. What somebody has judged keeps
// that status and its reason; everything else is under investigation, because matching a version does not show that a flaw can be
// reached. The same input gives the same bytes.
func OpenVEX(list []Affected, o VEXOptions) ([]byte, error) {
	now := o.Clock().UTC().Format(time.RFC3339)
	doc := vexDocument{
		Context: "https://openvex.dev/ns/v0.2.0", Author: o.Author, Timestamp: now, Version: 1, Tooling: "reeve " + o.Tool,
		Statements: []vexOutgoing{},
	}
	for i := range list {
		if list[i].PURL == "" {
			continue
		}
		for k := range list[i].Vulnerabilities {
			doc.Statements = append(doc.Statements, outgoing(&list[i], &list[i].Vulnerabilities[k]))
		}
	}
	body, err := json.Marshal(doc.Statements, json.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("write exchange document: %w", err)
	}
	doc.ID = "urn:uuid:" + uuid.NewSHA1(uuid.NameSpaceURL, append([]byte(o.Author+"\n"+now+"\n"), body...)).String()
	return indented(doc)
}

func outgoing(p *Affected, v *Vulnerability) vexOutgoing {
	s := vexOutgoing{Products: []vexProductID{{p.PURL}}, Status: v.VEX}
	s.Vulnerability.Name, s.Vulnerability.Aliases = v.ID, v.Aliases
	switch v.VEX {
	case "":
		s.Status, s.StatusNotes = "under_investigation", v.fixedIn()
	case "not_affected":
		if isJustification(v.Reason) {
			s.Justification = v.Reason
		} else {
			s.Impact = v.Reason
		}
	case "affected":
		s.Action = v.fixedIn()
	}
	return s
}

// isJustification reports whether a reason is one of the five words of OpenVEX.
func isJustification(s string) bool {
	switch s {
	case "component_not_present", "vulnerable_code_not_present", "vulnerable_code_not_in_execute_path",
		"vulnerable_code_cannot_be_controlled_by_adversary", "inline_mitigations_already_exist":
		return true
	}
	return false
}

func (v *Vulnerability) fixedIn() string {
	if len(v.Fixed) == 0 {
		return "no fixed version is known"
	}
	return "fixed in " + strings.Join(v.Fixed, ", ")
}

// CycloneDXVEX writes what an audit found as a CycloneDX 1.6 document with the packages that are affected and the analysis of each
// flaw, with the same meaning as OpenVEX.
func CycloneDXVEX(list []Affected, o VEXOptions) ([]byte, error) {
	type object = map[string]any
	components, flaws := []object{}, []object{}
	for i := range list {
		p := &list[i]
		if p.PURL == "" || len(p.Vulnerabilities) == 0 {
			continue
		}
		ref := fmt.Sprintf("%s#%d", p.PURL, i+1)
		components = append(components, object{"type": "library", "bom-ref": ref, "name": p.Name, "version": p.Version, "purl": p.PURL})
		for k := range p.Vulnerabilities {
			flaws = append(flaws, flaw(ref, &p.Vulnerabilities[k]))
		}
	}
	doc := object{
		"$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json", "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
		"metadata": object{
			"timestamp": o.Clock().UTC().Format(time.RFC3339),
			"tools":     object{"components": []object{{"type": "application", "name": "reeve", "version": o.Tool}}},
		},
		"components": components, "vulnerabilities": flaws,
	}
	if o.Author != "" {
		doc["metadata"].(object)["authors"] = []object{{"name": o.Author}}
	}
	body, err := json.Marshal(doc, json.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("write exchange document: %w", err)
	}
	doc["serialNumber"] = "urn:uuid:" + uuid.NewSHA1(uuid.NameSpaceURL, body).String()
	return indented(doc)
}

func flaw(ref string, v *Vulnerability) map[string]any {
	type object = map[string]any
	out := object{"bom-ref": v.ID + "@" + ref, "id": v.ID, "affects": []object{{"ref": ref}}, "recommendation": v.fixedIn()}
	if v.Summary != "" {
		out["description"] = v.Summary
	}
	var references []object
	for _, a := range v.Aliases {
		references = append(references, object{"id": a, "source": object{"name": sourceOf(a)}})
	}
	if references != nil {
		out["references"] = references
	}
	var ratings []object
	for _, s := range v.Severity {
		if r := rating(s); r != nil {
			ratings = append(ratings, r)
		}
	}
	if ratings != nil {
		out["ratings"] = ratings
	}
	analysis := object{"state": "in_triage"}
	if v.VEX != "" {
		analysis["state"] = states[v.VEX]
	}
	if v.Reason != "" {
		analysis["detail"] = v.Reason
	}
	for word, by := range justifications {
		if v.VEX == "not_affected" && by == v.Reason && first[by] == word {
			analysis["justification"] = word
		}
	}
	out["analysis"] = analysis
	return out
}

// first are the words of CycloneDX that come nearest to those of OpenVEX, which has fewer.
var first = map[string]string{
	"vulnerable_code_not_present": "code_not_present", "vulnerable_code_not_in_execute_path": "code_not_reachable",
	"vulnerable_code_cannot_be_controlled_by_adversary": "requires_configuration", "component_not_present": "requires_dependency",
	"inline_mitigations_already_exist": "protected_by_mitigating_control",
}

func sourceOf(id string) string {
	switch {
	case strings.HasPrefix(id, "CVE-"):
		return "NVD"
	case strings.HasPrefix(id, "GHSA-"):
		return "GitHub"
	}
	return "OSV"
}

// rating is a CVSS vector as CycloneDX has it, nil for other kinds.
func rating(s Severity) map[string]any {
	method := ""
	switch {
	case strings.HasPrefix(s.Score, "CVSS:3.0/"):
		method = "CVSSv3"
	case strings.HasPrefix(s.Score, "CVSS:3.1/"):
		method = "CVSSv31"
	case strings.HasPrefix(s.Score, "CVSS:4.0/"):
		method = "CVSSv4"
	default:
		return nil
	}
	out := map[string]any{"method": method, "vector": s.Score}
	if n, ok := s.Base(); ok {
		out["score"] = n
	}
	return out
}

func indented(doc any) ([]byte, error) {
	b, err := json.Marshal(doc, json.Deterministic(true), jsontext.WithIndent("  "))
	if err != nil {
		return nil, fmt.Errorf("write exchange document: %w", err)
	}
	return append(b, '\n'), nil
}
