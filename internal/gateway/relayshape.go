package gateway

import (
	"bytes"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/upstream"
)

// say appends an event of ours that carries text on a line; empty text needs none.
func (r *relay) say(l *line, text []byte) {
	if len(text) == 0 {
		return
	}
	r.open()
	r.out = r.head(r.out)
	if r.x.ep.Dialect == upstream.Ollama {
		r.out = r.ollamaDelta(r.out, l, text)
	} else {
		r.out = r.openAIDelta(r.out, l, text)
	}
	r.shut()
}

// head appends the members that every event of the answer has, and a comma.
func (r *relay) head(dst []byte) []byte {
	m := r.meta
	if m.model == nil {
		m = r.x.meta()
	}
	now := r.x.start.UTC()
	if r.x.ep.Dialect == upstream.Ollama {
		dst = append(append(append(dst, `{"model":"`...), m.model...), `","created_at":"`...)
		return append(now.AppendFormat(dst, time.RFC3339Nano), `",`...)
	}
	object := "chat.completion.chunk"
	if r.x.ep.Kind == upstream.Completions {
		object = "text_completion"
	}
	dst = append(append(append(dst, `{"id":"`...), m.id...), `","object":"`...)
	dst = append(append(dst, object...), `","created":`...)
	dst = strconv.AppendInt(dst, now.Unix(), 10)
	return append(append(append(dst, `,"model":"`...), m.model...), `",`...)
}

func (r *relay) openAIDelta(dst []byte, l *line, text []byte) []byte {
	dst = strconv.AppendInt(append(dst, `"choices":[{"index":`...), int64(l.choice), 10)
	switch {
	case r.x.ep.Kind == upstream.Completions:
		dst = append(append(append(dst, `,"`...), l.member...), `":"`...)
		dst = append(upstream.AppendQuoted(dst, text), `","logprobs":null`...)
	case l.channel == upstream.ToolArguments:
		dst = strconv.AppendInt(append(dst, `,"delta":{"tool_calls":[{"index":`...), int64(l.tool), 10)
		dst = append(upstream.AppendQuoted(append(dst, `,"function":{"arguments":"`...), text), `"}}]}`...)
	default:
		dst = append(append(append(dst, `,"delta":{"`...), l.member...), `":"`...)
		dst = append(upstream.AppendQuoted(dst, text), `"}`...)
	}
	return append(dst, `,"finish_reason":null}]}`...)
}

func (r *relay) ollamaDelta(dst []byte, l *line, text []byte) []byte {
	chat := r.x.ep.Kind == upstream.Chat
	if chat {
		dst = append(dst, `"message":{"role":"assistant",`...)
		if l.channel != upstream.Content {
			dst = append(dst, `"content":"",`...)
		}
	}
	dst = append(append(append(dst, '"'), l.member...), `":"`...)
	dst = append(upstream.AppendQuoted(dst, text), '"')
	if chat {
		dst = append(dst, '}')
	}
	return append(dst, `,"done":false}`...)
}

// filterEnd is the clean end of a stream that a guard ended: every choice that is still open ends because of a filter.
func (r *relay) filterEnd(dst []byte, refusal *reeve.Refusal) []byte {
	x := r.x
	if x.ep.Dialect == upstream.Ollama {
		dst = r.head(dst)
		if x.ep.Kind == upstream.Chat {
			dst = append(dst, `"message":{"role":"assistant","content":""},`...)
		} else {
			dst = append(dst, `"response":"",`...)
		}
		dst = append(dst, `"done":true,"done_reason":"content_filter",`...)
		return append(x.appendNote(dst, refusal), '}', '\n')
	}
	dst = append(append(dst, "data: "...), r.head(nil)...)
	dst = append(dst, `"choices":[`...)
	for i, choice := range r.openChoices() {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = strconv.AppendInt(append(dst, `{"index":`...), int64(choice), 10)
		if x.ep.Kind == upstream.Completions {
			dst = append(dst, `,"text":"","logprobs":null`...)
		} else {
			dst = append(dst, `,"delta":{}`...)
		}
		dst = append(dst, `,"finish_reason":"content_filter"}`...)
	}
	dst = append(x.appendNote(append(dst, `],`...), refusal), '}')
	return append(dst, "\n\ndata: [DONE]\n\n"...)
}

// openChoices lists the choices that the runtime has not ended; at least the first.
func (r *relay) openChoices() []int {
	var open []int
	for i := range r.lines {
		if c := r.lines[i].choice; !slices.Contains(r.ended, c) && !slices.Contains(open, c) {
			open = append(open, c)
		}
	}
	if len(open) == 0 {
		open = append(open, 0)
	}
	return open
}

// errorEvent tells of a failure in the middle of a stream, in the form in which the dialect's clients raise an error.
func (r *relay) errorEvent(dst []byte, refusal *reeve.Refusal) []byte {
	if r.sse {
		return append(r.x.errorBody(append(dst, "data: "...), refusal), '\n')
	}
	dst = appendMember(append(dst, '{'), "error", refusal.Message) // "message" would be taken for the model's
	return append(r.x.appendNote(append(dst, ','), refusal), '}', '\n')
}

// tellRise says at the end of a stream that its label is higher than its head told: in a trailer (RFC 9110 section 6.5), and
// in the stream itself, because few clients read trailers: a member "reeve" of an event of its own before the end mark,
// and in the Ollama dialect of the last object.
func (r *relay) tellRise() {
	x := r.x
	if x.told.Dominates(x.label) {
		return
	}
	l := x.label.String()
	if f, ok := x.w.(interface{ FlushError() error }); ok {
		_ = f.FlushError() // an answer short enough to get a length would have no trailer
	}
	x.w.Header()[http.TrailerPrefix+labelHeader] = []string{l}
	note := appendMember([]byte(`"reeve":{`), "label", l)
	note = append(note, '}')
	if r.sse {
		event := append(r.head([]byte("data: ")), `"choices":[],`...)
		event = append(append(event, note...), "}\n\n"...)
		r.final = append(event, r.final...)
		return
	}
	if at := bytes.LastIndexByte(r.final, '}'); at > 0 && x.outcome.Result == "ok" {
		rest := string(r.final[at:])
		r.final = append(append(append(r.final[:at], ','), note...), rest...)
	}
}
