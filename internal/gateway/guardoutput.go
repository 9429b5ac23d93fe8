package gateway

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/custody"
	"github.com/reeve-ai/reeve/internal/guard"
	"github.com/reeve-ai/reeve/internal/upstream"
)

// guardOutput judges the answer and gives it to the caller: piece by piece as it comes where it is a stream, whole
// otherwise. Both judge the same texts with the same rules.
func (g *Gateway) guardOutput(x *exchange) *reeve.Refusal {
	x.outcome.HTTPStatus = x.answer.Status
	media, _, _ := strings.Cut(x.answer.ContentType, ";")
	if x.answer.Status == http.StatusOK && x.ep.Generates() {
		switch strings.TrimSpace(media) {
		case "text/event-stream":
			return g.relayStream(x, true)
		case "application/x-ndjson":
			return g.relayStream(x, false)
		}
	}
	return g.relayWhole(x)
}

// relayWhole reads an answer to its end, judges every text in it and sends it.
func (g *Gateway) relayWhole(x *exchange) *reeve.Refusal {
	var err error
	x.answered, err = readInto(x.answered[:0], &limited{r: x.answer, left: g.opts.MaxAnswer}, x.answer.Length)
	if err != nil {
		if errors.Is(err, errTooLong) {
			return invalidAnswer("it is larger than the limit")
		}
		return g.noAnswer(x, err)
	}
	x.answer.Close() // the connection goes back before the record is waited for
	if refusal := g.confirmed(x); refusal != nil {
		return refusal
	}
	if err := g.parseWhole(x); err != nil {
		if x.answer.Status != http.StatusOK {
			return upstreamError(x.answer.Status)
		}
		return invalidAnswer("it is not valid JSON")
	}
	if x.answer.Status == http.StatusOK && (x.ep.Kind == upstream.Models || x.ep.Kind == upstream.Tags) {
		g.filterModels(x)
	}
	if rule := g.guardWhole(x); rule != nil {
		if rule.ID == guard.ClearanceRule {
			x.outcome.Result = "refused"
			return g.blocked(rule)
		}
		return g.blockWhole(x, g.blocked(rule))
	}
	if g.mayHold(x) && g.holds(x) {
		return g.hold(x)
	}
	return g.sendWhole(x, x.answer.Status, x.out)
}

func (g *Gateway) parseWhole(x *exchange) error {
	x.edits.Reset()
	x.kept.Reset()
	if x.answer.Status != http.StatusOK || x.ep.Kind == upstream.Show {
		return x.ev.ParseAll(x.answered)
	}
	if err := x.ev.Parse(x.ep.Kind, x.answered, false); err != nil {
		return err
	}
	if x.ep.Kind == upstream.Models || x.ep.Kind == upstream.Tags || x.ep.Kind == upstream.Version {
		x.ev.Texts = x.ev.Texts[:0] // the runtime's own catalogue, no model wrote it
	}
	return nil
}

// guardWhole judges every text of the answer and leaves what may go out in x.out; or it returns the rule that ends it.
func (g *Gateway) guardWhole(x *exchange) *guard.Rule {
	began := g.opts.Clock()
	defer func() { x.guardTime += g.opts.Clock().Sub(began) }()
	set := x.set(reeve.Out)
	d := &x.ev.Doc
	var left []reeve.Finding
	var masked []int // choices
	for _, t := range x.ev.Texts {
		x.texts = d.AppendText(x.texts[:0], t.Node)
		res := x.check(set, t.Channel, x.texts)
		if len(res.Findings) > 0 {
			left = append(left, res.Left...)
			x.outVerdict = merge(x.outVerdict, res.Verdict)
		}
		if res.Block != nil {
			g.seen(x, left)
			return res.Block
		}
		if res.Changed {
			masked = append(masked, t.Choice)
			x.edits.SetText(d, t.Node, res.Text)
			x.kept.SetText(d, t.Node, x.vault.Conceal(res.Text))
		}
	}
	g.seen(x, left)
	x.unmirror(masked)
	x.outcome.Result = "ok"
	if len(x.ev.Finishes) > 0 {
		x.outcome.Finish = string(d.Raw(x.ev.Finishes[0].Node))
	}
	x.outcome.TokensIn, x.outcome.TokensOut = x.ev.In, x.ev.Out
	if !x.edits.Empty() {
		x.salt = custody.NewSalt()
		x.produced = x.salt.Tally()
		x.produced.Write(x.answered)
	}
	x.out = x.edits.Apply(x.out[:0], x.answered)
	x.output = x.kept.Apply(x.output[:0], x.answered)
	return nil
}

// unmirror takes out what repeats a masked text in another form: its tokens with their probabilities, or their numbers.
func (x *exchange) unmirror(masked []int) {
	for _, e := range []*upstream.Edits{&x.edits, &x.kept} {
		for _, l := range x.ev.Logprobs {
			if slices.Contains(masked, l.Choice) {
				e.SetRaw(&x.ev.Doc, l.Node, "null")
			}
		}
		if x.ev.Context >= 0 && len(masked) > 0 {
			e.SetRaw(&x.ev.Doc, x.ev.Context, "[]")
		}
	}
}

// sendWhole concludes the exchange and writes a complete JSON answer.
func (g *Gateway) sendWhole(x *exchange, status int, body []byte) *reeve.Refusal {
	x.outcome.HTTPStatus = status
	x.tellLabel(x.label)
	if refusal := g.conclude(x); refusal != nil {
		return refusal
	}
	x.writeHead(status, "application/json", len(body))
	_, _ = x.w.Write(body)
	return nil
}

// blockWhole answers in place of the model: the dialect's own shape of an empty answer that ended because of a filter.
func (g *Gateway) blockWhole(x *exchange, refusal *reeve.Refusal) *reeve.Refusal {
	x.outcome.Result, x.outcome.Rule, x.outcome.Refusal, x.outcome.Finish = "blocked", refusal.Rule, refusal.Code, contentFilter
	x.outcome.TokensIn, x.outcome.TokensOut = x.ev.In, x.ev.Out
	if !x.ep.Generates() || x.answer.Status != http.StatusOK {
		return refusal
	}
	x.out = x.emptyAnswer(x.out[:0], refusal)
	x.output = append(x.output[:0], x.out...)
	return g.sendWhole(x, http.StatusOK, x.out)
}

var errTooLong = errors.New("longer than the limit")

// limited reads at most left bytes and fails where there are more.
type limited struct {
	r    io.Reader
	left int64
}

func (l *limited) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	if l.left -= int64(n); l.left < 0 {
		return n, errTooLong
	}
	return n, err
}

func invalidAnswer(why string) *reeve.Refusal {
	return &reeve.Refusal{
		Status: http.StatusBadGateway, Code: "upstream_invalid", Rule: "gateway/upstream",
		Message: "The answer of the model runtime cannot be judged: " + why + ".", Remedy: "Check the runtime and its version.",
	}
}

func upstreamError(status int) *reeve.Refusal {
	return &reeve.Refusal{
		Status: status, Code: "upstream_error", Rule: "gateway/upstream",
		Message: "The model runtime refused the request without a readable reason.", Remedy: "Check the model's name and the runtime's log.",
	}
}
