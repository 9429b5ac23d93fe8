package model

import (
	"encoding/binary"
	"io"
	"regexp"
	"strconv"
	"strings"
)

var (
	npyDescr = regexp.MustCompile(`'descr'\s*:\s*(?:'([^']*)'|(\[))`)
	npyShape = regexp.MustCompile(`'shape'\s*:\s*\(([0-9L,\s]*)\)`)
	npyPlain = regexp.MustCompile(`^[A-Za-z0-9_ '",:()\[\]{}<>|=.\-\n\t+\\/]*$`)
)

// npy scans an array of numpy (numpy/lib/format.py): a header that is a Python literal, then raw elements, or a pickle where
// the type holds objects.
func (j *job) npy(where string, r *io.SectionReader) {
	var h [12]byte
	n, _ := r.ReadAt(h[:], 0)
	if n < 12 || h[6] < 1 || h[6] > 3 {
		j.note(Invalid, "damaged", where, "the header of the array is cut off or of an unknown version", "take the file from its source again")
		return
	}
	at, length := int64(10), int64(binary.LittleEndian.Uint16(h[8:]))
	if h[6] > 1 {
		at, length = 12, int64(binary.LittleEndian.Uint32(h[8:]))
	}
	if length > 1<<20 || at+length > r.Size() {
		j.note(Invalid, "damaged", where, "the header of the array ends behind the file", "take the file from its source again")
		return
	}
	raw := make([]byte, length)
	if _, err := r.ReadAt(raw, at); err != nil && err != io.EOF {
		return
	}
	header := string(raw)
	if !npyPlain.MatchString(header) {
		j.note(Malicious, "npy-header", where, "the header of the array is no plain literal", "do not load this file")
	}
	j.npyData(where, header, io.NewSectionReader(r, at+length, r.Size()-at-length))
}

func (j *job) npyData(where, header string, data *io.SectionReader) {
	descr := npyDescr.FindStringSubmatch(header)
	if descr == nil {
		j.note(Invalid, "damaged", where, "the header of the array names no type", "take the file from its source again")
		return
	}
	if strings.Contains(descr[1], "O") || descr[2] != "" && regexp.MustCompile(`'[<>|=]?O`).MatchString(header) {
		j.pickles(where, data)
		return
	}
	if want, ok := npyBytes(header, descr[1]); ok && want != data.Size() {
		if want > data.Size() {
			j.note(Invalid, "damaged", where, "the array is cut off", "take the file from its source again")
			return
		}
		j.resync(where, io.NewSectionReader(data, want, data.Size()-want), 0, false)
	} else if startsPickle(data, 0) {
		j.storage(where, data)
	}
}

// npyBytes is the size of the elements that a header declares.
func npyBytes(header, descr string) (int64, bool) {
	shape := npyShape.FindStringSubmatch(header)
	digits := strings.TrimLeft(descr, "<>|=abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ?")
	size, err := strconv.ParseInt(digits, 10, 32)
	if shape == nil || err != nil {
		return 0, false
	}
	if strings.Contains(descr, "U") {
		size *= 4
	}
	for _, d := range strings.Split(shape[1], ",") {
		if d = strings.TrimRight(strings.TrimSpace(d), "L"); d == "" {
			continue
		}
		n, err := strconv.ParseInt(d, 10, 64)
		if err != nil || n < 0 || n > 0 && size > (1<<60)/n {
			return 0, false
		}
		size *= n
	}
	return size, true
}
