package access

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/types"
)

// Query is a request in the words of a set's schema.
type Query struct {
	Principal, Action, Resource types.EntityUID
	Context                     types.Record
	Entities                    Holdings
}

// Holdings are the entities that a decision may rest on, checked against the schema.
type Holdings interface {
	types.EntityGetter
	Fault(principal, resource types.EntityUID) error // why they must not be relied on; nil: they may. Never holds a value
	Digest(principal, resource types.EntityUID) string
}

// Decide answers a query. It denies where principal, action or resource has no entity, where an entity or the request does
// not conform to the schema, and where any policy that applies errs: Cedar itself would skip an erring forbid and go on.
func (s *Set) Decide(q Query) Decision {
	d := s.judge(&q)
	d.PolicyDigest, d.SchemaDigest = s.policyDigest, s.schemaDigest
	if q.Entities != nil {
		d.EntityDigest = q.Entities.Digest(q.Principal, q.Resource)
	}
	return d
}

func (s *Set) judge(q *Query) Decision {
	c, err := s.prepare(q)
	if err != nil {
		return faulty("access/bad-request", "the request cannot be judged: "+err.Error(), "the administrator corrects what is known of the principal, the resource or the circumstances", err.Error())
	}
	decision, diagnostic := cedar.Authorize(&c, c.entities, types.Request{Principal: q.Principal, Action: q.Action, Resource: q.Resource, Context: q.Context})
	if len(diagnostic.Errors) > 0 {
		messages := make([]string, len(diagnostic.Errors))
		for i, e := range diagnostic.Errors {
			messages[i] = "policy " + string(e.PolicyID) + " cannot be evaluated: " + withoutValues(e.Message)
		}
		slices.Sort(messages)
		return faulty("access/policy-error", "the access policy cannot be evaluated for this request", "the administrator finds the cause with `reeve access explain`", messages...)
	}
	d := Decision{Allow: decision == cedar.Allow && len(diagnostic.Reasons) > 0}
	for _, r := range diagnostic.Reasons {
		d.Rules = append(d.Rules, string(r.PolicyID))
	}
	slices.Sort(d.Rules)
	if len(d.Rules) == 0 {
		d.Rule, d.Reason, d.Remedy = "access/no-permit", "no rule grants "+string(q.Action.ID), s.askFor(q.Action)
		return d
	}
	p := s.byID[d.Rules[0]]
	d.Rule, d.Reason, d.Remedy = p.ID, p.Reason, p.Remedy
	if d.Remedy == "" && !d.Allow {
		d.Remedy = "ask whoever keeps the access policies what this rule waits for"
	}
	if d.Reason == "" && !d.Allow {
		d.Reason = "the rule " + p.ID + " forbids it"
	}
	return d
}

// prepare checks everything that Cedar would take on trust.
func (s *Set) prepare(q *Query) (chosen, error) {
	c := chosen{slice: s.slices[q.Action], entities: q.Entities, principal: q.Principal, resource: q.Resource}
	if c.slice == nil {
		return c, errors.New("the action is not known")
	}
	if q.Entities == nil {
		return c, errors.New("there are no entities")
	}
	if _, there := q.Entities.Get(q.Principal); !there {
		return c, errors.New("the principal is not known")
	}
	if _, there := q.Entities.Get(q.Resource); !there {
		return c, errors.New("the resource is not known")
	}
	if _, there := q.Entities.Get(q.Action); !there {
		return c, errors.New("the action has no entity")
	}
	if err := q.Entities.Fault(q.Principal, q.Resource); err != nil {
		return c, err
	}
	return c, s.checkRequest(q)
}

// checkRequest checks the types of principal and resource and the whole context.
func (s *Set) checkRequest(q *Query) error {
	err := s.validator.Request(types.Request{Principal: q.Principal, Action: q.Action, Resource: q.Resource, Context: q.Context})
	if err == nil {
		return s.labels.check(func() string { return "context of " + string(q.Action.ID) }, s.labels.contexts[q.Action], q.Context)
	}
	if cause := s.contexts.Entity(types.Entity{UID: contextUID(q.Action), Attributes: q.Context}); cause != nil {
		return fmt.Errorf("context: %w", cause) // which names the attribute; Request would show all values
	}
	return fmt.Errorf("the action does not apply to a %s and a %s", q.Principal.Type, q.Resource.Type)
}

func faulty(rule, reason, remedy string, errs ...string) Decision {
	return Decision{Rule: rule, Reason: reason, Remedy: remedy, Errors: errs}
}

// withoutValues cuts what follows the kind of an evaluation error: names and values of the request.
func withoutValues(message string) string {
	kind, _, _ := strings.Cut(message, "`")
	kind, _, _ = strings.Cut(kind, ":")
	return strings.TrimSpace(kind)
}

// askFor says who may do an action at all, from the scopes of the permits.
func (s *Set) askFor(action types.EntityUID) string {
	c := s.slices[action]
	if !c.granting {
		return "no rule grants it to anybody; the policies would have to change"
	}
	var names []string
	for uid, policies := range c.byPrincipal {
		if slices.ContainsFunc(policies, func(p *Policy) bool { return !p.Forbid }) {
			names = append(names, strings.ToLower(string(uid.Type))+" "+string(uid.ID))
		}
	}
	if len(names) == 0 {
		return "ask its owner to share it, or an administrator for the right"
	}
	slices.Sort(names)
	if len(names) > 8 {
		names = append(names[:8], "…")
	}
	return "it needs one of: " + strings.Join(names, ", ") + "; or that its owner shares it"
}
