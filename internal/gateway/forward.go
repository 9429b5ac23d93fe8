package gateway

import (
	"context"
	"net/http"

	"github.com/reeve-ai/reeve"
)

// forward asks the runtime. It gets the request that was judged and nothing else of the caller's: no headers, no key.
// When the caller leaves, the runtime's connection is closed at once.
func (g *Gateway) forward(x *exchange) *reeve.Refusal {
	x.forwarded = g.opts.Clock()
	if x.pass != nil { // the record may have taken a while
		if refusal := x.pass.Refusal(x.forwarded); refusal != nil {
			return refusal
		}
	}
	var body []byte
	if x.ep.Method == http.MethodPost {
		body = x.sent
	}
	answer, err := x.upstream.Client.DoTraced(x.r.Context(), x.ep.Method, x.ep.Path, body, g.traceparent(x))
	if err != nil {
		return g.noAnswer(x, err)
	}
	x.firstChunk = g.opts.Clock()
	x.answer = answer
	return nil
}

// statusClosed is what the record says of a caller who left before the answer; nobody receives it.
const statusClosed = 499

func (g *Gateway) noAnswer(x *exchange, err error) *reeve.Refusal {
	if x.r.Context().Err() != nil {
		x.outcome.Result = "cut"
		return &reeve.Refusal{
			Status: statusClosed, Code: "client_closed", Rule: "gateway/client",
			Message: "The caller left before the answer.", Remedy: "None.",
		}
	}
	x.outcome.Result = "failed"
	g.opts.Diagnostics.Warn("upstream failed", "exchange", x.id.String(), "upstream", x.upstream.Name, "error", err)
	return &reeve.Refusal{
		Status: http.StatusBadGateway, Code: "upstream_unavailable", Rule: "gateway/upstream",
		Message: "The model runtime does not answer.", Remedy: "Check that it runs and that the upstream's address is right.",
	}
}

// left reports whether the caller is gone.
func left(ctx context.Context) bool { return ctx.Err() != nil }
