//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// object is JSON as a test writes it down.
type object = map[string]any

// step is one call that a client makes. Args are the client's own, passed on as they stand.
type step struct {
	Name       string `json:"name"`
	Call       string `json:"call"` // chat, completion, embedding, models, show, pull, delete
	Args       object `json:"args,omitempty"`
	AbortAfter int    `json:"abort_after,omitempty"` // leave a stream after that many chunks
}

// result is what a client made of the answer.
type result struct {
	Name     string   `json:"name"`
	Choices  []choice `json:"choices"`
	Chunks   int      `json:"chunks"` // of a stream
	Sizes    []int    `json:"sizes"`  // lengths of embeddings
	Models   []string `json:"models"`
	Exchange string   `json:"exchange"`
	Policy   string   `json:"policy"`
	Error    *failure `json:"error"`
}

type choice struct {
	Text      string `json:"text"`
	Reasoning string `json:"reasoning"`
	Finish    string `json:"finish"`
	ToolCalls []call `json:"tool_calls"`
}

type call struct {
	Name      string `json:"name"`
	Arguments string `json:"arguments"`
}

type failure struct {
	Class   string `json:"class"`
	Status  int    `json:"status"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

// text is the first choice's text.
func (r result) text() string {
	if len(r.Choices) == 0 {
		return ""
	}
	return r.Choices[0].Text
}

// status is the status that the client's error carries; 0 where it reports none.
func (r result) status() int {
	if r.Error == nil {
		return 0
	}
	return r.Error.Status
}

// client is one real client library. Its headers go with every request.
type client struct {
	name    string
	dialect string // openai or ollama
	runner  string // in the clients' folder
	driver  string // in e2e/clients
	headers map[string]string
}

var realClients = []client{
	{name: "openai-npm", dialect: "openai", runner: "node", driver: "openai.mjs"},
	{name: "openai-pypi", dialect: "openai", runner: "venv/bin/python", driver: "openai_steps.py"},
	{name: "ollama-npm", dialect: "ollama", runner: "node", driver: "ollama.mjs"},
	{name: "ollama-pypi", dialect: "ollama", runner: "venv/bin/python", driver: "ollama_steps.py"},
}

// run makes a client take the steps one after the other and gives what came of each.
func (c client) run(t *testing.T, url, key string, steps []step) []result {
	t.Helper()
	needClients(t)
	input, err := json.Marshal(steps)
	if err != nil {
		t.Fatal(err)
	}
	headers, err := json.Marshal(maps.Collect(maps.All(c.headers))) // an empty object, not null
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute) // a runtime that hangs is a failure, not a wait
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(tools.clients, c.runner), filepath.Join("clients", c.driver))
	cmd.Env = append(os.Environ(), "REEVE_URL="+url, "REEVE_KEY="+key, "REEVE_CLIENTS="+tools.clients, "REEVE_HEADERS="+string(headers), "PYTHONDONTWRITEBYTECODE=1",
		"HTTP_PROXY=", "HTTPS_PROXY=", "http_proxy=", "https_proxy=", "NO_PROXY=*")
	cmd.Stdin = bytes.NewReader(input)
	var problem bytes.Buffer
	cmd.Stderr = &problem
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", c.name, err, problem.String())
	}
	var results []result
	dec := json.NewDecoder(bytes.NewReader(out))
	for dec.More() {
		var r result
		if err := dec.Decode(&r); err != nil {
			t.Fatalf("%s printed %q: %v", c.name, out, err)
		}
		slices.Sort(r.Models) // a runtime lists them by age
		results = append(results, r)
	}
	if len(results) != len(steps) {
		t.Fatalf("%s took %d of %d steps\n%s", c.name, len(results), len(steps), problem.String())
	}
	return results
}

// user is a one-message conversation.
func user(content string) []object { return []object{{"role": "user", "content": content}} }

// with gives a copy of an object with further members.
func with(o object, more object) object {
	out := object{}
	for k, v := range o {
		out[k] = v
	}
	for k, v := range more {
		out[k] = v
	}
	return out
}
