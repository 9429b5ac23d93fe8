package console

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestDiff(t *testing.T) {
	got := diff("a\nb\nc\n", "a\nx\nc\n")
	if diff := cmp.Diff([]diffLine{{" ", "a"}, {"-", "b"}, {"+", "x"}, {" ", "c"}}, got); diff != "" {
		t.Error(diff)
	}
	if got := diff("same\n", "same\n"); got != nil {
		t.Errorf("the same text differs: %v", got)
	}
	long := strings.Repeat("line\n", 50)
	if got := diff(long+"a\n"+long, long+"b\n"+long); len(got) != 10 {
		t.Errorf("%d lines are shown: %v", len(got), got)
	}
}

// What stayed and went is the first text; what stayed and came is the second.
func TestDiffIsWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		line := rapid.SampledFrom([]string{"a", "b", "c"})
		a, b := rapid.SliceOfN(line, 0, 12).Draw(t, "a"), rapid.SliceOfN(line, 0, 12).Draw(t, "b")
		var before, after []string
		for _, l := range middle(a, b) {
			if l.Mark != "+" {
				before = append(before, l.Text)
			}
			if l.Mark != "-" {
				after = append(after, l.Text)
			}
		}
		if strings.Join(a, "") != strings.Join(before, "") || strings.Join(b, "") != strings.Join(after, "") {
			t.Fatalf("%v and %v give %v and %v", a, b, before, after)
		}
	})
}
