package model

import (
	"bytes"
	"io"
	"strings"

	"github.com/reeve-ai/reeve/internal/pickle"
)

const (
	maxStreams   = 10_000  // pickles one behind the other in one file
	resyncBytes  = 8 << 20 // how far a further pickle is looked for behind junk
	resyncTries  = 2000
	torchMagic   = "119547037146038801333356" // torch/serialization.py, MAGIC_NUMBER
	legacyHeader = 5                          // magic number, protocol, system, object, keys of the storages: raw bytes follow
)

// pickles scans one pickle after the other, as far as there are any. What stands between them does not matter to whoever
// calls the unpickler again, so it is skipped.
func (j *job) pickles(where string, r *io.SectionReader) {
	at, legacy := int64(0), false
	for n := 0; at < r.Size() && (n == 0 || !onlySpace(r, at)); n++ {
		if n >= maxStreams || j.ctx.Err() != nil {
			j.note(Review, "too-many-members", where, "more pickles in one file than are read", "split the file")
			return
		}
		if legacy && n >= legacyHeader {
			j.resync(where, r, at, true)
			return
		}
		p := j.runPickle(r, at)
		if n > 0 && !startsPickle(r, at) && !convincing(p) {
			j.resync(where, r, at, false)
			return
		}
		j.s.judgePickle(j.r, where, p)
		if n == 0 && len(p.Storages) > 0 && strings.HasSuffix(where, "data.pkl") {
			if j.storages == nil {
				j.storages = map[string][]pickle.Storage{}
			}
			j.storages[where] = p.Storages
		}
		if n == 0 && p.Text == torchMagic {
			legacy = true
			j.r.Format = "torch-legacy"
		}
		if !p.Stopped {
			return
		}
		at = p.End
	}
}

// runPickle runs the machine on what begins at an offset.
func (j *job) runPickle(r *io.SectionReader, at int64) *pickle.Report {
	return pickle.Read(pickle.NewStream(io.NewSectionReader(r, at, r.Size()-at), at))
}

func startsPickle(r *io.SectionReader, at int64) bool {
	var b [2]byte
	n, _ := r.ReadAt(b[:], at)
	return n == 2 && b[0] == 0x80 && b[1] <= 5
}

// onlySpace reports whether nothing but white space or zeros follows, and little of that.
func onlySpace(r *io.SectionReader, at int64) bool {
	if r.Size()-at > headBytes {
		return false
	}
	b := make([]byte, r.Size()-at)
	n, _ := r.ReadAt(b, at)
	return len(bytes.Trim(b[:n], " \r\n\t\x00")) == 0
}

// convincing reports whether bytes without the mark of a pickle are one all the same: something is imported and used by a name
// that Python could import.
func convincing(p *pickle.Report) bool {
	calls := 0
	for _, i := range p.Imports {
		if !isModuleName(i.Module) || !isModuleName(i.Name) {
			return false
		}
		calls += i.Calls
	}
	return len(p.Imports) > 0 && (calls > 0 || p.Stopped)
}

// probe scans what does not begin like a pickle as if it were one, and reports whether it is.
func (j *job) probe(where string, r *io.SectionReader, at int64) bool {
	p := j.runPickle(r, at)
	data := p.Stopped && p.Opcodes > 2 && len(p.Imports) == 0 && onlySpace(r, p.End)
	if !convincing(p) && !data && !j.beginsBadly(p, at) {
		return false
	}
	j.s.judgePickle(j.r, where, p)
	if p.Stopped && !onlySpace(r, p.End) {
		j.resync(where, r, p.End, false)
	}
	return true
}

// beginsBadly reports whether the very first opcode imports what no model needs. A text would have to begin with that name on a
// line of its own, behind the letter c or i.
func (j *job) beginsBadly(p *pickle.Report, at int64) bool {
	if len(p.Imports) == 0 || p.Imports[0].Pos != at || !isModuleName(p.Imports[0].Module) || !isModuleName(p.Imports[0].Name) {
		return false
	}
	v, _ := j.s.judgeImport(p.Imports[0])
	return v == Malicious
}

// resync looks for further pickles behind bytes that are none. Only what imports and calls is told: two bytes that look like the
// beginning of a pickle occur in any data.
func (j *job) resync(where string, r *io.SectionReader, from int64, expected bool) {
	window := make([]byte, min(resyncBytes, r.Size()-from))
	n, _ := r.ReadAt(window, from)
	window = window[:n]
	found := false
	for k, tries := 0, 0; k < len(window) && tries < resyncTries; tries++ {
		next := bytes.IndexByte(window[k:], 0x80)
		if next < 0 {
			break
		}
		k += next
		if k+1 < len(window) && window[k+1] >= 2 && window[k+1] <= 5 {
			if p := j.runPickle(r, from+int64(k)); convincing(p) {
				j.s.judgePickle(j.r, where, p)
				found = true
			}
		}
		k++
	}
	if !found && !expected {
		j.note(Review, "trailing-bytes", where, "bytes follow that belong to no pickle", "find out what they are, or save the model anew")
	}
}

// trailing scans data that is no pickle for pickles in it.
func (j *job) trailing(where string, r *io.SectionReader, depth int) {
	if endsLikeZip(r) {
		j.zip(where, r, depth)
	}
	j.resync(where, r, 0, true)
}
