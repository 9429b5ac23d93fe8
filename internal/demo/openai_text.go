package demo

import "net/http"

type completionRequest struct {
	openAICommon
	Prompt texts `json:"prompt"`
	Echo   bool  `json:"echo"`
}

// completions continues one or several texts. The choices of the first prompt come first.
func (s *server) completions(w http.ResponseWriter, r *http.Request) {
	var req completionRequest
	o, ok := s.read(w, r, &req)
	if !ok {
		return
	}
	how, n, p := req.sampling()
	if p == nil && (len(req.Prompt) == 0 || len(req.Prompt)*n > maxChoices) {
		p = invalid("prompt", "prompt must be a text or a list of texts, with at most %d choices together", maxChoices)
	}
	if p != nil {
		failWith(w, r, p)
		return
	}
	var gens []*Generation
	before := make([]string, 0, len(req.Prompt)*n) // what a choice begins with
	for _, prompt := range req.Prompt {
		gens = append(gens, choices(n, how, func(how Sampling) *Generation { return o.model.Complete(prompt, how) })...)
		for range n {
			if req.Echo {
				before = append(before, prompt)
			} else {
				before = append(before, "")
			}
		}
	}
	head := s.newReply("cmpl-", "text_completion", o)
	if req.Stream {
		s.streamText(w, r, openAIStream{gens, n, head, req.includeUsage()}, before)
		return
	}
	texts, err := s.collect(r, gens)
	if err != nil {
		return // the client has left
	}
	head.Usage = &usage{}
	for i, g := range gens {
		text, finish := before[i]+texts[i], g.Finish()
		head.Choices = append(head.Choices, choice{Index: i, Text: &text, Finish: &finish})
	}
	head.Usage.count(gens, n)
	writeJSON(w, http.StatusOK, head)
}

func (s *server) streamText(w http.ResponseWriter, r *http.Request, out openAIStream, before []string) {
	s.streamOpenAI(w, r, out, func(p pieceOf) []choice {
		text := before[p.choice] + p.text
		before[p.choice] = ""
		c := choice{Index: p.choice, Text: &text}
		if p.finish != "" {
			c.Finish = &p.finish
		}
		return []choice{c}
	})
}
