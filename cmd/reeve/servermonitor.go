package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel"

	"github.com/reeve-ai/reeve/internal/config"
	"github.com/reeve-ai/reeve/internal/monitor/alert"
	"github.com/reeve-ai/reeve/internal/monitor/deliver"
	"github.com/reeve-ai/reeve/internal/monitor/drift"
	"github.com/reeve-ai/reeve/internal/monitor/incident"
	"github.com/reeve-ai/reeve/internal/monitor/otlp"
	"github.com/reeve-ai/reeve/internal/monitor/probe"
)

// monitors are what watches the exchanges of a server. All of it follows the log, behind the acknowledgement, or asks as
// every caller does.
type monitors struct {
	couriers []*deliver.Courier // of events to other systems
	drift    *drift.Watch       // nil: off
	probe    *probe.Probe       // nil: no canaries
	alerts   *alert.Engine
	otlp     *otlp.Exporter // nil: off
}

// openMonitor opens them.
func (s *server) openMonitor(context.Context) error {
	s.watch = &monitors{}
	s.house.watch = s.watch
	s.loops = append(s.loops, func(ctx context.Context) error { return s.house.rollups.Run(ctx, s.log) })
	for _, open := range []func() error{s.openEvents, s.openTelemetry, s.openDrift, s.openProbe, s.openAlerts} {
		if err := open(); err != nil {
			return err
		}
	}
	s.metrics.MustRegister(&watchMetrics{s.watch})
	return nil
}

// openTelemetry follows the log for a collector.
func (s *server) openTelemetry() error {
	cfg := &s.settings.Monitoring.Telemetry
	if cfg.Endpoint == "" {
		return nil
	}
	secure, err := s.tlsTo("telemetry", &cfg.TLS)
	if err != nil {
		return err
	}
	authorization, err := s.settings.Secret(cfg.Authorization)
	if err != nil {
		return usage("", "telemetry: authorization: %w", err)
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { s.log.Debug("telemetry", "error", err) })) // it would write to stderr
	s.watch.otlp, err = otlp.Open(context.Background(), otlp.Options{
		Endpoint: cfg.Endpoint, Authorization: authorization, TLS: secure, SamplePercent: cfg.SamplePercent, Every: time.Duration(cfg.Every), Queue: cfg.Queue,
		Source: s.house.reader, Version: version().Version, Log: s.log,
	})
	if err == nil {
		s.loops = append(s.loops, s.watch.otlp.Run)
	}
	return err
}

func (s *server) openDrift() (err error) {
	cfg := &s.settings.Monitoring.Drift
	if cfg.Mode == "off" {
		return nil
	}
	s.watch.drift, err = drift.Open(drift.Options{
		Dir: filepath.Join(s.settings.data, monitorDir), Rates: s.house.rollups, Rules: drift.Rules{Baseline: cfg.Baseline, MinN: int64(cfg.MinExchanges)}, Log: s.log,
		Teams: func() map[string]drift.Window {
			out := map[string]drift.Window{}
			for name, team := range s.teams.Snapshot() {
				out[name] = drift.Window{N: int64(team.Exchanges), K: int64(team.Refused)} //nolint:gosec // counts
			}
			return out
		},
	})
	if err == nil {
		s.loops = append(s.loops, s.watch.drift.Run)
	}
	return err
}

func (s *server) openProbe() error {
	cfg := &s.settings.Monitoring
	if len(cfg.Canaries) == 0 {
		return nil
	}
	key, err := s.settings.Secret(cfg.CanaryKey)
	if err != nil {
		return usage("", "monitoring.canary_key: %w", err)
	}
	o := probe.Options{Gateway: s.gateway, Key: key, Log: s.custody, Diag: s.log}
	for i := range cfg.Canaries {
		c := &cfg.Canaries[i]
		o.Canaries = append(o.Canaries, probe.Canary{
			Name: c.Name, Model: c.Model, Prompt: c.Prompt, Every: time.Duration(c.Every), Timeout: time.Duration(c.Timeout), Expect: c.Expect, Rule: c.Rule,
			Match: pattern(c.Match), Absent: pattern(c.Absent),
		})
	}
	s.watch.probe = probe.New(o)
	s.loops = append(s.loops, s.watch.probe.Run)
	return nil
}

// pattern compiles what the configuration has checked; nil for none.
func pattern(expr string) *regexp.Regexp {
	if expr == "" {
		return nil
	}
	return regexp.MustCompile(expr)
}

func (s *server) openAlerts() error {
	cfg := &s.settings.Monitoring.Alerts
	name, err := os.Hostname()
	if err != nil {
		name = "this server"
	}
	o := alert.Options{
		Dir: filepath.Join(s.settings.data, monitorDir), Server: name, Checks: s.checks(), Wait: time.Duration(cfg.Wait), Repeat: time.Duration(cfg.Repeat), Log: s.log,
		Began: func(a alert.Alert) {
			if cfg.Incidents == "none" || cfg.Incidents == "critical" && a.Severity != alert.Critical {
				return
			}
			if _, err := s.house.incidents().Open(context.Background(), incident.Report{Rule: a.Rule, Subject: a.Subject, Severity: a.Severity}); err != nil {
				s.log.Error("no incident was opened from an alert", "rule", a.Rule, "error", err)
			}
		},
	}
	if o.Notifiers, err = s.notifiers(cfg); err != nil {
		return err
	}
	s.watch.alerts = alert.New(o)
	s.loops = append(s.loops, s.watch.alerts.Run)
	return nil
}

func (s *server) notifiers(cfg *config.Alerts) (out []alert.Notifier, err error) {
	if w := &cfg.Webhook; w.URL != "" {
		secure, err := s.tlsTo("alerts", &w.TLS)
		if err != nil {
			return nil, err
		}
		secret, err := s.signingSecret("alerts", w.Secret)
		if err != nil {
			return nil, err
		}
		authorization, err := s.settings.Secret(w.Authorization)
		if err != nil {
			return nil, usage("", "alerts: authorization: %w", err)
		}
		out = append(out, &alert.Webhook{URL: w.URL, Authorization: authorization, Secret: secret, Client: deliver.NewClient(secure), Clock: time.Now})
	}
	if e := &cfg.Email; e.Server != "" {
		secure, err := s.tlsTo("alerts by e-mail", &e.TLS)
		if err != nil {
			return nil, err
		}
		password, err := s.settings.Secret(e.Password)
		if err != nil {
			return nil, usage("", "alerts by e-mail: password: %w", err)
		}
		out = append(out, &alert.Email{Server: e.Server, Security: e.Security, From: e.From, To: e.To, User: e.User, Password: password, TLS: secure, Clock: time.Now})
	}
	return out, nil
}

// checks are what an alert is made from.
func (s *server) checks() []alert.Check {
	return []alert.Check{
		{Name: "log", Do: s.checkLog},
		{Name: "break-glass", Do: s.checkGlass},
		{Name: "events", Do: s.checkEvents},
		{Name: "canary", Do: s.checkCanaries},
		{Name: "drift", Do: s.checkDrift},
	}
}

func (s *server) checkLog(context.Context) (out []alert.Alert, _ error) {
	if err := s.custody.Ready(); err != nil {
		out = append(out, alert.Alert{Rule: "log", Severity: alert.Critical, Summary: "The custody log takes no records: every request is refused.", Remedy: "Look at the disk; the cause stands in the server's log."})
	}
	stats := s.custody.Stats()
	if stats.Tampered > 0 {
		out = append(out, alert.Alert{Rule: "log-tampered", Severity: alert.Critical, Summary: "A file of the custody log was deleted, replaced or cut by somebody else.", Remedy: "Keep the machine as it is and run `reeve custody verify`."})
	} else if stats.LastError != "" && len(out) == 0 {
		out = append(out, alert.Alert{Rule: "log-behind", Severity: alert.Warning, Summary: "The custody log works, and something beside it does not: checkpoints, witnesses or sealing.", Remedy: "`reeve doctor` and the server's log say what."})
	}
	return out, nil
}

// glassHours is for how long a broken glass is an alert.
const glassHours = time.Hour

func (s *server) checkGlass(context.Context) ([]alert.Alert, error) {
	at := s.brokenAt.Load()
	if at == 0 || time.Since(time.Unix(0, at)) > glassHours {
		return nil, nil
	}
	return []alert.Alert{{Rule: "break-glass", Severity: alert.Critical, Summary: "Somebody broke the glass.", Remedy: "Who and why stands in the custody log: `reeve custody search --kind admin`."}}, nil
}

func (s *server) checkEvents(context.Context) (out []alert.Alert, _ error) {
	late := time.Duration(s.settings.Monitoring.Alerts.EventsLate)
	for _, c := range s.watch.couriers {
		stats := c.Stats()
		if !stats.FailingSince.IsZero() && time.Since(stats.FailingSince) > late {
			out = append(out, alert.Alert{Rule: "events-late", Subject: c.Name(), Severity: alert.Warning, Summary: "A system takes no events. They wait in the log.", Remedy: "Look at it, and at the server's log."})
		}
		if stats.Missed > 0 {
			out = append(out, alert.Alert{Rule: "events-missed", Subject: c.Name(), Severity: alert.Critical, Summary: "Retention removed records before a system got them.", Remedy: "Keep records for longer than a system may be away."})
		}
	}
	return out, nil
}

func (s *server) checkCanaries(context.Context) (out []alert.Alert, _ error) {
	if s.watch.probe == nil {
		return nil, nil
	}
	for _, r := range s.watch.probe.Results() {
		if !r.OK {
			out = append(out, alert.Alert{
				Rule: "canary", Subject: r.Name, Severity: alert.Critical, Summary: fmt.Sprintf("A canary ended as %s, not as %s: %s.", r.Got, r.Expected, r.Why),
				Remedy: "`reeve custody show " + r.Exchange + "` tells what was decided; `reeve monitor canaries --run` tries again.",
			})
		}
	}
	return out, nil
}

func (s *server) checkDrift(context.Context) (out []alert.Alert, _ error) {
	if s.watch.drift == nil {
		return nil, nil
	}
	for _, d := range s.watch.drift.Status() {
		if d.Alarm {
			out = append(out, alert.Alert{
				Rule: "drift", Subject: d.Kind + ":" + d.Name, Severity: alert.Warning, Summary: "A rate has left its own past: it " + map[bool]string{true: "rose.", false: "fell."}[d.Rose],
				Remedy: "`reeve monitor drift` shows it; ask what has changed: a policy, a model, who asks?",
			})
		}
	}
	return out, nil
}

// watchMetrics tells about canaries, drift and alerts.
type watchMetrics struct{ m *monitors }

var (
	canaryOK    = prometheus.NewDesc("reeve_canary_ok", "Whether a canary ended as it must the last time.", []string{"canary"}, nil)
	driftActive = prometheus.NewDesc("reeve_drift_active", "Rates that have left their own past, by kind.", []string{"kind"}, nil)
	spansOf     = prometheus.NewDesc("reeve_telemetry_spans_total", "Spans that the collector has taken, and that were dropped while it was away.", []string{"state"}, nil)
	alertsOn    = prometheus.NewDesc("reeve_alerts_active", "Alerts that go on, by severity.", []string{"severity"}, nil)
)

// Describe implements prometheus.Collector.
func (*watchMetrics) Describe(into chan<- *prometheus.Desc) {
	into <- canaryOK
	into <- driftActive
	into <- alertsOn
	into <- spansOf
}

// Collect implements prometheus.Collector.
func (w *watchMetrics) Collect(into chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, label string) {
		into <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, label)
	}
	if w.m.probe != nil {
		for _, r := range w.m.probe.Results() {
			gauge(canaryOK, map[bool]float64{true: 1}[r.OK], r.Name)
		}
	}
	if w.m.drift != nil {
		for kind, n := range w.m.drift.Active() {
			gauge(driftActive, float64(n), kind)
		}
	}
	if w.m.otlp != nil {
		sent, dropped, _ := w.m.otlp.Counts()
		into <- prometheus.MustNewConstMetric(spansOf, prometheus.CounterValue, float64(sent), "sent")
		into <- prometheus.MustNewConstMetric(spansOf, prometheus.CounterValue, float64(dropped), "dropped")
	}
	on := map[string]int{alert.Warning: 0, alert.Critical: 0}
	for _, a := range w.m.alerts.Active() {
		if a.Ended.IsZero() {
			on[a.Severity]++
		}
	}
	for severity, n := range on {
		gauge(alertsOn, float64(n), severity)
	}
}

// errNoServer says that a call needs a running server.
var errNoServer = errors.New("no server runs on this data directory")
