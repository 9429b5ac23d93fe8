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

// dataset is one set of data that the model was made from, with how sure that is.
type dataset struct {
	DataSource
	grade Grade
	from  string
}

// datasets are those of signed audits, of signed statements about the training, of sourcing.yaml and of the card, each name once.
func (b *builder) datasets() []dataset {
	var out []dataset
	add := func(d dataset) {
		for i := range out {
			if out[i].Name == d.Name { // the surer one stays, and learns what only the other says
				out[i].learn(&d.DataSource)
				return
			}
		}
		out = append(out, d)
	}
	for _, d := range b.o.Datasets {
		x := dataset{DataSource{Name: d.Dataset, Classification: d.Label, Digest: d.Tree.Root}, Verified, "signed audit"}
		if d.Label != "" {
			x.Sensitive = []string{d.Label}
		}
		add(x)
	}
	for _, m := range b.o.Lineage.inputs("data set") {
		add(dataset{DataSource{Name: m.Name, URL: m.URI, Digest: digestOf(m)}, grade(m), "signed statement"})
	}
	for _, s := range b.o.Sources {
		add(dataset{s, Declared, "sourcing.yaml"})
	}
	for _, c := range b.f.Lists["dataset"] {
		add(dataset{DataSource{Name: c.Value}, Declared, c.From})
	}
	return out
}

func (d *dataset) learn(x *DataSource) {
	for _, f := range []struct{ to, from *string }{
		{&d.Version, &x.Version},
		{&d.Description, &x.Description},
		{&d.URL, &x.URL},
		{&d.Licence, &x.Licence},
		{&d.Owner, &x.Owner},
		{&d.Steward, &x.Steward},
		{&d.Classification, &x.Classification},
		{&d.Digest, &x.Digest},
	} {
		*f.to = first(*f.to, *f.from)
	}
	if len(d.Sensitive) == 0 {
		d.Sensitive = x.Sensitive
	}
}

// data are the data sets as components with their governance. Each has an identifier: the digest where one is known, else its name.
func (b *builder) data() []cdx.Component {
	var out []cdx.Component
	for i, d := range b.datasets() {
		c := cdx.Component{Type: cdx.ComponentTypeData, BOMRef: dataRef(i), Name: d.Name, Version: d.Version, Description: d.Description}
		data := cdx.ComponentData{
			Type: cdx.ComponentDataTypeDataset, Name: d.Name, Classification: d.Classification, Description: d.Description, Governance: governance(d.Owner, d.Steward),
		}
		if len(d.Sensitive) > 0 {
			data.SensitiveData = &d.Sensitive
		}
		if strings.HasPrefix(d.URL, "http://") || strings.HasPrefix(d.URL, "https://") {
			data.Contents = &cdx.ComponentDataContents{URL: d.URL}
		}
		c.Licenses = licencesOf(d.Licence, "")
		id := "name:" + d.Name
		if d.Digest != "" {
			id = "sha256:" + d.Digest
			c.Hashes = &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: d.Digest}}
		}
		p := property(nil, "reeve:identifier", id)
		p = property(p, "reeve:claim:name", string(d.grade)+" ("+d.from+")")
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
	var references []cdx.VulnerabilityReference
	for _, a := range v.Aliases {
		references = append(references, cdx.VulnerabilityReference{ID: a, Source: &cdx.Source{Name: "OSV"}})
	}
	if len(references) > 0 {
		out.References = &references
	}
	var ratings []cdx.VulnerabilityRating
	for _, s := range v.Severity {
		if n, ok := s.Base(); ok {
			method := cdx.ScoringMethodCVSSv31
			if strings.HasPrefix(s.Score, "CVSS:3.0") {
				method = cdx.ScoringMethodCVSSv3
			}
			ratings = append(ratings, cdx.VulnerabilityRating{Score: &n, Method: method, Vector: s.Score})
		}
	}
	if len(ratings) > 0 {
		out.Ratings = &ratings
	}
	if s := v.Signal; s != nil {
		p := property(nil, "reeve:kev", s.KEV)
		if s.EPSS > 0 {
			p = property(p, "reeve:epss", fmt.Sprint(s.EPSS))
		}
		out.Properties = &p
	}
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
