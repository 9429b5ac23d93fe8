package audit

import (
	"slices"
	"strings"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/label"
	"github.com/reeve-ai/reeve/internal/report"
)

// emitter takes results in order and tells what counts.
type emitter struct {
	o       *Options
	cache   *cache
	summary report.Summary
	label   reeve.Label
	rules   map[string]*rule // by rule and kind
	known   []*rule          // by the decoder's number, of the frame that is being told
	only    bool             // nobody asks for single findings: counts do

	file    *file // of the last result
	lines   int64 // in its chunks so far
	records int64
	bytes   int64
	ordinal ordinals
	entry   *entry // for the cache; nil if the file is not to be kept
	cached  bool   // all of its chunks came from the cache
	skipped bool
	finding reeve.Finding
}

// rule is what is the same for all findings of a rule, and how many there were.
type rule struct {
	id, kind        string
	label           reeve.Label
	name            string // of the label
	message, remedy string
	counts          [5]int64 // by severity
	joined          bool     // the label is in that of the data
}

func newEmitter(o *Options) *emitter {
	only := o.Found == nil && o.Baseline == nil && o.Lines == nil && !o.Allow.byPlace()
	return &emitter{o: o, only: only, rules: map[string]*rule{}, summary: report.Summary{
		Rules: Rules(o), Changed: o.Lines != nil, NotScanned: []report.Skip{},
		Findings: report.Counts{BySeverity: map[string]int64{}, ByRule: map[string]int64{}, ByKind: map[string]int64{}},
	}}
}

func (e *emitter) result(r *result) error {
	if e.file != r.file {
		e.begin(r.file)
	}
	if err := e.finds(r); err != nil {
		return err
	}
	e.skips(r)
	e.lines += r.lines
	e.records += r.records
	e.bytes += r.to - r.from
	e.keep(r)
	if r.last {
		e.finish(r)
	}
	return nil
}

func (e *emitter) begin(f *file) {
	e.file, e.lines, e.records, e.bytes = f, 0, 0, 0
	e.cached, e.skipped = true, false
	e.ordinal.reset()
	e.entry = nil
	if e.cache.on() && f.stamp.modified != 0 {
		e.entry = &entry{path: f.path}
	}
}

func (e *emitter) skips(r *result) {
	for _, s := range r.skips {
		if notText(s.Reason) {
			e.summary.NoText(s.Path)
			continue
		}
		e.summary.Skip(s.Path, s.Reason)
		e.skipped = true
	}
	for range r.skipped - len(r.skips) {
		e.summary.Skip("", "")
	}
}

// notText reports whether a file was left out because it holds no text, such as a picture: nobody would call that
// incomplete. Databases, key stores and what is encrypted may hold anything.
func notText(reason string) bool {
	what, ok := strings.CutPrefix(reason, "binary")
	return ok && !strings.Contains(what, "encrypted") && !strings.Contains(what, "database") && !strings.Contains(what, "key store")
}

// keep notes the result for the cache.
func (e *emitter) keep(r *result) {
	e.cached = e.cached && r.cached
	if e.entry == nil {
		return
	}
	if r.piece == nil {
		e.entry = nil
		return
	}
	p := r.piece
	if p.body == nil { // finds could not load it
		e.entry = nil
		return
	}
	e.cache.putBody(p)
	e.entry.pieces = append(e.entry.pieces, p)
	e.entry.binary = e.entry.binary || r.binary
}

func (e *emitter) finish(r *result) {
	s := &e.summary
	if r.from == 0 && e.skipped && e.bytes == 0 {
		return // it could not even be opened
	}
	s.Files++
	s.Bytes += e.bytes
	s.Records += e.records
	if e.cached {
		s.Cached++
	}
	if e.entry != nil && !e.skipped {
		if r.trusted || e.file.stamp.trusted(r.read) {
			e.entry.stamp = e.file.stamp
		}
		e.cache.put(e.entry)
	}
	e.entry = nil
}

// unfinished keeps what is known of the file in which the run was stopped.
func (e *emitter) unfinished() {
	if e.entry != nil && len(e.entry.pieces) > 0 {
		e.cache.put(e.entry)
	}
	e.entry = nil
}

// finds tells the finds of a result.
func (e *emitter) finds(r *result) error {
	if r.lazy != nil {
		b := e.cache.load(r.lazy, e.cache.hasher)
		if b == nil {
			r.skip(r.file.path, "the cache changed while it was in use; scan again")
			return nil
		}
		r.finds.buf, r.tally, r.piece.body = b.finds, b.tally, b
	}
	for i := range r.finds.tally.rows {
		e.odd(&r.finds.tally.rows[i])
	}
	if err := decodeTally(r.tally, e.odd); err != nil {
		return err
	}
	if e.only {
		return e.count(r)
	}
	return r.frames(func(frame []byte) error {
		d := decoder{buf: frame}
		clear(e.known)
		for f := (find{}); d.next(&f); {
			if err := e.find(r, &f); err != nil {
				return err
			}
		}
		return d.err
	})
}

// count counts the finds of a result without telling any.
func (e *emitter) count(r *result) error {
	if r.spilled != nil {
		r.spilled.close()
	}
	for i := range r.finds.tally.rows {
		e.countRow(&r.finds.tally.rows[i])
	}
	return decodeTally(r.tally, e.countRow)
}

// odd takes the rows that are no finds.
func (e *emitter) odd(row *tallyRow) {
	if row.rule == "" {
		e.summary.Oddity(e.file.path+row.about, row.kind, row.n)
	}
}

// countRow is tell for all finds of a row.
func (e *emitter) countRow(row *tallyRow) {
	if row.rule == "" {
		return
	}
	about := e.rule(row.rule, row.kind, row.about)
	s := &e.summary.Suppressed
	switch severity := reeve.Severity(row.severity); {
	case row.flags&allowedInline != 0:
		s.Inline += row.n
	case row.flags&allowedValue != 0:
		s.Allow += row.n
	default:
		e.join(about, severity)
		if severity < e.o.MinSeverity {
			s.Severity += row.n
		} else {
			about.counts[min(int(severity), len(about.counts)-1)] += row.n
		}
	}
}

// join puts the label of a finding that is in the data into that of the data, whether somebody accepted it or not.
func (e *emitter) join(about *rule, severity reeve.Severity) {
	if severity > reeve.SeverityInfo && !about.joined {
		e.label, about.joined = e.label.Join(about.label), true
	}
}

// find decides whether a find counts, and tells it.
func (e *emitter) find(r *result, f *find) error {
	out := &e.finding
	*out = reeve.Finding{
		Rule: f.rule, Kind: f.kind, Severity: reeve.Severity(f.severity), Score: float64(f.score) / 100,
		Path: r.file.path + f.path, Field: f.field, Value: f.value, Explain: f.explain, Start: int(f.start), End: int(f.end),
		Fingerprint: e.ordinal.fingerprint(f.print),
	}
	if f.flags&inField != 0 {
		out.In = "field"
	} else if f.path == "" {
		out.Start, out.End = int(r.from+f.start), int(r.from+f.end)
	}
	if f.line > 0 {
		out.Line = int(f.line + e.lines)
	}
	if f.record > 0 {
		out.Record = int(f.record + e.records)
	}
	about := e.about(f)
	out.Label, out.Message, out.Remedy = about.name, about.message, about.remedy
	return e.tell(out, f, r.file, about)
}

func (e *emitter) tell(out *reeve.Finding, f *find, in *file, about *rule) error {
	s := &e.summary
	switch {
	case e.o.Lines != nil && !e.o.Lines.has(in.key, out.Line):
		return nil
	case f.flags&allowedInline != 0:
		s.Suppressed.Inline++
		return nil
	case f.flags&allowedValue != 0 || e.o.Allow != nil && e.o.Allow.has(f.rule, in.key+f.path, e.o.Today):
		s.Suppressed.Allow++
		return nil
	}
	e.join(about, out.Severity)
	switch {
	case e.o.Baseline.has(out.Fingerprint, e.o.Today):
		s.Suppressed.Baseline++
		return nil
	case out.Severity < e.o.MinSeverity:
		s.Suppressed.Severity++
		return nil
	}
	about.counts[min(int(out.Severity), len(about.counts)-1)]++
	if e.o.Found == nil {
		return nil
	}
	return e.o.Found(out)
}

func (e *emitter) about(f *find) *rule {
	for len(e.known) <= f.rules {
		e.known = append(e.known, nil)
	}
	a := e.known[f.rules]
	if a == nil || a.id != f.rule || a.kind != f.kind {
		a = e.rule(f.rule, f.kind, f.about)
		e.known[f.rules] = a
	}
	return a
}

// rule returns what is the same for all findings of a rule and kind.
func (e *emitter) rule(id, kind, about string) *rule {
	a := e.rules[id]
	if a == nil || a.kind != kind {
		name := id
		if a != nil { // one rule, several kinds
			name += "\x00" + kind
		}
		if a = e.rules[name]; a == nil {
			l := e.policy().Of(id, kind)
			a = &rule{id: id, kind: kind, label: l, name: l.String(), message: sentence(about, kind), remedy: remedy(id, kind)}
			e.rules[name] = a
		}
	}
	return a
}

func (e *emitter) policy() *label.Policy {
	if e.o.Policy == nil {
		return label.Default()
	}
	return e.o.Policy
}

// done ends the summary.
func (e *emitter) done() *report.Summary {
	s := &e.summary
	s.Label = e.label.String()
	for _, r := range e.rules {
		for severity, n := range r.counts {
			s.Findings.Add(r.id, r.kind, reeve.Severity(severity), n)
		}
	}
	s.Expired = slices.Concat(e.o.Baseline.expired(e.o.Today), e.o.Allow.expired(e.o.Today))
	if !s.Interrupt && e.o.Lines == nil {
		s.Unused = e.o.Baseline.unused()
	}
	return s
}
