package access

import (
	"fmt"
	"strings"

	"github.com/cedar-policy/cedar-go/types"
	"github.com/cedar-policy/cedar-go/x/exp/schema/resolved"
	"github.com/cedar-policy/cedar-go/x/exp/schema/validate"

	"github.com/reeve-ai/reeve"
)

// contextUID names the context of an action as if it were an entity, with a type that no schema can declare.
func contextUID(action types.EntityUID) types.EntityUID {
	return types.NewEntityUID(types.EntityType("context of "+action.String()), "")
}

// contextValidator checks contexts as if they were entities: its errors name the attribute and show no value.
func contextValidator(r *resolved.Schema) *validate.Validator {
	shadow := &resolved.Schema{Entities: map[types.EntityType]resolved.Entity{}}
	for uid, a := range r.Actions {
		if a.AppliesTo != nil {
			name := contextUID(uid).Type
			shadow.Entities[name] = resolved.Entity{Name: name, Shape: a.AppliesTo.Context}
		}
	}
	return validate.New(shadow, validate.WithStrict())
}

// labelPlaces are the paths at which a schema has labels: records of exactly a level and categories. To Cedar a level is
// any number and a category any text; a label that is out of range would pass every comparison.
type labelPlaces struct {
	entities map[types.EntityType][][]types.String
	contexts map[types.EntityUID][][]types.String
}

func findLabels(r *resolved.Schema) labelPlaces {
	l := labelPlaces{entities: map[types.EntityType][][]types.String{}, contexts: map[types.EntityUID][][]types.String{}}
	for name, e := range r.Entities {
		if found := labelsIn(e.Shape, nil); found != nil {
			l.entities[name] = found
		}
	}
	for uid, a := range r.Actions {
		if a.AppliesTo != nil {
			if found := labelsIn(a.AppliesTo.Context, nil); found != nil {
				l.contexts[uid] = found
			}
		}
	}
	return l
}

func labelsIn(shape resolved.RecordType, at []types.String) (found [][]types.String) {
	for name, attribute := range shape {
		inner, ok := attribute.Type.(resolved.RecordType)
		if !ok {
			continue
		}
		path := append(at[:len(at):len(at)], name)
		if isLabel(inner) {
			found = append(found, path)
		} else {
			found = append(found, labelsIn(inner, path)...)
		}
	}
	return found
}

func isLabel(t resolved.RecordType) bool {
	level, categories := t["level"], t["categories"]
	_, long := level.Type.(resolved.LongType)
	set, isSet := categories.Type.(resolved.SetType)
	if len(t) != 2 || !long || !isSet {
		return false
	}
	_, text := set.Element.(resolved.StringType)
	return text
}

func (l *labelPlaces) check(whose func() string, places [][]types.String, record types.Record) error {
	for _, path := range places {
		value := types.Value(record)
		for _, name := range path {
			r, ok := value.(types.Record)
			if !ok {
				break
			}
			value, _ = r.Get(name)
		}
		label, ok := value.(types.Record)
		if !ok {
			continue // optional and absent; anything else the validator refuses
		}
		if err := checkLabel(label); err != nil {
			return fmt.Errorf("%s: %s: %w", whose(), joinPath(path), err)
		}
	}
	return nil
}

func checkLabel(label types.Record) error {
	value, _ := label.Get("level")
	if level, ok := value.(types.Long); !ok || level < types.Long(reeve.Public) || level > types.Long(reeve.Restricted) {
		return fmt.Errorf("the level is none of 0 (public) to %d (restricted)", reeve.Restricted)
	}
	value, _ = label.Get("categories")
	categories, ok := value.(types.Set)
	if !ok {
		return fmt.Errorf("there are no categories")
	}
	for c := range categories.All() {
		if name, ok := c.(types.String); !ok || name == "" || strings.ContainsAny(string(name), "{}, \t\n") {
			return fmt.Errorf("a category is empty or has a brace, comma or space")
		}
	}
	return nil
}

func joinPath(path []types.String) string {
	parts := make([]string, len(path))
	for i, p := range path {
		parts[i] = string(p)
	}
	return strings.Join(parts, ".")
}
