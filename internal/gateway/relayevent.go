package gateway

import (
	"bytes"
	"slices"
	"unicode/utf8"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/guard"
	"github.com/reeve-ai/reeve/internal/upstream"
)

// shape remembers the last event that carried a piece of one channel and nothing else. Most events of a stream are that
// event with another text: where all bytes around the text are the same, the structure is the same and needs no parsing.
type shape struct {
	before, after []byte
	line          int
}

// frame takes one event.
func (r *relay) frame(data []byte) error {
	r.x.outcome.Chunks++
	if err := r.x.untouched(); err != nil {
		return err
	}
	if r.sse && string(data) == "[DONE]" {
		r.final = append(r.final[:0], "data: [DONE]\n\n"...)
		return errEnd
	}
	if done, err := r.alike(data); done {
		return err
	}
	return r.event(data)
}

// alike handles an event of the remembered shape.
func (r *relay) alike(data []byte) (done bool, err error) {
	m := &r.memo
	if m.before == nil || len(data) < len(m.before)+len(m.after) || !bytes.HasPrefix(data, m.before) || !bytes.HasSuffix(data, m.after) {
		return false, nil
	}
	raw := data[len(m.before) : len(data)-len(m.after)]
	escaped, ok := upstream.StringContent(raw)
	if !ok || !utf8.Valid(raw) {
		return false, nil
	}
	text := raw
	if escaped {
		r.x.texts = upstream.AppendUnquoted(r.x.texts[:0], raw)
		text = r.x.texts
	}
	r.x.produced.Write(text)
	l := &r.lines[m.line]
	if int64(len(l.kept)) > r.g.opts.MaxAnswer {
		return true, errTooLong
	}
	from := len(l.kept)
	l.kept = l.guard.Write(l.kept, text)
	released := l.kept[from:]
	if b := l.guard.Blocked(); b != nil {
		return true, r.block(b, l, released)
	}
	switch {
	case bytes.Equal(released, text):
		r.open()
		r.out = append(r.out, data...)
		r.shut()
	case len(released) > 0:
		r.open()
		r.out = append(upstream.AppendQuoted(append(r.out, m.before...), released), m.after...)
		r.shut()
	}
	return true, nil
}

func (r *relay) open() {
	if r.sse {
		r.out = append(r.out, "data: "...)
	}
}

func (r *relay) shut() {
	r.out = append(r.out, '\n')
	if r.sse {
		r.out = append(r.out, '\n')
	}
}

// event handles any event by parsing it.
func (r *relay) event(data []byte) error {
	x := r.x
	ev := &x.ev
	if err := ev.Parse(x.ep.Kind, data, true); err != nil {
		return err
	}
	if r.meta.model == nil {
		r.meta = x.meta()
	}
	r.told = r.told || ev.Failed
	x.edits.Reset()
	r.mirrors = r.mirrors[:0]
	for _, t := range ev.Texts {
		passed, err := r.text(t)
		if err != nil {
			return err
		}
		if !passed {
			r.mirrors = append(r.mirrors, t.Choice)
		}
	}
	if err := r.finishes(); err != nil {
		return err
	}
	for _, lp := range ev.Logprobs {
		if slices.Contains(r.mirrors, lp.Choice) {
			x.edits.SetRaw(&ev.Doc, lp.Node, "null")
		}
	}
	if ev.Context >= 0 && r.maskedAnything() {
		x.edits.SetRaw(&ev.Doc, ev.Context, "[]")
	}
	if ev.In > 0 || ev.Out > 0 {
		x.outcome.TokensIn, x.outcome.TokensOut = ev.In, ev.Out
	}
	if !r.sse && ev.Done {
		r.final = append(x.edits.Apply(r.final[:0], data), '\n')
		return errEnd
	}
	r.open()
	r.out = x.edits.Apply(r.out, data)
	r.shut()
	r.remember(data)
	return nil
}

// text judges one string of the event and notes the edit where it does not stand as it came. It reports whether all of the
// string itself has passed: a part that is held or masked must not be told by the event's logprobs.
func (r *relay) text(t upstream.Text) (passed bool, err error) {
	x := r.x
	d := &x.ev.Doc
	x.texts = d.AppendText(x.texts[:0], t.Node)
	text := x.texts
	x.produced.Write(text)
	if t.Whole {
		res := x.check(r.set, t.Channel, text)
		if res.Block != nil {
			x.outVerdict = merge(x.outVerdict, res.Verdict)
			return false, r.block(res.Block, nil, nil)
		}
		if len(res.Findings) > 0 {
			x.outVerdict = merge(x.outVerdict, res.Verdict)
			r.g.seen(x, res.Left)
		}
		if res.Changed {
			r.masked = true
			x.edits.SetText(d, t.Node, res.Text)
		}
		return !res.Changed, nil
	}
	l := r.line(t)
	if l == nil || int64(len(l.kept)) > r.g.opts.MaxAnswer {
		return false, errTooLong
	}
	from := len(l.kept)
	l.kept = l.guard.Write(l.kept, text)
	if b := l.guard.Blocked(); b != nil {
		return false, r.block(b, l, l.kept[from:])
	}
	if r.finishing(t.Choice) {
		l.kept = l.guard.Close(l.kept)
		l.ended = true
		if b := l.guard.Blocked(); b != nil {
			return false, r.block(b, l, l.kept[from:])
		}
	}
	released := l.kept[from:]
	if bytes.Equal(released, text) {
		return true, nil
	}
	x.edits.SetText(d, t.Node, released)
	return (l.ended || l.guard.Held() == 0) && bytes.HasSuffix(released, text), nil
}

// finishing reports whether this event ends the choice.
func (r *relay) finishing(choice int) bool {
	if r.x.ev.Done {
		return true
	}
	return slices.ContainsFunc(r.x.ev.Finishes, func(f upstream.Finish) bool { return f.Choice == choice })
}

// finishes ends the choices that this event ends, before the event itself goes out.
func (r *relay) finishes() error {
	x := r.x
	if x.ev.Done {
		if err := r.close(0); err != nil {
			return err
		}
	}
	for _, f := range x.ev.Finishes {
		x.outcome.Finish = string(x.ev.Doc.Raw(f.Node))
		r.ended = append(r.ended, f.Choice)
		if err := r.close(f.Choice); err != nil {
			return err
		}
	}
	return nil
}

// close ends every line of a choice; what was held back and passes goes out in events of ours.
func (r *relay) close(choice int) error {
	for i := range r.lines {
		l := &r.lines[i]
		if l.choice != choice || l.ended {
			continue
		}
		l.ended = true
		from := len(l.kept)
		l.kept = l.guard.Close(l.kept)
		if b := l.guard.Blocked(); b != nil {
			return r.block(b, l, l.kept[from:])
		}
		r.say(l, l.kept[from:])
	}
	return nil
}

func (r *relay) closeAll() error {
	for i := range r.lines {
		if err := r.close(r.lines[i].choice); err != nil {
			return err
		}
	}
	return nil
}

// maxLines bounds the channels of all choices of one answer.
const maxLines = 512

// line finds the channel of a text, or begins it; nil where there are too many.
func (r *relay) line(t upstream.Text) *line {
	for i := range r.lines {
		if l := &r.lines[i]; l.choice == t.Choice && l.channel == t.Channel && l.tool == t.Tool {
			if l.ended { // more text after the end of its choice: a new text
				l.guard.Free()
				l.guard, l.ended = r.guard(t.Channel), false
			}
			return l
		}
	}
	if len(r.lines) >= maxLines {
		return nil
	}
	r.lines = append(r.lines, line{
		choice: t.Choice, tool: t.Tool, channel: t.Channel, member: string(r.x.ev.Doc.Key(t.Node)), guard: r.guard(t.Channel),
	})
	return &r.lines[len(r.lines)-1]
}

// guard begins to judge a channel. The arguments of a tool call are a JSON text of their own.
func (r *relay) guard(ch upstream.Channel) *guard.Stream {
	if ch == upstream.ToolArguments {
		return r.set.NewJSONStream(r.x.vault)
	}
	return r.set.NewStream(r.x.vault)
}

// remember keeps the shape of an event that carried one piece of text and nothing else.
func (r *relay) remember(data []byte) {
	ev := &r.x.ev
	if len(ev.Texts) != 1 || ev.Texts[0].Whole ||
		len(ev.Finishes)+len(ev.Logprobs) > 0 || ev.Context >= 0 || ev.Done || ev.Failed || ev.In+ev.Out > 0 {
		return
	}
	t := ev.Texts[0]
	n := ev.Doc.Node(t.Node)
	r.memo.before = append(r.memo.before[:0], data[:n.Start]...)
	r.memo.after = append(r.memo.after[:0], data[n.End:]...)
	for i := range r.lines {
		if l := &r.lines[i]; l.choice == t.Choice && l.channel == t.Channel && l.tool == t.Tool {
			r.memo.line = i
		}
	}
}

// maskedAnything reports whether some text of this answer does not stand as the model wrote it.
func (r *relay) maskedAnything() bool {
	if r.masked {
		return true
	}
	for i := range r.lines {
		if l := &r.lines[i]; l.guard.Result().Verdict.Action >= reeve.Mask {
			return true
		}
	}
	return false
}

// allEnded reports whether every choice that began has been ended by the runtime.
func (r *relay) allEnded() bool {
	for i := range r.lines {
		if !r.lines[i].ended {
			return false
		}
	}
	return len(r.ended) > 0
}

// block ends the stream because of a rule. What was released before the match goes out; nothing of the match and nothing
// after it does, on no channel.
func (r *relay) block(b *guard.Rule, l *line, released []byte) error {
	if l != nil {
		r.say(l, released)
	}
	x := r.x
	refusal := r.g.blocked(b)
	x.outcome.Result, x.outcome.Rule, x.outcome.Refusal, x.outcome.Finish = "blocked", refusal.Rule, refusal.Code, contentFilter
	r.final = r.filterEnd(r.final[:0], refusal)
	return errBlocked
}
