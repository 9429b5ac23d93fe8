package gateway

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics count exchanges. Labels are bounded: paths, rules and codes are ours; models, labels of texts and teams have at most
// as many names as Names says, and what comes later is counted under "other". None of them is a person.
type Metrics struct {
	exchanges *prometheus.CounterVec
	findings  *prometheus.CounterVec
	refusals  *prometheus.CounterVec
	models    *prometheus.CounterVec
	labels    *prometheus.CounterVec
	tokens    *prometheus.CounterVec
	// unattested counts requests that admission would have refused, or that go by a broken glass.
	unattested *prometheus.CounterVec
	teams      *Teams
	seconds    prometheus.Histogram
	stages     [4]prometheus.Observer // guard, custody, queue, upstream
	first      prometheus.Observer
	in, out    prometheus.Counter

	modelNames, labelNames *Names
}

// The most names that a label has.
const (
	maxModels = 100
	maxLabels = 64
	maxTeams  = 64
)

// NewMetrics registers the gateway's metrics; r may be nil.
func NewMetrics(r prometheus.Registerer) *Metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	stages := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "reeve_stage_seconds", Help: "Time of an exchange in one stage: guard, custody (the intent), queue (before the runtime is asked), first_byte and upstream (of the runtime).",
		Buckets: prometheus.ExponentialBuckets(0.00001, 4, 12),
	}, []string{"stage"})
	m := &Metrics{
		exchanges:  counter("reeve_exchanges_total", "Exchanges by route, result and HTTP status.", "route", "result", "status"),
		findings:   counter("reeve_guard_matches_total", "Matches of guard rules by rule, direction and action.", "rule", "direction", "action"),
		refusals:   counter("reeve_refusals_total", "Exchanges that were refused, by the rule that refused.", "rule"),
		models:     counter("reeve_model_exchanges_total", "Exchanges by model and result.", "model", "result"),
		labels:     counter("reeve_label_exchanges_total", "Exchanges by the label of what passed.", "label"),
		tokens:     counter("reeve_tokens_total", "Tokens as the runtimes counted them.", "direction"),
		teams:      newTeams(),
		seconds:    prometheus.NewHistogram(prometheus.HistogramOpts{Name: "reeve_exchange_seconds", Help: "From the request's head to the end of the answer.", Buckets: prometheus.ExponentialBuckets(0.001, 4, 9)}),
		modelNames: NewNames(maxModels), labelNames: NewNames(maxLabels),
	}
	m.unattested = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "reeve_unattested_requests_total", Help: "Requests served by a model that admission would have refused (mode warn), or that was allowed without a verdict, by rule."}, []string{"rule"})
	m.in, m.out = m.tokens.WithLabelValues("in"), m.tokens.WithLabelValues("out")
	for i, stage := range []string{"guard", "custody", "queue", "upstream"} {
		m.stages[i] = stages.WithLabelValues(stage)
	}
	m.first = stages.WithLabelValues("first_byte")
	if r != nil {
		r.MustRegister(m.exchanges, m.findings, m.refusals, m.models, m.labels, m.tokens, m.teams, m.seconds, stages, m.unattested)
	}
	return m
}

// Teams counts exchanges by the department of their callers.
func (m *Metrics) Teams() *Teams { return m.teams }

func (m *Metrics) observe(x *exchange, took time.Duration) {
	route := "unknown"
	if x.ep != nil {
		route = x.ep.Path
	}
	o := &x.outcome
	m.exchanges.WithLabelValues(route, o.Result, strconv.Itoa(o.HTTPStatus)).Inc()
	m.seconds.Observe(took.Seconds())
	if o.Rule != "" {
		m.refusals.WithLabelValues(o.Rule).Inc()
	}
	if x.session != nil { // strangers name no models and are of no team
		m.known(x)
	}
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

// known observes an exchange of somebody who was recognised.
func (m *Metrics) known(x *exchange) {
	o := &x.outcome
	if x.req.Model != "" {
		m.models.WithLabelValues(m.modelNames.Bound(x.req.Model), o.Result).Inc()
	}
	m.labels.WithLabelValues(m.labelNames.Bound(x.label.String())).Inc()
	m.teams.add(x.session.Principal.Department, o.Result != "ok")
	for i, d := range [...]time.Duration{o.GuardTime, o.CustodyTime, o.QueueTime, o.UpstreamTime} {
		if d > 0 {
			m.stages[i].Observe(d.Seconds())
		}
	}
	if o.FirstChunk > 0 {
		m.first.Observe(o.FirstChunk.Seconds())
	}
}
