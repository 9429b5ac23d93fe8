package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/reeve-ai/reeve/internal/control"
	"github.com/reeve-ai/reeve/internal/custody"
	"github.com/reeve-ai/reeve/internal/monitor/alert"
	"github.com/reeve-ai/reeve/internal/monitor/drift"
	"github.com/reeve-ai/reeve/internal/monitor/incident"
	"github.com/reeve-ai/reeve/internal/monitor/probe"
)

// The calls by which commands reach what watches.
const (
	callAlerts       = "/monitor/alerts"
	callTestAlert    = "/monitor/test-alert"
	callSilence      = "/monitor/silence"
	callDrift        = "/monitor/drift"
	callCanaries     = "/monitor/canaries"
	callSinks        = "/monitor/events"
	callIncidents    = "/incident/list"
	callIncident     = "/incident/get"
	callIncidentOpen = "/incident/open"
	callIncidentStep = "/incident/step"
)

// incidents is the book of the data directory.
func (h *house) incidents() *incident.Book {
	return &incident.Book{Log: h.custody, Acts: h.rollups, Clock: time.Now}
}

// alertsNow is what goes wrong, and what is kept quiet.
type alertsNow struct {
	Alerts   []alert.Alert   `json:"alerts"`
	Silences []alert.Silence `json:"silences"`
}

type toldTest struct {
	Notifiers []notified `json:"notifiers"`
}

type notified struct {
	Name  string `json:"name"`
	Error string `json:"error,omitzero"`
}

type driftNow struct {
	Rates []drift.Status `json:"rates"`
}

type canariesNow struct {
	Canaries []probe.Result `json:"canaries"`
}

type sinksNow struct {
	Sinks []sinkNow `json:"sinks"`
}

type sinkNow struct {
	Name         string    `json:"name"`
	Next         uint64    `json:"next"`
	Backlog      uint64    `json:"backlog"`
	Delivered    uint64    `json:"delivered"`
	Failures     uint64    `json:"failures"`
	Missed       uint64    `json:"missed"`
	FailingSince time.Time `json:"failing_since,omitzero"`
}

type incidentList struct {
	Incidents []incident.Incident `json:"incidents"`
}

type listIncidents struct {
	All bool `json:"all"`
}

type runCanaries struct {
	Run bool `json:"run"`
}

type byID struct {
	ID string `json:"id"`
}

// addMonitorCalls adds the calls to a mux. What watches lives in a server only; incidents stand in the log.
func (h *house) addMonitorCalls(mux *http.ServeMux) {
	words := controlWords()
	control.Handle(mux, callAlerts, words, func(context.Context, struct{}) (alertsNow, error) {
		if h.watch == nil {
			return alertsNow{}, errNoServer
		}
		return alertsNow{h.watch.alerts.Active(), h.watch.alerts.Silences()}, nil
	})
	control.Handle(mux, callSilence, words, func(_ context.Context, s alert.Silence) (alertsNow, error) {
		if h.watch == nil {
			return alertsNow{}, errNoServer
		}
		err := h.Silence("operator", s)
		return alertsNow{h.watch.alerts.Active(), h.watch.alerts.Silences()}, err
	})
	control.Handle(mux, callTestAlert, words, h.testAlert)
	control.Handle(mux, callDrift, words, func(context.Context, struct{}) (driftNow, error) {
		if h.watch == nil {
			return driftNow{}, errNoServer
		}
		if h.watch.drift == nil {
			return driftNow{}, usage("set monitoring.drift.mode to on", "drift is not watched")
		}
		return driftNow{h.watch.drift.Status()}, nil
	})
	control.Handle(mux, callCanaries, words, h.canaries)
	control.Handle(mux, callSinks, words, h.sinks)
	control.Handle(mux, callIncidents, words, func(ctx context.Context, q listIncidents) (incidentList, error) {
		list, err := h.incidents().List(ctx, q.All)
		return incidentList{list}, err
	})
	control.Handle(mux, callIncident, words, func(ctx context.Context, q byID) (*incident.Incident, error) { return h.incidents().Get(ctx, q.ID) })
	control.Handle(mux, callIncidentOpen, words, func(ctx context.Context, r incident.Report) (*incident.Incident, error) {
		return h.incidents().Open(ctx, r)
	})
	control.Handle(mux, callIncidentStep, words, func(ctx context.Context, s incident.Step) (*incident.Incident, error) {
		return h.incidents().Take(ctx, s)
	})
}

// Active, Silences and Silence make the house the admin.Alerts of a server.

// Active are the alerts that go on, and those that ended of late.
func (h *house) Active() []alert.Alert { return h.watch.alerts.Active() }

// Silences are those in force.
func (h *house) Silences() []alert.Silence { return h.watch.alerts.Silences() }

// Silence keeps alerts quiet, once it is on record who wants that.
func (h *house) Silence(actor string, s alert.Silence) error {
	if err := s.Check(); err != nil {
		return err
	}
	ev := &custody.Event{
		Kind: custody.EventAdmin, Time: time.Now(), Actor: actor, Act: "alert.silence", Object: s.Rule, Result: "ok",
		Names: map[string]string{"until": s.Until.UTC().Format(time.RFC3339)},
	}
	if _, err := h.custody.Event(ev); err != nil {
		return fmt.Errorf("record alert.silence: %w", err)
	}
	return h.watch.alerts.Silence(s)
}

func (h *house) testAlert(ctx context.Context, _ struct{}) (toldTest, error) {
	if h.watch == nil {
		return toldTest{}, errNoServer
	}
	var out toldTest
	for name, err := range h.watch.alerts.Test(ctx) {
		n := notified{Name: name}
		if err != nil {
			n.Error = err.Error()
		}
		out.Notifiers = append(out.Notifiers, n)
	}
	return out, nil
}

func (h *house) canaries(ctx context.Context, q runCanaries) (canariesNow, error) {
	switch {
	case h.watch == nil:
		return canariesNow{}, errNoServer
	case h.watch.probe == nil:
		return canariesNow{}, usage("monitoring.canaries lists them", "there are no canaries")
	case q.Run:
		list, err := h.watch.probe.All(ctx)
		return canariesNow{list}, err
	}
	return canariesNow{h.watch.probe.Results()}, nil
}

func (h *house) sinks(context.Context, struct{}) (sinksNow, error) {
	if h.watch == nil {
		return sinksNow{}, errNoServer
	}
	out := sinksNow{Sinks: []sinkNow{}}
	for _, c := range h.watch.couriers {
		s := c.Stats()
		out.Sinks = append(out.Sinks, sinkNow{c.Name(), s.Next, s.Backlog, s.Delivered, s.Failures, s.Missed, s.FailingSince})
	}
	return out, nil
}
