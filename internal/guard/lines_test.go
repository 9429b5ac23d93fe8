package guard

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/reeve-ai/reeve"
)

func TestCheckLines(t *testing.T) {
	set := mustParse(t, policy(
		rule("name", "both", "mask", `{literals: [heron]}`),
		rule("stop", "both", "block", `{literals: [gull]}`),
	)).For(reeve.In, Scope{})
	const clean = `"verdict":"allow","findings":[]}`
	tests := []struct {
		name, in string
		want     []string // beginnings of lines
		bad      []string
	}{
		{"nothing", "", nil, nil},
		{"empty lines", "\n \n\r\n", nil, nil},
		{"clean", `{"id":"a","text":"hello"}` + "\n", []string{`{"id":"a",` + clean}, nil},
		{"no line feed at the end", `{"id":"a","text":"hello"}`, []string{`{"id":"a",` + clean}, nil},
		{"a number for id", `{"id":12,"text":""}`, []string{`{"id":12,` + clean}, nil},
		{"other members", `{"id":"a","text":"x","more":[1]}`, []string{`{"id":"a",` + clean}, nil},
		{
			"verdicts", `{"id":"a","text":"a heron"}` + "\n" + `{"id":"b","text":"a gull"}` + "\n",
			[]string{`{"id":"a","verdict":"mask","findings":[{"rule":"name","kind":"LITERAL",`, `{"id":"b","verdict":"block","findings":[{"rule":"stop",`},
			nil,
		},
		{
			"bad lines between good ones", "{\n" + `{"id":"b","text":"x"}` + "\n[]\n" + `{"id":"d"}` + "\n" + `{"text":"x"}` + "\n" +
				`{"id":"f","text":7}` + "\n" + `{"id":"g","text":"x","text":"y"}` + "\n" + `{"id":null,"text":"x"}` + "\n" + `{"ID":"i","text":"x"}` + "\n" + `{"id":"j","text":"x"}`,
			[]string{`{"id":"b",` + clean, `{"id":"j",` + clean},
			[]string{
				"line 1: not valid JSON", "line 3: not a line of the form", `line 4: "text" must be there`, `line 5: "id" must be there`,
				"line 6: not a line of the form", "line 7: not valid JSON: a name stands twice", `line 8: "id" must be there`, `line 9: "id" must be there`,
			},
		},
		{"invalid UTF-8", "{\"id\":\"a\",\"text\":\"\xff\"}", nil, []string{"line 1: not valid JSON"}},
		{
			"line too long", `{"id":"a","text":"` + strings.Repeat("x", MaxLine) + `"}` + "\n" + `{"id":"b","text":"x"}`,
			[]string{`{"id":"b",` + clean},
			[]string{"line 1: longer than 16777216 bytes"},
		},
		{"no secret in an error", `{"id":"a","text":"heron"`, nil, []string{"line 1: not valid JSON at byte 24"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			var bad []string
			_, err := CheckLines(set, strings.NewReader(tt.in), &out, func(e *LineError) { bad = append(bad, e.Error()) })
			got := strings.SplitAfter(out.String(), "\n")
			if got = got[:len(got)-1]; len(got) != len(tt.want) {
				t.Fatalf("%d lines: %q", len(got), out.String())
			}
			for i, want := range tt.want {
				if !strings.HasPrefix(got[i], want) {
					t.Errorf("line %d: %s\nwant %s…", i, got[i], want)
				}
			}
			if len(bad) != len(tt.bad) {
				t.Fatalf("bad lines %q, want %q", bad, tt.bad)
			}
			for i, want := range tt.bad {
				if !strings.HasPrefix(bad[i], want) {
					t.Errorf("reported %q, want %q…", bad[i], want)
				}
			}
			var sum *LinesError
			if errors.As(err, &sum) != (len(tt.bad) > 0) {
				t.Errorf("error %v", err)
			}
			if sum != nil && (sum.Bad != len(tt.bad) || sum.First.Error() != bad[0]) {
				t.Errorf("sum %+v", sum)
			}
		})
	}
}

func TestCheckLinesBrokenPipes(t *testing.T) {
	wrong := errors.New("wrong")
	if _, err := CheckLines(nil, iotest.ErrReader(wrong), io.Discard, nil); !errors.Is(err, wrong) {
		t.Errorf("read error %v", err)
	}
	w := writerFunc(func([]byte) (int, error) { return 0, wrong })
	if _, err := CheckLines(nil, strings.NewReader(`{"id":"a","text":"x"}`), w, nil); !errors.Is(err, wrong) {
		t.Errorf("write error %v", err)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

// TestCheckLinesAnswersAtOnce: a verdict comes before the next line is sent.
func TestCheckLinesAnswersAtOnce(t *testing.T) {
	in, feed := io.Pipe()
	answers, out := io.Pipe()
	done := make(chan error, 1)
	go func() { _, err := CheckLines(nil, in, out, nil); done <- err }()
	buf := make([]byte, 1024)
	for range 3 {
		if _, err := io.WriteString(feed, `{"id":1,"text":"x"}`+"\n"); err != nil {
			t.Fatal(err)
		}
		n, err := answers.Read(buf)
		if diff := cmp.Diff(`{"id":1,"verdict":"allow","findings":[]}`+"\n", string(buf[:n])); err != nil || diff != "" {
			t.Fatal(err, diff)
		}
	}
	feed.Close()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func FuzzCheckLines(f *testing.F) {
	f.Add([]byte(`{"id":"a","text":"heron"}` + "\n{\n"))
	f.Fuzz(func(t *testing.T, in []byte) {
		var out bytes.Buffer
		bad := 0
		_, err := CheckLines(nil, bytes.NewReader(in), &out, func(*LineError) { bad++ })
		if (err != nil) != (bad > 0) {
			t.Fatalf("%d bad lines and error %v", bad, err)
		}
	})
}
