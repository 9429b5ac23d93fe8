package sourcing_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/reeve-ai/reeve/internal/sourcing"
)

// export writes a manifest and its folder in one format, twice, and demands the same bytes.
func export(t *testing.T, m *sourcing.Manifest, format string) []byte {
	t.Helper()
	dir := folder(t)
	d := sealed(t, dir, m)
	e := sourcing.Export{Doc: d, Result: check(t, dir, d, nil), Now: now, Tool: "reeve 1.0"}
	text, err := e.Write(format)
	if err != nil {
		t.Fatal(err)
	}
	again, err := e.Write(format)
	if err != nil || !bytes.Equal(text, again) {
		t.Errorf("the second export differs (%v)", err)
	}
	return text
}

func object(t *testing.T, text []byte) map[string]any {
	t.Helper()
	var o map[string]any
	if err := json.Unmarshal(text, &o); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return o
}

// bare is a manifest of which next to nothing is known.
func bare() *sourcing.Manifest {
	return &sourcing.Manifest{Version: 1, Dataset: sourcing.Dataset{Name: "bare"}, Sources: []sourcing.Source{{ID: "all", Kind: "unknown", Files: []string{"**"}}}}
}

// The required properties are those of the specification (Croissant 1.1, dataset-level information).
func TestCroissant(t *testing.T) {
	for name, m := range map[string]*sourcing.Manifest{"whole": manifest(), "bare": bare()} {
		o := object(t, export(t, m, "croissant"))
		for _, key := range []string{"@context", "@type", "conformsTo", "description", "license", "name", "url", "creator", "datePublished", "distribution"} {
			if v, ok := o[key]; !ok || v == "" {
				t.Errorf("%s: no %s", name, key)
			}
		}
		if c, ok := o["conformsTo"].([]any); !ok || !slices.Contains(c, any("http://mlcommons.org/croissant/1.1")) || !slices.Contains(c, any("http://mlcommons.org/croissant/RAI/1.0")) {
			t.Errorf("%s: conforms to %v", name, o["conformsTo"])
		}
	}
	o := object(t, export(t, manifest(), "croissant"))
	for _, key := range []string{
		"rai:dataCollection", "rai:dataCollectionType", "rai:dataCollectionRawData", "rai:dataCollectionTimeframe", "rai:dataPreprocessingProtocol",
		"rai:dataManipulationProtocol", "rai:dataReleaseMaintenancePlan", "rai:personalSensitiveInformation", "rai:dataBiases", "rai:dataLimitations",
		"rai:dataUseCases", "prov:wasDerivedFrom", "sc:usageInfo", "version", "keywords", "inLanguage", "publisher",
	} {
		if o[key] == nil {
			t.Errorf("no %s", key)
		}
	}
	files, _ := o["distribution"].([]any)
	if len(files) != 3 {
		t.Fatalf("%d files", len(files))
	}
	for _, f := range files {
		x, _ := f.(map[string]any)
		if x["@type"] != "cr:FileObject" || x["sha256"] == "" || x["contentUrl"] == "" || x["encodingFormat"] == "" {
			t.Errorf("%v", x)
		}
	}
}

// What is exported is imported: the same names, licence and files.
func TestCroissantRoundTrip(t *testing.T) {
	c, err := sourcing.ReadCroissant(export(t, manifest(), "croissant"))
	if err != nil {
		t.Fatal(err)
	}
	if c.Name != "demo" || c.Description != "Sentences for tests" || c.Licence != "ISC" || c.Published != "2026-10-01" || len(c.Files) != 3 || c.Creators[0] != "Example Ltd" || c.Maintenance != "Twice a year" {
		t.Errorf("%+v", c)
	}
}

func TestSPDX3(t *testing.T) {
	o := object(t, export(t, manifest(), "spdx3"))
	if o["@context"] != "https://spdx.org/rdf/3.0.1/spdx-context.jsonld" {
		t.Error("another context")
	}
	graph, _ := o["@graph"].([]any)
	ids, refs := map[string]bool{}, []string{}
	types := map[string]int{}
	for _, n := range graph {
		x, _ := n.(map[string]any)
		kind, _ := x["type"].(string)
		types[kind]++
		if id, ok := x["spdxId"].(string); ok {
			if ids[id] {
				t.Errorf("%s stands twice", id)
			}
			ids[id] = true
		}
		for _, key := range []string{"from", "to", "element", "rootElement", "originatedBy", "createdBy", "createdUsing"} {
			switch v := x[key].(type) {
			case string:
				refs = append(refs, v)
			case []any:
				for _, r := range v {
					refs = append(refs, r.(string))
				}
			}
		}
		if kind != "dataset_DatasetPackage" {
			continue
		}
		// What the Dataset profile asks for (SPDX 3.0.1, Dataset/DatasetPackage).
		for _, key := range []string{"creationInfo", "name", "dataset_datasetType", "originatedBy", "software_downloadLocation", "software_primaryPurpose", "releaseTime", "builtTime"} {
			if x[key] == nil || x[key] == "" {
				t.Errorf("%v has no %s", x["name"], key)
			}
		}
	}
	for _, r := range refs {
		if !ids[r] {
			t.Errorf("%s is nowhere", r)
		}
	}
	if diff := cmp.Diff(map[string]int{"CreationInfo": 1, "Organization": 2, "Tool": 1, "dataset_DatasetPackage": 2, "Relationship": 2, "simplelicensing_LicenseExpression": 1, "SpdxDocument": 1}, types); diff != "" {
		t.Error("(-want +got):\n" + diff)
	}
}

// The standard has 22 elements: 6 on the source, 8 on provenance, 8 on use.
func TestDTA(t *testing.T) {
	for name, m := range map[string]*sourcing.Manifest{"whole": manifest(), "bare": bare()} {
		var out struct {
			Fields []struct {
				Group, Field string
				Value        any
			}
		}
		if err := json.Unmarshal(export(t, m, "dta"), &out, json.MatchCaseInsensitiveNames(true)); err != nil {
			t.Fatal(err)
		}
		groups, seen := map[string]int{}, map[string]bool{}
		for _, f := range out.Fields {
			groups[f.Group]++
			seen[f.Field] = true
			if name == "whole" && f.Value == nil && f.Field != "Consent documentation location" {
				t.Errorf("%s is empty", f.Field)
			}
		}
		if diff := cmp.Diff(map[string]int{"Source": 6, "Provenance": 8, "Use": 8}, groups); diff != "" || len(seen) != 22 {
			t.Errorf("%s: %d elements, %s", name, len(seen), diff)
		}
	}
}

// The summary has the template's sections, and lists what nobody knows instead of filling it in.
func TestArt53(t *testing.T) {
	m := manifest()
	m.Sources[0].Kind = "crawl"
	text := string(export(t, m, "art53"))
	at := 0
	for _, heading := range []string{
		"## 1 General information", "## 2 List of data sources", "### 2.1 ", "### 2.2 ", "### 2.3 ", "### 2.4 ", "### 2.5 ", "### 2.6 ", "## 3 Data processing", "### 3.1 ", "### 3.2 ", "### 3.3 ", "## What is missing",
	} {
		i := strings.Index(text[at:], heading)
		if i < 0 {
			t.Fatalf("no %q after the one before\n%s", heading, text)
		}
		at += i
	}
	for _, want := range []string{"domains example.org", "3.1 which rights reservations were respected for crawl web", "Provider: Example Ltd"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q", want)
		}
	}
	page := string(export(t, m, "art53-html"))
	for _, want := range []string{"<!doctype html>", "<h3>2.3 ", "example.org", "3.1 which rights reservations were respected for crawl web"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %q", want)
		}
	}
	o := object(t, export(t, bare(), "art53-json"))
	missing, _ := o["missing"].([]any)
	if len(missing) < 5 || strings.Contains(strings.ToLower(text), "compliant") {
		t.Errorf("missing: %v", missing)
	}
}

// Values of a manifest stay in their place: they add neither rows nor markup.
func TestMarkdownIsNotEscapedFrom(t *testing.T) {
	m := manifest()
	m.Sources[0].Name = "x\n## Heading\n<script>alert(1)</script>|"
	m.Dataset.Description = "a\n---\nb"
	for _, format := range []string{"art53", "art53-html", "hf-card"} {
		text := string(export(t, m, format))
		if strings.Contains(text, "<script>") || format != "art53-html" && strings.Contains(text, "\n## Heading") {
			t.Errorf("%s:\n%s", format, text)
		}
	}
}

func TestHFCard(t *testing.T) {
	text := export(t, manifest(), "hf-card")
	c, err := sourcing.ReadCard("README.md", text)
	if err != nil {
		t.Fatal(err)
	}
	if c.Name != "demo" || c.Licence != "ISC" || !slices.Equal(c.Languages, []string{"en"}) || !slices.Equal(c.Tags, []string{"demo"}) || len(c.Sources) != 1 || !slices.Equal(c.Sizes, []string{"n<1K"}) {
		t.Errorf("%+v", c)
	}
}

// The CycloneDX schemas are read from the folder that REEVE_TESTDATA names.
func TestCycloneDXAgainstTheSchema(t *testing.T) {
	data := os.Getenv("REEVE_TESTDATA")
	if data == "" {
		t.Skip("REEVE_TESTDATA is not set: it names the folder with schemas/bom-1.6.schema.json")
	}
	c := jsonschema.NewCompiler()
	for _, name := range []string{"spdx.schema.json", "jsf-0.82.schema.json", "cryptography-defs.schema.json", "bom-1.6.schema.json", "bom-1.7.schema.json"} {
		f, err := os.Open(filepath.Join(data, "schemas", name))
		if err != nil {
			t.Fatal(err)
		}
		v, err := jsonschema.UnmarshalJSON(f)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		if err := c.AddResource("http://cyclonedx.org/schema/"+name, v); err != nil {
			t.Fatal(err)
		}
	}
	for format, name := range map[string]string{"cyclonedx": "bom-1.6.schema.json", "cyclonedx-1.7": "bom-1.7.schema.json"} {
		schema, err := c.Compile("http://cyclonedx.org/schema/" + name)
		if err != nil {
			t.Fatal(err)
		}
		custom := manifest()
		custom.Sources[0].Licence.Declared = "LicenseRef-llama3.1 AND (MIT OR ISC)"
		for name, m := range map[string]*sourcing.Manifest{"whole": manifest(), "bare": bare(), "own licence": custom} {
			v, err := jsonschema.UnmarshalJSON(bytes.NewReader(export(t, m, format)))
			if err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(v); err != nil {
				t.Errorf("%s, %s: %v", format, name, err)
			}
		}
	}
}

// What the schema asks of every document holds without the schema at hand, too.
func TestCycloneDX(t *testing.T) {
	o := object(t, export(t, manifest(), "cyclonedx"))
	if o["bomFormat"] != "CycloneDX" || o["specVersion"] != "1.6" || !strings.HasPrefix(o["serialNumber"].(string), "urn:uuid:") {
		t.Errorf("%v %v %v", o["bomFormat"], o["specVersion"], o["serialNumber"])
	}
	components, _ := o["components"].([]any)
	if len(components) != 1 {
		t.Fatalf("%d components", len(components))
	}
	c, _ := components[0].(map[string]any)
	data, _ := c["data"].([]any)
	if c["type"] != "data" || c["name"] != "Web texts" || len(data) != 1 || data[0].(map[string]any)["type"] != "dataset" {
		t.Errorf("%v", c)
	}
}

func TestUnknownFormat(t *testing.T) {
	if _, err := (&sourcing.Export{}).Write("docx"); err == nil {
		t.Error("an unknown format is written")
	}
}
