// Package analysis answers questions about access policies rather than by them: why a request is decided as it is and what
// would change that, who can do something, which rules can never matter, where two sets differ, and whether a stated
// invariant holds in every small world.
package analysis

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cedar-policy/cedar-go/types"

	"github.com/reeve-ai/reeve/internal/access"
)

// Question is a request as somebody types it. Principal, action and resource are references such as User::"ana", or plain
// names that only one thing has.
type Question struct {
	Principal, Action, Resource string
	Context                     []byte // JSON; nil: circumstances without any merit, at the time Now
	Now                         time.Time
}

// Resolve finds what a question means. What it names and is not known stays in the query, where it is refused; a name
// that several things have is an error.
func Resolve(set *access.Set, entities *access.Entities, q Question) (access.Query, error) {
	out := access.Query{Entities: entities}
	var err error
	if out.Action, err = resolveAction(set, q.Action); err != nil {
		return out, err
	}
	var principals, resources []types.EntityType
	if a, known := set.Schema().Actions[out.Action]; known && a.AppliesTo != nil {
		principals, resources = a.AppliesTo.Principals, a.AppliesTo.Resources
	}
	if out.Principal, err = resolveEntity(entities, "principal", q.Principal, principals); err != nil {
		return out, err
	}
	if out.Resource, err = resolveEntity(entities, "resource", q.Resource, resources); err != nil {
		return out, err
	}
	if q.Context == nil {
		out.Context = bareContext(set, out.Action, q.Now)
		return out, nil
	}
	out.Context, err = set.ParseContext(out.Action, q.Context)
	return out, err
}

// reference reads User::"ana", and User::ana as a shell leaves it.
func reference(s string) (types.EntityUID, bool) {
	i := strings.LastIndex(s, "::")
	if i <= 0 {
		return types.EntityUID{}, false
	}
	var uid types.EntityUID
	if strings.HasSuffix(s, `"`) && uid.UnmarshalCedar([]byte(s)) == nil {
		return uid, true
	}
	t, err := types.NewEntityType(s[:i])
	if err != nil || strings.Contains(s[i:], `"`) {
		return types.EntityUID{}, false
	}
	return types.NewEntityUID(t, types.String(s[i+2:])), true
}

func resolveAction(set *access.Set, s string) (types.EntityUID, error) {
	if uid, ok := reference(s); ok {
		return uid, nil
	}
	var found []types.EntityUID
	for _, uid := range set.Actions() {
		if string(uid.ID) == s {
			found = append(found, uid)
		}
	}
	if len(found) > 1 {
		return types.EntityUID{}, fmt.Errorf("the action %q stands in several namespaces: %v", s, found)
	}
	if len(found) == 0 {
		return types.NewEntityUID("Action", types.String(s)), nil
	}
	return found[0], nil
}

func resolveEntity(entities *access.Entities, what, s string, allowed []types.EntityType) (types.EntityUID, error) {
	if uid, ok := reference(s); ok {
		return uid, nil
	}
	var found []types.EntityUID
	for _, e := range entities.All() {
		if string(e.UID.ID) == s && slices.Contains(allowed, e.UID.Type) {
			found = append(found, e.UID)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return types.EntityUID{}, fmt.Errorf("the %s %q could be any of %v", what, s, found)
	case len(allowed) > 0:
		return types.NewEntityUID(allowed[0], types.String(s)), nil
	}
	return types.NewEntityUID("Unknown", types.String(s)), nil
}

// bareContext are circumstances without any merit: no second factor, nothing known of place, purpose and device, nothing
// read yet. What the schema wants and is none of these stays away, and the request is refused for it.
func bareContext(set *access.Set, action types.EntityUID, now time.Time) types.Record {
	m := types.RecordMap{}
	a := set.Schema().Actions[action]
	if a.AppliesTo == nil {
		return types.NewRecord(m)
	}
	weekday := (int(now.Weekday())+6)%7 + 1
	for name, v := range map[types.String]types.Value{
		"now": types.NewDatetime(now), "hour": types.Long(now.Hour()), "weekday": types.Long(weekday), "mfa": types.False,
		"session": types.NewRecord(types.RecordMap{"level": types.Long(0), "categories": types.NewSet()}),
	} {
		if attribute, asked := a.AppliesTo.Context[name]; asked && !attribute.Optional {
			m[name] = v
		}
	}
	return types.NewRecord(m)
}
