package aibom

import (
	"bytes"
	"fmt"
	"maps"
	"net/url"
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
	URL      string                 // where it can be had
	Scan     string                 // worst verdict of the files' scan, "" where none was made
	Deps     []vulndb.Affected      // what the model needs to run
	Datasets []*attest.DatasetAudit // signed statements of the data it was trained on, verified
	Base     []BaseModel            // models that it was made from, with their digests
	Sources  []DataSource           // what sourcing.yaml says of the data
	Lineage  Lineage                // signed statements about the model, verified
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
	b.declarations()
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
	if s := b.supplier(); s != "" {
		m.Supplier = &cdx.OrganizationalEntity{Name: s}
	}
	var p []cdx.Property
	for _, x := range [][2]string{
		{"energyConsumption", first(b.value("energy"), emitted(b.value("emissions")))},
		{"energyQuantity", b.value("energy_quantity")},
		{"energyUnit", b.value("energy_unit")},
		{"safetyRiskAssessment", b.value("safety")},
		{"informationAboutApplication", first(b.value("application"), b.value("intended_use"))},
		{"modelExplainability", b.value("explainability")},
		{"metricDecisionThreshold", first(b.thresholds(), b.value("threshold"))},
		{"standardCompliance", b.value("standards")},
		{"autonomyType", b.value("autonomy")},
		{"informationAboutTraining", b.value("training")},
		{"modelDataPreprocessing", b.value("preprocessing")},
		{"metric", join(b.metrics())},
		{"useSensitivePersonalInformation", first(b.personal(), b.value("personal_data"))},
		{"domain", first(b.value("domain"), join(b.f.Lists["tag"]))},
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
	for _, d := range b.datasets() {
		out = append(out, d.Sensitive...)
	}
	slices.Sort(out)
	return strings.Join(slices.Compact(out), ", ")
}

// emitted tells the unit of what model cards give without one: grams (the hub's documentation of co2_eq_emissions).
func emitted(grams string) string {
	if grams == "" {
		return ""
	}
	return grams + " g CO2eq emitted"
}

func (b *builder) name() string { return first(b.o.Name, b.value("name")) }

func (b *builder) supplier() string {
	return first(b.o.Supplier, b.value("organization"), b.value("author"))
}

// version is what was said, and where nobody said one the beginning of the digest, which is no invention and tells versions apart.
func (b *builder) version() string {
	return first(b.o.Version, b.value("version"), "sha256-"+b.f.Root[:12])
}

func (b *builder) model() *cdx.Component {
	c := &cdx.Component{
		Type: cdx.ComponentTypeMachineLearningModel, BOMRef: modelRef, Name: b.name(), Version: b.version(), Description: b.value("description"),
		PackageURL: b.purl(),
		Hashes:     &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: b.digest()}},
		Licenses:   b.licences(), ExternalReferences: b.references(), ModelCard: b.card(), Pedigree: b.pedigree(), Properties: b.properties(),
	}
	if a := first(b.o.Author, b.value("author")); a != "" {
		c.Authors = &[]cdx.OrganizationalContact{{Name: a}}
	}
	if s := b.supplier(); s != "" {
		c.Supplier = &cdx.OrganizationalEntity{Name: s}
	}
	return c
}

func (b *builder) purl() string {
	return "pkg:generic/" + purlName(b.name()) + "@" + purlName(b.version()) + "?checksum=sha256:" + b.f.Root
}

// released is when the last training or conversion ended, by signed statements; "" where none says so.
func (b *builder) released() string {
	var last time.Time
	for _, s := range b.o.Lineage {
		ended := time.Time{}
		switch p := s.Predicate.(type) {
		case *attest.Training:
			ended = p.Ended
		case *attest.Conversion:
			ended = p.Ended
		}
		if ended.After(last) {
			last = ended
		}
	}
	if last.IsZero() {
		return ""
	}
	return last.UTC().Format("2006-01-02T15:04:05Z")
}

// digest is that of the file where the model is one, else the one over all files.
func (b *builder) digest() string {
	if len(b.f.Files) == 1 {
		return b.f.Files[0].SHA256
	}
	return b.f.Root
}

func (b *builder) licences() *cdx.Licenses {
	return licencesOf(b.value("licence"), b.value("licence_link"))
}

// licencesOf is a licence as an id of SPDX's list, an expression, or the name that somebody gave.
func licencesOf(l, link string) *cdx.Licenses {
	if l == "" || l == "NONE" || l == "NOASSERTION" {
		return nil
	}
	if _, err := license.Parse(l); err == nil {
		if id, listed := license.Listed(l); listed {
			return &cdx.Licenses{{License: &cdx.License{ID: id, URL: link}}}
		}
		return &cdx.Licenses{{Expression: l}}
	}
	return &cdx.Licenses{{License: &cdx.License{Name: l, URL: link}}}
}

func (b *builder) references() *[]cdx.ExternalReference {
	var refs []cdx.ExternalReference
	for _, r := range []struct {
		kind cdx.ExternalReferenceType
		url  string
	}{
		{cdx.ERTypeDistribution, first(b.o.URL, b.value("url"))},
		{cdx.ERTypeVCS, b.value("vcs")},
		{cdx.ERTypeWebsite, b.value("website")},
		{cdx.ERTypeDocumentation, b.value("paper")},
		{cdx.ERTypeDocumentation, doi(b.value("doi"))},
	} {
		if strings.HasPrefix(r.url, "https://") || strings.HasPrefix(r.url, "http://") {
			if u, err := url.Parse(r.url); err == nil {
				refs = append(refs, cdx.ExternalReference{Type: r.kind, URL: u.String()})
			}
		}
	}
	if len(refs) == 0 {
		return nil
	}
	return &refs
}

func doi(d string) string {
	if d == "" {
		return ""
	}
	return "https://doi.org/" + strings.TrimPrefix(d, "https://doi.org/")
}

func (b *builder) card() *cdx.MLModelCard {
	p := &cdx.MLModelParameters{Task: b.value("task"), ArchitectureFamily: b.value("architecture"), ModelArchitecture: first(b.value("model_class"), b.value("model_type"), b.value("architecture"))}
	var sets []cdx.MLDatasetChoice
	for i := range b.datasets() {
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
	for _, m := range b.metrics() {
		kind, rest, _ := strings.Cut(m.Value, "=")
		value, slice, _ := strings.Cut(rest, "@")
		metrics = append(metrics, cdx.MLPerformanceMetric{Type: kind, Value: value, Slice: slice})
	}
	if len(metrics) > 0 {
		card.QuantitativeAnalysis = &cdx.MLQuantitativeAnalysis{PerformanceMetrics: &metrics}
	}
	return card
}

// ancestor is a model that this one was made from.
type ancestor struct {
	name, digest, role string
	grade              Grade
	from               string
}

// ancestors are base models and adapters: those that were digested, those of signed statements, and those that the card names.
func (b *builder) ancestors() []ancestor {
	var out []ancestor
	add := func(a ancestor) {
		if !slices.ContainsFunc(out, func(x ancestor) bool { return x.name == a.name || a.digest != "" && x.digest == a.digest }) {
			out = append(out, a)
		}
	}
	for _, m := range b.o.Base {
		add(ancestor{m.Name, m.SHA256, "base", Verified, "its files"})
	}
	for _, role := range []string{"base", "input"} {
		for _, m := range b.o.Lineage.inputs(role) {
			add(ancestor{m.Name, digestOf(m), role, grade(m), "signed statement"})
		}
	}
	for _, c := range b.f.Lists["base_model"] {
		add(ancestor{c.Value, "", "base", c.Grade, c.From})
	}
	return out
}

// pedigree names what the model was made from, and how.
func (b *builder) pedigree() *cdx.Pedigree {
	var ancestors []cdx.Component
	for i, a := range b.ancestors() {
		c := cdx.Component{Type: cdx.ComponentTypeMachineLearningModel, BOMRef: fmt.Sprintf("ancestor:%d", i+1), Name: a.name}
		if a.digest != "" {
			c.Hashes = &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: a.digest}}
		}
		p := property(nil, "reeve:role", a.role)
		p = property(p, "reeve:claim:name", string(a.grade)+" ("+a.from+")")
		c.Properties = &p
		ancestors = append(ancestors, c)
	}
	notes := []string{}
	if r := b.value("relation"); r != "" {
		notes = append(notes, "relation to the base model: "+r)
	}
	if a := b.value("adapter"); a != "" {
		notes = append(notes, "adapter: "+a)
	}
	for i := range b.o.Lineage {
		switch b.o.Lineage[i].Predicate.(type) {
		case *attest.Training, *attest.Conversion, *attest.Merge:
			notes = append(notes, b.o.Lineage[i].told())
		}
	}
	if len(ancestors) == 0 && len(notes) == 0 {
		return nil
	}
	p := &cdx.Pedigree{Notes: strings.Join(notes, "; ")}
	if len(ancestors) > 0 {
		p.Ancestors = &ancestors
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
	for _, x := range cardFields {
		p = property(p, x.field, b.value(x.claim))
	}
	p = property(p, "hyperparameter", b.hyperparameters())
	p = property(p, "primaryPurpose", b.value("task"))
	p = property(p, "typeOfModel", first(b.value("model_class"), b.value("model_type"), b.value("architecture")))
	p = property(p, "suppliedBy", b.supplier())
	p = property(p, "reeve:root:sha256", b.f.Root)
	p = property(p, "reeve:scan", b.o.Scan)
	return &p
}

// cardFields are properties of the model card by the names of the OWASP AIBOM generator: name in its taxonomy, field of its score.
var cardFields = []struct{ name, field, claim string }{
	{"vocabSize", "vocab_size", "vocab_size"},
	{"tokenizerClass", "tokenizer_class", "tokenizer_class"},
	{"contextLength", "context_length", "context_length"},
	{"embeddingLength", "embedding_length", "embedding_length"},
	{"blockCount", "block_count", "block_count"},
	{"attentionHeadCount", "attention_head_count", "attention_head_count"},
	{"attentionHeadCountKV", "attention_head_count_kv", "attention_head_count_kv"},
	{"feedForwardLength", "feed_forward_length", "feed_forward_length"},
	{"ropeDimensionCount", "rope_dimension_count", "rope_dimension_count"},
	{"quantizationVersion", "quantization_version", "quantization_version"},
	{"quantizationFileType", "quantization_file_type", "file_type"},
	{"modelCardExplainability", "modelExplainability", "explainability"},
}

const cardPrefix = "genai:aibom:modelcard:"

// hyperparameters are the sizes that the configuration names, in one line.
func (b *builder) hyperparameters() string {
	var out []string
	for _, x := range cardFields[:len(cardFields)-1] {
		if v := b.value(x.claim); v != "" {
			out = append(out, x.field+"="+v)
		}
	}
	out = append(out, b.o.Lineage.parameters()...)
	return strings.Join(out, ", ")
}

// cardProperties adds the properties of the model card, which the library does not know, and gives the document its final form.
func (b *builder) cardProperties(text []byte) ([]byte, error) {
	var doc map[string]any
	if err := json.Unmarshal(text, &doc); err != nil {
		return nil, fmt.Errorf("write CycloneDX: %w", err)
	}
	var properties []any
	for _, x := range cardFields {
		if v := b.value(x.claim); v != "" {
			properties = append(properties, map[string]any{"name": cardPrefix + x.name, "value": v})
		}
	}
	if h := b.hyperparameters(); h != "" {
		properties = append(properties, map[string]any{"name": cardPrefix + "hyperparameter", "value": h})
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
