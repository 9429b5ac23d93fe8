package access

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/types"
	"github.com/cedar-policy/cedar-go/x/exp/ast"
	"github.com/cedar-policy/cedar-go/x/exp/schema/resolved"
	"github.com/cedar-policy/cedar-go/x/exp/schema/validate"
)

// Set is a policy set that is in order: parsed, every policy type-checked against the schema in strict mode, and sliced so
// that a decision looks at the policies that can matter. It is immutable and safe for concurrent use.
type Set struct {
	schema    *resolved.Schema
	validator *validate.Validator
	contexts  *validate.Validator // of contexts as if they were entities, for errors that name the attribute
	actions   types.EntityMap
	policies  []*Policy // in the order of files
	byID      map[string]*Policy
	slices    map[types.EntityUID]*slice
	labels    labelPlaces

	policyDigest, schemaDigest string
}

// Policy is one policy of a set.
type Policy struct {
	ID             string // its @id
	Module         string // dac, rbac, mac, abac, or "" for the house's own
	File           string
	Line           int
	Forbid         bool
	Reason, Remedy string // its @reason and @remedy

	cedar *cedar.Policy
	bare  *cedar.Policy // without the parts of the scope that a slice has answered
}

// bareOf is the policy without its action scope and without the entity under which a slice keeps it: where a slice yields
// the policy, both are known to hold.
func bareOf(p *cedar.Policy) *cedar.Policy {
	c := *p.AST()
	c.Action = ast.Scope{}.All()
	if _, named := anchor(c.Principal); named {
		c.Principal = withoutAnchor(c.Principal).(ast.IsPrincipalScopeNode)
	} else if _, named := anchor(c.Resource); named {
		c.Resource = withoutAnchor(c.Resource).(ast.IsResourceScopeNode)
	}
	return cedar.NewPolicyFromAST(&c)
}

// withoutAnchor keeps of a scope what "is" says.
func withoutAnchor(scope ast.IsScopeNode) ast.IsScopeNode {
	if s, is := scope.(ast.ScopeTypeIsIn); is {
		return ast.Scope{}.Is(s.Type)
	}
	return ast.Scope{}.All()
}

// AST is the parsed policy. It must not be changed.
func (p *Policy) AST() *ast.Policy { return (*ast.Policy)(p.cedar.AST()) }

// Cedar is the text of the policy, laid out anew.
func (p *Policy) Cedar() string { return string(p.cedar.MarshalCedar()) }

// Options says what of the sources is wanted.
type Options struct {
	Modules []string // which of the four models; nil: all whose files are there

	numbered bool // ids are policy0, policy1 … in the order of the file, as Cedar's own corpus has them
}

// Compile makes a set of its sources. The error is Problems where the text is wrong.
func Compile(src Sources, o Options) (*Set, error) {
	src, err := src.only(o.Modules)
	if err != nil {
		return nil, err
	}
	r, err := parseSchema(src.Schemas)
	if err != nil {
		return nil, err
	}
	s := &Set{
		schema: r, validator: validate.New(r, validate.WithStrict()), contexts: contextValidator(r), actions: actionEntities(r),
		byID: map[string]*Policy{}, labels: findLabels(r), policyDigest: digest(src.Policies), schemaDigest: digest(src.Schemas),
	}
	var problems Problems
	for _, f := range src.Policies {
		problems = append(problems, s.add(f, o)...)
		if len(s.policies) > maxPolicies {
			problems = append(problems, Problem{File: f.Name, Message: fmt.Sprintf("there are more than %d policies", maxPolicies), Remedy: "say it with roles, groups and attributes instead of a policy for each case"})
			break
		}
	}
	if len(problems) > 0 {
		return nil, problems
	}
	s.slices = cut(s)
	return s, nil
}

// add parses and checks the policies of one file.
func (s *Set) add(f Source, o Options) (problems Problems) {
	if p := tooDeep(f, maxDepth); p != nil {
		return Problems{*p}
	}
	list, err := cedar.NewPolicyListFromBytes(f.Name, f.Text)
	if err != nil {
		return Problems{parseProblem(f.Name, err, "correct the policy there; Cedar's grammar is at docs.cedarpolicy.com/policies/syntax-grammar.html")}
	}
	for _, parsed := range list {
		notes := parsed.Annotations()
		p := &Policy{
			ID: string(notes["id"]), Module: moduleOf(f.Name), File: f.Name, Line: parsed.Position().Line,
			Forbid: parsed.Effect() == cedar.Forbid, Reason: string(notes["reason"]), Remedy: string(notes["remedy"]), cedar: parsed,
		}
		if o.numbered {
			p.ID = fmt.Sprintf("policy%d", len(s.policies))
		}
		say := func(message, remedy string) {
			problems = append(problems, Problem{File: f.Name, Line: p.Line, Column: parsed.Position().Column, Rule: p.ID, Message: message, Remedy: remedy})
		}
		switch old := s.byID[p.ID]; {
		case p.ID == "":
			say("the policy has no @id", `write @id("a-name") before it: records and refusals name the rule by it`)
			continue
		case !printable(p.ID) || len(p.ID) > 128:
			p.ID = ""
			say("the @id is not printable text of at most 128 bytes", "use letters, digits and dashes")
			continue
		case old != nil:
			say(fmt.Sprintf("another policy has this @id: %s:%d", old.File, old.Line), "give each policy an @id of its own")
			continue
		case (p.Module == "mac" || p.Module == "abac") && !p.Forbid && !o.numbered:
			say("a permit in "+p.Module+".cedar: this model only restricts", "move it to rbac.cedar, dac.cedar or a file of your own")
		}
		for _, message := range s.check(p) {
			say(message, remedyFor(message))
		}
		p.bare = bareOf(parsed)
		s.byID[p.ID] = p
		s.policies = append(s.policies, p)
	}
	return problems
}

// check type-checks a policy.
func (s *Set) check(p *Policy) (messages []string) {
	err := s.validator.Policy("", p.AST())
	if err == nil {
		return nil
	}
	for _, e := range flat(err) {
		if m := e.Error(); !slices.Contains(messages, m) {
			messages = append(messages, m)
		}
	}
	return messages
}

func flat(err error) []error {
	var joined interface{ Unwrap() []error }
	if !errors.As(err, &joined) {
		return []error{err}
	}
	var all []error
	for _, e := range joined.Unwrap() {
		all = append(all, flat(e)...)
	}
	return all
}

// remedyFor says what to do about a message of the type checker.
func remedyFor(message string) string {
	switch {
	case strings.Contains(message, "unrecognized entity type"), strings.Contains(message, "unrecognized action"):
		return "correct the name, or declare it in a schema file beside the policies"
	case strings.Contains(message, "optional"), strings.Contains(message, "may not"), strings.Contains(message, "unable to guarantee safety"):
		return "ask first whether it is there: `resource has name && …`"
	case strings.Contains(message, "attribute"):
		return "correct the attribute, or declare it in a schema file beside the policies"
	case strings.Contains(message, "applicable action"):
		return "compare the scope with the action's appliesTo in the schema: no request can ever match"
	}
	return "compare the expression with the types in the schema"
}

func printable(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '\uFFFD' })
}

func digest(files []Source) string {
	h := sha256.New()
	for _, f := range files {
		name := path.Base(f.Name) // the same policies in another folder are the same policies
		fmt.Fprintf(h, "%d:%s %d:", len(name), name, len(f.Text))
		h.Write(f.Text)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// PolicyDigest is the SHA-256 over the policy files in force, hex.
func (s *Set) PolicyDigest() string { return s.policyDigest }

// SchemaDigest is the SHA-256 over the schema files, hex.
func (s *Set) SchemaDigest() string { return s.schemaDigest }

// Policies are all policies, in the order of their files.
func (s *Set) Policies() []*Policy { return s.policies }

// Policy is the policy of an id, or nil.
func (s *Set) Policy(id string) *Policy { return s.byID[id] }

// Schema is the resolved schema. It must not be changed.
func (s *Set) Schema() *resolved.Schema { return s.schema }

// Actions are the actions that can be asked for, those that only group others left out, sorted.
func (s *Set) Actions() []types.EntityUID {
	var out []types.EntityUID
	for uid, a := range s.schema.Actions {
		if a.AppliesTo != nil {
			out = append(out, uid)
		}
	}
	slices.SortFunc(out, func(a, b types.EntityUID) int { return strings.Compare(a.String(), b.String()) })
	return out
}
