package console

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/access"
	review "github.com/reeve-ai/reeve/internal/people"
	"github.com/reeve-ai/reeve/internal/store"
)

// who is the person as the review queue sees them.
func (v *view) who() *review.Who {
	return &review.Who{Principal: v.session.Principal, Context: access.Context{Now: v.now, MFA: v.session.MFA}}
}

// queue is the review queue, or a refusal where the server has none.
func (v *view) queue() (*review.Service, error) {
	if v.c.o.Review == nil {
		return nil, sorry(&reeve.Refusal{Status: http.StatusNotFound, Code: "not_found", Rule: "console/review", Message: v.T("review.off"), Remedy: v.T("review.off.remedy")})
	}
	return v.c.o.Review, nil
}

// reviewRefusal gives the errors of the queue a page of their own.
func (v *view) reviewRefusal(err error) error {
	if err == nil {
		return nil
	}
	if r := review.RefusalOf(err); r != nil {
		return sorry(r)
	}
	status, rule, remedy := 0, "", ""
	switch {
	case errors.Is(err, review.ErrTaken), errors.Is(err, review.ErrDone):
		status, rule, remedy = http.StatusConflict, "review/taken", "review.taken.remedy"
	case errors.Is(err, review.ErrNotYours):
		status, rule, remedy = http.StatusForbidden, "review/not-yours", "review.notyours.remedy"
	case errors.Is(err, review.ErrInvalid):
		status, rule, remedy = http.StatusUnprocessableEntity, "review/invalid", "review.invalid.remedy"
	case errors.Is(err, review.ErrNotReady):
		status, rule, remedy = http.StatusServiceUnavailable, "review/not-ready", "review.notready.remedy"
	default:
		return err
	}
	return sorry(&reeve.Refusal{Status: status, Code: "review", Rule: rule, Message: err.Error(), Remedy: v.T(remedy)})
}

// reviewData is the queue.
type reviewData struct {
	*table
	NotClaim *reeve.Refusal // why the person may decide nothing
}

// reviewQueue lists what waits for a person, the most urgent first.
func reviewQueue(v *view) (any, error) {
	s, err := v.queue()
	if err != nil {
		return nil, err
	}
	state := v.q.Get("state")
	if state == "" {
		state = store.ReviewOpen
	}
	f := store.ReviewFilter{State: state, Source: v.q.Get("source"), After: v.q.Get("after"), Limit: pageSize + 1}
	if state == "any" {
		f.State = ""
	}
	if v.q.Get("format") != "" {
		f.Limit = 1000
	}
	list, err := s.List(v.ctx(), v.who(), f)
	if err != nil {
		return nil, v.reviewRefusal(err)
	}
	t := &table{v: v, Name: "review", Columns: []column{{Name: "due"}, {Name: "item"}, {Name: "sources"}, {Name: "label"}, {Name: "model"}, {Name: "rules"}, {Name: "state"}}}
	states := v.choose("state", []string{store.ReviewOpen, store.ReviewClaimed, store.ReviewDecided, store.ReviewExpired, "any"})
	states.Options = states.Options[1:] // what waits comes first
	t.Filters = []filter{states, v.choose("source", review.Sources())}
	if f.After != "" {
		t.Newest = v.with("after", "")
	}
	if len(list) > pageSize && v.q.Get("format") == "" {
		list = list[:pageSize]
		t.Next = v.with("after", list[pageSize-1].ID)
	}
	for i := range list {
		t.Rows = append(t.Rows, v.reviewRow(&list[i]))
	}
	// Whether somebody may decide at all is asked about an exchange of somebody else.
	other := access.Resource{Kind: access.KindReview, Name: "*", Owner: "author:other"}
	return &reviewData{t, v.decide("review:decide", other)}, nil
}

func (v *view) reviewRow(it *store.ReviewItem) row {
	var sources, rules []string
	for _, s := range it.Sources {
		sources = append(sources, v.word("source", s))
	}
	for _, r := range it.Rules {
		rules = append(rules, r.Rule)
	}
	tone := ""
	if it.Outcome == "" && it.Due.Before(v.now) {
		tone = "bad"
	}
	state := v.word("state", it.State)
	if it.Outcome != "" {
		state += ": " + v.word("outcome", it.Outcome)
	}
	if !it.Escalated.IsZero() {
		state += " · " + v.T("review.escalated")
	}
	return row{ID: it.ID, Cells: []cell{
		at(it.Due), monoLink(it.ID, Home+"review/items/"+it.ID), plain(strings.Join(sources, ", ")), plain(it.Label.String()), plain(it.Model), mono(strings.Join(rules, ", ")), toned(state, tone),
	}}
}

// itemData is one item.
type itemData struct {
	*review.View
	Facts      []fact
	Mine       bool // the person has claimed it
	Open       bool // somebody may decide
	NotDecide  string
	NotReveal  string
	Categories []string
	Turns      []said
}

// said is one text of the exchange.
type said struct {
	Side, Role string
	Text       shown
}

func reviewItem(v *view) (any, error) {
	s, err := v.queue()
	if err != nil {
		return nil, err
	}
	w, err := s.Show(v.ctx(), v.who(), v.r.PathValue("id"))
	if err != nil {
		return nil, v.reviewRefusal(err)
	}
	return v.item(w), nil
}

func (v *view) item(w *review.View) *itemData {
	it := &w.Item
	d := &itemData{View: w, NotDecide: w.May["decide"], NotReveal: w.May["reveal"], Categories: review.Categories()}
	d.Mine = it.State == store.ReviewClaimed && it.Assignee == v.session.Principal.ID
	d.Open = it.State == store.ReviewOpen || it.State == store.ReviewClaimed
	var sources []string
	for _, source := range it.Sources {
		sources = append(sources, v.word("source", source))
	}
	share := v.T("review.notdrawn")
	if it.Share > 0 {
		share = strconv.FormatFloat(float64(it.Share)/review.Whole*100, 'f', -1, 64) + " %"
	}
	d.Facts = []fact{
		{v.T("col.sources"), plain(strings.Join(sources, ", "))},
		{v.T("col.due"), at(it.Due)},
		{v.T("col.exchange"), monoLink(it.ID, Home+"exchanges/"+it.ID)},
		{v.T("col.label"), plain(it.Label.String())},
		{v.T("col.model"), plain(it.Model)},
		{v.T("col.route"), mono(it.Route)},
		{v.T("col.result"), toned(v.word("result", it.Result), tones[it.Result])},
		{v.T("review.probability"), plain(share)},
		{v.T("review.need"), count(int64(it.Need))},
	}
	for _, part := range []struct {
		side  string
		turns []review.Turn
	}{{"input", w.Input}, {"output", w.Output}} {
		for _, turn := range part.turns {
			d.Turns = append(d.Turns, said{part.side, turn.Role, lines(turn.Text)})
		}
	}
	return d
}

// revealItem shows an item without masks. It is on record before it is shown.
func revealItem(v *view) (string, error) {
	v.page = &page{name: "reviewitem", nav: "review"}
	s, err := v.queue()
	if err != nil {
		return "", err
	}
	reason, err := v.reason()
	if err != nil {
		return "", err
	}
	w, err := s.Reveal(v.ctx(), v.who(), v.r.PathValue("id"), reason)
	if err != nil {
		return "", v.reviewRefusal(err)
	}
	v.render(http.StatusOK, "reviewitem", v.item(w))
	return "", nil
}

// claimNext gives the person the most urgent item that they may decide.
func claimNext(v *view) (string, error) {
	s, err := v.queue()
	if err != nil {
		return "", err
	}
	list, err := s.Claim(v.ctx(), v.who(), 1)
	if err != nil {
		return "", v.reviewRefusal(err)
	}
	if len(list) == 0 {
		return "review?done=nothing", nil
	}
	return "review/items/" + list[0].ID, nil
}

func claimItem(v *view) (string, error) {
	s, err := v.queue()
	if err != nil {
		return "", err
	}
	it, err := s.ClaimOne(v.ctx(), v.who(), v.r.PathValue("id"), v.version())
	return "review/items/" + it.ID, v.reviewRefusal(err)
}

func giveBack(v *view) (string, error) {
	s, err := v.queue()
	if err != nil {
		return "", err
	}
	_, err = s.GiveBack(v.ctx(), v.who(), v.r.PathValue("id"))
	return "review?done=given", v.reviewRefusal(err)
}

// version is the version of the item that the page showed.
func (v *view) version() int64 {
	n, err := strconv.ParseInt(v.field("version"), 10, 64)
	if err != nil || n < 1 {
		return -1 // none that there is
	}
	return n
}

// decideItem takes a verdict. Of two people who decide the same item, the second is told, with what they wrote.
func decideItem(v *view) (string, error) {
	s, err := v.queue()
	if err != nil {
		return "", err
	}
	reason, err := v.reason()
	if err != nil {
		return "", err
	}
	d := review.Decision{
		Item: v.r.PathValue("id"), Version: v.version(), Outcome: v.field("outcome"), Category: v.field("category"), Reason: reason,
		Missed: strings.Fields(strings.ReplaceAll(v.field("missed"), ",", " ")), Wrong: v.r.PostForm["wrong"],
	}
	if d.Outcome == review.OutcomeCorrect {
		d.Corrected = v.r.PostForm.Get("corrected")
	}
	if _, err := s.Decide(v.ctx(), v.who(), d); err != nil {
		return "", v.reviewRefusal(err)
	}
	if v.field("next") != "" {
		return claimNext(v)
	}
	return "review?done=decided", nil
}

// statsData are the figures of the queue.
type statsData struct {
	*table
	Facts []fact
}

func reviewStats(v *view) (any, error) {
	s, err := v.queue()
	if err != nil {
		return nil, err
	}
	since, _, err := v.span()
	if err != nil {
		return nil, err
	}
	st, err := s.Stats(v.ctx(), since)
	if err != nil {
		return nil, err
	}
	d := &statsData{table: &table{v: v, Name: "guards", Filters: []filter{{Name: "since", Kind: "date", Value: v.q.Get("since")}}, Columns: []column{{Name: "rule"}, {Name: "falsepositive"}, {Name: "falsenegative"}, {Name: "precision"}}}}
	for _, state := range []string{store.ReviewOpen, store.ReviewClaimed, store.ReviewDecided, store.ReviewExpired} {
		d.Facts = append(d.Facts, fact{v.word("state", state), count(int64(st.States[state]))})
	}
	d.Facts = append(d.Facts, fact{v.T("review.overdue"), count(int64(st.Overdue))}, fact{v.T("review.judged"), plain(fmt.Sprintf("%d / %d", st.Judged, st.Drawn))},
		fact{v.T("review.kappa"), plain(v.agreement(&st.Violation))}, fact{v.T("review.kappa.outcome"), plain(v.agreement(&st.Outcome))})
	for i := range st.Guards {
		g := &st.Guards[i]
		name := mono(g.Rule)
		if g.Rule == review.AllRules {
			name = plain(v.T("review.all"))
		}
		d.Rows = append(d.Rows, row{ID: g.Rule, Cells: []cell{name, v.rate(g.FalsePositive), v.rate(g.FalseNegative), v.rate(g.Precision)}})
	}
	return d, nil
}

func (v *view) agreement(a *review.Agreement) string {
	if !a.Estimate {
		return v.T("review.toofew", a.Agreed, a.Items)
	}
	return fmt.Sprintf("%.2f (%.2f – %.2f), %d / %d", a.Kappa, a.Low, a.High, a.Agreed, a.Items)
}

func (v *view) rate(r *review.Rate) cell {
	if r == nil {
		return plain(v.T("review.unknown"))
	}
	return plain(fmt.Sprintf("%.2f %% (%.2f – %.2f)", 100*r.Value, 100*r.Low, 100*r.High))
}

// Stamp is a time for templates.
func (d *itemData) Stamp(t time.Time) string { return stamp(t) }
