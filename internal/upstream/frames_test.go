package upstream

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func frames(t testing.TB, sse bool, max int, chunks ...string) (got []string, f *Frames, err error) {
	t.Helper()
	f = NewFrames(sse, max)
	for _, c := range chunks {
		if err := f.Feed([]byte(c), func(d []byte) error { got = append(got, string(d)); return nil }); err != nil {
			return got, f, err
		}
	}
	return got, f, nil
}

func TestFramesSSE(t *testing.T) {
	cases := []struct {
		name, in string
		want     []string
		pending  bool
	}{
		{"plain", "data: a\n\ndata: b\n\n", []string{"a", "b"}, false},
		{"no space", "data:a\n\n", []string{"a"}, false},
		{"CRLF", "data: a\r\n\r\ndata: b\r\n\r\n", []string{"a", "b"}, false},
		{"lines are joined", "data: a\ndata: b\ndata: c\n\n", []string{"a\nb\nc"}, false},
		{"comments and fields end here", ": hi\nevent: x\nid: 1\nretry: 5\ndata: a\n\n: ping\n\n", []string{"a"}, false},
		{"empty data", "data\n\ndata:\n\n", []string{"", ""}, false},
		{"other field with the same start", "database: a\n\n", nil, false},
		{"half an event", "data: a\n\ndata: b\n", []string{"a"}, true},
		{"half a line", "data: a\n\ndat", []string{"a"}, true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, f, err := frames(t, true, 1000, c.in)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
			if f.Pending() != c.pending || f.Last() != nil {
				t.Errorf("pending %v, last %q", f.Pending(), f.Last())
			}
		})
	}
}

func TestFramesLines(t *testing.T) {
	got, f, err := frames(t, false, 1000, "{\"a\":1}\r\n\n  {\"b\":2}\n{\"c\"", ":3}")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{`{"a":1}`, `{"b":2}`}, got); diff != "" {
		t.Error(diff)
	}
	if string(f.Last()) != `{"c":3}` {
		t.Errorf("last %q", f.Last())
	}
}

func TestFramesLimit(t *testing.T) {
	for _, sse := range []bool{true, false} {
		_, _, err := frames(t, sse, 100, "data: "+strings.Repeat("x", 60), strings.Repeat("x", 60))
		if !errors.Is(err, ErrFrameTooLong) {
			t.Errorf("sse=%v: got %v", sse, err)
		}
	}
	// An event of many lines is bounded like one long line.
	if _, _, err := frames(t, true, 100, strings.Repeat("data: x\n", 50)); !errors.Is(err, ErrFrameTooLong) {
		t.Errorf("many lines: got %v", err)
	}
}

func TestFramesStop(t *testing.T) {
	stop := errors.New("stop")
	n := 0
	err := NewFrames(true, 100).Feed([]byte("data: a\n\ndata: b\n\n"), func([]byte) error { n++; return stop })
	if err != stop || n != 1 {
		t.Errorf("%v after %d frames", err, n)
	}
}

// TestFramesCuts proves that frames do not depend on how the stream was cut.
func TestFramesCuts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sse := rapid.Bool().Draw(t, "sse")
		parts := rapid.SliceOf(rapid.SampledFrom([]string{
			"data: a\n", "data: {\"x\":1}\n\n", "\n", "\r\n", ": c\n", "event: e\n", "x", "data:", "\r", " ", "data: b\r\n\r\n",
		})).Draw(t, "parts")
		whole := strings.Join(parts, "")
		collect := func(chunks []string) []string {
			f, out := NewFrames(sse, 1<<20), []string{}
			for _, c := range chunks {
				if err := f.Feed([]byte(c), func(d []byte) error { out = append(out, string(d)); return nil }); err != nil {
					t.Fatal(err)
				}
			}
			return append(out, "last "+string(f.Last()))
		}
		want := collect([]string{whole})
		var chunks []string
		for rest := whole; rest != ""; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "n")
			chunks, rest = append(chunks, rest[:n]), rest[n:]
		}
		if diff := cmp.Diff(want, collect(chunks)); diff != "" {
			t.Fatal(diff)
		}
	})
}

func FuzzFrames(f *testing.F) {
	f.Add([]byte("data: a\n\ndata: b\r\n\r\n: c\n\nevent: x\ndata: y\ndata: z\n\n"), true, uint8(3))
	f.Add([]byte("{\"a\":1}\n{\"b\":2}\n"), false, uint8(1))
	f.Fuzz(func(t *testing.T, b []byte, sse bool, step uint8) {
		collect := func(step int) (out []string) {
			fr := NewFrames(sse, 1<<20)
			for i := 0; i < len(b); i += step {
				if err := fr.Feed(b[i:min(i+step, len(b))], func(d []byte) error { out = append(out, string(d)); return nil }); err != nil {
					t.Fatal(err)
				}
			}
			return out
		}
		if diff := cmp.Diff(collect(len(b)+1), collect(int(step)+1)); diff != "" {
			t.Fatal(diff)
		}
	})
}
