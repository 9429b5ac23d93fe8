package aibom

import (
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"github.com/reeve-ai/reeve/internal/license"
)

// SPDX writes the bill of materials as SPDX 3.0.1 in JSON-LD, with the profiles Core, Software, SimpleLicensing, AI and Dataset. The
// document says that it conforms to AI and to Dataset only where everything is there that these ask for: what nobody said is left out
// here, too. The same facts at the same time give the same bytes.
func SPDX(f *Facts, o Options) ([]byte, error) {
	b := builder{f: f, o: &o}
	now := o.Clock().UTC().Format(time.RFC3339)
	id := uuid.NewSHA1(uuid.NameSpaceURL, []byte("spdx "+f.Root+" "+o.Version+" "+now))
	s := &spdx{b: &b, base: "urn:uuid:" + id.String() + "#", profiles: []string{"core", "software", "simpleLicensing"}}
	s.creation(now)
	s.model()
	s.files()
	s.datasets()
	s.ancestors()
	s.libraries()
	s.add(object{
		"type": "SpdxDocument", "spdxId": s.base + "document", "creationInfo": creationID, "name": b.name(), "rootElement": []string{s.base + "model"},
		"element": s.ids, "profileConformance": s.profiles,
	})
	text, err := json.Marshal(object{"@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld", "@graph": s.graph}, json.Deterministic(true), jsontext.WithIndent("  "))
	if err != nil {
		return nil, fmt.Errorf("write SPDX: %w", err)
	}
	return append(text, '\n'), nil
}

type object = map[string]any

const creationID = "_:creation"

type spdx struct {
	b        *builder
	base     string
	graph    []object
	ids      []string
	profiles []string
}

func (s *spdx) add(o object) {
	s.graph = append(s.graph, o)
	if id, ok := o["spdxId"].(string); ok {
		s.ids = append(s.ids, id)
	}
}

func (s *spdx) element(kind, id, name string) object {
	return object{"type": kind, "spdxId": s.base + id, "creationInfo": creationID, "name": name}
}

func (s *spdx) relate(id, from, kind string, to []string) {
	if len(to) > 0 {
		s.add(object{"type": "Relationship", "spdxId": s.base + id, "creationInfo": creationID, "from": s.base + from, "relationshipType": kind, "to": to})
	}
}

// set puts a text or a list where it says something.
func set(o object, name string, v any) {
	switch v := v.(type) {
	case string:
		if v != "" {
			o[name] = v
		}
	case []string:
		if len(v) > 0 {
			o[name] = v
		}
	}
}

// one is a list of one text, or none.
func one(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

func (s *spdx) creation(now string) {
	author := s.base + "agent"
	if a := first(s.b.o.Author, s.b.value("author"), s.b.supplier()); a != "" {
		s.add(s.element("Agent", "author", a))
		author = s.base + "author"
	} else {
		s.add(s.element("SoftwareAgent", "agent", "reeve")) // nobody is named: the program made it
	}
	s.graph = append([]object{{
		"type": "CreationInfo", "@id": creationID, "specVersion": "3.0.1", "created": now, "createdBy": []string{author}, "createdUsing": []string{s.base + "reeve"},
	}}, s.graph...)
	s.add(s.element("Tool", "reeve", "reeve "+s.b.o.Tool))
}

// digestOfModel is a file's digest, or the root over all files, which is no hash of one content.
func (s *spdx) digestOfModel() object {
	if len(s.b.f.Files) == 1 {
		return sha256Of(s.b.f.Files[0].SHA256)
	}
	return object{"type": "Hash", "algorithm": "other", "hashValue": s.b.f.Root, "comment": "SHA-256 over the SHA-256 of all files in order, as OpenSSF Model Signing has it"}
}

func sha256Of(sum string) object {
	return object{"type": "Hash", "algorithm": "sha256", "hashValue": sum}
}

func entries(list []string) []object {
	var out []object
	for _, kv := range list {
		key, value, _ := strings.Cut(kv, "=")
		out = append(out, object{"type": "DictionaryEntry", "key": strings.TrimSpace(key), "value": value})
	}
	return out
}

func (s *spdx) model() {
	b := s.b
	o := s.element("ai_AIPackage", "model", b.name())
	set(o, "description", b.value("description"))
	set(o, "software_packageVersion", b.version())
	set(o, "software_packageUrl", b.purl())
	set(o, "software_downloadLocation", first(b.o.URL, b.value("url"), b.value("website")))
	o["software_primaryPurpose"] = "model"
	o["verifiedUsing"] = []object{s.digestOfModel()}
	if v := b.supplier(); v != "" {
		s.add(s.element("Agent", "supplier", v))
		o["suppliedBy"] = s.base + "supplier"
	}
	if v := b.released(); v != "" {
		o["releaseTime"] = v
	}
	set(o, "ai_typeOfModel", one(first(b.value("model_class"), b.value("model_type"), b.value("architecture"))))
	set(o, "ai_domain", one(first(b.value("domain"), b.value("task"))))
	set(o, "ai_limitation", b.value("limitations"))
	set(o, "ai_informationAboutTraining", b.value("training"))
	set(o, "ai_informationAboutApplication", first(b.value("application"), b.value("intended_use")))
	set(o, "ai_modelDataPreprocessing", one(b.value("preprocessing")))
	set(o, "ai_modelExplainability", one(b.value("explainability")))
	set(o, "ai_standardCompliance", one(b.value("standards")))
	if h := b.hyperparameters(); h != "" {
		o["ai_hyperparameter"] = entries(strings.Split(h, ", "))
	}
	var metrics []string
	for _, m := range b.metrics() {
		metrics = append(metrics, m.Value)
	}
	if len(metrics) > 0 {
		o["ai_metric"] = entries(metrics)
	}
	o["ai_useSensitivePersonalInformation"] = s.sensitive()
	if q := b.value("energy_quantity"); q != "" && strings.EqualFold(b.value("energy_unit"), "kWh") {
		e := object{"type": "ai_EnergyConsumptionDescription", "ai_energyQuantity": strings.ReplaceAll(q, ",", ""), "ai_energyUnit": "kilowattHour"}
		o["ai_energyConsumption"] = object{"type": "ai_EnergyConsumption", "ai_trainingEnergyConsumption": []object{e}}
	}
	s.add(o)
	if o["suppliedBy"] != nil && o["software_downloadLocation"] != nil && o["releaseTime"] != nil {
		s.profiles = append(s.profiles, "ai")
	}
	if l := b.value("licence"); l != "" {
		if _, err := license.Parse(l); err == nil {
			s.licence("model", l)
		}
	}
}

func (s *spdx) licence(of, expression string) {
	id := "licence-" + of
	s.add(object{"type": "simplelicensing_LicenseExpression", "spdxId": s.base + id, "creationInfo": creationID, "simplelicensing_licenseExpression": expression})
	s.relate("declares-"+of, of, "hasDeclaredLicense", []string{s.base + id})
}

// sensitive says what was found by a scan that signed for it; without one nobody can say.
func (s *spdx) sensitive() string {
	if s.b.personal() != "" {
		return "yes"
	}
	return "noAssertion"
}

func (s *spdx) files() {
	if len(s.b.f.Files) == 1 {
		return
	}
	var parts []string
	for i, f := range s.b.f.Files {
		id := fmt.Sprintf("file-%d", i+1)
		o := s.element("software_File", id, f.Path)
		o["verifiedUsing"] = []object{sha256Of(f.SHA256)}
		s.add(o)
		parts = append(parts, s.base+id)
	}
	s.relate("model-contains", "model", "contains", parts)
}

func (s *spdx) datasets() {
	var all []string
	whole := true
	for i, d := range s.b.datasets() {
		id := fmt.Sprintf("data-%d", i+1)
		o := s.element("dataset_DatasetPackage", id, d.Name)
		set(o, "description", d.Description)
		set(o, "software_packageVersion", d.Version)
		set(o, "software_downloadLocation", d.URL)
		o["software_primaryPurpose"] = "data"
		o["dataset_datasetType"] = []string{"noAssertion"}
		o["dataset_hasSensitivePersonalInformation"] = "noAssertion"
		if len(d.Sensitive) > 0 {
			o["dataset_hasSensitivePersonalInformation"] = "yes"
		}
		if d.Digest != "" {
			o["verifiedUsing"] = []object{{"type": "Hash", "algorithm": "other", "hashValue": d.Digest, "comment": "RFC 6962 root with SHA-256 over the files, or the SHA-256 of the file"}}
		}
		if d.Owner != "" {
			s.add(s.element("Agent", id+"-owner", d.Owner))
			o["originatedBy"] = []string{s.base + id + "-owner"}
		}
		o["comment"] = string(d.grade) + " (" + d.from + ")"
		s.add(o)
		if _, err := license.Parse(d.Licence); err == nil && d.Licence != "" {
			s.licence(id, d.Licence)
		}
		whole = whole && d.Owner != "" && d.URL != "" && o["releaseTime"] != nil
		all = append(all, s.base+id)
	}
	if len(all) > 0 && whole {
		s.profiles = append(s.profiles, "dataset")
	}
	s.relate("trained-on", "model", "trainedOn", all)
}

func (s *spdx) ancestors() {
	var all []string
	for i, a := range s.b.ancestors() {
		id := fmt.Sprintf("ancestor-%d", i+1)
		o := s.element("software_Package", id, a.name)
		o["software_primaryPurpose"] = "model"
		if a.digest != "" {
			o["verifiedUsing"] = []object{{"type": "Hash", "algorithm": "other", "hashValue": a.digest, "comment": "SHA-256 of the file, or root over the files"}}
		}
		o["comment"] = string(a.grade) + " (" + a.from + "), " + a.role
		s.add(o)
		all = append(all, s.base+id)
	}
	s.relate("descends", "model", "descendantOf", all)
}

func (s *spdx) libraries() {
	var all []string
	for i := range s.b.o.Deps {
		d := &s.b.o.Deps[i]
		id := fmt.Sprintf("library-%d", i+1)
		o := s.element("software_Package", id, d.Name)
		set(o, "software_packageVersion", d.Version)
		set(o, "software_packageUrl", d.PURL)
		o["software_primaryPurpose"] = "library"
		s.add(o)
		all = append(all, s.base+id)
	}
	s.relate("depends", "model", "dependsOn", all)
}
