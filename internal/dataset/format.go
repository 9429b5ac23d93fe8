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
	CSV // and its like: tabs, semicolons
	Parquet
	Arrow
	PDF
	DOCX
	XLSX
	Binary // no text
	PPTX
	ODF     // OpenDocument text, spreadsheet or presentation
	Archive // compressed files too; what is in it has its own format
)

var formats = [...]string{
	"text", "markdown", "code", "html", "json", "jsonl", "csv", "parquet", "arrow", "pdf", "docx", "xlsx", "binary", "pptx",
	"opendocument", "archive",
}

func (f Format) String() string { return formats[min(int(f), len(formats)-1)] }

// Prose reports whether people write sentences in this format, so that looking for names in it makes sense.
func (f Format) Prose() bool { return f != Code && f != Binary }
