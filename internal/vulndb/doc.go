// Package vulndb keeps known vulnerabilities in a folder and finds those of given packages, without network.
//
// A snapshot is made from advisories in the OSV format (ossf.github.io/osv-schema): one file an ecosystem, with a line of JSON a
// package, sorted by name, so that a look-up is a search by halves in the file and nothing has to be loaded. manifest.json names
// the files by digest; signed, it is an in-toto statement. An older snapshot never replaces a newer one.
//
// A DB is safe for concurrent use. Import replaces a snapshot as a whole.
package vulndb

import "errors"

var (
	// ErrNone says that there is no snapshot in the folder.
	ErrNone = errors.New("no vulnerability snapshot")
	// ErrCorrupt says that a file is not what the manifest says.
	ErrCorrupt = errors.New("the vulnerability snapshot is corrupt")
	// ErrRollback says that an import is older than the snapshot that is there.
	ErrRollback = errors.New("older than the snapshot that is there")
)
