package guard

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/reeve-ai/reeve"
)

// MaxLine is the longest line that CheckLines reads, in bytes without the line feed.
const MaxLine = 16 << 20

// LinesError says that some lines could not be checked. All other lines were.
type LinesError struct {
	Bad, Total int        // lines that could not be checked, lines read
	First      *LineError // the first of them
}

func (e *LinesError) Error() string {
	return fmt.Sprintf("%d of %d lines were not checked; %v", e.Bad, e.Total, e.First)
}

func (e *LinesError) Unwrap() error { return e.First }

// LineError is what is wrong with one line. It never quotes the line.
type LineError struct {
	Line   int // from 1
	Reason string
}

func (e *LineError) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Reason) }

// lineIn is one line of input. Members beside these two are ignored.
type lineIn struct {
	ID   jsontext.Value `json:"id"`
	Text *string        `json:"text"`
}

// lineOut is one line of output.
type lineOut struct {
	ID       jsontext.Value  `json:"id"`
	Verdict  string          `json:"verdict"` // allow, review, mask or block
	Findings []reeve.Finding `json:"findings"`
	Reasons  []reeve.Reason  `json:"reasons,omitempty"`
}

// CheckLines reads lines of {"id","text"} and writes, for each, one line of {"id","verdict","findings","reasons"} in the
// same order. The id is a string or a number and is given back as it came. A line that cannot be read is handed to
// report (which may be nil), gets no line of output, and does not stop the others; the final error is then a
// *LinesError. Empty lines are skipped. Any other error comes from the reader or the writer. flagged counts the texts
// that are not simply allowed.
func CheckLines(s *Set, r io.Reader, w io.Writer, report func(*LineError)) (flagged int, err error) {
	in := bufio.NewReaderSize(r, 64<<10)
	out := bufio.NewWriter(w)
	var line []byte
	var sum LinesError
	for {
		var tooLong bool
		var err error
		line, tooLong, err = readLine(in, line[:0])
		if err != nil && !errors.Is(err, io.EOF) {
			return flagged, fmt.Errorf("read line %d: %w", sum.Total+1, err)
		}
		if len(line) > 0 || tooLong || err == nil {
			sum.Total++
			action, bad, werr := checkLine(s, out, line, tooLong)
			if werr != nil {
				return flagged, fmt.Errorf("write the verdict on line %d: %w", sum.Total, werr)
			}
			if bad != "" {
				sum.note(bad, report)
			}
			if action > reeve.Allow {
				flagged++
			}
		}
		if err != nil {
			break
		}
		if in.Buffered() == 0 { // nothing waits: an interactive reader sees its verdict at once
			if err := out.Flush(); err != nil {
				return flagged, fmt.Errorf("write the verdict on line %d: %w", sum.Total, err)
			}
		}
	}
	if err := out.Flush(); err != nil {
		return flagged, fmt.Errorf("write the last verdicts: %w", err)
	}
	if sum.Bad > 0 {
		return flagged, &sum
	}
	return flagged, nil
}

func (e *LinesError) note(reason string, report func(*LineError)) {
	bad := &LineError{Line: e.Total, Reason: reason}
	if e.Bad++; e.Bad == 1 {
		e.First = bad
	}
	if report != nil {
		report(bad)
	}
}

// readLine appends the next line without its end to dst. A line that is too long is read to its end and dropped.
func readLine(in *bufio.Reader, dst []byte) (line []byte, tooLong bool, err error) {
	for {
		part, err := in.ReadSlice('\n')
		if !tooLong {
			dst = append(dst, part...)
			if len(bytes.TrimRight(dst, "\r\n")) > MaxLine {
				dst, tooLong = dst[:0], true
			}
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return bytes.TrimSpace(dst), tooLong, err
		}
	}
}

// checkLine writes the verdict on one line. A reason comes back for a line that cannot be checked.
func checkLine(s *Set, out io.Writer, line []byte, tooLong bool) (action reeve.Action, bad string, err error) {
	if tooLong {
		return 0, fmt.Sprintf("longer than %d bytes", MaxLine), nil
	}
	if len(line) == 0 {
		return 0, "", nil
	}
	var in lineIn
	if err := json.Unmarshal(line, &in); err != nil {
		return 0, lineFault(err), nil
	}
	if k := in.ID.Kind(); k != '"' && k != '0' {
		return 0, `"id" must be there and be a string or a number`, nil
	}
	if in.Text == nil {
		return 0, `"text" must be there and be a string`, nil
	}
	r := s.Check([]byte(*in.Text), nil)
	v := lineOut{ID: in.ID, Verdict: r.Verdict.Action.String(), Findings: r.Findings, Reasons: r.Verdict.Reasons}
	if v.Findings == nil {
		v.Findings = []reeve.Finding{}
	}
	b, err := json.Marshal(v)
	if err != nil {
		return 0, "", err
	}
	_, err = out.Write(append(b, '\n'))
	return r.Verdict.Action, "", err
}

// lineFault says what is wrong with a line of JSON without quoting it: the library's own message may hold parts of it.
func lineFault(err error) string {
	var syntax *jsontext.SyntacticError
	if errors.As(err, &syntax) {
		if errors.Is(err, jsontext.ErrDuplicateName) {
			return fmt.Sprintf("not valid JSON: a name stands twice, at byte %d", syntax.ByteOffset)
		}
		return fmt.Sprintf("not valid JSON at byte %d", syntax.ByteOffset)
	}
	var semantic *json.SemanticError
	if errors.As(err, &semantic) {
		return fmt.Sprintf("not a line of the form {\"id\",\"text\"}: a value of the wrong type at byte %d", semantic.ByteOffset)
	}
	return "not a line of the form {\"id\",\"text\"}"
}
