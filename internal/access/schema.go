package access

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/cedar-policy/cedar-go/types"
	"github.com/cedar-policy/cedar-go/x/exp/schema"
	"github.com/cedar-policy/cedar-go/x/exp/schema/ast"
	"github.com/cedar-policy/cedar-go/x/exp/schema/resolved"
)

// place finds line and column in an error of the parsers.
var place = regexp.MustCompile(`:(\d+):(\d+)[:" ]`)

func parseProblem(file string, err error, remedy string) Problem {
	p := Problem{File: file, Message: err.Error(), Remedy: remedy}
	if m := place.FindStringSubmatchIndex(p.Message); m != nil {
		p.Line, _ = strconv.Atoi(p.Message[m[2]:m[3]])
		p.Column, _ = strconv.Atoi(p.Message[m[4]:m[5]])
		p.Message = "cannot be read from here: " + strings.TrimSpace(strings.TrimPrefix(p.Message[m[5]:], ":"))
	}
	return p
}

// parseSchema reads the schema files as one schema. A type that stands in two files has the attributes, parents and values
// of both.
func parseSchema(files []Source) (*resolved.Schema, error) {
	whole := &ast.Schema{Namespaces: ast.Namespaces{}}
	root := ast.Namespace{}
	for _, f := range files {
		if len(f.Text) > maxSchemaBytes {
			return nil, tooLarge(f.Name)
		}
		if p := tooDeep(f, maxSchemaDepth); p != nil {
			return nil, Problems{*p}
		}
		var s schema.Schema
		s.SetFilename(f.Name)
		if err := s.UnmarshalCedar(f.Text); err != nil {
			return nil, Problems{parseProblem(f.Name, err, "correct the schema there; `reeve init` writes one that works")}
		}
		add := s.AST()
		err := merge(&root, &ast.Namespace{Entities: add.Entities, Enums: add.Enums, Actions: add.Actions, CommonTypes: add.CommonTypes})
		for name, space := range add.Namespaces {
			into := whole.Namespaces[name]
			err = errors.Join(err, merge(&into, &space))
			whole.Namespaces[name] = into
		}
		if err != nil {
			return nil, Problems{{File: f.Name, Message: err.Error(), Remedy: "declare it once, or add only what the other files do not say"}}
		}
	}
	whole.Entities, whole.Enums, whole.Actions, whole.CommonTypes = root.Entities, root.Enums, root.Actions, root.CommonTypes
	r, err := resolved.Resolve(whole)
	if err != nil {
		name := "schema"
		if len(files) > 0 {
			name = files[len(files)-1].Name
		}
		return nil, Problems{{File: name, Message: err.Error(), Remedy: "declare the type, or correct its name"}}
	}
	return r, nil
}

func merge(into, add *ast.Namespace) error {
	if into.Entities == nil {
		*into = ast.Namespace{Annotations: into.Annotations, Entities: ast.Entities{}, Enums: ast.Enums{}, Actions: ast.Actions{}, CommonTypes: ast.CommonTypes{}}
	}
	var errs []error
	twice := func(what string, name any) {
		errs = append(errs, fmt.Errorf("%s %v is declared twice, differently", what, name))
	}
	for name, e := range add.Entities {
		old, there := into.Entities[name]
		if !there {
			into.Entities[name] = e
			continue
		}
		shape := maps.Clone(old.Shape)
		if shape == nil {
			shape = ast.RecordType{}
		}
		for attr, t := range e.Shape {
			if was, there := shape[attr]; there && !reflect.DeepEqual(was, t) {
				twice("attribute", string(name)+"."+string(attr))
			}
			shape[attr] = t
		}
		old.Shape = shape
		for _, parent := range e.ParentTypes {
			if !slices.Contains(old.ParentTypes, parent) {
				old.ParentTypes = append(slices.Clone(old.ParentTypes), parent)
			}
		}
		if old.Tags == nil {
			old.Tags = e.Tags
		} else if e.Tags != nil && !reflect.DeepEqual(old.Tags, e.Tags) {
			twice("tags of", name)
		}
		into.Entities[name] = old
	}
	for name, e := range add.Enums {
		old := into.Enums[name]
		for _, v := range e.Values {
			if !slices.Contains(old.Values, v) {
				old.Values = append(slices.Clone(old.Values), v)
			}
		}
		into.Enums[name] = old
	}
	for name, a := range add.Actions {
		if old, there := into.Actions[name]; there && !reflect.DeepEqual(old, a) {
			twice("action", name)
		}
		into.Actions[name] = a
	}
	for name, c := range add.CommonTypes {
		if old, there := into.CommonTypes[name]; there && !reflect.DeepEqual(old, c) {
			twice("type", name)
		}
		into.CommonTypes[name] = c
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(errs...)
}

// actionEntities are the schema's actions as entities, each with all that it is in. Without them every rule about a group
// of actions would miss without a word.
func actionEntities(r *resolved.Schema) types.EntityMap {
	out := types.EntityMap{}
	for uid := range r.Actions {
		all := map[types.EntityUID]bool{}
		var climb func(types.EntityUID)
		climb = func(at types.EntityUID) {
			for parent := range r.Actions[at].Entity.Parents.All() {
				if !all[parent] {
					all[parent] = true
					climb(parent)
				}
			}
		}
		climb(uid)
		out[uid] = types.Entity{UID: uid, Parents: types.NewEntityUIDSet(slices.Collect(maps.Keys(all))...)}
	}
	return out
}
