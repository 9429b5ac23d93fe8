package dataset

// Format is how a file is read. The zero value is plain text.
type Format uint8

// The formats.
const (
	Text Format = iota
	Markdown
	Code // source code, configuration, lock files, logs: text in which names of people are not looked for
	HTML
	JSON
	JSONL
	CSV
	Parquet
	Arrow
	PDF
	DOCX
	XLSX
	Binary // no text: only its strings are read
)

var formats = [...]string{"text", "markdown", "code", "html", "json", "jsonl", "csv", "parquet", "arrow", "pdf", "docx", "xlsx", "binary"}

func (f Format) String() string { return formats[min(int(f), len(formats)-1)] }

// Prose reports whether people write sentences in this format, so that looking for names in it makes sense.
func (f Format) Prose() bool { return f != Code && f != Binary }
