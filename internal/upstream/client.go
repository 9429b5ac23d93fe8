package upstream

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// Options configure a Client. Zero durations take the defaults.
type Options struct {
	URL       string        // http://host:port or https://host:port, optionally with a path prefix
	APIKey    string        // sent as a bearer token; never logged
	Dial      time.Duration // default 10 s
	FirstByte time.Duration // from the request's last byte to the answer's first; default 10 min, as models load slowly
	Idle      time.Duration // between two bytes of an answer; default 5 min
	MaxIdle   int           // connections kept open; default 1,024
	TLS       *tls.Config
}

// Client speaks HTTP/1.1 to one runtime. Every exchange runs on the caller's goroutine: writing, reading and waiting need
// no second one, which is what makes it cheaper than net/http's Transport; parsing of the response head and of chunked
// bodies is net/http's. It follows no redirect, uses no proxy, asks for no compression. Safe for concurrent use.
type Client struct {
	opts   Options
	secure bool
	addr   string // host:port to dial
	head   string // request head after the path, up to Content-Length's value
	prefix string // path prefix

	mu   sync.Mutex
	idle []*conn // guarded by mu; the last one is the most recently used
	shut bool    // guarded by mu
}

// NewClient checks the options; it does not dial.
func NewClient(o Options) (*Client, error) {
	u, err := url.Parse(o.URL)
	if err != nil {
		return nil, errors.New("upstream url: cannot be parsed") // the error would quote it, credentials included
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return nil, errors.New("upstream url: want http://host:port or https://host:port")
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("upstream url: credentials, queries and fragments are not allowed in it")
	}
	c := &Client{opts: o, secure: u.Scheme == "https", prefix: trimSlash(u.EscapedPath())}
	port := u.Port()
	if port == "" {
		port = map[bool]string{false: "80", true: "443"}[c.secure]
	}
	c.addr = net.JoinHostPort(u.Hostname(), port)
	c.opts.Dial = orDefault(o.Dial, 10*time.Second)
	c.opts.FirstByte = orDefault(o.FirstByte, 10*time.Minute)
	c.opts.Idle = orDefault(o.Idle, 5*time.Minute)
	if c.opts.MaxIdle == 0 {
		c.opts.MaxIdle = 1024
	}
	host := u.Host
	if ip := net.ParseIP(u.Hostname()); ip != nil && ip.IsLoopback() {
		host = "localhost" // Ollama refuses other names on loopback
	}
	c.head = " HTTP/1.1\r\nHost: " + host + "\r\nUser-Agent: reeve\r\nAccept-Encoding: identity\r\n"
	if o.APIKey != "" {
		if !headerSafe(o.APIKey) {
			return nil, errors.New("upstream api key: has characters that a header cannot carry")
		}
		c.head += "Authorization: Bearer " + o.APIKey + "\r\n"
	}
	return c, nil
}

func trimSlash(s string) string {
	for len(s) > 0 && s[len(s)-1] == '/' {
		s = s[:len(s)-1]
	}
	return s
}

func orDefault(d, def time.Duration) time.Duration {
	if d == 0 {
		return def
	}
	return d
}

func headerSafe(s string) bool {
	for i := range len(s) {
		if s[i] < 0x21 || s[i] > 0x7e {
			return false
		}
	}
	return true
}

// Addr is the host and port that are dialled.
func (c *Client) Addr() string { return c.addr }

// Close closes the idle connections; later ones are closed after use.
func (c *Client) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.shut = true
	for _, k := range c.idle {
		k.Close()
	}
	c.idle = nil
}

// Do sends one request and returns when the head of the answer is there. When ctx ends, the connection is closed at once
// and reading fails with ctx's error. The caller closes the answer.
func (c *Client) Do(ctx context.Context, method, path string, body []byte) (*Answer, error) {
	return c.DoTraced(ctx, method, path, body, "")
}

// DoTraced is Do with a traceparent (W3C Trace Context) of our own making; "" means none.
func (c *Client) DoTraced(ctx context.Context, method, path string, body []byte, traceparent string) (*Answer, error) {
	for {
		k, err := c.get(ctx)
		if err != nil {
			return nil, fmt.Errorf("reach %s: %w", c.addr, err)
		}
		a, err := c.try(ctx, k, method, path, body, traceparent)
		if err == nil {
			return a, nil
		}
		k.Close()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if !k.reused || !errors.Is(err, errNoAnswer) {
			return nil, fmt.Errorf("ask %s: %w", c.addr, err)
		}
		// The runtime had closed the idle connection before it saw the request: a fresh one answers.
	}
}

// errNoAnswer says that the connection ended before the first byte of an answer.
var errNoAnswer = errors.New("connection closed before an answer")

func (c *Client) try(ctx context.Context, k *conn, method, path string, body []byte, traceparent string) (*Answer, error) {
	stop := context.AfterFunc(ctx, k.abort)
	k.setDeadline(c.opts.FirstByte)
	if err := k.send(c, method, path, body, traceparent); err != nil && !k.answered() {
		stop()
		return nil, errors.Join(errNoAnswer, err)
	}
	if _, err := k.br.Peek(1); err != nil {
		stop()
		if timeout(err) {
			return nil, fmt.Errorf("no answer within %s", c.opts.FirstByte)
		}
		return nil, errors.Join(errNoAnswer, err)
	}
	resp, err := http.ReadResponse(k.br, postRequest)
	if err != nil {
		stop()
		return nil, fmt.Errorf("read answer: %w", err)
	}
	var text io.Reader = resp.Body
	if len(resp.TransferEncoding) > 0 { // ReadResponse lets pass chunked alone, and has read nothing of the body yet
		text = &chunked{r: k.br}
	}
	return &Answer{
		Status: resp.StatusCode, ContentType: resp.Header.Get("Content-Type"), Length: resp.ContentLength,
		body: text, keep: !resp.Close, conn: k, client: c, ctx: ctx, stop: stop,
	}, nil
}

// postRequest tells ReadResponse that answers have bodies.
var postRequest = &http.Request{Method: "POST"}

func timeout(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout()
}

func (c *Client) get(ctx context.Context) (*conn, error) {
	c.mu.Lock()
	if n := len(c.idle); n > 0 {
		k := c.idle[n-1]
		c.idle = c.idle[:n-1]
		c.mu.Unlock()
		k.reused = true
		return k, nil
	}
	c.mu.Unlock()
	d := net.Dialer{Timeout: c.opts.Dial}
	nc, err := d.DialContext(ctx, "tcp", c.addr)
	if err != nil {
		return nil, err
	}
	if c.secure {
		host, _, _ := net.SplitHostPort(c.addr)
		cfg := c.opts.TLS.Clone()
		if cfg == nil {
			cfg = &tls.Config{MinVersion: tls.VersionTLS13}
		}
		if cfg.ServerName == "" {
			cfg.ServerName = host
		}
		cfg.NextProtos = []string{"http/1.1"}
		tc := tls.Client(nc, cfg)
		if err := tc.HandshakeContext(ctx); err != nil {
			nc.Close()
			return nil, err
		}
		nc = tc
	}
	return &conn{Conn: nc, br: bufio.NewReaderSize(nc, 16<<10)}, nil
}

func (c *Client) put(k *conn) {
	c.mu.Lock()
	if !c.shut && len(c.idle) < c.opts.MaxIdle {
		c.idle = append(c.idle, k)
		k = nil
	}
	c.mu.Unlock()
	if k != nil {
		k.Close()
	}
}
