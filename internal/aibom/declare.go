package aibom

import (
	"fmt"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"

	"github.com/reeve-ai/reeve/internal/attest"
)

// DataSource is what a sourcing manifest says of one source of the training data.
type DataSource struct {
	Name, Version, Description, URL, Licence string
	Owner, Steward                           string
	Classification                           string
	Sensitive                                []string
	Digest                                   string // root of the tree over its files, "" where nobody computed it
}

// declarations are the signed statements as claims with their evidence (CycloneDX 1.6, declarations): who assessed, what was claimed of
// the model, and the statement that shows it.
func (b *builder) declarations() {
	if len(b.o.Lineage) == 0 {
		return
	}
	var claims []cdx.Claim
	var evidence []cdx.DeclarationEvidence
	var maps []cdx.AttestationMap
	for i := range b.o.Lineage {
		s := &b.o.Lineage[i]
		claim, proof := fmt.Sprintf("claim:%d", i+1), fmt.Sprintf("evidence:%d", i+1)
		e := cdx.DeclarationEvidence{
			BOMRef: proof, PropertyName: "reeve:statement:" + attest.KindOf(s.Predicate.PredicateType()),
			Description: "in-toto statement, SHA-256 of its payload " + s.Digest + ", signature verified",
		}
		if o := attest.OriginOf(s.Predicate); o != nil {
			if !o.At.IsZero() {
				e.Created = o.At.UTC().Format(time.RFC3339)
			}
			if o.By.Name != "" {
				e.Author = &cdx.OrganizationalContact{Name: o.By.Name}
			}
		}
		evidence = append(evidence, e)
		claims = append(claims, cdx.Claim{BOMRef: claim, Target: modelRef, Predicate: s.told(), Evidence: &[]cdx.BOMReference{cdx.BOMReference(proof)}})
		maps = append(maps, cdx.AttestationMap{Claims: &[]cdx.BOMReference{cdx.BOMReference(claim)}})
	}
	b.bom.Declarations = &cdx.Declarations{
		Claims: &claims, Evidence: &evidence,
		Attestations: &[]cdx.Attestation{{Summary: "what signed statements say of the model", Map: &maps}},
	}
}

// governance names owners and stewards of data, nil where nobody is named.
func governance(owner, steward string) *cdx.DataGovernance {
	party := func(name string) *[]cdx.ComponentDataGovernanceResponsibleParty {
		if name == "" {
			return nil
		}
		return &[]cdx.ComponentDataGovernanceResponsibleParty{{Organization: &cdx.OrganizationalEntity{Name: name}}}
	}
	if owner == "" && steward == "" {
		return nil
	}
	return &cdx.DataGovernance{Owners: party(owner), Stewards: party(steward)}
}
