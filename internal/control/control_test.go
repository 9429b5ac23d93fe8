package control

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var (
	errHeld  = errors.New("held")
	errBusy  = errors.New("busy")
	theWords = Words{{"held", errHeld}}
)

type hinted struct{ error }

func (hinted) Hint() string    { return "release it" }
func (h hinted) Unwrap() error { return h.error }

func mux() *http.ServeMux {
	m := http.NewServeMux()
	Handle(m, "/double", theWords, func(_ context.Context, n int) (int, error) { return 2 * n, nil })
	Handle(m, "/held", theWords, func(context.Context, struct{}) (int, error) {
		return 0, hinted{fmt.Errorf("erase: %w", errHeld)}
	})
	Stream(m, "/count", theWords, func(_ context.Context, n int, w io.Writer) error {
		for i := range n {
			if _, err := fmt.Fprintln(w, i); err != nil {
				return err
			}
		}
		return fmt.Errorf("after %d: %w", n, errHeld)
	})
	Stream(m, "/wait", theWords, func(ctx context.Context, _ struct{}, w io.Writer) error {
		fmt.Fprintln(w, "here")
		<-ctx.Done()
		return nil
	})
	return m
}

// clients gives the same handlers in a server and in this process.
func clients(t *testing.T) map[string]*Client {
	t.Helper()
	dir := t.TempDir()
	serve(t, dir)
	remote, err := Dial(dir, theWords)
	if err != nil {
		t.Fatal(err)
	}
	local, err := Open(t.Context(), t.TempDir(), theWords, errBusy, func() (http.Handler, io.Closer, error) { return mux(), io.NopCloser(nil), nil })
	if err != nil {
		t.Fatal(err)
	}
	if !remote.Remote() || local.Remote() {
		t.Error("who does the work is told wrong")
	}
	for _, c := range []*Client{remote, local} {
		t.Cleanup(func() {
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	return map[string]*Client{"server": remote, "this process": local}
}

func serve(t *testing.T, dir string) {
	t.Helper()
	s, err := Listen(dir, mux(), nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, time.Second) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := errors.Join(s.Close(), s.Close()); err != nil {
			t.Error(err)
		}
		if _, err := os.Lstat(filepath.Join(dir, SocketName)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the socket is left behind: %v", err)
		}
	})
}

func TestCall(t *testing.T) {
	for name, c := range clients(t) {
		t.Run(name, func(t *testing.T) {
			if n, err := Call[int](t.Context(), c, "/double", 21); n != 42 || err != nil {
				t.Errorf("%d, %v", n, err)
			}
			_, err := Call[int](t.Context(), c, "/held", nil)
			var h interface{ Hint() string }
			if !errors.Is(err, errHeld) || !errors.As(err, &h) || h.Hint() != "release it" || err.Error() != "erase: held" {
				t.Errorf("the error is %v", err)
			}
			if _, err := Call[int](t.Context(), c, "/nothing", nil); !errors.Is(err, ErrUnknown) {
				t.Errorf("an unknown call gives %v", err)
			}
			if _, err := Call[int](t.Context(), c, "/double", "text"); err == nil || !strings.Contains(err.Error(), "read the call") {
				t.Errorf("a wrong argument gives %v", err)
			}
		})
	}
}

func TestStream(t *testing.T) {
	for name, c := range clients(t) {
		t.Run(name, func(t *testing.T) {
			r, err := c.Open(t.Context(), "/count", 3)
			if err != nil {
				t.Fatal(err)
			}
			b, err := io.ReadAll(r)
			if diff := cmp.Diff("0\n1\n2\n", string(b)); diff != "" || !errors.Is(err, errHeld) {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
			if _, err := c.Open(t.Context(), "/count", 0); !errors.Is(err, errHeld) {
				t.Errorf("an error before the first byte is %v", err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			r, err = c.Open(ctx, "/wait", nil)
			if err != nil {
				t.Fatal(err)
			}
			b = make([]byte, 5)
			if _, err := io.ReadFull(r, b); err != nil || string(b) != "here\n" {
				t.Errorf("%q, %v", b, err)
			}
			cancel()
			if _, err := r.Read(b); !errors.Is(err, context.Canceled) {
				t.Errorf("after leaving: %v", err)
			}
		})
	}
}

func TestSocketIsPrivateAndReplacesAStaleOne(t *testing.T) {
	dir := t.TempDir()
	dead, err := net.ListenUnix("unix", &net.UnixAddr{Net: "unix", Name: filepath.Join(dir, SocketName)})
	if err != nil {
		t.Fatal(err)
	}
	dead.SetUnlinkOnClose(false)
	if err := dead.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, SocketName+".new"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Dial(dir, nil); !errors.Is(err, ErrNoServer) {
		t.Errorf("a stale socket gives %v", err)
	}
	serve(t, dir)
	info, err := os.Lstat(filepath.Join(dir, SocketName))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if _, err := Dial(dir, nil); err != nil {
		t.Error(err)
	}
}

func TestLongPath(t *testing.T) {
	dir := filepath.Join(t.TempDir(), strings.Repeat("d", 100), strings.Repeat("e", 100))
	if _, err := Dial(dir, nil); !errors.Is(err, ErrNoServer) {
		t.Errorf("without the directory: %v", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat("/proc/self/fd"); err != nil {
		t.Skip("no /proc here")
	}
	serve(t, dir)
	c, err := Dial(dir, theWords)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if n, err := Call[int](t.Context(), c, "/double", 2); n != 4 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
}

func TestOpenWaitsForTheHolder(t *testing.T) {
	tries := 0
	c, err := Open(t.Context(), t.TempDir(), theWords, errBusy, func() (http.Handler, io.Closer, error) {
		if tries++; tries < 3 {
			return nil, nil, fmt.Errorf("open: %w", errBusy)
		}
		return mux(), io.NopCloser(nil), nil
	})
	if err != nil || tries != 3 {
		t.Fatalf("%d tries, %v", tries, err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	broken := errors.New("broken")
	if _, err := Open(t.Context(), t.TempDir(), nil, errBusy, func() (http.Handler, io.Closer, error) { return nil, nil, broken }); !errors.Is(err, broken) {
		t.Errorf("what is broken gives %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Open(ctx, t.TempDir(), nil, errBusy, func() (http.Handler, io.Closer, error) { return nil, nil, errBusy }); !errors.Is(err, context.Canceled) {
		t.Errorf("after an interrupt: %v", err)
	}
}

func TestAllowed(t *testing.T) {
	for _, c := range []struct {
		peer, own int
		ok        bool
	}{{1000, 1000, true}, {0, 1000, true}, {1001, 1000, false}, {1000, 0, false}, {0, 0, true}} {
		if err := allowed(c.peer, c.own); (err == nil) != c.ok || err != nil && !errors.Is(err, ErrForeign) {
			t.Errorf("user %d on a socket of %d: %v", c.peer, c.own, err)
		}
	}
}
