package control

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Socket is the listening end. Only the process that holds the lock of the data directory may open it.
type Socket struct {
	listener *net.UnixListener
	server   *http.Server
	path     string
	at       *place
	closing  sync.Once
}

// Listen makes Dir/control.sock, in place of one that a dead server left, and serves h on it once Serve is called.
// log gets what goes wrong with single connections, never content; nil discards it.
func Listen(dir string, h http.Handler, log *slog.Logger) (*Socket, error) {
	at, err := openPlace(dir)
	if err != nil {
		return nil, fmt.Errorf("open control socket: %w", err)
	}
	l, err := bind(dir, at)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open control socket: %w", err), at.Close())
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Socket{
		listener: l, path: filepath.Join(dir, SocketName), at: at,
		server: &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn)},
	}, nil
}

// bind makes the socket under another name, closes it to other users and moves it to its place: nobody finds it open.
func bind(dir string, at *place) (*net.UnixListener, error) {
	fresh := SocketName + ".new"
	if err := os.Remove(filepath.Join(dir, fresh)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Net: "unix", Name: at.name(fresh)})
	if err != nil {
		return nil, err
	}
	l.SetUnlinkOnClose(false) // it has another name by then
	err = os.Chmod(filepath.Join(dir, fresh), 0o600)
	if err == nil {
		err = os.Rename(filepath.Join(dir, fresh), filepath.Join(dir, SocketName))
	}
	if err != nil {
		return nil, errors.Join(err, l.Close(), os.Remove(filepath.Join(dir, fresh)))
	}
	return l, nil
}

// Serve answers calls until ctx ends, then waits for those under way for at most wait.
func (s *Socket) Serve(ctx context.Context, wait time.Duration) error {
	stop := context.AfterFunc(ctx, func() {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), wait)
		defer cancel()
		if s.server.Shutdown(end) != nil {
			_ = s.server.Close() // a call outlasted the wait
		}
	})
	defer stop()
	s.server.BaseContext = func(net.Listener) context.Context { return ctx } // a tail ends with the server
	err := s.server.Serve(&checked{s.listener})
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serve control socket: %w", err)
}

// Close stops listening and removes the socket. It may be called more than once.
func (s *Socket) Close() error {
	var err error
	s.closing.Do(func() {
		err = errors.Join(s.server.Close(), s.at.Close())
		if closeErr := s.listener.Close(); !errors.Is(closeErr, net.ErrClosed) {
			err = errors.Join(err, closeErr)
		}
		if gone := os.Remove(s.path); !errors.Is(gone, os.ErrNotExist) {
			err = errors.Join(err, gone)
		}
	})
	return err
}

// checked drops connections of other users before one byte is read.
type checked struct{ *net.UnixListener }

// Accept implements net.Listener.
func (l *checked) Accept() (net.Conn, error) {
	for {
		c, err := l.AcceptUnix()
		if err != nil {
			return nil, err
		}
		if checkPeer(c) == nil {
			return c, nil
		}
		_ = c.Close() // a stranger gets no answer
	}
}

// place is a data directory under a name that fits into a socket's address.
type place struct {
	dir string
	fd  *os.File // nil where the plain name fits
}

// maxSocketName is the shortest limit of the systems we run on (104 bytes with the zero at the end), less the ending of a fresh socket.
const maxSocketName = 99

func openPlace(dir string) (*place, error) {
	if len(filepath.Join(dir, SocketName)) <= maxSocketName {
		return &place{dir: dir}, nil
	}
	fd, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	short := fmt.Sprintf("/proc/self/fd/%d", fd.Fd())
	if _, err := os.Stat(short); err != nil {
		return nil, errors.Join(fmt.Errorf("the path of the data directory is too long for a socket (%d bytes, %d fit): choose a shorter --data", len(dir), maxSocketName-len(SocketName)-1), fd.Close())
	}
	return &place{dir: short, fd: fd}, nil
}

func (p *place) name(file string) string { return filepath.Join(p.dir, file) }

// Close implements io.Closer.
func (p *place) Close() error {
	if p.fd == nil {
		return nil
	}
	return p.fd.Close()
}

var _ io.Closer = (*place)(nil)
