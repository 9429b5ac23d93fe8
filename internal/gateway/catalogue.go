package gateway

import (
	"github.com/reeve-ai/reeve/internal/upstream"
)

// filterModels leaves in the runtime's list only what this caller may use: a model that is refused need not be shown.
func (x *exchange) filterModels() {
	member, name := "data", "id"
	if x.ep.Kind == upstream.Tags {
		member, name = "models", "name"
	}
	d := &x.ev.Doc
	models := d.Member(0, member)
	if !d.IsArray(models) {
		return
	}
	kept := []byte{'['}
	dropped := false
	for c := d.First(models); c < d.End(models); c = d.Next(c) {
		id := d.Member(c, name)
		if !d.IsString(id) || x.session.AllowModel(string(d.Text(id))) != nil {
			dropped = true
			continue
		}
		if len(kept) > 1 {
			kept = append(kept, ',')
		}
		kept = append(kept, d.Raw(c)...)
	}
	if dropped {
		list := string(append(kept, ']'))
		x.edits.SetRaw(d, models, list)
		x.kept.SetRaw(d, models, list)
	}
}
