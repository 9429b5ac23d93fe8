package analysis

import (
	"slices"
	"strings"

	"github.com/cedar-policy/cedar-go/types"
	"github.com/cedar-policy/cedar-go/x/exp/schema/resolved"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/access"
)

// Explanation is a decision, what each rule had to say, and what would turn it.
type Explanation struct {
	Decision access.Decision
	Traces   []access.Trace // of every rule that could have held
	Changes  [][]string     // each list of changes, together, turns the decision
}

const (
	maxChanges = 12
	maxSteps   = 8
)

// Explain decides a query and looks for single changes that would turn the decision; where a refusal has several causes, for
// a list of changes that removes them all.
func Explain(set *access.Set, entities *access.Entities, q access.Query) Explanation {
	e := Explanation{Decision: set.Decide(q)}
	traces, err := set.Trace(q)
	if err != nil {
		return e // there is nothing to change before the request is in order
	}
	e.Traces = traces
	k := kinds{q.Action, q.Principal.Type, q.Resource.Type}
	now := worldOf(entities, k, q)
	ask := func(w *world) access.Query {
		again := q
		again.Context, again.Entities = types.NewRecord(w.context), entities.With(w.principal.entity(), w.resource.entity())
		return again
	}
	choices := realistic(set, k, now)
	for _, c := range choices {
		w := now.copy()
		c.set(w)
		if d := set.Decide(ask(w)); len(d.Errors) == 0 && d.Allow != e.Decision.Allow && len(e.Changes) < maxChanges {
			e.Changes = append(e.Changes, []string{c.text})
		}
	}
	if len(e.Changes) == 0 && !e.Decision.Allow {
		if steps := removeAll(set, now, choices, ask); steps != nil {
			e.Changes = [][]string{steps}
		}
	}
	return e
}

// removeAll takes, again and again, the change that removes most of what stands in the way, until the request is allowed. It
// returns the changes, or nil where no more helps.
func removeAll(set *access.Set, now *world, choices []choice, ask func(*world) access.Query) (steps []string) {
	w, left := now, obstacles(set, ask(now))
	for left > 0 && len(steps) < maxSteps {
		var best *world
		var text string
		for _, c := range choices {
			next := w.copy()
			c.set(next)
			if n := obstacles(set, ask(next)); n < left {
				best, left, text = next, n, c.text
			}
		}
		if best == nil {
			return nil
		}
		w, steps = best, append(steps, text)
	}
	if left > 0 {
		return nil
	}
	return steps
}

// obstacles counts the forbids that hold, and one more where no permit does.
func obstacles(set *access.Set, q access.Query) int {
	traces, err := set.Trace(q)
	if err != nil {
		return 1000 // a request that is not in order is no way out
	}
	count, granted := 0, false
	for _, t := range traces {
		switch {
		case t.Error != "":
			return 1000
		case t.Holds && t.Policy.Forbid:
			count++
		case t.Holds:
			granted = true
		}
	}
	if !granted {
		count++
	}
	return count
}

// worldOf is the world that a query is about.
func worldOf(entities *access.Entities, k kinds, q access.Query) *world {
	take := func(uid types.EntityUID) draft {
		e, _ := entities.Get(uid)
		d := draft{uid: uid, parents: slices.Collect(e.Parents.All()), attrs: e.Attributes.Map(), tags: e.Tags.Map()}
		if d.attrs == nil {
			d.attrs = types.RecordMap{}
		}
		return d
	}
	w := &world{kinds: k, principal: take(q.Principal), resource: take(q.Resource), context: q.Context.Map()}
	if w.context == nil {
		w.context = types.RecordMap{}
	}
	return w
}

// realistic are the single changes that somebody could bring about: one more role or group, a value that the rules or the
// other side ask for, a clearance that is high enough, a session that is fresh.
func realistic(set *access.Set, k kinds, now *world) (out []choice) {
	f := newFacts()
	for _, p := range set.Of(k.action) {
		f.add(p, set.Schema(), k)
	}
	theirs := stringsIn(now)
	for key := range f.keys {
		f.texts[key] = addNew(f.texts[key], theirs...)
	}
	for _, fact := range factsOf(set, k, f) {
		root, rest := splitKey(fact.key)
		switch {
		case strings.HasPrefix(rest, " in "):
			out = append(out, joins(set.Schema(), root, types.EntityType(rest[len(" in "):]), f, now)...)
		case rest[0] != '.':
			// another principal or resource is no change of this one, and tags are free
		default:
			out = append(out, values(set, k, root, types.String(rest[1:]), fact, now, theirs)...)
		}
	}
	return out
}

// joins adds one membership, or takes one away.
func joins(schema *resolved.Schema, root string, t types.EntityType, f *facts, now *world) (out []choice) {
	known := f.entities[t]
	for name, v := range now.resource.attrs { // the department that the resource belongs to
		if uid, is := v.(types.EntityUID); is && uid.Type == t && name != "owner" {
			known = addNew(known, uid)
		}
	}
	for _, uid := range known {
		if slices.Contains(now.of(root).parents, uid) {
			out = append(out, choice{"the " + root + " is not in " + uid.String(), func(w *world) {
				d := w.of(root)
				d.parents = slices.DeleteFunc(slices.Clone(d.parents), func(p types.EntityUID) bool { return p == uid })
			}})
		} else {
			out = append(out, choice{"the " + root + " is in " + uid.String(), func(w *world) {
				w.of(root).parents = append(w.of(root).parents, uid)
			}})
		}
	}
	return out
}

func values(set *access.Set, k kinds, root string, name types.String, fact fact, now *world, theirs []types.String) (out []choice) {
	a := k.shape(root, set.Schema())[name]
	put := func(v types.Value, text string) {
		out = append(out, choice{root + "." + string(name) + " " + text, func(w *world) { w.attrs(root)[name] = v }})
	}
	old, there := now.attrs(root)[name]
	switch t := a.Type.(type) {
	case resolved.RecordType:
		if r, is := old.(types.Record); is && isLabel(t) {
			for _, l := range labelChanges(root, r, now) {
				put(labelValue(l), "is "+l.String())
			}
			return out
		}
	case resolved.SetType:
		have, _ := old.(types.Set)
		elements := slices.Collect(have.All())
		if _, text := t.Element.(resolved.StringType); text {
			for _, s := range theirs {
				if !have.Contains(s) {
					put(types.NewSet(append(slices.Clone(elements), s)...), "contains "+show(s))
				}
			}
			if have.Len() > 0 {
				put(types.NewSet(), "is empty")
			}
			return out
		}
		if e, is := t.Element.(resolved.EntityType); is && types.EntityType(e) == now.principal.uid.Type && !have.Contains(now.principal.uid) {
			put(types.NewSet(append(slices.Clone(elements), now.principal.uid)...), "contains the principal")
		}
		for _, parent := range now.principal.parents {
			if e, is := t.Element.(resolved.EntityType); is && types.EntityType(e) == parent.Type && !have.Contains(parent) {
				put(types.NewSet(append(slices.Clone(elements), parent)...), "contains "+parent.String())
			}
		}
		return out
	case resolved.EntityType:
		if types.EntityType(t) == now.principal.uid.Type && (!there || old != types.Value(now.principal.uid)) {
			put(now.principal.uid, "is the principal")
		}
		if types.EntityType(t) == now.principal.uid.Type && there && old == types.Value(now.principal.uid) {
			put(types.NewEntityUID(types.EntityType(t), "somebody else"), "is somebody else")
		}
		return out
	}
	for _, c := range fact.choices {
		text := strings.Replace(c.text, root+"."+string(name)+" ", "", 1)
		if there && text == "is "+show(old) || !there && text == "is not known" || text == `is "x"` || text == `is "y"` {
			continue
		}
		out = append(out, c)
	}
	return out
}

// labelChanges are the labels that would let through: a clearance that dominates, a session that has read nothing, a
// resource that anybody may see or that takes all the session has read.
func labelChanges(root string, old types.Record, now *world) (out []reeve.Label) {
	have, _ := labelOf(old)
	read := func(attrs types.RecordMap, name types.String) reeve.Label {
		r, _ := attrs[name].(types.Record)
		l, _ := labelOf(r)
		return l
	}
	resource, session := read(now.resource.attrs, "label"), read(now.context, "session")
	candidates := []reeve.Label{{}, have.Join(resource), have.Join(session), have.Join(resource).Join(session)}
	if root == "context" {
		candidates = []reeve.Label{{}}
	}
	for _, c := range candidates {
		if c.String() != have.String() && !slices.ContainsFunc(out, func(l reeve.Label) bool { return l.String() == c.String() }) {
			out = append(out, c)
		}
	}
	return out
}

func labelValue(l reeve.Label) types.Record {
	var c []types.Value
	for _, name := range l.Categories {
		c = append(c, types.String(name))
	}
	return types.NewRecord(types.RecordMap{"level": types.Long(l.Level), "categories": types.NewSet(c...)})
}

// stringsIn are the texts in sets of principal and resource, sorted: what one side asks for, the other may lack.
func stringsIn(w *world) (out []types.String) {
	for _, attrs := range []types.RecordMap{w.principal.attrs, w.resource.attrs} {
		for _, v := range attrs {
			if set, is := v.(types.Set); is {
				for e := range set.All() {
					if s, is := e.(types.String); is {
						out = addNew(out, s)
					}
				}
			}
		}
	}
	slices.Sort(out)
	return first(out, 20)
}
