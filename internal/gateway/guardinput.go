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
		return g.blocked(x.inBlock)
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

func (g *Gateway) blocked(r *guard.Rule) *reeve.Refusal {
	if r.ID == guard.ClearanceRule {
		return &reeve.Refusal{Status: http.StatusForbidden, Code: "forbidden", Rule: r.ID, Message: r.Message, Remedy: r.Remedy}
	}
	return &reeve.Refusal{Status: http.StatusForbidden, Code: "blocked_by_policy", Rule: r.ID, Message: r.Message, Remedy: g.remedyReport(r.Remedy)}
}

// RuleOwner is who answers for a rule of the policy in force, as the policy writes it; "" where it has no such rule.
func (g *Gateway) RuleOwner(rule string) string {
	for _, r := range g.policy.Load().policy.Rules() {
		if r.ID == rule {
			return r.Owner
		}
	}
	return ""
}
