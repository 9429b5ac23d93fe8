package gateway

import (
	"net/http"
	"strconv"
	"time"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/upstream"
)

// refuse concludes an exchange that ends without an answer and tells the caller why, in the dialect's shape.
func (g *Gateway) refuse(x *exchange, refusal *reeve.Refusal) {
	o := &x.outcome
	o.HTTPStatus, o.Refusal, o.Rule = refusal.Status, refusal.Code, refusal.Rule
	if o.Result == "" {
		o.Result = "refused"
	}
	x.output = x.output[:0]
	if noRecord := g.conclude(x); noRecord != nil {
		refusal = noRecord
	}
	if x.wrote || refusal.Status == statusClosed {
		return
	}
	switch refusal.Status {
	case http.StatusUnauthorized:
		x.w.Header().Set("WWW-Authenticate", "Bearer")
	case http.StatusServiceUnavailable:
		x.w.Header().Set("Retry-After", "1")
	case http.StatusTooManyRequests:
		wait := x.session.RetryAfter(x.start)
		x.w.Header().Set("Retry-After", strconv.Itoa(max(1, int((wait+time.Second-1)/time.Second))))
	}
	x.out = x.errorBody(x.out[:0], refusal)
	x.writeHead(refusal.Status, "application/json", len(x.out))
	_, _ = x.w.Write(x.out)
}

// writeHead sends status and headers; size < 0 means a stream.
func (x *exchange) writeHead(status int, media string, size int) {
	x.wrote = true
	h := x.w.Header()
	switch media {
	case "application/json":
		h["Content-Type"] = jsonMedia
	default:
		h["Content-Type"] = []string{media}
		h["Cache-Control"] = noCache
	}
	if size >= 0 {
		h["Content-Length"] = []string{strconv.Itoa(size)}
	}
	x.w.WriteHeader(status)
}

var (
	jsonMedia = []string{"application/json"}
	noCache   = []string{"no-cache"}
)

// errorBody is a refusal in the dialect's own shape, with reeve's fields beside it.
func (x *exchange) errorBody(dst []byte, r *reeve.Refusal) []byte {
	if x.ollama() {
		dst = appendMember(append(dst, '{'), "error", r.Message)
		dst = x.appendRefusal(append(dst, ','), r)
		return append(dst, '}', '\n')
	}
	dst = appendMember(append(dst, `{"error":{`...), "type", errorType(r.Status))
	dst = append(dst, `,"param":null,`...)
	dst = x.appendRefusal(dst, r)
	return append(dst, '}', '}', '\n')
}

// appendRefusal appends the members that every refusal has.
func (x *exchange) appendRefusal(dst []byte, r *reeve.Refusal) []byte {
	dst = appendMember(dst, "code", r.Code)
	dst = appendMember(append(dst, ','), "rule", r.Rule)
	dst = appendMember(append(dst, ','), "message", r.Message)
	dst = appendMember(append(dst, ','), "remedy", r.Remedy)
	return appendMember(append(dst, ','), "exchange", x.id.String())
}

func appendMember(dst []byte, name, value string) []byte {
	dst = append(append(append(dst, '"'), name...), '"', ':', '"')
	return append(upstream.AppendQuoted(dst, []byte(value)), '"')
}

func (x *exchange) ollama() bool {
	if x.ep != nil {
		return x.ep.Dialect == upstream.Ollama
	}
	return len(x.r.URL.Path) >= 5 && x.r.URL.Path[:5] == "/api/"
}

// errorType is OpenAI's coarse class of an error.
func errorType(status int) string {
	switch {
	case status == http.StatusUnauthorized:
		return "authentication_error"
	case status == http.StatusForbidden:
		return "permission_error"
	case status == http.StatusNotFound:
		return "not_found_error"
	case status == http.StatusTooManyRequests:
		return "rate_limit_error"
	case status >= 500:
		return "server_error"
	default:
		return "invalid_request_error"
	}
}

// contentFilter is the finish reason of an answer that a guard ended.
const contentFilter = "content_filter"

// emptyAnswer is a complete answer of the endpoint without content that ended because of a filter.
func (x *exchange) emptyAnswer(dst []byte, r *reeve.Refusal) []byte {
	m := x.meta()
	now := x.start.UTC()
	switch x.ep.Kind {
	case upstream.ChatCompletions:
		dst = append(dst, `{"id":"`...)
		dst = append(append(dst, m.id...), `","object":"chat.completion","created":`...)
		dst = append(strconv.AppendInt(dst, now.Unix(), 10), `,"model":"`...)
		dst = append(append(dst, m.model...), `","choices":[{"index":0,"message":{"role":"assistant","content":"","refusal":null},"logprobs":null,"finish_reason":"content_filter"}],`...)
	case upstream.Completions:
		dst = append(dst, `{"id":"`...)
		dst = append(append(dst, m.id...), `","object":"text_completion","created":`...)
		dst = append(strconv.AppendInt(dst, now.Unix(), 10), `,"model":"`...)
		dst = append(append(dst, m.model...), `","choices":[{"index":0,"text":"","logprobs":null,"finish_reason":"content_filter"}],`...)
	case upstream.Chat:
		dst = append(append(dst, `{"model":"`...), m.model...)
		dst = append(now.AppendFormat(append(dst, `","created_at":"`...), time.RFC3339Nano), `","message":{"role":"assistant","content":""},"done":true,"done_reason":"content_filter",`...)
	default:
		dst = append(append(dst, `{"model":"`...), m.model...)
		dst = append(now.AppendFormat(append(dst, `","created_at":"`...), time.RFC3339Nano), `","response":"","done":true,"done_reason":"content_filter",`...)
	}
	if x.ep.Dialect == upstream.OpenAI {
		dst = append(strconv.AppendInt(append(dst, `"usage":{"prompt_tokens":`...), x.outcome.TokensIn, 10), `,"completion_tokens":`...)
		dst = append(strconv.AppendInt(dst, x.outcome.TokensOut, 10), `,"total_tokens":`...)
		dst = append(strconv.AppendInt(dst, x.outcome.TokensIn+x.outcome.TokensOut, 10), `},`...)
	}
	return append(x.appendNote(dst, r), '}', '\n')
}

// appendNote appends the member that tells why an answer is cut short. SDKs ignore it; people and programs need not.
func (x *exchange) appendNote(dst []byte, r *reeve.Refusal) []byte {
	return append(x.appendRefusal(append(dst, `"reeve":{`...), r), '}')
}

// answerMeta is what the pieces of one answer have in common, as raw insides of JSON strings.
type answerMeta struct{ id, model []byte }

// meta takes the common fields from the answer that was parsed last.
func (x *exchange) meta() answerMeta {
	m := answerMeta{id: x.id.AppendText([]byte("reeve-")), model: upstream.AppendQuoted(nil, []byte(x.req.Model))}
	d := &x.ev.Doc
	if d.Len() == 0 {
		return m
	}
	if i := d.Member(0, "id"); d.IsString(i) {
		m.id = append([]byte(nil), d.Raw(i)...)
	}
	if i := d.Member(0, "model"); d.IsString(i) {
		m.model = append([]byte(nil), d.Raw(i)...)
	}
	return m
}
