package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"strconv"

	"github.com/reeve-ai/reeve"
)

// junit writes a test suite in which every finding and everything that was not scanned is a failed case. A clean run has
// one passed case, because build servers take an empty suite for a mistake.
type junit struct {
	w        io.Writer
	command  string
	body     spill
	failures int
	errors   int
}

func newJUnit(w io.Writer, o Options) *junit {
	if o.Command == "" {
		o.Command = "reeve scan"
	}
	return &junit{w: w, command: o.Command}
}

type testcase struct {
	XMLName   xml.Name `xml:"testcase"`
	Classname string   `xml:"classname,attr"`
	Name      string   `xml:"name,attr"`
	File      string   `xml:"file,attr,omitempty"`
	Line      string   `xml:"line,attr,omitempty"`
	Failure   *outcome `xml:"failure,omitempty"`
	Error     *outcome `xml:"error,omitempty"`
}

type outcome struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr"`
	Text    string `xml:",chardata"`
}

func (j *junit) Finding(f *reeve.Finding) error {
	j.failures++
	file, _ := outer(f.Path)
	where := f.Path
	if f.Line > 0 {
		where += ":" + strconv.Itoa(f.Line)
	}
	text := fmt.Sprintf("%s %s, score %v, bytes %d to %d", f.Severity, f.Kind, f.Score, f.Start, f.End)
	if place := logical(f); place != "" {
		text += " of " + place
	}
	if f.Value != "" {
		text += ": " + f.Value
	}
	return j.add(&testcase{
		Classname: f.Path, Name: f.Rule + " at " + where, File: file, Line: number(f.Line),
		Failure: &outcome{Message: f.Message, Type: f.Rule, Text: text + "\n" + f.Remedy},
	})
}

func (j *junit) add(c *testcase) error {
	for _, s := range []*string{&c.Classname, &c.Name, &c.File} {
		*s = printable(*s)
	}
	b, err := xml.MarshalIndent(c, "    ", "  ")
	if err != nil {
		return fmt.Errorf("encode test case: %w", err)
	}
	_, err = j.body.Write(append(b, '\n'))
	return err
}

func (j *junit) Close(s *Summary) error {
	for _, skip := range s.NotScanned {
		j.errors++
		if err := j.add(&testcase{
			Classname: skip.Path, Name: "not scanned", File: skip.Path,
			Error: &outcome{Message: skip.Reason, Type: "not scanned"},
		}); err != nil {
			return err
		}
	}
	tests := j.failures + j.errors
	if tests == 0 {
		tests = 1
		if err := j.add(&testcase{Classname: j.command, Name: fmt.Sprintf("%d files are clean", s.Files)}); err != nil {
			return err
		}
	}
	counts := fmt.Sprintf(`name="%s" tests="%d" failures="%d" errors="%d"`, j.command, tests, j.failures, j.errors)
	if _, err := fmt.Fprintf(j.w, "%s<testsuites %s>\n  <testsuite %s>\n", xml.Header, counts, counts); err != nil {
		return err
	}
	if err := j.body.copyTo(j.w); err != nil {
		return err
	}
	_, err := io.WriteString(j.w, "  </testsuite>\n</testsuites>\n")
	return err
}
