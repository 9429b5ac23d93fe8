package dataset

import (
	"bytes"
	"encoding/binary"
	"path"
	"strings"
)

// sniffMagic recognises files by their first bytes.
func sniffMagic(name string, head []byte) (kind, bool) {
	for _, m := range magics {
		if bytes.HasPrefix(head, []byte(m.prefix)) {
			return kind{format: m.format, reason: m.reason, open: m.open}, true
		}
	}
	switch {
	case isTar(head):
		return kind{format: Archive, open: tarArchive}, true
	case isArrowStream(head):
		return kind{format: Arrow, open: arrowStream}, true
	case len(head) > 12 && string(head[4:8]) == "ftyp":
		return kind{format: Binary, reason: "binary: video or picture"}, true
	case bytes.HasPrefix(head, []byte("RIFF")) && len(head) > 12:
		return kind{format: Binary, reason: "binary: sound or picture"}, true
	case isPKCS12(name, head):
		return kind{format: Binary, reason: "binary: PKCS #12 key store"}, true
	}
	return kind{}, false
}

// container is a file that is not text and has a reader of its own.
type container uint8

const (
	noContainer container = iota
	zipArchive
	tarArchive
	gzipFile
	zstdFile
	bzip2File
	parquetFile
	arrowFile
	arrowStream
	pdfFile
)

// read reads an input as such a file.
func (c container) read(rd *reader, in input) error {
	switch c {
	case zipArchive:
		return rd.zip(in)
	case tarArchive:
		return rd.tar(in)
	case gzipFile, zstdFile, bzip2File:
		return rd.compressed(in, c)
	case parquetFile:
		return rd.parquet(in)
	case arrowFile:
		return rd.arrowFile(in)
	case arrowStream:
		return rd.arrowStream(in)
	}
	return rd.pdf(in)
}

// magics are what files of a kind begin with.
var magics = []struct {
	prefix string
	format Format
	reason string
	open   container
}{
	{prefix: "PK\x03\x04", format: Archive, open: zipArchive},
	{prefix: "PK\x05\x06", format: Archive, open: zipArchive},
	{prefix: "\x1f\x8b\x08", format: Archive, open: gzipFile},
	{prefix: "\x28\xb5\x2f\xfd", format: Archive, open: zstdFile},
	{prefix: "BZh", format: Archive, open: bzip2File},
	{prefix: "PAR1", format: Parquet, open: parquetFile},
	{prefix: "PARE", format: Parquet, reason: "encrypted Parquet file"},
	{prefix: "ARROW1\x00\x00", format: Arrow, open: arrowFile},
	{prefix: "FEA1", format: Arrow, reason: "Feather version 1 is not supported"},
	{prefix: "%PDF-", format: PDF, open: pdfFile},
	{prefix: "\xfd7zXZ\x00", format: Binary, reason: "xz compression is not supported"},
	{prefix: "7z\xbc\xaf\x27\x1c", format: Binary, reason: "7z archives are not supported"},
	{prefix: "Rar!\x1a\x07", format: Binary, reason: "RAR archives are not supported"},
	{prefix: "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", format: Binary, reason: "binary: old or encrypted Office document"},
	{prefix: "\xfe\xed\xfe\xed", format: Binary, reason: "binary: Java key store"},
	{prefix: "\xce\xce\xce\xce", format: Binary, reason: "binary: Java key store"},
	{prefix: "\x03\xd9\xa2\x9a", format: Binary, reason: "binary: KeePass database"},
	{prefix: "SQLite format 3\x00", format: Binary, reason: "binary: SQLite database"},
	{prefix: "\x89PNG\r\n\x1a\n", format: Binary, reason: "binary: picture"},
	{prefix: "\xff\xd8\xff", format: Binary, reason: "binary: picture"},
	{prefix: "GIF8", format: Binary, reason: "binary: picture"},
	{prefix: "II*\x00", format: Binary, reason: "binary: picture"},
	{prefix: "MM\x00*", format: Binary, reason: "binary: picture"},
	{prefix: "\x7fELF", format: Binary, reason: "binary: program"},
	{prefix: "MZ\x90\x00", format: Binary, reason: "binary: program"},
	{prefix: "\xcf\xfa\xed\xfe", format: Binary, reason: "binary: program"},
	{prefix: "\x00asm", format: Binary, reason: "binary: program"},
	{prefix: "OggS", format: Binary, reason: "binary: sound"},
	{prefix: "fLaC", format: Binary, reason: "binary: sound"},
	{prefix: "ID3", format: Binary, reason: "binary: sound"},
	{prefix: "GGUF", format: Binary, reason: "binary: model"},
	{prefix: "\x89HDF\r\n\x1a\n", format: Binary, reason: "binary: HDF5"},
	{prefix: "\x93NUMPY", format: Binary, reason: "binary: NumPy array"},
	{prefix: "Obj\x01", format: Binary, reason: "Avro is not supported"},
	{prefix: "ORC\x00", format: Binary, reason: "ORC is not supported"},
}

// isTar recognises tar by the checksum in its first header, which every version of the format has.
func isTar(head []byte) bool {
	if len(head) < 512 || head[0] == 0 {
		return false
	}
	sum, want, seen := 0, 0, false
	for i, b := range head[:512] {
		if 148 <= i && i < 156 {
			if '0' <= b && b <= '7' {
				want, seen = want<<3|int(b-'0'), true
			}
			b = ' '
		}
		sum += int(b)
	}
	return seen && sum == want
}

// isArrowStream recognises an Arrow IPC stream: a continuation mark, then the length of a schema message of metadata.
func isArrowStream(head []byte) bool {
	if len(head) < 16 || binary.LittleEndian.Uint32(head) != 0xffffffff {
		return false
	}
	n := binary.LittleEndian.Uint32(head[4:])
	return n >= 16 && n%8 == 0 && n < 64<<20
}

// isPKCS12 recognises a PFX (RFC 7292): a DER sequence that begins with the version 3.
func isPKCS12(name string, head []byte) bool {
	i := bytes.Index(head[:min(len(head), 8)], []byte{0x02, 0x01, 0x03})
	if len(head) < 16 || head[0] != 0x30 || i < 2 {
		return false
	}
	ext := strings.ToLower(path.Ext(name))
	return ext == ".p12" || ext == ".pfx" || bytes.Contains(head[:min(len(head), 64)], pkcs7Data)
}

// pkcs7Data is the DER of the object identifier 1.2.840.113549.1.7.1.
var pkcs7Data = []byte{0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01}
