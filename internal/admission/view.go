package admission

import "time"

// View is how a model stands, as commands and the admin API show it.
type View struct {
	Upstream  string     `json:"upstream"`
	Model     string     `json:"model"` // canonical name at the runtime; empty where the runtime serves one model under any name
	Mode      string     `json:"mode"`
	Standing  string     `json:"standing"` // admitted, allowed (break-glass) or refused; in mode warn what would be
	Rule      string     `json:"rule,omitzero"`
	Reason    string     `json:"reason,omitzero"`
	Remedy    string     `json:"remedy,omitzero"`
	Verdict   string     `json:"verdict,omitzero"` // SHA-256 of the statement
	Allowance *Allowance `json:"allowance,omitzero"`
	Until     *time.Time `json:"until,omitzero"`
	Since     time.Time  `json:"since"`
	Measured  *time.Time `json:"measured,omitzero"`
	Files     []FileView `json:"files"`
}

// FileView is a file that a runtime loads.
type FileView struct {
	Name   string `json:"name"`
	Path   string `json:"path"`
	SHA256 string `json:"sha256"`
	Size   int64  `json:"size"` // bytes
}

// Views are all models, by upstream and model.
func (c *Controller) Views() []View {
	now := c.o.Clock()
	all := []View{}
	for _, s := range c.Standings() {
		all = append(all, s.view(now))
	}
	return all
}

// View is how one model stands, by any of its names.
func (c *Controller) View(upstream, name string) (View, bool) {
	s := c.Admit(upstream, name)
	if s == nil {
		return View{}, false
	}
	return s.view(c.o.Clock()), true
}

func (s *Standing) view(now time.Time) View {
	v := View{Upstream: s.Upstream, Model: s.Model, Mode: s.Mode.String(), Standing: "refused", Since: s.Since.UTC(), Files: []FileView{}}
	if r := s.against(now); r != nil {
		v.Rule, v.Reason, v.Remedy = r.Rule, s.Reason, r.Remedy
		if v.Reason == "" {
			v.Reason = r.Message
		}
	} else if v.Standing = "admitted"; s.Allowed != nil {
		v.Standing, v.Allowance = "allowed", s.Allowed
	}
	if s.Verdict != nil {
		v.Verdict = s.Verdict.ID
	}
	if s.Admitted {
		until := s.Until.UTC()
		v.Until = &until
	}
	if m := s.Measured; m != nil {
		at := m.At.UTC()
		v.Measured = &at
		for _, f := range m.Files {
			v.Files = append(v.Files, FileView{Name: f.Name, Path: f.Path, SHA256: f.SHA256, Size: f.Identity.Size})
		}
	}
	return v
}
