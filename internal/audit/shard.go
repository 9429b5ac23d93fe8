package audit

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/reeve-ai/reeve/internal/dataset"
	"github.com/reeve-ai/reeve/internal/report"
)

// partLine is a line of a shard's result. The first is the shard's, then each piece has one before its finds and one
// behind them, and the last says that the shard is complete.
type partLine struct {
	Type string `json:"type"` // shard, piece, find, done, end

	Plan   string `json:"plan,omitzero"` // digest
	Rules  string `json:"rules_digest,omitzero"`
	Shard  int    `json:"shard,omitzero"` // from 1
	Shards int    `json:"shards,omitzero"`
	Pieces int    `json:"pieces,omitzero"` // in the shard, in its end

	Path  string `json:"path,omitzero"`
	Key   string `json:"key,omitzero"`
	From  int64  `json:"from,omitzero"`
	First bool   `json:"first,omitzero"` // of its file
	Last  bool   `json:"last,omitzero"`

	Bytes   int64         `json:"bytes,omitzero"`
	Lines   int64         `json:"lines,omitzero"`
	Records int64         `json:"records,omitzero"`
	Skips   []report.Skip `json:"skips,omitzero"`
	Odd     []report.Odd  `json:"odd,omitzero"`

	Rule     string `json:"rule,omitzero"`
	Kind     string `json:"kind,omitzero"`
	About    string `json:"about,omitzero"`
	Field    string `json:"field,omitzero"`
	Member   string `json:"member,omitzero"`
	Record   int64  `json:"record,omitzero"`
	Line     int64  `json:"line,omitzero"`
	Start    int64  `json:"start,omitzero"`
	End      int64  `json:"end,omitzero"`
	Severity uint8  `json:"severity,omitzero"`
	Score    uint8  `json:"score,omitzero"`
	Flags    uint8  `json:"flags,omitzero"`
	Print    string `json:"print,omitzero"`
}

// RunShard scans shard i, from 1, of a plan and writes what Merge reads.
func RunShard(ctx context.Context, p *Plan, shard int, w io.Writer, o Options) (*report.Summary, error) {
	if shard < 1 || shard > len(p.Shards) {
		return nil, fmt.Errorf("%w: the plan has %d shards, none of them is %d", ErrPlan, len(p.Shards), shard)
	}
	today, err := time.Parse(time.DateOnly, string(p.Today))
	if err != nil {
		return nil, fmt.Errorf("%w: the plan has no day", ErrPlan)
	}
	o.Today, o.Values, o.Explain, o.Cache, o.Lines = today, false, false, "", nil
	if shardRules(&o) != p.Rules {
		return nil, fmt.Errorf("%w: the plan was %w", ErrPlan, ErrChangedRules)
	}
	out := &part{w: bufio.NewWriterSize(w, 64<<10), summary: report.Summary{Rules: Rules(&o)}}
	out.line(&partLine{Type: "shard", Plan: p.Digest, Rules: p.Rules, Shard: shard, Shards: len(p.Shards)})
	from, to := 0, p.Shards[shard-1]
	if shard > 1 {
		from = p.Shards[shard-2]
	}
	err = stream(ctx, &o, &cache{}, func(ctx context.Context, f *feeder) error { return f.pieces(ctx, p, from, to) }, out)
	if err == nil {
		out.line(&partLine{Type: "end", Pieces: to - from})
	}
	if out.err == nil {
		out.err = out.w.Flush()
	}
	out.summary.Interrupt = ctx.Err() != nil
	return &out.summary, errors.Join(err, out.err)
}

// pieces feeds the pieces [from, to) of a plan.
func (f *feeder) pieces(ctx context.Context, p *Plan, from, to int) error {
	n := 0
	for i := range p.Files {
		in := &p.Files[i]
		for k := range in.Pieces {
			if n >= from && n < to {
				if err := f.planned(ctx, in, k, p.Piece); err != nil {
					return err
				}
			}
			n++
		}
	}
	return nil
}

// planned feeds piece k of a file.
func (f *feeder) planned(ctx context.Context, in *PlanFile, k int, piece int64) error {
	fl := &file{path: in.Path, key: in.Key, size: in.Size, piece: &partLine{
		Type: "piece", Path: in.Path, Key: in.Key, First: k == 0, Last: k == in.Pieces-1,
	}}
	if in.Skip != "" {
		return f.skipFile(ctx, fl, in.Skip)
	}
	info, err := os.Stat(in.Path)
	if err != nil {
		return f.skipFile(ctx, fl, reason(err))
	}
	if info.Size() != in.Size {
		return f.skipFile(ctx, fl, "the file changed since the plan was made")
	}
	fl.stamp = stampOf(info)
	fl.open = func() (dataset.Source, error) { return openDisk(in.Path) }
	if in.Pieces == 1 {
		return f.file(ctx, fl, nil)
	}
	src, err := fl.open()
	if err != nil {
		return f.skipFile(ctx, fl, reason(err))
	}
	defer closeSource(src)
	fl.classify(src)
	from, to := in.bytes(k, piece)
	if from, err = lineStart(src, from, fl.size); err == nil {
		to, err = lineStart(src, to, fl.size)
	}
	if err != nil {
		return f.skipFile(ctx, fl, reason(err))
	}
	fl.piece.From = from
	if from == to { // one line covers it all
		return f.nothing(ctx, fl)
	}
	return f.cut(ctx, fl, src, nil, from, to)
}

// lineStart is the beginning of the first line at or behind at.
func lineStart(src dataset.Source, at, size int64) (int64, error) {
	if at <= 0 || at >= size {
		return min(max(at, 0), size), nil
	}
	buf := make([]byte, 64<<10)
	for at--; at < size; at += int64(len(buf)) {
		n, err := src.ReadAt(buf[:min(int64(len(buf)), size-at)], at)
		if nl := bytes.IndexByte(buf[:n], '\n'); nl >= 0 {
			return at + int64(nl) + 1, nil
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return 0, err
		}
	}
	return size, nil
}

// part writes a shard's results. It is the sink of a shard.
type part struct {
	w       *bufio.Writer
	summary report.Summary
	file    *file
	done    partLine // of the piece so far
	err     error
}

func (p *part) line(l *partLine) {
	if p.err != nil {
		return
	}
	b, err := json.Marshal(l, json.Deterministic(true))
	if err == nil {
		_, err = p.w.Write(append(b, '\n'))
	}
	if err != nil {
		p.err = fmt.Errorf("write shard: %w", err)
	}
}

func (p *part) result(r *result) error {
	if p.file != r.file {
		p.file = r.file
		p.line(r.file.piece)
		p.done = partLine{Type: "done"}
	}
	shift := r.from - r.file.piece.From
	err := r.frames(func(frame []byte) error {
		d := decoder{buf: frame}
		for f := (find{}); d.next(&f); {
			p.find(&f, shift)
		}
		return d.err
	})
	for i := range r.finds.tally.rows {
		if row := &r.finds.tally.rows[i]; row.rule == "" {
			p.summary.Oddity(r.file.path+row.about, row.kind, row.n)
		}
	}
	p.done.Bytes += r.to - r.from
	p.done.Lines += r.lines
	p.done.Records += r.records
	p.done.Skips = append(p.done.Skips, r.skips...)
	if r.last {
		p.done.Odd, p.summary.Odd = p.summary.Odd, nil
		p.line(&p.done)
		p.summary.Files++
		p.summary.Bytes += p.done.Bytes
		for _, s := range p.done.Skips {
			if !notText(s.Reason) {
				p.summary.Skip(s.Path, s.Reason)
			}
		}
	}
	return errors.Join(err, p.err)
}

func (p *part) find(f *find, shift int64) {
	p.summary.Findings.Total++
	l := partLine{
		Type: "find", Rule: f.rule, Kind: f.kind, About: f.about, Field: f.field, Member: f.path, Record: f.record, Line: f.line,
		Start: f.start, End: f.end, Severity: f.severity, Score: f.score, Flags: f.flags, Print: hex.EncodeToString(f.print[:]),
	}
	if f.flags&inField == 0 && f.path == "" {
		l.Start, l.End = l.Start+shift, l.End+shift
	}
	if l.Line > 0 {
		l.Line += p.done.Lines
	}
	if l.Record > 0 {
		l.Record += p.done.Records
	}
	p.line(&l)
}

func (p *part) unfinished() {}
