package people

import (
	"bytes"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// maxTurns bounds what of a conversation is shown.
const maxTurns = 200

// Turn is one text of a conversation with who said it.
type Turn struct {
	Role string `json:"role"` // as the request has it; "" unknown
	Text string `json:"text"`
}

// message is a turn as both dialects write it.
type message struct {
	Role    string         `json:"role"`
	Content jsontext.Value `json:"content"`
}

// exchangeBody has the members of requests and answers, of both dialects and of streams as they are kept.
type exchangeBody struct {
	Messages []message      `json:"messages"`
	Prompt   jsontext.Value `json:"prompt"`
	Input    jsontext.Value `json:"input"`
	System   string         `json:"system"`
	Message  *message       `json:"message"`
	Response string         `json:"response"`
	Choices  []struct {
		Message *message `json:"message"`
		Text    string   `json:"text"`
	} `json:"choices"`
	Texts []struct {
		Channel string `json:"channel"`
		Text    string `json:"text"`
	} `json:"texts"`
}

// turns reads what was said out of a body as the log keeps it. What is no JSON, or of another shape, is one turn as it stands.
func turns(body []byte, role string) []Turn {
	var b exchangeBody
	var out []Turn
	add := func(role, text string) {
		if text != "" && len(out) < maxTurns {
			out = append(out, Turn{role, text})
		}
	}
	if len(body) == 0 {
		return nil
	}
	if json.Unmarshal(body, &b, jsontext.AllowDuplicateNames(true)) == nil {
		add("system", b.System)
		for i := range b.Messages {
			add(b.Messages[i].Role, textOf(b.Messages[i].Content))
		}
		add("user", textOf(b.Prompt))
		add("user", textOf(b.Input))
		if b.Message != nil {
			add(b.Message.Role, textOf(b.Message.Content))
		}
		add(role, b.Response)
		for i := range b.Choices {
			if m := b.Choices[i].Message; m != nil {
				add(m.Role, textOf(m.Content))
			}
			add(role, b.Choices[i].Text)
		}
		for i := range b.Texts {
			add(b.Texts[i].Channel, b.Texts[i].Text)
		}
	}
	if len(out) == 0 {
		out = append(out, Turn{role, strings.ToValidUTF8(string(body), "�")})
	}
	return out
}

// textOf is a content: a string, a list of strings, or a list of parts of which some have a text.
func textOf(v jsontext.Value) string {
	v = bytes.TrimSpace(v)
	if len(v) == 0 {
		return ""
	}
	var one string
	if v[0] == '"' && json.Unmarshal(v, &one) == nil {
		return one
	}
	var parts []jsontext.Value
	if v[0] != '[' || json.Unmarshal(v, &parts) != nil {
		return ""
	}
	var texts []string
	for _, part := range parts {
		var p struct {
			Text string `json:"text"`
		}
		switch {
		case part[0] == '"' && json.Unmarshal(part, &one) == nil:
			texts = append(texts, one)
		case part[0] == '{' && json.Unmarshal(part, &p) == nil && p.Text != "":
			texts = append(texts, p.Text)
		}
	}
	return strings.Join(texts, "\n")
}
