package gateway

import (
	"net/http"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/guard"
)

// guardInput acts on what classify saw: it refuses, or writes the masks into the request. Every byte outside them, and
// outside the model's name where an alias stands for another, goes to the runtime as it came.
func (g *Gateway) guardInput(x *exchange) *reeve.Refusal {
	if x.inBlock != nil {
		return blocked(x.inBlock)
	}
	if x.as != x.req.Model {
		x.edits.SetText(&x.req.Doc, x.req.ModelNode, []byte(x.as))
	}
	if x.edits.Empty() {
		x.sent = append(x.sent[:0], x.body...)
		return nil
	}
	x.sent = x.edits.Apply(x.sent[:0], x.body)
	return nil
}

func blocked(r *guard.Rule) *reeve.Refusal {
	code := "blocked_by_policy"
	if r.ID == guard.ClearanceRule {
		code = "forbidden"
	}
	return &reeve.Refusal{Status: http.StatusForbidden, Code: code, Rule: r.ID, Message: r.Message, Remedy: r.Remedy}
}
