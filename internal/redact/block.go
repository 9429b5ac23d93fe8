package redact

import (
	"cmp"
	"fmt"
	"slices"
	"sort"

	"github.com/reeve-ai/reeve/detect"
	"github.com/reeve-ai/reeve/internal/dataset"
	"github.com/reeve-ai/reeve/internal/inspect"
)

// maxRounds bounds how often one block is looked at. Each further round uses plainer means, so few blocks need three.
const maxRounds = 12

// redactor edits the blocks of one file. It is not safe for concurrent use.
type redactor struct {
	inspector  *inspect.Inspector
	ops        *operators
	surrogates *Surrogates // takes what was written, may be nil
	known      *Surrogates // of an earlier run, may be nil
	subject    string      // of dates without a subject field: the file
	tally      map[Count]int
	rounds     int
	fields     int

	scratch inspect.Scratch
	hits    []inspect.Hit
	next    dataset.Block // the block with its edits
}

// change is an edit of a block and why it is made.
type change struct {
	start, end int // in the original text
	field      int
	rule       *detect.Rule
	op         Operator
	level      int // 0 is what the policy says; see ladder
	text       []byte
	at         int // where text begins in the edited block
	written    bool
}

// The ladder: what takes a value's place when the step before it was found again.
const (
	asAsked = iota
	asLabel // [KIND]
	asStars // ***
	asNothing
	wholeField // the field, or the line of a text, goes
)

// edits returns what is to be replaced in b so that nothing is found in it.
func (r *redactor) edits(b *dataset.Block) ([]dataset.Edit, error) {
	var changes []change
	for round := 1; ; round++ {
		now := r.apply(b, changes)
		r.hits = r.inspector.Block(r.hits[:0], now, &r.scratch)
		open, err := r.open(now, changes)
		if err != nil {
			return nil, err
		}
		r.rounds = max(r.rounds, round)
		if len(open) == 0 || round == maxRounds {
			return r.finish(now, changes) // what is left, the second reading of the file finds
		}
		changes = r.settle(b, r.extend(changes, open, round))
	}
}

// open filters the hits of a look: those that the policy keeps, surrogates and what they are made of are no reason to act.
func (r *redactor) open(now *dataset.Block, changes []change) ([]inspect.Hit, error) {
	var out []inspect.Hit
	for _, h := range r.hits {
		if r.ops.policy.For(h.Rule).Name == Keep || within(changes, h.Start, h.End) {
			continue
		}
		if from, to := meets(changes, h.Start, h.End); from == to {
			ok, err := r.isSurrogate(now.Text[h.Start:h.End])
			if err != nil {
				return nil, err
			}
			if ok {
				continue
			}
		}
		out = append(out, h)
	}
	return out, nil
}

func (r *redactor) isSurrogate(text []byte) (bool, error) {
	ok, err := r.known.Has(text)
	if ok || err != nil {
		return ok, err
	}
	return r.surrogates.Has(text)
}

// stop is where the text of a change ends in the edited block.
func (c *change) stop() int { return c.at + len(c.text) }

func (c *change) surrogate() bool { return c.level == asAsked && c.op.Surrogates() }

// meets returns which changes a span of the edited text has bytes of, or encloses the place of where nothing is left.
func meets(changes []change, start, end int) (from, to int) {
	from = sort.Search(len(changes), func(i int) bool {
		c := &changes[i]
		return c.stop() > start || len(c.text) == 0 && c.at >= start
	})
	for to = from; to < len(changes) && (changes[to].at < end || changes[to].at == end && len(changes[to].text) == 0); to++ {
	}
	return from, to
}

// within reports whether a span of the edited text lies in what an operator wrote that writes values of the same form.
func within(changes []change, start, end int) bool {
	from, to := meets(changes, start, end)
	return to == from+1 && changes[from].surrogate() && start >= changes[from].at && end <= changes[from].stop()
}

// extend adds a change for each hit. One that meets changes takes them in, and is replaced by plainer means where it is
// not larger than they were.
func (r *redactor) extend(changes []change, hits []inspect.Hit, round int) []change {
	out := slices.Clone(changes)
	for _, h := range hits {
		from, to := meets(changes, h.Start, h.End)
		c := change{start: origin(changes, h.Start, false), end: origin(changes, h.End, true), rule: h.Rule, op: r.ops.policy.For(h.Rule), field: h.Field}
		again := false
		for _, old := range changes[from:to] {
			if old.start <= c.start && old.end >= c.end {
				again, c.rule, c.op = true, old.rule, old.op
			}
			c.start, c.end, c.level = min(c.start, old.start), max(c.end, old.end), max(c.level, old.level)
		}
		if again || round > maxRounds/2 {
			c.level++
		}
		out = append(out, c)
	}
	return out
}

// origin maps a place in the edited text to the original one: within a change to its start or end.
func origin(changes []change, at int, end bool) int {
	i := sort.Search(len(changes), func(i int) bool { return changes[i].stop() >= at })
	if i < len(changes) && at > changes[i].at {
		if end || at == changes[i].stop() {
			return changes[i].end
		}
		return changes[i].start
	}
	if i == 0 {
		return at
	}
	return at - changes[i-1].stop() + changes[i-1].end
}

// settle sorts the changes, joins those that overlap, and computes what each of them writes.
func (r *redactor) settle(b *dataset.Block, changes []change) []change {
	for i := range changes {
		if c := &changes[i]; c.level >= wholeField {
			c.start, c.end = whole(b, c.field, c.start, c.end)
		}
	}
	slices.SortStableFunc(changes, func(x, y change) int { return cmp.Or(x.start-y.start, y.end-x.end, y.level-x.level) })
	out := changes[:0]
	for _, c := range changes {
		n := len(out)
		if n == 0 || c.start >= out[n-1].end {
			out = append(out, c)
			continue
		}
		last := &out[n-1]
		last.written = last.written && c.end <= last.end && c.level <= last.level
		last.end, last.level = max(last.end, c.end), max(last.level, c.level)
	}
	for i := range out {
		if !out[i].written {
			r.write(b, &out[i])
			out[i].written = true
		}
	}
	return out
}

// whole is the span of a field, or in a text of the line.
func whole(b *dataset.Block, field, start, end int) (int, int) {
	f := &b.Fields[field]
	if f.Name != "" {
		return f.Start, f.End
	}
	for start > f.Start && b.Text[start-1] != '\n' {
		start--
	}
	for end < f.End && b.Text[end] != '\n' {
		end++
	}
	return max(start, b.From), end
}

// write computes the text of a change, one step down the ladder where the operator has nothing for the value.
func (r *redactor) write(b *dataset.Block, c *change) {
	if c.level == asAsked {
		text, ok := r.ops.apply(&c.op, c.rule, b.Text[c.start:c.end], r.subjectOf(b, c.field))
		if ok {
			c.text = text
			return
		}
		c.level = asLabel
	}
	if c.level == asLabel && c.op.Name == Mask && c.op.Char == "" {
		c.level = asStars // the label is what was asked for
	}
	c.text = nil
	switch c.level {
	case asLabel:
		c.text = label(c.rule)
	case asStars:
		c.text = []byte("***")
	}
}

// subjectOf is whose dates move together: the value of the subject field in the record, or the file.
func (r *redactor) subjectOf(b *dataset.Block, field int) string {
	name := r.ops.policy.SubjectField
	if name == "" {
		return r.subject
	}
	record := b.Fields[field].Record
	for step := range []int{1, -1} {
		for i := field; i >= 0 && i < len(b.Fields) && b.Fields[i].Record == record; i += 1 - 2*step {
			if f := &b.Fields[i]; f.Name == name {
				return "subject " + string(b.Text[f.Start:f.End])
			}
		}
	}
	return fmt.Sprintf("%s record %d", r.subject, record)
}

// apply makes the edited block. The result is valid until the next call.
func (r *redactor) apply(b *dataset.Block, changes []change) *dataset.Block {
	if len(changes) == 0 {
		return b
	}
	n := &r.next
	n.Path, n.Format = b.Path, b.Format
	n.Text, n.Fields = n.Text[:0], append(n.Fields[:0], b.Fields...)
	n.From, n.To = b.From, b.To
	at, k := 0, 0
	for i := range changes {
		c := &changes[i]
		n.Text = append(n.Text, b.Text[at:c.start]...)
		c.at = len(n.Text)
		k = moveFields(n, b, k, c.start, c.at-c.start)
		n.Text = append(n.Text, c.text...)
		at = c.end
	}
	n.Text = append(n.Text, b.Text[at:]...)
	moveFields(n, b, k, len(b.Text)+1, len(n.Text)-len(b.Text))
	if last := &changes[len(changes)-1]; last.end > b.To {
		n.To = last.at + len(last.text)
	} else {
		n.To += len(n.Text) - len(b.Text)
	}
	return n
}

// moveFields shifts the ends of fields before the place to where the edited text has them. It counts ends: 2k is the start
// of field k.
func moveFields(n, b *dataset.Block, k, before, by int) int {
	for ; k < 2*len(b.Fields); k++ {
		at, place := b.Fields[k/2].Start, &n.Fields[k/2].Start
		if k%2 == 1 {
			at, place = b.Fields[k/2].End, &n.Fields[k/2].End
		}
		if at > before {
			break
		}
		*place = at + by
	}
	return k
}

// finish counts the changes, remembers the surrogates among them and returns the edits.
func (r *redactor) finish(now *dataset.Block, changes []change) ([]dataset.Edit, error) {
	if r.surrogates != nil {
		if err := r.remember(now, changes); err != nil {
			return nil, err
		}
	}
	var out []dataset.Edit
	for i := range changes {
		c := &changes[i]
		out = append(out, dataset.Edit{Start: c.start, End: c.end, Text: slices.Clone(c.text)})
		n := Count{Kind: string(c.rule.Kind), Operator: c.op.Name}
		switch c.level {
		case asAsked:
		case asLabel, asStars:
			n.Instead = Mask
		default:
			n.Instead = Remove
		}
		if n.Instead == n.Operator {
			n.Instead = ""
		}
		if c.level >= wholeField {
			r.fields++
		}
		r.tally[n]++
	}
	return out, nil
}

// remember notes each surrogate as it stands and what the last look found of it.
func (r *redactor) remember(now *dataset.Block, changes []change) error {
	for i := range changes {
		if changes[i].surrogate() {
			if err := r.surrogates.Add(changes[i].text); err != nil {
				return err
			}
		}
	}
	for _, h := range r.hits {
		if within(changes, h.Start, h.End) {
			if err := r.surrogates.Add(now.Text[h.Start:h.End]); err != nil {
				return err
			}
		}
	}
	return nil
}
