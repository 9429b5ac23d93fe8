package console

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/custody"
	"github.com/reeve-ai/reeve/internal/lifecycle"
)

// checking is the verification of the whole log that runs, or ran last.
type checking struct {
	mu      sync.Mutex
	Running bool
	Began   time.Time
	Ended   time.Time
	Report  custody.Report
	Failed  string
}

func (c *checking) state() *checked {
	c.mu.Lock()
	defer c.mu.Unlock()
	return &checked{c.Running, c.Began, c.Ended, c.Report, c.Failed}
}

// checked is what is known of it.
type checked struct {
	Running      bool
	Began, Ended time.Time
	Report       custody.Report
	Failed       string
}

type custodyData struct {
	Stats      custody.Stats
	Behind     uint64
	Checkpoint string
	Origin     string
	Size       uint64
	Check      *checked
}

func custodyPage(v *view) (any, error) {
	d := &custodyData{Stats: v.c.o.Log.Stats(), Behind: v.c.o.Records.Behind(), Check: v.c.check.state()}
	if p, err := v.c.o.Prover(); err == nil {
		d.Checkpoint, d.Origin, d.Size = string(p.Checkpoint()), p.Origin(), p.Size()
		_ = p.Close() // it was only read
	}
	return d, nil
}

// checkpoint is the newest signed head, to be kept elsewhere.
func (c *Console) checkpoint(w http.ResponseWriter, r *http.Request) {
	v := c.view(w, r, &page{name: "problem", nav: "custody"})
	if v.session, _ = c.o.Door.Session(r); v.session == nil {
		c.signIn(v)
		return
	}
	if refusal := v.Deny("record:list"); refusal != nil {
		v.problem(refusal)
		return
	}
	p, err := c.o.Prover()
	if err != nil {
		v.problem(v.refusalOf(err))
		return
	}
	defer p.Close()
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="checkpoint.txt"`)
	_, _ = w.Write(p.Checkpoint())
}

// startVerify has the whole log checked, once at a time, behind the answer. That it was asked for is on record before.
func startVerify(v *view) (string, error) {
	if v.c.o.Verify == nil {
		return "", sorry(&reeve.Refusal{Status: http.StatusNotFound, Code: "not_found", Rule: "console/verify", Message: v.T("problem.verify"), Remedy: "reeve custody verify"})
	}
	c := &v.c.check
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.Running {
		return "custody?done=verify.running", nil
	}
	if _, err := v.c.o.Log.Event(&custody.Event{Kind: custody.EventAccess, Actor: v.session.Principal.ID, Act: "log.verify", Result: "ok"}); err != nil {
		return "", err
	}
	c.Running, c.Began, c.Failed = true, v.now, ""
	go func() {
		report, err := v.c.o.Verify(context.Background())
		c.mu.Lock()
		defer c.mu.Unlock()
		c.Running, c.Ended, c.Report = false, v.c.o.Clock().UTC(), report
		if err != nil {
			c.Failed = err.Error()
		}
	}()
	return "custody?done=verify.started", nil
}

type holdsData struct {
	Holds   *table
	Waiting *table
	Open    []lifecycle.Hold
}

func (d *holdsData) tables() []*table { return []*table{d.Holds, d.Waiting} }

// holds lists legal holds, and the erasures that they hold back.
func holds(v *view) (any, error) {
	in := v.c.o.Records.Known()
	d := &holdsData{Open: in.Holds}
	var rows []row
	for _, h := range in.Holds {
		rows = append(rows, row{ID: h.ID, Cells: []cell{at(h.Added), monoLink(h.ID, Home+"exchanges/"+h.ID), plain(h.Scope.String()), plain(h.Reason), plain(h.Owner)}})
	}
	d.Holds = v.list("holds", []column{{Name: "time", Sort: true}, {Name: "record"}, {Name: "scope"}, {Name: "reason"}, {Name: "owner", Sort: true}}, rows)
	rows = nil
	for _, e := range in.Waiting {
		rows = append(rows, row{ID: e.ID, Cells: []cell{at(e.Requested), monoLink(e.ID, Home+"exchanges/"+e.ID), plain(strings.Join(e.Subjects, ", ")), plain(e.Reason), mono(strings.Join(e.HeldBy, ", "))}})
	}
	d.Waiting = v.list("erasures", []column{{Name: "time"}, {Name: "record"}, {Name: "subject"}, {Name: "reason"}, {Name: "heldby"}}, rows)
	d.Waiting.Filters = nil
	return d, nil
}

// addHold lays a legal hold.
func addHold(v *view) (string, error) {
	reason, err := v.reason()
	if err != nil {
		return "", err
	}
	q := lifecycle.HoldRequest{Reason: reason, Owner: v.field("owner"), Actor: v.session.Principal.ID, Scope: lifecycle.Scope{Subject: v.field("subject")}}
	for _, f := range []struct {
		name string
		to   *time.Time
	}{{"since", &q.Scope.Since}, {"until", &q.Scope.Until}} {
		if text := v.field(f.name); text != "" {
			if *f.to, err = time.Parse(time.DateOnly, text); err != nil {
				return "", invalid("date", v.T("problem.date"), v.T("problem.date.remedy"))
			}
		}
	}
	if q.Owner == "" {
		q.Owner = v.session.Principal.Name
	}
	if err := q.Scope.Validate(); err != nil {
		return "", invalid("scope", v.T("problem.scope"), v.T("problem.scope.remedy"))
	}
	if _, err := v.c.o.Records.AddHold(v.ctx(), q); err != nil {
		return "", err
	}
	return "custody/holds?done=hold.added", nil
}

// releaseHold ends a legal hold. Of two people who do it at once, one is told that the other was faster.
func releaseHold(v *view) (string, error) {
	reason, err := v.reason()
	if err != nil {
		return "", err
	}
	if _, err := v.c.o.Records.ReleaseHold(v.ctx(), lifecycle.ReleaseRequest{ID: v.field("id"), Reason: reason, Actor: v.session.Principal.ID}); err != nil {
		return "", err
	}
	return "custody/holds?done=hold.released", nil
}

type subjectsData struct {
	Subject string
	Found   *table
	Receipt *lifecycle.Receipt
}

// subjects is where requests of people are answered: what is held about them, a copy of it, and its erasure.
func subjects(*view) (any, error) { return &subjectsData{}, nil }

// findSubject lists what is held about a person. It is a form that is sent, so that no name stands in an address, and it is
// on record.
func findSubject(v *view) (string, error) {
	v.page = &page{name: "subjects", nav: "custody"}
	d := &subjectsData{Subject: v.field("subject")}
	if d.Subject == "" {
		return "", invalid("subject", v.T("problem.subject"), v.T("problem.subject.remedy"))
	}
	p, err := v.c.o.Records.Search(v.ctx(), lifecycle.SearchRequest{Query: lifecycle.Query{Subject: d.Subject, Limit: 100}, Actor: v.session.Principal.ID})
	if err != nil {
		return "", err
	}
	d.Found = v.exchangeTable("subject", nil, "")
	v.addHits(d.Found, p.Hits)
	d.Found.Partial = p.Next != 0
	v.render(http.StatusOK, "subjects", d)
	return "", nil
}

// erase forgets a person. The answer is the receipt.
func erase(v *view) (string, error) {
	v.page = &page{name: "subjects", nav: "custody"}
	reason, err := v.reason()
	if err != nil {
		return "", err
	}
	subject := v.field("subject")
	if subject == "" || subject != v.field("again") {
		return "", invalid("subject", v.T("problem.twice"), v.T("problem.twice.remedy"))
	}
	receipt, err := v.c.o.Records.Erase(v.ctx(), lifecycle.EraseRequest{Subject: subject, Reason: reason, Actor: v.session.Principal.ID})
	if receipt == nil && err != nil {
		return "", err
	}
	v.render(http.StatusOK, "subjects", &subjectsData{Receipt: receipt})
	return "", nil
}

// export is a copy of what is held about a person, with proofs (GDPR Art. 15 and 20): a stream that `reeve custody` unpacks.
func (c *Console) export(w http.ResponseWriter, r *http.Request) {
	v := c.view(w, r, &page{name: "problem", nav: "custody"})
	if !v.post(act{action: "record:export"}) {
		return
	}
	subject := v.field("subject")
	if subject == "" {
		v.again(v.refusalOf(invalid("subject", v.T("problem.subject"), v.T("problem.subject.remedy"))), false)
		return
	}
	out := &lateHeader{w: w}
	err := c.o.Records.Export(v.ctx(), lifecycle.ExportRequest{Subject: subject, Payloads: true, Actor: v.session.Principal.ID}, out)
	switch {
	case err != nil && !out.begun:
		v.again(v.refusalOf(err), false)
	case err != nil:
		c.o.Diagnostics.Warn("an export was cut off", "error", err)
		panic(http.ErrAbortHandler) // so that the file is not taken for whole
	}
}

// lateHeader says that a file comes once there is something in it: until then a refusal can be a page.
type lateHeader struct {
	w     http.ResponseWriter
	begun bool
}

func (l *lateHeader) Write(p []byte) (int, error) {
	if !l.begun {
		l.begun = true
		l.w.Header().Set("Content-Type", "application/octet-stream")
		l.w.Header().Set("Content-Disposition", `attachment; filename="reeve-subject.bundle"`)
	}
	return l.w.Write(p)
}

// eventKinds are those that can be asked for.
var eventKinds = []string{"admin", "access", "scan", "gate", "review", "hold", "erasure", "retention", "law", "training", "isolation", "policy"}

// events lists what is no exchange.
func events(v *view) (any, error) {
	kind := v.q.Get("kind")
	if kind == "" {
		kind = "admin"
	}
	since, until, err := v.span()
	if err != nil {
		return nil, err
	}
	t, err := v.eventTable("events", lifecycle.Listing{Kind: kind, Since: since, Until: until, Before: v.before(), Limit: pageSize})
	if err != nil {
		return nil, err
	}
	f := filter{Name: "kind", Kind: "select", Value: kind}
	for _, k := range eventKinds {
		f.Options = append(f.Options, option{k, v.word("kind", k), k == kind})
	}
	t.Filters = []filter{f, {Name: "since", Kind: "date", Value: v.q.Get("since")}, {Name: "until", Kind: "date", Value: v.q.Get("until")}}
	return t, nil
}

// Records is the number of records of a report, for people.
func (c *checked) Records() string { return strconv.FormatUint(c.Report.Leaves, 10) }

// Problems are what a report found, as text.
func (c *checked) Problems() []string {
	var out []string
	for _, p := range c.Report.Problems {
		where := p.File
		if p.Seq != nil {
			where = fmt.Sprintf("%s %d", where, *p.Seq)
		}
		out = append(out, strings.TrimSpace(where+" "+p.Message))
	}
	return out
}
