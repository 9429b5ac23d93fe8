package dataset

import "io"

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

// Limits bound what a file may ask of the machine.
type Limits struct {
	Depth    int   // archives in archives, 0 means 5
	Expanded int64 // bytes that one archive may expand to, 0 means 64 GiB
	Ratio    int64 // expanded to compressed, 0 means 200
	Record   int   // longest record in bytes, 0 means 16 MiB; a longer one is read as text
	Nesting  int   // depth of JSON values, 0 means 256; a deeper document is read as text
	// Range limits a JSONL or text file to the lines that begin in [From, To); To 0 means the end. Lines and records
	// count from 1 at From.
	From, To int64
}

// Source is what a file is read through.
type Source interface {
	io.ReaderAt
	Size() int64
}
