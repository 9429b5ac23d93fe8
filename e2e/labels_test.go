//go:build e2e

package e2e

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Labels before a real runtime: two people with the same question, a conversation that rises, and what a stream's head says.
func TestLabels(t *testing.T) {
	llama := startLlama(t)
	config := filepath.Join(t.TempDir(), "reeve.yaml")
	err := os.WriteFile(config, []byte(`version: 1
gateway:
  models:
    - {name: hr, upstream_model: `+reciter+`, label: "confidential{HR}"}
    - {name: outside, upstream_model: `+reciter+`, takes: internal}
`), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	reeve := startReeve(t, llama.url, "openai", "--config", config)
	ada, ben := reeve.newKey(t, "ada", "--clearance", "confidential{HR}"), reeve.newKey(t, "ben")
	for _, x := range []struct {
		what, key, model, conversation, stream string
		status                                 int
		label, says                            string
	}{
		{"ben asks for what ada may read", ben, "hr", "", "false", 403, "public", `"remedy":"`},
		{"ada asks the same", ada, "hr", "", "false", 200, "confidential{HR}", `"content":"`},
		{"and has it streamed", ada, "hr", "c1", "true", 200, "confidential{HR}", "[DONE]"},
		{"and goes on where that may not go", ada, "outside", "c1", "true", 403, "public", "label/model"},
		{"another conversation", ada, "outside", "c2", "true", 200, "public", "[DONE]"},
	} {
		body := `{"model":"` + x.model + `","stream":` + x.stream + `,"max_tokens":16,"messages":[{"role":"user","content":"` + cuePlain + `"}]}`
		req, err := http.NewRequest("POST", reeve.url+"/v1/chat/completions", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+x.key)
		if x.conversation != "" {
			req.Header.Set("Reeve-Conversation", x.conversation)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode != x.status || resp.Header.Get("Reeve-Label") != x.label || !strings.Contains(string(answer), x.says) {
			t.Errorf("%s: %d, label %q, want %d, %q: %s", x.what, resp.StatusCode, resp.Header.Get("Reeve-Label"), x.status, x.label, answer)
		}
	}
	reeve.verify(t)
}
