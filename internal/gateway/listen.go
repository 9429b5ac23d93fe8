package gateway

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// ListenOptions say where a server listens.
type ListenOptions struct {
	Addr       string      // host:port
	TLS        *tls.Config // nil: plaintext, allowed on loopback only
	Insecure   bool        // plaintext beyond loopback was asked for by name
	ReadHeader time.Duration
	IdleConn   time.Duration
	Log        *slog.Logger
}

// ErrPlaintext says that a listener would carry keys and content in the clear beyond this machine.
var ErrPlaintext = errors.New("refusing to listen beyond loopback without TLS")

// Listen opens a listener. Plaintext beyond loopback is refused with ErrPlaintext unless it was asked for by name.
func Listen(o ListenOptions) (net.Listener, error) {
	host, _, err := net.SplitHostPort(o.Addr)
	if err != nil {
		return nil, fmt.Errorf("listen address %q: want host:port", o.Addr)
	}
	if o.TLS == nil && !o.Insecure && !Loopback(host) {
		return nil, fmt.Errorf("%s: %w", o.Addr, ErrPlaintext)
	}
	l, err := net.Listen("tcp", o.Addr)
	if err != nil {
		return nil, err
	}
	if o.TLS != nil {
		l = tls.NewListener(l, o.TLS)
	}
	return l, nil
}

// Loopback reports whether a host is this machine alone. A name is not: who resolves it may answer differently later.
// The exception is "localhost" (RFC 6761 §6.3).
func Loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// Serve answers on l until ctx ends, then lets exchanges under way finish for up to grace.
func Serve(ctx context.Context, l net.Listener, h http.Handler, o ListenOptions, grace time.Duration) error {
	if o.ReadHeader == 0 {
		o.ReadHeader = 10 * time.Second
	}
	if o.IdleConn == 0 {
		o.IdleConn = 2 * time.Minute
	}
	s := &http.Server{Handler: h, ReadHeaderTimeout: o.ReadHeader, IdleTimeout: o.IdleConn, MaxHeaderBytes: 64 << 10}
	if o.Log != nil {
		s.ErrorLog = slog.NewLogLogger(o.Log.Handler(), slog.LevelDebug)
	}
	if o.TLS != nil {
		s.TLSConfig = o.TLS.Clone() // the server adds to it
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	wait, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if err := s.Shutdown(wait); err != nil {
		s.Close()
	}
	<-served
	return nil
}
