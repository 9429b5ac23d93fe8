package model

import (
	"archive/tar"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/bodgit/sevenzip"
)

// tar scans the members of a tar archive.
func (j *job) tar(where string, r *io.SectionReader, depth int) {
	t := tar.NewReader(r)
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			j.note(Invalid, "damaged", where, "the archive is damaged: "+readError(err), "take the file from its source again")
			return
		}
		member := within(where, h.Name)
		j.pathRules(member, h.Name)
		switch h.Typeflag {
		case tar.TypeReg:
			if strings.HasPrefix(baseName(h.Name), ".wh.") {
				j.note(Review, "whiteout", member, "a layer hides a file of the layers below it", "find out what it hides: scanners that look at one layer alone see another model")
			}
			err := j.unpack(member, t, h.Size, func(inner *io.SectionReader) {
				j.blob(member, baseName(h.Name), inner, depth+1)
				j.memberDigest(member, h.Name, inner)
			})
			if errors.Is(err, errBudget) {
				return
			}
		case tar.TypeSymlink, tar.TypeLink:
			j.linkRules(member, h.Linkname)
		case tar.TypeDir, tar.TypeXGlobalHeader:
		default:
			j.note(Malicious, "special-file", member, "a device or another special file in an archive", "do not unpack it")
		}
		if j.ctx.Err() != nil || j.members > j.s.opts.Limits.Members {
			return
		}
	}
}

// isOldTar recognises a tar archive without its magic by the checksum of its first header.
func isOldTar(head []byte) bool {
	if len(head) < 512 || head[0] == 0 {
		return false
	}
	want, err := strconv.ParseInt(strings.Trim(string(head[148:156]), " \x00"), 8, 64)
	if err != nil || want == 0 {
		return false
	}
	sum := int64(0)
	for i, b := range head[:512] {
		if i >= 148 && i < 156 {
			b = ' '
		}
		sum += int64(b)
	}
	return sum == want
}

// pathRules looks at the name of a member.
func (j *job) pathRules(where, name string) {
	clean := strings.ReplaceAll(name, `\`, "/")
	if strings.HasPrefix(clean, "/") || len(clean) > 1 && clean[1] == ':' || strings.Contains("/"+clean+"/", "/../") || strings.Contains(name, "\x00") {
		j.note(Malicious, "path-traversal", where, "a member's name leads out of the folder it is unpacked into", "do not unpack it")
	}
}

// linkRules looks at where a link of an archive points to.
func (j *job) linkRules(where, target string) {
	if strings.HasPrefix(target, "/") || strings.Contains("/"+strings.ReplaceAll(target, `\`, "/")+"/", "/../") {
		j.note(Malicious, "link-outside", where, "a link in the archive leads out of it", "do not unpack it")
		return
	}
	j.note(Review, "link", where, "a link in an archive", "put the file itself into the archive")
}

// sevenZip scans the members of a 7z archive.
func (j *job) sevenZip(where string, r *io.SectionReader, depth int) {
	defer func() {
		if p := recover(); p != nil { // the library's parser of foreign headers
			j.note(Invalid, "damaged", where, "the archive is damaged", "take the file from its source again")
		}
	}()
	z, err := sevenzip.NewReader(r, r.Size())
	if err != nil {
		var locked *sevenzip.ReadError
		if errors.As(err, &locked) && locked.Encrypted {
			j.encrypted(where)
			return
		}
		j.note(Invalid, "damaged", where, "the archive is damaged: "+readError(err), "take the file from its source again")
		return
	}
	for _, f := range z.File {
		member := within(where, f.Name)
		j.pathRules(member, f.Name)
		if f.FileInfo().IsDir() {
			continue
		}
		if !j.sevenZipMember(member, f, r.Size(), depth) {
			return
		}
	}
}

func (j *job) sevenZipMember(member string, f *sevenzip.File, packed int64, depth int) bool {
	content, err := f.Open()
	if err != nil {
		var locked *sevenzip.ReadError
		if errors.As(err, &locked) && locked.Encrypted {
			j.encrypted(member)
		} else {
			j.note(Invalid, "damaged", member, "it cannot be unpacked: "+readError(err), "take the file from its source again")
		}
		return j.enter(member, 0)
	}
	defer content.Close()
	err = j.unpack(member, content, packed, func(inner *io.SectionReader) { j.blob(member, baseName(f.Name), inner, depth+1) })
	return !errors.Is(err, errBudget) && j.ctx.Err() == nil && j.members <= j.s.opts.Limits.Members
}

func (j *job) encrypted(where string) {
	j.note(Review, "encrypted", where, "it is encrypted, so nobody can tell what is inside", "scan it unpacked, where the password is known")
}
