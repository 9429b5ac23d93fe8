package report_test

import (
	"bytes"
	"encoding/csv"
	"encoding/xml"
	"io"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"
	"pgregory.net/rapid"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/report"
)

// findings hold what somebody could put into names of files and fields to do harm in a report.
func findings() []reeve.Finding {
	return []reeve.Finding{
		{
			Rule: "pii/us-ssn", Kind: "US_SSN", Severity: reeve.SeverityHigh, Score: 0.95, Path: "=cmd|'/c calc'!A1.jsonl", Record: 17,
			Field: "messages.0.content", Line: 17, Start: 120, End: 131, Fingerprint: "00ff", Label: "confidential{PII}",
			Message: "A US Social Security number.", Remedy: "Remove it.",
		},
		{
			Rule: "secret/jwt", Kind: "SECRET", Severity: reeve.SeverityCritical, Score: 1, Path: "a,b:c%\n::error::x\x1b[2J<script>alert(1)</script>.zip!/in&out.txt",
			Start: 0, End: 9, Message: "A token.",
		},
		{
			Rule: "pii/email", Kind: "EMAIL_ADDRESS", Severity: reeve.SeverityLow, Score: 0.31, Path: "p.parquet", Record: 3, Field: "@SUM(1)\xff\u202e",
			Start: 4, End: 8, In: "field", Message: "An address.", Remedy: "None.",
		},
	}
}

func write(t *testing.T, format string, list []reeve.Finding) string {
	t.Helper()
	var out bytes.Buffer
	w, err := report.New(format, &out, report.Options{Version: "1.2.3"})
	if err != nil {
		t.Fatal(err)
	}
	s := report.Summary{Files: 4, Bytes: 12345, Label: "restricted{PII,SECRET}", Rules: "abc"}
	for i := range list {
		s.Findings.Add(list[i].Rule, list[i].Kind, list[i].Severity, 1)
		if err := w.Finding(&list[i]); err != nil {
			t.Fatal(err)
		}
	}
	s.Skip("broken\x07.zip", "the archive is truncated")
	s.NoText("a.png")
	if err := w.Close(&s); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestAppendFindingIsWhatTheTagsSay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.OneOf(rapid.String(), rapid.Just(""), rapid.Just("\x00\t\"\\\u2028\xff<&>"))
		f := reeve.Finding{
			Rule: word.Draw(t, "rule"), Kind: word.Draw(t, "kind"), Severity: reeve.Severity(rapid.IntRange(0, 4).Draw(t, "severity")),
			Score: float64(rapid.IntRange(0, 100).Draw(t, "score")) / 100, Path: word.Draw(t, "path"), Record: rapid.IntRange(0, 9).Draw(t, "record"),
			Field: word.Draw(t, "field"), Line: rapid.IntRange(0, 9).Draw(t, "line"), Exchange: word.Draw(t, "exchange"), Channel: word.Draw(t, "channel"),
			Start: rapid.Int().Draw(t, "start"), End: rapid.Int().Draw(t, "end"), In: word.Draw(t, "in"), Fingerprint: word.Draw(t, "print"),
			Label: word.Draw(t, "label"), Message: word.Draw(t, "message"), Remedy: word.Draw(t, "remedy"), Value: word.Draw(t, "value"),
			Explain: word.Draw(t, "explain"),
		}
		want, err := json.Marshal(&f, jsontext.AllowInvalidUTF8(true))
		if err != nil {
			t.Fatal(err)
		}
		var a, b any
		got := report.AppendFinding(nil, &f)
		var out bytes.Buffer
		w, _ := report.New("jsonl", &out, report.Options{})
		for range 2 {
			if err := w.Finding(&f); err != nil || out.String() != string(got)+"\n" {
				t.Fatalf("%v: a line is %q, want %q", err, out.String(), got)
			}
			out.Reset()
		}
		if err := json.Unmarshal(want, &a); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(got, &b); err != nil {
			t.Fatalf("%v: %s", err, got)
		}
		if diff := cmp.Diff(a, b); diff != "" {
			t.Fatal("(-tags +written):\n" + diff)
		}
	})
}

func TestJSON(t *testing.T) {
	for _, list := range [][]reeve.Finding{nil, findings()[:1], findings()} {
		var got struct {
			SchemaVersion int              `json:"schema_version"`
			Findings      []map[string]any `json:"findings"`
			Summary       struct {
				Files      int           `json:"files"`
				NotScanned []report.Skip `json:"not_scanned"`
				Findings   report.Counts `json:"findings"`
			} `json:"summary"`
		}
		if err := json.Unmarshal([]byte(write(t, "json", list)), &got); err != nil {
			t.Fatal(err)
		}
		if got.SchemaVersion != 1 || len(got.Findings) != len(list) || got.Summary.Findings.Total != int64(len(list)) || got.Summary.NotScanned[0].Reason == "" {
			t.Errorf("%d findings give %+v", len(list), got)
		}
	}
	if got := strings.Count(write(t, "jsonl", findings()), "\n"); got != 3 {
		t.Errorf("%d lines for 3 findings", got)
	}
}

func TestCSVHasNoFormulas(t *testing.T) {
	rows, err := csv.NewReader(strings.NewReader(write(t, "csv", findings()))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 4 {
		t.Fatalf("%d rows", len(rows))
	}
	for _, row := range rows {
		for _, cell := range row {
			if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
				t.Errorf("cell %q is a formula", cell)
			}
		}
	}
}

func TestGitHubCommandsCannotBeForged(t *testing.T) {
	got := write(t, "github", findings())
	if n := strings.Count(got, "\n"); n != 4 {
		t.Errorf("%d lines for 3 findings and 1 skipped file:\n%s", n, got)
	}
	for line := range strings.Lines(got) {
		if !strings.HasPrefix(line, "::error ") && !strings.HasPrefix(line, "::notice ") {
			t.Errorf("line %q is no command of ours", line)
		}
	}
	if !strings.Contains(got, "file=a%2Cb%3Ac%25%0A%3A%3Aerror") {
		t.Error("a file's name is not escaped:\n" + got)
	}
}

func TestJUnit(t *testing.T) {
	var got struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
		Errors   int `xml:"errors,attr"`
		Suite    []struct {
			Case []struct {
				Name    string    `xml:"name,attr"`
				Failure *struct{} `xml:"failure"`
				Error   *struct{} `xml:"error"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal([]byte(write(t, "junit", findings())), &got); err != nil {
		t.Fatal(err)
	}
	if got.Tests != 4 || got.Failures != 3 || got.Errors != 1 || len(got.Suite) != 1 || len(got.Suite[0].Case) != 4 || got.Suite[0].Case[3].Error == nil {
		t.Errorf("%+v", got)
	}
}

func TestHTMLHoldsOnlyOurElements(t *testing.T) {
	allowed := "html head meta title style body h1 h2 p strong table tbody tr th td code"
	tokens := html.NewTokenizer(strings.NewReader(write(t, "html", findings())))
	for {
		switch tokens.Next() {
		case html.ErrorToken:
			if tokens.Err() != io.EOF {
				t.Fatal(tokens.Err())
			}
			return
		case html.StartTagToken, html.SelfClosingTagToken:
			token := tokens.Token()
			if !strings.Contains(" "+allowed+" ", " "+token.Data+" ") {
				t.Errorf("element %s", token.Data)
			}
			for _, a := range token.Attr {
				if a.Key == "src" || a.Key == "href" || strings.HasPrefix(a.Key, "on") {
					t.Errorf("attribute %s of %s", a.Key, token.Data)
				}
			}
		}
	}
}

func TestTextCannotDriveTheTerminal(t *testing.T) {
	got := write(t, "text", findings())
	if strings.ContainsAny(got, "\x1b\x07\u202e") {
		t.Errorf("control characters in\n%q", got)
	}
	for _, want := range []string{"line 17", "not scanned: broken", "3 findings in 4 files, 12.3 kB; label restricted{PII,SECRET}", "1 file without text", "high 1"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	var out bytes.Buffer
	w, _ := report.New("text", &out, report.Options{Color: true})
	f := findings()[0]
	if err := w.Finding(&f); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(&report.Summary{}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "\x1b[31mhigh    \x1b[0m") {
		t.Errorf("no colour in %q", out.String())
	}
}

func TestUnknownFormat(t *testing.T) {
	if _, err := report.New("pdf", io.Discard, report.Options{}); err == nil {
		t.Error("pdf is accepted")
	}
}

func TestSize(t *testing.T) {
	for n, want := range map[int64]string{0: "0 B", 999: "999 B", 1000: "1.0 kB", 999_960: "1.0 MB", 12_345_678_901: "12.3 GB"} {
		if got := report.Size(n); got != want {
			t.Errorf("%d is %s, want %s", n, got, want)
		}
	}
}
