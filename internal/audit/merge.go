package audit

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"io"
	"slices"

	"github.com/go-json-experiment/json"

	"github.com/reeve-ai/reeve/internal/label"
	"github.com/reeve-ai/reeve/internal/report"
)

// PartFile is the result of a shard.
type PartFile struct {
	Name string
	Open func() (io.ReadCloser, error)
}

// maxPartLine bounds a line of a part.
const maxPartLine = 1 << 20

// Merge puts the results of all shards of one plan together, in whatever order they are given. Shards that are missing,
// given twice, incomplete or of another plan are refused. o.Inspector is not needed.
func Merge(parts []PartFile, o Options) (*report.Summary, error) {
	if o.Policy == nil {
		o.Policy = label.Default()
	}
	heads := make([]*partLine, len(parts))
	for i, p := range parts {
		var err error
		if heads[i], err = p.head(); err != nil {
			return nil, err
		}
	}
	order, err := orderParts(parts, heads)
	if err != nil {
		return nil, err
	}
	m := merger{emitter: newEmitter(&o)}
	m.emitter.summary.Rules = heads[0].Rules
	for _, i := range order {
		if err := m.part(&parts[i]); err != nil {
			return m.emitter.done(), err
		}
	}
	if m.open {
		return m.emitter.done(), fmt.Errorf("%w: pieces of %s are missing", ErrPlan, m.emitter.file.path)
	}
	return m.emitter.done(), nil
}

// orderParts returns the parts by their shards.
func orderParts(parts []PartFile, heads []*partLine) ([]int, error) {
	if len(parts) == 0 {
		return nil, fmt.Errorf("%w: there are no parts", ErrPlan)
	}
	order := make([]int, heads[0].Shards)
	for i := range order {
		order[i] = -1
	}
	for i, h := range heads {
		switch {
		case h.Plan != heads[0].Plan || h.Rules != heads[0].Rules || h.Shards != heads[0].Shards:
			return nil, fmt.Errorf("%w: %s and %s are of different plans", ErrPlan, parts[0].Name, parts[i].Name)
		case h.Shard < 1 || h.Shard > len(order):
			return nil, fmt.Errorf("%w: %s is shard %d of %d", ErrPlan, parts[i].Name, h.Shard, h.Shards)
		case order[h.Shard-1] >= 0:
			return nil, fmt.Errorf("%w: %s and %s are both shard %d", ErrPlan, parts[order[h.Shard-1]].Name, parts[i].Name, h.Shard)
		}
		order[h.Shard-1] = i
	}
	if missing := slices.Index(order, -1); missing >= 0 {
		return nil, fmt.Errorf("%w: shard %d of %d is missing", ErrPlan, missing+1, len(order))
	}
	return order, nil
}

// head reads the first line.
func (p *PartFile) head() (*partLine, error) {
	f, err := p.Open()
	if err != nil {
		return nil, fmt.Errorf("open part: %w", err)
	}
	defer f.Close()
	l := &partLine{}
	in := bufio.NewScanner(f)
	in.Buffer(nil, maxPartLine)
	if !in.Scan() || json.Unmarshal(in.Bytes(), l) != nil || l.Type != "shard" || l.Shards < 1 || l.Shards > MaxShards {
		return nil, fmt.Errorf("%w: %s is no result of a shard", ErrPlan, p.Name)
	}
	return l, nil
}

// merger tells the finds of parts, one after the other.
type merger struct {
	emitter *emitter
	result  *result // of the piece that is being read
	pieces  int     // in the part so far
	open    bool    // more pieces of the file must follow
}

func (m *merger) part(p *PartFile) error {
	f, err := p.Open()
	if err != nil {
		return fmt.Errorf("open part: %w", err)
	}
	defer f.Close()
	broken := func(what string) error { return fmt.Errorf("%w: %s: %s", ErrPlan, p.Name, what) }
	in := bufio.NewScanner(f)
	in.Buffer(make([]byte, 64<<10), maxPartLine)
	m.pieces = 0
	ended := false
	for n := 1; in.Scan(); n++ {
		var l partLine
		if ended || json.Unmarshal(in.Bytes(), &l, json.RejectUnknownMembers(true)) != nil {
			return broken(fmt.Sprintf("line %d cannot be read", n))
		}
		ok, err := m.line(&l)
		if err != nil {
			return err
		}
		if !ok {
			return broken(fmt.Sprintf("line %d does not belong there", n))
		}
		ended = l.Type == "end"
	}
	if err := in.Err(); err != nil {
		return broken(err.Error())
	}
	if !ended {
		return broken("the shard is not complete: run it again")
	}
	return nil
}

// line takes a line and reports whether it may stand where it does.
func (m *merger) line(l *partLine) (bool, error) {
	e := m.emitter
	switch l.Type {
	case "shard":
		return m.result == nil, nil
	case "piece":
		if m.result != nil || l.First == m.open || m.open && e.file.path != l.Path {
			return false, nil
		}
		if l.First {
			e.begin(&file{path: l.Path, key: l.Key})
		}
		m.open = !l.Last
		m.result = &result{file: e.file, from: l.From, last: l.Last}
	case "find":
		if m.result == nil {
			return false, nil
		}
		f := find{
			rule: l.Rule, kind: l.Kind, about: l.About, field: l.Field, path: l.Member, record: l.Record, line: l.Line,
			start: l.Start, end: l.End, severity: l.Severity, score: l.Score, flags: l.Flags,
		}
		if raw, err := hex.DecodeString(l.Print); err != nil || copy(f.print[:], raw) != len(f.print) {
			return false, nil
		}
		return true, e.find(m.result, &f)
	case "done":
		if m.result == nil {
			return false, nil
		}
		m.done(l)
	case "end":
		return m.result == nil && l.Pieces == m.pieces, nil
	default:
		return false, nil
	}
	return true, nil
}

func (m *merger) done(l *partLine) {
	e, r := m.emitter, m.result
	r.skips, r.skipped = l.Skips, len(l.Skips)
	e.skips(r)
	for _, o := range l.Odd {
		e.summary.Oddity(o.Path, o.What, o.Count)
	}
	e.lines += l.Lines
	e.records += l.Records
	e.bytes += l.Bytes
	if r.last {
		r.from = 0
		e.cached = false
		e.finish(r)
	}
	m.result = nil
	m.pieces++
}
