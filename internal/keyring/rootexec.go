package keyring

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/go-json-experiment/json"
)

// execTimeout is how long a program may take for one answer. An HSM that asks somebody to touch it needs some time.
const execTimeout = 60 * time.Second

// execRequest is what a program reads on standard input, one JSON object; execAnswer is what it writes on standard output.
// docs/keys.md has the protocol.
type execRequest struct {
	Version int    `json:"version"`
	Op      string `json:"op"` // "wrap", "unwrap" or "rotate"
	Key     []byte `json:"key,omitempty"`
	Wrapped []byte `json:"wrapped,omitempty"`
}

type execAnswer struct {
	Version int    `json:"version"`
	Key     []byte `json:"key"`
	Wrapped []byte `json:"wrapped"`
	Error   string `json:"error"`
}

// openExecRoot has a program seal and open a random key of ours, once for all rows of keys.db.
func openExecRoot(_ context.Context, _, path string, _ bool) (Root, error) {
	if !filepath.IsAbs(path) {
		return nil, fmt.Errorf("root key exec: want the absolute path of a program, got %q", path)
	}
	if err := checkProgram(path); err != nil {
		return nil, fmt.Errorf("root key exec: %w", err)
	}
	k := &keyed{kind: kindExec, name: "exec/" + filepath.Base(path)}
	k.fresh = func(ctx context.Context) (header, key []byte, err error) {
		key = make([]byte, rootKeySize)
		_, _ = rand.Read(key) // never fails: crypto/rand ends the process instead
		a, err := runProgram(ctx, path, &execRequest{Version: 1, Op: "wrap", Key: key})
		if err != nil {
			return nil, nil, err
		}
		if len(a.Wrapped) == 0 || len(a.Wrapped) > maxHeader || bytes.Contains(a.Wrapped, key) {
			return nil, nil, errors.New("root key exec: the program did not wrap the key")
		}
		return a.Wrapped, key, nil
	}
	k.derive = func(ctx context.Context, header []byte) ([]byte, error) {
		a, err := runProgram(ctx, path, &execRequest{Version: 1, Op: "unwrap", Wrapped: header})
		if err != nil {
			return nil, err
		}
		if len(a.Key) != rootKeySize {
			return nil, fmt.Errorf("root key exec: what the program opened is no key of ours: %w", ErrWrongRoot)
		}
		return a.Key, nil
	}
	k.rotate = func(ctx context.Context) (Root, func() error, error) {
		a, err := runProgram(ctx, path, &execRequest{Version: 1, Op: "rotate"})
		if a != nil {
			clear(a.Key)
		}
		if err != nil && !errors.Is(err, errNotSupported) {
			return nil, nil, err
		}
		next, err := openExecRoot(ctx, "", path, false)
		return next, nothing, err
	}
	return k, nil
}

// checkProgram refuses a program that others could change.
func checkProgram(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() || info.Mode().Perm()&0o111 == 0 {
		return fmt.Errorf("%s is no program", path)
	}
	if info.Mode().Perm()&0o022 != 0 {
		return fmt.Errorf("%s can be changed by others (mode %04o): run chmod go-w on it", path, info.Mode().Perm())
	}
	if st, ok := info.Sys().(*syscall.Stat_t); ok && int(st.Uid) != os.Geteuid() && st.Uid != 0 {
		return fmt.Errorf("%s belongs to another user (uid %d)", path, st.Uid)
	}
	return nil
}

var errNotSupported = errors.New("root key exec: the program does not support this")

// runProgram asks once. What the program writes on standard error goes nowhere: it could hold anything.
func runProgram(ctx context.Context, path string, request *execRequest) (*execAnswer, error) {
	in, err := json.Marshal(request)
	if err != nil {
		return nil, fmt.Errorf("root key exec: %w", err)
	}
	defer clear(in)
	ctx, cancel := context.WithTimeout(ctx, execTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, path)
	cmd.Stdin = bytes.NewReader(in)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) } // its children, too
	cmd.WaitDelay = time.Second
	out := &limited{limit: maxAnswer}
	cmd.Stdout = out
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return nil, fmt.Errorf("root key exec: no answer from %s in %v", filepath.Base(path), execTimeout)
		}
		return nil, fmt.Errorf("root key exec: %s: %w", filepath.Base(path), err)
	}
	defer clear(out.b)
	return parseExecAnswer(out.b)
}

// parseExecAnswer reads one JSON object. Its errors hold nothing of the answer but a plain word that says why.
func parseExecAnswer(b []byte) (*execAnswer, error) {
	var a execAnswer
	if err := json.Unmarshal(b, &a, json.RejectUnknownMembers(true)); err != nil || a.Version != 1 {
		return nil, errors.New("root key exec: the answer is malformed: want one JSON object of version 1")
	}
	switch {
	case a.Error == "":
		return &a, nil
	case a.Error == "unsupported":
		return nil, errNotSupported
	case a.Error == "not-ours":
		return nil, fmt.Errorf("root key exec: the program did not wrap this: %w", ErrWrongRoot)
	case a.Error == "denied":
		return nil, fmt.Errorf("root key exec: %w", errDenied)
	}
	return nil, errors.New("root key exec: the program failed")
}

// limited keeps the first bytes that are written and refuses more.
type limited struct {
	b     []byte
	limit int
}

func (l *limited) Write(p []byte) (int, error) {
	if len(p) > l.limit-len(l.b) {
		return 0, io.ErrShortBuffer
	}
	l.b = append(l.b, p...)
	return len(p), nil
}
