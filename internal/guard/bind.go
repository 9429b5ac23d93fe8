package guard

import (
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/detect"
)

// binder checks the rules of a document and turns them into bound ones.
type binder struct {
	doc       *document
	open      func(name string) ([]byte, error)
	lists     map[string][]byte // list files read so far
	detectors map[string]bool   // what may stand under detect
}

var (
	ruleID      = regexp.MustCompile(`^[a-z0-9][a-z0-9/_.-]{0,63}$`)
	tokenEnding = regexp.MustCompile(`\[\[|\]\]|_[0-9]`)
)

func (b *binder) bind() ([]*bound, error) {
	src := &b.doc.policy
	if src.Version != 1 {
		return nil, b.doc.At("version must be 1, the format that this reeve reads", "version")
	}
	if len(src.Rules) > maxRules {
		return nil, b.doc.At(fmt.Sprintf("%d rules, more than %d", len(src.Rules), maxRules), "rules")
	}
	rules := make([]*bound, 0, len(src.Rules))
	seen := make(map[string]bool, len(src.Rules))
	for i := range src.Rules {
		r, err := b.rule(i, &src.Rules[i])
		if err != nil {
			return nil, err
		}
		if seen[r.ID] {
			return nil, b.fail(i, "two rules have the id "+r.ID, "id")
		}
		seen[r.ID] = true
		rules = append(rules, r)
	}
	slices.SortFunc(rules, func(x, y *bound) int { return strings.Compare(x.ID, y.ID) })
	return rules, nil
}

func (b *binder) fail(i int, message string, path ...any) error {
	return b.doc.At(message, append([]any{"rules", i}, path...)...)
}

func (b *binder) rule(i int, src *ruleSource) (*bound, error) {
	r := &bound{
		Rule: Rule{
			ID: src.ID, Scope: Globs(src.Scope), Reversible: src.Reversible, Mask: src.Mask,
			Message: src.Message, Remedy: src.Remedy, LegalBasis: strings.Join(src.LegalBasis, "; "),
			Owner: src.Owner, Mode: "exact",
		},
		mask: src.Mask, foldCase: src.Match.FoldCase, whole: src.Match.WholeWord, examples: src.Examples,
	}
	for _, step := range []func(int, *ruleSource, *bound) error{
		b.identity, b.direction, b.action, b.matcher, b.exampleLists,
	} {
		if err := step(i, src, r); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// identity checks the id and that nothing is missing that a person who is refused needs to read.
func (b *binder) identity(i int, src *ruleSource, _ *bound) error {
	if !ruleID.MatchString(src.ID) {
		return b.fail(i, "an id has 1 to 64 of a-z 0-9 / _ . - and starts with a letter or digit", "id")
	}
	for _, f := range []struct{ key, value string }{{"message", src.Message}, {"remedy", src.Remedy}, {"owner", src.Owner}} {
		if strings.TrimSpace(f.value) == "" {
			return b.fail(i, "rule "+src.ID+" has no "+f.key, f.key)
		}
	}
	if len(src.LegalBasis) == 0 {
		return b.fail(i, "rule "+src.ID+" has no legal_basis; where no law asks for it, name the house rule", "legal_basis")
	}
	if src.Mode != "" && src.Mode != "exact" {
		return b.fail(i, "mode must be exact", "mode")
	}
	return nil
}

func (b *binder) direction(i int, src *ruleSource, r *bound) error {
	switch src.Direction {
	case "in":
		r.In = true
	case "out":
		r.Out = true
	case "both":
		r.In, r.Out = true, true
	default:
		return b.fail(i, "direction must be in, out or both", "direction")
	}
	return nil
}

func (b *binder) action(i int, src *ruleSource, r *bound) error {
	if err := r.Action.UnmarshalText([]byte(src.Action)); err != nil {
		return b.fail(i, "action must be allow, review, mask or block", "action")
	}
	if src.Severity != "" {
		r.Severity = new(reeve.Severity)
		if err := r.Severity.UnmarshalText([]byte(src.Severity)); err != nil {
			return b.fail(i, "severity must be info, low, medium, high or critical", "severity")
		}
	}
	if r.Action != reeve.Mask && (src.Reversible || src.Mask != "") {
		return b.fail(i, "only a rule with action mask has a mask", "action")
	}
	if src.Reversible && !r.In {
		return b.fail(i, "reversible needs direction in or both: a value is kept on its way to the model", "reversible")
	}
	if message := maskFault(src.Mask); message != "" {
		return b.fail(i, message, "mask")
	}
	return nil
}

// maskFault says why a text cannot stand as a mask. Quotes, backslashes and control characters would break the JSON
// documents that masks are put into; doubled brackets and "_1" could make a token of the vault together with the text
// around the mask.
func maskFault(mask string) string {
	switch {
	case len(mask) > maxMask:
		return fmt.Sprintf("a mask has at most %d bytes", maxMask)
	case !utf8.ValidString(mask) || strings.ContainsFunc(mask, func(r rune) bool { return r < ' ' || r == 0x7f || r == '"' || r == '\\' }):
		return `a mask has no quote, backslash or control character: it must keep JSON valid`
	case tokenEnding.MatchString(mask):
		return "a mask must not look like a token of the vault: no [[, no ]], no _ before a digit"
	}
	return ""
}

func (b *binder) matcher(i int, src *ruleSource, r *bound) error {
	m := &src.Match
	for k, name := range m.Detect {
		if !b.detectors[name] {
			return b.fail(i, fmt.Sprintf("no detector is called %q", name), "match", "detect", k)
		}
	}
	if m.MinScore < 0 || m.MinScore > 1 || m.MinScore > 0 && len(m.Detect) == 0 {
		return b.fail(i, "min_score is a number from 0 to 1, beside detect", "match", "min_score")
	}
	r.minScore, r.MinScore = m.MinScore, m.MinScore
	r.detect, r.literals, r.patterns = m.Detect, m.Literals, m.Patterns
	if err := b.listFile(i, m, r); err != nil {
		return err
	}
	if len(r.literals) > maxLiterals {
		return b.fail(i, fmt.Sprintf("%d literals, more than %d", len(r.literals), maxLiterals), "match", "literals")
	}
	if err := b.probe(i, src.ID, m, r.literals); err != nil {
		return err
	}
	if len(r.detect)+len(r.literals)+len(r.patterns) == 0 {
		return b.fail(i, "rule "+src.ID+" matches nothing: it needs detect, literals, literals_file or patterns", "match")
	}
	return nil
}

// probe compiles literals and patterns one by one, so that an error can point at the one that is wrong.
func (b *binder) probe(i int, id string, m *matchSource, literals []string) error {
	for k, w := range literals {
		if w == "" || len(w) > 255 {
			if k < len(m.Literals) {
				return b.fail(i, "a literal has 1 to 255 bytes", "match", "literals", k)
			}
			return b.fail(i, fmt.Sprintf("literal %d of the list file has more than 255 bytes", k-len(m.Literals)+1), "match", "literals_file")
		}
	}
	for k, p := range m.Patterns {
		if _, err := detect.New(detect.Options{Patterns: []detect.Pattern{{ID: id, Expr: p.Expr, MaxLen: p.MaxLen}}}); err != nil {
			return b.fail(i, err.Error(), "match", "patterns", k)
		}
	}
	return nil
}

func (b *binder) listFile(i int, m *matchSource, r *bound) error {
	name := m.LiteralsFile
	if name == "" {
		return nil
	}
	if !fs.ValidPath(name) {
		return b.fail(i, "literals_file is a path below the folder of the policy, without ..", "match", "literals_file")
	}
	content, read := b.lists[name]
	if !read {
		var err error
		if content, err = b.open(name); err != nil {
			return b.fail(i, "literals_file: "+err.Error(), "match", "literals_file")
		}
		if !utf8.Valid(content) {
			return b.fail(i, "literals_file is not UTF-8", "match", "literals_file")
		}
		b.lists[name] = content
	}
	r.literals = slices.Concat(r.literals, listWords(content))
	return nil
}

func (b *binder) exampleLists(i int, src *ruleSource, r *bound) error {
	for n, list := range []struct {
		key   string
		texts []string
	}{{"match", src.Examples.Match}, {"no_match", src.Examples.NoMatch}} {
		if len(list.texts) == 0 {
			return b.fail(i, "rule "+src.ID+" has no example under "+list.key+": a rule shows what it finds and what it leaves alone", "examples")
		}
		for k := range list.texts {
			r.lines[n] = append(r.lines[n], b.doc.Line("rules", i, "examples", list.key, k))
		}
	}
	return nil
}

// detectors holds the ids of all built-in rules and the globs of their classes, such as "pii/*".
func detectors() map[string]bool {
	names := map[string]bool{}
	for _, r := range detect.Rules() {
		names[r.ID] = true
		if class, _, found := strings.Cut(r.ID, "/"); found {
			names[class+"/*"] = true
		}
	}
	return names
}
