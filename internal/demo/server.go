package demo

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/reeve-ai/reeve"
)

// ModelName is the name under which Server offers its model.
const ModelName = "reeve-demo"

// Version is what /api/version says: the Ollama version whose dialect is spoken, and that this is not Ollama.
const Version = "0.24.0-reeve-demo"

// Limits of one request. They are a demo's: small, and refused with a clear error.
const (
	maxBody     = 1 << 20 // bytes
	maxMessages = 256
	maxInputs   = 256 // texts of one embeddings request
	maxChoices  = 8
	maxStops    = 8
	maxTokens   = maxTurn
	defaultMax  = 400 // tokens of an answer where the request names no limit
)

// Option changes a Server.
type Option func(*server)

// WithModel offers another model under a name of its own, for example one that was trained on the cleaned sample.
func WithModel(name string, m *Model) Option {
	return func(s *server) { s.models = append(s.models, offer{name, m}) }
}

// WithPace makes the server wait before each token, so that a reader sees the answer grow as with a larger model.
func WithPace(perToken time.Duration) Option {
	return func(s *server) { s.pace = perToken }
}

// WithClock sets the clock of the fields created, created_at and of the durations.
func WithClock(c reeve.Clock) Option {
	return func(s *server) { s.now = c }
}

type server struct {
	models  []offer
	pace    time.Duration
	now     reeve.Clock
	started time.Time
}

type offer struct {
	name  string
	model *Model
}

// Server serves a model over the OpenAI dialect (/v1/chat/completions, /v1/completions, /v1/embeddings, /v1/models)
// and the Ollama dialect (/api/chat, /api/generate, /api/embed, /api/tags, /api/show, /api/version), streamed and not.
// Where a request names no temperature the answer is greedy, so that a demo shows the same every time.
// The handler is safe for concurrent use and stops an answer when its client leaves.
func Server(m *Model, options ...Option) http.Handler {
	s := &server{models: []offer{{ModelName, m}}, now: time.Now}
	for _, o := range options {
		o(s)
	}
	s.started = s.now()
	mux := http.NewServeMux()
	for path, h := range map[string]http.HandlerFunc{
		"POST /v1/chat/completions": s.chatCompletions,
		"POST /v1/completions":      s.completions,
		"POST /v1/embeddings":       s.embeddings,
		"GET /v1/models":            s.listModels,
		"GET /v1/models/{model...}": s.showModel,
		"POST /api/chat":            s.ollamaChat,
		"POST /api/generate":        s.ollamaGenerate,
		"POST /api/embed":           s.ollamaEmbed,
		"GET /api/tags":             s.ollamaTags,
		"POST /api/show":            s.ollamaShow,
		"GET /api/version":          s.ollamaVersion,
		"GET /{$}":                  s.root,
	} {
		mux.HandleFunc(path, h)
		method, bare, _ := strings.Cut(path, " ")
		if bare != "/{$}" {
			mux.HandleFunc(bare, wrongMethod(method))
		}
	}
	mux.HandleFunc("/", notFound)
	return mux
}

func (s *server) root(w http.ResponseWriter, _ *http.Request) {
	_, _ = io.WriteString(w, ModelName+" is running\n")
}

func notFound(w http.ResponseWriter, r *http.Request) {
	fail(w, r, http.StatusNotFound, "not_found", "", "no such path")
}

func wrongMethod(right string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Allow", right)
		fail(w, r, http.StatusMethodNotAllowed, "method_not_allowed", "", "this path takes "+right+" only")
	}
}

// find returns the model of a name; Ollama's clients may append ":latest".
func (s *server) find(name string) (offer, bool) {
	i := slices.IndexFunc(s.models, func(o offer) bool { return o.name == strings.TrimSuffix(name, ":latest") })
	if i < 0 {
		return offer{}, false
	}
	return s.models[i], true
}

// problem is why a request cannot be answered; param names the field at fault.
type problem struct {
	status      int
	code, param string
	message     string
}

func (p *problem) Error() string { return p.message }

func invalid(param, format string, args ...any) *problem {
	return &problem{http.StatusBadRequest, "invalid_value", param, fmt.Sprintf(format, args...)}
}

// read decodes the body of a request into v and looks up its model. It answers the request itself and returns false
// where that fails.
func (s *server) read(w http.ResponseWriter, r *http.Request, v interface{ modelName() string }) (offer, bool) {
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	err := d.Decode(v)
	if err == nil && d.Decode(&struct{}{}) != io.EOF {
		err = invalid("", "something follows the object")
	}
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		fail(w, r, http.StatusRequestEntityTooLarge, "request_too_large", "", fmt.Sprintf("the body is larger than %d bytes", maxBody))
		return offer{}, false
	case err != nil:
		fail(w, r, http.StatusBadRequest, "invalid_json", "", "the body is not the JSON that is expected here: "+plainJSONError(err))
		return offer{}, false
	}
	if v.modelName() == "" {
		fail(w, r, http.StatusBadRequest, "missing_required_parameter", "model", "model is required")
		return offer{}, false
	}
	o, ok := s.find(v.modelName())
	if !ok {
		modelMissing(w, r, v.modelName())
		return offer{}, false
	}
	return o, true
}

// plainJSONError says what is wrong with the JSON without repeating any of it.
func plainJSONError(err error) string {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	var own *problem
	switch {
	case errors.As(err, &own):
		return own.message
	case errors.As(err, &kind):
		return fmt.Sprintf("field %q cannot be a %s", strings.TrimPrefix(kind.Field, "openAICommon."), kind.Value)
	case errors.As(err, &syntax):
		return fmt.Sprintf("syntax error at byte %d", syntax.Offset)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "it ends too early"
	}
	return "it cannot be read"
}

func modelMissing(w http.ResponseWriter, r *http.Request, name string) {
	if name = strings.ToValidUTF8(name, "?"); len(name) > 64 {
		name = strings.ToValidUTF8(name[:64], "") + "…"
	}
	if ollamaPath(r) {
		fail(w, r, http.StatusNotFound, "model_not_found", "model", fmt.Sprintf("model '%s' not found", name))
		return
	}
	fail(w, r, http.StatusNotFound, "model_not_found", "model", fmt.Sprintf("The model `%s` does not exist", name))
}

func ollamaPath(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/api/") }

// fail answers with an error in the dialect's shape.
func fail(w http.ResponseWriter, r *http.Request, status int, code, param, message string) {
	if ollamaPath(r) {
		writeJSON(w, status, map[string]string{"error": message})
		return
	}
	kind := "invalid_request_error"
	if status >= http.StatusInternalServerError {
		kind = "server_error"
	}
	e := map[string]any{"message": message, "type": kind, "param": nil, "code": code}
	if param != "" {
		e["param"] = param
	}
	writeJSON(w, status, map[string]any{"error": e})
}

func failWith(w http.ResponseWriter, r *http.Request, p *problem) {
	fail(w, r, p.status, p.code, p.param, p.message)
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	data, err := json.Marshal(v)
	if err != nil {
		http.Error(w, "cannot encode the answer", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(data, '\n'))
}

// defaultMinP keeps sampled answers readable: a small model gives many words a little probability.
const defaultMinP = 0.1

// newSampling turns the fields that both dialects have into a Sampling. Where no seed is given a fresh one is taken.
func newSampling(temperature, topP, minP *float64, seed *int64, limit *int, stop []string) (Sampling, *problem) {
	how := Sampling{Seed: rand.Uint64(), MinP: defaultMinP, MaxTokens: defaultMax, Stop: stop} //nolint:gosec // sampling, not secrecy
	if temperature != nil {
		if *temperature < 0 || *temperature > 2 {
			return how, invalid("temperature", "temperature must be between 0 and 2")
		}
		how.Temperature = *temperature
	}
	if topP != nil {
		if *topP < 0 || *topP > 1 {
			return how, invalid("top_p", "top_p must be between 0 and 1")
		}
		how.TopP = *topP
	}
	if minP != nil {
		if *minP < 0 || *minP > 1 {
			return how, invalid("min_p", "min_p must be between 0 and 1")
		}
		how.MinP = *minP
	}
	if seed != nil {
		how.Seed = uint64(*seed) //nolint:gosec // any bits will do
	}
	if limit != nil {
		how.MaxTokens = min(*limit, maxTokens)
	}
	if len(stop) > maxStops {
		return how, invalid("stop", "stop takes at most %d texts", maxStops)
	}
	return how, nil
}
