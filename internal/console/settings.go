package console

import (
	"maps"
	"slices"

	"github.com/go-json-experiment/json"

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
	t.Columns = append(t.Columns, column{Name: "changes"})
	for i := range t.Rows {
		t.Rows[i].Cells = append(t.Rows[i].Cells, linked(v.T("version.show"), Home+"settings/versions/"+t.Rows[i].ID))
	}
	d.Versions = t
	return d, nil
}

type versionData struct {
	ID, Act, Digest string
	First, Gone     bool
	Lines           []diffLine
}

// ruleVersion shows what a version of rules changed against the one before it. The texts are sealed in the log; that they are read is on
// record like any reading.
func ruleVersion(v *view) (any, error) {
	d := &versionData{ID: v.r.PathValue("id")}
	text, act, digest, err := v.rulesIn(d.ID)
	if err != nil {
		return nil, err
	}
	d.Act, d.Digest, d.Gone = act, digest, text == nil
	if d.Gone {
		return d, nil
	}
	p, err := v.c.o.Records.List(v.ctx(), lifecycle.Listing{Kind: custody.EventPolicy, Limit: 200})
	if err != nil {
		return nil, err
	}
	here, before := false, ""
	for i := range p.Hits {
		if here && p.Hits[i].Act == act {
			before = p.Hits[i].ID
			break
		}
		here = here || p.Hits[i].ID == d.ID
	}
	var was *string
	if before != "" {
		if was, _, _, err = v.rulesIn(before); err != nil {
			return nil, err
		}
	}
	if d.First = was == nil; d.First {
		was = new(string)
	}
	d.Lines = diff(*was, *text)
	return d, nil
}

// rulesIn is the text of rules that a record holds; nil where it is not kept any more.
func (v *view) rulesIn(id string) (text *string, act, digest string, err error) {
	o, err := v.c.o.Records.Outline(v.ctx(), id, "")
	if err != nil {
		return nil, "", "", err
	}
	var l leafView
	if len(o.Records) == 0 || json.Unmarshal(o.Records[0].Leaf, &l) != nil || l.Kind != custody.EventPolicy {
		return nil, "", "", custody.ErrNotFound
	}
	if !o.Payload {
		return nil, l.Act, l.Object, nil
	}
	shown, err := v.c.o.Records.Show(v.ctx(), lifecycle.ShowRequest{ID: id, Actor: v.session.Principal.ID, Reason: "version of rules"})
	if err != nil {
		return nil, "", "", err
	}
	return shown.Payload, l.Act, l.Object, nil
}
