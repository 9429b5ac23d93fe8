package console

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/attest"
	"github.com/reeve-ai/reeve/internal/lineage"
)

// signed adds what the statements of the configured folders say about a model.
func (v *view) signed(d *modelData) error {
	all, err := v.about(&d.Model)
	if err != nil || v.c.o.Statements == nil {
		return err
	}
	d.Verdicts = &table{v: v, Name: "verdicts", Columns: []column{{Name: "time"}, {Name: "verdict"}, {Name: "open"}, {Name: "signed"}, {Name: "expires"}}}
	for i := range all {
		g, ok := all[i].Predicate.(*attest.GateVerdict)
		if !ok {
			continue
		}
		tone := map[string]string{attest.Pass: "good", attest.Fail: "bad"}[g.Verdict]
		expires := at(g.Expires)
		if !g.Expires.IsZero() && g.Expires.Before(v.now) {
			tone, expires = "warn", toned(v.T("statement.expired", stamp(g.Expires)), "warn")
		}
		d.Verdicts.Rows = append(d.Verdicts.Rows, row{ID: all[i].Digest, Cells: []cell{
			at(g.Origin.At), toned(v.word("gate", g.Verdict), tone), count(int64(len(g.Violations) + len(g.Missing))), v.signers(&all[i]), expires,
		}})
	}
	newestFirst(d.Verdicts.Rows)
	if len(all) > 0 {
		d.Drawing = Home + "lineage.svg?model=" + url.QueryEscape(d.Model.Name)
	}
	return nil
}

// signers says which trusted keys signed a statement.
func (v *view) signers(s *lineage.Statement) cell {
	if len(s.SignedBy) == 0 {
		return toned(v.T("statement.unverified"), "bad")
	}
	return mono(strings.Join(s.SignedBy, ", "))
}

// about are the statements about a model, and about everything that it was made of: those that speak of its files or name it as the
// target of a verdict, and from them back through what went in.
func (v *view) about(m *Model) ([]lineage.Statement, error) {
	if v.c.o.Statements == nil {
		return nil, nil
	}
	all, err := v.c.o.Statements()
	if err != nil {
		return nil, err
	}
	wanted, taken := map[string]bool{}, make([]bool, len(all))
	for _, sum := range m.Files {
		wanted[strings.TrimPrefix(sum, "sha256:")] = true
	}
	var out []lineage.Statement
	for grown := true; grown; {
		grown = false
		for i := range all {
			if s := &all[i]; !taken[i] && (speaksOf(s, wanted) || targets(s, m)) {
				taken[i], grown = true, true
				out = append(out, *s)
				want(s, wanted)
			}
		}
	}
	return out, nil
}

// targets reports whether a statement is a verdict on a model by its name. Where the files of the model are known, only they count.
func targets(s *lineage.Statement, m *Model) bool {
	g, ok := s.Predicate.(*attest.GateVerdict)
	return ok && len(m.Files) == 0 && (g.Target == m.Name || m.As != "" && g.Target == m.As)
}

// speaksOf reports whether a statement is wanted itself, or is about something, or made something, that is.
func speaksOf(s *lineage.Statement, wanted map[string]bool) bool {
	if wanted[s.Digest] {
		return true
	}
	for i := range s.Subjects {
		for _, sum := range s.Subjects[i].Digest {
			if wanted[sum] {
				return true
			}
		}
	}
	return false
}

// want notes what a statement speaks of, what went in, and what it rests on.
func want(s *lineage.Statement, wanted map[string]bool) {
	for i := range s.Subjects {
		for _, sum := range s.Subjects[i].Digest {
			wanted[sum] = true
		}
	}
	if s.Predicate == nil {
		return
	}
	for _, in := range attest.Inputs(s.Predicate) {
		for _, sum := range in.Material.Digest {
			wanted[sum] = true
		}
		for _, f := range in.Material.Files {
			wanted[f.SHA256] = true
		}
	}
	if g, ok := s.Predicate.(*attest.GateVerdict); ok {
		for _, c := range append(g.Consumed[:len(g.Consumed):len(g.Consumed)], g.Waivers...) {
			wanted[c.SHA256] = true
		}
	}
}

// drawing answers with the lineage of ?model=NAME.
func (c *Console) drawing(w http.ResponseWriter, r *http.Request) {
	v := c.view(w, r, &page{name: "problem", nav: "models"})
	var refusal *reeve.Refusal
	if v.session, refusal = c.o.Door.Session(r); refusal != nil {
		c.signIn(v)
		return
	}
	if refusal := v.Deny("model:inspect"); refusal != nil {
		v.problem(refusal)
		return
	}
	m := Model{Name: v.q.Get("model")}
	for _, known := range c.models() {
		if known.Name == m.Name {
			m = known
		}
	}
	all, err := v.about(&m)
	var b bytes.Buffer
	if err == nil {
		err = lineage.Build(all, v.now).SVG(&b)
	}
	if errors.Is(err, lineage.ErrTooLarge) {
		err = invalid("lineage", v.T("lineage.large"), v.T("lineage.large.remedy"))
	}
	if err != nil {
		v.problem(v.refusalOf(err))
		return
	}
	w.Header().Set("Content-Type", "image/svg+xml")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(b.Bytes())
}

// audits lists the signed statements about data sets.
func (v *view) audits() (*table, error) {
	if v.c.o.Statements == nil {
		return nil, nil
	}
	all, err := v.c.o.Statements()
	if err != nil {
		return nil, err
	}
	t := &table{v: v, Name: "audits", Columns: []column{{Name: "time"}, {Name: "age"}, {Name: "dataset"}, {Name: "label"}, {Name: "found"}, {Name: "licences"}, {Name: "signed"}}}
	for i := range all {
		d, ok := all[i].Predicate.(*attest.DatasetAudit)
		if !ok {
			continue
		}
		found := number(d.Before.Total)
		if d.After != nil {
			found += " → " + number(d.After.Total)
		}
		var licences []string
		if d.Sourcing != nil {
			for _, l := range d.Sourcing.Sources {
				licences = append(licences, fmt.Sprintf("%s: %s (%s)", l.Source, l.Licence, l.Verdict))
			}
		}
		t.Rows = append(t.Rows, row{ID: all[i].Digest, Cells: []cell{
			at(d.At), plain(v.T("statement.age", int(v.now.Sub(d.At)/(24*time.Hour)))), plain(d.Dataset), plain(d.Label), plain(found), plain(strings.Join(licences, "; ")), v.signers(&all[i]),
		}})
	}
	newestFirst(t.Rows)
	return t, nil
}
