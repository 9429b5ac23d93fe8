package sourcing

import (
	"strings"
	"testing"
)

func TestMatch(t *testing.T) {
	for _, tt := range []struct {
		glob, name string
		want       bool
	}{
		{"a.csv", "a.csv", true},
		{"a.csv", "b/a.csv", false},
		{"*.csv", "a.csv", true},
		{"*.csv", "b/a.csv", false},
		{"**/*.csv", "a.csv", true},
		{"**/*.csv", "b/c/a.csv", true},
		{"b/**", "b/c/a.csv", true},
		{"b/**", "b", true},
		{"b/**", "bc/a", false},
		{"b/", "b/x/y", true},
		{"b", "b/x", false},
		{"b/**/c", "b/c", true},
		{"b/**/c", "b/x/y/c", true},
		{"b/**/c", "b/x/y/d", false},
		{"?.csv", "a.csv", true},
		{"[ab].csv", "b.csv", true},
		{"**", "x/y", true},
	} {
		if match(tt.glob, tt.name) != tt.want {
			t.Errorf("match(%q, %q) is %v", tt.glob, tt.name, !tt.want)
		}
	}
	// Many stars against a long path end soon.
	if match(strings.Repeat("**/", 30)+"x", strings.Repeat("a/", 2000)+"y") {
		t.Error("a path that does not match does")
	}
}
