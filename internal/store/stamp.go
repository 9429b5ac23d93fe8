package store

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// stampName is a file that grows by one byte after every committed change. Its length is therefore a change counter
// that another process reads with one fstat: exact where modification times are only as fine as the kernel's tick,
// and moved after the commit is visible, where SQLite's own files move before.
const stampName = "reeve.db-changes"

type stamp struct {
	path string
	fd   atomic.Int64 // of the newest of opened; os.File.Fd is not for hot paths

	mu     sync.Mutex // guards opened
	opened []*os.File // a replaced file stays open until close, because a read may still be using its descriptor
}

func openStamp(path string) (*stamp, error) {
	s := &stamp{path: path}
	return s, s.open()
}

func (s *stamp) open() error {
	f, err := os.OpenFile(s.path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return explain(err)
	}
	s.opened = append(s.opened, f)
	s.fd.Store(int64(f.Fd()))
	return nil
}

func (s *stamp) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fd.Store(-1)
	var err error
	for _, f := range s.opened {
		err = errors.Join(err, f.Close())
	}
	s.opened = nil
	return err
}

// read returns the length, or -1 where the file was taken away from under us: a reader then finds that the stamp
// differs from what it knew and asks the database.
func (s *stamp) read() int64 {
	var st unix.Stat_t
	if err := unix.Fstat(int(s.fd.Load()), &st); err != nil || st.Nlink == 0 {
		return -1
	}
	return st.Size
}

// heal opens the file anew where it was deleted.
func (s *stamp) heal() error {
	if s.read() >= 0 {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.opened == nil || s.read() >= 0 {
		return nil
	}
	return s.open()
}

// touch adds a byte through the path, not through the open file, so that it reaches the other processes even if the
// file was deleted and made anew. Appends of one byte do not tear.
func (s *stamp) touch(int64) error {
	f, err := os.OpenFile(s.path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("mark the change: %w", err)
	}
	_, err = f.Write([]byte{'.'})
	return errors.Join(err, f.Close())
}
