package sourcing

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"
	"github.com/google/uuid"
)

// cycloneDX writes a CycloneDX BOM: the data set as the subject, one data component for each source.
func (e *Export) cycloneDX(v cdx.SpecVersion) ([]byte, error) {
	bom := cdx.NewBOM()
	bom.SerialNumber = "urn:uuid:" + e.serial().String()
	bom.Metadata = &cdx.Metadata{
		Timestamp: e.Now.UTC().Format(time.RFC3339),
		Tools:     &cdx.ToolsChoice{Components: &[]cdx.Component{{Type: cdx.ComponentTypeApplication, Name: "reeve", Version: strings.TrimPrefix(e.Tool, "reeve ")}}},
		Component: e.datasetComponent(),
	}
	var components []cdx.Component
	var refs []string
	for i := range e.Doc.Sources {
		c := e.sourceComponent(i)
		components = append(components, c)
		refs = append(refs, c.BOMRef)
	}
	bom.Components = &components
	bom.Dependencies = &[]cdx.Dependency{{Ref: bom.Metadata.Component.BOMRef, Dependencies: &refs}}
	var b bytes.Buffer
	if err := cdx.NewBOMEncoder(&b, cdx.BOMFileFormatJSON).SetPretty(true).SetEscapeHTML(false).EncodeVersion(bom, v); err != nil {
		return nil, fmt.Errorf("write CycloneDX: %w", err)
	}
	return b.Bytes(), nil
}

// serial is a UUID (version 5, RFC 9562) of what is exported, so that the same export has the same number.
func (e *Export) serial() uuid.UUID {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte(e.Result.Tree.Root+" "+DigestBytes(e.Doc.Text)))
}

func (e *Export) datasetComponent() *cdx.Component {
	d := &e.Doc.Dataset
	c := &cdx.Component{
		Type: cdx.ComponentTypeData, BOMRef: "dataset", Name: orElse(d.Name, "dataset"), Version: orElse(d.Version), Description: orElse(d.Description),
		Data: &[]cdx.ComponentData{{
			Type: cdx.ComponentDataTypeDataset, Name: orElse(d.Name, "dataset"), Description: orElse(d.Description),
			Governance: governance(orElse(d.Issuer, d.Creator), orElse(d.Creator)),
		}},
		Properties: properties("reeve:root:rfc6962-sha256", e.Result.Tree.Root, "reeve:dirHash", e.Result.Tree.Hash, "reeve:sourcing", DigestBytes(e.Doc.Text), "reeve:verdict", e.Result.Verdict()),
	}
	if known(d.Creator) {
		c.Publisher = d.Creator
	}
	if known(d.URL) {
		c.ExternalReferences = &[]cdx.ExternalReference{{Type: cdx.ERTypeWebsite, URL: d.URL}}
	}
	if known(d.Licence) {
		c.Licenses = &cdx.Licenses{{Expression: d.Licence}}
	}
	return c
}

func (e *Export) sourceComponent(i int) cdx.Component {
	s := &e.Doc.Sources[i]
	data := cdx.ComponentData{
		Type: cdx.ComponentDataTypeDataset, Name: orElse(s.Name, s.ID), Classification: orElse(s.Classification), Description: orElse(s.Description),
		Governance: governance(orElse(s.RightsHolder), orElse(s.Creator)),
	}
	if len(s.Origin.URLs) > 0 && known(s.Origin.URLs[0]) {
		data.Contents = &cdx.ComponentDataContents{URL: s.Origin.URLs[0]}
	}
	if sensitive := sensitiveData(s); len(sensitive) > 0 {
		data.SensitiveData = &sensitive
	}
	verdict := ""
	digest := s.Digest
	if i < len(e.Result.Sources) {
		verdict, digest = e.Result.Sources[i].Judgement.Verdict.String(), e.Result.Sources[i].Digest
	}
	c := cdx.Component{
		Type: cdx.ComponentTypeData, BOMRef: "source:" + s.ID, Name: orElse(s.Name, s.ID), Version: orElse(s.Version), Description: orElse(s.Description),
		Data: &[]cdx.ComponentData{data}, Copyright: labelledOrNothing(s.RightsHolder),
		Properties: properties("reeve:kind", s.Kind, "reeve:root:rfc6962-sha256", strings.TrimPrefix(digest, "sha256:"), "reeve:retrieved_at", s.Origin.RetrievedAt,
			"reeve:licence:verdict", verdict, "reeve:personal_data", s.PersonalData.Present, "reeve:legal_basis", s.PersonalData.LegalBasis,
			"reeve:export:classification", s.Export.Classification, "reeve:expires", s.Expires, "reeve:written-by", strings.Join(generatorNames(s), ", ")),
	}
	if known(s.Licence.Declared) && s.Licence.Declared != "NONE" && s.Licence.Declared != "NOASSERTION" {
		c.Licenses = &cdx.Licenses{{Expression: s.Licence.Declared}}
	}
	var refs []cdx.ExternalReference
	for _, u := range s.Origin.URLs {
		if known(u) {
			refs = append(refs, cdx.ExternalReference{Type: cdx.ERTypeDistribution, URL: u})
		}
	}
	if known(s.Licence.URL) {
		refs = append(refs, cdx.ExternalReference{Type: cdx.ERTypeLicense, URL: s.Licence.URL})
	}
	if len(refs) > 0 {
		c.ExternalReferences = &refs
	}
	return c
}

func generatorNames(s *Source) []string {
	var out []string
	for _, g := range s.Synthetic.Generators {
		out = append(out, g.Model)
	}
	return out
}

func labelledOrNothing(holder string) string {
	if !known(holder) {
		return ""
	}
	return "Rights held by " + holder
}

func sensitiveData(s *Source) []string {
	var out []string
	if s.PersonalData.Present == "yes" {
		out = append(out, "personal data")
	}
	for _, scan := range s.Scans {
		counts := scan.After
		if counts == nil {
			counts = scan.Before
		}
		out = append(out, sortedKeys(counts)...)
	}
	return unique(out)
}

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

// properties pairs names and values, leaving out what is not known.
func properties(pairs ...string) *[]cdx.Property {
	var out []cdx.Property
	for i := 0; i+1 < len(pairs); i += 2 {
		if known(pairs[i+1]) {
			out = append(out, cdx.Property{Name: pairs[i], Value: pairs[i+1]})
		}
	}
	return &out
}
