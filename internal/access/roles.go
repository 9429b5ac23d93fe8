package access

import "github.com/reeve-ai/reeve"

// Roles is the simplest policy: users use models, administrators may do everything. The zero value is ready.
type Roles struct{}

// grants says what each role may do. What is not in it is denied. RoleAdmin has its own line in Decide.
func grants(role reeve.Role, a Action) bool {
	return role == reeve.RoleUser && (a == ModelUse || a == ModelList)
}

// Decide implements Decider.
func (Roles) Decide(p reeve.Principal, a Action, r Resource) Decision {
	kind, known := kindOf(a)
	switch {
	case p.ID == "":
		return deny("nobody", "the caller was not recognised", "send an API key")
	case !known:
		return deny("unknown-action", "the action is not known", "")
	case kind != r.Kind || kind == "model" && r.Name == "":
		return deny("wrong-resource", "the action does not fit the resource", "")
	case p.Role == reeve.RoleAdmin:
		return Decision{Allow: true, Rule: "access/role-admin", Reason: "administrators may do everything"}
	case grants(p.Role, a):
		return Decision{Allow: true, Rule: "access/role-user", Reason: "users may use models"}
	}
	return deny("role", "the role of this API key does not allow this", "use a key with the role that allows it, or ask an administrator for one")
}

// kindOf is the kind of resource that an action is done to.
func kindOf(a Action) (kind string, known bool) {
	switch a {
	case ModelUse, ModelList:
		return "model", true
	case AdminMetrics, AdminStatus, AdminReload:
		return "admin", true
	}
	return "", false
}
