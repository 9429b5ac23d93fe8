//go:build e2e

package e2e

import (
	"strings"
	"testing"
)

// ownPolicy makes serve read the policy of these tests.
var ownPolicy = []string{"--policy", "testdata/guard.yaml"}

// What must not go in does not reach the runtime, and the client hears why in its own words.
func TestBlockedInput(t *testing.T) {
	model := startScript(t)
	reeve := startReeve(t, model.URL, "ollama", ownPolicy...)
	const prompt = "what is Project Nightjar?"
	for _, c := range realClients {
		t.Run(c.name, func(t *testing.T) {
			before := model.count()
			chat := object{"model": "plain", "messages": user(prompt)}
			steps := []step{
				{Name: "chat", Call: "chat", Args: chat},
				{Name: "chat stream", Call: "chat", Args: with(chat, object{"stream": true})},
				{Name: "completion", Call: "completion", Args: object{"model": "plain", "prompt": prompt}},
				{Name: "embedding", Call: "embedding", Args: object{"model": "plain", "input": []string{"hello", prompt}}},
			}
			for _, r := range c.run(t, reeve.url, reeve.key, steps) {
				if r.status() != 403 && r.status() != 400 {
					t.Errorf("%s: error %+v, want 403 or 400", r.Name, r.Error)
					continue
				}
				if c.dialect == "openai" && r.Error.Code != "blocked_by_policy" {
					t.Errorf("%s: code %q", r.Name, r.Error.Code)
				}
				if strings.Contains(strings.ToLower(r.Error.Message), "nightjar") {
					t.Errorf("%s: the refusal repeats what was refused", r.Name)
				}
				if x := reeve.show(t, r.Exchange); x.Status == "ok" || len(x.Records) == 0 {
					t.Errorf("%s: the log has %q with %d records", r.Name, x.Status, len(x.Records))
				}
			}
			if n := model.count() - before; n != 0 {
				t.Errorf("%d blocked requests reached the runtime", n)
			}
		})
	}
	reeve.verify(t)
}

// A reversible mask, which the caller asks for with a header: the model sees a token, the caller gets the address back, and
// neither log nor data directory has it in the clear. Who does not ask gets the mask.
func TestReversibleMask(t *testing.T) {
	model := startScript(t)
	reeve := startReeve(t, model.URL, "ollama", ownPolicy...)
	const prompt = "please write to jane.doe@example.org and to john.roe@example.org today"
	for _, c := range realClients {
		t.Run(c.name, func(t *testing.T) {
			chat := object{"model": "echo", "messages": user(prompt)}
			if r := c.run(t, reeve.url, reeve.key, []step{{Name: "chat", Call: "chat", Args: chat}})[0]; strings.Contains(r.text(), "@") {
				t.Errorf("without the header the caller got %q", r.text())
			}
			before := model.count()
			c.headers = map[string]string{"Reeve-Mask": "reversible"}
			for _, r := range c.run(t, reeve.url, reeve.key, []step{
				{Name: "chat", Call: "chat", Args: chat},
				{Name: "chat stream", Call: "chat", Args: with(chat, object{"stream": true})},
			}) {
				if r.text() != prompt {
					t.Errorf("%s: the caller got %q, error %+v", r.Name, r.text(), r.Error)
				}
			}
			for _, body := range model.since(before) {
				if strings.Contains(body, "@example.org") || !strings.Contains(body, "[[EMAIL_1]]") || !strings.Contains(body, "[[EMAIL_2]]") {
					t.Errorf("the model was told %s", body)
				}
			}
		})
	}
	reeve.verify(t)
	reeve.quiet(t, "jane.doe@", "john.roe@", reeve.key)
}

// The shipped policy masks what goes in: the runtime never hears it, and the sealed payload opens with the right key only.
func TestMaskedInput(t *testing.T) {
	model := startScript(t)
	reeve := startReeve(t, model.URL, "ollama")
	for _, c := range realClients {
		t.Run(c.name, func(t *testing.T) {
			before := model.count()
			r := c.run(t, reeve.url, reeve.key, []step{{
				Name: "chat", Call: "chat", Args: object{"model": "plain", "messages": user("write to jane.doe@example.org, the key is " + secretKey)},
			}})[0]
			if r.text() != "it is fine" {
				t.Errorf("answer %q, error %+v", r.text(), r.Error)
			}
			bodies := model.since(before)
			if len(bodies) != 1 || strings.Contains(bodies[0], "jane.doe") || strings.Contains(bodies[0], "MIGHA") {
				t.Errorf("the model was told %q", bodies)
			}
			x := reeve.show(t, r.Exchange, "--payload")
			if !strings.Contains(x.Input, "write to ") || strings.Contains(x.Input, "jane.doe") || !strings.Contains(x.Output, "it is fine") {
				t.Errorf("the opened payload is %q → %q", x.Input, x.Output)
			}
		})
	}
	reeve.verify(t)
	reeve.quiet(t, "jane.doe", "write to ", "it is fine", reeve.key)
}
