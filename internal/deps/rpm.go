package deps

import (
	"bytes"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"

	"modernc.org/sqlite/vfs" // also registers the driver "sqlite"
)

// rpmFiles are the names of rpm's databases: SQLite since rpm 4.16, NDB of SUSE. Berkeley DB (until rpm 4.15) is told as unread.
var rpmFiles = map[string]func(fsys fs.FS, p string, see func(header []byte) error) error{
	"rpmdb.sqlite": rpmSQLite, "Packages.db": rpmNDB, "Packages": rpmBerkeley,
}

// isRPM reports whether a path is that of an rpm database below a root.
func isRPM(p string) (root string, ok bool) {
	dir, base := path.Split(p)
	if rpmFiles[base] == nil {
		return "", false
	}
	for _, place := range []string{"var/lib/rpm/", "usr/lib/sysimage/rpm/", "usr/share/rpm/"} {
		if rest, is := trimEnd(dir, place); is {
			return rest, true
		}
	}
	return "", false
}

func trimEnd(s, end string) (string, bool) {
	if len(s) < len(end) || s[len(s)-len(end):] != end {
		return "", false
	}
	return s[:len(s)-len(end)], true
}

// rpm lists the packages of an rpm database.
func rpm(fsys fs.FS, p, system string) ([]Package, error) {
	var out []Package
	err := rpmFiles[path.Base(p)](fsys, p, func(header []byte) error {
		pkg, ok := rpmHeader(header)
		if !ok {
			return errors.New("a package whose header is not sound")
		}
		if len(out) >= MaxPackages {
			return fmt.Errorf("more than %d packages", MaxPackages)
		}
		if pkg.Name != "gpg-pubkey" { // keys that are trusted, no software
			pkg.Ecosystem = system
			out = append(out, pkg)
		}
		return nil
	})
	return out, err
}

// rpmSQLite reads the blobs of the table Packages. The file is opened read-only, through the file system that was given.
func rpmSQLite(fsys fs.FS, p string, see func([]byte) error) (err error) {
	name, registered, err := vfs.New(fsys)
	if err != nil {
		return fmt.Errorf("open rpm database: %w", err)
	}
	defer func() { err = errors.Join(err, registered.Close()) }()
	db, err := sql.Open("sqlite", "file:"+p+"?vfs="+name+"&mode=ro&immutable=1")
	if err != nil {
		return fmt.Errorf("open rpm database: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	rows, err := db.Query("SELECT blob FROM Packages")
	if err != nil {
		return errors.New("no sound rpm database")
	}
	defer rows.Close()
	for rows.Next() {
		var blob []byte
		if err := rows.Scan(&blob); err != nil {
			return errors.New("no sound rpm database")
		}
		if err := see(blob); err != nil {
			return err
		}
	}
	if rows.Err() != nil {
		return errors.New("no sound rpm database")
	}
	return nil
}

// NDB (rpm, lib/backend/ndb/rpmpkg.c): pages of 4096 bytes with slots of 16; a slot names a package and the block where its blob begins.
const (
	ndbMagic, ndbSlot, ndbBlob = 'R' | 'p'<<8 | 'm'<<16 | 'P'<<24, 'S' | 'l'<<8 | 'o'<<16 | 't'<<24, 'B' | 'l'<<8 | 'b'<<16 | 'S'<<24
	ndbPage, ndbBlock          = 4096, 16
)

func rpmNDB(fsys fs.FS, p string, see func([]byte) error) error {
	b, err := readSome(fsys, p)
	if err != nil {
		return err
	}
	le := binary.LittleEndian
	if len(b) < 32 || le.Uint32(b) != ndbMagic {
		return errors.New("no sound rpm database")
	}
	pages := int(le.Uint32(b[12:]))
	if pages > len(b)/ndbPage {
		return errors.New("no sound rpm database")
	}
	for at := 32; at+16 <= pages*ndbPage; at += 16 {
		slot := b[at : at+16]
		if le.Uint32(slot) != ndbSlot {
			return errors.New("no sound rpm database")
		}
		index, offset := le.Uint32(slot[4:]), int64(le.Uint32(slot[8:]))*ndbBlock
		if index == 0 {
			continue
		}
		if offset+16 > int64(len(b)) || le.Uint32(b[offset:]) != ndbBlob || le.Uint32(b[offset+4:]) != index {
			return errors.New("no sound rpm database")
		}
		size := int64(le.Uint32(b[offset+12:]))
		if offset+16+size > int64(len(b)) {
			return errors.New("no sound rpm database")
		}
		if err := see(b[offset+16 : offset+16+size]); err != nil {
			return err
		}
	}
	return nil
}

func rpmBerkeley(fs.FS, string, func([]byte) error) error {
	return errors.New("a Berkeley DB of rpm before 4.16, which is not read")
}

// Tags of rpm headers (rpm, include/rpm/rpmtag.h).
const (
	rpmTagName, rpmTagVersion, rpmTagRelease, rpmTagEpoch = 1000, 1001, 1002, 1003
	rpmTypeInt32, rpmTypeString                           = 4, 6
)

// rpmHeader reads name and version out of a header: two counts, an index of entries of 16 bytes, and their data, all big-endian.
func rpmHeader(b []byte) (Package, bool) {
	be := binary.BigEndian
	if len(b) < 8 {
		return Package{}, false
	}
	count, size := int64(be.Uint32(b)), int64(be.Uint32(b[4:]))
	if count > 1<<16 || 8+count*16+size > int64(len(b)) {
		return Package{}, false
	}
	data := b[8+count*16:][:size]
	var epoch string
	text := map[uint32]string{}
	for i := range count {
		e := b[8+i*16:]
		tag, kind, offset := be.Uint32(e), be.Uint32(e[4:]), int64(be.Uint32(e[8:]))
		switch {
		case offset >= size:
			continue
		case kind == rpmTypeString && tag >= rpmTagName && tag <= rpmTagRelease:
			s, _, ended := bytes.Cut(data[offset:], []byte{0})
			if !ended || len(s) > 1000 {
				return Package{}, false
			}
			text[tag] = string(s)
		case kind == rpmTypeInt32 && tag == rpmTagEpoch && offset+4 <= size:
			epoch = strconv.FormatUint(uint64(be.Uint32(data[offset:])), 10) + ":"
		}
	}
	p := Package{Name: text[rpmTagName], Version: epoch + text[rpmTagVersion] + "-" + text[rpmTagRelease]}
	return p, p.Name != "" && text[rpmTagVersion] != ""
}

// readSome reads a file of at most MaxBytes.
func readSome(fsys fs.FS, p string) ([]byte, error) {
	info, err := fs.Stat(fsys, p)
	if err != nil || info.Size() > MaxBytes {
		return nil, fmt.Errorf("it cannot be read, or has more than %d bytes", MaxBytes)
	}
	b, err := fs.ReadFile(fsys, p)
	if err != nil {
		return nil, errors.New("it cannot be read")
	}
	return b, nil
}
