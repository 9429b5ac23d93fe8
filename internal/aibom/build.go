package aibom

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/attest"
	"github.com/reeve-ai/reeve/internal/license"
	"github.com/reeve-ai/reeve/internal/vulndb"
)

// Options are what only the caller knows. Empty ones are left out.
type Options struct {
	Spec     string // "1.6" (default) or "1.7"
	Tool     string // version of reeve
	Name     string
	Version  string
	Supplier string
	Author   string
	Clock    reeve.Clock
	Scan     string                 // worst verdict of the files' scan, "" where none was made
	Deps     []vulndb.Affected      // what the model needs to run
	Datasets []*attest.DatasetAudit // signed statements of the data it was trained on, verified
	Base     []BaseModel            // models that it was made from, with their digests
}

// BaseModel is a model that this one was made from, named by whoever made it.
type BaseModel struct{ Name, SHA256 string }

// CycloneDX writes the bill of materials as CycloneDX JSON.
func CycloneDX(f *Facts, o Options) ([]byte, error) {
	version := cdx.SpecVersion1_6
	switch o.Spec {
	case "", "1.6":
	case "1.7":
		version = cdx.SpecVersion1_7
	default:
		return nil, fmt.Errorf("CycloneDX %s is not written, 1.6 and 1.7 are", o.Spec)
	}
	b := builder{f: f, o: &o, bom: cdx.NewBOM()}
	b.metadata()
	model := b.model()
	components := append([]cdx.Component{*model}, b.files()...)
	data := b.data()
	components = append(append(components, data...), b.libraries()...)
	b.bom.Components = &components
	b.dependencies(components)
	var buf bytes.Buffer
	if err := cdx.NewBOMEncoder(&buf, cdx.BOMFileFormatJSON).SetEscapeHTML(false).EncodeVersion(b.bom, version); err != nil {
		return nil, fmt.Errorf("write CycloneDX: %w", err)
	}
	return b.cardProperties(buf.Bytes())
}

type builder struct {
	f   *Facts
	o   *Options
	bom *cdx.BOM
}

const modelRef = "model"

func (b *builder) value(name string) string { return b.f.Claims[name].Value }

func (b *builder) metadata() {
	b.bom.SerialNumber = "urn:uuid:" + uuid.NewSHA1(uuid.NameSpaceURL, []byte(b.f.Root+" "+b.o.Version+" "+b.o.Clock().UTC().Format(time.RFC3339))).String()
	m := &cdx.Metadata{
		Timestamp: b.o.Clock().UTC().Format(time.RFC3339),
		Tools:     &cdx.ToolsChoice{Components: &[]cdx.Component{{Type: cdx.ComponentTypeApplication, Name: "reeve", Version: b.o.Tool}}},
		Component: &cdx.Component{Type: cdx.ComponentTypeMachineLearningModel, BOMRef: "subject", Name: b.name(), Version: b.version()},
	}
	if a := first(b.o.Author, b.value("author"), b.value("organization")); a != "" {
		m.Authors = &[]cdx.OrganizationalContact{{Name: a}}
	}
	if s := first(b.o.Supplier, b.value("organization"), b.value("author")); s != "" {
		m.Supplier = &cdx.OrganizationalEntity{Name: s}
	}
	var p []cdx.Property
	for _, x := range [][2]string{
		{"energyConsumption", first(b.value("energy"), b.value("emissions"))},
		{"safetyRiskAssessment", b.value("safety")},
		{"informationAboutTraining", b.value("training")},
		{"modelDataPreprocessing", b.value("preprocessing")},
		{"metric", join(b.f.Lists["metric"])},
		{"useSensitivePersonalInformation", b.personal()},
		{"domain", join(b.f.Lists["tag"])},
	} {
		p = property(p, x[0], x[1])
	}
	if len(p) > 0 {
		m.Properties = &p
	}
	b.bom.Metadata = m
}

// personal says what the signed statements found of personal data.
func (b *builder) personal() string {
	var out []string
	for _, d := range b.o.Datasets {
		if d.Label != "" {
			out = append(out, d.Label)
		}
	}
	return strings.Join(out, ", ")
}

func (b *builder) name() string { return first(b.o.Name, b.value("name")) }

// version is what was said, and where nobody said one the beginning of the digest, which is no invention and tells versions apart.
func (b *builder) version() string {
	return first(b.o.Version, b.value("version"), "sha256-"+b.f.Root[:12])
}

func (b *builder) model() *cdx.Component {
	c := &cdx.Component{
		Type: cdx.ComponentTypeMachineLearningModel, BOMRef: modelRef, Name: b.name(), Version: b.version(), Description: b.value("description"),
		PackageURL: "pkg:generic/" + purlName(b.name()) + "@" + purlName(b.version()) + "?checksum=sha256:" + b.f.Root,
		Hashes:     &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: b.digest()}},
		Licenses:   b.licences(), ExternalReferences: b.references(), ModelCard: b.card(), Pedigree: b.pedigree(), Properties: b.properties(),
	}
	if a := first(b.o.Author, b.value("author")); a != "" {
		c.Authors = &[]cdx.OrganizationalContact{{Name: a}}
	}
	if s := first(b.o.Supplier, b.value("organization"), b.value("author")); s != "" {
		c.Supplier = &cdx.OrganizationalEntity{Name: s}
	}
	return c
}

// digest is that of the file where the model is one, else the one over all files.
func (b *builder) digest() string {
	if len(b.f.Files) == 1 {
		return b.f.Files[0].SHA256
	}
	return b.f.Root
}

func (b *builder) licences() *cdx.Licenses {
	l := b.value("licence")
	if l == "" {
		return nil
	}
	if _, err := license.Parse(l); err == nil {
		if id, listed := license.Listed(l); listed {
			return &cdx.Licenses{{License: &cdx.License{ID: id, URL: b.value("licence_link")}}}
		}
		return &cdx.Licenses{{Expression: l}}
	}
	return &cdx.Licenses{{License: &cdx.License{Name: l, URL: b.value("licence_link")}}}
}

func (b *builder) references() *[]cdx.ExternalReference {
	var refs []cdx.ExternalReference
	if u := b.value("url"); strings.HasPrefix(u, "https://") || strings.HasPrefix(u, "http://") {
		refs = append(refs, cdx.ExternalReference{Type: cdx.ERTypeDistribution, URL: u})
	}
	if u := b.value("doi"); u != "" {
		refs = append(refs, cdx.ExternalReference{Type: cdx.ERTypeDocumentation, URL: "https://doi.org/" + strings.TrimPrefix(u, "https://doi.org/")})
	}
	if len(refs) == 0 {
		return nil
	}
	return &refs
}

func (b *builder) card() *cdx.MLModelCard {
	p := &cdx.MLModelParameters{Task: b.value("task"), ArchitectureFamily: b.value("architecture"), ModelArchitecture: first(b.value("model_class"), b.value("architecture"))}
	var sets []cdx.MLDatasetChoice
	for i := range b.datasetNames() {
		sets = append(sets, cdx.MLDatasetChoice{Ref: dataRef(i)})
	}
	if len(sets) > 0 {
		p.Datasets = &sets
	}
	card := &cdx.MLModelCard{BOMRef: "card", ModelParameters: p}
	considerations := &cdx.MLModelCardConsiderations{}
	if v := b.value("limitations"); v != "" {
		considerations.TechnicalLimitations = &[]string{v}
	}
	if v := b.value("ethics"); v != "" {
		considerations.EthicalConsiderations = &[]cdx.MLModelCardEthicalConsideration{{Name: v}}
	}
	if v := b.value("intended_use"); v != "" {
		considerations.UseCases = &[]string{v}
	}
	if considerations.TechnicalLimitations != nil || considerations.EthicalConsiderations != nil || considerations.UseCases != nil {
		card.Considerations = considerations
	}
	var metrics []cdx.MLPerformanceMetric
	for _, m := range b.f.Lists["metric"] {
		kind, rest, _ := strings.Cut(m.Value, "=")
		value, slice, _ := strings.Cut(rest, "@")
		metrics = append(metrics, cdx.MLPerformanceMetric{Type: kind, Value: value, Slice: slice})
	}
	if len(metrics) > 0 {
		card.QuantitativeAnalysis = &cdx.MLQuantitativeAnalysis{PerformanceMetrics: &metrics}
	}
	return card
}

// pedigree names what the model was made from.
func (b *builder) pedigree() *cdx.Pedigree {
	var ancestors []cdx.Component
	for _, m := range b.o.Base {
		c := cdx.Component{Type: cdx.ComponentTypeMachineLearningModel, Name: m.Name}
		if m.SHA256 != "" {
			c.Hashes = &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: m.SHA256}}
		}
		ancestors = append(ancestors, c)
	}
	for _, m := range b.f.Lists["base_model"] {
		if !slices.ContainsFunc(b.o.Base, func(x BaseModel) bool { return x.Name == m.Value }) {
			ancestors = append(ancestors, cdx.Component{Type: cdx.ComponentTypeMachineLearningModel, Name: m.Value})
		}
	}
	if len(ancestors) == 0 {
		return nil
	}
	p := &cdx.Pedigree{Ancestors: &ancestors}
	if r := b.value("relation"); r != "" {
		p.Notes = "relation to the base model: " + r
	}
	return p
}

// properties tell of every claim how sure it is and where it stands, and what the scan of the files said.
func (b *builder) properties() *[]cdx.Property {
	var p []cdx.Property
	for _, name := range slices.Sorted(maps.Keys(b.f.Claims)) {
		c := b.f.Claims[name]
		p = property(p, "reeve:claim:"+name, string(c.Grade)+" ("+c.From+")")
		switch name {
		case "parameters", "precision", "quantisation", "adapter", "library", "framework", "finetune", "size_label", "tokenizer_sha256", "chat_template_sha256":
			p = property(p, "reeve:"+name, c.Value)
		}
	}
	p = property(p, "reeve:root:sha256", b.f.Root)
	p = property(p, "reeve:scan", b.o.Scan)
	return &p
}

// cardFields are properties of the model card by the names of the OWASP generator.
var cardFields = []struct{ name, claim string }{
	{"vocab_size", "vocab_size"},
	{"tokenizer_class", "tokenizer_class"},
	{"context_length", "context_length"},
	{"embedding_length", "embedding_length"},
	{"block_count", "block_count"},
	{"attention_head_count", "attention_head_count"},
	{"feed_forward_length", "feed_forward_length"},
	{"quantization_version", "quantization_version"},
	{"quantization_file_type", "file_type"},
}

// cardProperties adds the properties of the model card, which the library does not know, and gives the document its final form.
func (b *builder) cardProperties(text []byte) ([]byte, error) {
	var doc map[string]any
	if err := json.Unmarshal(text, &doc); err != nil {
		return nil, fmt.Errorf("write CycloneDX: %w", err)
	}
	var properties []any
	var hyper []string
	for _, x := range cardFields {
		if v := b.value(x.claim); v != "" {
			properties = append(properties, map[string]any{"name": "genai:aibom:modelcard:" + x.name, "value": v})
			hyper = append(hyper, x.name+"="+v)
		}
	}
	if len(hyper) > 0 {
		properties = append(properties, map[string]any{"name": "genai:aibom:modelcard:hyperparameter", "value": strings.Join(hyper, ", ")})
	}
	if list, ok := doc["components"].([]any); ok && len(list) > 0 && len(properties) > 0 {
		if c, ok := list[0].(map[string]any); ok {
			if card, ok := c["modelCard"].(map[string]any); ok {
				card["properties"] = properties
			}
		}
	}
	out, err := json.Marshal(doc, json.Deterministic(true), jsontext.WithIndent("  "))
	if err != nil {
		return nil, fmt.Errorf("write CycloneDX: %w", err)
	}
	return append(out, '\n'), nil
}
