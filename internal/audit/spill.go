package audit

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
)

// spillAfter is how many bytes of finds a chunk keeps in memory.
const spillAfter = 2 << 20

var errSpill = errors.New("keep findings on disk")

// spill is a file with frames of finds, each with names of its own.
type spill struct {
	f *os.File
}

// spill moves the finds to disk.
func (r *result) spill() error {
	if r.spilled == nil {
		f, err := os.CreateTemp("", "reeve-scan-*")
		if err != nil {
			return fmt.Errorf("%w: %w", errSpill, err)
		}
		_ = os.Remove(f.Name()) // it lives until it is closed; where that cannot be, close removes it
		r.spilled = &spill{f}
	}
	var head [4]byte
	binary.LittleEndian.PutUint32(head[:], uint32(len(r.finds.buf)))
	for _, b := range [][]byte{head[:], r.finds.buf} {
		if _, err := r.spilled.f.Write(b); err != nil {
			return fmt.Errorf("%w: %w", errSpill, err)
		}
	}
	r.finds.reset()
	return nil
}

// frames calls use with each frame of finds, in order, and lets go of the file.
func (r *result) frames(use func([]byte) error) error {
	if s := r.spilled; s != nil {
		defer s.close()
		if _, err := s.f.Seek(0, io.SeekStart); err != nil {
			return fmt.Errorf("%w: %w", errSpill, err)
		}
		var head [4]byte
		for {
			if _, err := io.ReadFull(s.f, head[:]); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				return fmt.Errorf("%w: %w", errSpill, err)
			}
			frame := make([]byte, binary.LittleEndian.Uint32(head[:]))
			if _, err := io.ReadFull(s.f, frame); err != nil {
				return fmt.Errorf("%w: %w", errSpill, err)
			}
			if err := use(frame); err != nil {
				return err
			}
		}
	}
	return use(r.finds.buf)
}

func (s *spill) close() {
	_ = s.f.Close()
	_ = os.Remove(s.f.Name())
}
