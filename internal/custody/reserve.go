package custody

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// reserveFile takes room on the disk for bad times: one hundredth of the file system, at most one segment. When the disk is full
// it is given up, so that the log can still say that it is; exchanges are refused until it could be made again.
const (
	reserveFile  = "reserve"
	leastReserve = 1 << 20
)

// reserve is the room that is kept. The committer and the sealer both use it.
type reserve struct {
	mu   sync.Mutex
	made bool
}

// isFull reports whether an error says that there is no room.
func isFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// keepReserve makes the reserve where it is not there. It costs as much as writing it.
func (l *Log) keepReserve() error {
	l.reserve.mu.Lock()
	defer l.reserve.mu.Unlock()
	if l.reserve.made {
		return nil
	}
	path := filepath.Join(l.dir, reserveFile)
	size := reserveSize(l.dir, l.o.SegmentBytes)
	if info, err := os.Stat(path); err == nil && info.Size() == size {
		l.reserve.made = true
		return nil
	}
	w, err := newFiller(l.fs, path, 0)
	if err != nil {
		return fmt.Errorf("make reserve: %w", err)
	}
	zeros := make([]byte, fillerSize)
	for left := size; left > 0 && err == nil; left -= fillerSize {
		err = w.write(zeros[:min(left, fillerSize)])
	}
	if err != nil {
		w.abandon()
		return fmt.Errorf("make reserve: %w", err)
	}
	if err := w.done(nil); err != nil {
		return fmt.Errorf("make reserve: %w", err)
	}
	l.reserve.made = true
	return nil
}

// giveReserve gives the room back to the file system.
func (l *Log) giveReserve() {
	l.reserve.mu.Lock()
	defer l.reserve.mu.Unlock()
	l.reserve.made = false
	_ = l.fs.Remove(filepath.Join(l.dir, reserveFile))
}

// reserveSize is one hundredth of the file system within bounds, in whole blocks.
func reserveSize(dir string, segment int64) int64 {
	size := int64(leastReserve)
	var st unix.Statfs_t
	if unix.Statfs(dir, &st) == nil {
		size = max(size, int64(st.Blocks)*int64(st.Bsize)/100)
	}
	return int64(roundUp(int(min(size, segment))))
}

// onlyZeros reports whether a file holds nothing but zeros.
func onlyZeros(path string) (bool, error) {
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	b := make([]byte, readWindow)
	for {
		n, err := f.Read(b)
		if !isZero(b[:n]) {
			return false, nil
		}
		if errors.Is(err, io.EOF) {
			return true, nil
		}
		if err != nil {
			return false, err
		}
	}
}
