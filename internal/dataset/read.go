package dataset

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// File is a file that Walk found.
type File struct {
	Path string // as it was given, joined with "/" to what was found below it
	Size int64
}

// Visitor takes what a file holds. The calls for one file come from one goroutine, in the order of the file.
type Visitor interface {
	// Block gets a piece of the file. An error ends the reading and is returned as it is.
	Block(b *Block) error
	// Skipped says that a file, or a part of it, was not read, and why in a few words without any of its content.
	Skipped(path, reason string)
}

// Observer is a Visitor that also wants to know what was odd about a file though all of it was read.
type Observer interface {
	// Odd says what, such as "malformed records, read as text", and how often.
	Odd(path, what string, count int)
}

// Limits bound what a file may ask of the machine.
type Limits struct {
	Depth    int   // archives in archives, 0 means 5
	Expanded int64 // bytes that one archive may expand to, 0 means 64 GiB
	Ratio    int64 // expanded to compressed, 0 means 200
	Record   int   // longest record in bytes, 0 means 16 MiB; a longer one is read as text
	Nesting  int   // depth of JSON values, 0 means 256; a deeper document is read as text
	// Range limits a JSONL or text file to the lines that begin in [From, To); To 0 means the end. Lines and records
	// count from 1 at From. Any other file is read as a whole if From is 0, and not at all otherwise.
	From, To int64
}

func (l Limits) withDefaults() Limits {
	set := func(n *int64, or int64) {
		if *n <= 0 {
			*n = or
		}
	}
	depth, record, nesting := int64(l.Depth), int64(l.Record), int64(l.Nesting)
	set(&depth, 5)
	set(&l.Expanded, 64<<30)
	set(&l.Ratio, 200)
	set(&record, 16<<20)
	set(&nesting, 256)
	l.Depth, l.Record, l.Nesting = int(depth), int(min(record, 64<<20)), int(min(nesting, 10_000))
	return l
}

// Source is what a file is read through.
type Source interface {
	io.ReaderAt
	Size() int64
}

// fileSource is a file on disk.
type fileSource struct {
	*os.File
	size int64
}

func (s fileSource) Size() int64 { return s.size }

// reader reads one file and what is in it.
type reader struct {
	ctx context.Context
	lim Limits
	v   Visitor

	expanded int64 // what archives expanded to so far
	visiting bool  // the Visitor has a Block: a panic is its own

	spare *buffers // memory for the next records
	last  *records // which got it
}

// visit gives a Block to the Visitor.
func (rd *reader) visit(b *Block) error {
	rd.visiting = true
	err := rd.v.Block(b)
	rd.visiting = false
	return err
}

// input is a file, or a member of an archive.
type input struct {
	path  string    // for people
	name  string    // whose ending may tell the format
	src   Source    // nil if it only comes as a stream
	r     io.Reader // from its beginning, head included
	head  []byte    // its first bytes
	depth int       // archives around it
}

// headSize is how much of a file is looked at to tell what it is.
const headSize = 64 << 10

// Read reads the file. It returns the Visitor's error or that of ctx; whatever is wrong with the file is told to the
// Visitor, also that the file changed in the meantime.
func (f *File) Read(ctx context.Context, lim Limits, v Visitor) error {
	file, before, reason := openRegular(f.Path)
	if reason != "" {
		v.Skipped(f.Path, reason)
		return ctx.Err()
	}
	defer file.Close()
	if err := ReadFrom(ctx, f.Path, fileSource{file, before.Size()}, lim, v); err != nil {
		return err
	}
	if after, err := file.Stat(); err != nil || after.Size() != before.Size() || !after.ModTime().Equal(before.ModTime()) {
		v.Skipped(f.Path, "changed while it was read")
	}
	return nil
}

func openRegular(path string) (*os.File, fs.FileInfo, string) {
	if info, err := os.Stat(path); err != nil {
		return nil, nil, reasonOf(err)
	} else if !info.Mode().IsRegular() {
		return nil, nil, notRegular(info.Mode())
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, nil, reasonOf(err)
	}
	info, err := file.Stat()
	if err != nil {
		file.Close()
		return nil, nil, reasonOf(err)
	}
	return file, info, ""
}

// ReadFrom reads a file through src; path names it and may tell its format. Errors are those of File.Read.
func ReadFrom(ctx context.Context, path string, src Source, lim Limits, v Visitor) error {
	rd := &reader{ctx: ctx, lim: lim.withDefaults(), v: v}
	return rd.read(input{path: path, name: path, src: src})
}

// ReadStream reads a file that only comes as a stream. Formats that need to be read from their end are read up to 64 MiB.
func ReadStream(ctx context.Context, path string, r io.Reader, lim Limits, v Visitor) error {
	rd := &reader{ctx: ctx, lim: lim.withDefaults(), v: v}
	return rd.read(input{path: path, name: path, r: r})
}

// look sets what an input is read through and tells what it is.
func (rd *reader) look(in *input) (kind, error) {
	if in.src == nil {
		buffered := bufio.NewReaderSize(&contextReader{rd.ctx, in.r}, headSize)
		head, err := buffered.Peek(headSize)
		in.head, in.r = head, buffered
		if err != nil && !errors.Is(err, io.EOF) && len(head) == 0 {
			return kind{}, err
		}
		return sniff(in.name, head), nil
	}
	in.head = make([]byte, min(headSize, max(in.src.Size(), 0)))
	n, err := in.src.ReadAt(in.head, 0)
	in.head = in.head[:n]
	in.r = &contextReader{rd.ctx, io.NewSectionReader(in.src, 0, in.src.Size())}
	if err != nil && !errors.Is(err, io.EOF) {
		return kind{}, err
	}
	return sniff(in.name, in.head), nil
}

// read reads an input as what it is.
func (rd *reader) read(in input) error {
	if err := rd.ctx.Err(); err != nil {
		return err
	}
	k, err := rd.look(&in)
	if err != nil {
		rd.skip(in.path, err)
		return rd.ctx.Err()
	}
	if len(in.head) == 0 || rd.lim.From > 0 && in.depth == 0 && !k.splits() {
		return nil
	}
	if err := k.read(rd, in); err != nil {
		return err
	}
	return rd.ctx.Err()
}

// skip tells the Visitor that something was not read.
func (rd *reader) skip(path string, why error) {
	if rd.ctx.Err() == nil {
		rd.v.Skipped(path, reasonOf(why))
	}
}

// notice tells an Observer that something was odd.
func (rd *reader) notice(path, what string, count int) {
	if o, ok := rd.v.(Observer); ok && count > 0 {
		o.Odd(path, what, count)
	}
}

// contextReader ends a reading when its context ends.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c *contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

// refusal is a reason not to read something, in words for people.
type refusal string

func (r refusal) Error() string { return string(r) }

// reasonOf says in a few words, without paths and content, why something was not read.
func reasonOf(err error) string {
	var why refusal
	var path *fs.PathError
	switch {
	case errors.As(err, &why):
		return string(why)
	case errors.Is(err, fs.ErrNotExist):
		return "does not exist"
	case errors.Is(err, fs.ErrPermission):
		return "no permission to read it"
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "truncated"
	case errors.As(err, &path):
		return fmt.Sprintf("cannot be read: %v", path.Err)
	}
	return fmt.Sprintf("cannot be read: %v", err)
}
