package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/reeve-ai/reeve/internal/config"
	"github.com/reeve-ai/reeve/internal/monitor/deliver"
)

// monitorDir holds what monitoring remembers, in the data directory.
const monitorDir = "monitor"

// openEvents opens the systems that get events.
func (s *server) openEvents() error {
	for i := range s.settings.Monitoring.Events {
		e := &s.settings.Monitoring.Events[i]
		sink, err := s.openSink(e)
		if err != nil {
			return err
		}
		feed, err := s.house.keeper.Feed("ocsf")
		if err != nil {
			return err
		}
		c, err := deliver.New(deliver.Options{
			Name: e.Name, Dir: filepath.Join(s.settings.data, monitorDir), Source: feed, Sink: sink, Batch: e.Batch, Timeout: time.Duration(e.Timeout), Start: e.From == "start", Log: s.log,
		})
		if err != nil {
			return err
		}
		s.watch.couriers = append(s.watch.couriers, c)
		s.loops = append(s.loops, c.Run)
	}
	s.metrics.MustRegister(&courierMetrics{s.watch.couriers})
	return nil
}

func (s *server) openSink(e *config.EventSink) (deliver.Sink, error) {
	secure, err := s.tlsTo("events "+e.Name, &e.TLS)
	if err != nil {
		return nil, err
	}
	switch e.Kind {
	case "file":
		path := e.Path
		if !filepath.IsAbs(path) {
			path = filepath.Join(s.settings.data, path)
		}
		return &deliver.File{Path: path, Max: int64(e.MaxSize), Keep: e.Keep}, nil
	case "syslog":
		host, err := os.Hostname()
		if err != nil {
			return nil, fmt.Errorf("events %s: %w", e.Name, err)
		}
		return &deliver.Syslog{Network: e.Network, Address: e.Address, Host: host, TLS: secure, Confirm: e.Confirm}, nil
	}
	secret, err := s.signingSecret("events "+e.Name, e.Secret)
	if err != nil {
		return nil, err
	}
	authorization, err := s.settings.Secret(e.Authorization)
	if err != nil {
		return nil, usage("", "events %s: authorization: %w", e.Name, err)
	}
	return &deliver.Webhook{URL: e.URL, Array: e.Body == "array", Secret: secret, Header: authorization, Client: deliver.NewClient(secure), Clock: time.Now}, nil
}

func (s *server) signingSecret(name string, at config.Secret) ([]byte, error) {
	text, err := s.settings.Secret(at)
	if err != nil {
		return nil, usage("", "%s: secret: %w", name, err)
	}
	secret, err := deliver.SigningSecret(text)
	if err != nil {
		return nil, usage("", "%s: secret: %w", name, err)
	}
	return secret, nil
}

// courierMetrics tells how far each system is behind.
type courierMetrics struct{ couriers []*deliver.Courier }

var courierDescs = []*prometheus.Desc{
	prometheus.NewDesc("reeve_events_delivered_total", "Events that a system has taken since the start.", []string{"sink"}, nil),
	prometheus.NewDesc("reeve_events_failures_total", "Attempts to deliver events that failed since the start.", []string{"sink"}, nil),
	prometheus.NewDesc("reeve_events_missed_total", "Records that retention removed before a system got them.", []string{"sink"}, nil),
	prometheus.NewDesc("reeve_events_backlog", "Records that wait for a system.", []string{"sink"}, nil),
	prometheus.NewDesc("reeve_events_failing_seconds", "For how long a system has refused events; 0: it takes them.", []string{"sink"}, nil),
}

// Describe implements prometheus.Collector.
func (*courierMetrics) Describe(into chan<- *prometheus.Desc) {
	for _, d := range courierDescs {
		into <- d
	}
}

// Collect implements prometheus.Collector.
func (m *courierMetrics) Collect(into chan<- prometheus.Metric) {
	for _, c := range m.couriers {
		s := c.Stats()
		failing := 0.0
		if !s.FailingSince.IsZero() {
			failing = time.Since(s.FailingSince).Seconds()
		}
		for i, v := range []float64{float64(s.Delivered), float64(s.Failures), float64(s.Missed), float64(s.Backlog), failing} {
			kind := prometheus.CounterValue
			if i >= 3 {
				kind = prometheus.GaugeValue
			}
			into <- prometheus.MustNewConstMetric(courierDescs[i], kind, v, c.Name())
		}
	}
}
