package analysis

import (
	"bufio"
	"fmt"
	"io"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/reeve-ai/reeve/internal/access"
)

// maxLine bounds one recorded decision.
const maxLine = 1 << 20

// Recorded is a decision as it was recorded, one JSON object a line: the question, the entities that it rested on where they
// were kept, and the answer.
type Recorded struct {
	Time      time.Time      `json:"time,omitzero"`
	Principal string         `json:"principal"`
	Action    string         `json:"action"`
	Resource  string         `json:"resource"`
	Context   jsontext.Value `json:"context,omitzero"`
	Entities  jsontext.Value `json:"entities,omitzero"`
	Decision  string         `json:"decision"` // allow or deny
	Rule      string         `json:"rule,omitzero"`
}

// ReadRecorded calls do with every recorded decision and the number of its line.
func ReadRecorded(r io.Reader, do func(line int, rec *Recorded) error) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 64<<10), maxLine)
	for n := 1; lines.Scan(); n++ {
		if len(lines.Bytes()) == 0 {
			continue
		}
		var rec Recorded
		if err := json.Unmarshal(lines.Bytes(), &rec); err != nil {
			return fmt.Errorf("line %d: not a recorded decision: %w", n, err)
		}
		if rec.Decision != "allow" && rec.Decision != "deny" {
			return fmt.Errorf("line %d: the decision is neither allow nor deny", n)
		}
		if err := do(n, &rec); err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read recorded decisions: %w", err)
	}
	return nil
}

// Replay asks recorded questions again, of another set.
type Replay struct {
	set      *access.Set
	entities *access.Entities
	seen     map[[4]string]*Difference

	Asked, Same int
}

// NewReplay asks set. Entities are for records that hold none of their own.
func NewReplay(set *access.Set, entities *access.Entities) *Replay {
	return &Replay{set: set, entities: entities, seen: map[[4]string]*Difference{}}
}

// Answer asks one question.
func (r *Replay) Answer(rec *Recorded) (access.Decision, error) {
	entities := r.entities
	if rec.Entities != nil {
		var err error
		if entities, err = r.set.ParseEntities("entities of the record", rec.Entities); err != nil {
			return access.Decision{}, err
		}
	}
	q, err := Resolve(r.set, entities, Question{Principal: rec.Principal, Action: rec.Action, Resource: rec.Resource, Context: rec.Context, Now: rec.Time})
	if err != nil {
		return access.Decision{}, err
	}
	return r.set.Decide(q), nil
}

// Ask asks one question again and compares.
func (r *Replay) Ask(rec *Recorded) error {
	after, err := r.Answer(rec)
	if err != nil {
		return err
	}
	before := access.Decision{Allow: rec.Decision == "allow", Rule: rec.Rule}
	r.Asked++
	if before.Allow == after.Allow {
		r.Same++
	}
	compare(before, after, rec.Action, []string{rec.Principal, rec.Action, rec.Resource}, r.seen)
	return nil
}

// Differences are the questions that are answered otherwise now, by action and rules.
func (r *Replay) Differences() []Difference { return sorted(r.seen) }
