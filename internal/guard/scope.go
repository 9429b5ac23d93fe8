package guard

import (
	"slices"
	"strings"

	"github.com/reeve-ai/reeve"
)

// works reports whether the rule is in force for a direction and a scope.
func (r *Rule) works(dir reeve.Direction, s Scope) bool {
	if dir == reeve.In && !r.In || dir == reeve.Out && !r.Out {
		return false
	}
	return fits(r.Scope.Routes, s.Route) && fits(r.Scope.Models, s.Model) &&
		fitsRole(r.Scope.Roles, s.Role) && fits(r.Scope.Labels, s.Label)
}

// fitsRole reports whether one of the roles, which are joined by commas, fits. "user" is the former name of employee.
func fitsRole(globs []string, roles string) bool {
	if len(globs) == 0 {
		return true
	}
	for role := range strings.SplitSeq(roles, ",") {
		if fits(globs, role) || role == string(reeve.RoleEmployee) && fits(globs, "user") {
			return true
		}
	}
	return false
}

func fits(globs []string, s string) bool {
	return len(globs) == 0 || slices.ContainsFunc(globs, func(g string) bool { return glob(g, s) })
}

// glob compares s with a pattern in which "*" stands for any run of bytes. Path globs would not do: names of models and
// routes hold slashes, labels hold braces.
func glob(pattern, s string) bool {
	prefix, rest, star := strings.Cut(pattern, "*")
	if !star {
		return s == pattern
	}
	if !strings.HasPrefix(s, prefix) {
		return false
	}
	s = s[len(prefix):]
	for {
		var part string
		if part, rest, star = strings.Cut(rest, "*"); !star {
			return strings.HasSuffix(s, part)
		}
		i := strings.Index(s, part)
		if i < 0 {
			return false
		}
		s = s[i+len(part):]
	}
}
