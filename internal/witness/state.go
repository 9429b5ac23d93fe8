package witness

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/reeve-ai/reeve/internal/tlog"
)

// ErrInUse says that another process serves the directory.
var ErrInUse = errors.New("another witness uses this directory")

func statePath(dir, name string) string { return filepath.Join(dir, "state", name+".checkpoint") }

func takeLock(dir string) (io.Closer, error) {
	if err := os.MkdirAll(filepath.Join(dir, "state"), 0o700); err != nil {
		return nil, fmt.Errorf("make the witness' directory: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open lock: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		if errors.Is(err, unix.EWOULDBLOCK) {
			err = ErrInUse
		}
		return nil, errors.Join(fmt.Errorf("lock %s: %w", dir, err), f.Close())
	}
	return f, nil
}

// load reads the last checkpoint of a log. It must bear the log's signature and one of ours, so that nobody can put an
// older tree or another log's in place who has not both keys.
func (s *Server) load(l *log) error {
	b, err := os.ReadFile(l.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the last checkpoint of %s: %w", l.origin, err)
	}
	c, err := tlog.ParseCheckpoint(b)
	if err != nil || c.Origin != l.origin {
		return fmt.Errorf("the last checkpoint of %s is damaged: restore %s", l.origin, l.path)
	}
	byLog, err1 := c.Verify(l.keys...)
	ours := make([]*tlog.Key, len(s.o.Signers))
	for i, signer := range s.o.Signers {
		ours[i] = signer.Key()
	}
	byUs, err2 := c.Verify(ours...)
	if err := errors.Join(err1, err2); err != nil || len(byLog) == 0 || len(byUs) == 0 {
		return errors.Join(fmt.Errorf("the last checkpoint of %s is not signed by the log and by this witness: restore %s", l.origin, l.path), err)
	}
	l.last = c
	return nil
}

// replace puts a file in place of another, durably: readers see the old bytes or the new ones.
func replace(path string, b []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), "new-*")
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	d, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
