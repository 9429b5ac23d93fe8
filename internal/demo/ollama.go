package demo

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// ollamaRequest is the body of /api/chat and /api/generate. Fields that a small model has no use for (tools, images of
// earlier turns, keep_alive, template …) are ignored.
type ollamaRequest struct {
	Model    string          `json:"model"`
	Stream   *bool           `json:"stream"` // true where it is missing
	Format   json.RawMessage `json:"format"`
	Messages []struct {
		Role    string            `json:"role"`
		Content string            `json:"content"`
		Images  []json.RawMessage `json:"images"`
	} `json:"messages"`
	System  string            `json:"system"`
	Prompt  string            `json:"prompt"`
	Raw     bool              `json:"raw"` // continue the prompt instead of answering it
	Images  []json.RawMessage `json:"images"`
	Options struct {
		Temperature *float64 `json:"temperature"`
		TopP        *float64 `json:"top_p"`
		MinP        *float64 `json:"min_p"`
		Seed        *int64   `json:"seed"`
		NumPredict  *int     `json:"num_predict"`
		Stop        texts    `json:"stop"`
	} `json:"options"`
}

func (r *ollamaRequest) modelName() string { return r.Model }

// sampling turns the options into a Sampling; num_predict below 0 means no limit but the server's.
func (r *ollamaRequest) sampling() (Sampling, *problem) {
	limit := r.Options.NumPredict
	if limit != nil && *limit < 0 {
		most := maxTokens
		limit = &most
	}
	if f := bytes.TrimSpace(r.Format); len(f) > 0 && string(f) != `""` && string(f) != "null" {
		return Sampling{}, invalid("format", "%s writes text only; format cannot be set", ModelName)
	}
	images := len(r.Images)
	for _, m := range r.Messages {
		images += len(m.Images)
	}
	if images > 0 {
		return Sampling{}, invalid("images", "%s reads text only; images cannot be given", ModelName)
	}
	return newSampling(r.Options.Temperature, r.Options.TopP, r.Options.MinP, r.Options.Seed, limit, r.Options.Stop)
}

func (r *ollamaRequest) history() ([]Message, *problem) {
	if len(r.Messages) > maxMessages {
		return nil, invalid("messages", "messages has more than %d entries", maxMessages)
	}
	out := make([]Message, len(r.Messages))
	for i, m := range r.Messages {
		switch m.Role {
		case "user", "assistant", "system":
		case "tool":
			m.Role = "system"
		default:
			return nil, invalid("messages", "role of message %d is not one of system, user, assistant, tool", i)
		}
		out[i] = Message{Role: m.Role, Content: m.Content}
	}
	return out, nil
}

// ollamaReply is one line of an answer. Chat fills Message, generate fills Response; the last line has the counts.
type ollamaReply struct {
	Model      string    `json:"model"`
	CreatedAt  time.Time `json:"created_at"`
	Message    *Message  `json:"message,omitempty"`
	Response   *string   `json:"response,omitempty"`
	Done       bool      `json:"done"`
	DoneReason string    `json:"done_reason,omitempty"`
	Context    []int32   `json:"context,omitempty"`
	*ollamaCounts
}

type ollamaCounts struct {
	TotalDuration      time.Duration `json:"total_duration"`
	LoadDuration       time.Duration `json:"load_duration"`
	PromptEvalCount    int           `json:"prompt_eval_count"`
	PromptEvalDuration time.Duration `json:"prompt_eval_duration"`
	EvalCount          int           `json:"eval_count"`
	EvalDuration       time.Duration `json:"eval_duration"`
}

func (s *server) ollamaChat(w http.ResponseWriter, r *http.Request) {
	var req ollamaRequest
	o, ok := s.read(w, r, &req)
	if !ok {
		return
	}
	how, p := req.sampling()
	history, wrong := req.history()
	if p == nil {
		p = wrong
	}
	if p != nil {
		failWith(w, r, p)
		return
	}
	text := func(line *ollamaReply, t string) { line.Message = &Message{Role: "assistant", Content: t} }
	if len(history) == 0 {
		s.ollamaLoad(w, o, text)
		return
	}
	s.ollamaAnswer(w, r, o, &req, text, o.model.Chat(history, how), nil)
}

func (s *server) ollamaGenerate(w http.ResponseWriter, r *http.Request) {
	var req ollamaRequest
	o, ok := s.read(w, r, &req)
	if !ok {
		return
	}
	how, p := req.sampling()
	if p != nil {
		failWith(w, r, p)
		return
	}
	text := func(line *ollamaReply, t string) { line.Response = &t }
	if req.Prompt == "" {
		s.ollamaLoad(w, o, text)
		return
	}
	tokens := append([]int32{}, o.model.encode(pieces(req.Prompt))...)
	if req.Raw {
		s.ollamaAnswer(w, r, o, &req, text, o.model.Complete(req.Prompt, how), tokens)
		return
	}
	history := []Message{{Role: "system", Content: req.System}, {Role: "user", Content: req.Prompt}}
	s.ollamaAnswer(w, r, o, &req, text, o.model.Chat(history, how), tokens)
}

// ollamaLoad answers a request without any text, which asks Ollama to load the model.
func (s *server) ollamaLoad(w http.ResponseWriter, o offer, text func(*ollamaReply, string)) {
	line := ollamaReply{Model: o.name, CreatedAt: s.now().UTC(), Done: true, DoneReason: "load"}
	text(&line, "")
	writeJSON(w, http.StatusOK, line)
}

// ollamaAnswer writes one line per token and a last one with the counts, or all of it in one object.
func (s *server) ollamaAnswer(w http.ResponseWriter, r *http.Request, o offer, req *ollamaRequest, text func(*ollamaReply, string), g *Generation, tokens []int32) {
	start := s.now()
	streamed := req.Stream == nil || *req.Stream
	var events *eventStream
	if streamed {
		events = newNDJSON(w)
	}
	var whole strings.Builder
	err := s.speak(r.Context(), []*Generation{g}, func(p pieceOf) error {
		whole.WriteString(p.text)
		if !streamed || p.finish != "" {
			return nil
		}
		line := ollamaReply{Model: o.name, CreatedAt: s.now().UTC()}
		text(&line, p.text)
		return events.send(line)
	})
	if err != nil {
		return // the client has left
	}
	last := s.lastLine(o, g, start)
	if tokens != nil && !req.Raw {
		last.Context = append(tokens, o.model.encode(turnPieces(whole.String()))...)
	}
	if streamed {
		text(&last, "")
		_ = events.send(last)
		return
	}
	text(&last, whole.String())
	writeJSON(w, http.StatusOK, last)
}

func (s *server) lastLine(o offer, g *Generation, start time.Time) ollamaReply {
	prompt, tokens := g.Usage()
	end := s.now()
	spent := max(end.Sub(start), 1) // clients divide by it
	return ollamaReply{
		Model: o.name, CreatedAt: end.UTC(), Done: true, DoneReason: g.Finish(),
		ollamaCounts: &ollamaCounts{
			TotalDuration: spent, LoadDuration: 1, PromptEvalCount: prompt, PromptEvalDuration: 1,
			EvalCount: tokens, EvalDuration: spent,
		},
	}
}

func (s *server) ollamaEmbed(w http.ResponseWriter, r *http.Request) {
	var req embedRequest
	o, ok := s.read(w, r, &req)
	if !ok {
		return
	}
	start := s.now()
	vectors, tokens, p := req.vectors()
	if p != nil {
		failWith(w, r, p)
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"model": o.name, "embeddings": vectors, "prompt_eval_count": tokens,
		"total_duration": max(s.now().Sub(start), 1), "load_duration": 1,
	})
}

func (s *server) ollamaVersion(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]string{"version": Version})
}

// ollamaDetails describes the kind of model in Ollama's words.
type ollamaDetails struct {
	ParentModel  string   `json:"parent_model"`
	Format       string   `json:"format"`
	Family       string   `json:"family"`
	Families     []string `json:"families"`
	Parameters   string   `json:"parameter_size"`
	Quantization string   `json:"quantization_level"`
}

func detailsOf(m *Model) ollamaDetails {
	grams, _ := m.Size()
	return ollamaDetails{
		Format: "ngram", Family: "kneser-ney", Families: []string{"kneser-ney"},
		Parameters: fmt.Sprintf("%.1fK", float64(grams)/1000), Quantization: "F64",
	}
}

func (s *server) ollamaTags(w http.ResponseWriter, _ *http.Request) {
	type tag struct {
		Name       string        `json:"name"`
		Model      string        `json:"model"`
		ModifiedAt time.Time     `json:"modified_at"`
		Size       int64         `json:"size"`
		Digest     string        `json:"digest"`
		Details    ollamaDetails `json:"details"`
	}
	tags := make([]tag, len(s.models))
	for i, o := range s.models {
		name := o.name + ":latest"
		tags[i] = tag{name, name, s.started.UTC(), o.model.bytes(), o.model.Digest(), detailsOf(o.model)}
	}
	writeJSON(w, http.StatusOK, map[string]any{"models": tags})
}

type showRequest struct {
	Model string `json:"model"`
	Name  string `json:"name"` // the older spelling
}

func (r *showRequest) modelName() string {
	if r.Model == "" {
		return r.Name
	}
	return r.Model
}

func (s *server) ollamaShow(w http.ResponseWriter, r *http.Request) {
	var req showRequest
	o, ok := s.read(w, r, &req)
	if !ok {
		return
	}
	grams, words := o.model.Size()
	writeJSON(w, http.StatusOK, map[string]any{
		"license":    "Apache-2.0",
		"modelfile":  "# " + ModelName + " is trained by `reeve demo` and has no Modelfile.\n",
		"parameters": "temperature 0",
		"template":   "{{ .Prompt }}",
		"details":    detailsOf(o.model),
		"model_info": map[string]any{
			"general.architecture": "kneser-ney", "general.parameter_count": grams,
			"kneser-ney.order": order, "kneser-ney.vocabulary_size": words,
			"kneser-ney.context_length": order - 1, "kneser-ney.embedding_length": defaultDimensions,
		},
		"capabilities": []string{"completion", "embedding"},
		"modified_at":  s.started.UTC(),
	})
}
