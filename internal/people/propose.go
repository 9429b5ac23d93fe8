package people

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/custody"
	"github.com/reeve-ai/reeve/internal/store"
)

// Change is one change of a guard rule, in the words of its policy file. One of MinScore and Action is set.
type Change struct {
	Rule     string `json:"rule"`
	MinScore int64  `json:"min_score,omitzero"` // match.min_score, in thousandths
	Action   string `json:"action,omitzero"`    // action
}

// YAML is how the change reads in the policy file.
func (c *Change) YAML() string {
	if c.Action != "" {
		return fmt.Sprintf("- id: %s\n  action: %s\n", c.Rule, c.Action)
	}
	return fmt.Sprintf("- id: %s\n  match: {min_score: %s}\n", c.Rule, strconv.FormatFloat(float64(c.MinScore)/1000, 'f', -1, 64))
}

// apply is what the rule's part in an exchange becomes; an empty Action means that the rule does nothing.
func (c *Change) apply(g guardLeaf) guardLeaf {
	switch {
	case g.Rule != c.Rule:
	case c.Action != "":
		g.Action = c.Action
	case g.Score > 0 && g.Score < c.MinScore: // a record that tells no score stays as it is
		g.Action = ""
	}
	return g
}

// Effect is what a change would have made of exchanges on record.
type Effect struct {
	Exchanges int `json:"exchanges"` // that were judged
	Acted     int `json:"acted"`     // in which the rule did something
	Weaker    int `json:"weaker"`    // with a weaker verdict than they had
	Stronger  int `json:"stronger"`
	Passed    int `json:"passed"` // in which no rule would do anything any more

	Right int `json:"right"` // of those with a weaker verdict: reviewers found that the rule was wrong
	Wrong int `json:"wrong"` // reviewers found that it was right: these would be missed
}

// Proposal is a change with its reasons and its effect. Nothing puts it in force but a person who edits the policy.
type Proposal struct {
	Change
	Policy        string `json:"yaml"`
	FalsePositive int    `json:"false_positives"` // verdicts that the rule was wrong to act
	TruePositive  int    `json:"true_positives"`
	Effect        Effect `json:"effect"`
}

// ProposeRequest asks for proposals, or for the effect of one change.
type ProposeRequest struct {
	Actor  string    `json:"actor"`
	Rule   string    `json:"rule,omitzero"` // "": every rule
	Change *Change   `json:"change,omitzero"`
	Since  time.Time `json:"since,omitzero"` // of the exchanges that it is replayed over
	Least  int       `json:"least,omitzero"` // verdicts that a rule must have; default 5
}

// Proposals are what Propose found.
type Proposals struct {
	SchemaVersion int        `json:"schema_version"`
	Proposals     []Proposal `json:"proposals"`
}

// judgedRule are the verdicts about one rule's actions.
type judgedRule struct {
	action       string
	right, wrong []int64 // scores of its strongest matches; 0 unknown
}

// Propose looks for rules that reviewers found wrong often, proposes for each the change that would undo most of that and miss
// least, and replays it over the exchanges on record: what each rule did and how strong its match was stands in the records, so
// that no content is read. It puts nothing in force.
func (s *Service) Propose(ctx context.Context, q ProposeRequest) (*Proposals, error) {
	if q.Least <= 0 {
		q.Least = 5
	}
	rules, verdicts, err := s.judgedRules(ctx)
	if err != nil {
		return nil, err
	}
	out := &Proposals{SchemaVersion: 1, Proposals: []Proposal{}}
	for _, name := range sortedKeys(rules) {
		j := rules[name]
		if q.Rule != "" && q.Rule != name || q.Change != nil || len(j.right)+len(j.wrong) < q.Least {
			continue
		}
		if c := j.change(name); c != nil {
			out.Proposals = append(out.Proposals, Proposal{Change: *c, Policy: c.YAML(), FalsePositive: len(j.wrong), TruePositive: len(j.right)})
		}
	}
	if c := q.Change; c != nil {
		p := Proposal{Change: *c, Policy: c.YAML()}
		if j := rules[c.Rule]; j != nil {
			p.FalsePositive, p.TruePositive = len(j.wrong), len(j.right)
		}
		out.Proposals = append(out.Proposals, p)
	}
	if err := s.replay(ctx, q.Since, out.Proposals, verdicts); err != nil {
		return nil, err
	}
	for i := range out.Proposals {
		p := &out.Proposals[i]
		_, err := s.o.Log.Event(&custody.Event{
			Kind: custody.EventReview, Time: s.o.Clock(), Actor: q.Actor, Act: ActPropose, Object: p.Rule, Result: "proposed",
			Numbers: map[string]uint64{"exchanges": uint64(p.Effect.Exchanges), "weaker": uint64(p.Effect.Weaker), "right": uint64(p.Effect.Right), "wrong": uint64(p.Effect.Wrong)}, //nolint:gosec // counts
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

func sortedKeys[V any](m map[string]V) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// judgedRules reads what reviewers found about the rules that acted, and the rules that were right by exchange.
func (s *Service) judgedRules(ctx context.Context) (map[string]*judgedRule, map[string]*store.ReviewVerdict, error) {
	rules, verdicts := map[string]*judgedRule{}, map[string]*store.ReviewVerdict{}
	err := s.o.Store.EachReview(ctx, time.Time{}, func(it *store.ReviewItem, list []store.ReviewVerdict) error {
		if it.Outcome == "" || it.Outcome == OutcomeExpired || len(list) == 0 {
			return nil
		}
		v := *inForce(it, list)
		verdicts[it.ID] = &v
		best := map[string]store.ReviewRule{}
		for _, r := range it.Rules {
			if b, known := best[r.Rule]; r.Action != reeve.Allow.String() && (!known || r.Score > b.Score) {
				best[r.Rule] = r
			}
		}
		for name, r := range best {
			j := rules[name]
			if j == nil {
				j = &judgedRule{}
				rules[name] = j
			}
			j.action = r.Action
			if slices.Contains(v.Truth, name) {
				j.right = append(j.right, r.Score)
			} else {
				j.wrong = append(j.wrong, r.Score)
			}
		}
		return nil
	})
	return rules, verdicts, err
}

// change is what would help most, nil where the rule is right more often than not and nothing separates its mistakes. A score
// is asked for where that undoes at least half of the mistakes and misses at most one in twenty of what was right; a rule that
// is wrong more often than right and cannot be helped so asks a person instead of acting.
func (j *judgedRule) change(name string) *Change {
	if len(j.wrong) == 0 {
		return nil
	}
	at, best := int64(0), 0
	for _, score := range j.wrong {
		if score <= 0 || score >= 1000 {
			continue
		}
		undone, missed := below(j.wrong, score+1), below(j.right, score+1)
		if 2*undone >= len(j.wrong) && 20*missed <= len(j.right) && undone-missed > best {
			at, best = score+1, undone-missed
		}
	}
	switch {
	case at > 0:
		return &Change{Rule: name, MinScore: at}
	case len(j.wrong) > len(j.right) && (j.action == reeve.Mask.String() || j.action == reeve.Block.String()):
		return &Change{Rule: name, Action: reeve.Review.String()}
	}
	return nil
}

// below counts known scores under a bound.
func below(scores []int64, bound int64) (n int) {
	for _, s := range scores {
		if s > 0 && s < bound {
			n++
		}
	}
	return n
}

// replay counts what each proposal would have made of the exchanges on record.
func (s *Service) replay(ctx context.Context, since time.Time, list []Proposal, verdicts map[string]*store.ReviewVerdict) error {
	if len(list) == 0 {
		return nil
	}
	end, err := s.o.Reader.Size()
	if err != nil {
		return err
	}
	intents := map[custody.ID]*leaf{}
	return s.o.Reader.Leaves(s.o.Reader.First(), end, func(r *custody.Stored) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		if r.ID.Time().Before(since) || r.Kind != "intent" && r.Kind != "outcome" {
			return nil
		}
		l, err := parseLeaf(r)
		if err != nil {
			return err
		}
		if r.Kind == "intent" {
			if len(l.Guard) > 0 {
				intents[r.ID] = l
			}
			return nil
		}
		guards := l.Guard
		if in := intents[r.ID]; in != nil {
			guards = slices.Concat(in.Guard, guards)
			delete(intents, r.ID)
		}
		if !l.judged() {
			return nil
		}
		for i := range list {
			list[i].Effect.count(&list[i].Change, guards, verdicts[r.ID.String()])
		}
		return nil
	})
}

// count adds one exchange.
func (e *Effect) count(c *Change, guards []guardLeaf, v *store.ReviewVerdict) {
	e.Exchanges++
	var before, after reeve.Action
	acted := false
	for _, g := range guards {
		acted = acted || g.Rule == c.Rule
		before = max(before, actionOf(g.Action))
		after = max(after, actionOf(c.apply(g).Action))
	}
	if acted {
		e.Acted++
	}
	switch {
	case after > before:
		e.Stronger++
	case after < before:
		e.Weaker++
		if after == reeve.Allow {
			e.Passed++
		}
		if v != nil && slices.Contains(v.Truth, c.Rule) {
			e.Wrong++
		} else if v != nil {
			e.Right++
		}
	}
}

func actionOf(text string) (a reeve.Action) {
	_ = a.UnmarshalText([]byte(text)) // what is none does nothing
	return a
}
