package model

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"sort"
)

// The records of a zip archive (PKWARE APPNOTE 6.3.10, §4.3). Every reader of zip files trusts some of them and ignores others;
// here all are read and compared, since where they disagree two readers see two archives.
const (
	sigLocal   = 0x04034b50
	sigCentral = 0x02014b50
	sigEnd     = 0x06054b50
	sigEnd64   = 0x06064b50
	sigLoc64   = 0x07064b50

	endSize    = 22
	maxComment = 1<<16 - 1
	maxDir     = 24 << 20 // some 200,000 entries
)

// zipMember is one entry of the central directory, or a local header that no entry points to.
type zipMember struct {
	name          string
	flags, method uint16
	crc           uint32
	packed, size  int64
	local         int64 // offset of the local header
	data          int64 // offset of its data
	mode          uint32
	unlisted      bool
}

var errZip = errors.New("no sound zip directory")

// zipDir is what the central directory says.
type zipDir struct {
	members []*zipMember
	start   int64 // where the archive begins: what is before it is something else
	end     int64 // behind the end record and its comment
	dirAt   int64
}

// endsLikeZip reports whether an end record stands where zip readers look for it.
func endsLikeZip(r *io.SectionReader) bool {
	_, _, err := findEnd(r)
	return err == nil
}

// findEnd finds the end record whose comment reaches to the end of the file, as strict readers do.
func findEnd(r *io.SectionReader) (at int64, record []byte, err error) {
	n := min(r.Size(), endSize+maxComment)
	tail := make([]byte, n)
	if _, err := r.ReadAt(tail, r.Size()-n); err != nil && !errors.Is(err, io.EOF) {
		return 0, nil, err
	}
	sig := []byte("PK\x05\x06")
	for k := bytes.LastIndex(tail, sig); k >= 0; k = bytes.LastIndex(tail[:k], sig) {
		if k+endSize <= len(tail) && k+endSize+int(binary.LittleEndian.Uint16(tail[k+20:])) <= len(tail) {
			return r.Size() - n + int64(k), tail[k : k+endSize], nil
		}
	}
	return 0, nil, errZip
}

// readZipDir reads the central directory.
func readZipDir(r *io.SectionReader) (*zipDir, error) {
	at, rec, err := findEnd(r)
	if err != nil {
		return nil, err
	}
	le := binary.LittleEndian
	count, size, offset := uint64(le.Uint16(rec[10:])), uint64(le.Uint32(rec[12:])), uint64(le.Uint32(rec[16:]))
	dirEnd := at
	if at >= 20 { // some writers put the zip64 records even where nothing needs them
		if count, size, offset, dirEnd, err = readEnd64(r, at, count, size, offset); err != nil {
			return nil, err
		}
	}
	if size > maxDir || int64(size) > dirEnd {
		return nil, fmt.Errorf("%w: directory of %d bytes", errZip, size)
	}
	d := &zipDir{dirAt: dirEnd - int64(size), end: at + endSize + int64(le.Uint16(rec[20:]))}
	if d.start = d.dirAt - int64(offset); d.start < 0 {
		return nil, fmt.Errorf("%w: directory before the file", errZip)
	}
	raw := make([]byte, size)
	if _, err := r.ReadAt(raw, d.dirAt); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return d, d.read(raw, count)
}

func readEnd64(r *io.SectionReader, at int64, count, size, offset uint64) (uint64, uint64, uint64, int64, error) {
	var loc [20]byte
	if _, err := r.ReadAt(loc[:], at-20); err != nil {
		return 0, 0, 0, 0, err
	}
	le := binary.LittleEndian
	if le.Uint32(loc[:]) != sigLoc64 {
		return count, size, offset, at, nil
	}
	where := le.Uint64(loc[8:])
	var rec [56]byte
	for _, p := range []uint64{where, uint64(at - 20 - 56)} { // the stated place, and the usual one where bytes stand before the archive
		if p > uint64(at) {
			continue
		}
		if _, err := r.ReadAt(rec[:], int64(p)); err == nil && le.Uint32(rec[:]) == sigEnd64 {
			if count == 0xffff || size == 0xffffffff || offset == 0xffffffff {
				count, size, offset = le.Uint64(rec[32:]), le.Uint64(rec[40:]), le.Uint64(rec[48:])
			}
			return count, size, offset, int64(p), nil
		}
	}
	return 0, 0, 0, 0, fmt.Errorf("%w: no zip64 end record", errZip)
}

// read reads the entries. The count of the end record is not trusted, only compared.
func (d *zipDir) read(raw []byte, count uint64) error {
	le := binary.LittleEndian
	for len(raw) >= 46 && le.Uint32(raw) == sigCentral {
		n, x, c := int(le.Uint16(raw[28:])), int(le.Uint16(raw[30:])), int(le.Uint16(raw[32:]))
		if 46+n+x+c > len(raw) {
			return fmt.Errorf("%w: an entry is cut off", errZip)
		}
		m := &zipMember{
			name: string(raw[46 : 46+n]), flags: le.Uint16(raw[8:]), method: le.Uint16(raw[10:]), crc: le.Uint32(raw[16:]),
			packed: int64(le.Uint32(raw[20:])), size: int64(le.Uint32(raw[24:])), local: int64(le.Uint32(raw[42:])), mode: le.Uint32(raw[38:]) >> 16,
		}
		m.zip64(raw[46+n : 46+n+x])
		if m.local += d.start; m.local < 0 || m.packed < 0 || m.size < 0 {
			return fmt.Errorf("%w: an entry of impossible size", errZip)
		}
		d.members = append(d.members, m)
		raw = raw[46+n+x+c:]
	}
	if uint64(len(d.members)) != count && uint64(len(d.members))&0xffff != count {
		return fmt.Errorf("%w: %d entries, and the end record says %d", errZip, len(d.members), count)
	}
	return nil
}

// zip64 reads the sizes that do not fit 32 bits (APPNOTE §4.5.3).
func (m *zipMember) zip64(extra []byte) {
	le := binary.LittleEndian
	for len(extra) >= 4 {
		id, n := le.Uint16(extra), int(le.Uint16(extra[2:]))
		if 4+n > len(extra) {
			return
		}
		body := extra[4 : 4+n]
		if id == 1 {
			for _, field := range []*int64{&m.size, &m.packed, &m.local} {
				if *field == 0xffffffff && len(body) >= 8 {
					*field = int64(le.Uint64(body))
					body = body[8:]
				}
			}
			return
		}
		extra = extra[4+n:]
	}
}

// readLocal reads the local header of m, sets where its data begin, and returns in what the two disagree.
func (m *zipMember) readLocal(r *io.SectionReader) (differs string, err error) {
	var h [30]byte
	if _, err := r.ReadAt(h[:], m.local); err != nil {
		return "", fmt.Errorf("%w: no local header", errZip)
	}
	le := binary.LittleEndian
	if le.Uint32(h[:]) != sigLocal {
		return "", fmt.Errorf("%w: no local header", errZip)
	}
	n, x := int64(le.Uint16(h[26:])), int64(le.Uint16(h[28:]))
	rest := make([]byte, n+x)
	if _, err := r.ReadAt(rest, m.local+30); err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("%w: local header is cut off", errZip)
	}
	m.data = m.local + 30 + n + x
	l := zipMember{
		name: string(rest[:n]), flags: le.Uint16(h[6:]), method: le.Uint16(h[8:]), crc: le.Uint32(h[14:]),
		packed: int64(le.Uint32(h[18:])), size: int64(le.Uint32(h[22:])),
	}
	l.zip64(rest[n:])
	const descriptor = 8
	switch {
	case l.name != m.name:
		return "name", nil
	case l.method != m.method:
		return "method", nil
	case (l.flags^m.flags)&^uint16(0x0800) != 0:
		return "flags", nil
	case l.flags&descriptor == 0 && (l.packed != m.packed || l.size != m.size):
		return "size", nil
	case l.flags&descriptor == 0 && l.crc != m.crc:
		return "checksum", nil
	}
	return "", nil
}

// gaps returns the ranges of the archive that belong to no member, in order.
func (d *zipDir) gaps() [][2]int64 {
	ms := slices.Clone(d.members)
	sort.Slice(ms, func(a, b int) bool { return ms[a].local < ms[b].local })
	var out [][2]int64
	at := d.start
	for _, m := range ms {
		if m.local > at {
			out = append(out, [2]int64{at, m.local})
		}
		at = max(at, m.data+m.packed)
		if m.flags&8 != 0 {
			at += 24 // the longest data descriptor; a shorter one hides nothing of use
		}
	}
	if d.dirAt > at {
		out = append(out, [2]int64{at, d.dirAt})
	}
	return out
}

// overlaps reports whether two members share bytes.
func (d *zipDir) overlaps() bool {
	ms := slices.Clone(d.members)
	sort.Slice(ms, func(a, b int) bool { return ms[a].local < ms[b].local })
	for i := 1; i < len(ms); i++ {
		if ms[i].local < ms[i-1].data+ms[i-1].packed {
			return true
		}
	}
	return false
}
