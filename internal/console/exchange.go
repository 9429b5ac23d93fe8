package console

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/access"
	"github.com/reeve-ai/reeve/internal/lifecycle"
)

// fact is one line of what is known about an exchange.
type fact struct {
	Name string
	Cell cell
}

// reason is why it ended as it did.
type why struct {
	Rule
	Action, Stage string
	N             int64
	Decisive      bool
}

type exchangeData struct {
	ID      string
	Result  string
	Word    string
	Tone    string
	Event   bool
	When    time.Time
	Why     []why
	Facts   []fact
	Records []recordView
	Outline *lifecycle.Outline
	Shown   *lifecycle.Shown
	Input   *shown
	Output  *shown
	Payload *shown
	Read    *reeve.Refusal // why what was said may not be read
	Prove   *reeve.Refusal
	Readers *table
}

type recordView struct {
	Seq        uint64
	Kind, Hash string
	Time       time.Time
	Leaf       string
}

// leafView are the members of leaves that the page explains.
type leafView struct {
	Kind     string    `json:"kind"`
	Model    string    `json:"model"`
	Upstream string    `json:"upstream"`
	Route    string    `json:"route"`
	Dialect  string    `json:"dialect"`
	Op       string    `json:"op"`
	Act      string    `json:"act"`
	Object   string    `json:"object"`
	Result   string    `json:"result"`
	Refusal  string    `json:"refusal"`
	Rule     string    `json:"rule"`
	Finish   string    `json:"finish"`
	Access   string    `json:"access"`
	LabelIn  string    `json:"label_in"`
	LabelOut string    `json:"label_out"`
	Policy   string    `json:"policy"`
	KeyID    string    `json:"key_id"`
	Stream   bool      `json:"stream"`
	HTTP     int64     `json:"http"`
	TokIn    int64     `json:"tokens_in"`
	TokOut   int64     `json:"tokens_out"`
	GuardUS  int64     `json:"us_guard"`
	FirstUS  int64     `json:"us_first"`
	End      time.Time `json:"t_end"`
	Start    time.Time `json:"t_start"`

	Guard []struct {
		Action string `json:"action"`
		N      int64  `json:"n"`
		Rule   string `json:"rule"`
		Stage  string `json:"stage"`
	} `json:"guard"`
}

// exchange explains one exchange or event: what was asked, seen, decided and kept.
func exchange(v *view) (any, error) { return v.exchange(v.r.PathValue("id")) }

func (v *view) exchange(id string) (*exchangeData, error) {
	o, err := v.c.o.Records.Outline(v.ctx(), id, v.session.Principal.ID)
	if err != nil {
		if refusal := v.Deny("exchange:list"); refusal != nil { // whether it is there is told to those who may list
			return nil, sorry(refusal)
		}
		return nil, err
	}
	d := &exchangeData{ID: o.ID, Outline: o, Result: "open", Event: true}
	var all []leafView
	for _, r := range o.Records {
		var l leafView
		if err := json.Unmarshal(r.Leaf, &l); err != nil {
			return nil, fmt.Errorf("record %d: %w", r.Seq, err)
		}
		all = append(all, l)
		pretty := r.Leaf.Clone()
		_ = pretty.Indent() // a leaf is JSON
		d.Records = append(d.Records, recordView{r.Seq, r.Kind, r.Hash, r.Time, string(pretty)})
		d.When = r.Time
	}
	l := v.join(d, all)
	resource := v.resource(d, l)
	if refusal := v.decide(access.Action("exchange:list"), resource); refusal != nil {
		return nil, sorry(refusal)
	}
	d.Read, d.Prove = v.decide("exchange:read", resource), v.decide("record:prove", access.Resource{Kind: access.KindRecord, Name: d.ID, Owner: resource.Owner})
	d.Word, d.Tone = v.word("result", d.Result), tones[d.Result]
	v.explain(d, all)
	v.facts(d, l)
	if len(o.Read) > 0 {
		d.Readers = &table{v: v, Name: "readers", Columns: []column{{Name: "time"}, {Name: "act"}, {Name: "record"}}}
		for _, h := range o.Read {
			d.Readers.Rows = append(d.Readers.Rows, row{ID: h.ID, Cells: []cell{at(h.Time), mono(h.Act), monoLink(h.ID, Home+"exchanges/"+h.ID)}})
		}
	}
	return d, nil
}

// resource is the exchange as the access policies see it: with the label of what was said in it, and its owner where that is
// the person who asks. Whose it is otherwise the log does not say.
func (v *view) resource(d *exchangeData, l *leafView) access.Resource {
	r := access.Resource{Kind: access.KindExchange, Name: d.ID}
	for _, text := range []string{l.LabelIn, l.LabelOut} {
		if label, err := reeve.ParseLabel(text); err == nil && text != "" {
			r.Label = r.Label.Join(label)
		}
	}
	if d.Outline.Own {
		r.Owner = v.session.Principal.ID
	}
	return r
}

// join puts together what the records of an exchange say.
func (v *view) join(d *exchangeData, all []leafView) *leafView {
	l := &leafView{}
	for i := range all {
		a := &all[i]
		switch a.Kind {
		case "intent", "outcome":
			d.Event = false
		case "aborted":
			d.Event, a.Result = false, "aborted"
		}
		for _, f := range []struct{ to, from *string }{
			{&l.Model, &a.Model},
			{&l.Upstream, &a.Upstream},
			{&l.Route, &a.Route},
			{&l.Dialect, &a.Dialect},
			{&l.Op, &a.Op},
			{&l.Act, &a.Act},
			{&l.Object, &a.Object},
			{&l.Result, &a.Result},
			{&l.Refusal, &a.Refusal},
			{&l.Rule, &a.Rule},
			{&l.Finish, &a.Finish},
			{&l.Access, &a.Access},
			{&l.LabelIn, &a.LabelIn},
			{&l.LabelOut, &a.LabelOut},
			{&l.Policy, &a.Policy},
			{&l.KeyID, &a.KeyID},
		} {
			if *f.from != "" {
				*f.to = *f.from
			}
		}
		l.HTTP, l.TokIn, l.TokOut, l.GuardUS, l.FirstUS = max(l.HTTP, a.HTTP), max(l.TokIn, a.TokIn), max(l.TokOut, a.TokOut), max(l.GuardUS, a.GuardUS), max(l.FirstUS, a.FirstUS)
		l.Stream = l.Stream || a.Stream
		if !a.End.IsZero() {
			l.End = a.End
		}
		if l.Start.IsZero() {
			l.Start = a.Start
		}
	}
	if l.Result != "" {
		d.Result = l.Result
	} else if d.Event {
		d.Result = "done"
	}
	return l
}

// explain says which rules had a part in it, the one that decided first.
func (v *view) explain(d *exchangeData, all []leafView) {
	rules := v.c.rules()
	told := map[string]bool{}
	add := func(rule, action, stage string, n int64, decisive bool) {
		if rule == "" || told[rule+stage+action] {
			return
		}
		told[rule+stage+action] = true
		w := why{Rule: rules[rule], Action: action, Stage: stage, N: n, Decisive: decisive}
		if w.ID = rule; w.Message == "" {
			w.Message = v.T("exchange.unknown.rule")
		}
		d.Why = append(d.Why, w)
	}
	for i := range all {
		l := &all[i]
		if l.Rule == "" {
			continue
		}
		action, stage, n := "refuse", "", int64(0)
		for _, g := range l.Guard {
			if g.Rule == l.Rule && g.Action == "block" {
				action, stage, n = g.Action, g.Stage, g.N
			}
		}
		add(l.Rule, action, stage, n, true)
	}
	for i := range all {
		for _, g := range all[i].Guard {
			add(g.Rule, g.Action, g.Stage, g.N, false)
		}
	}
}

// rules are what all rules in force say to people.
func (c *Console) rules() map[string]Rule {
	out := map[string]Rule{}
	if c.o.Guards != nil {
		for _, r := range c.o.Guards() {
			out[r.ID] = r
		}
	}
	if c.o.Policies != nil {
		if set := c.o.Policies(); set != nil {
			for _, p := range set.Policies() {
				out[p.ID] = Rule{ID: p.ID, Source: p.File, Message: p.Reason, Remedy: p.Remedy}
			}
		}
	}
	return out
}

func (v *view) facts(d *exchangeData, l *leafView) {
	add := func(name string, c cell) {
		if c.Text != "" {
			d.Facts = append(d.Facts, fact{v.T("fact." + name), c})
		}
	}
	add("time", at(d.When))
	if l.Model != "" {
		add("model", linked(l.Model, Home+"models/"+escape(l.Model)))
	}
	add("upstream", plain(l.Upstream))
	add("route", plain(l.Route))
	add("op", plain(l.Op))
	add("act", mono(l.Act))
	add("object", mono(l.Object))
	if l.HTTP != 0 {
		add("http", plain(strconv.FormatInt(l.HTTP, 10)))
	}
	add("refusal", mono(l.Refusal))
	add("finish", plain(l.Finish))
	add("access", plain(l.Access))
	add("label_in", plain(l.LabelIn))
	add("label_out", plain(l.LabelOut))
	add("policy", mono(l.Policy))
	add("key", mono(l.KeyID))
	if l.TokIn+l.TokOut > 0 {
		add("tokens", plain(fmt.Sprintf("%d → %d", l.TokIn, l.TokOut)))
	}
	if l.GuardUS > 0 {
		add("guard", plain(fmt.Sprintf("%.2f ms", float64(l.GuardUS)/1000)))
	}
	if !l.End.IsZero() && !l.Start.IsZero() {
		add("took", plain(l.End.Sub(l.Start).Round(time.Millisecond).String()))
	}
}

// reveal shows what was said, to whom may read it and says why. That it was read, and why, is on record before anything is
// shown. The answer is the page itself: a reload asks the browser to send the form again, and that is on record as well.
func reveal(v *view) (string, error) {
	v.page = &page{name: "exchange", nav: "live"}
	reason, err := v.reason()
	if err != nil {
		return "", err
	}
	d, err := v.exchange(v.r.PathValue("id"))
	if err != nil {
		return "", err
	}
	if d.Read != nil {
		return "", sorry(d.Read)
	}
	shown, err := v.c.o.Records.Show(v.ctx(), lifecycle.ShowRequest{ID: d.ID, Actor: v.session.Principal.ID, Reason: reason})
	if err != nil {
		return "", err
	}
	if v.field("as") == "file" {
		v.w.Header().Set("Content-Type", "application/json")
		v.w.Header().Set("Content-Disposition", `attachment; filename="exchange-`+d.ID+`.json"`)
		text, err := json.Marshal(shown, jsontext.WithIndent("  "), jsontext.AllowInvalidUTF8(true))
		if err != nil {
			return "", err
		}
		_, err = v.w.Write(text)
		return "", err
	}
	d.Shown = shown
	d.Input, d.Output, d.Payload = textOf(shown.Input, shown.InputBase64), textOf(shown.Output, shown.OutputBase64), textOf(shown.Payload, shown.PayloadBase64)
	v.render(http.StatusOK, "exchange", d)
	return "", nil
}

func textOf(s *string, raw []byte) *shown {
	switch {
	case s != nil:
		out := lines(*s)
		out.Turns = turns(*s)
		return &out
	case raw != nil:
		out := lines(string(raw))
		return &out
	}
	return nil
}

// turn is one message of a conversation.
type turn struct {
	Role string
	Text shown
}

// turns reads the messages out of a request or an answer of the dialects that callers speak. Whatever is none is shown as it is.
func turns(s string) []turn {
	type message struct {
		Role    string         `json:"role"`
		Content jsontext.Value `json:"content"`
	}
	var said struct {
		Messages []message `json:"messages"`
		Message  *message  `json:"message"`
		Choices  []struct {
			Message *message `json:"message"`
			Text    string   `json:"text"`
		} `json:"choices"`
	}
	if len(s) == 0 || s[0] != '{' || json.Unmarshal([]byte(s), &said, jsontext.AllowInvalidUTF8(true)) != nil {
		return nil
	}
	all := said.Messages
	if said.Message != nil {
		all = append(all, *said.Message)
	}
	for _, c := range said.Choices {
		if c.Message != nil {
			all = append(all, *c.Message)
		} else if c.Text != "" {
			text, _ := jsontext.AppendQuote(nil, c.Text)
			all = append(all, message{"assistant", text})
		}
	}
	var out []turn
	for _, m := range all[:min(len(all), 100)] {
		var text string
		if json.Unmarshal(m.Content, &text, jsontext.AllowInvalidUTF8(true)) != nil {
			text = string(m.Content)
		}
		out = append(out, turn{m.Role, lines(text)})
	}
	return out
}

// proof is the C2SP tlog-proof of an exchange's last record, or of the one that ?record= numbers.
func (c *Console) proof(w http.ResponseWriter, r *http.Request) {
	v := c.view(w, r, &page{name: "problem", nav: "live"})
	var refusal *reeve.Refusal
	if v.session, refusal = c.o.Door.Session(r); refusal != nil {
		c.signIn(v)
		return
	}
	d, err := v.exchange(r.PathValue("id"))
	if err == nil && d.Prove != nil {
		err = sorry(d.Prove)
	}
	var text []byte
	var seq uint64
	if err == nil {
		text, seq, err = v.prove(d)
	}
	if err != nil {
		v.problem(v.refusalOf(err))
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="%s-%d.tlog-proof"`, d.ID, seq))
	_, _ = w.Write(text)
}

// proofWait is how long a proof waits for the checkpoint that covers its record.
const proofWait = 3 * time.Second

func (v *view) prove(d *exchangeData) ([]byte, uint64, error) {
	want := d.Outline.Records[len(d.Outline.Records)-1]
	for _, r := range d.Outline.Records {
		if strconv.FormatUint(r.Seq, 10) == v.q.Get("record") {
			want = r
		}
	}
	ctx, cancel := context.WithTimeout(v.ctx(), proofWait)
	defer cancel()
	for {
		p, err := v.c.o.Prover()
		if err != nil && ctx.Err() != nil {
			return nil, 0, err
		}
		if err == nil && p.Size() > want.Seq {
			text, err := p.Prove(want.Seq, want.Leaf)
			if closed := p.Close(); err == nil {
				err = closed
			}
			return text, want.Seq, err
		}
		if err == nil {
			_ = p.Close() // it was only read
		}
		select {
		case <-ctx.Done():
			return nil, 0, sorry(&reeve.Refusal{Status: http.StatusServiceUnavailable, Code: "unpublished", Rule: "console/checkpoint", Message: v.T("problem.unpublished"), Remedy: v.T("problem.unpublished.remedy")})
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// looksLikeID tells the id of a record from a word.
func looksLikeID(s string) bool {
	return len(s) == 26 && strings.Trim(strings.ToUpper(s), "0123456789ABCDEFGHJKMNPQRSTVWXYZ") == ""
}
