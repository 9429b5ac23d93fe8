package admin

import (
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/admission"
)

// Admission knows which models are served, and lets one pass without a verdict. It records what it is told to do, with who
// told it. *admission.Controller is one.
type Admission interface {
	Views() []admission.View
	Allow(upstream, name, by, reason string, life time.Duration) (*admission.Allowance, error)
	Revoke(upstream, name, by string) (bool, error)
}

// admissionRoutes are the operations on admission. To break the glass takes what every emergency takes; to mend it takes a
// model away, which whoever may delete one may do, without a second factor.
func (a *Admin) admissionRoutes() []route {
	const path = "/admin/v1/admission"
	return []route{
		{method: "GET", path: path, action: "model:inspect", do: (*Admin).listAdmission},
		{method: "POST", path: path + "/allow", action: "admin:break-glass", do: (*Admin).allowModel},
		{method: "POST", path: path + "/revoke", action: "model:delete", do: (*Admin).revokeModel},
	}
}

func (a *Admin) admission() (Admission, error) {
	if a.o.Admission == nil {
		return nil, &refusedError{&reeve.Refusal{
			Status: http.StatusNotFound, Code: "not_found", Rule: "admin/admission", Message: "no model of this server needs a verdict", Remedy: "set admission.mode to warn or enforce",
		}}
	}
	return a.o.Admission, nil
}

// admissionList answers with all models that are looked at.
type admissionList struct {
	Models []admission.View `json:"models"`
	Next   string           `json:"next,omitzero"` // for ?after=
}

func viewID(v *admission.View) string { return v.Upstream + "/" + v.Model }

func (a *Admin) listAdmission(c *call) (int, any, error) {
	by, err := a.admission()
	if err != nil {
		return 0, nil, err
	}
	list, next, refusal := page(c, by.Views(), viewID)
	for i := range list {
		if given := list[i].Allowance; given != nil {
			bare := *given
			bare.Reason = "" // sealed in the record: more people see the list than may read that
			list[i].Allowance = &bare
		}
	}
	if refusal != nil {
		return refused(refusal)
	}
	return http.StatusOK, admissionList{list, next}, nil
}

// noModel is refused where nothing is to be done about a model.
func noModel(message string) (int, any, error) {
	return refused(&reeve.Refusal{Status: http.StatusNotFound, Code: "not_found", Rule: "admin/not-found", Message: message, Remedy: "GET /admin/v1/admission lists what there is"})
}

func (a *Admin) allowModel(c *call) (int, any, error) {
	by, err := a.admission()
	if err != nil {
		return 0, nil, err
	}
	var in struct {
		Upstream string `json:"upstream"`
		Model    string `json:"model"` // empty where the runtime serves one model under any name
		Reason   string `json:"reason"`
		Minutes  int    `json:"minutes"`
	}
	if refusal := c.read(&in); refusal != nil {
		return refused(refusal)
	}
	if longest := int(admission.LongestAllowance / time.Minute); in.Minutes < 1 || in.Minutes > longest {
		return refused(bad("minutes", "a model is let pass for 1 to 1440 minutes", "say for how many minutes"))
	}
	if !slices.ContainsFunc(by.Views(), func(v admission.View) bool { return v.Upstream == in.Upstream }) {
		return noModel("admission looks at no model of such an upstream")
	}
	given, err := by.Allow(in.Upstream, in.Model, c.by.Actor, in.Reason, time.Duration(in.Minutes)*time.Minute)
	if errors.Is(err, admission.ErrAllowance) {
		return refused(&reeve.Refusal{Status: http.StatusUnprocessableEntity, Code: "invalid", Rule: "admission/allowance", Message: err.Error(), Remedy: "change what the message names"})
	}
	if err != nil {
		return 0, nil, err
	}
	return http.StatusCreated, given, nil
}

func (a *Admin) revokeModel(c *call) (int, any, error) {
	by, err := a.admission()
	if err != nil {
		return 0, nil, err
	}
	var in struct {
		Upstream string `json:"upstream"`
		Model    string `json:"model"`
	}
	if refusal := c.read(&in); refusal != nil {
		return refused(refusal)
	}
	there, err := by.Revoke(in.Upstream, in.Model, c.by.Actor)
	if err != nil {
		return 0, nil, err
	}
	if !there {
		return noModel("this model is not let pass without a verdict")
	}
	return http.StatusNoContent, nil, nil
}
