package sourcing

import "strings"

// dtaField is one of the 22 elements of the Data Provenance Standards of the Data & Trust Alliance.
type dtaField struct {
	Group string `json:"group"` // Source, Provenance or Use
	Field string `json:"field"`
	Value any    `json:"value"` // null where nobody knows
}

// dta writes the 22 elements: 6 on the source, 8 on provenance, 8 on use. Elements that the standard asks of the whole and
// the manifest knows by source are written by source.
func (e *Export) dta() ([]byte, error) {
	d := &e.Doc.Dataset
	fields := []dtaField{
		{"Source", "Standards version used", "1.0.0"},
		{"Source", "Dataset title/name", text(d.Name)},
		{"Source", "Unique metadata identifier", orElse(d.ID, "urn:uuid:"+e.serial().String())},
		{"Source", "Metadata location", text(orElse(d.URL, FileName))},
		{"Source", "Data set issuer", text(orElse(d.Issuer, d.Creator))},
		{"Source", "Description of the data set", text(d.Description)},

		{"Provenance", "Source metadata for data set", e.bySource(func(s *Source) any { return textsOrNil(s.Lineage.DerivedFrom) })},
		{"Provenance", "Source (if different from issuer)", e.bySource(func(s *Source) any { return text(orElse(s.RightsHolder, s.Creator)) })},
		{"Provenance", "Data origin geography", e.bySource(func(s *Source) any { return textsOrNil(s.Geography.Origin) })},
		{"Provenance", "Dataset issue date", text(d.Published)},
		{"Provenance", "Date of previously issued version of the data set", text(d.PreviousPublished)},
		{"Provenance", "Range of dates for data generation", e.bySource(func(s *Source) any { return between(s.Origin.From, s.Origin.To) })},
		{"Provenance", "Method", e.bySource(func(s *Source) any { return text(orElse(s.Origin.Method, methods[s.Kind])) })},
		{"Provenance", "Data format", e.formats()},

		{"Use", "Confidentiality classification", e.bySource(func(s *Source) any { return text(s.Classification) })},
		{"Use", "Consent documentation location", e.bySource(func(s *Source) any { return text(s.PersonalData.Consent) })},
		{"Use", "Privacy enhancing technologies (PETs) or tools applied", e.bySource(func(s *Source) any { return textsOrNil(s.PersonalData.Protection) })},
		{"Use", "Data processing geography inclusion/exclusion", e.bySource(func(s *Source) any {
			return places(s.Geography.ProcessingAllowed, s.Geography.ProcessingExcluded)
		})},
		{"Use", "Data storage geography inclusion/exclusion", e.bySource(func(s *Source) any {
			return places(s.Geography.StorageAllowed, s.Geography.StorageExcluded)
		})},
		{"Use", "License to use", e.bySource(func(s *Source) any { return text(s.Licence.Declared) })},
		{"Use", "Intended data use", e.intended()},
		{"Use", "Proprietary data presence", e.bySource(func(s *Source) any {
			o := object{}
			put(o, "copyright", s.Proprietary.Copyright)
			put(o, "patent", s.Proprietary.Patent)
			put(o, "trademark", s.Proprietary.Trademark)
			if len(o) == 0 {
				return nil
			}
			return o
		})},
	}
	return indented(struct {
		Schema string     `json:"standard"`
		Fields []dtaField `json:"fields"`
	}{"Data & Trust Alliance, Data Provenance Standards", fields})
}

// methods are the words for how data arises where the manifest gives no method.
var methods = map[string]string{"crawl": "web scraping", "synthetic": "machine generated", "user": "user generated"}

func text(s string) any {
	if !known(s) {
		return nil
	}
	return s
}

func textsOrNil(all []string) any {
	o := object{}
	put(o, "v", all)
	if o["v"] == nil {
		return nil
	}
	return o["v"]
}

func between(from, to string) any {
	if !known(from) && !known(to) {
		return nil
	}
	return object{"from": text(from), "to": text(to)}
}

func places(allowed, excluded []string) any {
	if len(allowed)+len(excluded) == 0 {
		return nil
	}
	return object{"included": textsOrNil(allowed), "excluded": textsOrNil(excluded)}
}

// bySource is what is known of each source; nil where it is known of none.
func (e *Export) bySource(of func(*Source) any) any {
	o := object{}
	for i := range e.Doc.Sources {
		if v := of(&e.Doc.Sources[i]); v != nil {
			o[e.Doc.Sources[i].ID] = v
		}
	}
	if len(o) == 0 {
		return nil
	}
	return o
}

func (e *Export) formats() any {
	var out []string
	for _, f := range e.Result.Files {
		out = append(out, mediaType(f.Path))
	}
	return textsOrNil(unique(out))
}

func (e *Export) intended() any {
	return text(strings.TrimSpace(sentence(e.Doc.Dataset.IntendedUse, e.perSource(func(s *Source) string { return s.Uses.Intended }))))
}
