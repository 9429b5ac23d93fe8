package analysis

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/cedar-policy/cedar-go/types"
	"github.com/cedar-policy/cedar-go/x/exp/schema/resolved"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/access"
)

// world is a small world: one principal, one resource, the circumstances, and what is chosen for each fact.
type world struct {
	kinds
	principal, resource draft
	context             types.RecordMap
	said                []string // what was chosen, in words
}

// draft is an entity that is being made up.
type draft struct {
	uid     types.EntityUID
	parents []types.EntityUID
	attrs   types.RecordMap
	tags    types.RecordMap
}

func (d *draft) entity() types.Entity {
	return types.Entity{UID: d.uid, Parents: types.NewEntityUIDSet(d.parents...), Attributes: types.NewRecord(d.attrs), Tags: types.NewRecord(d.tags)}
}

// choice is one value of one fact.
type choice struct {
	text string
	set  func(*world)
}

// fact is something that varies between small worlds.
type fact struct {
	key     string
	choices []choice
}

// newWorld is a world in which everything required is there with its least value.
func newWorld(schema *resolved.Schema, k kinds) *world {
	w := &world{kinds: k, context: least(schema.Actions[k.action].AppliesTo.Context)}
	w.principal = draft{uid: types.NewEntityUID(k.principal, "somebody"), attrs: least(schema.Entities[k.principal].Shape)}
	w.resource = draft{uid: types.NewEntityUID(k.resource, "something"), attrs: least(schema.Entities[k.resource].Shape)}
	if enum, is := schema.Enums[k.principal]; is && len(enum.Values) > 0 {
		w.principal.uid = enum.Values[0]
	}
	if enum, is := schema.Enums[k.resource]; is && len(enum.Values) > 0 {
		w.resource.uid = enum.Values[0]
	}
	return w
}

func (w *world) copy() *world {
	c := *w
	c.principal.attrs, c.resource.attrs, c.context = maps.Clone(w.principal.attrs), maps.Clone(w.resource.attrs), maps.Clone(w.context)
	c.principal.parents, c.resource.parents = slices.Clone(w.principal.parents), slices.Clone(w.resource.parents)
	c.principal.tags, c.resource.tags = maps.Clone(w.principal.tags), maps.Clone(w.resource.tags)
	c.said = slices.Clone(w.said)
	return &c
}

// query asks in this world.
func (w *world) query(set *access.Set) access.Query {
	all := types.EntityMap{w.principal.uid: w.principal.entity()}
	all[w.resource.uid] = w.resource.entity()
	return access.Query{Principal: w.principal.uid, Action: w.action, Resource: w.resource.uid, Context: types.NewRecord(w.context), Entities: set.Entities(all)}
}

func least(shape resolved.RecordType) types.RecordMap {
	m := types.RecordMap{}
	for name, a := range shape {
		if !a.Optional {
			m[name] = leastValue(a.Type)
		}
	}
	return m
}

func leastValue(t resolved.IsType) types.Value {
	switch t := t.(type) {
	case resolved.BoolType:
		return types.False
	case resolved.LongType:
		return types.Long(0)
	case resolved.SetType:
		return types.NewSet()
	case resolved.RecordType:
		return types.NewRecord(least(t))
	case resolved.EntityType:
		return types.NewEntityUID(types.EntityType(t), "one")
	case resolved.ExtensionType:
		return extensionValues(t)[0]
	}
	return types.String("x")
}

func extensionValues(t resolved.ExtensionType) []types.Value {
	parse := func(a types.Value, err error) types.Value {
		if err != nil {
			panic("a constant of this package: " + err.Error())
		}
		return a
	}
	ip := func(s string) types.Value { v, err := types.ParseIPAddr(s); return parse(v, err) }
	switch t {
	case "datetime":
		const hour = 3_600_000
		return []types.Value{types.NewDatetimeFromMillis(0), types.NewDatetimeFromMillis(12 * hour), types.NewDatetimeFromMillis(20 * hour)}
	case "duration":
		return []types.Value{types.NewDurationFromMillis(0), types.NewDurationFromMillis(1)}
	case "ipaddr":
		return []types.Value{ip("127.0.0.1"), ip("10.0.0.1"), ip("203.0.113.7")}
	}
	zero, err := types.NewDecimalFromInt(0)
	return []types.Value{parse(zero, err)}
}

// factsOf are the facts behind the keys, each with the values of a small world: the literals that the policies compare
// with, what lies beside them, absence where it is allowed, and one value of which no policy knows.
func factsOf(set *access.Set, k kinds, f *facts) (out []fact) {
	schema := set.Schema()
	for _, key := range slices.Sorted(maps.Keys(f.keys)) {
		root, rest := splitKey(key)
		var choices []choice
		switch {
		case strings.HasPrefix(rest, " in "):
			choices = memberships(schema, root, types.EntityType(rest[len(" in "):]), f, k)
		case rest == " tags":
			choices = tagChoices(root, f.texts[key])
		case rest == " is":
			choices = identities(root, f, k)
		default:
			choices = attributeChoices(schema, k, root, types.String(rest[1:]), f, key)
		}
		if len(choices) > 0 {
			out = append(out, fact{key, choices})
		}
	}
	return out
}

func (w *world) of(root string) *draft {
	if root == "principal" {
		return &w.principal
	}
	return &w.resource
}

func attributeChoices(schema *resolved.Schema, k kinds, root string, name types.String, f *facts, key string) (out []choice) {
	a, declared := k.shape(root, schema)[name]
	if !declared {
		return nil // an attribute that only another type has
	}
	put := func(v types.Value, text string) {
		out = append(out, choice{key + " is " + text, func(w *world) { w.attrs(root)[name] = v }})
	}
	if a.Optional {
		out = append(out, choice{key + " is not known", func(w *world) { delete(w.attrs(root), name) }})
	}
	values := smallValues(a.Type, k, f, key)
	if closed, is := a.Annotations["values"]; is {
		values = nil
		for _, v := range strings.Fields(string(closed)) {
			values = append(values, types.String(v))
		}
	}
	for _, v := range values {
		put(v, show(v))
	}
	return out
}

func (w *world) attrs(root string) types.RecordMap {
	if root == "context" {
		return w.context
	}
	return w.of(root).attrs
}

// smallValues are the values of a type in a small world.
func smallValues(t resolved.IsType, k kinds, f *facts, key string) (out []types.Value) {
	switch t := t.(type) {
	case resolved.BoolType:
		return []types.Value{types.False, types.True}
	case resolved.LongType:
		longs := []types.Long{0}
		for _, l := range f.longs[key] {
			longs = addNew(longs, l-1, l, l+1)
		}
		for _, l := range longs {
			out = append(out, l)
		}
	case resolved.StringType:
		for _, s := range addNew(first(f.texts[key], 6), "x") {
			out = append(out, s)
		}
	case resolved.EntityType:
		out = append(out, types.NewEntityUID(types.EntityType(t), "one"))
		if types.EntityType(t) == k.principal {
			out = append(out, types.NewEntityUID(k.principal, "somebody"))
		}
	case resolved.SetType:
		elements := smallValues(t.Element, k, f, key)
		if _, text := t.Element.(resolved.StringType); text {
			elements = append(elements, types.String("y"))
		}
		out = append(out, types.NewSet())
		for i, e := range elements {
			out = append(out, types.NewSet(e))
			for _, o := range elements[i+1:] {
				out = append(out, types.NewSet(e, o))
			}
		}
	case resolved.RecordType:
		if isLabel(t) {
			return allLabels("A", "B")
		}
		return []types.Value{leastValue(t)}
	case resolved.ExtensionType:
		return extensionValues(t)
	}
	return out
}

func isLabel(t resolved.RecordType) bool {
	_, level := t["level"]
	_, categories := t["categories"]
	return len(t) == 2 && level && categories
}

// allLabels are all labels over two categories.
func allLabels(a, b types.String) (out []types.Value) {
	for level := range types.Long(reeve.Restricted) + 1 {
		for _, c := range [][]types.Value{nil, {a}, {b}, {a, b}} {
			out = append(out, types.NewRecord(types.RecordMap{"level": level, "categories": types.NewSet(c...)}))
		}
	}
	return out
}

// memberships are: in nothing, in one, in two of the entities that policies name, and in one that none names.
func memberships(schema *resolved.Schema, root string, t types.EntityType, f *facts, k kinds) (out []choice) {
	owner := k.principal
	if root == "resource" {
		owner = k.resource
	}
	if !slices.Contains(schema.Entities[owner].ParentTypes, t) {
		return nil // only through something in between: not part of a small world
	}
	known := first(f.entities[t], 12)
	if enum, is := schema.Enums[t]; is {
		known = addNew(known, first(enum.Values, 12)...)
	} else {
		known = addNew(known, types.NewEntityUID(t, "one"))
	}
	put := func(parents ...types.EntityUID) {
		text := root + " is in no " + string(t)
		if len(parents) > 0 {
			names := make([]string, len(parents))
			for i, p := range parents {
				names[i] = p.String()
			}
			text = root + " is in " + strings.Join(names, " and ")
		}
		out = append(out, choice{text, func(w *world) {
			d := w.of(root)
			d.parents = slices.DeleteFunc(slices.Clone(d.parents), func(p types.EntityUID) bool { return p.Type == t })
			d.parents = append(d.parents, parents...)
		}})
	}
	put()
	for i, a := range known {
		put(a)
		for _, b := range known[i+1:] {
			put(a, b)
		}
	}
	return out
}

func tagChoices(root string, texts []types.String) []choice {
	out := []choice{{root + " has no tags", func(w *world) { w.of(root).tags = nil }}}
	for _, name := range first(texts, 6) {
		for _, value := range first(texts, 6) {
			out = append(out, choice{fmt.Sprintf("%s has the tag %s = %s", root, name, value), func(w *world) {
				w.of(root).tags = types.RecordMap{name: value}
			}})
		}
	}
	return out
}

func identities(root string, f *facts, k kinds) (out []choice) {
	t := k.principal
	if root == "resource" {
		t = k.resource
	}
	for _, uid := range first(f.entities[t], 6) {
		out = append(out, choice{root + " is " + uid.String(), func(w *world) { w.of(root).uid = uid }})
	}
	somebody := newWorldID(root, t)
	return append(out, choice{root + " is somebody else", func(w *world) { w.of(root).uid = somebody }})
}

func newWorldID(root string, t types.EntityType) types.EntityUID {
	if root == "principal" {
		return types.NewEntityUID(t, "somebody")
	}
	return types.NewEntityUID(t, "something")
}

func first[T any](list []T, n int) []T { return slices.Clone(list[:min(n, len(list))]) }

// each calls do for every combination of choices on top of a world, until do returns false; where there are more than
// most, for as many drawn at random with a fixed seed. It reports whether it went through all.
func each(base *world, facts []fact, most int, do func(*world) bool) (count int, all bool) {
	total := 1
	for _, f := range facts {
		if total *= len(f.choices); total > most {
			total = -1
			break
		}
	}
	if total < 0 {
		r := rand.New(rand.NewPCG(1, 2))
		for range most {
			w := base.copy()
			for _, f := range facts {
				w.take(f.choices[r.IntN(len(f.choices))])
			}
			if count++; !do(w) {
				break
			}
		}
		return count, false
	}
	digits := make([]int, len(facts))
	for {
		w := base.copy()
		for i, f := range facts {
			w.take(f.choices[digits[i]])
		}
		if count++; !do(w) {
			return count, true
		}
		i := 0
		for ; i < len(digits); i++ {
			if digits[i]++; digits[i] < len(facts[i].choices) {
				break
			}
			digits[i] = 0
		}
		if i == len(digits) {
			return count, true
		}
	}
}

func (w *world) take(c choice) {
	c.set(w)
	w.said = append(w.said, c.text)
}

// show writes a value as people read it.
func show(v types.Value) string {
	if r, is := v.(types.Record); is {
		if l, ok := labelOf(r); ok {
			return l.String()
		}
	}
	return string(v.MarshalCedar())
}

func labelOf(r types.Record) (reeve.Label, bool) {
	value, _ := r.Get("level")
	level, ok := value.(types.Long)
	value, _ = r.Get("categories")
	set, isSet := value.(types.Set)
	if !ok || !isSet || r.Len() != 2 || level < 0 || level > types.Long(reeve.Restricted) {
		return reeve.Label{}, false
	}
	var names []string
	for c := range set.All() {
		if s, is := c.(types.String); is {
			names = append(names, string(s))
		}
	}
	return reeve.NewLabel(reeve.Level(level), names...), true
}
