package demo

import (
	crand "crypto/rand"
	"net/http"
	"strings"
)

// usage counts tokens as the OpenAI dialect does.
type usage struct {
	Prompt     int `json:"prompt_tokens"`
	Completion int `json:"completion_tokens"`
	Total      int `json:"total_tokens"`
}

// count adds up the choices. Each prompt has perPrompt of them in a row and is counted once.
func (u *usage) count(gens []*Generation, perPrompt int) {
	for i, g := range gens {
		prompt, completion := g.Usage()
		if i%perPrompt == 0 {
			u.Prompt += prompt
		}
		u.Completion += completion
	}
	u.Total = u.Prompt + u.Completion
}

// reply is a chat completion, a text completion, or one chunk of either.
type reply struct {
	ID          string   `json:"id"`
	Object      string   `json:"object"`
	Created     int64    `json:"created"`
	Model       string   `json:"model"`
	Fingerprint string   `json:"system_fingerprint"`
	Choices     []choice `json:"choices"`
	Usage       *usage   `json:"usage,omitempty"`
}

// chunk is a reply of a stream that was asked for usage: all chunks but the last say null.
type chunk struct {
	reply
	Usage *usage `json:"usage"`
}

type choice struct {
	Index    int      `json:"index"`
	Message  *message `json:"message,omitempty"`
	Delta    *delta   `json:"delta,omitempty"`
	Text     *string  `json:"text,omitempty"`
	Logprobs any      `json:"logprobs"`
	Finish   *string  `json:"finish_reason"`
}

type message struct {
	Role    string  `json:"role"`
	Content string  `json:"content"`
	Refusal *string `json:"refusal"`
}

type delta struct {
	Role    string  `json:"role,omitempty"`
	Content *string `json:"content,omitempty"`
}

func (s *server) newReply(prefix, object string, o offer) reply {
	return reply{
		ID: prefix + crand.Text(), Object: object, Created: s.now().Unix(), Model: o.name,
		Fingerprint: "fp_reeve_demo", Choices: []choice{},
	}
}

func (s *server) chatCompletions(w http.ResponseWriter, r *http.Request) {
	var req chatRequest
	o, ok := s.read(w, r, &req)
	if !ok {
		return
	}
	history, p := req.history()
	if p != nil {
		failWith(w, r, p)
		return
	}
	how, n, p := req.sampling()
	if p != nil {
		failWith(w, r, p)
		return
	}
	gens := choices(n, how, func(how Sampling) *Generation { return o.model.Chat(history, how) })
	if req.Stream {
		out := openAIStream{gens: gens, perPrompt: n, head: s.newReply("chatcmpl-", "chat.completion.chunk", o), withUsage: req.includeUsage()}
		s.streamChat(w, r, out)
		return
	}
	texts, err := s.collect(r, gens)
	if err != nil {
		return // the client has left
	}
	out := s.newReply("chatcmpl-", "chat.completion", o)
	for i, g := range gens {
		finish := g.Finish()
		out.Choices = append(out.Choices, choice{Index: i, Message: &message{Role: "assistant", Content: texts[i]}, Finish: &finish})
	}
	out.Usage = &usage{}
	out.Usage.count(gens, n)
	writeJSON(w, http.StatusOK, out)
}

// collect generates all choices to their ends.
func (s *server) collect(r *http.Request, gens []*Generation) ([]string, error) {
	b := make([]strings.Builder, len(gens))
	if err := s.speak(r.Context(), gens, func(p pieceOf) error {
		b[p.choice].WriteString(p.text)
		return nil
	}); err != nil {
		return nil, err
	}
	out := make([]string, len(b))
	for i := range b {
		out[i] = b[i].String()
	}
	return out, nil
}

// openAIStream is what a streamed answer is made of.
type openAIStream struct {
	gens      []*Generation
	perPrompt int   // choices of each prompt
	head      reply // what all chunks have in common
	withUsage bool  // a last chunk with the usage is wanted
}

func (s *server) streamChat(w http.ResponseWriter, r *http.Request, out openAIStream) {
	empty := ""
	begun := make([]bool, len(out.gens))
	s.streamOpenAI(w, r, out, func(p pieceOf) []choice {
		var chunks []choice
		if !begun[p.choice] {
			begun[p.choice] = true
			chunks = append(chunks, choice{Index: p.choice, Delta: &delta{Role: "assistant", Content: &empty}})
		}
		if p.finish != "" {
			return append(chunks, choice{Index: p.choice, Delta: &delta{}, Finish: &p.finish})
		}
		return append(chunks, choice{Index: p.choice, Delta: &delta{Content: &p.text}})
	})
}

// streamOpenAI sends one chunk for each choice that chunksOf makes of a step, then the usage if asked for, then [DONE].
func (s *server) streamOpenAI(w http.ResponseWriter, r *http.Request, out openAIStream, chunksOf func(pieceOf) []choice) {
	events := newSSE(w)
	send := func(c []choice, u *usage) error {
		out.head.Choices = c
		if out.withUsage {
			return events.send(chunk{reply: out.head, Usage: u})
		}
		return events.send(out.head)
	}
	err := s.speak(r.Context(), out.gens, func(p pieceOf) error {
		for _, c := range chunksOf(p) {
			if err := send([]choice{c}, nil); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return // the client has left
	}
	if out.withUsage {
		var u usage
		u.count(out.gens, out.perPrompt)
		if send([]choice{}, &u) != nil {
			return
		}
	}
	_ = events.sendRaw("[DONE]")
}

type modelCard struct {
	ID      string `json:"id"`
	Object  string `json:"object"`
	Created int64  `json:"created"`
	OwnedBy string `json:"owned_by"`
}

func (s *server) card(o offer) modelCard {
	return modelCard{o.name, "model", s.started.Unix(), "reeve"}
}

func (s *server) listModels(w http.ResponseWriter, _ *http.Request) {
	cards := make([]modelCard, len(s.models))
	for i, o := range s.models {
		cards[i] = s.card(o)
	}
	writeJSON(w, http.StatusOK, map[string]any{"object": "list", "data": cards})
}

func (s *server) showModel(w http.ResponseWriter, r *http.Request) {
	o, ok := s.find(r.PathValue("model"))
	if !ok {
		modelMissing(w, r, r.PathValue("model"))
		return
	}
	writeJSON(w, http.StatusOK, s.card(o))
}
