package sourcing

import (
	"slices"
	"strings"
	"time"

	"github.com/reeve-ai/reeve"
)

// spdx3 writes SPDX 3.0.1 JSON-LD with the profiles Core, Software, Dataset, SimpleLicensing: one DatasetPackage for the
// whole, one for each source, and the licences that are declared.
func (e *Export) spdx3() ([]byte, error) {
	b := &spdxBuilder{base: "urn:uuid:" + e.serial().String() + "#"}
	b.add(object{"type": "CreationInfo", "@id": "_:creation", "specVersion": "3.0.1", "created": e.Now.UTC().Format("2006-01-02T15:04:05Z"), "createdBy": []string{b.base + "creator"}, "createdUsing": []string{b.base + "reeve"}})
	b.add(b.element("Organization", "creator", orUnknown(e.Doc.Dataset.Creator)))
	b.add(b.element("Tool", "reeve", orElse(e.Tool, "reeve")))
	whole := b.dataset(e, "dataset")
	b.add(whole)
	var parts []string
	for i := range e.Doc.Sources {
		s := &e.Doc.Sources[i]
		b.add(b.source(e, i))
		parts = append(parts, b.base+"source-"+s.ID)
		b.licence(s)
	}
	b.relate("dataset-contains", "dataset", "contains", parts)
	b.add(object{
		"type": "SpdxDocument", "spdxId": b.base + "document", "creationInfo": "_:creation", "name": "Sources of " + orElse(e.Doc.Dataset.Name, "a data set"),
		"rootElement": []string{b.base + "dataset"}, "element": b.ids, "profileConformance": []string{"core", "software", "dataset", "simpleLicensing"},
	})
	return indented(object{"@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld", "@graph": b.graph})
}

type spdxBuilder struct {
	base  string
	graph []object
	ids   []string
}

func (b *spdxBuilder) add(o object) {
	b.graph = append(b.graph, o)
	if id, ok := o["spdxId"].(string); ok {
		b.ids = append(b.ids, id)
	}
}

func (b *spdxBuilder) element(kind, id, name string) object {
	return object{"type": kind, "spdxId": b.base + id, "creationInfo": "_:creation", "name": name}
}

func (b *spdxBuilder) relate(id, from, kind string, to []string) {
	if len(to) == 0 {
		return
	}
	b.add(object{"type": "Relationship", "spdxId": b.base + id, "creationInfo": "_:creation", "from": b.base + from, "relationshipType": kind, "to": to})
}

func (b *spdxBuilder) dataset(e *Export, id string) object {
	d := &e.Doc.Dataset
	o := b.element("dataset_DatasetPackage", id, orElse(d.Name, "dataset"))
	put(o, "description", d.Description)
	put(o, "software_packageVersion", d.Version)
	o["software_downloadLocation"] = e.address()
	o["software_primaryPurpose"] = "data"
	o["originatedBy"] = []string{b.base + "creator"}
	o["builtTime"], o["releaseTime"] = spdxTime(e.published()), spdxTime(e.published())
	o["verifiedUsing"] = []object{{"type": "Hash", "algorithm": "other", "hashValue": e.Result.Tree.Root, "comment": "RFC 6962 root with SHA-256 over lines of sha256sum, in the order of the paths"}}
	o["dataset_datasetType"] = e.datasetTypes("")
	o["dataset_hasSensitivePersonalInformation"] = presence(e.personal())
	put(o, "dataset_intendedUse", d.IntendedUse)
	put(o, "dataset_datasetUpdateMechanism", d.Maintenance)
	put(o, "dataset_knownBias", union(&e.Doc.Manifest, func(s *Source) []string { return s.Bias }))
	o["dataset_datasetSize"] = e.Result.Tree.Bytes
	return o
}

func (b *spdxBuilder) source(e *Export, i int) object {
	s := &e.Doc.Sources[i]
	o := b.element("dataset_DatasetPackage", "source-"+s.ID, orElse(s.Name, s.ID))
	put(o, "description", s.Description)
	put(o, "software_packageVersion", s.Version)
	creator := "creator"
	if known(s.Creator) {
		creator = "creator-" + s.ID
		b.add(b.element("Organization", creator, s.Creator))
	}
	o["originatedBy"] = []string{b.base + creator}
	o["software_primaryPurpose"] = "data"
	o["software_downloadLocation"] = orElse(append(slices.Clone(s.Origin.URLs), e.address())...)
	taken := orElse(spdxTime(s.Origin.RetrievedAt), spdxTime(e.published()))
	o["builtTime"], o["releaseTime"] = taken, taken
	if known(s.Digest) {
		o["verifiedUsing"] = []object{{"type": "Hash", "algorithm": "other", "hashValue": strings.TrimPrefix(s.Digest, "sha256:"), "comment": "RFC 6962 root with SHA-256 over lines of sha256sum, in the order of the paths"}}
	}
	o["dataset_datasetType"] = e.datasetTypes(s.Modality)
	o["dataset_hasSensitivePersonalInformation"] = presence(s.PersonalData.Present)
	if level := confidentiality(s.Classification); level != "" {
		o["dataset_confidentialityLevel"] = level
	}
	put(o, "dataset_anonymizationMethodUsed", s.PersonalData.Protection)
	put(o, "dataset_knownBias", s.Bias)
	put(o, "dataset_dataCollectionProcess", sentence(s.Origin.Method, labelled("taken by", s.Origin.Retriever), labelled("on", s.Origin.RetrievedAt)))
	var steps []string
	for _, t := range s.Lineage.Transformations {
		steps = append(steps, t.Name)
	}
	put(o, "dataset_dataPreprocessing", steps)
	put(o, "dataset_intendedUse", s.Uses.Intended)
	put(o, "dataset_datasetNoise", strings.Join(s.Limitations, ". "))
	if availability, ok := map[string]string{"public": "directDownload", "crawl": "scrapingScript", "licensed": "registration"}[s.Kind]; ok {
		o["dataset_datasetAvailability"] = availability
	}
	if i < len(e.Result.Sources) {
		o["dataset_datasetSize"] = e.Result.Sources[i].Bytes
	}
	return o
}

// licence adds the declared expression and what it belongs to.
func (b *spdxBuilder) licence(s *Source) {
	if !known(s.Licence.Declared) || s.Licence.Declared == "NONE" || s.Licence.Declared == "NOASSERTION" {
		return
	}
	id := "licence-" + s.ID
	b.add(object{"type": "simplelicensing_LicenseExpression", "spdxId": b.base + id, "creationInfo": "_:creation", "simplelicensing_licenseExpression": s.Licence.Declared})
	b.relate("declares-"+s.ID, "source-"+s.ID, "hasDeclaredLicense", []string{b.base + id})
}

// datasetTypes turns modalities into the words of DatasetType.
func (e *Export) datasetTypes(modality string) []string {
	modalities := []string{modality}
	if modality == "" {
		modalities = union(&e.Doc.Manifest, func(s *Source) []string { return []string{s.Modality} })
	}
	var out []string
	for _, m := range modalities {
		switch m {
		case "text", "image", "audio", "video":
			out = append(out, m)
		case "tabular":
			out = append(out, "structured")
		case "multimodal":
			out = append(out, "other")
		}
	}
	if len(out) == 0 {
		out = []string{"noAssertion"}
	}
	return unique(out)
}

func presence(s string) string {
	if s == "yes" || s == "no" {
		return s
	}
	return "noAssertion"
}

// confidentiality maps levels to the Traffic Light Protocol, which SPDX uses.
func confidentiality(label string) string {
	l, err := reeve.ParseLabel(label)
	if err != nil || label == "" {
		return ""
	}
	return [...]string{"clear", "green", "amber", "red"}[l.Level]
}

func spdxTime(s string) string {
	t, err := day(s)
	if err != nil {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
