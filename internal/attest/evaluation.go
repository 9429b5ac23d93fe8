package attest

import "math"

// EvaluationType is the type of the predicate Evaluation.
const EvaluationType = predicateBase + "evaluation/v1"

// Evaluation says how a model did in a suite of tests. Its subjects are the files of the model that was tested. Regulation (EU)
// 2024/1689, Art. 15 (3) and Annex IV no. 2 (g), asks for the metrics and for what they were measured on.
type Evaluation struct {
	Origin     `yaml:",inline"`
	Suite      Suite             `json:"suite"`
	DataSet    *Material         `json:"dataSet,omitzero"`    // that it was measured on
	Metrics    []Metric          `json:"metrics"`             //
	Parameters map[string]string `json:"parameters,omitzero"` // seed, temperature, number of examples in the prompt …
}

// Suite names a set of tests.
type Suite struct {
	Name    string `json:"name"`
	Version string `json:"version,omitzero"`
	URI     string `json:"uri,omitzero"`
	SHA256  string `json:"sha256,omitzero"` // of its definition
}

// Metric is one measured value. Low and High bound it at the level of Confidence.
type Metric struct {
	Name       string   `json:"name"`
	Slice      string   `json:"slice,omitzero"` // the group or language that it is about; empty: all
	Value      float64  `json:"value"`
	Unit       string   `json:"unit,omitzero"`
	N          *int64   `json:"n,omitzero"`          // samples
	Low        *float64 `json:"low,omitzero"`        //
	High       *float64 `json:"high,omitzero"`       //
	Confidence *float64 `json:"confidence,omitzero"` // above 0, below 1
	Threshold  *float64 `json:"threshold,omitzero"`  // that was set beforehand
	Better     string   `json:"better,omitzero"`     // higher or lower; wanted where there is a threshold
	Grade      Grade    `json:"grade,omitzero"`      // where it differs from the statement's
}

// Meets reports whether the value meets its threshold, and whether there is one.
func (m *Metric) Meets() (meets, known bool) {
	switch {
	case m.Threshold == nil:
		return false, false
	case m.Better == "lower":
		return m.Value <= *m.Threshold, true
	}
	return m.Value >= *m.Threshold, true
}

// PredicateType implements Predicate.
func (*Evaluation) PredicateType() string { return EvaluationType }

// Check implements Predicate.
func (e *Evaluation) Check([]Resource) error {
	r := &rules{kind: "evaluation"}
	r.origin(&e.Origin)
	r.want(e.Suite.Name != "", "the suite is not named")
	r.want(e.Suite.SHA256 == "" || isSHA256(e.Suite.SHA256), "the sha256 of the suite is malformed")
	r.want(len(e.Metrics) > 0, "no metrics")
	r.texts(e.Suite.Name, e.Suite.Version, e.Suite.URI)
	if e.DataSet != nil {
		r.material("data sets", e.DataSet)
	}
	r.table(e.Parameters, "parameters")
	r.metrics(e.Metrics)
	return r.err
}

func (r *rules) metrics(all []Metric) {
	r.list(len(all), "metrics")
	seen := map[[2]string]bool{}
	for i := range all {
		m := &all[i]
		r.want(m.Name != "", "a metric has no name")
		r.want(!seen[[2]string{m.Name, m.Slice}], "a metric stands twice")
		seen[[2]string{m.Name, m.Slice}] = true
		r.texts(m.Name, m.Slice, m.Unit)
		for _, v := range []*float64{&m.Value, m.Low, m.High, m.Confidence, m.Threshold} {
			r.want(v == nil || !math.IsNaN(*v) && !math.IsInf(*v, 0), "a metric is no number")
		}
		r.want(m.N == nil || *m.N >= 0, "a metric is over fewer than no samples")
		r.want(m.Low == nil || *m.Low <= m.Value, "a metric is below its interval")
		r.want(m.High == nil || *m.High >= m.Value, "a metric is above its interval")
		r.want(m.Confidence == nil || *m.Confidence > 0 && *m.Confidence < 1, "a confidence is not between 0 and 1")
		r.want(m.Better == "" || m.Better == "higher" || m.Better == "lower", "better is neither higher nor lower")
		r.want(m.Threshold == nil || m.Better != "", "a threshold does not say which side of it is better")
		r.want(m.Grade == "" || m.Grade.known(), "the grade of a metric is unknown")
	}
}
