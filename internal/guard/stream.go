package guard

import (
	"slices"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/detect"
)

// Stream judges one channel of text that arrives in pieces. It is not safe for concurrent use.
type Stream struct {
	set     *Set
	stages  [4]stage // by action; the zero stage where the set has no such rules
	blocked *Rule
	closed  bool
	fed     int // bytes of text that came in
	pos     int // bytes of text that were released or replaced
	vault   *Vault
	tokens  *tokenFilter // set where tokens of the vault may stand in the text
	doc     *jsonDoc     // set for a text that is itself JSON
}

// stage is one class of rules at work on the text.
type stage struct {
	class  *class
	detect *detect.Stream
	safe   int    // every byte before is decided
	tally  *tally // nil until something matches
}

func (s *Set) makeStream() *Stream {
	st := &Stream{set: s}
	for i, c := range s.classes {
		if c != nil {
			st.stages[i] = stage{class: c, detect: c.engine.NewStream()}
		}
	}
	return st
}

// NewStream judges a text that arrives in pieces. The vault may be nil: then masks cannot be reversed. Give the Stream
// back with Free.
func (s *Set) NewStream(v *Vault) *Stream {
	if s == nil {
		s = &Set{}
	}
	st, pooled := s.pool.Get().(*Stream)
	if !pooled {
		st = s.makeStream()
	}
	st.vault, st.blocked = v, s.broken
	st.tokens = newTokenFilter(v, s.dir)
	return st
}

// NewJSONStream is NewStream for a text that is itself a JSON document, such as the arguments of a tool call. Escapes in
// its strings are resolved before the rules look, so that jane\u0040example.org is an address like any other, and masks
// leave the document valid. Offsets of findings count in the text with escapes resolved.
func (s *Set) NewJSONStream(v *Vault) *Stream {
	st := s.NewStream(v)
	st.doc = &jsonDoc{}
	return st
}

// Free wipes the stream and gives it back. It must not be used afterwards.
func (st *Stream) Free() {
	set := st.set
	for i := range st.stages {
		if g := &st.stages[i]; g.class != nil {
			g.detect.Reset(g.class.engine)
			g.safe = 0
			g.tally = nil
		}
	}
	*st = Stream{set: set, stages: st.stages}
	set.pool.Put(st)
}

// Write takes the next bytes of the text and appends to dst what may be released now.
func (st *Stream) Write(dst, chunk []byte) []byte {
	if st.blocked != nil || st.closed {
		return dst
	}
	if st.doc != nil {
		chunk = st.doc.decode(chunk)
	}
	return st.take(dst, chunk)
}

// take gives text to the block rules first.
func (st *Stream) take(dst, chunk []byte) []byte {
	st.fed += len(chunk)
	g := &st.stages[reeve.Block]
	if g.class == nil {
		return st.pass(dst, chunk)
	}
	decided, safe := g.detect.Feed(chunk)
	return st.admit(dst, decided, safe)
}

// Close says that the text has ended and appends the rest to dst. Nothing may be written after it.
func (st *Stream) Close(dst []byte) []byte {
	if st.blocked != nil || st.closed {
		return dst
	}
	if st.doc != nil {
		if dst = st.take(dst, st.doc.rest()); st.blocked != nil {
			return dst
		}
	}
	if g := &st.stages[reeve.Block]; g.class != nil {
		decided, safe := g.detect.End()
		if dst = st.admit(dst, decided, safe); st.blocked != nil {
			return dst
		}
	}
	st.closed = true
	return st.finish(dst)
}

// admit is what the block rules let through: the text up to the first block, or all that is decided.
func (st *Stream) admit(dst []byte, decided []detect.Match, safe int) []byte {
	g := &st.stages[reeve.Block]
	if len(decided) == 0 {
		text := g.detect.Bytes(g.safe, safe)
		g.safe = safe
		return st.pass(dst, text)
	}
	m := decided[0]
	dst = st.pass(dst, g.detect.Bytes(g.safe, m.Start))
	g.count(m)
	st.blocked = g.class.rules[g.class.seen[m.Rule].rule]
	// What the mask rules have not decided by now stays inside: whether the text before a block would have been masked
	// may depend on text that comes after, which must not count, because a stream never sees it.
	st.watch(reeve.Review, nil, true)
	st.watch(reeve.Allow, nil, true)
	return dst
}

// pass gives text that no block rule objects to through the other rules.
func (st *Stream) pass(dst, text []byte) []byte {
	if len(text) == 0 {
		return dst
	}
	st.watch(reeve.Review, text, false)
	st.watch(reeve.Allow, text, false)
	g := &st.stages[reeve.Mask]
	if g.class == nil {
		st.pos += len(text)
		return st.release(dst, text)
	}
	decided, safe := g.detect.Feed(text)
	if len(decided) == 0 {
		text := g.detect.Bytes(g.safe, safe)
		g.safe, st.pos = safe, safe
		return st.release(dst, text)
	}
	return st.edit(dst, decided, safe)
}

// finish ends the text for all rules but the block rules.
func (st *Stream) finish(dst []byte) []byte {
	st.watch(reeve.Review, nil, true)
	st.watch(reeve.Allow, nil, true)
	if g := &st.stages[reeve.Mask]; g.class != nil {
		decided, safe := g.detect.End()
		dst = st.edit(dst, decided, safe)
	}
	return st.flushTokens(dst)
}

// edit releases decided text with masks in the place of matches.
func (st *Stream) edit(dst []byte, decided []detect.Match, safe int) []byte {
	g := &st.stages[reeve.Mask]
	at := g.safe
	for _, m := range decided {
		dst = st.release(dst, g.detect.Bytes(at, m.Start))
		dst = st.replace(dst, &g.class.seen[m.Rule], g.detect.Bytes(m.Start, m.End))
		g.count(m)
		at = m.End
	}
	dst = st.release(dst, g.detect.Bytes(at, safe))
	g.safe, st.pos = safe, safe
	return dst
}

// watch lets rules look that hold nothing back.
func (st *Stream) watch(action reeve.Action, text []byte, end bool) {
	g := &st.stages[action]
	if g.class == nil {
		return
	}
	var decided []detect.Match
	if end {
		decided, _ = g.detect.End()
	} else {
		decided, _ = g.detect.Feed(text)
	}
	for _, m := range decided {
		g.count(m)
	}
}

// Held is the number of bytes of text that came in and were neither released nor replaced yet. It is 0 after a block.
func (st *Stream) Held() int {
	if st.blocked != nil {
		return 0
	}
	held := st.fed - st.pos
	if st.tokens != nil {
		held += st.tokens.n
	}
	if st.doc != nil {
		held += st.doc.held()
	}
	return held
}

// Blocked is the block rule that ended the text, or nil.
func (st *Stream) Blocked() *Rule { return st.blocked }

// Result is the verdict and the findings so far; its Text is nil.
func (st *Stream) Result() Result {
	r := Result{Block: st.blocked}
	for action := len(st.stages) - 1; action >= 0; action-- {
		g := &st.stages[action]
		if g.tally == nil {
			continue
		}
		r.Verdict.Reasons = g.tally.reasons(r.Verdict.Reasons, g.class)
		r.Findings = append(r.Findings, g.tally.findings...)
		r.Verdict.Action = max(r.Verdict.Action, g.class.action)
	}
	r.Left = st.left()
	r.Findings = inOrder(r.Findings)
	if b := st.set.broken; b != nil {
		r.Verdict = reeve.Verdict{Action: reeve.Block, Reasons: []reeve.Reason{
			{Rule: b.ID, Action: b.Action, Count: 1, Message: b.Message, Remedy: b.Remedy},
		}}
	}
	r.Changed = r.Verdict.Action >= reeve.Mask || st.tokens != nil && st.tokens.changed || st.doc != nil && st.doc.changed
	return r
}

// Looked is how many findings rules have made so far that let pass. It is cheap enough for every piece of a stream.
func (st *Stream) Looked() (n int) {
	for _, action := range [...]reeve.Action{reeve.Review, reeve.Allow} {
		if t := st.stages[action].tally; t != nil {
			n += len(t.findings)
		}
	}
	return n
}

// left is the findings of rules that only look, without those that a mask covers, in no order.
func (st *Stream) left() (left []reeve.Finding) {
	var masked []reeve.Finding
	if t := st.stages[reeve.Mask].tally; t != nil {
		masked = t.findings
	}
	for _, action := range []reeve.Action{reeve.Review, reeve.Allow} {
		t := st.stages[action].tally
		if t == nil {
			continue
		}
		for _, f := range t.findings {
			if !slices.ContainsFunc(masked, func(m reeve.Finding) bool { return m.Start <= f.Start && f.End <= m.End }) {
				left = append(left, f)
			}
		}
	}
	return left
}
