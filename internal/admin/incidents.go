package admin

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/monitor/alert"
	"github.com/reeve-ai/reeve/internal/monitor/incident"
)

// Incidents is the record of what went wrong. Every step that it takes is a record with who took it. *incident.Book is one.
type Incidents interface {
	List(ctx context.Context, all bool) ([]incident.Incident, error)
	Get(ctx context.Context, id string) (*incident.Incident, error)
	Open(ctx context.Context, r incident.Report) (*incident.Incident, error)
	Take(ctx context.Context, s incident.Step) (*incident.Incident, error)
}

// Alerts is what goes wrong now. Silence puts on record who keeps what quiet before it does so.
type Alerts interface {
	Active() []alert.Alert
	Silences() []alert.Silence
	Silence(actor string, s alert.Silence) error
}

// incidentRoutes are the operations on incidents and alerts. Neither holds content; why a step was taken is sealed in its record.
func (a *Admin) incidentRoutes() []route {
	const incidents, alerts = "/admin/v1/incidents", "/admin/v1/alerts"
	return []route{
		{method: "GET", path: incidents, action: "report:list", do: (*Admin).listIncidents},
		{method: "POST", path: incidents, action: "admin:incident", do: (*Admin).openIncident},
		{method: "GET", path: incidents + "/{id}", action: "report:list", do: (*Admin).getIncident},
		{method: "POST", path: incidents + "/{id}/ack", action: "admin:incident", do: step(incident.Acknowledged)},
		{method: "POST", path: incidents + "/{id}/close", action: "admin:incident", do: step(incident.Closed)},
		{method: "POST", path: incidents + "/{id}/reopen", action: "admin:incident", do: step(incident.Open)},
		{method: "GET", path: alerts, action: "report:list", do: (*Admin).listAlerts},
		{method: "POST", path: alerts + "/silence", action: "admin:incident", do: (*Admin).silence},
	}
}

func (a *Admin) incidents() (Incidents, error) {
	if a.o.Incidents == nil {
		return nil, &refusedError{&reeve.Refusal{
			Status: http.StatusNotFound, Code: "not_found", Rule: "admin/incidents", Message: "this server keeps no incidents", Remedy: "ask the server that does",
		}}
	}
	return a.o.Incidents, nil
}

// incidentError gives the errors of the book their status.
func incidentError(err error) error {
	r := &reeve.Refusal{}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, incident.ErrNoIncident):
		r.Status, r.Code, r.Rule, r.Remedy = http.StatusNotFound, "not_found", "admin/not-found", "list what there is"
	case errors.Is(err, incident.ErrState):
		r.Status, r.Code, r.Rule, r.Remedy = http.StatusConflict, "conflict", "incident/state", "read it again"
	case errors.Is(err, incident.ErrReason), errors.Is(err, incident.ErrInvalid):
		r.Status, r.Code, r.Rule, r.Remedy = http.StatusUnprocessableEntity, "invalid", "incident/invalid", "change what the message names"
	default:
		return err
	}
	r.Message = err.Error()
	return &refusedError{r}
}

type incidentList struct {
	Incidents []incident.Incident `json:"incidents"`
	Next      string              `json:"next,omitzero"` // for ?after=
}

func (a *Admin) listIncidents(c *call) (int, any, error) {
	book, err := a.incidents()
	if err != nil {
		return 0, nil, err
	}
	all := c.r.URL.Query().Get("all")
	if all != "" && all != "true" && all != "false" {
		return refused(bad("all", "all is neither true nor false", "leave it out, or send one of them"))
	}
	list, err := book.List(c.r.Context(), all == "true")
	if err != nil {
		return 0, nil, err
	}
	list, next, refusal := page(c, append([]incident.Incident{}, list...), func(in *incident.Incident) string { return in.ID })
	if refusal != nil {
		return refused(refusal)
	}
	return http.StatusOK, incidentList{list, next}, nil
}

func (a *Admin) getIncident(c *call) (int, any, error) {
	book, err := a.incidents()
	if err != nil {
		return 0, nil, err
	}
	in, err := book.Get(c.r.Context(), c.r.PathValue("id"))
	return http.StatusOK, in, incidentError(err)
}

func (a *Admin) openIncident(c *call) (int, any, error) {
	book, err := a.incidents()
	if err != nil {
		return 0, nil, err
	}
	var in struct {
		Reason   string `json:"reason"`
		Severity string `json:"severity"`
		Exchange string `json:"exchange"`
	}
	if refusal := c.read(&in); refusal != nil {
		return refused(refusal)
	}
	made, err := book.Open(c.r.Context(), incident.Report{Actor: c.by.Actor, Rule: incident.Manual, Severity: in.Severity, Exchange: in.Exchange, Reason: in.Reason})
	if err != nil {
		return 0, nil, incidentError(err)
	}
	c.w.Header().Set("Location", "/admin/v1/incidents/"+made.ID)
	return http.StatusCreated, made, nil
}

// step takes an incident to a state.
func step(to string) func(*Admin, *call) (int, any, error) {
	return func(a *Admin, c *call) (int, any, error) {
		book, err := a.incidents()
		if err != nil {
			return 0, nil, err
		}
		s := incident.Step{ID: c.r.PathValue("id"), To: to, Actor: c.by.Actor}
		var refusal *reeve.Refusal
		if to == incident.Closed {
			var in struct {
				Reason     string `json:"reason"`
				Assessment string `json:"assessment"`
			}
			refusal = c.read(&in)
			s.Reason, s.Assessment = in.Reason, in.Assessment
		} else {
			var in struct {
				Reason string `json:"reason"`
			}
			refusal = c.read(&in)
			s.Reason = in.Reason
		}
		if refusal != nil {
			return refused(refusal)
		}
		in, err := book.Take(c.r.Context(), s)
		return http.StatusOK, in, incidentError(err)
	}
}

// alertsNow is what goes wrong, and what is kept quiet.
type alertsNow struct {
	Alerts   []alert.Alert   `json:"alerts"`
	Silences []alert.Silence `json:"silences"`
}

func (a *Admin) alerts() (Alerts, error) {
	if a.o.Alerts == nil {
		return nil, &refusedError{&reeve.Refusal{
			Status: http.StatusNotFound, Code: "not_found", Rule: "admin/alerts", Message: "this server watches for no alerts", Remedy: "ask the server that does",
		}}
	}
	return a.o.Alerts, nil
}

func (a *Admin) listAlerts(c *call) (int, any, error) {
	on, err := a.alerts()
	if err != nil {
		return 0, nil, err
	}
	return http.StatusOK, now(on), nil
}

func now(on Alerts) alertsNow {
	return alertsNow{append([]alert.Alert{}, on.Active()...), append([]alert.Silence{}, on.Silences()...)}
}

// longestSilence is for how many minutes alerts are kept quiet at most: what is quiet for longer is a rule to change.
const longestSilence = 30 * 24 * 60

func (a *Admin) silence(c *call) (int, any, error) {
	on, err := a.alerts()
	if err != nil {
		return 0, nil, err
	}
	var in struct {
		Rule    string `json:"rule"`
		Minutes *int   `json:"minutes"` // 0 lifts a silence
	}
	if refusal := c.read(&in); refusal != nil {
		return refused(refusal)
	}
	if in.Minutes == nil || *in.Minutes < 0 || *in.Minutes > longestSilence {
		return refused(bad("minutes", "alerts are kept quiet for 0 to 43200 minutes", "say for how many minutes; 0 lifts a silence"))
	}
	err = on.Silence(c.by.Actor, alert.Silence{Rule: in.Rule, Until: a.o.Clock().Add(time.Duration(*in.Minutes) * time.Minute).UTC()})
	if errors.Is(err, alert.ErrPattern) {
		return refused(&reeve.Refusal{Status: http.StatusUnprocessableEntity, Code: "invalid", Rule: "alert/rule", Message: err.Error(), Remedy: "GET /admin/v1/alerts lists the rules of those that go on"})
	}
	if err != nil {
		return 0, nil, err
	}
	return http.StatusOK, now(on), nil
}
