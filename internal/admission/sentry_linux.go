package admission

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// sentry answers one question for the price of a system call: has anything on the way to one of the watched files changed
// since generation g? The kernel queues a notification before the call that makes a change returns. So where the queue is
// empty, and what was taken from it has been counted, nothing has changed up to the moment of the question.
//
// Watched are the files themselves, which shows writes by whatever name; the folders that hold them and the links to them,
// which shows who puts another file in their place; and every folder above, which shows who moves it away.
type sentry struct {
	queue   *os.File
	raw     int
	pending atomic.Bool   // events have been taken from the queue and are not counted yet
	gen     atomic.Uint64 // changes so far
	closed  atomic.Bool
	changed func() // called after each change was counted

	mu      sync.Mutex
	watched map[string]bool // guarded by mu
	done    chan struct{}
}

const (
	watchFile   = unix.IN_MODIFY | unix.IN_ATTRIB | unix.IN_MOVE_SELF | unix.IN_DELETE_SELF
	watchFolder = unix.IN_CREATE | unix.IN_DELETE | unix.IN_MOVED_FROM | unix.IN_MOVED_TO | unix.IN_MOVE_SELF | unix.IN_DELETE_SELF | unix.IN_ONLYDIR
	watchAbove  = unix.IN_MOVE_SELF | unix.IN_DELETE_SELF | unix.IN_ONLYDIR
)

// newSentry begins to watch; changed is called from its own goroutine.
func newSentry(changed func()) (*sentry, error) {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return nil, fmt.Errorf("watch model files: %w", err)
	}
	s := &sentry{queue: os.NewFile(uintptr(fd), "inotify"), raw: fd, changed: changed, watched: map[string]bool{}, done: make(chan struct{})} //nolint:gosec // descriptors are small
	go s.run()
	return s, nil
}

// run counts changes until the queue is closed.
func (s *sentry) run() {
	defer close(s.done)
	buf := make([]byte, 64<<10)
	control, err := s.queue.SyscallConn()
	for err == nil {
		n := 0
		err = control.Read(func(fd uintptr) bool {
			s.pending.Store(true) // before anything leaves the queue
			var readErr error
			n, readErr = unix.Read(int(fd), buf) //nolint:gosec // descriptors are small
			if errors.Is(readErr, unix.EAGAIN) || errors.Is(readErr, unix.EINTR) {
				s.pending.Store(false)
				return errors.Is(readErr, unix.EINTR)
			}
			return true
		})
		if n > 0 {
			s.forget(buf[:n])
			s.gen.Add(1)
		}
		s.pending.Store(false)
		if n > 0 && s.changed != nil {
			s.changed()
		}
	}
	s.gen.Add(1) // nobody counts any more: nothing is quiet
	s.pending.Store(true)
}

// forget drops the memory of watches that the kernel has removed, so that cover adds them again.
func (s *sentry) forget(events []byte) {
	for len(events) >= unix.SizeofInotifyEvent {
		mask := binary.NativeEndian.Uint32(events[4:])
		size := unix.SizeofInotifyEvent + int(binary.NativeEndian.Uint32(events[12:]))
		if mask&(unix.IN_IGNORED|unix.IN_Q_OVERFLOW|unix.IN_MOVE_SELF|unix.IN_MOVED_TO|unix.IN_MOVED_FROM|unix.IN_DELETE|unix.IN_CREATE) != 0 {
			s.mu.Lock()
			clear(s.watched)
			s.mu.Unlock()
			return
		}
		events = events[min(size, len(events)):]
	}
}

// generation is that of now; what is looked at after this call and found quiet by it has not changed in between.
func (s *sentry) generation() uint64 { return s.gen.Load() }

// quiet reports whether nothing has changed since generation g, up to this call.
func (s *sentry) quiet(g uint64) bool {
	if s.closed.Load() {
		return false
	}
	waiting, err := unix.IoctlGetInt(s.raw, unix.TIOCINQ) // FIONREAD
	return err == nil && waiting == 0 && !s.pending.Load() && s.gen.Load() == g
}

// cover watches all that decides what paths mean. It fails where the kernel would not tell of a change: on file systems
// that other machines write to, and where it takes no more watches.
func (s *sentry) cover(paths []string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range paths {
		on, err := links(p)
		if err != nil {
			return err
		}
		real, err := filepath.EvalSymlinks(p)
		if err != nil {
			return err
		}
		for _, at := range append(on, real) {
			if err := s.line(at); err != nil {
				return err
			}
		}
		if err := s.add(real, watchFile); err != nil {
			return err
		}
	}
	return nil
}

// line watches the folder of a path and those above it.
func (s *sentry) line(path string) error {
	dir := filepath.Dir(path)
	if err := s.add(dir, watchFolder); err != nil {
		return err
	}
	for up := filepath.Dir(dir); up != "/" && up != "."; up = filepath.Dir(up) {
		if err := s.add(up, watchAbove); err != nil {
			return err
		}
	}
	return nil
}

func (s *sentry) add(path string, mask uint32) error {
	key := fmt.Sprintf("%x %s", mask, path)
	if s.watched[key] {
		return nil
	}
	if len(s.watched) == 0 || mask == watchFile {
		if err := told(path); err != nil {
			return err
		}
	}
	if _, err := unix.InotifyAddWatch(s.raw, path, mask|unix.IN_MASK_ADD); err != nil {
		return fmt.Errorf("watch %s: %w", path, err)
	}
	s.watched[key] = true
	return nil
}

// local are the file systems on which every change passes this kernel (magic numbers of statfs(2)).
var local = map[int64]bool{
	0xEF53: true, 0x58465342: true, 0x9123683E: true, 0x01021994: true, 0x794C7630: true, 0x2FC12FC1: true,
	0xF2F52010: true, 0xCA451A4E: true, 0x73717368: true, 0x52654973: true, 0x858458F6: true, 0x3153464A: true,
}

func told(path string) error {
	var s unix.Statfs_t
	if err := unix.Statfs(path, &s); err != nil {
		return fmt.Errorf("watch %s: %w", path, err)
	}
	if !local[int64(s.Type)] { //nolint:unconvert // its type differs by architecture
		return fmt.Errorf("watch %s: changes on this file system are not told to this machine", path)
	}
	return nil
}

func (s *sentry) close() error {
	s.closed.Store(true)
	err := s.queue.Close()
	<-s.done
	return err
}
