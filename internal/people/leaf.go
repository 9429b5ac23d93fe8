package people

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/custody"
	"github.com/reeve-ai/reeve/internal/store"
)

// leaf are the members of a leaf that the queue is made from; docs/custody-format.md has the whole format.
type leaf struct {
	Start    time.Time         `json:"t_start"`
	End      time.Time         `json:"t_end"`
	Kek      string            `json:"kek"`
	KeyID    string            `json:"key_id"`
	Model    string            `json:"model"`
	Route    string            `json:"route"`
	Op       string            `json:"op"`
	Policy   string            `json:"policy"`
	Result   string            `json:"result"`
	Refusal  string            `json:"refusal"`
	Rule     string            `json:"rule"`
	LabelIn  string            `json:"label_in"`
	LabelOut string            `json:"label_out"`
	Stream   bool              `json:"stream"`
	Act      string            `json:"act"`
	Object   string            `json:"object"`
	Names    map[string]string `json:"names"`
	Numbers  map[string]uint64 `json:"numbers"`
	Guard    []guardLeaf       `json:"guard"`
}

type guardLeaf struct {
	Rule   string `json:"rule"`
	Action string `json:"action"`
	Stage  string `json:"stage"`
	N      int64  `json:"n"`
	Score  int64  `json:"score"`
}

func parseLeaf(r *custody.Stored) (*leaf, error) {
	l := &leaf{}
	if err := json.Unmarshal(r.Leaf, l); err != nil {
		return nil, fmt.Errorf("record %d: %w", r.Seq, err)
	}
	return l, nil
}

// Parts of leaves by which most records are told to be of no interest without being parsed. Leaves are canonical JSON, so that
// a member reads in one way only.
var (
	guardMember   = []byte(`,"guard":[`)
	blockedMember = []byte(`"result":"blocked"`)
	heldMember    = []byte(`"result":"held"`)
	refusedMember = []byte(`"refusal":"blocked_by_policy"`)
)

// mayConcern reports whether the leaf says that a rule did something.
func mayConcern(b []byte) bool {
	return bytes.Contains(b, guardMember) || bytes.Contains(b, blockedMember) || bytes.Contains(b, heldMember) || bytes.Contains(b, refusedMember)
}

// judged reports whether guards have judged the exchange: otherwise it belongs to nobody's error rate.
func (l *leaf) judged() bool {
	switch {
	case l.Refusal == "blocked_by_policy":
		return true
	case l.Op == "list":
		return false
	}
	return l.Result == "ok" || l.Result == "blocked" || l.Result == "held" || l.Result == "cut"
}

// join adds what an intent says to its outcome.
func (l *leaf) join(in *leaf) {
	l.KeyID, l.Model, l.Route, l.Op, l.Policy, l.LabelIn, l.Stream = in.KeyID, in.Model, in.Route, in.Op, in.Policy, in.LabelIn, in.Stream
	l.Guard = slices.Concat(in.Guard, l.Guard)
	if l.Kek == "" {
		l.Kek = in.Kek
	}
}

// reasons are the sources that an exchange qualifies for, without those by chance.
func (l *leaf) reasons(near int64) []string {
	found := map[string]bool{
		SourceHeld:  l.Result == "held",
		SourceBlock: l.Result == "blocked" || l.Refusal == "blocked_by_policy",
	}
	for _, g := range l.Guard {
		switch g.Action {
		case reeve.Review.String():
			found[SourceFlag] = true
		case reeve.Mask.String():
			found[SourceMask] = true
		}
		if g.Score > 0 && g.Score >= Threshold-near && g.Score <= Threshold+near {
			found[SourceNear] = true
		}
	}
	var out []string
	for _, s := range Sources() {
		if found[s] {
			out = append(out, s)
		}
	}
	return out
}

// label is the join of what went in and what came out. What cannot be read counts as the highest.
func (l *leaf) label() reeve.Label {
	var out reeve.Label
	for _, text := range []string{l.LabelIn, l.LabelOut} {
		if text == "" {
			continue
		}
		one, err := reeve.ParseLabel(text)
		if err != nil {
			one = reeve.NewLabel(reeve.Restricted)
		}
		out = out.Join(one)
	}
	return out
}

func (l *leaf) rules() []store.ReviewRule {
	out := []store.ReviewRule{}
	for _, g := range l.Guard {
		out = append(out, store.ReviewRule{Rule: g.Rule, Action: g.Action, Stage: g.Stage, Count: g.N, Score: g.Score})
	}
	return out
}

// fired are the rules that did anything but take note.
func fired(rules []store.ReviewRule) []string {
	var out []string
	for _, r := range rules {
		if r.Action != reeve.Allow.String() && r.Action != "" {
			out = append(out, r.Rule)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
