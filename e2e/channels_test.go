//go:build e2e

package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Every channel is guarded: each choice for itself, reasoning, and tool arguments that come in pieces; the same text
// comes out streamed and not. A scripted upstream speaks, because no small runtime has these channels.
func TestChannels(t *testing.T) {
	model := startScript(t)
	reeve := startReeve(t, model.URL, "ollama")
	for _, c := range realClients {
		t.Run(c.name, func(t *testing.T) {
			scenes := []string{"thought", "tool"}
			if c.dialect == "openai" {
				scenes = append(scenes, "choices")
			}
			for _, scene := range scenes {
				args := object{"model": scene, "messages": user("hello")}
				if scene == "choices" {
					args["n"] = 2
				}
				rs := c.run(t, reeve.url, reeve.key, []step{
					{Name: scene, Call: "chat", Args: args},
					{Name: scene, Call: "chat", Args: with(args, object{"stream": true})},
				})
				for i, r := range rs {
					if r.Error != nil {
						t.Fatalf("%s: %+v", scene, *r.Error)
					}
					for _, ch := range r.Choices {
						for _, said := range append([]string{ch.Text, ch.Reasoning}, arguments(ch)...) {
							if strings.Contains(said, "jane.doe") || strings.Contains(said, "example.org") || strings.Contains(said, "@") {
								t.Errorf("%s (stream %v): an address came out", scene, i == 1)
							}
						}
					}
				}
				if d := cmp.Diff(rs[0].Choices, rs[1].Choices); d != "" {
					t.Errorf("%s: whole (-) and streamed (+) differ:\n%s", scene, d)
				}
				expectAround(t, rs[0])
			}
		})
	}
	reeve.verify(t)
}

func arguments(c choice) (all []string) {
	for _, call := range c.ToolCalls {
		all = append(all, call.Arguments)
	}
	return all
}

// expectAround makes sure that what is harmless in a scene did come through.
func expectAround(t *testing.T, r result) {
	t.Helper()
	first := r.Choices[0]
	ok := false
	switch r.Name {
	case "choices":
		ok = len(r.Choices) == 2 && r.Choices[1].Text == "nobody is named" &&
			strings.HasPrefix(first.Text, "write to ") && strings.HasSuffix(first.Text, " today")
	case "thought":
		ok = first.Text == "done" && strings.HasPrefix(first.Reasoning, "mail ") && strings.HasSuffix(first.Reasoning, " now")
	case "tool":
		ok = len(first.ToolCalls) == 1 && first.ToolCalls[0].Name == "send" && strings.HasPrefix(first.ToolCalls[0].Arguments, `{"to":"`)
	}
	if !ok {
		t.Errorf("%s: %+v", r.Name, r.Choices)
	}
}

// A request reaches the runtime byte for byte as the client wrote it: images, unknown fields, n, log probabilities.
func TestRequestsPassUnchanged(t *testing.T) {
	model := startScript(t)
	reeve := startReeve(t, model.URL, "ollama")
	const pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
	for _, c := range realClients {
		t.Run(c.name, func(t *testing.T) {
			chat := object{"model": "plain", "messages": user("what is on it?"), "stream": false}
			if c.dialect == "openai" {
				chat["messages"] = []object{{"role": "user", "content": []object{
					{"type": "text", "text": "what is on it? \u00fc \u2028"},
					{"type": "image_url", "image_url": object{"url": "data:image/png;base64," + pixel, "detail": "low"}},
				}}}
				chat["n"], chat["logprobs"], chat["top_logprobs"] = 2, true, 3
				chat["logit_bias"] = object{"50256": -100}
				chat["metadata"] = object{"somebody": "else"}
			} else {
				chat["messages"] = []object{{"role": "user", "content": "what is on it? \u00fc \u2028", "images": []string{pixel}}}
				chat["options"] = object{"temperature": 0.5, "stop": []string{"x"}}
				chat["keep_alive"] = "3m"
			}
			steps := []step{{Name: "chat", Call: "chat", Args: chat}, {Name: "stream", Call: "chat", Args: with(chat, object{"stream": true})}}
			n := model.count()
			direct := c.run(t, model.URL, "none", steps)
			m := model.count()
			governed := c.run(t, reeve.url, reeve.key, steps)
			if d := cmp.Diff(model.since(n)[:m-n], model.since(m)); d != "" {
				t.Errorf("what reached the runtime directly (-) and through reeve (+) differs:\n%s", d)
			}
			if m-n != 2 {
				t.Errorf("%d requests reached the runtime, want 2", m-n)
			}
			for i := range steps {
				governed[i].Exchange, governed[i].Policy = "", ""
				if d := cmp.Diff(direct[i], governed[i]); d != "" {
					t.Errorf("%s: direct (-) and through reeve (+) differ:\n%s", steps[i].Name, d)
				}
			}
		})
	}
}

// A client that leaves takes the upstream call with it, and the log has the exchange as cut off.
func TestClientLeaves(t *testing.T) {
	model := startScript(t)
	reeve := startReeve(t, model.URL, "ollama")
	for _, c := range realClients {
		t.Run(c.name, func(t *testing.T) {
			r := c.run(t, reeve.url, reeve.key, []step{{
				Name: "endless", Call: "chat", AbortAfter: 3,
				Args: object{"model": "endless", "messages": user("hello"), "stream": true},
			}})[0]
			if r.Error != nil || r.Chunks < 3 {
				t.Errorf("%d chunks, error %+v", r.Chunks, r.Error)
			}
			select {
			case <-model.left:
			case <-time.After(10 * time.Second):
				t.Fatal("the upstream call went on for 10 s after the client had left")
			}
			awaitStatus(t, reeve, r.Exchange, "cut")
		})
	}
	reeve.verify(t)
}

// An upstream that dies in the middle of a stream does not look like a finished answer, and the log has it as failed.
func TestUpstreamBreaksOff(t *testing.T) {
	model := startScript(t)
	reeve := startReeve(t, model.URL, "ollama")
	for _, c := range realClients {
		t.Run(c.name, func(t *testing.T) {
			r := c.run(t, reeve.url, reeve.key, []step{{
				Name: "broken", Call: "chat", Args: object{"model": "broken", "messages": user("hello"), "stream": true},
			}})[0]
			if r.Error == nil && len(r.Choices) > 0 && r.Choices[0].Finish == "stop" {
				t.Errorf("the client takes the answer for complete: %+v", r)
			}
			awaitStatus(t, reeve, r.Exchange, "failed")
		})
	}
	reeve.verify(t)
}

// awaitStatus waits until the log has the outcome: a client that has left does not wait for it.
func awaitStatus(t *testing.T, g *gateway, id, want string) {
	t.Helper()
	status := ""
	for until := time.Now().Add(10 * time.Second); time.Now().Before(until); time.Sleep(50 * time.Millisecond) {
		if status = g.show(t, id).Status; status != "open" {
			break
		}
	}
	if status != want {
		t.Errorf("exchange %s stands as %q in the log, want %q", id, status, want)
	}
}
