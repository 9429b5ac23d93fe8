package access

import (
	"crypto/sha256"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/cedar-policy/cedar-go/types"

	"github.com/reeve-ai/reeve"
)

// Engine is the Decider that asks a policy set. Another set can be put in its place while decisions are made: each
// decision sees one set. It is safe for concurrent use.
type Engine struct {
	state  atomic.Pointer[state]
	shares atomic.Pointer[map[string][]string]
}

// SetShares says with whom resources are shared beside what a request says of them: "kind:name" → ids of principals, and of
// groups as "group:NAME". The map must not be changed afterwards.
func (e *Engine) SetShares(shares map[string][]string) { e.shares.Store(&shares) }

// state is a set with the entities that were built and checked for it.
type state struct {
	*Set
	principals *memory[reeve.Principal]
	resources  *memory[Resource]
	tagged     bool // users have tags
	recent     recent
}

// NewEngine puts a set in force. It refuses one whose schema asks for what the server does not know.
func NewEngine(s *Set) (*Engine, error) {
	e := &Engine{}
	return e, e.Swap(s)
}

// Swap puts another set in force. Where it fails the old one stays.
func (e *Engine) Swap(s *Set) error {
	if s == nil {
		return fmt.Errorf("no access policy set")
	}
	next := &state{Set: s, principals: newMemory(samePrincipal), resources: newMemory(sameResource)}
	next.tagged = s.schema.Entities["User"].Tags != nil
	if err := next.serves(); err != nil {
		return err
	}
	e.state.Store(next)
	return nil
}

// Set is the set in force, or nil.
func (e *Engine) Set() *Set {
	if s := e.state.Load(); s != nil {
		return s.Set
	}
	return nil
}

// Decide implements Decider. The lists in its answer are shared: they are not to be changed.
func (e *Engine) Decide(r Request) Decision {
	s := e.state.Load()
	if s == nil {
		return deny("no-policy", "no access policy is loaded", "the administrator finds the cause in the server's log")
	}
	kind, known := kindOf(r.Action)
	if shares := e.shares.Load(); shares != nil {
		if with := (*shares)[kind+":"+r.Resource.Name]; with != nil {
			r.Resource.SharedWith = slices.Concat(r.Resource.SharedWith, with)
		}
	}
	switch {
	case r.Principal.ID == "":
		return s.refuse("nobody", "the caller was not recognised", "send an API key")
	case !known:
		return s.refuse("unknown-action", "the action is not known", "")
	case kind != r.Resource.Kind || kind != KindAdmin && r.Resource.Name == "":
		return s.refuse("wrong-resource", "the action does not fit the resource", "")
	case r.Context.Now.IsZero():
		return s.refuse("bad-request", "the request cannot be judged: its time is not known", "")
	case len(r.Principal.Groups) > maxParents-len(r.Principal.Roles)-1 || len(r.Resource.SharedWith) > maxParents:
		return s.refuse("too-many-groups", fmt.Sprintf("more than %d groups or shares", maxParents), "put groups into groups")
	}
	principal := s.principals.get(r.Principal.ID, &r.Principal, s.user)
	resource := s.resources.get(string(r.Action[:len(kind)])+":"+r.Resource.Name, &r.Resource, s.resource)
	r.Context.Now = r.Context.Now.Truncate(time.Second) // no rule needs to know more
	q := ask(principal, resource, r.Action, &r.Context)
	if d, known := s.recent.get(r.Context.Now, &q); known {
		return d
	}
	v := view{state: s, principal: principal, resource: resource}
	d := s.Decide(Query{
		Principal: principal.entity.UID, Action: types.NewEntityUID("Action", types.String(r.Action)), Resource: resource.entity.UID,
		Context: contextOf(&r.Context), Entities: &v,
	})
	s.recent.put(r.Context.Now, &q, d)
	return d
}

func (s *state) refuse(rule, reason, remedy string) Decision {
	d := deny(rule, reason, remedy)
	d.Errors = []string{reason}
	d.PolicyDigest, d.SchemaDigest = s.policyDigest, s.schemaDigest
	return d
}

// built is an entity with the result of its check. It is immutable.
type built struct {
	entity types.Entity
	fault  error
	digest [sha256.Size]byte
}

func (s *state) build(e types.Entity) *built {
	return &built{entity: e, fault: s.checkEntity(&e), digest: entityDigest(e)}
}

// view are the entities of one decision.
type view struct {
	*state
	principal, resource *built
}

func (v *view) Get(uid types.EntityUID) (types.Entity, bool) {
	switch {
	case uid == v.principal.entity.UID:
		return v.principal.entity, true
	case uid == v.resource.entity.UID:
		return v.resource.entity, true
	}
	if !strings.HasSuffix(string(uid.Type), "Action") { // what one is in has no entity of its own here
		return types.Entity{}, false
	}
	action, is := v.actions[uid]
	return action, is
}

func (v *view) Fault(types.EntityUID, types.EntityUID) error {
	if v.principal.fault != nil {
		return v.principal.fault
	}
	return v.resource.fault
}

func (v *view) Digest(types.EntityUID, types.EntityUID) string {
	return pairDigest(v.principal.digest, v.resource.digest)
}

// user is a principal as an entity.
func (s *state) user(p *reeve.Principal) *built {
	parents := make([]types.EntityUID, 0, len(p.Roles)+len(p.Groups)+1)
	for _, r := range p.Roles {
		parents = append(parents, types.NewEntityUID("Role", types.String(r.Canonical())))
	}
	for _, g := range p.Groups {
		parents = append(parents, types.NewEntityUID("Group", types.String(g)))
	}
	kind := p.Kind
	if kind == "" {
		kind = reeve.KindUser
	}
	attributes := types.RecordMap{"kind": types.String(kind), "clearance": labelRecord(p.Clearance), "training": textSet(p.Training)}
	putText(attributes, "employment", p.Employment)
	putText(attributes, "country", p.Country)
	if p.Department != "" {
		department := types.NewEntityUID("Department", types.String(p.Department))
		parents = append(parents, department)
		attributes["department"] = department
	}
	e := types.Entity{UID: types.NewEntityUID("User", types.String(p.ID)), Parents: types.NewEntityUIDSet(parents...), Attributes: types.NewRecord(attributes)}
	if s.tagged && len(p.Attributes) > 0 {
		tags := types.RecordMap{}
		for k, v := range p.Attributes {
			tags[types.String(k)] = types.String(v)
		}
		e.Tags = types.NewRecord(tags)
	}
	return s.build(e)
}

// entityTypes are the types of resources in the schema.
var entityTypes = map[string]types.EntityType{
	KindModel: "Model", KindDataset: "Dataset", KindFineTune: "FineTune", KindExchange: "Exchange", KindRecord: "Record", KindReview: "Review",
	KindPolicy: "Policy", KindKey: "Key", KindUser: "Account", KindReport: "Report", KindAdmin: "Server",
}

// GroupPrefix marks a group among those with whom a resource is shared.
const GroupPrefix = "group:"

// resource is a resource as an entity.
func (s *state) resource(r *Resource) *built {
	var people, groups []types.Value
	for _, with := range r.SharedWith {
		if group, is := strings.CutPrefix(with, GroupPrefix); is {
			groups = append(groups, types.NewEntityUID("Group", types.String(group)))
		} else {
			people = append(people, types.NewEntityUID("User", types.String(with)))
		}
	}
	attributes := types.RecordMap{
		"label": labelRecord(r.Label), "sharedWith": types.NewSet(people...), "sharedWithGroups": types.NewSet(groups...),
		"regions": textSet(r.Regions), "purposes": textSet(r.Purposes), "requiredTraining": textSet(r.RequiredTraining),
	}
	if r.Owner != "" {
		attributes["owner"] = types.NewEntityUID("User", types.String(r.Owner))
	}
	if r.Department != "" {
		attributes["department"] = types.NewEntityUID("Department", types.String(r.Department))
	}
	name := r.Name
	if name == "" {
		name = "server"
	}
	return s.build(types.Entity{UID: types.NewEntityUID(entityTypes[r.Kind], types.String(name)), Attributes: types.NewRecord(attributes)})
}

// contextOf is a context as a record. What is not known is left out.
func contextOf(c *Context) types.Record {
	weekday := (int(c.Now.Weekday())+6)%7 + 1
	m := make(types.RecordMap, 10) // as large as it gets: growing costs more than the rest
	m["now"], m["hour"], m["weekday"] = types.NewDatetime(c.Now), types.Long(c.Now.Hour()), types.Long(weekday)
	m["mfa"], m["session"] = types.Boolean(c.MFA), labelRecord(c.Session)
	putText(m, "country", c.Country)
	putText(m, "purpose", c.Purpose)
	putText(m, "device", c.Device)
	if ip := c.IP.Unmap(); ip.IsValid() {
		m["ip"] = types.IPAddr(netip.PrefixFrom(ip.WithZone(""), ip.BitLen()))
	}
	if c.Proposer != "" {
		m["proposer"] = types.NewEntityUID("User", types.String(c.Proposer))
	}
	return types.NewRecord(m)
}

func putText(m types.RecordMap, name types.String, text string) {
	if text != "" {
		m[name] = types.String(text)
	}
}

func textSet(texts []string) types.Set {
	if len(texts) == 0 {
		return types.NewSet()
	}
	values := make([]types.Value, len(texts))
	for i, t := range texts {
		values[i] = types.String(t)
	}
	return types.NewSet(values...)
}

var noCategories = func() (records [reeve.Restricted + 1]types.Record) {
	for level := range records {
		records[level] = types.NewRecord(types.RecordMap{"level": types.Long(level), "categories": types.NewSet()})
	}
	return records
}()

func labelRecord(l reeve.Label) types.Record {
	if len(l.Categories) == 0 && l.Level <= reeve.Restricted {
		return noCategories[l.Level]
	}
	return types.NewRecord(types.RecordMap{"level": types.Long(l.Level), "categories": textSet(l.Categories)})
}

// serves asks one question of each kind, to find out before it counts whether the schema can be served.
func (s *state) serves() error {
	probe := Context{Now: time.Unix(0, 0).UTC()}
	for _, a := range Actions() {
		kind, _ := kindOf(a)
		uid := types.NewEntityUID("Action", types.String(a))
		p := s.user(&reeve.Principal{ID: "probe"})
		r := s.resource(&Resource{Kind: kind, Name: "probe"})
		q := Query{Principal: p.entity.UID, Action: uid, Resource: r.entity.UID, Context: contextOf(&probe), Entities: &view{s, p, r}}
		if _, err := s.prepare(&q); err != nil {
			return Problems{{
				File: "schema", Message: fmt.Sprintf("the schema does not fit what the server knows: %s: %v", a, err),
				Remedy: "keep the types and actions of the schema that ships; attributes of your own must be optional, or be tags of User",
			}}
		}
	}
	return nil
}
