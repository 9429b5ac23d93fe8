package analysis

import (
	"fmt"
	"slices"

	"github.com/reeve-ai/reeve/internal/access"
)

// Grant is something that is allowed, with the rules that allow it.
type Grant struct {
	Principal string   `json:"principal"`
	Action    string   `json:"action"`
	Resource  string   `json:"resource"`
	Rules     []string `json:"rules"`
}

// WhoCan lists the principals among the entities that may do what the question asks to its resource. The question's
// principal is not looked at.
func WhoCan(set *access.Set, entities *access.Entities, ask Question) ([]Grant, error) {
	action, err := resolveAction(set, ask.Action)
	if err != nil {
		return nil, err
	}
	a := set.Schema().Actions[action].AppliesTo
	if a == nil {
		return nil, fmt.Errorf("the action %q is not known", ask.Action)
	}
	var out []Grant
	for _, e := range entities.All() {
		if !slices.Contains(a.Principals, e.UID.Type) {
			continue
		}
		ask.Principal = e.UID.String()
		q, err := Resolve(set, entities, ask)
		if err != nil {
			return nil, err
		}
		if _, known := entities.Get(q.Resource); !known {
			return nil, fmt.Errorf("the resource %s is not known", q.Resource)
		}
		if d := set.Decide(q); d.Allow {
			out = append(out, grant(q, d))
		}
	}
	return out, nil
}

// WhatCan lists what the question's principal may do to the entities: every action on every resource. The question's action
// and resource are not looked at.
func WhatCan(set *access.Set, entities *access.Entities, ask Question) ([]Grant, error) {
	var out []Grant
	all := entities.All()
	for _, uid := range set.Actions() {
		a := set.Schema().Actions[uid].AppliesTo
		principal, err := resolveEntity(entities, "principal", ask.Principal, a.Principals)
		if err != nil {
			return nil, err
		}
		if _, known := entities.Get(principal); !known {
			return nil, fmt.Errorf("the principal %s is not known", principal)
		}
		ask.Principal, ask.Action = principal.String(), uid.String()
		for _, e := range all {
			if !slices.Contains(a.Resources, e.UID.Type) {
				continue
			}
			ask.Resource = e.UID.String()
			q, err := Resolve(set, entities, ask)
			if err != nil {
				return nil, err
			}
			if d := set.Decide(q); d.Allow {
				out = append(out, grant(q, d))
			}
		}
	}
	return out, nil
}

func grant(q access.Query, d access.Decision) Grant {
	return Grant{q.Principal.String(), string(q.Action.ID), q.Resource.String(), d.Rules}
}
