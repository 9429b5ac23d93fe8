package gateway

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics count exchanges. No label comes from a caller: paths are the governed ones, codes are ours.
type Metrics struct {
	exchanges *prometheus.CounterVec
	findings  *prometheus.CounterVec
	tokens    *prometheus.CounterVec
	// unattested counts requests that admission would have refused, or that go by a broken glass.
	unattested *prometheus.CounterVec
	seconds    prometheus.Histogram
	in, out    prometheus.Counter
}

// NewMetrics registers the gateway's metrics; r may be nil.
func NewMetrics(r prometheus.Registerer) *Metrics {
	m := &Metrics{
		exchanges: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "reeve_exchanges_total", Help: "Exchanges by route, result and HTTP status."}, []string{"route", "result", "status"}),
		findings:  prometheus.NewCounterVec(prometheus.CounterOpts{Name: "reeve_guard_matches_total", Help: "Matches of guard rules by rule, direction and action."}, []string{"rule", "direction", "action"}),
		tokens:    prometheus.NewCounterVec(prometheus.CounterOpts{Name: "reeve_tokens_total", Help: "Tokens as the runtimes counted them."}, []string{"direction"}),
		seconds:   prometheus.NewHistogram(prometheus.HistogramOpts{Name: "reeve_exchange_seconds", Help: "From the request's head to the end of the answer.", Buckets: prometheus.ExponentialBuckets(0.001, 4, 9)}),
	}
	m.unattested = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "reeve_unattested_requests_total", Help: "Requests served by a model that admission would have refused (mode warn), or that was allowed without a verdict, by rule."}, []string{"rule"})
	m.in, m.out = m.tokens.WithLabelValues("in"), m.tokens.WithLabelValues("out")
	if r != nil {
		r.MustRegister(m.exchanges, m.findings, m.tokens, m.seconds, m.unattested)
	}
	return m
}

func (m *Metrics) observe(x *exchange, took time.Duration) {
	route := "unknown"
	if x.ep != nil {
		route = x.ep.Path
	}
	o := &x.outcome
	m.exchanges.WithLabelValues(route, o.Result, strconv.Itoa(o.HTTPStatus)).Inc()
	m.seconds.Observe(took.Seconds())
	if o.TokensIn > 0 {
		m.in.Add(float64(o.TokensIn))
	}
	if o.TokensOut > 0 {
		m.out.Add(float64(o.TokensOut))
	}
	for _, r := range x.inVerdict.Reasons {
		m.findings.WithLabelValues(r.Rule, "in", r.Action.String()).Add(float64(r.Count))
	}
	for _, r := range x.outVerdict.Reasons {
		m.findings.WithLabelValues(r.Rule, "out", r.Action.String()).Add(float64(r.Count))
	}
}
