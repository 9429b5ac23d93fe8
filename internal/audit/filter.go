package audit

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/dataset"
	"github.com/reeve-ai/reeve/internal/report"
)

// maxFilterLine bounds a line of a filter's input.
const maxFilterLine = 64 << 20

// LineProblem says that a line of a filter's input was not scanned.
type LineProblem struct {
	Line   int
	Reason string
}

// Filter reads JSON lines and writes for each of them, in order, {"record": its number, "id": its member "id" if it has
// one, "findings": […]}. It answers before it waits for more, so it can stand in a pipe. Lines that are no JSON value are
// looked through as text and told; so are lines that are too long to be held, whose findings are empty. flush is called
// before it waits. The error is that of reading or writing.
func Filter(ctx context.Context, in io.Reader, out io.Writer, flush func() error, o Options, tell func(LineProblem)) (*report.Summary, error) {
	o.Cache = ""
	f := &filter{o: &o, emitter: newEmitter(&o), out: out, tell: tell}
	f.emitter.cache = &cache{}
	f.worker = &worker{o: &o, cache: &cache{}}
	r := bufio.NewReaderSize(in, 256<<10)
	var line []byte
	for number := 1; ; number++ {
		if r.Buffered() == 0 {
			if err := flush(); err != nil {
				return f.emitter.done(), err
			}
		}
		var err error
		var long bool
		line, long, err = readLine(r, line[:0])
		if len(line) > 0 || long {
			if werr := f.line(ctx, number, line, long); werr != nil {
				return f.emitter.done(), werr
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			f.emitter.summary.Files = 1
			return f.emitter.done(), flush()
		case err != nil:
			return f.emitter.done(), fmt.Errorf("read standard input: %w", err)
		}
	}
}

// readLine appends a line with its break to buf. A line that is longer than maxFilterLine is read and dropped.
func readLine(r *bufio.Reader, buf []byte) (line []byte, long bool, err error) {
	for {
		part, err := r.ReadSlice('\n')
		if !long {
			buf = append(buf, part...)
		}
		if len(buf) > maxFilterLine {
			buf, long = buf[:0], true
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return buf, long, err
		}
	}
}

type filter struct {
	o       *Options
	emitter *emitter
	worker  *worker
	out     io.Writer
	tell    func(LineProblem)
	buf     []byte
	n       int
}

// line answers one line.
func (f *filter) line(ctx context.Context, number int, line []byte, long bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	f.n++
	e := f.emitter
	f.buf = append(f.buf[:0], `{"record":`...)
	f.buf = fmt.Append(f.buf, number)
	id, isJSON := idOf(line)
	if id != nil {
		f.buf = append(append(f.buf, `,"id":`...), id...)
	}
	f.buf = append(f.buf, `,"findings":[`...)
	switch {
	case long:
		f.problem(number, fmt.Sprintf("longer than %s", report.Size(maxFilterLine)))
	case !isJSON && !blank(line):
		f.problem(number, "no JSON value")
	}
	if !long {
		if err := f.scan(ctx, line); err != nil {
			return err
		}
	}
	e.records++
	f.buf = append(f.buf, "]}\n"...)
	_, err := f.out.Write(f.buf)
	return err
}

func (f *filter) problem(number int, why string) {
	f.emitter.summary.Skip(fmt.Sprintf("stdin:%d", number), why)
	f.tell(LineProblem{number, why})
}

// scan reads the line as a file of one record.
func (f *filter) scan(ctx context.Context, line []byte) error {
	e, w := f.emitter, f.worker
	fl := &file{path: "stdin.jsonl", key: "stdin.jsonl", size: int64(len(line))}
	r := &result{file: fl, to: fl.size, last: true, ready: make(chan struct{})}
	w.res, w.chunk, w.context = r, &chunk{file: fl, to: fl.size}, ctx
	const lead = "{}\n"
	src := &memory{append(append(make([]byte, 0, len(lead)+len(line)), lead...), line...)}
	w.shift = shift{bytes: -int64(len(lead)), lines: -1, records: -1}
	if err := dataset.ReadFrom(ctx, fl.path, src, f.o.Limits, w); err != nil {
		return err
	}
	e.begin(fl)
	first := true
	found := f.o.Found
	f.o.Found = func(x *reeve.Finding) error {
		if !first {
			f.buf = append(f.buf, ',')
		}
		first = false
		x.Path, x.Line, x.Record = "", 0, 0
		f.buf = report.AppendFinding(f.buf, x)
		if found != nil {
			return found(x)
		}
		return nil
	}
	err := e.finds(r)
	f.o.Found = found
	e.summary.Bytes += fl.size
	e.summary.Records++
	return err
}

// idOf returns the member "id" of an object, as it stands, and whether the line is a JSON value.
func idOf(line []byte) (id jsontext.Value, ok bool) {
	v := jsontext.Value(bytes.TrimSpace(line))
	if !v.IsValid(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)) {
		return nil, false
	}
	if v.Kind() != '{' {
		return nil, true
	}
	d := jsontext.NewDecoder(bytes.NewReader(v), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if _, err := d.ReadToken(); err != nil {
		return nil, true
	}
	for d.PeekKind() == '"' {
		name, err := d.ReadToken()
		if err != nil {
			return nil, true
		}
		if name.String() == "id" {
			id, err := d.ReadValue()
			if err != nil || id.Kind() == '{' || id.Kind() == '[' {
				return nil, true
			}
			return id.Clone(), true
		}
		if d.SkipValue() != nil {
			return nil, true
		}
	}
	return nil, true
}
