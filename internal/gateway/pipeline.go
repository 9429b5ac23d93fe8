package gateway

import (
	"net/http"
	"time"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/access"
	"github.com/reeve-ai/reeve/internal/custody"
	"github.com/reeve-ai/reeve/internal/guard"
	"github.com/reeve-ai/reeve/internal/identity"
	"github.com/reeve-ai/reeve/internal/upstream"
)

// stage is one step of an exchange. A refusal ends it; so does anything that a stage cannot do.
type stage func(*Gateway, *exchange) *reeve.Refusal

// stages is the way of one exchange through the house, in this order and no other. conclude stands in none of them: it
// runs exactly once for every exchange, before its last byte, and a refused, failed or cut-off one is recorded like any
// other.
var stages = [...]stage{
	(*Gateway).authenticate,
	(*Gateway).receive,
	(*Gateway).authorize,
	(*Gateway).attested,
	(*Gateway).classify,
	(*Gateway).guardInput,
	(*Gateway).admit,
	(*Gateway).intend,
	(*Gateway).forward,
	(*Gateway).guardOutput,
}

// exchange is one request and what became of it. It belongs to one goroutine and is reused after the answer.
type exchange struct {
	w  http.ResponseWriter
	r  *http.Request
	id custody.ID

	start, forwarded, firstChunk time.Time
	guardTime, custodyTime       time.Duration

	policy     *snapshot
	ep         *upstream.Endpoint
	bestEffort bool

	session    *identity.Session // after authenticate
	body       []byte            // after receive: as the caller sent it
	req        upstream.Request  // after receive
	upstream   *Upstream         // after authorize
	as         string            // after authorize: the model's name at the runtime
	decision   string            // after authorize: "allow" or "deny"
	rule       string            // after authorize: the access rule
	access     access.Decision   // after authorize
	purpose    string            // after authorize: what the route is used for
	talk       talk              // after authorize
	mark       reeve.Label       // after authorize: of the conversation before this exchange
	modelLabel reeve.Label       // after authorize
	labelIn    reeve.Label       // after classify: of the request as it came
	labelSent  reeve.Label       // after classify: of the request without what masks take away
	label      reeve.Label       // after admit: of the exchange; rises with the answer
	told       reeve.Label       // what the answer's head says
	inVerdict  reeve.Verdict     // after classify
	inBlock    *guard.Rule
	sent       []byte // after guardInput: as the model gets it
	vault      *guard.Vault
	about      custody.Request // after intend
	intended   bool
	answer     *upstream.Answer // after forward

	ev       upstream.Event
	edits    upstream.Edits
	kept     upstream.Edits // the same for the record: without the values that a vault gives back
	texts    []byte         // scratch
	answered []byte         // scratch: the whole answer
	out      []byte         // scratch: bytes on their way to the caller
	output   []byte         // what the caller got, for the record

	outVerdict reeve.Verdict
	concluded  bool
	late       *reeve.Refusal // after conclude: why the answer must not be completed although it is on record
	wrote      bool           // the head of the answer has gone out
	salt       custody.Salt
	produced   *custody.Tally  // commits to the texts as the model wrote them, in the order in which they came
	outcome    custody.Outcome // filled on the way
	stallUntil time.Time

	pass       Pass   // after attested; nil: nobody asks for a verdict
	warned     string // after attested: rule that would have refused the model
	alteration *reeve.Refusal
}

// ServeHTTP walks one exchange through the stages.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ep := g.endpoints[r.URL.Path]
	if ep == nil && g.people != nil && g.people.Serves(r.URL.Path) {
		g.people.ServeHTTP(w, r)
		return
	}
	x := g.begin(w, r)
	x.ep = ep
	defer g.end(x)
	for _, step := range stages {
		if refusal := step(g, x); refusal != nil {
			g.refuse(x, refusal)
			return
		}
	}
}

func (g *Gateway) begin(w http.ResponseWriter, r *http.Request) *exchange {
	x := g.pool.Get().(*exchange)
	x.w, x.r, x.start = w, r, g.opts.Clock()
	x.id = custody.NewID(x.start)
	x.policy = g.policy.Load()
	x.bestEffort = g.opts.BestEffort[r.URL.Path]
	h := w.Header()
	h["Reeve-Exchange"] = []string{x.id.String()}
	h["Reeve-Policy"] = x.policy.header
	h[labelHeader] = publicLabel // a refusal says nothing of what was asked
	if len(r.TransferEncoding) > 0 && r.ProtoMajor == 1 {
		h["Connection"] = closing // a proxy before us may have counted by Content-Length: what follows belongs to nobody
	}
	return x
}

// end gives everything back. A stage that panicked has left an exchange without a record: it is concluded as failed, and
// the connection is dropped so that the caller cannot take what it has for an answer.
func (g *Gateway) end(x *exchange) {
	if p := recover(); p != nil {
		g.opts.Diagnostics.Error("exchange failed", "exchange", x.id.String(), "panic", panicKind(p))
		x.outcome.Result = "failed"
		_ = g.conclude(x)
		x.release()
		panic(http.ErrAbortHandler)
	}
	g.opts.Metrics.observe(x, g.opts.Clock().Sub(x.start))
	gone := x.outcome.HTTPStatus == statusClosed && !x.wrote
	x.release()
	g.pool.Put(x)
	if gone { // who has closed one half of the connection only must not take silence for an empty answer
		panic(http.ErrAbortHandler)
	}
}

var closing = []string{"close"}

// panicKind names the type of a panic, as its text could hold content.
func panicKind(p any) string {
	if err, ok := p.(error); ok {
		if _, isRuntime := err.(interface{ RuntimeError() }); isRuntime {
			return err.Error()
		}
	}
	return "unexpected"
}

// keepBytes bounds the buffers that an idle exchange keeps.
const keepBytes = 64 << 10

// release gives back what others own and forgets the content.
func (x *exchange) release() {
	if x.answer != nil {
		x.answer.Close()
	}
	if x.vault != nil {
		x.vault.Free()
	}
	keep := exchange{req: x.req, ev: x.ev, edits: x.edits, kept: x.kept}
	keep.body, keep.sent, keep.texts = trim(x.body), trim(x.sent), trim(x.texts)
	keep.answered, keep.out, keep.output = trim(x.answered), trim(x.out), trim(x.output)
	large := cap(x.body) > keepBytes || cap(x.answered) > keepBytes
	*x = keep
	if large { // what was parsed from large texts is large itself
		x.req, x.ev, x.edits, x.kept = upstream.Request{}, upstream.Event{}, upstream.Edits{}, upstream.Edits{}
	}
}

func trim(b []byte) []byte {
	if cap(b) > keepBytes {
		return nil
	}
	return b[:0]
}
