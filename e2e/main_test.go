//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// tools are the programs that a run finds in its environment; e2e/run.sh builds them and sets the variables.
var tools struct {
	reeve   string // REEVE_E2E_REEVE: the binary under test; built from cmd/reeve where it is not set
	ollama  string // REEVE_E2E_OLLAMA: the runtime's binary
	llama   string // REEVE_E2E_LLAMACPP: the Python that has llama-cpp-python
	clients string // REEVE_E2E_CLIENTS: the folder that e2e/clients/install.sh made
}

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	tools.reeve = os.Getenv("REEVE_E2E_REEVE")
	tools.ollama = os.Getenv("REEVE_E2E_OLLAMA")
	tools.llama = os.Getenv("REEVE_E2E_LLAMACPP")
	tools.clients = os.Getenv("REEVE_E2E_CLIENTS")
	if tools.reeve == "" {
		dir, err := os.MkdirTemp("", "reeve-e2e-")
		if err != nil {
			fmt.Fprintln(os.Stderr, "e2e:", err)
			return 1
		}
		defer os.RemoveAll(dir)
		tools.reeve = filepath.Join(dir, "reeve")
		build := exec.Command("go", "build", "-o", tools.reeve, "../cmd/reeve")
		build.Stderr = os.Stderr
		if err := build.Run(); err != nil {
			fmt.Fprintln(os.Stderr, "e2e: build reeve:", err)
			return 1
		}
	}
	return m.Run()
}

// need skips the test where a tool is missing, and fails it where the run must not skip (REEVE_E2E_REQUIRE=1, as CI has it).
func need(t *testing.T, path, variable, script string) {
	t.Helper()
	if path != "" {
		return
	}
	if os.Getenv("REEVE_E2E_REQUIRE") != "" {
		t.Fatalf("%s is not set although nothing may be skipped", variable)
	}
	t.Skipf("skipped: %s is not set; %s builds what it names, e2e/run.sh does all of it", variable, script)
}

func needOllama(t *testing.T) {
	t.Helper()
	need(t, tools.ollama, "REEVE_E2E_OLLAMA", "e2e/ollama/build.sh")
}

func needClients(t *testing.T) {
	t.Helper()
	need(t, tools.clients, "REEVE_E2E_CLIENTS", "e2e/clients/install.sh")
}
