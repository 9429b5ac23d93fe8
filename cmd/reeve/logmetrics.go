package main

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/reeve-ai/reeve/internal/custody"
)

// registerLog exposes the state of the custody log and of the process.
func registerLog(r prometheus.Registerer, l *custody.Log) {
	counter := func(name, help string, value func(*custody.Stats) float64) {
		r.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, func() float64 { s := l.Stats(); return value(&s) }))
	}
	gauge := func(name, help string, value func(*custody.Stats) float64) {
		r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 { s := l.Stats(); return value(&s) }))
	}
	counter("reeve_custody_records_total", "Records made durable since the start.", func(s *custody.Stats) float64 { return float64(s.Records) })
	counter("reeve_custody_syncs_total", "Group commits since the start.", func(s *custody.Stats) float64 { return float64(s.Syncs) })
	counter("reeve_custody_sync_failures_total", "Group commits that failed.", func(s *custody.Stats) float64 { return float64(s.SyncFailures) })
	counter("reeve_custody_refused_total", "Records that could not be taken; each is an exchange that was not served.", func(s *custody.Stats) float64 { return float64(s.Refused) })
	counter("reeve_custody_tampered_total", "Files of the log that somebody else deleted, replaced or cut while it was open.", func(s *custody.Stats) float64 { return float64(s.Tampered) })
	counter("reeve_custody_witness_failures_total", "Cosignatures that a witness did not give.", func(s *custody.Stats) float64 { return float64(s.WitnessFailures) })
	gauge("reeve_custody_queue", "Records that wait to become durable.", func(s *custody.Stats) float64 { return float64(s.Queue) })
	gauge("reeve_custody_leaves", "Leaves in the log.", func(s *custody.Stats) float64 { return float64(s.Size) })
	gauge("reeve_custody_checkpoint_leaves", "Leaves under the last signed checkpoint.", func(s *custody.Stats) float64 { return float64(s.Checkpoint) })
	gauge("reeve_custody_open_exchanges", "Exchanges with an intent and no outcome yet.", func(s *custody.Stats) float64 { return float64(s.Open) })
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
}
