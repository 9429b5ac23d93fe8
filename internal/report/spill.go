package report

import (
	"bytes"
	"fmt"
	"io"
	"os"
)

// spillAfter is how many bytes a spill keeps in memory.
const spillAfter = 4 << 20

// spill holds the body of a report whose head must tell what the body comes to. It moves to a file that has no name as
// soon as it grows.
type spill struct {
	buf  bytes.Buffer
	file *os.File
}

func (s *spill) Write(b []byte) (int, error) {
	if s.file == nil && s.buf.Len()+len(b) > spillAfter {
		f, err := os.CreateTemp("", "reeve-report-*")
		if err != nil {
			return 0, fmt.Errorf("keep the report on disk: %w", err)
		}
		_ = os.Remove(f.Name()) // it lives until it is closed; where that cannot be, Close removes it
		s.file = f
	}
	if s.file != nil && s.buf.Len()+len(b) > spillAfter {
		if err := s.flush(); err != nil {
			return 0, err
		}
	}
	return s.buf.Write(b)
}

func (s *spill) flush() error {
	_, err := s.buf.WriteTo(s.file)
	return err
}

// copyTo writes all of it and lets go of the file.
func (s *spill) copyTo(w io.Writer) error {
	if s.file == nil {
		_, err := s.buf.WriteTo(w)
		return err
	}
	defer os.Remove(s.file.Name())
	defer s.file.Close()
	if err := s.flush(); err != nil {
		return err
	}
	if _, err := s.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	_, err := io.Copy(w, s.file)
	return err
}
