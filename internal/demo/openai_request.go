package demo

import (
	"bytes"
	"encoding/json"
	"strings"
)

// openAICommon is what both completion requests of the OpenAI dialect share. Fields that a small model has no use for
// (tools, logit_bias, user …) are ignored.
type openAICommon struct {
	Model         string   `json:"model"`
	Stream        bool     `json:"stream"`
	MaxTokens     *int     `json:"max_tokens"`
	MaxCompletion *int     `json:"max_completion_tokens"`
	Temperature   *float64 `json:"temperature"`
	TopP          *float64 `json:"top_p"`
	MinP          *float64 `json:"min_p"` // as vLLM and llama.cpp take it
	N             *int     `json:"n"`
	Seed          *int64   `json:"seed"`
	Stop          texts    `json:"stop"`
	StreamOptions *struct {
		IncludeUsage bool `json:"include_usage"`
	} `json:"stream_options"`
}

func (r *openAICommon) modelName() string { return r.Model }

func (r *openAICommon) includeUsage() bool {
	return r.StreamOptions != nil && r.StreamOptions.IncludeUsage
}

// sampling returns how to choose words and how many choices to make.
func (r *openAICommon) sampling() (Sampling, int, *problem) {
	limit := r.MaxTokens
	if r.MaxCompletion != nil {
		limit = r.MaxCompletion
	}
	if limit != nil && *limit < 1 {
		return Sampling{}, 0, invalid("max_tokens", "max_tokens must be at least 1")
	}
	how, p := newSampling(r.Temperature, r.TopP, r.MinP, r.Seed, limit, r.Stop)
	if p != nil {
		return how, 0, p
	}
	n := 1
	if r.N != nil {
		n = *r.N
	}
	if n < 1 || n > maxChoices {
		return how, 0, invalid("n", "n must be between 1 and %d", maxChoices)
	}
	if r.StreamOptions != nil && !r.Stream {
		return how, 0, invalid("stream_options", "stream_options is only allowed when stream is true")
	}
	return how, n, nil
}

// choices starts n generations whose seeds follow each other.
func choices(n int, how Sampling, start func(Sampling) *Generation) []*Generation {
	gens := make([]*Generation, n)
	for i := range gens {
		gens[i] = start(how)
		how.Seed++
	}
	return gens
}

type chatRequest struct {
	openAICommon
	Messages       []chatMessage `json:"messages"`
	ResponseFormat *struct {
		Type string `json:"type"`
	} `json:"response_format"`
}

// chatMessage is a message whose content is a text, a list of parts, or null.
type chatMessage struct {
	Role    string      `json:"role"`
	Content contentText `json:"content"`
}

// history checks the messages and gives them the roles that training knows.
func (r *chatRequest) history() ([]Message, *problem) {
	if len(r.Messages) == 0 || len(r.Messages) > maxMessages {
		return nil, invalid("messages", "messages must have 1 to %d entries", maxMessages)
	}
	if r.ResponseFormat != nil && r.ResponseFormat.Type != "text" {
		return nil, invalid("response_format", ModelName+" writes text only; response_format must be text")
	}
	out := make([]Message, len(r.Messages))
	for i, msg := range r.Messages {
		switch msg.Role {
		case "user", "assistant", "system":
		case "developer", "tool", "function":
			msg.Role = "system"
		default:
			return nil, invalid("messages", "messages[%d].role is not one of system, developer, user, assistant, tool", i)
		}
		out[i] = Message{Role: msg.Role, Content: string(msg.Content)}
	}
	return out, nil
}

// contentText is the text of a message's content.
type contentText string

// UnmarshalJSON implements json.Unmarshaler for a string, null, or a list of text parts.
func (c *contentText) UnmarshalJSON(data []byte) error {
	if bytes.HasPrefix(data, []byte("[")) {
		var parts []struct {
			Type    string `json:"type"`
			Text    string `json:"text"`
			Refusal string `json:"refusal"`
		}
		if err := json.Unmarshal(data, &parts); err != nil {
			return invalid("messages", "content is neither a text nor a list of parts")
		}
		var b strings.Builder
		for _, p := range parts {
			if p.Type != "text" && p.Type != "refusal" {
				return invalid("messages", ModelName+" reads text only; a content part has another type")
			}
			b.WriteString(p.Text + p.Refusal)
		}
		*c = contentText(b.String())
		return nil
	}
	return json.Unmarshal(data, (*string)(c))
}

// texts is one text or a list of them.
type texts []string

// UnmarshalJSON implements json.Unmarshaler for a string, null, or a list of strings.
func (t *texts) UnmarshalJSON(data []byte) error {
	if bytes.HasPrefix(data, []byte("[")) {
		return json.Unmarshal(data, (*[]string)(t))
	}
	var one *string
	if err := json.Unmarshal(data, &one); err != nil || one == nil {
		return err
	}
	*t = texts{*one}
	return nil
}
