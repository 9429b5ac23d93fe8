package console

import (
	"maps"
	"slices"

	"github.com/reeve-ai/reeve/internal/custody"
	"github.com/reeve-ai/reeve/internal/lifecycle"
	"github.com/reeve-ai/reeve/internal/posture"
)

type settingsData struct {
	Text     string
	Digests  []fact
	Posture  []posture.Check
	Versions *table
}

func (d *settingsData) tables() []*table { return []*table{d.Versions} }

// settings shows the configuration in force. It is changed in the file, where it can be reviewed.
func settings(v *view) (any, error) {
	d := &settingsData{}
	if v.c.o.Settings != nil {
		text, err := v.c.o.Settings()
		if err != nil {
			return nil, err
		}
		d.Text = visible(string(text))
	}
	if v.c.o.Digests != nil {
		all := v.c.o.Digests()
		for _, name := range slices.Sorted(maps.Keys(all)) {
			d.Digests = append(d.Digests, fact{v.word("policy", name), mono(all[name])})
		}
	}
	if v.c.o.Posture != nil {
		d.Posture = v.c.o.Posture()
	}
	t, err := v.eventTable("versions", lifecycle.Listing{Kind: custody.EventPolicy, Before: v.before(), Limit: pageSize})
	if err != nil {
		return nil, err
	}
	d.Versions = t
	return d, nil
}
