package control

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"syscall"
	"time"

	"github.com/go-json-experiment/json"
)

// openFor is how long Open waits while another process holds the directory and does not answer: another command, or a
// server that is just starting or ending.
const (
	openFor   = 10 * time.Second
	openEvery = 50 * time.Millisecond
)

// Client calls the handlers of one data directory, in a running server or in this process. It is safe for concurrent use.
type Client struct {
	http   *http.Client
	words  Words
	close  func() error
	remote bool
}

// Local opens a data directory in this process: its handlers, and what gives it back. It fails with an error that
// matches busy where another process holds the directory.
type Local func() (http.Handler, io.Closer, error)

// Open reaches the server that holds the data directory, or opens the directory with local where none does. While
// somebody holds it who does not answer, Open tries for some seconds and then returns the error of local.
func Open(ctx context.Context, dir string, words Words, busy error, local Local) (*Client, error) {
	for until := time.Now().Add(openFor); ; {
		c, err := Dial(dir, words)
		if !errors.Is(err, ErrNoServer) {
			return c, err
		}
		h, closer, err := local()
		if err == nil {
			return inProcess(h, closer, words), nil
		}
		if !errors.Is(err, busy) || time.Now().After(until) {
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(openEvery):
		}
	}
}

// Dial reaches a running server. It returns ErrNoServer (wrapped) where none answers.
func Dial(dir string, words Words) (*Client, error) {
	at, err := openPlace(dir)
	if errors.Is(err, syscall.ENOENT) {
		return nil, fmt.Errorf("%s: %w", dir, ErrNoServer)
	}
	if err != nil {
		return nil, fmt.Errorf("reach the server: %w", err)
	}
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", at.name(SocketName))
	}
	probe, err := dial(context.Background(), "", "")
	if err != nil {
		err = errors.Join(err, at.Close())
		if errors.Is(err, syscall.ENOENT) || errors.Is(err, syscall.ECONNREFUSED) {
			return nil, fmt.Errorf("%s: %w", dir, ErrNoServer)
		}
		return nil, fmt.Errorf("reach the server: %w", err)
	}
	_ = probe.Close() // it told that somebody listens
	return newClient(dial, words, at.Close, true), nil
}

// inProcess serves h to this process alone, over pipes in memory.
func inProcess(h http.Handler, closer io.Closer, words Words) *Client {
	l := &pipes{conns: make(chan net.Conn), done: make(chan struct{})}
	srv := &http.Server{Handler: h, ReadHeaderTimeout: openFor}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = srv.Serve(l) // ends with ErrServerClosed
	}()
	return newClient(l.dial, words, func() error {
		err := srv.Close()
		<-ended
		return errors.Join(err, closer.Close())
	}, false)
}

func newClient(dial func(context.Context, string, string) (net.Conn, error), words Words, closing func() error, remote bool) *Client {
	t := &http.Transport{DialContext: dial, DisableCompression: true}
	return &Client{http: &http.Client{Transport: t}, words: words, remote: remote, close: func() error {
		t.CloseIdleConnections()
		return closing()
	}}
}

// Remote reports whether a running server does the work.
func (c *Client) Remote() bool { return c.remote }

// Close gives everything back. Where this process opened the data directory, it is closed.
func (c *Client) Close() error { return c.close() }

// Call asks for one result. Its error matches what the handler's error matched, through the words.
func Call[Out any](ctx context.Context, c *Client, path string, in any) (out Out, err error) {
	body, err := c.Open(ctx, path, in)
	if err != nil {
		return out, err
	}
	defer body.Close()
	if err := json.UnmarshalRead(body, &out); err != nil {
		return out, fmt.Errorf("read the answer of %s: %w", path, err)
	}
	return out, nil
}

// Open asks for a stream. Its reader ends with the handler's error, or with io.EOF where there was none.
func (c *Client) Open(ctx context.Context, path string, in any) (io.ReadCloser, error) {
	if in == nil {
		in = struct{}{}
	}
	b, err := json.Marshal(in)
	if err != nil {
		return nil, fmt.Errorf("encode the call %s: %w", path, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://reeve"+path, bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, fmt.Errorf("call %s: %w", path, err)
	}
	if resp.StatusCode == http.StatusOK {
		return &answer{resp: resp, words: c.words}, nil
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusNotFound {
		return nil, fmt.Errorf("%s: %w", path, ErrUnknown)
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxRequest))
	if err != nil {
		return nil, fmt.Errorf("call %s: %w", path, err)
	}
	return nil, c.words.read(text, path)
}

// read makes an error of what a handler answered.
func (w Words) read(text []byte, path string) error {
	e := &Error{}
	if json.Unmarshal(text, e) != nil || e.Message == "" {
		return fmt.Errorf("call %s: the answer cannot be read", path)
	}
	e.is = w.err(e.Code)
	return e
}

// answer is the body of a stream.
type answer struct {
	resp  *http.Response
	words Words
}

// Read implements io.Reader.
func (a *answer) Read(p []byte) (int, error) {
	n, err := a.resp.Body.Read(p)
	if errors.Is(err, io.EOF) {
		if text := a.resp.Trailer.Get(trailer); text != "" {
			return n, a.words.read([]byte(text), a.resp.Request.URL.Path)
		}
	}
	return n, err
}

// Close implements io.Closer.
func (a *answer) Close() error { return a.resp.Body.Close() }
