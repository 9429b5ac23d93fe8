package lineage

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/reeve-ai/reeve/internal/attest"
)

// ErrNoCard says that a file has no head of a model card.
var ErrNoCard = errors.New("no model card: the file does not begin with a YAML block between lines of \"---\"")

// Card reads the head of a Hugging Face model card (README.md): what it was made of (base_model, base_model_relation, datasets), and
// the results in its model-index, one evaluation for each. name is that of the file.
func Card(name string, text []byte) (*Imported, error) {
	if len(text) > importLimits.Bytes {
		return nil, fmt.Errorf("%s: more than %d bytes", name, importLimits.Bytes)
	}
	head, err := frontMatter(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	c, err := fields(name, head)
	if err != nil {
		return nil, err
	}
	from, in := source(name, text), &Imported{}
	if p := cardOrigin(c, from); p != nil {
		in.Predicates = append(in.Predicates, p)
	}
	for _, model := range tables(c["model-index"]) {
		for i, result := range tables(model["results"]) {
			p, left := cardResult(result, from)
			for _, what := range left {
				in.NotRead = append(in.NotRead, fmt.Sprintf("model-index, result %d: %s", i+1, what))
			}
			if len(p.Metrics) > 0 {
				in.Predicates = append(in.Predicates, p)
			}
		}
	}
	return in, nil
}

func frontMatter(text []byte) ([]byte, error) {
	text = bytes.TrimPrefix(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")), []byte("\xef\xbb\xbf"))
	rest, ok := bytes.CutPrefix(text, []byte("---\n"))
	if !ok {
		return nil, ErrNoCard
	}
	head, _, ok := bytes.Cut(rest, []byte("\n---"))
	if !ok {
		return nil, ErrNoCard
	}
	return head, nil
}

// cardOrigin is how the card says the model was made, nil where it says nothing of it. A relation that the card leaves out is not
// guessed.
func cardOrigin(c map[string]any, from *attest.Resource) attest.Predicate {
	base, data := named(many(c["base_model"])), named(many(c["datasets"]))
	if len(base) == 0 && len(data) == 0 {
		return nil
	}
	parameters := map[string]string{}
	for _, k := range []string{"license", "license_name", "license_link", "library_name", "pipeline_tag"} {
		note(parameters, k, c[k])
	}
	relation := one(c["base_model_relation"])
	switch {
	case relation == "quantized" && len(base) > 0 && len(data) == 0:
		return &attest.Conversion{Origin: declaredFrom(from), Method: "quantization", Parameters: parameters, Inputs: base}
	case relation == "merge" && len(base) > 1 && len(data) == 0:
		m := &attest.Merge{Origin: declaredFrom(from), Method: "unknown", Parameters: parameters}
		for _, b := range base {
			m.Inputs = append(m.Inputs, attest.MergeInput{Material: b})
		}
		return m
	}
	t := &attest.Training{Origin: declaredFrom(from), Method: "unknown", Base: base, DataSets: data, Parameters: parameters, Result: attest.Unknown}
	switch relation {
	case "finetune":
		t.Method = "fine-tune"
	case "":
	default:
		t.Method = relation
	}
	return t
}

// cardResult is one result of a model-index.
func cardResult(r map[string]any, from *attest.Resource) (p *attest.Evaluation, left []string) {
	task, data := table(r["task"]), table(r["dataset"])
	p = &attest.Evaluation{Origin: declaredFrom(from), Suite: attest.Suite{Name: first(one(task["name"]), one(task["type"]), "model-index")}, Parameters: map[string]string{}}
	if n := first(one(data["type"]), one(data["name"])); n != "" {
		p.DataSet = &attest.Material{Name: n, Grade: attest.Declared}
	}
	for _, k := range []string{"config", "split", "revision"} {
		note(p.Parameters, "dataset."+k, data[k])
	}
	seen := map[[2]string]bool{}
	for _, m := range tables(r["metrics"]) {
		name := one(m["type"])
		if name == "" {
			name = one(m["name"])
		}
		v, ok := number(m["value"])
		slice := ""
		if seen[[2]string{name, ""}] {
			slice = one(m["name"]) // the same measure twice, such as for two classes
		}
		if name == "" || !ok || seen[[2]string{name, slice}] || len(name)+len(slice) > maxValue {
			left = append(left, "metric "+first(name, "without a name"))
			continue
		}
		seen[[2]string{name, slice}] = true
		p.Metrics = append(p.Metrics, attest.Metric{Name: name, Slice: slice, Value: v})
	}
	return p, left
}

func first(all ...string) string {
	for _, s := range all {
		if s != "" {
			return s
		}
	}
	return ""
}
