package upstream

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func client(t *testing.T, o Options) *Client {
	t.Helper()
	c, err := NewClient(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func ask(t *testing.T, c *Client, body string) string {
	t.Helper()
	a, err := c.Do(t.Context(), "POST", "/v1/x", []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	b, err := io.ReadAll(a)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestClient(t *testing.T) {
	var conns atomic.Int32
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		if len(b) > 1<<20 {
			w.(http.Flusher).Flush() // chunked
		}
		io.WriteString(w, r.Method+" "+r.URL.Path+" "+r.Host+" "+r.Header.Get("Authorization")+" "+r.Header.Get("Content-Type")+" ")
		w.Write(b)
	}))
	srv.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			conns.Add(1)
		}
	}
	srv.Start()
	defer srv.Close()
	c := client(t, Options{URL: srv.URL + "/base/", APIKey: "k"})
	for _, body := range []string{"", "hello", strings.Repeat("x", 3<<20)} {
		if got, want := ask(t, c, body), "POST /base/v1/x localhost Bearer k application/json "+body; got != want {
			t.Errorf("got %.120q (%d bytes), want %.120q (%d bytes)", got, len(got), want, len(want))
		}
	}
	if n := conns.Load(); n != 1 {
		t.Errorf("%d connections for three exchanges one after the other", n)
	}
}

func TestClientRefusesURLs(t *testing.T) {
	for _, u := range []string{"", "127.0.0.1:1", "ftp://x", "http://u:p@x", "http://x?y=1", "http://x#f", "http://", "unix:///x", "http://[::1"} {
		if _, err := NewClient(Options{URL: u}); err == nil {
			t.Errorf("%q accepted", u)
		} else if strings.Contains(err.Error(), "u:p") {
			t.Errorf("%q is repeated in the error", u)
		}
	}
	if _, err := NewClient(Options{URL: "http://x", APIKey: "a\r\nX: y"}); err == nil || strings.Contains(err.Error(), "X: y") {
		t.Errorf("key with a line break: %v", err)
	}
}

// raw serves connections with a function.
func raw(t *testing.T, serve func(n int, c net.Conn, r *bufio.Reader)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for n := 1; ; n++ {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { defer c.Close(); serve(n, c, bufio.NewReader(c)) }()
		}
	}()
	return "http://" + l.Addr().String()
}

func readRequest(r *bufio.Reader) error {
	req, err := http.ReadRequest(r)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, req.Body)
	return err
}

// TestClientStaleConnection: a runtime that closes idle connections costs no exchange.
func TestClientStaleConnection(t *testing.T) {
	closed := make(chan struct{}, 10)
	u := raw(t, func(n int, c net.Conn, r *bufio.Reader) {
		if readRequest(r) == nil {
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		}
		c.Close() // although it did not say so
		closed <- struct{}{}
	})
	c := client(t, Options{URL: u})
	for range 3 {
		if got := ask(t, c, "x"); got != "ok" {
			t.Fatal(got)
		}
		<-closed
	}
}

func TestClientErrors(t *testing.T) {
	cases := []struct{ name, answer, want string }{
		{"nothing", "", "before an answer"},
		{"not HTTP", "hello\r\n\r\n", "read answer"},
		{"half a head", "HTTP/1.1 200 OK\r\nContent-Le", "read answer"},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			u := raw(t, func(_ int, c net.Conn, r *bufio.Reader) { readRequest(r); io.WriteString(c, tc.answer) })
			_, err := client(t, Options{URL: u}).Do(t.Context(), "POST", "/", []byte("x"))
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestClientCutBody(t *testing.T) {
	u := raw(t, func(_ int, c net.Conn, r *bufio.Reader) {
		readRequest(r)
		io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
	})
	a, err := client(t, Options{URL: u}).Do(t.Context(), "POST", "/", []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	b, err := io.ReadAll(a)
	if string(b) != "half" || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%q %v", b, err)
	}
}

// TestClientCancel: when the caller leaves, the runtime sees its connection close.
func TestClientCancel(t *testing.T) {
	gone := make(chan struct{})
	u := raw(t, func(_ int, c net.Conn, r *bufio.Reader) {
		readRequest(r)
		io.WriteString(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
		io.Copy(io.Discard, r) // ends when the other side closes
		close(gone)
	})
	ctx, cancel := context.WithCancel(t.Context())
	a, err := client(t, Options{URL: u}).Do(ctx, "POST", "/", []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	buf := make([]byte, 10)
	if n, err := a.Read(buf); err != nil || string(buf[:n]) != "abc" {
		t.Fatalf("%q %v", buf[:n], err)
	}
	cancel()
	if _, err := a.Read(buf); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	<-gone
}

// TestClientEarlyClose: giving up an answer closes the connection, so that the runtime stops.
func TestClientEarlyClose(t *testing.T) {
	gone := make(chan struct{})
	u := raw(t, func(_ int, c net.Conn, r *bufio.Reader) {
		readRequest(r)
		io.WriteString(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
		io.Copy(io.Discard, r)
		close(gone)
	})
	a, err := client(t, Options{URL: u}).Do(t.Context(), "POST", "/", []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	a.Close()
	a.Close()
	<-gone
}

// TestClientDrain: an answer that was read to its own end mark leaves a connection that the next exchange takes.
func TestClientDrain(t *testing.T) {
	var conns atomic.Int32
	u := raw(t, func(_ int, c net.Conn, r *bufio.Reader) {
		conns.Add(1)
		for readRequest(r) == nil {
			io.WriteString(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nend\r\n0\r\n\r\n")
		}
	})
	c := client(t, Options{URL: u})
	for range 3 {
		a, err := c.Do(t.Context(), "POST", "/", []byte("x"))
		if err != nil {
			t.Fatal(err)
		}
		if n, err := a.Read(make([]byte, 3)); n != 3 || err != nil {
			t.Fatalf("%d %v", n, err)
		}
		a.Drain(10 * time.Second)
		a.Close()
	}
	if n := conns.Load(); n != 1 {
		t.Errorf("%d connections for three exchanges", n)
	}
}

func TestClientTimeouts(t *testing.T) {
	hold := make(chan struct{})
	defer close(hold)
	u := raw(t, func(_ int, c net.Conn, r *bufio.Reader) {
		readRequest(r)
		<-hold
	})
	c := client(t, Options{URL: u, FirstByte: time.Millisecond})
	if _, err := c.Do(t.Context(), "POST", "/", []byte("x")); err == nil || !strings.Contains(err.Error(), "no answer within") {
		t.Errorf("got %v", err)
	}
}
