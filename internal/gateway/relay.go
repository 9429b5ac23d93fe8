package gateway

import (
	"errors"
	"io"
	"strconv"
	"time"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/custody"
	"github.com/reeve-ai/reeve/internal/guard"
	"github.com/reeve-ai/reeve/internal/upstream"
)

// relay carries one stream through the guards. Each channel of each choice (content, reasoning, refusal, the arguments
// of each tool call) has a guard of its own; what a guard holds back leaves with a later event, or in an event of ours
// before the choice ends. Events whose text passes whole and unchanged are forwarded byte for byte.
type relay struct {
	g       *Gateway
	x       *exchange
	sse     bool
	set     *guard.Set
	frames  *upstream.Frames
	memo    shape
	lines   []line
	meta    answerMeta
	out     []byte // goes to the caller with the next flush
	final   []byte // the end of the stream; waits for the record
	told    bool   // the runtime has reported an error itself
	masked  bool
	ended   []int // choices that the runtime has ended
	mirrors []int // scratch: choices whose text has not all passed in this event
	looked  int   // findings that have been counted into the label
	whole   bool  // nothing goes out before the end: the answer may have to wait for a person
	stop    error // set where the stream is over
}

// line is one channel of one choice.
type line struct {
	choice, tool int
	channel      upstream.Channel
	member       string // name under which the dialect carries it
	guard        *guard.Stream
	kept         []byte // what the caller got, for the record
	ended        bool
}

var (
	errEnd     = errors.New("the stream has ended")
	errBlocked = errors.New("a guard ended the stream")
	errCaller  = errors.New("the caller does not read")
	errMark    = errors.New("the label of the conversation cannot be kept")
)

// relayStream forwards a stream until it ends, a guard ends it, the runtime fails or the caller leaves.
func (g *Gateway) relayStream(x *exchange, sse bool) *reeve.Refusal {
	if refusal := g.confirmed(x); refusal != nil {
		return refusal
	}
	r := g.newRelay(x, sse)
	defer r.free()
	media := "application/x-ndjson"
	if sse {
		media = "text/event-stream"
	}
	if r.whole = g.mayHold(x); !r.whole {
		x.tellLabel(x.label)
		x.writeHead(x.answer.Status, media, -1)
	}
	if cap(x.answered) < 16<<10 {
		x.answered = make([]byte, 0, 16<<10)
	}
	buf := x.answered[:cap(x.answered)]
	for r.stop == nil {
		n, err := x.answer.Read(buf)
		if n > 0 {
			began := g.opts.Clock()
			r.stop = r.frames.Feed(buf[:n], r.frame)
			x.guardTime += g.opts.Clock().Sub(began)
		}
		if err != nil && r.stop == nil {
			r.stop = r.ran(err)
		}
		if !r.flush() {
			r.stop = errCaller
		}
	}
	return r.finish(media)
}

func (g *Gateway) newRelay(x *exchange, sse bool) *relay {
	x.salt = custody.NewSalt()
	x.produced = x.salt.Tally()
	return &relay{g: g, x: x, sse: sse, set: x.set(reeve.Out), frames: upstream.NewFrames(sse, g.opts.MaxFrame), out: x.out[:0]}
}

// ran says how a stream ended by itself: with all that belongs to it, or cut off.
func (r *relay) ran(err error) error {
	if err != io.EOF {
		return err
	}
	if last := r.frames.Last(); last != nil {
		if err := r.frame(last); err != nil {
			return err
		}
	}
	if r.frames.Pending() && r.sse || !r.allEnded() {
		return io.ErrUnexpectedEOF
	}
	return errEnd
}

// finish closes what is open, records the outcome and only then lets the last bytes go.
func (r *relay) finish(media string) *reeve.Refusal {
	x := r.x
	if !errors.Is(r.stop, errCaller) && !errors.Is(r.stop, errAltered) && !errors.Is(r.stop, errBlocked) { // something of the answer may still go out
		if x.alteration = r.g.confirmed(x); x.alteration != nil {
			r.stop = errAltered
		}
	}
	switch {
	case errors.Is(r.stop, errAltered):
		r.out, r.final = r.out[:0], r.errorEvent(nil, x.alteration)
		x.outcome.Result, x.outcome.Refusal, x.outcome.Rule = "refused", x.alteration.Code, x.alteration.Rule
	case errors.Is(r.stop, errEnd):
		x.outcome.Result = "ok"
		if err := r.closeAll(); err != nil {
			r.stop = err // what was held back turned out to be forbidden: block has written the end
		}
	case errors.Is(r.stop, errBlocked):
	case errors.Is(r.stop, errMark): // conclude tries once more, and says what is wrong
		r.out, r.final = r.out[:0], r.errorEvent(nil, r.g.noMark(x, errMark))
		x.outcome.Result, x.outcome.Refusal, x.outcome.Rule = "failed", "labels_unavailable", "label/conversation"
	case errors.Is(r.stop, errCaller), left(x.r.Context()):
		x.outcome.Result, x.outcome.Refusal, x.outcome.Rule = "cut", "client_closed", "gateway/client"
		r.out, r.final = r.out[:0], nil
	default:
		r.fail()
	}
	if x.outcome.Result != "ok" {
		x.answer.Close() // this tells the runtime to stop
	}
	r.sum()
	if r.whole {
		if r.g.holds(x) {
			x.output = append(append(x.output[:0], r.out...), r.final...)
			x.answer.Drain(drainFor)
			return r.g.hold(x)
		}
		x.tellLabel(x.label)
		x.writeHead(x.answer.Status, media, -1)
	}
	r.tellRise()
	if refusal := r.g.conclude(x); refusal != nil {
		r.final = r.errorEvent(nil, refusal)
	}
	x.answer.Drain(drainFor)
	r.out = append(r.out, r.final...)
	_, _ = x.w.Write(r.out) // the server flushes it together with the end of the body
	r.deadline(0)
	x.out = r.out
	return nil
}

// drainFor is how long the end of the body may take after the end of the stream. It has come while the record was made.
const drainFor = time.Millisecond

// fail ends a stream that the runtime cut off or garbled: what was whole is released, then an event says what happened.
func (r *relay) fail() {
	x := r.x
	err := r.closeAll()
	if errors.Is(err, errBlocked) {
		return
	}
	refusal := invalidAnswer("the stream is malformed")
	var syntax *upstream.SyntaxError
	switch {
	case errors.As(r.stop, &syntax):
	case errors.Is(r.stop, upstream.ErrFrameTooLong), errors.Is(r.stop, errTooLong):
		refusal = invalidAnswer("a line of the stream, or the answer, is longer than the limit")
	default:
		refusal.Code, refusal.Message = "upstream_cut", "The model runtime ended the answer before it was complete."
	}
	r.g.opts.Diagnostics.Warn("stream failed", "exchange", x.id.String(), "upstream", x.upstream.Name, "code", refusal.Code)
	x.outcome.Result, x.outcome.Refusal, x.outcome.Rule = "failed", refusal.Code, refusal.Rule
	if !r.told {
		r.final = r.errorEvent(nil, refusal)
	}
}

// sum collects what the guards saw and what the caller got, for the record.
func (r *relay) sum() {
	x := r.x
	x.output = append(x.output[:0], `{"texts":[`...)
	for i := range r.lines {
		l := &r.lines[i]
		res := l.guard.Result()
		x.outVerdict = merge(x.outVerdict, res.Verdict)
		r.g.seen(x, res.Left)
		if i > 0 {
			x.output = append(x.output, ',')
		}
		x.output = strconv.AppendInt(append(x.output, `{"choice":`...), int64(l.choice), 10)
		if l.channel == upstream.ToolArguments {
			x.output = strconv.AppendInt(append(x.output, `,"tool":`...), int64(l.tool), 10)
		}
		x.output = appendMember(append(x.output, ','), "channel", l.channel.String())
		x.output = append(upstream.AppendQuoted(append(x.output, `,"text":"`...), x.vault.Conceal(l.kept)), '"', '}')
	}
	x.output = append(x.output, ']', '}')
}

// flush sends what the guards released. It reports whether the caller still takes it.
func (r *relay) flush() bool {
	if len(r.out) == 0 || r.stop != nil {
		return true // the end goes out with the last bytes, after the record
	}
	if r.whole {
		if int64(len(r.out)) > r.g.opts.MaxAnswer {
			r.stop = errTooLong
		}
		return true
	}
	if r.stop = r.rise(); r.stop != nil {
		return true
	}
	ok := r.send(r.out)
	r.out = r.out[:0]
	return ok
}

// rise raises the label of the exchange and of its conversation by what has been seen since it was called last, before
// that goes out.
func (r *relay) rise() error {
	looked := 0
	for i := range r.lines {
		looked += r.lines[i].guard.Looked()
	}
	if looked == r.looked {
		return nil
	}
	r.looked = looked
	for i := range r.lines {
		r.g.seen(r.x, r.lines[i].guard.Result().Left)
	}
	if r.g.rise(r.x, r.x.label) != nil {
		return errMark
	}
	return nil
}

func (r *relay) send(b []byte) bool {
	if len(b) == 0 {
		return true
	}
	if now := time.Now(); now.After(r.x.stallUntil) {
		r.x.stallUntil = now.Add(r.g.opts.WriteStall / 4)
		r.deadline(r.g.opts.WriteStall * 5 / 4)
	}
	if _, err := r.x.w.Write(b); err != nil {
		return false
	}
	if f, ok := r.x.w.(interface{ FlushError() error }); ok {
		return f.FlushError() == nil
	}
	return true
}

// deadline bounds how long a caller may leave its stream unread; 0 lifts the bound.
func (r *relay) deadline(d time.Duration) {
	w, ok := r.x.w.(interface{ SetWriteDeadline(time.Time) error })
	if !ok {
		return
	}
	var t time.Time
	if d > 0 {
		t = time.Now().Add(d) // connection deadlines are real time, whatever clock is handed in
	}
	_ = w.SetWriteDeadline(t)
}

func (r *relay) free() {
	for i := range r.lines {
		r.lines[i].guard.Free()
	}
}
