// Gen writes the sample of `reeve demo`: conversations from the grammar in topics, with the planted values put in
// their places and listed in a manifest. The same sources give the same bytes.
//
//	go run ./internal/demo/gen -o internal/demo/sample
package main

import (
	"embed"
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

//go:embed topics/*.txt
var topicFiles embed.FS

func main() { os.Exit(run()) }

func run() int {
	dir := flag.String("o", "sample", "folder to write to")
	flag.Parse()
	files, err := build()
	if err == nil {
		err = write(*dir, files)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "gen: error:", err)
		return 2
	}
	return 0
}

func write(dir string, files map[string][]byte) error {
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil { //nolint:gosec // source files of the repository
			return fmt.Errorf("write sample: %w", err)
		}
	}
	return nil
}
