package access

import "github.com/reeve-ai/reeve"

// Roles is the simplest policy: employees use models, administrators may do everything that is known here. It is the one
// in force where no policy files are. The zero value is ready.
type Roles struct{}

// Decide implements Decider.
func (Roles) Decide(q Request) Decision {
	p, r := &q.Principal, &q.Resource
	kind, known := kindOf(q.Action)
	switch {
	case p.ID == "":
		return deny("nobody", "the caller was not recognised", "send an API key")
	case !known:
		return deny("unknown-action", "the action is not known", "")
	case kind != r.Kind || kind == KindModel && r.Name == "":
		return deny("wrong-resource", "the action does not fit the resource", "")
	case p.Has(reeve.RoleAdmin) && (q.Action == ModelUse || q.Action == ModelList || kind == KindAdmin || kind == KindUser || kind == KindKey):
		return granted("access/role-admin", "administrators may use models, the server's administration, and manage users and keys")
	case p.Has(reeve.RoleEmployee) && (q.Action == ModelUse || q.Action == ModelList):
		return granted("access/role-employee", "employees may use models")
	}
	return deny("role", "the role of this API key does not allow this", "use a key with the role that allows it, or ask an administrator for one")
}

func granted(rule, reason string) Decision {
	return Decision{Allow: true, Rule: rule, Rules: []string{rule}, Reason: reason}
}
