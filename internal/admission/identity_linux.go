package admission

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// exactIdentity says that an Identity holds inode and change time.
const exactIdentity = true

func identityOf(info os.FileInfo) Identity {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return Identity{Size: info.Size(), Mtime: info.ModTime().UnixNano()}
	}
	return Identity{Dev: s.Dev, Ino: s.Ino, Size: s.Size, Mtime: s.Mtim.Nano(), Ctime: s.Ctim.Nano()}
}

// sequential tells the kernel that a file is read once, from its beginning to its end.
func sequential(f *os.File) {
	_ = unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_SEQUENTIAL) // only advice
}
