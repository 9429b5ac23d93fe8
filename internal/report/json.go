package report

import (
	"fmt"
	"io"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/reeve-ai/reeve"
)

// schemaVersion is that of the JSON object.
const schemaVersion = 1

// lines writes one Finding a line. Nothing follows them: what a run came to stands on stderr.
type lines struct {
	w      io.Writer
	buf    []byte
	finder finder
}

func (l *lines) Finding(f *reeve.Finding) error {
	l.buf = append(l.finder.append(l.buf[:0], f), '\n')
	_, err := l.w.Write(l.buf)
	return err
}

func (l *lines) Close(*Summary) error { return nil }

// object writes one JSON object: schema_version, findings, summary.
type object struct {
	lines
	n int
}

func newJSON(w io.Writer) (*object, error) {
	_, err := fmt.Fprintf(w, "{\n  \"schema_version\": %d,\n  \"findings\": [", schemaVersion)
	return &object{lines: lines{w: w}}, err
}

func (o *object) Finding(f *reeve.Finding) error {
	o.buf = o.buf[:0]
	if o.n++; o.n > 1 {
		o.buf = append(o.buf, ',')
	}
	o.buf = o.finder.append(append(o.buf, "\n    "...), f)
	_, err := o.w.Write(o.buf)
	return err
}

func (o *object) Close(s *Summary) error {
	end := "],\n"
	if o.n > 0 {
		end = "\n  ],\n"
	}
	b, err := json.Marshal(s, jsontext.WithIndentPrefix("  "), jsontext.WithIndent("  "), json.Deterministic(true))
	if err != nil {
		return fmt.Errorf("encode summary: %w", err)
	}
	_, err = fmt.Fprintf(o.w, "%s  \"summary\": %s\n}\n", end, b)
	return err
}
