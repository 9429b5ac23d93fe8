//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reeve-ai/reeve/e2e/tinygguf"
)

// startLlama runs llama.cpp's server, as llama-cpp-python brings it, with the reciting model.
func startLlama(t *testing.T) *process {
	t.Helper()
	need(t, tools.llama, "REEVE_E2E_LLAMACPP", "e2e/llamacpp/build.sh")
	path := filepath.Join(t.TempDir(), reciter+".gguf")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	err = tinygguf.Write(f, tinygguf.Model{
		Name: reciter, Scripts: scripts, Template: "{% for m in messages %} {{m.content}}{% endfor %}",
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(50 * time.Millisecond) // when a process began is known to a hundredth of a second: admission takes the file for changed after that
	addr := freeAddr(t)
	host, port, _ := strings.Cut(addr, ":")
	p := start(t, "llama.cpp", "http://"+addr+"/v1/models", []string{"HOME=" + t.TempDir()}, tools.llama,
		"-m", "llama_cpp.server", "--model", path, "--model_alias", reciter, "--host", host, "--port", port,
		"--n_ctx", "512", "--n_threads", "1", "--n_threads_batch", "1", "--embedding", "true")
	p.url, p.files = "http://"+addr, path
	return p
}

// The OpenAI clients see no difference before llama.cpp either, and the guards work on what it says.
func TestLlamaCpp(t *testing.T) {
	llama := startLlama(t)
	reeve := startReeve(t, llama.url, "openai")
	for _, c := range realClients {
		if c.dialect != "openai" {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			chat := object{"model": reciter, "messages": user(cuePlain), "max_tokens": 32, "temperature": 0}
			prompt := object{"model": reciter, "prompt": cuePlain, "max_tokens": 32, "temperature": 0}
			steps := []step{
				{Name: "chat", Call: "chat", Args: chat},
				{Name: "chat stream", Call: "chat", Args: with(chat, object{"stream": true})},
				{Name: "completion", Call: "completion", Args: prompt},
				{Name: "completion stream", Call: "completion", Args: with(prompt, object{"stream": true})},
				{Name: "logprobs", Call: "chat", Args: with(chat, object{"logprobs": true, "top_logprobs": 2})},
				{Name: "embedding", Call: "embedding", Args: object{"model": reciter, "input": "hello", "encoding_format": "float"}},
				{Name: "models", Call: "models"},
			}
			direct := c.run(t, llama.url, "none", steps)
			governed := c.run(t, reeve.url, reeve.key, steps)
			for i, want := range direct {
				got := governed[i]
				if got.Exchange == "" || got.Policy == "" {
					t.Errorf("%s: exchange %q, policy %q", want.Name, got.Exchange, got.Policy)
				}
				got.Exchange, got.Policy = "", ""
				if d := cmp.Diff(want, got); d != "" {
					t.Errorf("%s: direct (-) and through reeve (+) differ:\n%s", want.Name, d)
				}
			}
			if text := direct[0].text(); text != plainText {
				t.Errorf("llama.cpp said %q", text)
			}
			for _, stream := range []bool{false, true} {
				for _, cue := range []string{cueMail, cueKey} {
					args := with(chat, object{"messages": user(cue), "stream": stream})
					judge(t, c.run(t, reeve.url, reeve.key, []step{{Name: cue, Call: "chat", Args: args}})[0])
				}
			}
		})
	}
	reeve.verify(t)
}
