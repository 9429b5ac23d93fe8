//go:build e2e

package e2e

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/reeve-ai/reeve/e2e/tinygguf"
)

// The models that every runtime gets. The second one recites: see the cues.
const (
	babbler = "tiny"
	reciter = "parrot"
)

// The cues of the reciting model: what a prompt that ends in the digit makes it say.
const (
	cuePlain   = "tell me 1"
	cueTool    = "tell me 2"
	cueMail    = "tell me 3"
	cueKey     = "tell me 4"
	cueForever = "tell me" // any other prompt: plain words until the limit

	plainText = " good morning, nothing at all hidden here"
	mailText  = " please contact jane.doe@example.org before noon"
)

// scripts are the texts of the reciting model, cut into tokens as a model's vocabulary might cut them.
var scripts = []tinygguf.Script{
	{Cue: '1', Pieces: []string{" good", " morning,", " nothing", " at all", " hidden", " here"}},
	{Cue: '2', Pieces: []string{` {"name"`, `:"get`, `_weather"`, `,"parameters":`, `{"city"`, `:"Oslo"`, `}}`}},
	{Cue: '3', Pieces: []string{" please", " contact", " jane", ".doe", "@example", ".org", " before", " noon"}},
	{Cue: '4', Pieces: []string{" use", " -----BEG", "IN PRIV", "ATE KE", "Y-----\n", "MIGHAgEAMBMGByqGSM49", "AgEGCCqGSM49AwEHBG0wawIBAQQg", " right", " away"}},
}

// template is the prompt of the reciting model in Ollama's own language. It ends with the last message's last byte, which
// is the cue; that it mentions tool calls is what makes Ollama parse them.
const template = `{{ range .Messages }}{{ range .ToolCalls }} {"name": "{{ .Function.Name }}", "parameters": {{ .Function.Arguments }}}{{ end }}` +
	` {{ .Content }}{{ end }}{{ if .Tools }}{{ end }}`

func startOllama(t *testing.T) *process {
	t.Helper()
	needOllama(t)
	home, addr := t.TempDir(), freeAddr(t)
	p := start(t, "ollama", "http://"+addr+"/api/version", []string{
		"HOME=" + home, "OLLAMA_MODELS=" + home + "/models", "OLLAMA_HOST=" + addr,
		"OLLAMA_NO_CLOUD=1", "OLLAMA_NOPRUNE=1",
		// v0.24.0 never frees the slot of a request whose client leaves in the moment in which a token is written, and with
		// its one default slot taken the model hangs. Blocked streams are cancelled, so there must be slots to lose.
		"OLLAMA_NUM_PARALLEL=64",
	}, tools.ollama, "serve")
	p.url, p.files = "http://"+addr, home+"/models"
	create(t, p.url, babbler, tinygguf.Model{}, object{
		"parameters": object{"num_predict": 12, "num_ctx": 256, "num_thread": 1, "seed": 7, "temperature": 0},
	})
	create(t, p.url, reciter, tinygguf.Model{Name: reciter, Scripts: scripts}, object{
		"template": template, "parameters": object{"num_predict": 64, "num_ctx": 512, "num_thread": 1},
	})
	return p
}

// create brings a model into Ollama the way its own command does: the file as a blob, then a create request.
func create(t *testing.T, base, name string, m tinygguf.Model, request object) {
	t.Helper()
	var file bytes.Buffer
	if err := tinygguf.Write(&file, m); err != nil {
		t.Fatal(err)
	}
	digest := fmt.Sprintf("sha256:%x", sha256.Sum256(file.Bytes()))
	post(t, base+"/api/blobs/"+digest, &file, http.StatusCreated)
	request["model"], request["files"] = name, map[string]string{name + ".gguf": digest}
	body, err := json.Marshal(request)
	if err != nil {
		t.Fatal(err)
	}
	if answer := post(t, base+"/api/create", bytes.NewReader(body), http.StatusOK); !strings.Contains(answer, `"success"`) {
		t.Fatalf("create %s: %s", name, answer)
	}
}

func post(t *testing.T, url string, body io.Reader, want int) string {
	t.Helper()
	resp, err := http.Post(url, "application/json", body)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != want {
		t.Fatalf("POST %s: %d, want %d: %s %v", url, resp.StatusCode, want, b, err)
	}
	return string(b)
}
