package deliver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/reeve-ai/reeve/internal/lifecycle"
)

// File appends events to a file, one a line, and begins a new one when it is large: the one before becomes PATH.1, that
// before PATH.2, and what is older than Keep is deleted.
type File struct {
	Path string
	Max  int64 // bytes; 0: 100 MiB
	Keep int   // older files that are kept; 0: 7

	f    *os.File
	size int64
}

// Send implements Sink. The events are on disk when it returns.
func (s *File) Send(_ context.Context, batch []*lifecycle.Told) error {
	var b []byte
	for _, t := range batch {
		b = append(append(b, t.Event...), '\n')
	}
	if err := s.open(); err != nil {
		return err
	}
	if limit := s.limit(); s.size > 0 && s.size+int64(len(b)) > limit {
		if err := errors.Join(s.Close(), s.rotate(), s.open()); err != nil {
			return fmt.Errorf("rotate %s: %w", s.Path, err)
		}
	}
	n, err := s.f.Write(b)
	s.size += int64(n)
	if err == nil {
		err = s.f.Sync()
	}
	if err != nil { // what is half written is ended by open, and comes again
		return errors.Join(fmt.Errorf("write events: %w", err), s.Close())
	}
	return nil
}

func (s *File) limit() int64 {
	if s.Max == 0 {
		return 100 << 20
	}
	return s.Max
}

// open opens the file at its end. A line that was cut off by a crash is ended.
func (s *File) open() error {
	if s.f != nil {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(s.Path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(s.Path, os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		return errors.Join(err, f.Close())
	}
	s.f, s.size = f, info.Size()
	if s.size == 0 {
		return nil
	}
	last := []byte{0}
	if _, err := f.ReadAt(last, s.size-1); err != nil {
		return errors.Join(err, s.Close())
	}
	if last[0] != '\n' {
		n, err := f.Write([]byte{'\n'})
		s.size += int64(n)
		return err
	}
	return nil
}

func (s *File) rotate() error {
	keep := s.Keep
	if keep == 0 {
		keep = 7
	}
	name := func(n int) string {
		if n == 0 {
			return s.Path
		}
		return s.Path + "." + strconv.Itoa(n)
	}
	if err := os.Remove(name(keep)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	for n := keep - 1; n >= 0; n-- {
		if err := os.Rename(name(n), name(n+1)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

// Close implements Sink.
func (s *File) Close() error {
	if s.f == nil {
		return nil
	}
	err := s.f.Close()
	s.f = nil
	return err
}
