package admission

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics count what admission does. Labels come from the configuration and from us, never from a caller.
type Metrics struct {
	admitted *prometheus.GaugeVec
	changes  *prometheus.CounterVec
	bytes    prometheus.Counter
	seconds  prometheus.Counter
}

// NewMetrics registers them; r may be nil.
func NewMetrics(r prometheus.Registerer) *Metrics {
	m := &Metrics{
		admitted: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "reeve_admission_models", Help: "Models by upstream, mode and how they stand: admitted, allowed (break-glass) or refused."}, []string{"upstream", "mode", "standing"}),
		changes:  prometheus.NewCounterVec(prometheus.CounterOpts{Name: "reeve_admission_changes_total", Help: "Changes of how a model stands, by act and by the rule that refuses."}, []string{"act", "rule"}),
		bytes:    prometheus.NewCounter(prometheus.CounterOpts{Name: "reeve_admission_measured_bytes_total", Help: "Bytes of model files that were measured."}),
		seconds:  prometheus.NewCounter(prometheus.CounterOpts{Name: "reeve_admission_measure_seconds_total", Help: "Time that measuring took, unloading included."}),
	}
	if r != nil {
		r.MustRegister(m.admitted, m.changes, m.bytes, m.seconds)
	}
	return m
}

func (m *Metrics) measured(got *Measurement, took time.Duration) {
	var bytes int64
	for _, f := range got.Files {
		bytes += f.Identity.Size
	}
	m.bytes.Add(float64(bytes))
	m.seconds.Add(max(0, took.Seconds()))
}

func (m *Metrics) changed(e Event) {
	rule := ""
	if e.Standing != nil {
		rule = e.Standing.Rule
	}
	m.changes.WithLabelValues(e.Act, rule).Inc()
}

func (m *Metrics) standings(all map[place]*Standing) {
	m.admitted.Reset()
	for _, s := range all {
		if s == nil {
			continue
		}
		how := "refused"
		switch {
		case s.Admitted && s.Allowed != nil:
			how = "allowed"
		case s.Admitted:
			how = "admitted"
		}
		m.admitted.WithLabelValues(s.Upstream, s.Mode.String(), how).Inc()
	}
}
