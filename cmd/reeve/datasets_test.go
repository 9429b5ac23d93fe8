package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDatasetsPage runs every block of docs/datasets.md in an empty folder: each line of output that it shows must be in what
// is really printed, in that order.
func TestDatasetsPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/datasets.md")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	blocks := consoleBlocks(string(page))
	if len(blocks) < 5 {
		t.Fatalf("%d console blocks on the page", len(blocks))
	}
	for _, b := range blocks {
		for _, c := range b {
			got := pageCommand(t, c)
			at := 0
			for _, line := range c.output {
				i := find(got[at:], line)
				if i < 0 {
					t.Errorf("%s does not print %q; it prints\n%s", c.command, line, got)
					break
				}
				at += i
			}
		}
	}
}

// pageCommand does what the command says and returns what it prints on both streams.
func pageCommand(t *testing.T, c consoleCommand) string {
	t.Helper()
	args := strings.Fields(c.command)
	switch {
	case args[0] == "reeve":
		var out strings.Builder
		if code := run(args[1:], strings.NewReader(""), &out, &out); code == exitUsage {
			t.Errorf("%s: %s", c.command, out.String())
		}
		return out.String()
	case strings.HasPrefix(c.command, "mkdir -p "):
		if err := os.MkdirAll(args[2], 0o700); err != nil {
			t.Fatal(err)
		}
		return ""
	case strings.HasPrefix(c.command, "cat > "):
		text := strings.Join(c.output, "\n") + "\n"
		if err := os.WriteFile(filepath.Clean(args[2]), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return text
	case args[0] == "cat":
		b, err := os.ReadFile(filepath.Clean(args[1]))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	t.Fatalf("the page has a command that no test runs: %s", c.command)
	return ""
}
