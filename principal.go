package reeve

import (
	"fmt"
	"slices"
	"strings"
)

// Principal is who acts: a user, a service or an agent. Everything but Name is what decisions rest on; it comes from
// signed or stored state, never from what a caller says of itself.
type Principal struct {
	ID         string            // stable pseudonym, such as the id of an API key; "" means nobody was recognised
	Name       string            // display name, never written to the custody log
	Kind       string            // KindUser, KindService or KindAgent; "" is a user
	Roles      []Role            // what the principal may do at all; none: nothing
	Groups     []string          // groups that things are shared with and rules name
	Clearance  Label             // highest label the principal may see
	Department string            // "": none
	Employment string            // EmploymentActive, EmploymentLeave or EmploymentEnded; "": unknown
	Country    string            // of work, ISO 3166-1 alpha-2; "": unknown
	Training   []string          // trainings that are current
	Attributes map[string]string // further attributes, for policies of the house's own
}

// Kinds of principals.
const (
	KindUser    = "user"    // a person
	KindService = "service" // a program with a key or certificate of its own
	KindAgent   = "agent"   // a program that acts by itself, with a language model's help
)

// States of employment.
const (
	EmploymentActive = "active"
	EmploymentLeave  = "leave" // absent for a time: may sign in, not act
	EmploymentEnded  = "ended"
)

// Role is a coarse set of rights. The zero value may do nothing.
type Role string

// The roles that the default policies know. What each may do stands in policies/access/rbac.cedar.
const (
	RoleEmployee   Role = "employee"    // uses models
	RoleMLEngineer Role = "ml-engineer" // works with data sets and fine-tunes
	RoleReviewer   Role = "reviewer"    // decides review items of others
	RoleCompliance Role = "compliance"  // holds, erases, exports, reports
	RoleSecurity   Role = "security"    // policies, labels, break-glass
	RoleAdmin      Role = "admin"       // runs the server; reads no payloads
	RoleAuditor    Role = "auditor"     // reads records and reports, changes nothing
)

var roles = [...]Role{RoleEmployee, RoleMLEngineer, RoleReviewer, RoleCompliance, RoleSecurity, RoleAdmin, RoleAuditor}

// Roles lists the roles that the default policies know.
func Roles() []Role { return slices.Clone(roles[:]) }

// Canonical is the present name of a role: "user" is the former name of employee.
func (r Role) Canonical() Role {
	if r == "user" {
		return RoleEmployee
	}
	return r
}

// Known reports whether the default policies know the role, by its present or its former name.
func (r Role) Known() bool { return slices.Contains(roles[:], r.Canonical()) }

// ParseRole reads the name of a role, present or former.
func ParseRole(s string) (Role, error) {
	if r := Role(s).Canonical(); r.Known() {
		return r, nil
	}
	return "", fmt.Errorf("role %q is none of %v", s, roles)
}

// Has reports whether the principal holds the role.
func (p *Principal) Has(r Role) bool { return slices.Contains(p.Roles, r) }

// RoleNames is the list of roles joined by commas.
func (p *Principal) RoleNames() string {
	switch len(p.Roles) {
	case 0:
		return ""
	case 1:
		return string(p.Roles[0])
	}
	names := make([]string, len(p.Roles))
	for i, r := range p.Roles {
		names[i] = string(r)
	}
	return strings.Join(names, ",")
}
