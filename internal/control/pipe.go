package control

import (
	"context"
	"fmt"
	"net"
	"sync"
)

// allowed compares users.
func allowed(peer, own int) error {
	if peer != own && peer != 0 {
		return fmt.Errorf("user %d: %w", peer, ErrForeign)
	}
	return nil
}

// pipes is a listener in memory.
type pipes struct {
	conns  chan net.Conn
	done   chan struct{}
	closed sync.Once
}

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case p.conns <- theirs:
		return ours, nil
	case <-p.done:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Accept implements net.Listener.
func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (p *pipes) Close() error {
	p.closed.Do(func() { close(p.done) })
	return nil
}

// Addr implements net.Listener.
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Net: "unix", Name: "memory"} }
