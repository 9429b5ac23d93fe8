//go:build e2e

package e2e

import (
	"strings"
	"testing"
)

// secretKey is the head of a private key, put together here so that no scanner takes this file for a leak.
const secretKey = "-----BEGIN PRIV" + "ATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg"

// What the shipped policy masks and blocks stays inside, whichever client asks, streamed or not, although the runtime says it.
func TestGuardsOnARealRuntime(t *testing.T) {
	ollama := startOllama(t)
	reeve := startReeve(t, ollama.url, "ollama")
	for _, c := range realClients {
		t.Run(c.name, func(t *testing.T) {
			var steps []step
			for _, cue := range []string{cueMail, cueKey} {
				for _, stream := range []bool{false, true} {
					steps = append(steps,
						step{Name: cue, Call: "chat", Args: object{"model": reciter, "messages": user(cue), "stream": stream}},
						step{Name: cue, Call: "completion", Args: object{"model": reciter, "prompt": cue, "stream": stream}})
				}
			}
			for i, r := range c.run(t, ollama.url, "none", steps) { // the runtime does say it
				if want := map[string]string{cueMail: mailText, cueKey: secretKey}[r.Name]; !strings.Contains(r.text(), want) {
					t.Fatalf("step %d: the runtime said %q", i, r.text())
				}
			}
			said := map[string]string{}
			for i, r := range c.run(t, reeve.url, reeve.key, steps) {
				if r.Error != nil {
					t.Errorf("step %d: %+v", i, *r.Error)
					continue
				}
				judge(t, r)
				if before, ok := said[r.Name]; ok && before != r.text() && r.Name == cueMail {
					t.Errorf("step %d gave %q, another way gave %q", i, r.text(), before)
				}
				said[r.Name] = r.text()
				if x := reeve.show(t, r.Exchange); len(x.Records) < 2 {
					t.Errorf("step %d: %d records", i, len(x.Records))
				}
			}
		})
	}
	reeve.verify(t)
	reeve.quiet(t, "jane.doe@example.org", "MIGHAgEAMBMGByqGSM49", reeve.key)
}

func judge(t *testing.T, r result) {
	t.Helper()
	text, finish := r.text(), ""
	if len(r.Choices) > 0 {
		finish = r.Choices[0].Finish
	}
	switch r.Name {
	case cueMail:
		if !strings.HasPrefix(text, " please contact ") || !strings.HasSuffix(text, " before noon") || finish != "stop" {
			t.Errorf("the text around the mask came as %q (%s)", text, finish)
		}
		for _, part := range []string{"jane", "doe", "@", "example"} {
			if strings.Contains(text, part) {
				t.Errorf("a part of the address came out: %q", part)
			}
		}
	case cueKey:
		if finish != "content_filter" {
			t.Errorf("a blocked answer ended with %q after %q", finish, text)
		}
		if strings.Contains(text, "-----") || strings.Contains(text, "MIGHA") {
			t.Errorf("a part of the key came out: %q", text)
		}
	}
}
