// Package backup copies a data directory while a server works in it, and puts a copy back.
//
// A backup is a folder or a tar file with the files of the data directory under their own names and backup.json, which comes last
// and lists every file with its size and SHA-256; one without it is unfinished and refused. It needs no key, and holds none that is
// not wrapped: never the root key, nor anything of tls/. What can be derived is left out: index.db and the tiles, but for a log whose
// first records retention has removed, since tiles over them cannot be made again.
//
// Nothing is locked. The files of the log are immutable or grow at their end, so that a copy of what is there is a true log of some
// moment; SQLite files are copied in one read transaction. The order makes the parts fit: reeve.db, then the log, then keys.db. So every act
// that waits in reeve.db for its record is in one of the two (and may be recorded twice), every record's key is in keys.db, and a
// key that was destroyed meanwhile is not.
//
// A backup may hold all, only the keys or all but the keys: backups of keys.db keep what was destroyed later, so they should be
// few and young, while a log is kept for years. Restore puts together what belongs together.
package backup

import (
	"errors"
	"regexp"
	"time"
)

var (
	// ErrNotBackup says that something is no backup, or an unfinished or altered one.
	ErrNotBackup = errors.New("not a whole backup")
	// ErrExists says that a backup or a restored directory would replace something.
	ErrExists = errors.New("there is something already; nothing is overwritten")
)

// ManifestFile is the name of the list of files in a backup.
const ManifestFile = "backup.json"

// format names the form of a backup.
const format = "reeve.backup/1"

// What a backup may hold.
const (
	All  = "all"
	Keys = "keys" // keys.db and the erasure ledger
	Log  = "log"  // everything but the keys
)

// Manifest lists what a backup holds.
type Manifest struct {
	SchemaVersion int       `json:"schema_version"`
	Format        string    `json:"format"`
	Holds         string    `json:"holds"`
	Made          time.Time `json:"made"`             // before the first file was read
	Origin        string    `json:"origin,omitempty"` // of the log's checkpoint, with its size and root
	Leaves        uint64    `json:"leaves,omitempty"`
	Root          string    `json:"root,omitempty"`
	Erased        int       `json:"erased"` // lines of the erasure ledger
	Files         []File    `json:"files"`
}

// File is one file of a backup. Names have slashes.
type File struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// The names that a backup may hold. Restore writes no other.
var fileName = regexp.MustCompile(`^(keys\.db|keys\.ledger|reeve\.db|custody/checkpoint|custody/minimum|custody/log\.pub|custody/(wal|leaves|payload)/[0-9A-Za-z][0-9A-Za-z._-]{0,99}|custody/tile/(entries|[0-9]{1,2})/(x[0-9]{3}/){0,6}[0-9]{3}(\.p/[0-9]{1,3})?)$`)

func isKeys(name string) bool { return name == "keys.db" || name == "keys.ledger" }
