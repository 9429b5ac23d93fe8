package model

import (
	"bytes"
	"compress/bzip2"
	"compress/flate"
	"errors"
	"hash/crc32"
	"io"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// zip scans an archive: every member of its directory, members that the directory does not list, and what stands before and behind.
func (j *job) zip(where string, r *io.SectionReader, depth int) {
	d, err := readZipDir(r)
	if err != nil {
		j.format("zip", depth)
		j.note(Invalid, "damaged", where, "the archive is damaged: "+readError(err), "take the file from its source again")
		j.salvage(where, r, 0, r.Size(), depth)
		return
	}
	kind := kindOfZip(d.members)
	j.format(kind, depth)
	j.zipShape(where, kind, d)
	seen := map[string]bool{}
	for _, m := range d.members {
		member := within(where, m.name)
		j.pathRules(member, m.name)
		if folded := strings.ToLower(strings.TrimSuffix(m.name, "/")); seen[folded] {
			j.note(Malicious, "zip-duplicate", member, "two members have one name, so two readers read two files", "do not load this file")
		} else {
			seen[folded] = true
		}
		differs, err := m.readLocal(r)
		if err != nil {
			j.note(Invalid, "damaged", member, "its header cannot be read", "take the file from its source again")
			continue
		}
		if differs != "" {
			j.note(Malicious, "zip-mismatch", member, "directory and header disagree about its "+differs+", so two readers read two files", "do not load this file")
		}
		if !strings.HasSuffix(m.name, "/") || m.size > 0 {
			j.zipMember(member, kind, m, r, depth)
		}
		if j.ctx.Err() != nil || j.members > j.s.opts.Limits.Members {
			return
		}
	}
	if kind == "torch-zip" {
		j.storageSizes(where, d.members)
	}
	if d.overlaps() {
		j.note(Malicious, "zip-overlap", where, "members share bytes", "do not load this file")
	}
	j.outside(where, r, d, depth)
}

// kindOfZip tells what kind of model an archive is.
func kindOfZip(members []*zipMember) string {
	kind := "zip"
	npy := len(members) > 0
	for _, m := range members {
		base := baseName(m.name)
		switch {
		case base == "data.pkl":
			kind = "torch-zip"
		case base == "constants.pkl" && kind != "torch-zip":
			kind = "torch-zip"
		case base == "metadata.json" || base == "config.json" || strings.HasSuffix(base, ".weights.h5"):
			if kind == "zip" && hasMember(members, "model.weights.h5") {
				kind = "keras"
			}
		}
		npy = npy && strings.HasSuffix(base, ".npy")
	}
	if npy {
		return "npz"
	}
	return kind
}

func hasMember(members []*zipMember, name string) bool {
	for _, m := range members {
		if m.name == name {
			return true
		}
	}
	return false
}

// zipShape tells what the list of members alone shows.
func (j *job) zipShape(where, kind string, d *zipDir) {
	for _, m := range d.members {
		if kind == "torch-zip" && strings.Contains(m.name, "/code/") {
			j.note(Review, "torchscript", where, "TorchScript: the file carries a program that runs with the model", "have the program reviewed and pin the file by its hash, or take the weights alone")
			return
		}
	}
}

func (j *job) zipMember(member, kind string, m *zipMember, r *io.SectionReader, depth int) {
	if m.mode&0o170000 == 0o120000 {
		j.zipLink(member, m, r)
		return
	}
	if m.flags&^uint16(0x0001|0x0006|0x0008|0x0800) != 0 {
		j.note(Malicious, "zip-flags", member, "flags that some readers refuse and others ignore", "do not load this file")
	}
	if m.packed > r.Size()-m.data {
		j.note(Invalid, "damaged", member, "its data end behind the file", "take the file from its source again")
		m.packed = max(r.Size()-m.data, 0)
	}
	raw := io.NewSectionReader(r, m.data, m.packed)
	if m.flags&1 != 0 && !j.notReallyEncrypted(m, raw) {
		j.encrypted(member)
		return
	} else if m.flags&1 != 0 {
		j.note(Malicious, "zip-flags", member, "marked as encrypted, and it is not: scanners skip it and loaders read it", "do not load this file")
	}
	if kind == "torch-zip" && isStorage(m.name) && m.method == 0 {
		j.storage(member, raw)
		return
	}
	j.zipContent(member, m, raw, depth)
}

// zipContent scans the content of a member.
func (j *job) zipContent(member string, m *zipMember, raw *io.SectionReader, depth int) {
	base := baseName(m.name)
	if m.method == 0 {
		j.blob(member, base, raw, depth+1)
		j.checksum(member, m, raw)
		return
	}
	src := decoder(m.method, raw)
	if src == nil {
		j.note(Review, "unknown-format", member, "packed by a method that is not unpacked here", "unpack it and scan what is inside")
		return
	}
	sum := crc32.NewIEEE()
	err := j.unpack(member, io.TeeReader(src, sum), m.packed, func(inner *io.SectionReader) { j.blob(member, base, inner, depth+1) })
	if err == nil && sum.Sum32() != m.crc {
		j.wrongChecksum(member)
	}
}

func (j *job) checksum(member string, m *zipMember, raw *io.SectionReader) {
	sum := crc32.NewIEEE()
	if _, err := io.Copy(sum, raw); err == nil && sum.Sum32() != m.crc {
		j.wrongChecksum(member)
	}
}

func (j *job) wrongChecksum(member string) {
	j.note(Invalid, "zip-checksum", member, "its checksum is wrong: strict readers refuse it and lenient ones load it", "take the file from its source again")
}

// decoder returns what unpacks a member; nil where the method is not known.
func decoder(method uint16, r io.Reader) io.Reader {
	switch method {
	case 0:
		return r
	case 8:
		return flate.NewReader(r)
	case 12:
		return bzip2.NewReader(r)
	case 93:
		if z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(64<<20), zstd.WithDecoderMaxWindow(32<<20)); err == nil {
			return z.IOReadCloser()
		}
	}
	return nil
}

// notReallyEncrypted reports whether a member marked as encrypted unpacks to its checksum as it is.
func (j *job) notReallyEncrypted(m *zipMember, raw *io.SectionReader) bool {
	src := decoder(m.method, io.NewSectionReader(raw, 0, raw.Size()))
	if src == nil || m.size > 1<<30 {
		return false
	}
	sum := crc32.NewIEEE()
	n, err := io.Copy(sum, io.LimitReader(src, m.size+1))
	return err == nil && n == m.size && sum.Sum32() == m.crc
}

// isStorage reports whether a member of a torch archive holds the raw bytes of a tensor.
func isStorage(name string) bool {
	parts := strings.Split(name, "/")
	if len(parts) < 2 || parts[len(parts)-2] != "data" && parts[len(parts)-2] != "constants" && parts[len(parts)-2] != "tensors" {
		return false
	}
	for _, c := range parts[len(parts)-1] {
		if c < '0' || c > '9' {
			return false
		}
	}
	return parts[len(parts)-1] != ""
}

// storage looks whether the bytes of a tensor are a pickle, which a loader could be led to.
func (j *job) storage(member string, raw *io.SectionReader) {
	if startsPickle(raw, 0) {
		if p := j.runPickle(raw, 0); convincing(p) {
			j.s.judgePickle(j.r, member, p)
		}
	}
}

func (j *job) zipLink(member string, m *zipMember, r *io.SectionReader) {
	target := make([]byte, min(m.packed, 4096))
	if m.method != 0 {
		j.note(Review, "link", member, "a link in an archive", "put the file itself into the archive")
		return
	}
	n, _ := r.ReadAt(target, m.data)
	j.linkRules(member, string(target[:n]))
}

// outside scans what belongs to no member: before the archive, between members, behind the end.
func (j *job) outside(where string, r *io.SectionReader, d *zipDir, depth int) {
	for _, g := range d.gaps() {
		j.salvage(where, r, g[0], g[1], depth)
	}
	if d.start > 0 {
		j.around(where, io.NewSectionReader(r, 0, d.start), depth)
	}
	if d.end < r.Size() {
		j.around(where, io.NewSectionReader(r, d.end, r.Size()-d.end), depth)
	}
}

// around scans bytes before or behind an archive: a polyglot is one file for one reader and another for the next.
func (j *job) around(where string, r *io.SectionReader, depth int) {
	head := make([]byte, min(headBytes, r.Size()))
	n, _ := r.ReadAt(head, 0)
	if len(bytes.Trim(head[:n], "\x00")) == 0 && r.Size() <= headBytes {
		return
	}
	j.note(Review, "polyglot", where, "bytes stand before or behind what the file is", "find out what they are, or save the model anew")
	if startsPickle(r, 0) {
		j.pickles(where, r)
		return
	}
	if !j.probe(where, r, 0) {
		j.resync(where, r, 0, true)
	}
}

// salvage scans members that no directory lists, by their local headers.
func (j *job) salvage(where string, r *io.SectionReader, from, to int64, depth int) {
	window := make([]byte, min(to-from, 8<<20))
	n, err := r.ReadAt(window, from)
	if err != nil && !errors.Is(err, io.EOF) {
		return
	}
	window = window[:n]
	for k := 0; ; {
		next := bytes.Index(window[k:], []byte("PK\x03\x04"))
		if next < 0 || !j.enter(where, depth) {
			return
		}
		k += next
		m := &zipMember{local: from + int64(k), unlisted: true}
		if _, err := m.readLocal(r); err == nil && m.data < to {
			j.unlisted(where, m, r, to, depth)
		}
		k += 4
	}
}

func (j *job) unlisted(where string, m *zipMember, r *io.SectionReader, to int64, depth int) {
	var h [30]byte
	if _, err := r.ReadAt(h[:], m.local); err != nil {
		return
	}
	name := make([]byte, min(int(h[26])|int(h[27])<<8, 4096))
	_, _ = r.ReadAt(name, m.local+30)
	member := within(where, string(name))
	j.note(Malicious, "zip-unlisted", member, "a member stands in the archive that its directory does not list", "do not load this file")
	raw := io.NewSectionReader(r, m.data, to-m.data)
	if src := decoder(uint16(h[8])|uint16(h[9])<<8, raw); src != nil {
		_ = j.unpack(member, io.LimitReader(src, 64<<20), raw.Size(), func(inner *io.SectionReader) { j.blob(member, baseName(string(name)), inner, depth+1) })
	}
}
