package access

import (
	"iter"

	"github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/types"
	"github.com/cedar-policy/cedar-go/x/exp/ast"
)

// slice holds the policies whose scope covers one action. Those that name a principal or a resource in their scope lie
// under that name: for all others the scope is false before anything can err, so leaving them out changes neither the
// decision nor its errors.
type slice struct {
	always      []*Policy
	byPrincipal map[types.EntityUID][]*Policy // principal == X, principal in X
	byResource  map[types.EntityUID][]*Policy // resource == X, resource in X
	granting    bool                          // holds a permit
}

// cut sorts the policies into a slice for each action that can be asked for.
func cut(s *Set) map[types.EntityUID]*slice {
	out := make(map[types.EntityUID]*slice, len(s.schema.Actions))
	var asked []types.EntityUID
	for uid, a := range s.schema.Actions {
		if a.AppliesTo != nil {
			out[uid] = &slice{byPrincipal: map[types.EntityUID][]*Policy{}, byResource: map[types.EntityUID][]*Policy{}}
			asked = append(asked, uid)
		}
	}
	for _, p := range s.policies {
		scope := p.AST()
		for _, uid := range asked {
			if s.covers(scope.Action, uid) {
				out[uid].put(p, scope)
			}
		}
	}
	return out
}

func (c *slice) put(p *Policy, scope *ast.Policy) {
	c.granting = c.granting || !p.Forbid
	if uid, named := anchor(scope.Principal); named {
		c.byPrincipal[uid] = append(c.byPrincipal[uid], p)
	} else if uid, named := anchor(scope.Resource); named {
		c.byResource[uid] = append(c.byResource[uid], p)
	} else {
		c.always = append(c.always, p)
	}
}

// covers reports whether an action scope holds for an action.
func (s *Set) covers(scope ast.IsActionScopeNode, action types.EntityUID) bool {
	in := func(group types.EntityUID) bool {
		return group == action || s.actions[action].Parents.Contains(group)
	}
	switch sc := scope.(type) {
	case ast.ScopeTypeEq:
		return sc.Entity == action
	case ast.ScopeTypeIn:
		return in(sc.Entity)
	case ast.ScopeTypeInSet:
		for _, group := range sc.Entities {
			if in(group) {
				return true
			}
		}
		return false
	}
	return true
}

// anchor is the entity that a scope names.
func anchor(scope ast.IsScopeNode) (types.EntityUID, bool) {
	switch sc := scope.(type) {
	case ast.ScopeTypeEq:
		return sc.Entity, true
	case ast.ScopeTypeIn:
		return sc.Entity, true
	case ast.ScopeTypeIsIn:
		return sc.Entity, true
	}
	return types.EntityUID{}, false
}

// chosen are the policies of a slice that can hold for one request.
type chosen struct {
	*slice
	entities            types.EntityGetter
	principal, resource types.EntityUID
}

// All implements cedar.PolicyIterator.
func (c *chosen) All() iter.Seq2[cedar.PolicyID, *cedar.Policy] {
	return func(yield func(cedar.PolicyID, *cedar.Policy) bool) {
		for p := range c.each {
			if !yield(cedar.PolicyID(p.ID), p.bare) {
				return
			}
		}
	}
}

// each yields the policies, each once.
func (c *chosen) each(yield func(*Policy) bool) {
	for _, p := range c.always {
		if !yield(p) {
			return
		}
	}
	if !under(c.byPrincipal, c.entities, c.principal, yield) {
		return
	}
	under(c.byResource, c.entities, c.resource, yield)
}

// under yields what lies under an entity and under everything that it is in.
func under(by map[types.EntityUID][]*Policy, entities types.EntityGetter, from types.EntityUID, yield func(*Policy) bool) bool {
	if len(by) == 0 {
		return true
	}
	give := func(uid types.EntityUID) bool {
		for _, p := range by[uid] {
			if !yield(p) {
				return false
			}
		}
		return true
	}
	if !give(from) {
		return false
	}
	first, _ := entities.Get(from)
	deep := false
	for parent := range first.Parents.All() {
		above, there := entities.Get(parent)
		deep = deep || there && above.Parents.Len() > 0
	}
	if !deep { // the way of every request: parents without parents need no memory of where one was
		for parent := range first.Parents.All() {
			if parent != from && !give(parent) {
				return false
			}
		}
		return true
	}
	seen, todo := map[types.EntityUID]bool{from: true}, []types.EntityUID{from}
	for len(todo) > 0 {
		entity, _ := entities.Get(todo[len(todo)-1])
		todo = todo[:len(todo)-1]
		for parent := range entity.Parents.All() {
			if seen[parent] {
				continue
			}
			seen[parent] = true
			todo = append(todo, parent)
			if !give(parent) {
				return false
			}
		}
	}
	return true
}
