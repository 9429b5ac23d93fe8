package gateway

import (
	"net/http"
	"slices"
	"strings"

	"github.com/reeve-ai/reeve"
)

// authenticate finds the endpoint and the caller. What is not governed does not exist: Ollama's pull, push, create,
// delete, copy and blobs never reach the runtime, whoever asks.
func (g *Gateway) authenticate(x *exchange) *reeve.Refusal {
	if x.ep == nil {
		return &reeve.Refusal{
			Status: http.StatusNotFound, Code: "not_found", Rule: "gateway/surface",
			Message: "This path is not part of the governed surface.",
			Remedy:  "Use one of " + g.surface() + ".",
		}
	}
	if x.r.Method != x.ep.Method {
		x.w.Header().Set("Allow", x.ep.Method)
		return &reeve.Refusal{
			Status: http.StatusMethodNotAllowed, Code: "method_not_allowed", Rule: "gateway/surface",
			Message: "This path takes another method.", Remedy: "Use " + x.ep.Method + ".",
		}
	}
	session, refusal := g.opts.Callers.AuthenticateRequest(x.r)
	if refusal != nil {
		return refusal
	}
	x.session = session
	if refusal := session.TakeRequest(x.start); refusal != nil {
		return refusal
	}
	return session.Budget()
}

func (g *Gateway) surface() string {
	var paths []string
	for p := range g.endpoints {
		paths = append(paths, p)
	}
	slices.Sort(paths)
	return strings.Join(paths, ", ")
}
