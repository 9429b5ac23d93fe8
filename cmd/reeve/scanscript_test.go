package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestScanScripts proves `reeve scan`: every flag, and every bad input.
func TestScanScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata/scan", Cmds: scanCommands})
}

// scanCommands are what the scripts of scans need.
var scanCommands = map[string]func(*testscript.TestScript, bool, []string){
	"exit": scriptExit,
	// deep FILE DEPTH VALUE: a JSON value nested so deeply.
	"deep": func(ts *testscript.TestScript, _ bool, args []string) {
		n, err := strconv.Atoi(args[1])
		ts.Check(err)
		scriptWrite(ts, args[0], strings.Repeat(`{"a":[`, n)+`"`+args[2]+`"`+strings.Repeat(`]}`, n))
	},
	// long FILE BYTES VALUE: a JSON line of so many bytes with the value in the middle.
	"long": func(ts *testscript.TestScript, _ bool, args []string) {
		n, err := strconv.Atoi(args[1])
		ts.Check(err)
		half := strings.Repeat("word ", n/10)
		scriptWrite(ts, args[0], `{"text":"`+half+args[2]+" "+half+"\"}\n")
	},
	// replace FILE OLD NEW
	"replace": func(ts *testscript.TestScript, _ bool, args []string) {
		scriptWrite(ts, args[0], strings.ReplaceAll(ts.ReadFile(args[0]), args[1], args[2]))
	},
	// envfile NAME FILE: the file's text as a variable.
	"envfile": func(ts *testscript.TestScript, _ bool, args []string) {
		ts.Setenv(args[0], strings.TrimSpace(ts.ReadFile(args[1])))
	},
	// expand FROM TO: with variables replaced.
	"expand": func(ts *testscript.TestScript, _ bool, args []string) {
		scriptWrite(ts, args[1], os.Expand(ts.ReadFile(args[0]), ts.Getenv))
	},
	// bytes FILE TEXT: a file of bytes that no text file can hold, written as in Go.
	"bytes": func(ts *testscript.TestScript, _ bool, args []string) {
		text, err := strconv.Unquote(`"` + args[1] + `"`)
		ts.Check(err)
		scriptWrite(ts, args[0], text)
	},
}

func scriptWrite(ts *testscript.TestScript, name, text string) {
	path := ts.MkAbs(name)
	ts.Check(os.MkdirAll(filepath.Dir(path), 0o755))
	ts.Check(os.WriteFile(path, []byte(text), 0o644))
}

func TestProgressLine(t *testing.T) {
	for _, tt := range []struct {
		done, total int64
		spent       time.Duration
		want        string
	}{
		{0, 0, 0, "reeve: 0 B scanned, 0 B/s"},
		{50_000_000, 0, 10 * time.Second, "reeve: 50.0 MB scanned, 5.0 MB/s"},
		{50_000_000, 200_000_000, 10 * time.Second, "reeve: 50.0 MB scanned, 5.0 MB/s, 25 %, 30s left"},
		{210_000_000, 200_000_000, 10 * time.Second, "reeve: 210.0 MB scanned, 21.0 MB/s, 105 %, 0s left"},
	} {
		if got := progressLine(tt.done, tt.total, tt.spent); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}
