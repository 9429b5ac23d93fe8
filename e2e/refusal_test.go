//go:build e2e

package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
)

// The clients report refusals as errors of the right class, and the runtime hears of none of them.
func TestRefusalsAsClientsSeeThem(t *testing.T) {
	model := startScript(t)
	reeve := startReeve(t, model.URL, "ollama")
	narrow := reeve.newKey(t, "narrow", "--models", "only-this")
	chat := step{Name: "chat", Call: "chat", Args: object{"model": "m", "messages": user("hello")}}
	classes := map[string]map[int]string{
		"openai-npm":  {401: "AuthenticationError", 403: "PermissionDeniedError", 404: "NotFoundError"},
		"openai-pypi": {401: "AuthenticationError", 403: "PermissionDeniedError", 404: "NotFoundError"},
		"ollama-npm":  {401: "ResponseError", 403: "ResponseError", 404: "ResponseError"},
		"ollama-pypi": {401: "ResponseError", 403: "ResponseError", 404: "ResponseError"},
	}
	for _, c := range realClients {
		t.Run(c.name, func(t *testing.T) {
			before := model.count()
			for _, x := range []struct {
				what   string
				key    string
				step   step
				status int
			}{
				{"no such key", "rv_0000000000000000_wrong", chat, 401},
				{"a foreign key", "sk-something-else", chat, 401},
				{"a model that the key may not use", narrow, chat, 403},
			} {
				r := c.run(t, reeve.url, x.key, []step{x.step})[0]
				if r.status() != x.status || r.Error.Class != classes[c.name][x.status] {
					t.Errorf("%s: %+v, want %d", x.what, r.Error, x.status)
					continue
				}
				if r.Error.Message == "" || strings.Contains(r.Error.Message, x.key) {
					t.Errorf("%s: message %q", x.what, r.Error.Message)
				}
				if r.Exchange == "" || r.Policy == "" {
					t.Errorf("%s: exchange %q, policy %q", x.what, r.Exchange, r.Policy)
				}
			}
			if c.dialect == "ollama" {
				for _, r := range c.run(t, reeve.url, reeve.key, []step{
					{Name: "pull", Call: "pull", Args: object{"model": "m"}},
					{Name: "delete", Call: "delete", Args: object{"model": "m"}},
				}) {
					if r.status() != 404 {
						t.Errorf("%s: %+v, want 404", r.Name, r.Error)
					}
				}
			}
			if n := model.count() - before; n != 0 {
				t.Errorf("%d refused requests reached the runtime", n)
			}
		})
	}
	reeve.verify(t)
}

// A key that is revoked while the server runs is refused with the next request; one made meanwhile is good at once.
func TestRevokedKey(t *testing.T) {
	model := startScript(t)
	reeve := startReeve(t, model.URL, "ollama")
	chat := []step{{Name: "chat", Call: "chat", Args: object{"model": "plain", "messages": user("hello")}}}
	for _, c := range realClients {
		t.Run(c.name, func(t *testing.T) {
			key := reeve.newKey(t, "short-lived")
			if r := c.run(t, reeve.url, key, chat)[0]; r.text() != "it is fine" {
				t.Fatalf("the fresh key gets %q, error %+v", r.text(), r.Error)
			}
			id := strings.Split(key, "_")[1]
			if _, code := command(t, tools.reeve, "key", "revoke", id, "--data", reeve.data); code != 0 {
				t.Fatalf("key revoke: exit %d", code)
			}
			if r := c.run(t, reeve.url, key, chat)[0]; r.status() != 401 {
				t.Errorf("the revoked key gets %q, error %+v", r.text(), r.Error)
			}
		})
	}
	reeve.verify(t)
}

// Whatever is not on the list of surfaces is 404, and a refusal has all that a person needs to go on.
func TestClosedSurfaces(t *testing.T) {
	model := startScript(t)
	reeve := startReeve(t, model.URL, "ollama")
	for _, x := range []struct{ method, path string }{
		{"POST", "/api/pull"},
		{"POST", "/api/push"},
		{"POST", "/api/create"},
		{"POST", "/api/copy"},
		{"DELETE", "/api/delete"},
		{"HEAD", "/api/blobs/sha256:00"},
		{"POST", "/api/blobs/sha256:00"},
		{"POST", "/api/me"},
		{"POST", "/v1/responses"},
		{"POST", "/v1/images/generations"},
		{"GET", "/metrics"},
		{"POST", "/api/../api/pull"},
		{"POST", "//api/pull"},
		{"POST", "/api/%70ull"},
		{"GET", "/"},
	} {
		req, err := http.NewRequestWithContext(t.Context(), x.method, reeve.url+x.path, strings.NewReader(`{"model":"m"}`))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+reeve.key)
		resp, err := http.DefaultTransport.RoundTrip(req) // no redirect is followed
		if err != nil {
			t.Fatal(err)
		}
		b, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != 404 {
			t.Errorf("%s %s: %d, want 404", x.method, x.path, resp.StatusCode)
		}
		if x.method == "HEAD" {
			continue
		}
		var body struct {
			Error json.RawMessage
			refusal
		}
		if err := json.Unmarshal(b, &body); err != nil {
			t.Errorf("%s %s: %v in %q", x.method, x.path, err, b)
			continue
		}
		r := body.refusal
		if r.Code == "" { // the OpenAI dialect has it one level down
			_ = json.Unmarshal(body.Error, &r) // an empty refusal fails below
		}
		if r.Code == "" || r.Message == "" || r.Remedy == "" || r.Exchange == "" || r.Exchange != resp.Header.Get("Reeve-Exchange") {
			t.Errorf("%s %s: refusal %+v", x.method, x.path, r)
		}
	}
	if n := model.count(); n != 0 {
		t.Errorf("%d refused requests reached the runtime", n)
	}
	reeve.verify(t)
}

// refusal is what every error body holds.
type refusal struct {
	Code     string `json:"code"`
	Rule     string `json:"rule"`
	Message  string `json:"message"`
	Remedy   string `json:"remedy"`
	Exchange string `json:"exchange"`
}
