package sourcing

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/reeve-ai/reeve/internal/license"
)

const maxCroissant = 16 << 20

// Croissant is what is taken from a Croissant description (1.0 or 1.1): schema.org's Dataset with RAI properties.
type Croissant struct {
	Name, Description, URL, Version, Published string
	Creators                                   []string
	Licence                                    string // SPDX expression; "" where the URL is not that of a known licence
	LicenceURL                                 string
	Keywords, Languages                        []string
	DerivedFrom                                []string
	Files                                      []CroissantFile
	Collection, Biases, Limitations, UseCases  string // of the RAI properties
	Personal                                   []string
	Maintenance                                string
}

// CroissantFile is one FileObject.
type CroissantFile struct{ Name, URL, SHA256 string }

// ReadCroissant reads JSON-LD in the compact form in which Croissant files are written. It fetches nothing.
func ReadCroissant(text []byte) (*Croissant, error) {
	if len(text) > maxCroissant {
		return nil, fmt.Errorf("Croissant description of more than %d bytes", maxCroissant)
	}
	var o map[string]any
	if err := json.Unmarshal(text, &o, jsontext.AllowDuplicateNames(false)); err != nil {
		return nil, errors.New("this is no JSON object")
	}
	conforms := strings.Join(texts(value(o, "conformsTo")), " ")
	if !strings.Contains(conforms, "mlcommons.org/croissant") {
		return nil, errors.New("this is no Croissant description: conformsTo does not name it")
	}
	c := &Croissant{
		Name: text1(o, "name"), Description: text1(o, "description"), URL: text1(o, "url"), Version: text1(o, "version"), Published: text1(o, "datePublished"),
		Creators: names(value(o, "creator")), Keywords: texts(value(o, "keywords")), Languages: texts(value(o, "inLanguage")),
		Collection: strings.Join(texts(value(o, "dataCollection")), " "), Biases: strings.Join(texts(value(o, "dataBiases")), " "),
		Limitations: strings.Join(texts(value(o, "dataLimitations")), " "), UseCases: strings.Join(texts(value(o, "dataUseCases")), " "),
		Personal: texts(value(o, "personalSensitiveInformation")), Maintenance: text1(o, "dataReleaseMaintenancePlan"),
		DerivedFrom: append(names(value(o, "wasDerivedFrom")), texts(value(o, "isBasedOn"))...),
	}
	if len(c.Published) > len("2006-01-02") {
		c.Published = c.Published[:len("2006-01-02")]
	}
	if _, err := day(c.Published); err != nil {
		c.Published = ""
	}
	c.Licence, c.LicenceURL = croissantLicence(append(texts(value(o, "license")), names(value(o, "license"))...))
	for _, f := range list(value(o, "distribution")) {
		if m, ok := f.(map[string]any); ok && strings.HasSuffix(text1(m, "@type"), "FileObject") {
			c.Files = append(c.Files, CroissantFile{Name: text1(m, "name"), URL: text1(m, "contentUrl"), SHA256: strings.ToLower(text1(m, "sha256"))})
		}
	}
	return c, nil
}

// value finds a property under its plain name or one of the prefixes in use.
func value(o map[string]any, name string) any {
	for _, key := range []string{name, "sc:" + name, "schema:" + name, "https://schema.org/" + name, "http://schema.org/" + name, "dct:" + name, "rai:" + name, "cr:" + name, "prov:" + name} {
		if v, ok := o[key]; ok {
			return v
		}
	}
	return nil
}

func list(v any) []any {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		return v
	}
	return []any{v}
}

// texts are strings, or the values of language-tagged ones.
func texts(v any) []string {
	var out []string
	for _, x := range list(v) {
		switch x := x.(type) {
		case string:
			out = append(out, x)
		case map[string]any:
			if s, ok := x["@value"].(string); ok {
				out = append(out, s)
			} else if s, ok := x["en"].(string); ok {
				out = append(out, s)
			}
		}
	}
	return out
}

func text1(o map[string]any, name string) string {
	if all := texts(value(o, name)); len(all) > 0 {
		return all[0]
	}
	return ""
}

// names are those of objects: persons, organisations, data sets.
func names(v any) []string {
	var out []string
	for _, x := range list(v) {
		if m, ok := x.(map[string]any); ok {
			for _, key := range []string{"name", "url", "@id"} {
				if s := text1(m, key); s != "" {
					out = append(out, s)
					break
				}
			}
		}
	}
	return out
}

// croissantLicence reads SPDX identifiers and the addresses of known licences.
func croissantLicence(values []string) (expression, link string) {
	var ids []string
	for _, v := range values {
		id := ""
		if e, err := license.Parse(v); err == nil {
			id = e.String()
		} else if u, err := url.Parse(v); err == nil && u.Host != "" {
			link = v
			base := strings.TrimSuffix(strings.TrimSuffix(path.Base(u.Path), ".html"), ".txt")
			switch listed, ok := license.Listed(base); {
			case ok && strings.HasSuffix(u.Host, "spdx.org"):
				id = listed
			default:
				id = license.Expression(license.InText([]byte(v)))
			}
		}
		if id != "" && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return strings.Join(ids, " AND "), link
}
