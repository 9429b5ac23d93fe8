package config

import (
	"fmt"
	"path"
	"path/filepath"
)

// gate checks that every model and data set has a place and that no two models have one name.
func (v *validator) gate(g *Gate) {
	seen := map[string]bool{}
	for i, m := range g.Models {
		at := fmt.Sprintf("gate.models[%d]", i)
		name := m.Called()
		switch {
		case m.Path == "":
			v.add(at, "a model needs a path", "path: models/support-bot")
		case seen[name]:
			v.add(at+".name", "another model has this name", "")
		}
		seen[name] = true
		for k, d := range m.Data {
			if d.Path == "" {
				v.add(fmt.Sprintf("%s.data[%d]", at, k), "a data set needs a path", "path: data/tickets")
			}
		}
	}
	for i, glob := range g.Exclude {
		if _, err := path.Match(glob, "x"); err != nil || glob == "" || glob == "*" {
			v.add(fmt.Sprintf("gate.exclude[%d]", i), "want a path or a glob that is not everything", "such as testdata or fixtures/*")
		}
	}
}

// Called is the name of the model in verdicts.
func (m *GateModel) Called() string {
	if m.Name != "" {
		return m.Name
	}
	return path.Base(filepath.ToSlash(m.Path))
}

// Called is the name of the data set in its audit.
func (d *GateData) Called() string {
	if d.Name != "" {
		return d.Name
	}
	return path.Base(filepath.ToSlash(d.Path))
}
