//go:build unix

package lineage_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reeve-ai/reeve/internal/attest"
	"github.com/reeve-ai/reeve/internal/lineage"
	"github.com/reeve-ai/reeve/internal/sourcing"
)

func hash(ctx context.Context, path string) (attest.Material, []attest.NotScanned, error) {
	info, err := os.Stat(path)
	if err != nil {
		return attest.Material{}, nil, err
	}
	if !info.IsDir() {
		f, err := sourcing.HashFile(path)
		return attest.FileMaterial(filepath.Base(path), f), nil, err
	}
	all, err := sourcing.Hash(ctx, path)
	if err != nil {
		return attest.Material{}, nil, err
	}
	m, err := attest.FolderMaterial(filepath.Base(path), all.Files)
	return m, nil, err
}

func masker(t testing.TB) *lineage.Masker {
	t.Helper()
	m, err := lineage.NewMasker()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// told calls heard with what is written, once.
type told struct{ heard func() }

func (w *told) Write(p []byte) (int, error) {
	if w.heard != nil {
		w.heard()
		w.heard = nil
	}
	return len(p), nil
}

func training(t *testing.T, script string) *lineage.Run {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"data/a.jsonl": "a\n", "train.sh": script} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	return &lineage.Run{
		Command: []string{"sh", "train.sh"}, Dir: dir, Data: []string{filepath.Join(dir, "data")}, Output: filepath.Join(dir, "out"), Method: "training",
		Hash: hash, Mask: masker(t), Clock: func() time.Time { now = now.Add(time.Minute); return now },
	}
}

// A signal reaches the command, which may end well all the same, although the caller's context is over by then.
func TestRunForwardsSignals(t *testing.T) {
	r := training(t, "trap 'mkdir out; echo saved > out/w; exit 0' TERM\necho ready\nwhile :; do read x || sleep 0.02; done\n")
	ctx, stop := context.WithCancel(t.Context())
	signals := make(chan os.Signal, 1)
	r.Signals, r.Stdout = signals, &told{func() { stop(); signals <- syscall.SIGTERM }}
	got, err := r.Do(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if got.Result != attest.Succeeded || *got.ExitCode != 0 || len(got.Outputs) != 1 || got.Outputs[0].Files[0].Path != "w" {
		t.Errorf("%+v", got)
	}
	if got.Ended.Sub(got.Started) != time.Minute {
		t.Errorf("from %s to %s", got.Started, got.Ended)
	}
}

func TestRunKilled(t *testing.T) {
	r := training(t, "kill -9 $$\n")
	got, err := r.Do(t.Context())
	if err != nil || got.Result != attest.Failed || *got.ExitCode != 137 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestEnvironmentAsksPython(t *testing.T) {
	dir := t.TempDir()
	site := filepath.Join(dir, "lib", "site-packages")
	meta := filepath.Join(site, "torch-2.9.0.dist-info")
	if err := os.MkdirAll(meta, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(meta, "METADATA"), []byte("Metadata-Version: 2.1\nName: torch\nVersion: 2.9.0\n\nText\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"python3":  "#!/bin/sh\necho '{\"version\":\"3.12.1\",\"path\":[\"\",\"" + site + "\"]}'\n",
		"python":   "#!/bin/sh\necho '{\"version\":\"3.13.0\",\"path\":[]}'\n",
		"torchrun": "#!/bin/sh\n",
		"python2":  "#!/bin/sh\necho garbage\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o700); err != nil { //nolint:gosec // it must run
			t.Fatal(err)
		}
	}
	e := lineage.Environment(t.Context(), []string{filepath.Join(dir, "python3"), "train.py"})
	if e.Interpreter.Name != "python3" || e.Interpreter.Version != "3.12.1" || len(e.Interpreter.SHA256) != 64 {
		t.Errorf("%+v", e.Interpreter)
	}
	if diff := cmp.Diff([]attest.Software{{Name: "torch", Version: "2.9.0", Ecosystem: "PyPI"}}, e.Packages); diff != "" {
		t.Error(diff)
	}
	if e = lineage.Environment(t.Context(), []string{filepath.Join(dir, "torchrun"), "x"}); e.Interpreter.Name != "python" || e.Interpreter.Version != "3.13.0" {
		t.Errorf("beside torchrun: %+v", e.Interpreter)
	}
	if e = lineage.Environment(t.Context(), []string{filepath.Join(dir, "python2")}); e.Interpreter.Version != "" {
		t.Errorf("a version was made up: %+v", e.Interpreter)
	}
	if e = lineage.Environment(t.Context(), []string{filepath.Join(dir, "nothing")}); e.Interpreter != nil {
		t.Errorf("a program was made up: %+v", e.Interpreter)
	}
}

func TestMaskCommand(t *testing.T) {
	secret := "ghp_" + strings.Repeat("aB3dE5fG7h", 3) + "xY1234"
	for _, tt := range []struct{ in, want []string }{
		{[]string{"python", "train.py", "--epochs", "3"}, []string{"python", "train.py", "--epochs", "3"}},
		{[]string{"x", "--hf-token", "abc", "--lr", "1e-4"}, []string{"x", "--hf-token", "[masked]", "--lr", "1e-4"}},
		{[]string{"x", "--hf-token=abc"}, []string{"x", "--hf-token=[masked]"}},
		{[]string{"env", "WANDB_API_KEY=abc", "HF_TOKEN=abc", "python"}, []string{"env", "WANDB_API_KEY=[masked]", "HF_TOKEN=[masked]", "python"}},
		{[]string{"x", "--password", "-dash"}, []string{"x", "--password", "[masked]"}},
		{[]string{"x", "--max-tokens", "512", "--tokenizer", "t", "--pad-token", "<pad>"}, []string{"x", "--max-tokens", "512", "--tokenizer", "t", "--pad-token", "<pad>"}},
		{[]string{"x", "--quiet", "--fp16"}, []string{"x", "--quiet", "--fp16"}},
		{[]string{"sh", "-c", "cd x && HF_TOKEN='a b' python train.py --password=\"c d\" --lr 1"}, []string{"sh", "-c", "cd x && HF_TOKEN=[masked] python train.py --password=[masked] --lr 1"}},
		{[]string{"x", "https://bo:pw@example.org/d"}, []string{"x", "https://[masked]@example.org/d"}},
		{[]string{"x", "--remote=https://bo:pw@example.org/d"}, []string{"x", "--remote=https://[masked]@example.org/d"}},
	} {
		if diff := cmp.Diff(tt.want, masker(t).Command(tt.in)); diff != "" {
			t.Error(diff)
		}
	}
	got := strings.Join(masker(t).Command([]string{"x", secret, "--note", "uses " + secret, "--a=" + secret, "sh", "-c", "login " + secret}), " ")
	if strings.Contains(got, secret) || strings.Count(got, "[masked]") != 4 {
		t.Errorf("%s", strings.ReplaceAll(got, secret, "SECRET"))
	}
}
