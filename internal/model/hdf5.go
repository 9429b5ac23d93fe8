package model

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"github.com/reeve-ai/reeve/internal/hdf5"
)

// hdf5Filters are the filters that HDF5 and the libraries of Python bring along; others are programs that are loaded by their number.
var hdf5Filters = map[int]bool{1: true, 2: true, 3: true, 4: true, 5: true, 6: true, 32000: true, 32001: true, 32004: true, 32008: true, 32013: true, 32015: true, 32026: true, 305: true, 307: true}

// hdf5 scans an HDF5 file by its structure: configurations of Keras in attributes, pickles in attributes (as PyTables and pandas write
// them), and what leads to other files. Where the structure cannot be read, the bytes are searched.
func (j *job) hdf5(where string, r *io.SectionReader) {
	err := hdf5.Walk(r, &hdf5.Visitor{
		Attribute: func(object, name string, values []*io.SectionReader) {
			for _, v := range values {
				j.hdf5Text(within(where, strings.Trim(object+"/"+name, "/")), name, v)
			}
		},
		External: func(object, kind, file string) { j.hdf5External(within(where, strings.Trim(object, "/")), kind, file) },
		Filter: func(object string, id int) {
			if !hdf5Filters[id] {
				j.note(Review, "hdf5-filter", within(where, strings.Trim(object, "/")), "its data pass a filter that is loaded as a program", "save the model without filters of its own")
			}
		},
	})
	switch {
	case errors.Is(err, hdf5.ErrUnread), errors.Is(err, hdf5.ErrLimit):
		j.note(Review, "hdf5-unread", where, "a part of its structure cannot be read", "save the model anew, or have it reviewed")
		j.hdf5Search(where, r)
	case err != nil:
		j.note(Invalid, "damaged", where, "its structure is damaged", "take the file from its source again")
		j.hdf5Search(where, r)
	}
	j.resync(where, r, 0, true)
}

// hdf5Text judges the text of an attribute.
func (j *job) hdf5Text(where, name string, v *io.SectionReader) {
	head := make([]byte, min(v.Size(), 64))
	n, _ := v.ReadAt(head, 0)
	head = bytes.TrimLeft(head[:n], " \t\r\n")
	switch {
	case len(head) == 0 || j.ctx.Err() != nil:
	case head[0] == '{' || head[0] == '[':
		w := newJSONWalk(j, where, io.NewSectionReader(v, 0, textEnd(v)))
		w.keras = true
		if err := w.value("", 0); err != nil && strings.HasSuffix(name, "_config") {
			j.note(Invalid, "damaged", where, "it is no sound JSON", "take the file from its source again")
		}
		w.conclude()
	case v.Size() > 4:
		j.probe(where, v, 0)
	}
}

// textEnd is the length of a text that zeros or spaces fill up.
func textEnd(v *io.SectionReader) int64 {
	end := v.Size()
	buf := make([]byte, 4096)
	for end > 0 {
		from := max(end-int64(len(buf)), 0)
		n, _ := v.ReadAt(buf[:end-from], from)
		if kept := len(bytes.TrimRight(buf[:n], "\x00 ")); kept > 0 || n == 0 {
			return from + int64(kept)
		}
		end = from
	}
	return 0
}

func (j *job) hdf5External(where, kind, file string) {
	if leadsOut(file) {
		j.note(Malicious, "path-traversal", where, "an external "+kind+" reads a file outside of the model's folder", "do not load this model")
		return
	}
	if file == "." { // of a virtual data set: the file itself
		return
	}
	j.note(Review, "hdf5-external", where, "an external "+kind+" reads another file", "put the data into the file itself")
}

// leadsOut reports whether a path is absolute, climbs out of its folder, or is an address.
func leadsOut(p string) bool {
	clean := strings.ReplaceAll(p, `\`, "/")
	return strings.HasPrefix(clean, "/") || strings.HasPrefix(clean, "~") || len(clean) > 1 && clean[1] == ':' || strings.Contains("/"+clean+"/", "/../") || strings.Contains(clean, "://") || strings.Contains(clean, "\x00")
}

const maxHDF5Config = 16 << 20

// hdf5Search looks through the bytes for configurations of Keras.
func (j *job) hdf5Search(where string, r *io.SectionReader) {
	keras, lambda := false, false
	forEachWindow(r, 1<<20, 256, func(at int64, b []byte) bool {
		for _, mark := range [][]byte{[]byte(`"class_name"`), []byte("model_config")} {
			keras = keras || bytes.Contains(b, mark)
		}
		lambda = lambda || bytes.Contains(b, []byte(`"Lambda"`)) || bytes.Contains(b, []byte(`"__lambda__"`))
		return j.ctx.Err() == nil
	})
	switch {
	case lambda && keras:
		j.note(Malicious, "keras-lambda", where, "a Lambda layer carries Python code", "do not load this model; ask for one without Lambda layers")
	case keras:
		j.hdf5Config(where, r)
	}
}

// hdf5Config reads the configurations in the file as JSON.
func (j *job) hdf5Config(where string, r *io.SectionReader) {
	forEachWindow(r, maxHDF5Config, 0, func(at int64, b []byte) bool {
		for k := 0; ; {
			next := bytes.Index(b[k:], []byte(`{"`))
			if next < 0 {
				return true
			}
			k += next
			if head := b[k:min(k+40, len(b))]; bytes.Contains(head, []byte(`"class_name"`)) || bytes.Contains(head, []byte(`"module"`)) || bytes.Contains(head, []byte(`"name"`)) {
				end := bytes.IndexByte(b[k:], 0)
				if end < 0 {
					end = len(b) - k
				}
				w := newJSONWalk(j, within(where, "model_config"), io.NewSectionReader(bytes.NewReader(b[k:k+end]), 0, int64(end)))
				w.keras = true
				_ = w.value("", 0)
				w.conclude()
				k += end
				continue
			}
			k += 2
		}
	})
}

// forEachWindow reads r in windows that share some bytes with the one before.
func forEachWindow(r *io.SectionReader, size, shared int, see func(at int64, b []byte) bool) {
	buf := make([]byte, min(int64(size), r.Size()))
	for at := int64(0); at < r.Size(); {
		n, err := r.ReadAt(buf, at)
		if n == 0 || !see(at, buf[:n]) || err != nil {
			return
		}
		if n <= shared {
			return
		}
		at += int64(n - shared)
	}
}
