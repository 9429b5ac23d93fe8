package gate

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestGatherTakesEverythingInATarget(t *testing.T) {
	w := newWorld(t)
	line, err := w.sign(w.scan, w.model(), "ci").Envelope.MarshalLine()
	w.check(err)
	dir := t.TempDir()
	target := filepath.Join(dir, "bot")
	write(t, filepath.Join(target, "model.safetensors"), "tuned")
	write(t, filepath.Join(target, ".hidden", "adapter.bin"), "private")
	write(t, filepath.Join(target, ".git", "config"), "x")
	write(t, filepath.Join(target, "model.sig"), "x")
	write(t, filepath.Join(target, "bom.json"), "GGUF\x03\x00\x00\x00 in disguise")
	write(t, filepath.Join(target, "README.md"), "PK\x03\x04\x00\x00")
	write(t, filepath.Join(target, "train.intoto.jsonl"), string(line))
	write(t, filepath.Join(dir, "beside.intoto.jsonl"), string(line))
	write(t, filepath.Join(dir, "evidence", "a", "more.intoto.jsonl"), string(line)+string(line))
	write(t, filepath.Join(dir, "evidence", "cut.intoto.jsonl"), string(line[:len(line)/2]))
	write(t, filepath.Join(dir, "secret.safetensors"), "elsewhere")
	for link, to := range map[string]string{"inside": "model.safetensors", "outside": "../secret.safetensors", "folder": ".hidden", "nowhere": "gone", "up": ".."} {
		if err := os.Symlink(to, filepath.Join(target, link)); err != nil {
			t.Skip("no symbolic links here")
		}
	}
	ev, err := Gather(t.Context(), "bot", target, filepath.Join(dir, "evidence"))
	if err != nil {
		t.Fatal(err)
	}
	var files, odd []string
	for _, f := range ev.Files {
		files = append(files, f.Path+" "+string(f.Role))
	}
	for _, o := range ev.Odd {
		odd = append(odd, o.Path+": "+o.Reason)
	}
	if diff := cmp.Diff([]string{".hidden/adapter.bin weights", "README.md unknown", "bom.json weights", "inside unknown", "model.safetensors weights"}, files); diff != "" {
		t.Error("(-want +got):\n" + diff)
	}
	if diff := cmp.Diff([]string{
		"folder: it is a symbolic link to something that is no file", "nowhere: it is a symbolic link that leads nowhere",
		"outside: it is a symbolic link out of the target", "up: it is a symbolic link out of the target",
	}, odd); diff != "" {
		t.Error("(-want +got):\n" + diff)
	}
	if len(ev.Statements) != 4 || len(ev.Unreadable) != 1 || !strings.Contains(ev.Unreadable[0].Reason, "malformed") {
		t.Errorf("%d statements, unreadable %v", len(ev.Statements), ev.Unreadable)
	}
	if ev.Files[4].SHA256 != sumText("tuned") {
		t.Error("the digest is not that of the bytes")
	}
	single, err := Gather(t.Context(), "bot", filepath.Join(target, "model.safetensors"))
	if err != nil || len(single.Files) != 1 || single.Files[0].Path != "model.safetensors" || len(single.Statements) != 1 {
		t.Errorf("one file: %+v, %v", single, err)
	}
	if _, err := Gather(t.Context(), "bot", filepath.Join(dir, "gone")); err == nil {
		t.Error("a target that is not there")
	}
}

func TestHugeFilesOfStatementsAreRefused(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "m.gguf"), "GGUF")
	huge := filepath.Join(dir, "huge.intoto.jsonl")
	write(t, huge, "")
	if err := os.Truncate(huge, maxStatementFile+1); err != nil {
		t.Skip("no sparse files here")
	}
	ev, err := Gather(t.Context(), "m", filepath.Join(dir, "m.gguf"))
	if err != nil || len(ev.Unreadable) != 1 || !strings.Contains(ev.Unreadable[0].Reason, "more than") {
		t.Errorf("unreadable %v, %v", ev.Unreadable, err)
	}
}

func TestSearchFindsWeightsWhateverTheirNames(t *testing.T) {
	dir := t.TempDir()
	gguf := "GGUF\x03\x00\x00\x00" + strings.Repeat("\x00", 32)
	safetensors := "\x02\x00\x00\x00\x00\x00\x00\x00{}"
	write(t, filepath.Join(dir, "models", "bot", "model.safetensors"), safetensors)
	write(t, filepath.Join(dir, "notes", "todo.txt"), gguf)
	write(t, filepath.Join(dir, "x", "y.safetensors"), "not even a header")
	write(t, filepath.Join(dir, "data", "blob.bin"), "just bytes")
	write(t, filepath.Join(dir, "data", "weights.bin"), "\x80\x02}q\x00.......")
	write(t, filepath.Join(dir, "skip", "fixture.gguf"), gguf)
	write(t, filepath.Join(dir, "src", "main.go"), "package main")
	write(t, filepath.Join(dir, "listed.gguf"), gguf+"listed")
	write(t, filepath.Join(dir, "empty.gguf"), "")
	p := &Policy{Origin: Origin{Others: []Other{{Name: "x", Files: []string{sumText(gguf + "listed")}}}}}
	got, err := Search(t.Context(), dir, []string{filepath.Join(dir, "models", "bot")}, []string{"skip"}, p)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"data/weights.bin", "notes/todo.txt", "x/y.safetensors"}, got); diff != "" {
		t.Error("(-want +got):\n" + diff)
	}
}
