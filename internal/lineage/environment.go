package lineage

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/reeve-ai/reeve/internal/attest"
	"github.com/reeve-ai/reeve/internal/deps"
)

// Limits of what is read about an environment.
const (
	askFor      = 10 * time.Second
	maxAnswer   = 1 << 20
	maxPackages = 20_000
	maxPaths    = 64
)

// python is what an interpreter says of itself.
type python struct {
	Version string   `json:"version"`
	Path    []string `json:"path"`
}

// question makes an interpreter say what it is. It imports nothing that starting it does not import anyway.
const question = `import json,sys; print(json.dumps({"version": sys.version.split()[0], "path": [str(p) for p in sys.path]}))`

var pythonName = regexp.MustCompile(`^python[0-9.]*(\.exe)?$`)

// Environment is the software that a command runs in: the program with its digest and, where it is a Python or lies in the
// environment of one, the interpreter's version and the installed packages. What is not found out is left out.
func Environment(ctx context.Context, command []string) *attest.Environment {
	e := &attest.Environment{Platform: runtime.GOOS + "/" + runtime.GOARCH, Grade: attest.Inferred}
	program, err := exec.LookPath(command[0])
	if err != nil {
		return e
	}
	e.Interpreter = &attest.Software{Name: filepath.Base(command[0]), SHA256: hashProgram(program)}
	ask := program
	if !pythonName.MatchString(filepath.Base(program)) {
		ask = filepath.Join(filepath.Dir(program), "python") // torchrun and the like lie beside the interpreter
		if _, err := os.Stat(ask); err != nil {
			return e
		}
		e.Interpreter.Name = "python"
		e.Interpreter.SHA256 = hashProgram(ask)
	}
	said, ok := askPython(ctx, ask)
	if !ok {
		return e
	}
	e.Interpreter.Version = said.Version
	for _, dir := range said.Path {
		e.Packages = append(e.Packages, packagesIn(dir)...)
	}
	slices.SortFunc(e.Packages, func(a, b attest.Software) int {
		return cmp.Or(cmp.Compare(a.Ecosystem, b.Ecosystem), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Version, b.Version))
	})
	e.Packages = slices.Compact(e.Packages)
	e.Packages = e.Packages[:min(len(e.Packages), maxPackages)]
	return e
}

func askPython(ctx context.Context, program string) (said python, ok bool) {
	ctx, stop := context.WithTimeout(ctx, askFor)
	defer stop()
	var out bytes.Buffer
	c := exec.CommandContext(ctx, program, "-c", question) //nolint:gosec // the user is about to run it
	c.Stdout = &out
	c.WaitDelay = time.Second
	if c.Run() != nil || out.Len() > maxAnswer || json.Unmarshal(out.Bytes(), &said) != nil {
		return python{}, false
	}
	said.Path = said.Path[:min(len(said.Path), maxPaths)]
	return said, said.Version != ""
}

// packagesIn lists what is installed in a folder of packages.
func packagesIn(dir string) (out []attest.Software) {
	if base := filepath.Base(dir); base != "site-packages" && base != "dist-packages" {
		return nil
	}
	found, err := deps.Installed(os.DirFS(dir), func(string, string) {})
	if err != nil {
		return nil
	}
	for _, p := range found {
		out = append(out, attest.Software{Name: p.Name, Version: p.Version, Ecosystem: p.Ecosystem})
	}
	return out
}

// hashProgram is the SHA-256 of a program, "" where it cannot be read.
func hashProgram(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return ""
	}
	return hex.EncodeToString(h.Sum(nil))
}
