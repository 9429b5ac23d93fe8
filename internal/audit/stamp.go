package audit

import (
	"io/fs"
	"time"
)

// stamp is what the file system says of a file without reading it. Files with equal stamps are taken for unchanged, as
// git does: size, time of change of content and of the inode, and the inode itself.
type stamp struct {
	size, modified, changed int64
	inode                   uint64
}

// racy is how old a file must have been when it was read for its stamp to prove anything: a later change within the
// resolution of the file system's clock would leave the stamp as it is.
const racy = 2 * time.Second

func (s stamp) trusted(read time.Time) bool {
	newest := max(s.modified, s.changed)
	return s.modified != 0 && read.UnixNano()-newest > int64(racy)
}

func stampOf(info fs.FileInfo) stamp {
	s := stamp{size: info.Size(), modified: info.ModTime().UnixNano()}
	s.changed, s.inode = inodeOf(info)
	return s
}
