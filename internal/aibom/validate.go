package aibom

import (
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"
	"github.com/go-json-experiment/json"
)

// Flaw is one thing that is wrong with a document, at a place such as components[2].hashes[0].
type Flaw struct {
	Place string `json:"place"`
	Rule  string `json:"rule"`
	Says  string `json:"message"`
}

// maxFlaws bounds what is told of one document.
const maxFlaws = 1000

// Validate holds a document against CycloneDX 1.6 and 1.7 as far as they concern models: members and their types, words of closed
// lists, formats, references that must resolve and be unique. It is our own reading of the specification; SchemaFlaws takes the
// published schema. It returns an error for what is no CycloneDX at all.
func Validate(text []byte) ([]Flaw, error) {
	d, err := parseDocument(text)
	if err != nil {
		return nil, err
	}
	v := &validation{flaws: []Flaw{}, refs: map[string]string{}}
	v.types(d)
	v.document(d)
	return v.flaws, nil
}

type validation struct {
	flaws []Flaw
	refs  map[string]string // place by bom-ref
}

func (v *validation) flaw(place, rule, format string, args ...any) {
	if len(v.flaws) < maxFlaws {
		v.flaws = append(v.flaws, Flaw{place, rule, fmt.Sprintf(format, args...)})
	}
}

// types decodes the document into the types of the specification, strictly. The library lacks the properties of a model card.
func (v *validation) types(d document) {
	text, err := json.Marshal(d)
	if err != nil {
		return
	}
	var copied map[string]any
	if json.Unmarshal(text, &copied) != nil {
		return
	}
	delete(copied, "signature")
	strip(copied)
	if text, err = json.Marshal(copied); err != nil {
		return
	}
	var bom cdx.BOM
	if err := json.Unmarshal(text, &bom, json.RejectUnknownMembers(true)); err != nil {
		v.flaw("document", "types", "%s", shortError(err))
	}
}

// strip takes out what the library does not know.
func strip(c map[string]any) {
	if card, ok := c["modelCard"].(map[string]any); ok {
		delete(card, "properties")
	}
	for _, list := range []any{c["components"], follow(c, "pedigree", "ancestors"), follow(c, "pedigree", "variants"), follow(c, "metadata", "tools", "components")} {
		for _, x := range items(list) {
			strip(x)
		}
	}
	if m, ok := follow(c, "metadata", "component").(map[string]any); ok {
		strip(m)
	}
}

func shortError(err error) string {
	s, _, _ := strings.Cut(err.Error(), "\n")
	if i := strings.Index(s, " within "); i > 0 {
		return s[i+1:]
	}
	return s
}

var (
	uuidForm = regexp.MustCompile(`^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
	purlForm = regexp.MustCompile(`^pkg:[A-Za-z][A-Za-z0-9.+-]*/.+`)
)

var componentTypes = []string{
	"application", "framework", "library", "container", "platform", "operating-system", "device", "device-driver", "firmware", "file",
	"machine-learning-model", "data", "cryptographic-asset",
}

func (v *validation) document(d document) {
	if s, _ := d["specVersion"].(string); s != "1.6" && s != "1.7" {
		v.flaw("specVersion", "version", "%q is neither 1.6 nor 1.7", s)
	}
	if s, has := d["serialNumber"].(string); has && !uuidForm.MatchString(s) {
		v.flaw("serialNumber", "format", "no urn:uuid in lower case")
	}
	if n, has := d["version"].(float64); d["version"] != nil && (!has || n < 1 || n != float64(int64(n))) {
		v.flaw("version", "format", "no whole number from 1 on")
	}
	if s, has := follow(map[string]any(d), "metadata", "timestamp").(string); has {
		if _, err := time.Parse(time.RFC3339, s); err != nil {
			v.flaw("metadata.timestamp", "format", "no time of RFC 3339")
		}
	}
	if c, has := follow(map[string]any(d), "metadata", "component").(map[string]any); has {
		v.component("metadata.component", c, 0)
	}
	for i, c := range items(d["components"]) {
		v.component(fmt.Sprintf("components[%d]", i), c, 0)
	}
	for i, x := range items(d["vulnerabilities"]) {
		v.ref(fmt.Sprintf("vulnerabilities[%d]", i), x)
	}
	v.references(d)
}

func (v *validation) component(place string, c map[string]any, depth int) {
	if depth > 50 {
		v.flaw(place, "depth", "nested more than 50 deep")
		return
	}
	kind, _ := c["type"].(string)
	if !slices.Contains(componentTypes, kind) {
		v.flaw(place+".type", "word", "%q is no type of component", kind)
	}
	if name, _ := c["name"].(string); name == "" {
		v.flaw(place+".name", "required", "a component has a name")
	}
	if p, has := c["purl"].(string); has && !purlForm.MatchString(p) {
		v.flaw(place+".purl", "format", "no package URL")
	}
	if _, has := c["modelCard"]; has && kind != "machine-learning-model" {
		v.flaw(place+".modelCard", "place", "only a machine-learning-model has a model card")
	}
	if _, has := c["data"]; has && kind != "data" {
		v.flaw(place+".data", "place", "only a component of type data has data")
	}
	v.ref(place, c)
	v.hashes(place, c)
	for i, r := range items(c["externalReferences"]) {
		if !isThere(r["url"]) || !isThere(r["type"]) {
			v.flaw(fmt.Sprintf("%s.externalReferences[%d]", place, i), "required", "a reference has url and type")
		}
	}
	v.licences(place, c)
	for i, x := range items(c["components"]) {
		v.component(fmt.Sprintf("%s.components[%d]", place, i), x, depth+1)
	}
	for i, x := range items(follow(c, "pedigree", "ancestors")) {
		v.component(fmt.Sprintf("%s.pedigree.ancestors[%d]", place, i), x, depth+1)
	}
}

// lengths of digests in hex, by the names of CycloneDX.
var lengths = map[string]int{
	"MD5": 32, "SHA-1": 40, "SHA-256": 64, "SHA-384": 96, "SHA-512": 128, "SHA3-256": 64, "SHA3-384": 96, "SHA3-512": 128,
	"BLAKE2b-256": 64, "BLAKE2b-384": 96, "BLAKE2b-512": 128, "BLAKE3": 64, "Streebog-256": 64, "Streebog-512": 128,
}

func (v *validation) hashes(place string, c map[string]any) {
	for i, h := range items(c["hashes"]) {
		alg, _ := h["alg"].(string)
		content, _ := h["content"].(string)
		_, err := hex.DecodeString(content)
		switch n, known := lengths[alg]; {
		case !known:
			v.flaw(fmt.Sprintf("%s.hashes[%d].alg", place, i), "word", "%q is no algorithm of CycloneDX", alg)
		case err != nil || len(content) != n:
			v.flaw(fmt.Sprintf("%s.hashes[%d].content", place, i), "format", "no %s in hex", alg)
		}
	}
}

func (v *validation) licences(place string, c map[string]any) {
	list := items(c["licenses"])
	for i, l := range list {
		id, name := isThere(follow(l, "license", "id")), isThere(follow(l, "license", "name"))
		_, expression := l["expression"]
		switch where := fmt.Sprintf("%s.licenses[%d]", place, i); {
		case expression && len(list) > 1:
			v.flaw(where, "licence", "an expression stands alone")
		case !expression && id == name:
			v.flaw(where, "licence", "a licence has an id or a name, and not both")
		}
	}
}

func (v *validation) ref(place string, c map[string]any) {
	r, has := c["bom-ref"].(string)
	if !has {
		return
	}
	if other := v.refs[r]; other != "" {
		v.flaw(place+".bom-ref", "unique", "%q is that of %s, too", r, other)
		return
	}
	v.refs[r] = place
}

// references must lead somewhere within the document.
func (v *validation) references(d document) {
	check := func(place string, ref any) {
		if s, is := ref.(string); is && v.refs[s] == "" && !strings.HasPrefix(s, "urn:cdx:") {
			v.flaw(place, "reference", "%q is the bom-ref of nothing", s)
		}
	}
	for i, x := range items(d["dependencies"]) {
		check(fmt.Sprintf("dependencies[%d].ref", i), x["ref"])
		for k, r := range anys(x["dependsOn"]) {
			check(fmt.Sprintf("dependencies[%d].dependsOn[%d]", i, k), r)
		}
	}
	for i, x := range items(d["vulnerabilities"]) {
		for k, a := range items(x["affects"]) {
			check(fmt.Sprintf("vulnerabilities[%d].affects[%d].ref", i, k), a["ref"])
		}
	}
	for i, c := range items(d["components"]) {
		for k, s := range items(follow(c, "modelCard", "modelParameters", "datasets")) {
			if r, has := s["ref"]; has {
				check(fmt.Sprintf("components[%d].modelCard.modelParameters.datasets[%d].ref", i, k), r)
			}
		}
	}
}

func anys(v any) []any {
	list, _ := v.([]any)
	return list
}

// minimum are the elements that the BSI and the G7 ask for in a bill of materials for AI (MUST), by what they are called there.
var minimum = []struct {
	name string
	has  func(document) bool
}{
	{"author of the document", func(d document) bool {
		m := follow(map[string]any(d), "metadata")
		return isThere(follow(m, "authors")) || isThere(follow(m, "manufacturer", "name")) || isThere(follow(m, "supplier", "name"))
	}},
	{"format and its version", func(d document) bool { return isThere(d["bomFormat"]) && isThere(d["specVersion"]) }},
	{"timestamp", func(d document) bool { return isThere(follow(map[string]any(d), "metadata", "timestamp")) }},
	{"name of the model", modelAt("name")},
	{"version of the model", modelAt("version")},
	{"identifier of the model", modelAt("purl")},
	{"hash of the model", modelAt("hashes")},
	{"hash by an algorithm that NIST approves", func(d document) bool {
		return slices.ContainsFunc(items(follow(d.model(), "hashes")), func(h map[string]any) bool {
			alg, _ := h["alg"].(string)
			return strings.HasPrefix(alg, "SHA-2") || strings.HasPrefix(alg, "SHA-3") || strings.HasPrefix(alg, "SHA-5") || strings.HasPrefix(alg, "SHA3-")
		})
	}},
	{"name of each data set", func(d document) bool { return d.eachData(func(c map[string]any) bool { return isThere(c["name"]) }) }},
	{"identifier of each data set", func(d document) bool {
		return d.eachData(func(c map[string]any) bool {
			return isThere(c["hashes"]) || isThere(c["purl"]) || hasProperty(c["properties"], "reeve:identifier")
		})
	}},
}

// eachData reports whether there are data sets, and what holds of each.
func (d document) eachData(holds func(map[string]any) bool) bool {
	n := 0
	for _, c := range items(d["components"]) {
		if kindOf(c) == "data" {
			if n++; !holds(c) {
				return false
			}
		}
	}
	return n > 0
}

// Lacks names what of the minimum elements for AI (BSI, G7: MUST) a document does not have.
func Lacks(text []byte) ([]string, error) {
	d, err := parseDocument(text)
	if err != nil {
		return nil, err
	}
	out := []string{}
	for _, m := range minimum {
		if !m.has(d) {
			out = append(out, m.name)
		}
	}
	return out, nil
}
