package custody

import (
	"errors"
	"io"
	"os"
)

// FS is the part of the file system that the log writes through. Tests put one in place that fails.
// Its methods must be safe for concurrent use.
type FS interface {
	// Create opens a new file for the log. It fails where the file exists.
	Create(name string) (File, error)
	// Open opens an existing file of the log.
	Open(name string) (File, error)
	// Rename moves a file over another, atomically.
	Rename(from, to string) error
	// Remove deletes a file.
	Remove(name string) error
	// SyncDir makes the names in a directory durable.
	SyncDir(name string) error
}

// File is one open file of the log, to be written. Readers use handles of their own. WriteAt is called with whole blocks of 4096 bytes at block offsets, from memory that is aligned to them.
type File interface {
	io.WriterAt
	io.Closer
	// Sync makes the data durable. After an error nothing is known about what was written since the last Sync.
	Sync() error
	// Punch gives room back to the file system; the range, whole blocks of zeros, reads as zeros after it. It may return errors.ErrUnsupported.
	Punch(off, size int64) error
	// Truncate cuts or extends the file.
	Truncate(size int64) error
	// Size is the length of the file.
	Size() (int64, error)
}

// diskFS is the real file system.
type diskFS struct{}

func (diskFS) Create(name string) (File, error) {
	return openDirect(name, os.O_RDWR|os.O_CREATE|os.O_EXCL)
}

func (diskFS) Open(name string) (File, error) { return openDirect(name, os.O_RDWR) }
func (diskFS) Rename(from, to string) error   { return os.Rename(from, to) }
func (diskFS) Remove(name string) error       { return os.Remove(name) }
func (diskFS) SyncDir(name string) error {
	d, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// diskFile is a file that is written past the page cache where the file system allows it: a drain then costs about half the CPU.
type diskFile struct {
	*os.File
	direct bool
}

func openDirect(name string, flag int) (File, error) {
	f, err := os.OpenFile(name, flag, 0o600)
	if err != nil {
		return nil, err
	}
	return &diskFile{File: f, direct: setDirect(f, true)}, nil
}

// WriteAt implements io.WriterAt. Some file systems take the flag for direct writes and refuse them only here.
func (f *diskFile) WriteAt(p []byte, off int64) (int, error) {
	n, err := f.File.WriteAt(p, off)
	if n == 0 && err != nil && f.direct && refusesDirect(err) {
		f.direct = false
		setDirect(f.File, false)
		return f.File.WriteAt(p, off)
	}
	return n, err
}

// Sync implements File.
func (f *diskFile) Sync() error { return dataSync(f.File) }

// Punch implements File.
func (f *diskFile) Punch(off, size int64) error { return punchHole(f.File, off, size) }

// Size implements File.
func (f *diskFile) Size() (int64, error) {
	info, err := f.File.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}
