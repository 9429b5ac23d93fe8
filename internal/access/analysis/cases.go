package analysis

import (
	"encoding/xml"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/cedar-policy/cedar-go/types"

	"github.com/reeve-ai/reeve/internal/access"
	"github.com/reeve-ai/reeve/internal/strict"
)

var caseLimits = strict.Limits{Bytes: 1 << 20, Marks: 50_000, Depth: 12}

// CaseFile is a file of test cases for access policies.
type CaseFile struct {
	Version  int            `yaml:"version"`  // of the format, now 1
	Entities string         `yaml:"entities"` // file with the entities, from the folder of this file; empty: entities.json beside the policies
	Now      string         `yaml:"now"`      // time of all cases, RFC 3339; empty: 2026-03-02T10:00:00Z, a Monday
	Context  map[string]any `yaml:"context"`  // circumstances of all cases
	Cases    []Case         `yaml:"cases"`

	name string
	doc  *strict.Doc
	now  time.Time
}

// Case is one question with its answer.
type Case struct {
	Name      string         `yaml:"name"`
	Principal string         `yaml:"principal"`
	Action    string         `yaml:"action"`
	Resource  string         `yaml:"resource"`
	Context   map[string]any `yaml:"context"` // laid over the context of the file
	Expect    string         `yaml:"expect"`  // allow or deny
	Rule      string         `yaml:"rule"`    // that must be among those that determine it; empty: any
}

// ParseCases reads test cases.
func ParseCases(name string, text []byte) (*CaseFile, error) {
	f := &CaseFile{name: name}
	doc, err := strict.Decode(name, text, f, caseLimits)
	if err != nil {
		return nil, err
	}
	f.doc = doc
	f.now = time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	if f.Now != "" {
		if f.now, err = time.Parse(time.RFC3339, f.Now); err != nil {
			return nil, doc.At("want a time such as 2026-03-02T10:00:00Z", "now")
		}
	}
	if f.Version != 1 {
		return nil, doc.At("this reeve reads version 1", "version")
	}
	for i, c := range f.Cases {
		switch {
		case c.Name == "":
			return nil, doc.At("the case has no name", "cases", i)
		case c.Principal == "" || c.Action == "" || c.Resource == "":
			return nil, doc.At("a case needs principal, action and resource", "cases", i)
		case c.Expect != "allow" && c.Expect != "deny":
			return nil, doc.At("want allow or deny", "cases", i, "expect")
		}
	}
	return f, nil
}

// CaseResult is the result of one case.
type CaseResult struct {
	Name    string `json:"name"`
	File    string `json:"file"`
	Line    int    `json:"line"`
	OK      bool   `json:"ok"`
	Message string `json:"message,omitzero"` // what is otherwise than expected
}

// Run asks all cases.
func (f *CaseFile) Run(set *access.Set, entities *access.Entities) []CaseResult {
	out := make([]CaseResult, len(f.Cases))
	for i, c := range f.Cases {
		out[i] = CaseResult{Name: c.Name, File: f.name, Line: f.doc.Line("cases", i)}
		out[i].Message = f.run(set, entities, &c)
		out[i].OK = out[i].Message == ""
	}
	return out
}

func (f *CaseFile) run(set *access.Set, entities *access.Entities, c *Case) string {
	q, err := Resolve(set, entities, Question{Principal: c.Principal, Action: c.Action, Resource: c.Resource, Now: f.now})
	if err != nil {
		return err.Error()
	}
	base := q.Context.Map()
	for _, over := range []map[string]any{f.Context, c.Context} {
		text, err := json.Marshal(over)
		if err != nil {
			return "context: " + err.Error()
		}
		some, err := set.ParseSomeContext(q.Action, text)
		if err != nil {
			return err.Error()
		}
		maps.Copy(base, some)
	}
	q.Context = types.NewRecord(base)
	d := set.Decide(q)
	got := map[bool]string{true: "allow", false: "deny"}[d.Allow]
	by := strings.Join(d.Rules, ", ")
	if by == "" {
		by = d.Rule
	}
	if len(d.Errors) > 0 {
		by += " (" + strings.Join(d.Errors, "; ") + ")"
	}
	switch {
	case got != c.Expect:
		return fmt.Sprintf("want %s, got %s by %s", c.Expect, got, by)
	case c.Rule != "" && c.Rule != d.Rule && !slices.Contains(d.Rules, c.Rule):
		return fmt.Sprintf("want it by %s, got %s by %s", c.Rule, got, by)
	}
	return ""
}

// JUnit writes results as JUnit XML, which CI systems show.
func JUnit(results []CaseResult) ([]byte, error) {
	type failure struct {
		Message string `xml:"message,attr"`
	}
	type testcase struct {
		Name    string   `xml:"name,attr"`
		Class   string   `xml:"classname,attr"`
		File    string   `xml:"file,attr"`
		Line    int      `xml:"line,attr"`
		Failure *failure `xml:"failure,omitempty"`
	}
	type suite struct {
		XMLName  xml.Name   `xml:"testsuite"`
		Name     string     `xml:"name,attr"`
		Tests    int        `xml:"tests,attr"`
		Failures int        `xml:"failures,attr"`
		Cases    []testcase `xml:"testcase"`
	}
	s := suite{Name: "reeve access test", Tests: len(results)}
	for _, r := range results {
		c := testcase{Name: r.Name, Class: r.File, File: r.File, Line: r.Line}
		if !r.OK {
			s.Failures++
			c.Failure = &failure{r.Message}
		}
		s.Cases = append(s.Cases, c)
	}
	out, err := xml.MarshalIndent(s, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write JUnit: %w", err)
	}
	return slices.Concat([]byte(xml.Header), out, []byte("\n")), nil
}
