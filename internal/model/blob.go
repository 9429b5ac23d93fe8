package model

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"unicode/utf8"
)

// content is what bytes are, told from the bytes.
type content uint8

const (
	isUnknown content = iota
	isEmpty
	isPickle
	isZip
	isSevenZip
	isTar
	isCompressed // one stream: gzip, zlib, bzip2, xz, lzma, zstd, lz4
	isNpy
	isSafetensors
	isGGUF
	isHDF5
	isProgram
	isJSON
	isText
)

// headBytes are read to tell what something is.
const headBytes = 4096

// blob scans bytes of which only the name is known, and that only for what names say: nothing is trusted for its name.
func (j *job) blob(where, name string, r *io.SectionReader, depth int) {
	if !j.enter(where, depth) {
		return
	}
	head := make([]byte, min(headBytes, r.Size()))
	if _, err := r.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		j.note(Error, "unreadable", where, "the bytes cannot be read: "+readError(err), "look at the disk, and scan again")
		return
	}
	switch what := sniff(head, name, r); what {
	case isEmpty:
		j.format("empty", depth)
	case isPickle:
		j.format("pickle", depth)
		j.pickles(where, r)
	case isZip:
		j.zip(where, r, depth)
	case isSevenZip:
		j.format("7z", depth)
		j.sevenZip(where, r, depth)
	case isTar:
		j.format("tar", depth)
		j.tar(where, r, depth)
	case isCompressed:
		j.compressed(where, name, head, r, depth)
	case isNpy:
		j.format("npy", depth)
		j.npy(where, r)
	case isSafetensors:
		j.format("safetensors", depth)
		j.safetensors(where, r, depth)
	case isGGUF:
		j.format("gguf", depth)
		j.gguf(where, r, depth)
	case isHDF5:
		j.format("hdf5", depth)
		j.hdf5(where, r)
	case isProgram:
		j.format("program", depth)
		j.note(Review, "program", where, "a program lies among the files of the model", "models need no programs: take it out, or have it reviewed")
		j.trailing(where, r, depth)
	default:
		j.rest(where, name, head, r, depth, what)
	}
}

// rest scans what has no mark at its beginning: JSON, text, protocol buffers, pickles of protocol 0 and 1, and what nobody knows.
func (j *job) rest(where, name string, head []byte, r *io.SectionReader, depth int, what content) {
	switch {
	case j.probe(where, r, 0):
		j.format("pickle", depth)
	case isProtobufModel(name, head, r):
		j.protobuf(where, name, r, depth)
	case what == isUnknown && j.other(where, name, head, r, depth), what == isJSON && recognise(head) != "" && j.other(where, name, head, r, depth):
	case what == isJSON && !isTemplateName(name):
		j.format("json", depth)
		if codeSuffixes[strings.ToLower(path.Ext(name))] {
			j.text(where, name, r)
			return
		}
		j.json(where, name, r)
	case what == isText || what == isJSON:
		j.format("text", depth)
		j.text(where, name, r)
	case path.Base(name) == "version" || path.Base(name) == "byteorder":
	default:
		j.format("unknown", depth)
		j.note(Review, "unknown-format", where, "the content is of no known format", "take the model in a known format, or have this file reviewed and pin it by its hash")
	}
}

// format keeps the format of the file itself.
func (j *job) format(name string, depth int) {
	if depth == 0 && j.r.Format == "" {
		j.r.Format = name
	}
}

// sniff tells what bytes are from their first bytes, and from their end where a format is found from there.
func sniff(head []byte, name string, r *io.SectionReader) content {
	has := func(magic string) bool { return bytes.HasPrefix(head, []byte(magic)) }
	switch {
	case len(head) == 0:
		return isEmpty
	case has("PK\x03\x04"), has("PK\x05\x06"):
		return isZip
	case has("7z\xbc\xaf\x27\x1c"):
		return isSevenZip
	case len(head) > 1 && head[0] == 0x80 && head[1] <= 5:
		return isPickle
	case has("\x93NUMPY"):
		return isNpy
	case has("GGUF"), has("FUGG"):
		return isGGUF
	case has("\x89HDF\r\n\x1a\n"):
		return isHDF5
	case compression(head) != "":
		return isCompressed
	case has("\x7fELF"), has("MZ"), has("#!"), has("\xcf\xfa\xed\xfe"), has("\xca\xfe\xba\xbe"), has("\xfe\xed\xfa\xcf"):
		return isProgram
	case len(head) > 262 && string(head[257:262]) == "ustar", isOldTar(head):
		return isTar
	case looksLikeSafetensors(head, r.Size()):
		return isSafetensors
	case endsLikeZip(r):
		return isZip
	}
	return sniffText(head)
}

func sniffText(head []byte) content {
	text := bytes.TrimPrefix(head, []byte("\xef\xbb\xbf"))
	if !isTextual(text) {
		return isUnknown
	}
	if t := bytes.TrimLeft(text, " \t\r\n"); len(t) > 0 && (t[0] == '{' || t[0] == '[') {
		return isJSON
	}
	return isText
}

// isTextual reports whether b is UTF-8 without control characters, but for a character cut off at the end.
func isTextual(b []byte) bool {
	for len(b) > 0 {
		c, n := utf8.DecodeRune(b)
		if c == utf8.RuneError && n == 1 {
			return len(b) < utf8.UTFMax && !utf8.FullRune(b)
		}
		if c < ' ' && c != '\t' && c != '\n' && c != '\r' && c != '\f' {
			return false
		}
		b = b[n:]
	}
	return true
}

// compression names the stream format that begins like head.
func compression(head []byte) string {
	switch {
	case bytes.HasPrefix(head, []byte("\x1f\x8b\x08")):
		return "gzip"
	case bytes.HasPrefix(head, []byte("\x28\xb5\x2f\xfd")):
		return "zstd"
	case bytes.HasPrefix(head, []byte("\xfd7zXZ\x00")):
		return "xz"
	case len(head) > 4 && bytes.HasPrefix(head, []byte("BZh")) && head[3] >= '1' && head[3] <= '9' && bytes.HasPrefix(head[4:], []byte("\x31\x41\x59\x26\x53\x59")):
		return "bzip2"
	case len(head) > 2 && head[0] == 0x78 && (int(head[0])<<8|int(head[1]))%31 == 0 && head[1]&0x20 == 0:
		return "zlib"
	case len(head) > 13 && head[0] == 0x5d && head[1] == 0 && head[2] == 0 && (bytes.Count(head[5:13], []byte{0xff}) == 8 || binary.LittleEndian.Uint64(head[5:]) < 1<<40):
		return "lzma"
	case bytes.HasPrefix(head, []byte("\x04\x22\x4d\x18")), bytes.HasPrefix(head, []byte("\x02\x21\x4c\x18")):
		return "lz4"
	case bytes.HasPrefix(head, []byte("ZF0x")) && len(head) > oldJoblibHead && head[oldJoblibHead] == 0x78:
		return "joblib-zlib"
	}
	return ""
}

func looksLikeSafetensors(head []byte, size int64) bool {
	if len(head) < 9 || head[8] != '{' {
		return false
	}
	n := binary.LittleEndian.Uint64(head)
	return n <= 1<<32 && (int64(n) <= size || n < 1<<30)
}

// baseName is the last element of a path in either spelling.
func baseName(p string) string {
	if i := strings.LastIndexAny(p, `/\`); i >= 0 {
		return p[i+1:]
	}
	return p
}

// within names a member of a container.
func within(where, member string) string {
	if len(member) > 200 {
		member = member[:200] + "…"
	}
	if !isTextual([]byte(member)) {
		member = fmt.Sprintf("%+q", member)
	}
	if where == "" {
		return member
	}
	return where + "!/" + member
}
