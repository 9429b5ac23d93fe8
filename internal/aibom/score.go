package aibom

import (
	"math"
	"slices"
	"strings"
)

// Score is how complete a bill of materials is, by the rules of the OWASP AIBOM generator (field registry with 48 fields in five
// categories, weights 20, 20, 20, 30 and 10; docs/aibom.md tells them). It counts what is said, not whether it is true.
type Score struct {
	Total      float64    `json:"total"` // 0 to 100
	Profile    string     `json:"profile"`
	Categories []Category `json:"categories"`
	Missing    []Missing  `json:"missing"` // critical ones first
	Penalty    string     `json:"penalty,omitzero"`
}

// Category is a part of the score.
type Category struct {
	Name    string  `json:"name"`
	Points  float64 `json:"points"`
	Of      float64 `json:"of"`
	Present int     `json:"present"`
	Fields  int     `json:"fields"`
}

// Missing is a field that is not there, what it would add, and where it could come from.
type Missing struct {
	Field  string  `json:"field"`
	Tier   string  `json:"tier"`
	Points float64 `json:"points"` // before penalties
	Remedy string  `json:"remedy"`
}

var categories = []struct {
	name   string
	weight float64
}{{"required_fields", 20}, {"metadata", 20}, {"component_basic", 20}, {"component_model_card", 30}, {"external_references", 10}}

const (
	critical, important, supplementary = "critical", "important", "supplementary"
	byHand                             = "say it under a heading of its own in the model card"
)

// field is one of the registry: where it may stand, and what to do where it does not.
type field struct {
	name, tier, category string
	seen                 func(d document) bool
	remedy               string
	optional             bool // counts only where it is present: GGUF's own facts
}

var fields = []field{
	{"bomFormat", critical, "required_fields", at("bomFormat"), "set bomFormat to CycloneDX", false},
	{"specVersion", critical, "required_fields", at("specVersion"), "name the version of CycloneDX", false},
	{"serialNumber", critical, "required_fields", at("serialNumber"), "give the document a UUID", false},
	{"version", critical, "required_fields", at("version"), "number the document", false},
	{"primaryPurpose", critical, "metadata", modelAt("modelCard", "modelParameters", "task"), "name the task: pipeline_tag in the model card", false},
	{"suppliedBy", critical, "metadata", modelAt("supplier", "name"), "--supplier, or organization in the GGUF header", false},
	{"standardCompliance", supplementary, "metadata", said("standardCompliance"), byHand + ": Standards", false},
	{"domain", supplementary, "metadata", said("domain"), "domain or tags in the model card's metadata", false},
	{"autonomyType", supplementary, "metadata", said("autonomyType"), byHand + ": Human oversight", false},
	{"name", critical, "component_basic", modelAt("name"), "--name", false},
	{"type", critical, "component_basic", modelAt("type"), "the first component is a machine-learning-model", false},
	{"component_version", critical, "component_basic", modelAt("version"), "--model-version", false},
	{"purl", important, "component_basic", modelAt("purl"), "give the model a package URL", false},
	{"description", important, "component_basic", modelAt("description"), "describe the model below the card's title", false},
	{"licenses", important, "component_basic", modelAt("licenses"), "license in the model card's metadata, or a LICENSE file", false},
	{"external_references", supplementary, "component_basic", modelAt("externalReferences"), "--url, or links in the model card", false},
	{"ethicalConsiderations", important, "component_model_card", considered("ethicalConsiderations"), byHand + ": Bias and ethics", false},
	{"energyConsumption", important, "component_model_card", said("energyConsumption"), "co2_eq_emissions in the card's metadata, or a heading: Environmental impact", false},
	{"hyperparameter", important, "component_model_card", cardSays("hyperparameter"), "config.json, or parameters in a signed statement about the training", false},
	{"technicalLimitations", important, "component_model_card", considered("technicalLimitations"), byHand + ": Limitations", false},
	{"safetyRiskAssessment", important, "component_model_card", said("safetyRiskAssessment"), byHand + ": Risks", false},
	{"intendedUse", important, "component_model_card", considered("useCases"), byHand + ": Intended use", false},
	{"typeOfModel", important, "component_model_card", modelAt("modelCard", "modelParameters", "modelArchitecture"), "config.json with architectures, or a bullet: Model type", false},
	{"datasets", important, "component_model_card", modelAt("modelCard", "modelParameters", "datasets"), "--dataset STATEMENT, --sourcing, or datasets in the card's metadata", false},
	{"modelExplainability", supplementary, "component_model_card", cardSays("modelCardExplainability"), byHand + ": Explainability", false},
	{"energyQuantity", supplementary, "component_model_card", said("energyQuantity"), "a number with kWh under Environmental impact", false},
	{"energyUnit", supplementary, "component_model_card", said("energyUnit"), "a number with kWh under Environmental impact", false},
	{"informationAboutTraining", supplementary, "component_model_card", said("informationAboutTraining"), byHand + ": Training", false},
	{"informationAboutApplication", supplementary, "component_model_card", said("informationAboutApplication"), byHand + ": How to use", false},
	{"metric", supplementary, "component_model_card", said("metric"), "model-index in the card's metadata, or a signed evaluation", false},
	{"metricDecisionThreshold", supplementary, "component_model_card", said("metricDecisionThreshold"), "a signed evaluation with thresholds, or a heading: Thresholds", false},
	{"modelDataPreprocessing", supplementary, "component_model_card", said("modelDataPreprocessing"), byHand + ": Preprocessing", false},
	{"useSensitivePersonalInformation", supplementary, "component_model_card", said("useSensitivePersonalInformation"), "--dataset STATEMENT of `reeve scan`, or a heading: Personal data", false},
	{"vocab_size", supplementary, "component_model_card", cardSays("vocabSize", "vocab_size"), "", true},
	{"tokenizer_class", supplementary, "component_model_card", cardSays("tokenizerClass", "tokenizer_class"), "", true},
	{"context_length", supplementary, "component_model_card", cardSays("contextLength", "context_length"), "", true},
	{"embedding_length", supplementary, "component_model_card", cardSays("embeddingLength", "embedding_length"), "", true},
	{"block_count", supplementary, "component_model_card", cardSays("blockCount", "block_count"), "", true},
	{"attention_head_count", supplementary, "component_model_card", cardSays("attentionHeadCount", "attention_head_count"), "", true},
	{"attention_head_count_kv", supplementary, "component_model_card", cardSays("attentionHeadCountKV", "attention_head_count_kv"), "", true},
	{"feed_forward_length", supplementary, "component_model_card", cardSays("feedForwardLength", "feed_forward_length"), "", true},
	{"rope_dimension_count", supplementary, "component_model_card", cardSays("ropeDimensionCount", "rope_dimension_count"), "", true},
	{"quantization_version", supplementary, "component_model_card", cardSays("quantizationVersion", "quantization_version"), "", true},
	{"quantization_file_type", supplementary, "component_model_card", cardSays("quantizationFileType", "quantization_file_type"), "", true},
	{"downloadLocation", important, "external_references", refers("distribution", "website"), "--url", false},
	{"vcs", supplementary, "external_references", refers("vcs"), "a bullet in the model card: Repository", false},
	{"website", supplementary, "external_references", refers("website"), "a bullet in the model card: Website", false},
	{"paper", supplementary, "external_references", refers("documentation"), "a bullet in the model card: Paper, or a tag arxiv:…", false},
}

// profiles are what each level asks for, the highest first.
var profiles = []struct {
	name   string
	least  float64
	fields []string
}{
	{"advanced", 85, []string{"bomFormat", "specVersion", "serialNumber", "version", "name", "downloadLocation", "primaryPurpose", "suppliedBy", "type", "purl", "description", "licenses", "hyperparameter", "technicalLimitations", "energyConsumption", "safetyRiskAssessment", "typeOfModel"}},
	{"standard", 70, []string{"bomFormat", "specVersion", "serialNumber", "version", "name", "downloadLocation", "primaryPurpose", "suppliedBy"}},
	{"basic", 40, []string{"bomFormat", "specVersion", "serialNumber", "version", "name"}},
}

// ScoreOf scores a CycloneDX document. It returns an error for other texts.
func ScoreOf(text []byte) (*Score, error) {
	d, err := parseDocument(text)
	if err != nil {
		return nil, err
	}
	s := &Score{Profile: "none", Missing: []Missing{}}
	lacking := map[string]int{}
	present := map[string]bool{}
	for _, c := range categories {
		s.add(d, c.name, c.weight, lacking, present)
	}
	s.punish(lacking[critical], lacking[important])
	s.Total = math.Round(s.Total*10) / 10
	for _, p := range profiles {
		lacks := slices.ContainsFunc(p.fields, func(f string) bool { return !present[f] })
		if !lacks && s.Total >= p.least {
			s.Profile = p.name
			break
		}
	}
	slices.SortStableFunc(s.Missing, func(a, b Missing) int { return tierOrder(a.Tier) - tierOrder(b.Tier) })
	return s, nil
}

func (s *Score) add(d document, name string, weight float64, lacking map[string]int, present map[string]bool) {
	c := Category{Name: name, Of: weight}
	var missing []Missing
	for _, f := range fields {
		if f.category != name {
			continue
		}
		seen := f.seen(d)
		if f.optional && !seen {
			continue
		}
		c.Fields++
		if seen {
			c.Present++
			present[f.name] = true
			continue
		}
		lacking[f.tier]++
		missing = append(missing, Missing{Field: f.name, Tier: f.tier, Remedy: f.remedy})
	}
	c.Points = math.Round(weight*float64(c.Present)/float64(c.Fields)*10) / 10
	for i := range missing {
		missing[i].Points = math.Round(weight/float64(c.Fields)*10) / 10
	}
	s.Total += c.Points
	s.Categories, s.Missing = append(s.Categories, c), append(s.Missing, missing...)
}

// punish takes off for what should never lack.
func (s *Score) punish(criticals, importants int) {
	var why []string
	switch {
	case criticals > 3:
		s.Total *= 0.8
		why = append(why, "more than three critical fields are missing: a fifth off")
	case criticals >= 2:
		s.Total *= 0.9
		why = append(why, "two or three critical fields are missing: a tenth off")
	}
	if importants >= 5 {
		s.Total *= 0.95
		why = append(why, "five or more important fields are missing: a twentieth off")
	}
	s.Penalty = strings.Join(why, "; ")
}

func tierOrder(tier string) int {
	return slices.Index([]string{critical, important, supplementary}, tier)
}
