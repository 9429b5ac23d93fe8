package custody

import (
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
)

// faultFS is the real file system with two additions. It fails the n-th call, or every call that needs space. And it keeps
// a second, pessimistic image of the disk: only what was synced is in it, and what a failed sync should have written is not.
type faultFS struct {
	root string

	mu     sync.Mutex
	calls  int
	failAt int   // number of the call that fails, 0 for none
	every  bool  // and each multiple of it, at most maxTimes times
	times  int   // how often it failed
	fault  error // what it fails with
	full   bool  // every write fails with ENOSPC
	noDir  bool  // no name becomes durable
	fired  bool

	names   map[string]*inode // as a reader sees them
	durable map[string]*inode // as they are after a power cut
}

// maxTimes ends what would go on for ever: each try to go on may take just as many calls as lie between two faults.
const maxTimes = 100

type inode struct {
	data    []byte // durable
	pending []func([]byte) []byte
}

var errShortWrite = errors.New("short write")

func newFaultFS(root string) *faultFS {
	return &faultFS{root: root, names: map[string]*inode{}, durable: map[string]*inode{}}
}

// set changes what fails, beside a log that is at work.
func (f *faultFS) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

// hit counts a call and reports its fault.
func (f *faultFS) hit(needsSpace bool) error {
	f.calls++
	if f.calls == f.failAt || f.every && f.calls%f.failAt == 0 && f.times < maxTimes {
		f.fired = true
		f.times++
		return f.fault
	}
	if f.full && needsSpace {
		return syscall.ENOSPC
	}
	return nil
}

// crash writes what survives a power cut into dir.
func (f *faultFS) crash(t testing.TB, dir string) {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	for name, node := range f.durable {
		rel, err := filepath.Rel(f.root, name)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, rel)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, node.data, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
}

func (f *faultFS) Create(name string) (File, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.hit(true); err != nil {
		return nil, err
	}
	file, err := quickFS{}.Create(name)
	if err != nil {
		return nil, err
	}
	node := &inode{}
	f.names[name] = node
	return &faultFile{File: file, fs: f, node: node}, nil
}

func (f *faultFS) Open(name string) (File, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.hit(false); err != nil {
		return nil, err
	}
	file, err := quickFS{}.Open(name)
	if err != nil {
		return nil, err
	}
	node := f.names[name]
	if node == nil { // was there before: durable as it is
		b, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		node = &inode{data: b}
		f.names[name], f.durable[name] = node, node
	}
	return &faultFile{File: file, fs: f, node: node}, nil
}

func (f *faultFS) Rename(from, to string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.hit(false); err != nil {
		return err
	}
	if err := os.Rename(from, to); err != nil {
		return err
	}
	f.names[to] = f.names[from]
	delete(f.names, from)
	return nil
}

func (f *faultFS) Remove(name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.hit(false); err != nil {
		return err
	}
	delete(f.names, name)
	return os.Remove(name)
}

func (f *faultFS) SyncDir(dir string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.hit(false); err != nil {
		return err
	}
	if f.noDir {
		return syscall.EIO
	}
	maps.DeleteFunc(f.durable, func(name string, _ *inode) bool { return filepath.Dir(name) == dir && f.names[name] == nil })
	for name, node := range f.names {
		if filepath.Dir(name) == dir {
			f.durable[name] = node
		}
	}
	return nil
}

type faultFile struct {
	File
	fs   *faultFS
	node *inode
}

func (f *faultFile) WriteAt(p []byte, off int64) (int, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if err := f.fs.hit(true); err != nil {
		if !errors.Is(err, errShortWrite) {
			return 0, err
		}
		n, _ := f.File.WriteAt(p[:len(p)/2&^(blockSize-1)], off)
		f.write(p[:n], off)
		return n, io.ErrShortWrite
	}
	f.write(p, off)
	return f.File.WriteAt(p, off)
}

func (f *faultFile) write(p []byte, off int64) {
	b := slices.Clone(p)
	f.node.pending = append(f.node.pending, func(data []byte) []byte {
		if end := int(off) + len(b); end > len(data) {
			data = append(data, make([]byte, end-len(data))...)
		}
		copy(data[off:], b)
		return data
	})
}

func (f *faultFile) Punch(off, size int64) error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if err := f.fs.hit(false); err != nil {
		return err
	}
	f.write(make([]byte, size), off)
	return f.File.Punch(off, size)
}

func (f *faultFile) Truncate(size int64) error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if err := f.fs.hit(false); err != nil {
		return err
	}
	f.node.pending = append(f.node.pending, func(data []byte) []byte {
		if int(size) <= len(data) {
			return data[:size]
		}
		return append(data, make([]byte, int(size)-len(data))...)
	})
	return f.File.Truncate(size)
}

func (f *faultFile) Sync() error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if err := f.fs.hit(false); err != nil {
		f.node.pending = nil // what a failed sync should have written is lost
		return err
	}
	for _, apply := range f.node.pending {
		f.node.data = apply(f.node.data)
	}
	f.node.pending = nil
	return nil // the image is what counts; the real disk need not be waited for
}
