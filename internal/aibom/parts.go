package aibom

import (
	"fmt"
	"strings"

	cdx "github.com/CycloneDX/cyclonedx-go"

	"github.com/reeve-ai/reeve/internal/vulndb"
)

// files are the files of the model, with their digests.
func (b *builder) files() []cdx.Component {
	if len(b.f.Files) == 1 {
		return nil // the model itself is the file
	}
	var out []cdx.Component
	for _, f := range b.f.Files {
		p := property(nil, "reeve:size", fmt.Sprint(f.Size))
		p = property(p, "reeve:format", f.Format)
		out = append(out, cdx.Component{
			Type: cdx.ComponentTypeFile, BOMRef: "file:" + f.Path, Name: f.Path, Hashes: &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: f.SHA256}}, Properties: &p,
		})
	}
	return out
}

func dataRef(i int) string { return fmt.Sprintf("data:%d", i+1) }

// datasetNames are the data sets that statements and the card name, those of statements first.
func (b *builder) datasetNames() []string {
	var names []string
	for _, d := range b.o.Datasets {
		names = append(names, d.Dataset)
	}
	for _, c := range b.f.Lists["dataset"] {
		names = append(names, c.Value)
	}
	return names
}

// data are the data sets: verified ones with digest and label, the others by the name that somebody gave.
func (b *builder) data() []cdx.Component {
	var out []cdx.Component
	for i, name := range b.datasetNames() {
		c := cdx.Component{Type: cdx.ComponentTypeData, BOMRef: dataRef(i), Name: name}
		data := cdx.ComponentData{Type: cdx.ComponentDataTypeDataset, Name: name}
		grade := Declared
		if i < len(b.o.Datasets) {
			d := b.o.Datasets[i]
			grade = Verified
			data.Classification = d.Label
			if d.Label != "" {
				data.SensitiveData = &[]string{d.Label}
			}
			if d.Tree.Root != "" {
				c.Properties = &[]cdx.Property{{Name: "reeve:root:rfc6962-sha256", Value: d.Tree.Root}}
			}
		}
		p := property(deref(c.Properties), "reeve:claim:name", string(grade))
		c.Properties, c.Data = &p, &[]cdx.ComponentData{data}
		out = append(out, c)
	}
	return out
}

// libraries are what the model needs to run, with what is known against it.
func (b *builder) libraries() []cdx.Component {
	var out []cdx.Component
	var vulns []cdx.Vulnerability
	for i := range b.o.Deps {
		d := &b.o.Deps[i]
		ref := fmt.Sprintf("library:%d", i+1)
		out = append(out, cdx.Component{Type: cdx.ComponentTypeLibrary, BOMRef: ref, Name: d.Name, Version: d.Version, PackageURL: d.PURL})
		for k := range d.Vulnerabilities {
			vulns = append(vulns, vulnerability(&d.Vulnerabilities[k], ref))
		}
	}
	if len(vulns) > 0 {
		b.bom.Vulnerabilities = &vulns
	}
	return out
}

func vulnerability(v *vulndb.Vulnerability, ref string) cdx.Vulnerability {
	out := cdx.Vulnerability{ID: v.ID, Description: v.Summary, Affects: &[]cdx.Affects{{Ref: ref}}}
	if len(v.Fixed) > 0 {
		out.Recommendation = "fixed in " + strings.Join(v.Fixed, ", ")
	}
	switch v.VEX {
	case "not_affected":
		out.Analysis = &cdx.VulnerabilityAnalysis{State: cdx.IASNotAffected}
	case "fixed":
		out.Analysis = &cdx.VulnerabilityAnalysis{State: cdx.IASResolved}
	case "affected":
		out.Analysis = &cdx.VulnerabilityAnalysis{State: cdx.IASExploitable}
	case "under_investigation":
		out.Analysis = &cdx.VulnerabilityAnalysis{State: cdx.IASInTriage}
	}
	return out
}

// dependencies say that the model depends on all other components.
func (b *builder) dependencies(components []cdx.Component) {
	var refs []string
	for _, c := range components {
		if c.BOMRef != modelRef {
			refs = append(refs, c.BOMRef)
		}
	}
	model := []string{modelRef}
	b.bom.Dependencies = &[]cdx.Dependency{{Ref: "subject", Dependencies: &model}, {Ref: modelRef, Dependencies: &refs}}
}

func property(p []cdx.Property, name, value string) []cdx.Property {
	if value == "" {
		return p
	}
	return append(p, cdx.Property{Name: name, Value: value})
}

func deref(p *[]cdx.Property) []cdx.Property {
	if p == nil {
		return nil
	}
	return *p
}

func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

func join(claims []Claim) string {
	var out []string
	for _, c := range claims {
		out = append(out, c.Value)
	}
	return strings.Join(out, ", ")
}

// purlName keeps what a package URL may hold unescaped.
func purlName(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._-", r) {
			return r
		}
		return '-'
	}, s)
}
