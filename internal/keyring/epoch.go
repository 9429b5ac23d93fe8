package keyring

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// epoch counts what makes keys in memory stale: a destruction, a change of the keys above them. The count is eight bytes of a
// file that every process with an open ring maps, so that to look costs a load and no system call. The file holds nothing else
// and may be deleted while nothing runs.
type epoch struct {
	mapped []byte
	count  *atomic.Uint64
}

const epochFile = "keys.epoch"

func openEpoch(dir string) (*epoch, error) {
	f, err := os.OpenFile(filepath.Join(dir, epochFile), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", epochFile, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err == nil && info.Size() < 8 {
		err = f.Truncate(8)
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", epochFile, err)
	}
	b, err := unix.Mmap(int(f.Fd()), 0, 8, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("map %s: %w", epochFile, err)
	}
	e := &epoch{mapped: b, count: (*atomic.Uint64)(unsafe.Pointer(unsafe.SliceData(b)))}
	// Not at Close: a request that still runs may look once more, at an address that is gone.
	runtime.SetFinalizer(e, func(e *epoch) { _ = unix.Munmap(e.mapped) })
	return e, nil
}

func (e *epoch) load() uint64 {
	n := e.count.Load()
	runtime.KeepAlive(e)
	return n
}

// advance tells every process that what it holds may be stale.
func (e *epoch) advance() {
	e.count.Add(1)
	runtime.KeepAlive(e)
}
