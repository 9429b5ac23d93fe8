package people

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/custody"
	"github.com/reeve-ai/reeve/internal/identity"
	"github.com/reeve-ai/reeve/internal/store"
)

// Paths that callers use, on the listener of the gateway.
const (
	ReportsPath = "/v1/reports"
	HeldPath    = "/v1/held/"
)

// pollEvery is how often a wait looks for the decision of another process; one of this process wakes it.
const pollEvery = 500 * time.Millisecond

// Callers tells who is calling. It never returns neither a session nor a refusal.
type Callers interface {
	AuthenticateRequest(*http.Request) (*identity.Session, *reeve.Refusal)
}

// Public is what callers of the gateway reach: reports, and answers that were held back. It is safe for concurrent use.
type Public struct {
	s       *Service
	callers Callers
}

// NewPublic makes the handler.
func NewPublic(s *Service, c Callers) *Public { return &Public{s, c} }

// Serves reports whether a path is one of its own.
func (p *Public) Serves(path string) bool {
	return path == ReportsPath || strings.HasPrefix(path, HeldPath)
}

// ServeHTTP implements http.Handler.
func (p *Public) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	method, do := http.MethodGet, p.held
	if r.URL.Path == ReportsPath {
		method, do = http.MethodPost, p.reports
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	var refusal *reeve.Refusal
	if r.Method != method {
		w.Header().Set("Allow", method)
		refusal = &reeve.Refusal{
			Status: http.StatusMethodNotAllowed, Code: "method_not_allowed", Rule: "gateway/surface",
			Message: "This path takes another method.", Remedy: "Use " + method + ".",
		}
	} else {
		refusal = do(w, r)
	}
	if refusal != nil {
		sendRefusal(w, refusal)
	}
}

func (p *Public) recognise(r *http.Request) (*identity.Session, *reeve.Refusal) {
	session, refusal := p.callers.AuthenticateRequest(r)
	if refusal != nil {
		return nil, refusal
	}
	return session, session.TakeRequest(p.s.o.Clock())
}

// sendRefusal writes a refusal in the shape of OpenAI's errors.
func sendRefusal(w http.ResponseWriter, r *reeve.Refusal) {
	if r.Status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	sendJSON(w, r.Status, map[string]any{"error": map[string]any{
		"type": "review_error", "param": nil, "code": r.Code, "rule": r.Rule, "message": r.Message, "remedy": r.Remedy,
	}})
}

func sendJSON(w http.ResponseWriter, status int, v any) {
	text, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		http.Error(w, "the answer could not be written", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(text)+1))
	w.WriteHeader(status)
	_, _ = w.Write(append(text, '\n'))
}

// Held answers for an exchange whose answer was just held back: with it where it is released within the time that the caller
// would wait, else with the address under which it can be asked for.
func (p *Public) Held(w http.ResponseWriter, r *http.Request, principal string, id custody.ID) {
	a, refusal := p.s.Await(r.Context(), principal, id, Wait(r.Header.Get("Prefer")))
	if refusal != nil {
		sendRefusal(w, refusal)
		return
	}
	a.Write(w)
}

// held answers GET /v1/held/{exchange}: 202 while nobody has decided, the answer once it is released, and a refusal where it
// is not. With Prefer: wait=N (RFC 7240, section 4.3) it waits up to N seconds for the decision.
func (p *Public) held(w http.ResponseWriter, r *http.Request) *reeve.Refusal {
	session, refusal := p.recognise(r)
	if refusal != nil {
		return refusal
	}
	id, err := custody.ParseID(strings.TrimPrefix(r.URL.Path, HeldPath))
	if err != nil {
		return noSuchAnswer()
	}
	a, refusal := p.s.Await(r.Context(), session.Principal.ID, id, Wait(r.Header.Get("Prefer")))
	if refusal != nil {
		return refusal
	}
	a.Write(w)
	return nil
}

// Wait reads the header Prefer: how long the caller would wait for an answer; 0 where it does not say.
func Wait(prefer string) time.Duration {
	for part := range strings.SplitSeq(prefer, ",") {
		if text, is := strings.CutPrefix(strings.TrimSpace(part), "wait="); is {
			if n, err := strconv.ParseUint(strings.TrimSpace(text), 10, 16); err == nil {
				return time.Duration(n) * time.Second
			}
		}
	}
	return 0
}

// Answer is what a caller gets who asks for an answer that was held back.
type Answer struct {
	ID      custody.ID
	Pending bool // nobody has decided yet
	Media   string
	Body    []byte
}

// Write sends the answer, or where to ask again.
func (a *Answer) Write(w http.ResponseWriter) {
	if !a.Pending {
		w.Header().Set("Content-Type", a.Media)
		w.Header().Set("Content-Length", strconv.Itoa(len(a.Body)))
		_, _ = w.Write(a.Body)
		return
	}
	w.Header().Set("Location", HeldPath+a.ID.String())
	w.Header().Set("Retry-After", "5")
	sendJSON(w, http.StatusAccepted, map[string]any{
		"object": "reeve.held", "exchange": a.ID.String(), "status": "pending", "poll": HeldPath + a.ID.String(),
		"message": "A person looks at this answer before it is given out. Ask for it again at the address in poll.",
	})
}

// Await gives the caller the answer of an exchange of their own that was held back, waits up to a time for somebody to decide
// about it, and refuses it where it stays back. That it goes out is on record before its first byte does.
func (s *Service) Await(ctx context.Context, principal string, id custody.ID, wait time.Duration) (*Answer, *reeve.Refusal) {
	m, err := s.mineOf(principal)
	if err != nil {
		return nil, unavailable()
	}
	deadline := time.NewTimer(max(0, min(wait, s.o.Rules.MaxWait)))
	defer deadline.Stop()
	for {
		news := s.waitFor()
		a, refusal := s.heldNow(ctx, principal, m, id)
		if refusal != nil || !a.Pending || wait <= 0 {
			return a, refusal
		}
		poll := time.NewTimer(pollEvery)
		select {
		case <-ctx.Done():
			poll.Stop()
			return a, nil
		case <-deadline.C:
			wait = 0
		case <-news:
		case <-poll.C:
		}
		poll.Stop()
	}
}

func noSuchAnswer() *reeve.Refusal {
	return &reeve.Refusal{
		Status: http.StatusNotFound, Code: "not_found", Rule: "review/held", Message: "There is no answer of yours under this id.",
		Remedy: "Use the id in the header Reeve-Exchange, with the key that asked.",
	}
}

func keptBack(code, message string) *reeve.Refusal {
	return &reeve.Refusal{
		Status: http.StatusForbidden, Code: code, Rule: "review/held", Message: message,
		Remedy: "Ask another question, or ask those who review here; the record of the exchange says what was decided.",
	}
}

// heldNow is how a held answer stands.
func (s *Service) heldNow(ctx context.Context, principal string, m mine, id custody.ID) (*Answer, *reeve.Refusal) {
	it, err := s.o.Store.Review(ctx, id.String())
	if errors.Is(err, store.ErrNotFound) {
		return s.unfed(ctx, m, id)
	}
	if err != nil {
		return nil, unavailable()
	}
	if !m[it.Author] || !it.Held {
		return nil, noSuchAnswer()
	}
	switch it.Outcome {
	case "":
		if !s.o.Clock().Before(it.Due) { // it is marked so with the next sweep; nobody has to wait for that
			return nil, keptBack("held_expired", "Nobody decided about this answer in time, so it is not given out.")
		}
		return &Answer{ID: id, Pending: true}, nil
	case OutcomeRelease, OutcomeCorrect:
		return s.deliver(ctx, principal, &it, id)
	case OutcomeExpired:
		return nil, keptBack("held_expired", "Nobody decided about this answer in time, so it is not given out.")
	}
	return nil, keptBack("held_rejected", "A person decided that this answer is not given out.")
}

// unfed answers for an exchange that has no item: the feed is a moment behind the log.
func (s *Service) unfed(ctx context.Context, m mine, id custody.ID) (*Answer, *reeve.Refusal) {
	seqs, err := s.o.Find(ctx, id)
	if err != nil {
		return nil, unavailable()
	}
	for _, seq := range seqs {
		r, err := s.o.Reader.Record(seq)
		if err != nil {
			return nil, unavailable()
		}
		if kek, sealed := r.KEK(); r.Kind == "outcome" && sealed && m[kekText(kek)] {
			if l, err := parseLeaf(r); err == nil && l.Result == "held" {
				return &Answer{ID: id, Pending: true}, nil
			}
		}
	}
	return nil, noSuchAnswer()
}

// deliver reads the answer that was released, or the text that a person put in its place.
func (s *Service) deliver(ctx context.Context, principal string, it *store.ReviewItem, id custody.ID) (*Answer, *reeve.Refusal) {
	a := &Answer{ID: id, Media: "application/json"}
	var err error
	if it.Outcome == OutcomeCorrect {
		a.Body, err = s.corrected(ctx, it)
	} else {
		_, a.Body, err = s.said(ctx, it)
		if it.Stream && !strings.HasPrefix(string(a.Body), "{") {
			a.Media = "text/event-stream"
		}
		if strings.HasPrefix(it.Route, "/api/") && it.Stream {
			a.Media = "application/x-ndjson"
		}
	}
	if err != nil || a.Body == nil {
		return nil, &reeve.Refusal{
			Status: http.StatusGone, Code: "held_gone", Rule: "review/held", Message: "This answer is not kept any more.", Remedy: "Ask the question again.",
		}
	}
	_, err = s.o.Log.Event(&custody.Event{
		Kind: custody.EventReview, Time: s.o.Clock(), Actor: principal, Act: ActDeliver, Object: it.ID, Result: it.Outcome, Refs: []custody.ID{id},
	})
	if err != nil {
		return nil, unavailable()
	}
	return a, nil
}

// corrected is the answer that a person wrote, in the shape of the route's dialect.
func (s *Service) corrected(ctx context.Context, it *store.ReviewItem) ([]byte, error) {
	verdicts, err := s.o.Store.ReviewVerdicts(ctx, it.ID)
	if err != nil {
		return nil, err
	}
	for i := len(verdicts) - 1; i >= 0; i-- {
		if verdicts[i].Outcome != OutcomeCorrect || it.Need == 1 && i > 0 { // a second look decides nothing
			continue
		}
		data, _ := s.eventData(ctx, verdicts[i].Record)
		var sealed sealedVerdict
		if data == nil || json.Unmarshal(data, &sealed) != nil {
			break
		}
		return correctedBody(it, sealed.Corrected)
	}
	return nil, fmt.Errorf("%w: the corrected text", ErrGone)
}

func correctedBody(it *store.ReviewItem, text string) ([]byte, error) {
	said := map[string]any{"role": "assistant", "content": text}
	var body map[string]any
	switch it.Route {
	case "/api/chat":
		body = map[string]any{"model": it.Model, "created_at": it.Created.UTC().Format(time.RFC3339Nano), "message": said, "done": true, "done_reason": "stop"}
	case "/api/generate":
		body = map[string]any{"model": it.Model, "created_at": it.Created.UTC().Format(time.RFC3339Nano), "response": text, "done": true, "done_reason": "stop"}
	case "/v1/completions":
		body = map[string]any{
			"id": "reeve-" + it.ID, "object": "text_completion", "created": it.Created.Unix(), "model": it.Model,
			"choices": []any{map[string]any{"index": 0, "text": text, "logprobs": nil, "finish_reason": "stop"}},
		}
	default:
		body = map[string]any{
			"id": "reeve-" + it.ID, "object": "chat.completion", "created": it.Created.Unix(), "model": it.Model,
			"choices": []any{map[string]any{"index": 0, "message": said, "logprobs": nil, "finish_reason": "stop"}},
		}
	}
	body["reeve"] = map[string]any{"exchange": it.ID, "corrected": true}
	return json.Marshal(body, json.Deterministic(true))
}
