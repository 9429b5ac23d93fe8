package model

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
)

const (
	spoolMemory = 4 << 20 // so many unpacked bytes stay in memory, more go to a file
	freeRatio   = 64 << 20
)

var errBudget = errors.New("more than may be unpacked")

// unpack reads a compressed member to its end, within the budgets, and gives it to scan as something that can be read anywhere.
// packed is the size of what it comes from.
func (j *job) unpack(where string, src io.Reader, packed int64, scan func(*io.SectionReader)) error {
	limit := j.s.opts.Limits.Bytes - j.bytes
	if l := freeRatio + packed*j.s.opts.Limits.Ratio; l < limit {
		limit = l
	}
	guard := &budget{r: src, left: limit}
	defer func() { j.bytes += limit - guard.left }()
	var memory bytes.Buffer
	n, err := io.CopyN(&memory, guard, spoolMemory)
	if err != nil && !errors.Is(err, io.EOF) {
		if n > 0 && !errors.Is(err, errBudget) { // what came before the damage would be read by others, too
			scan(io.NewSectionReader(bytes.NewReader(memory.Bytes()), 0, n))
		}
		return j.unpackFailed(where, err)
	}
	if err != nil {
		scan(io.NewSectionReader(bytes.NewReader(memory.Bytes()), 0, n))
		return nil
	}
	f, err := os.CreateTemp("", "reeve-model-*")
	if err != nil {
		return j.unpackFailed(where, err)
	}
	defer f.Close()
	_ = os.Remove(f.Name()) // the open file stays until it is closed
	_, err = f.Write(memory.Bytes())
	memory = bytes.Buffer{}
	if err == nil {
		var more int64
		more, err = io.Copy(f, guard)
		n += more
	}
	if !errors.Is(err, errBudget) {
		scan(io.NewSectionReader(f, 0, n))
	}
	return j.unpackFailed(where, err)
}

func (j *job) unpackFailed(where string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errBudget):
		j.note(Review, "bomb", where, "it unpacks to far more than its size", "do not unpack it")
	default:
		j.note(Invalid, "damaged", where, "it cannot be unpacked: "+readError(err), "take the file from its source again")
	}
	return err
}

// budget ends with errBudget where more is read than is left.
type budget struct {
	r    io.Reader
	left int64
}

func (b *budget) Read(p []byte) (int, error) {
	if b.left <= 0 {
		var one [1]byte
		if n, err := b.r.Read(one[:]); n == 0 && err != nil {
			return 0, err
		}
		return 0, errBudget
	}
	n, err := b.r.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		err = fmt.Errorf("unpack: %w", err)
	}
	return n, err
}
