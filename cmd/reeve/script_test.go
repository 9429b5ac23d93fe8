package main

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/reeve-ai/reeve/internal/demo"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"reeve": main,
	})
}

// TestScripts proves every command: exit code, stdout and stderr. exit CODE CMD… demands an exit code, model starts the demo
// model, port finds a free port, await waits for a server, ask sends a request with $KEY.
func TestScripts(t *testing.T) {
	model := sync.OnceValue(func() *demo.Model {
		convs, err := demo.Load()
		if err != nil {
			panic(err)
		}
		return demo.Train(convs)
	})
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exit":    scriptExit,
			"await":   scriptAwait,
			"ask":     scriptAsk,
			"flip":    scriptFlip,
			"flipin":  scriptFlipIn,
			"keyof":   scriptKey,
			"weights": scriptWeights,
			"fill":    scriptFill,
			"holdof":  func(ts *testscript.TestScript, _ bool, args []string) { scriptField(ts, args, `"id": "`) },
			"signal":  scriptSignal,
			"field":   func(ts *testscript.TestScript, _ bool, args []string) { scriptField(ts, args, args[2]) },
			"port": func(ts *testscript.TestScript, _ bool, args []string) {
				for _, name := range args {
					l, err := net.Listen("tcp", "127.0.0.1:0")
					ts.Check(err)
					ts.Setenv(name, strconv.Itoa(l.Addr().(*net.TCPAddr).Port))
					ts.Check(l.Close())
				}
			},
			"model": func(ts *testscript.TestScript, _ bool, _ []string) {
				srv := httptest.NewServer(demo.Server(model()))
				ts.Defer(srv.Close)
				ts.Setenv("MODEL", srv.URL)
			},
		},
	})
}

// scriptExit runs a command and demands its exit code.
func scriptExit(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		code, ok := err.(interface{ ExitCode() int })
		if !ok {
			ts.Fatalf("%v", err)
		}
		got = code.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

func scriptAwait(ts *testscript.TestScript, _ bool, args []string) {
	deadline := time.Now().Add(20 * time.Second)
	for {
		resp, err := http.Get(args[0])
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return
			}
		}
		if time.Now().After(deadline) {
			ts.Fatalf("%s does not answer: %v", args[0], err)
		}
		<-time.After(10 * time.Millisecond)
	}
}

// scriptAsk sends ask STATUS PATH [BODY], keeps the answer in the file answer and the exchange's id in $EXCHANGE.
func scriptAsk(ts *testscript.TestScript, _ bool, args []string) {
	method, body := http.MethodGet, ""
	if len(args) > 2 {
		method, body = http.MethodPost, args[2]
	}
	req, err := http.NewRequest(method, ts.Getenv("URL")+args[1], strings.NewReader(body))
	ts.Check(err)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if key := ts.Getenv("KEY"); key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	resp, err := http.DefaultClient.Do(req)
	ts.Check(err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("answer"), b, 0o600))
	ts.Setenv("EXCHANGE", resp.Header.Get("Reeve-Exchange"))
	if strconv.Itoa(resp.StatusCode) != args[0] {
		ts.Fatalf("status %d, want %s: %s", resp.StatusCode, args[0], b)
	}
}

// scriptKey takes the key out of the last JSON on stdout: keyof VARIABLE FILE.
func scriptKey(ts *testscript.TestScript, _ bool, args []string) { scriptField(ts, args, `"key": "`) }

// scriptField takes the first value behind some text out of a file: VARIABLE FILE.
func scriptField(ts *testscript.TestScript, args []string, before string) {
	for line := range strings.Lines(ts.ReadFile(args[1])) {
		if _, rest, ok := strings.Cut(line, before); ok {
			ts.Setenv(args[0], strings.TrimRight(strings.TrimSpace(rest), `",`))
			return
		}
	}
	ts.Fatalf("%s is not in %s", before, args[1])
}

// scriptFlip flips a bit in the middle of the log: flip DIR.
func scriptFlip(ts *testscript.TestScript, _ bool, args []string) {
	_, err := flipBit(ts.MkAbs(args[0]) + "/custody/wal")
	ts.Check(err)
}

// scriptFlipIn flips a bit near the start of a file.
func scriptFlipIn(ts *testscript.TestScript, _ bool, args []string) {
	path := ts.MkAbs(args[0])
	b, err := os.ReadFile(path)
	ts.Check(err)
	b[len(b)/16] ^= 1
	ts.Check(os.WriteFile(path, b, 0o600))
}

// scriptSignal ends the background server and waits for it.
func scriptSignal(ts *testscript.TestScript, _ bool, _ []string) {
	for _, c := range ts.BackgroundCmds() {
		ts.Check(c.Process.Signal(os.Interrupt))
	}
}

// TestReadme runs every block of the README: each command must be one that this test knows how to run, and each line of
// output shown must be in what it really prints.
func TestReadme(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := consoleBlocks(string(text))
	if len(blocks) < 2 {
		t.Fatalf("%d console blocks in the README", len(blocks))
	}
	house := newReadmeHouse(t)
	for _, b := range blocks {
		for _, c := range b {
			got := house.run(t, c.command)
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

type consoleCommand struct {
	command string
	output  []string
}

func consoleBlocks(text string) (blocks [][]consoleCommand) {
	var block []consoleCommand
	in := false
	for s := bufio.NewScanner(strings.NewReader(text)); s.Scan(); {
		line := s.Text()
		switch {
		case line == "```console":
			in, block = true, nil
		case strings.HasPrefix(line, "```") && in:
			in, blocks = false, append(blocks, block)
		case in && strings.HasPrefix(line, "$ "):
			block = append(block, consoleCommand{command: line[2:]})
		case in:
			c := &block[len(block)-1]
			c.output = append(c.output, line)
		}
	}
	return blocks
}

// find looks for a line in which … stands for any text.
func find(text, line string) int {
	parts := strings.Split(line, "…")
	i := strings.Index(text, parts[0])
	if i < 0 {
		return -1
	}
	end := i + len(parts[0])
	for _, p := range parts[1:] {
		j := strings.Index(text[end:], p)
		if j < 0 {
			return -1
		}
		end += j + len(p)
	}
	return end
}

// readmeHouse runs the README's commands in this process, in a folder of its own.
type readmeHouse struct {
	dir, model string
	url        string
}

func newReadmeHouse(t *testing.T) *readmeHouse {
	convs, err := demo.Load()
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(demo.Server(demo.Train(convs)))
	t.Cleanup(srv.Close)
	return &readmeHouse{dir: t.TempDir(), model: srv.URL}
}

func (h *readmeHouse) run(t *testing.T, command string) string {
	t.Helper()
	switch {
	case command == "go run ./cmd/reeve demo":
		return h.reeve(t, 0, "demo", "--once", "--data", h.dir+"/demo")
	case command == "go test ./...":
		ci, err := os.ReadFile("../../.ci/run")
		if err != nil || !regexp.MustCompile(`(?m)^(\w+\(\) \{|)\s*`+regexp.QuoteMeta(command)+`(;|$)`).Match(ci) {
			t.Errorf("continuous integration does not run %q (%v)", command, err)
		}
		return "ok  \tgithub.com/reeve-ai/reeve/cmd/reeve\t1s" // this test is part of that very command
	case command == "reeve serve --upstream http://127.0.0.1:11434":
		return h.serve(t)
	case strings.HasPrefix(command, "curl -s http://127.0.0.1:8400/v1/chat/completions"):
		_, body, _ := strings.Cut(command, "-d '")
		resp, err := http.Post(h.url+"/v1/chat/completions", "application/json", strings.NewReader(strings.TrimSuffix(body, "'")))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, _ := io.ReadAll(resp.Body)
		return string(b)
	case strings.HasPrefix(command, "reeve scan data/"), strings.HasPrefix(command, "reeve redact data/"):
		return h.data(t, strings.Fields(command)[1:])
	case command == "reeve custody verify reeve-data":
		return h.reeve(t, 0, "custody", "verify", h.dir+"/reeve-data")
	}
	t.Fatalf("the README has a command that no test runs: %s", command)
	return ""
}

// data runs a command on a folder with one address in it.
func (h *readmeHouse) data(t *testing.T, args []string) string {
	t.Helper()
	t.Chdir(h.dir)
	if err := os.MkdirAll("data", 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("data/people.csv", []byte("mail,city\njane.roe@posteo.net,\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if code := run(args, strings.NewReader(""), &out, &out); code == exitUsage {
		t.Errorf("reeve %s: %s", strings.Join(args, " "), out.String())
	}
	return out.String()
}

func (h *readmeHouse) reeve(t *testing.T, code int, args ...string) string {
	t.Helper()
	var out strings.Builder
	if got := run(args, strings.NewReader(""), &out, &out); got != code {
		t.Errorf("reeve %s: exit code %d, want %d\n%s", strings.Join(args, " "), got, code, out.String())
	}
	return out.String()
}

// serve starts the server of the README and leaves it running; only the addresses differ.
func (h *readmeHouse) serve(t *testing.T) string {
	t.Helper()
	f := serveFlags{data: h.dir + "/reeve-data"}
	c := newServe()
	for name, value := range map[string]string{"listen": "127.0.0.1:0", "admin-listen": "127.0.0.1:0", "upstream": h.model} {
		if err := c.Flags().Set(name, value); err != nil {
			t.Fatal(err)
		}
	}
	f.listen, f.adminListen, f.upstream = "127.0.0.1:0", "127.0.0.1:0", h.model
	set, err := f.load(c)
	if err != nil {
		t.Fatal(err)
	}
	var told strings.Builder
	s, err := openServer(t.Context(), set, &told)
	if err != nil {
		t.Fatal(err)
	}
	h.url = "http://" + s.callers.Addr().String()
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- s.run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := s.close(); err != nil {
			t.Error(err)
		}
	})
	return strings.ReplaceAll(told.String(), h.url, "http://127.0.0.1:8400")
}
