package access

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/cedar-policy/cedar-go/types"
	"github.com/cedar-policy/cedar-go/x/exp/schema/resolved"
	exptypes "github.com/cedar-policy/cedar-go/x/exp/types"
)

// Limits of entities.
const (
	MaxEntityBytes = 64 << 20 // of a file of entities
	maxParents     = 10_000   // groups, roles and departments that one entity is in directly
)

// Entities are entities from a file, checked against one set's schema. They are safe for concurrent use.
type Entities struct {
	set   *Set
	all   types.EntityMap
	fault error // the first entity that does not conform, in the order of names
	at    types.EntityUID
	under *Entities // where an entity is not in all; may be nil
}

// ParseEntities reads entities in Cedar's JSON form, an array. An entity that does not conform to the schema is no error
// here: it makes every decision a refusal that says so. A file that is no such array, or in which a group is in itself, is
// an error (Problems).
func (s *Set) ParseEntities(file string, text []byte) (*Entities, error) {
	refuse := func(message, remedy string) (*Entities, error) {
		return nil, Problems{{File: file, Message: message, Remedy: remedy}}
	}
	if len(text) > MaxEntityBytes {
		return refuse(fmt.Sprintf("is larger than %d MiB", MaxEntityBytes>>20), "give the entities that the question needs")
	}
	var list []jsontext.Value
	if err := json.Unmarshal(text, &list); err != nil {
		return refuse("is no list of entities: "+err.Error(), example)
	}
	all := make(types.EntityMap, len(list))
	for i, raw := range list {
		e, err := s.readEntity(raw)
		if err != nil {
			return refuse(fmt.Sprintf("entity %d: %v", i+1, err), example)
		}
		if _, twice := all[e.UID]; twice {
			return refuse(fmt.Sprintf("entity %d: %s stands in the file twice", i+1, e.UID), "take one of the two away")
		}
		all[e.UID] = e
	}
	for uid, e := range all {
		if e.Parents.Len() > maxParents {
			return refuse(fmt.Sprintf("%s is in more than %d groups", uid, maxParents), "put groups into groups, or name the groups that rules speak of")
		}
	}
	if loop := cycle(all); loop != "" {
		return refuse("a group is in itself: "+loop, "take one of these memberships away")
	}
	return s.Entities(all), nil
}

const example = `write [{"uid": {"type": "User", "id": "ana"}, "attrs": {}, "parents": []}]`

// readEntity reads values as the schema says where JSON leaves a choice: a text as a date, a record as a reference. An
// entity that does not conform is read without the schema: what is wrong is told at each decision.
func (s *Set) readEntity(raw jsontext.Value) (types.Entity, error) {
	var typed exptypes.Entity
	if err := typed.UnmarshalJSONWithSchema(raw, s.schema); err == nil {
		return types.Entity(typed), nil
	}
	var plain types.Entity
	err := json.Unmarshal(raw, &plain)
	return plain, err
}

// Entities takes entities as they are and checks them.
func (s *Set) Entities(all types.EntityMap) *Entities {
	e := &Entities{set: s, all: all}
	for uid, entity := range all {
		if err := s.checkEntity(&entity); err != nil && (e.fault == nil || uid.String() < e.at.String()) {
			e.at, e.fault = uid, err
		}
	}
	return e
}

func (s *Set) checkEntity(e *types.Entity) error {
	if e.Parents.Len() > maxParents {
		return fmt.Errorf("%s is in more than %d groups", e.UID, maxParents)
	}
	if err := s.validator.Entity(*e); err != nil {
		return fmt.Errorf("%s: %w", e.UID, err)
	}
	if enum, is := s.schema.Enums[e.UID.Type]; is && !slices.Contains(enum.Values, e.UID) {
		return fmt.Errorf("%s is not one of the values of %s", e.UID, e.UID.Type)
	}
	return s.labels.check(e.UID.String, s.labels.entities[e.UID.Type], e.Attributes)
}

// Get implements types.EntityGetter. Actions are those of the schema, whatever the file says.
func (e *Entities) Get(uid types.EntityUID) (types.Entity, bool) {
	if action, is := e.set.actions[uid]; is {
		return action, true
	}
	entity, there := e.all[uid]
	if !there && e.under != nil {
		return e.under.Get(uid)
	}
	if !there {
		if enum, is := e.set.schema.Enums[uid.Type]; is && slices.Contains(enum.Values, uid) {
			return types.Entity{UID: uid}, true
		}
	}
	return entity, there
}

// Fault implements Holdings: one entity that does not conform spoils all, since any rule may look at any of them.
func (e *Entities) Fault(principal, resource types.EntityUID) error {
	if e.fault != nil || e.under == nil {
		return e.fault
	}
	if _, replaced := e.all[e.under.at]; replaced {
		return nil
	}
	return e.under.Fault(principal, resource)
}

// Digest implements Holdings.
func (e *Entities) Digest(principal, resource types.EntityUID) string {
	p, _ := e.Get(principal)
	r, _ := e.Get(resource)
	a, b := entityDigest(p), entityDigest(r)
	return pairDigest(a, b)
}

// All are the entities, sorted by name; those of actions are not among them.
func (e *Entities) All() []types.Entity {
	var out []types.Entity
	if e.under != nil {
		out = slices.DeleteFunc(e.under.All(), func(old types.Entity) bool { _, replaced := e.all[old.UID]; return replaced })
	}
	for uid, entity := range e.all {
		if _, action := e.set.actions[uid]; !action {
			out = append(out, entity)
		}
	}
	slices.SortFunc(out, func(a, b types.Entity) int { return strings.Compare(a.UID.String(), b.UID.String()) })
	return out
}

// With lays entities over these: those of the same name are replaced. Only what is new is checked.
func (e *Entities) With(changed ...types.Entity) *Entities {
	all := make(types.EntityMap, len(changed))
	for _, c := range changed {
		all[c.UID] = c
	}
	over := e.set.Entities(all)
	over.under = e
	return over
}

// ParseContext reads a context in Cedar's JSON form, with the types that the schema gives it for the action. What does not
// conform is read as it stands: the decision tells.
func (s *Set) ParseContext(action types.EntityUID, text []byte) (types.Record, error) {
	some, err := s.ParseSomeContext(action, text)
	return types.NewRecord(some), err
}

// ParseSomeContext reads some attributes of a context.
func (s *Set) ParseSomeContext(action types.EntityUID, text []byte) (types.RecordMap, error) {
	if len(text) > maxPolicyBytes {
		return nil, fmt.Errorf("the context is larger than %d KiB", maxPolicyBytes>>10)
	}
	var parts map[types.String]jsontext.Value
	if err := json.Unmarshal(text, &parts); err != nil {
		return nil, fmt.Errorf("the context is no JSON object: %w", err)
	}
	var shape resolved.RecordType
	if a, known := s.schema.Actions[action]; known && a.AppliesTo != nil {
		shape = a.AppliesTo.Context
	}
	out := types.RecordMap{}
	for name, raw := range parts {
		v, err := readValue(raw, name, shape)
		if err != nil {
			return nil, fmt.Errorf("the context: %s: %w", name, err)
		}
		out[name] = v
	}
	return out, nil
}

// readValue reads a value by its type in a shape, where it has one and conforms: as the attribute of an entity, which is
// what can be read by a schema.
func readValue(raw jsontext.Value, name types.String, shape resolved.RecordType) (types.Value, error) {
	var plain types.Value
	if err := types.UnmarshalJSON(raw, &plain); err != nil {
		return nil, err
	}
	attribute, declared := shape[name]
	if !declared {
		return plain, nil
	}
	const of = "Context"
	shadow := &resolved.Schema{Entities: map[types.EntityType]resolved.Entity{of: {Name: of, Shape: resolved.RecordType{"value": attribute}}}}
	var typed exptypes.Entity
	wrapped := slices.Concat([]byte(`{"uid":{"type":"Context","id":""},"parents":[],"attrs":{"value":`), raw, []byte("}}"))
	if err := typed.UnmarshalJSONWithSchema(wrapped, shadow); err != nil {
		return plain, nil
	}
	v, _ := typed.Attributes.Get("value")
	return v, nil
}

// cycle returns a way from a group back to itself, or "".
func cycle(all types.EntityMap) string {
	const white, grey, black = 0, 1, 2
	colour := make(map[types.EntityUID]int, len(all))
	for _, root := range slices.SortedFunc(maps.Keys(all), func(a, b types.EntityUID) int { return strings.Compare(a.String(), b.String()) }) {
		if colour[root] != white {
			continue
		}
		type step struct {
			uid     types.EntityUID
			parents []types.EntityUID
		}
		open := func(uid types.EntityUID) step {
			colour[uid] = grey
			return step{uid, slices.Collect(all[uid].Parents.All())}
		}
		path := []step{open(root)} // a stack of our own: a chain of groups may be long
		for len(path) > 0 {
			top := &path[len(path)-1]
			if len(top.parents) == 0 {
				colour[top.uid] = black
				path = path[:len(path)-1]
				continue
			}
			next := top.parents[len(top.parents)-1]
			top.parents = top.parents[:len(top.parents)-1]
			switch colour[next] {
			case grey:
				names := []string{next.String()}
				for i := len(path) - 1; i >= 0; i-- {
					names = append(names, path[i].uid.String())
					if path[i].uid == next {
						break
					}
				}
				slices.Reverse(names)
				return strings.Join(names, " → ")
			case white:
				path = append(path, open(next))
			}
		}
	}
	return ""
}

// entityDigest is the SHA-256 over an entity in a form in which equal entities are equal bytes.
func entityDigest(e types.Entity) [sha256.Size]byte {
	buf := digestBuffers.Get().(*[]byte)
	defer digestBuffers.Put(buf)
	b := appendUID((*buf)[:0], e.UID)
	parents := make([][]byte, 0, e.Parents.Len())
	for p := range e.Parents.All() {
		parents = append(parents, appendUID(nil, p))
	}
	b = appendSorted(b, 'p', parents)
	b = appendValue(b, e.Attributes)
	b = appendValue(b, e.Tags)
	if cap(b) <= maxDigestBuffer {
		*buf = b
	}
	return sha256.Sum256(b)
}

const maxDigestBuffer = 64 << 10

// digestBuffers hold what entityDigest writes: a kilobyte or more that would be an eighth of all that a decision allocates.
var digestBuffers = sync.Pool{New: func() any { b := make([]byte, 0, 2048); return &b }}

func pairDigest(a, b [sha256.Size]byte) string {
	var both [2 * sha256.Size]byte
	copy(both[:], a[:])
	copy(both[sha256.Size:], b[:])
	sum := sha256.Sum256(both[:])
	return hex.EncodeToString(sum[:])
}

// appendValue writes a value so that equal values give equal bytes, and others do not: a letter for the type, and lengths
// before everything that varies.
func appendValue(b []byte, v types.Value) []byte {
	switch v := v.(type) {
	case types.String:
		return appendText(append(b, 's'), string(v))
	case types.Long:
		return append(strconv.AppendInt(append(b, 'l'), int64(v), 10), ';')
	case types.Boolean:
		return append(strconv.AppendBool(append(b, 'b'), bool(v)), ';')
	case types.EntityUID:
		return appendUID(b, v)
	case types.Set:
		if v.Len() == 1 {
			for e := range v.All() {
				b = appendValue(append(b, "S1:"...), e)
			}
			return b
		}
		parts := make([][]byte, 0, v.Len())
		for e := range v.All() {
			parts = append(parts, appendValue(nil, e))
		}
		return appendSorted(b, 'S', parts)
	case types.Record:
		keys := make([]types.String, 0, 16)
		for k := range v.Keys() {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		b = append(strconv.AppendInt(append(b, 'R'), int64(len(keys)), 10), ':')
		for _, k := range keys {
			e, _ := v.Get(k)
			b = appendValue(appendText(b, string(k)), e)
		}
		return b
	}
	return appendText(append(b, 'x'), string(v.MarshalCedar()))
}

func appendUID(b []byte, uid types.EntityUID) []byte {
	return appendText(appendText(append(b, 'e'), string(uid.Type)), string(uid.ID))
}

func appendText(b []byte, s string) []byte {
	return append(append(strconv.AppendInt(b, int64(len(s)), 10), ':'), s...)
}

func appendSorted(b []byte, kind byte, parts [][]byte) []byte {
	slices.SortFunc(parts, bytes.Compare)
	b = append(strconv.AppendInt(append(b, kind), int64(len(parts)), 10), ':')
	for _, p := range parts {
		b = append(b, p...) // each ends where its own lengths say
	}
	return b
}
