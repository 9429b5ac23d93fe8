package sourcing

import (
	"path"
	"strings"
)

// The identifiers of Croissant 1.1 and of its vocabulary for responsible AI 1.0 (MLCommons).
const (
	croissantVersion = "http://mlcommons.org/croissant/1.1"
	raiVersion       = "http://mlcommons.org/croissant/RAI/1.0"
)

// croissantContext is the JSON-LD context that the specification prescribes (Croissant 1.1, appendix), with the prefixes
// of the vocabularies that are used.
func croissantContext() object {
	c := object{
		"@language": "en", "@vocab": "https://schema.org/", "sc": "https://schema.org/", "dct": "http://purl.org/dc/terms/",
		"cr": "http://mlcommons.org/croissant/", "rai": "http://mlcommons.org/croissant/RAI/", "prov": "http://www.w3.org/ns/prov#",
		"odrl": "http://www.w3.org/ns/odrl/2/", "conformsTo": "dct:conformsTo",
		"data":        object{"@id": "cr:data", "@type": "@json"},
		"examples":    object{"@id": "cr:examples", "@type": "@json"},
		"dataType":    object{"@id": "cr:dataType", "@type": "@vocab"},
		"name":        object{"@container": "@language"},
		"description": object{"@container": "@language"},
	}
	for _, term := range strings.Fields(`arrayShape citeAs column containedIn equivalentProperty extract field fileProperty fileObject fileSet
		format includes isArray isLiveDataset jsonPath key md5 parentField path recordSet references regex repeated replace samplingRate
		separator source subField transform`) {
		c[term] = "cr:" + term
	}
	return c
}

// croissant writes Croissant 1.1 with RAI 1.0.
func (e *Export) croissant() ([]byte, error) {
	d := &e.Doc.Dataset
	o := object{
		"@context":   croissantContext(),
		"@type":      "sc:Dataset",
		"conformsTo": []string{croissantVersion, raiVersion},
		"name":       orElse(d.Name, "dataset"), "description": orElse(d.Description, "No description is given."), "url": e.address(), "datePublished": e.published(),
		"creator": object{"@type": "sc:Organization", "name": orUnknown(d.Creator)},
		"license": e.licenceURLs(),
	}
	if known(d.Issuer) {
		o["publisher"] = object{"@type": "sc:Organization", "name": d.Issuer}
	}
	put(o, "version", d.Version)
	put(o, "keywords", d.Keywords)
	put(o, "inLanguage", languages(&e.Doc.Manifest))
	if from := e.derivedFrom(); len(from) > 0 {
		o["prov:wasDerivedFrom"] = from
	}
	if known(d.Creator) {
		o["prov:wasAttributedTo"] = object{"@type": "prov:Agent", "name": d.Creator}
	}
	if known(d.Creator) {
		o["citeAs"] = strings.TrimSpace(d.Creator+" ("+e.published()[:4]+"): "+orElse(d.Name, "dataset")+" "+orElse(d.Version)) + ". " + e.address()
	}
	e.rai(o)
	if offer := e.offer(); offer != nil {
		o["sc:usageInfo"] = offer
	}
	o["distribution"] = e.distribution()
	return indented(o)
}

// licenceURLs are addresses of licences, as Croissant recommends; other licences keep their identifier.
func (e *Export) licenceURLs() []string {
	var out []string
	for _, id := range licenceIDs(&e.Doc.Manifest) {
		if strings.HasPrefix(id, "LicenseRef-") || strings.HasPrefix(id, "DocumentRef-") {
			out = append(out, id)
			continue
		}
		out = append(out, "https://spdx.org/licenses/"+strings.TrimSuffix(id, "+")+".html")
	}
	if len(out) == 0 {
		out = []string{Unknown}
	}
	return out
}

func (e *Export) derivedFrom() []object {
	var out []object
	for i := range e.Doc.Sources {
		s := &e.Doc.Sources[i]
		x := object{"@type": "sc:Dataset", "name": orElse(s.Name, s.ID)}
		put(x, "url", s.Origin.URLs)
		put(x, "version", s.Version)
		if known(s.Licence.Declared) {
			x["license"] = s.Licence.Declared
		}
		if known(s.Creator) {
			x["creator"] = object{"@type": "sc:Organization", "name": s.Creator}
		}
		if len(s.Lineage.DerivedFrom) > 0 {
			x["prov:wasDerivedFrom"] = s.Lineage.DerivedFrom
		}
		out = append(out, x)
	}
	return out
}

// rai fills the properties of the RAI vocabulary that the manifest can answer.
func (e *Export) rai(o object) {
	d := &e.Doc.Dataset
	put(o, "rai:dataCollection", e.perSource(func(s *Source) string {
		return sentence(orElse(s.Description), labelled("method", s.Origin.Method), labelled("taken by", s.Origin.Retriever), labelled("on", s.Origin.RetrievedAt))
	}))
	var types []string
	for i := range e.Doc.Sources {
		if t, ok := collectionTypes[e.Doc.Sources[i].Kind]; ok {
			types = append(types, t)
		}
	}
	put(o, "rai:dataCollectionType", unique(types))
	put(o, "rai:dataCollectionRawData", strings.Join(union(&e.Doc.Manifest, func(s *Source) []string { return s.Origin.URLs }), " "))
	put(o, "rai:dataCollectionTimeframe", union(&e.Doc.Manifest, func(s *Source) []string { return []string{s.Origin.From, s.Origin.To} }))
	put(o, "rai:dataPreprocessingProtocol", e.perSource(processing))
	put(o, "rai:dataManipulationProtocol", e.perSource(scans))
	put(o, "rai:dataReleaseMaintenancePlan", d.Maintenance)
	put(o, "rai:personalSensitiveInformation", e.personalText())
	put(o, "rai:machineAnnotationTools", e.generators())
	put(o, "rai:dataBiases", e.perSource(func(s *Source) string { return strings.Join(s.Bias, ". ") }))
	put(o, "rai:dataLimitations", e.perSource(func(s *Source) string { return strings.Join(s.Limitations, ". ") }))
	put(o, "rai:dataUseCases", sentence(d.IntendedUse, e.perSource(func(s *Source) string {
		return sentence(s.Uses.Intended, labelled("not for", strings.Join(s.Uses.Prohibited, ", ")))
	})))
}

// collectionTypes are the words that RAI uses for kinds of collection.
var collectionTypes = map[string]string{
	"public": "Secondary Data Analysis", "licensed": "Secondary Data Analysis", "crawl": "Web Scraping", "user": "Direct Measurement",
	"synthetic": "Others", "internal": "Others",
}

func unique(in []string) []string {
	var out []string
	seen := map[string]bool{}
	for _, s := range in {
		if !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	return out
}

func (e *Export) personalText() string {
	return sentence(labelled("personal data", e.personal()), e.perSource(func(s *Source) string {
		p := &s.PersonalData
		return sentence(labelled("present", p.Present), labelled("legal basis", p.LegalBasis), labelled("basis of GDPR Art. 9(2)", p.SpecialBasis),
			labelled("protected by", strings.Join(p.Protection, ", ")), labelled("classification", s.Classification))
	}))
}

func (e *Export) generators() []string {
	return union(&e.Doc.Manifest, func(s *Source) []string {
		var out []string
		for _, g := range s.Synthetic.Generators {
			out = append(out, strings.TrimSpace(g.Model+" "+g.Licence))
		}
		return out
	})
}

// offer writes prohibited and permitted uses in ODRL, as Croissant 1.1 takes conditions of use.
func (e *Export) offer() object {
	constraint := func(tags []string) []object {
		var out []object
		for _, t := range tags {
			out = append(out, object{"odrl:leftOperand": "odrl:purpose", "odrl:operator": "odrl:eq", "odrl:rightOperand": t})
		}
		return out
	}
	o := object{"@type": "odrl:Offer"}
	if tags := union(&e.Doc.Manifest, func(s *Source) []string { return s.Uses.Permitted }); len(tags) > 0 {
		o["odrl:permission"] = object{"odrl:action": "odrl:use", "odrl:constraint": constraint(tags)}
	}
	if tags := union(&e.Doc.Manifest, func(s *Source) []string { return s.Uses.Prohibited }); len(tags) > 0 {
		o["odrl:prohibition"] = object{"odrl:action": "odrl:use", "odrl:constraint": constraint(tags)}
	}
	if len(o) == 1 {
		return nil
	}
	return o
}

// distribution lists every file with its digest.
func (e *Export) distribution() []object {
	out := []object{}
	for _, f := range e.Result.Files {
		out = append(out, object{
			"@type": "cr:FileObject", "@id": f.Path, "name": f.Path, "contentUrl": f.Path, "encodingFormat": mediaType(f.Path), "sha256": f.SHA256,
			"contentSize": contentSize(f.Size),
		})
	}
	return out
}

// mediaType is by the ending, from a short list first: the system's own differs from machine to machine.
func mediaType(name string) string {
	switch strings.ToLower(path.Ext(name)) {
	case ".jsonl", ".ndjson":
		return "application/jsonlines"
	case ".json":
		return "application/json"
	case ".csv":
		return "text/csv"
	case ".tsv":
		return "text/tab-separated-values"
	case ".parquet":
		return "application/x-parquet"
	case ".arrow", ".feather":
		return "application/vnd.apache.arrow.file"
	case ".txt", "":
		return "text/plain"
	case ".md":
		return "text/markdown"
	case ".html":
		return "text/html"
	case ".pdf":
		return "application/pdf"
	case ".zip":
		return "application/zip"
	case ".gz":
		return "application/gzip"
	case ".tar":
		return "application/x-tar"
	case ".zst":
		return "application/zstd"
	}
	return "application/octet-stream"
}
