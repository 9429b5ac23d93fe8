package analysis

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cedar-policy/cedar-go/types"
	"github.com/cedar-policy/cedar-go/x/exp/ast"
	"github.com/cedar-policy/cedar-go/x/exp/schema/resolved"

	"github.com/reeve-ai/reeve/internal/access"
)

// facts are what a policy looks at: attributes by their first name ("principal.clearance"), memberships by the type of what
// one is in ("principal in Role"), and the literals it compares with.
type facts struct {
	keys     map[string]bool
	texts    map[string][]types.String // literals in policies that look at a key
	longs    map[string][]types.Long
	entities map[types.EntityType][]types.EntityUID
}

func newFacts() *facts {
	return &facts{keys: map[string]bool{}, texts: map[string][]types.String{}, longs: map[string][]types.Long{}, entities: map[types.EntityType][]types.EntityUID{}}
}

// add notes what a policy looks at, where principal and resource are of the types given.
func (f *facts) add(p *access.Policy, schema *resolved.Schema, k kinds) {
	tree := p.AST()
	mine := map[string]bool{}
	for root, scope := range map[string]ast.IsScopeNode{"principal": tree.Principal, "resource": tree.Resource} {
		switch s := scope.(type) {
		case ast.ScopeTypeIn:
			f.entity(s.Entity)
			mine[root+" in "+string(s.Entity.Type)] = true
		case ast.ScopeTypeIsIn:
			f.entity(s.Entity)
			mine[root+" in "+string(s.Entity.Type)] = true
		case ast.ScopeTypeEq:
			f.entity(s.Entity)
			mine[root+" is"] = true
		}
	}
	var texts []types.String
	var longs []types.Long
	for _, c := range tree.Conditions {
		ast.Inspect(ast.NewNode(c.Body), func(n ast.IsNode) bool {
			switch n := n.(type) {
			case ast.NodeTypeAccess:
				if root, is := variable(n.Arg); is {
					mine[root+"."+string(n.Value)] = true
				}
			case ast.NodeTypeHas:
				if root, is := variable(n.Arg); is {
					mine[root+"."+string(n.Value)] = true
				}
			case ast.NodeTypeGetTag:
				f.tag(n.Left, mine)
			case ast.NodeTypeHasTag:
				f.tag(n.Left, mine)
			case ast.NodeTypeIn:
				if root, is := variable(n.Left); is {
					for _, t := range k.targets(n.Right, schema) {
						mine[root+" in "+string(t)] = true
					}
				}
			case ast.NodeValue:
				switch v := n.Value.(type) {
				case types.String:
					texts = append(texts, v)
				case types.Long:
					longs = append(longs, v)
				case types.EntityUID:
					f.entity(v)
				}
			}
			return true
		})
	}
	for key := range mine {
		f.keys[key] = true
		f.texts[key] = addNew(f.texts[key], texts...)
		f.longs[key] = addNew(f.longs[key], longs...)
	}
}

func (f *facts) tag(of ast.IsNode, mine map[string]bool) {
	if root, is := variable(of); is {
		mine[root+" tags"] = true
	}
}

func (f *facts) entity(uid types.EntityUID) {
	f.entities[uid.Type] = addNew(f.entities[uid.Type], uid)
}

func addNew[T comparable](list []T, more ...T) []T {
	for _, m := range more {
		if !slices.Contains(list, m) {
			list = append(list, m)
		}
	}
	return list
}

func variable(n ast.IsNode) (string, bool) {
	v, is := n.(ast.NodeTypeVariable)
	return string(v.Name), is
}

// kinds are the types of one way to ask for an action.
type kinds struct {
	action              types.EntityUID
	principal, resource types.EntityType
}

func (k kinds) shape(root string, schema *resolved.Schema) resolved.RecordType {
	switch root {
	case "principal":
		return schema.Entities[k.principal].Shape
	case "resource":
		return schema.Entities[k.resource].Shape
	}
	return schema.Actions[k.action].AppliesTo.Context
}

// targets are the types of entities that an expression to the right of "in" can give.
func (k kinds) targets(n ast.IsNode, schema *resolved.Schema) []types.EntityType {
	switch n := n.(type) {
	case ast.NodeValue:
		if uid, is := n.Value.(types.EntityUID); is {
			return []types.EntityType{uid.Type}
		}
	case ast.NodeTypeVariable:
		if n.Name == "resource" {
			return []types.EntityType{k.resource}
		}
	case ast.NodeTypeSet:
		var all []types.EntityType
		for _, e := range n.Elements {
			all = append(all, k.targets(e, schema)...)
		}
		return all
	case ast.NodeTypeAccess:
		if root, is := variable(n.Arg); is {
			switch t := k.shape(root, schema)[n.Value].Type.(type) {
			case resolved.EntityType:
				return []types.EntityType{types.EntityType(t)}
			case resolved.SetType:
				if e, is := t.Element.(resolved.EntityType); is {
					return []types.EntityType{types.EntityType(e)}
				}
			}
		}
	}
	return nil
}

// ways are all combinations of an action with types that it applies to, sorted.
func ways(schema *resolved.Schema, actions []types.EntityUID) (out []kinds) {
	for _, uid := range actions {
		a := schema.Actions[uid].AppliesTo
		for _, p := range a.Principals {
			for _, r := range a.Resources {
				out = append(out, kinds{uid, p, r})
			}
		}
	}
	return out
}

func (k kinds) String() string {
	return fmt.Sprintf("%s by %s on %s", k.action.ID, k.principal, k.resource)
}

// root and name take a key apart: "resource.label" → "resource", ".label".
func splitKey(key string) (root, rest string) {
	i := strings.IndexAny(key, ". ")
	return key[:i], key[i:]
}
