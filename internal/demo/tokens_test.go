package demo

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestPieces(t *testing.T) {
	tests := []struct {
		text string
		want []string
	}{
		{"", []string{}},
		{"Hi there", []string{"Hi", " there"}},
		{"don't stop, it's x' ", []string{"don't", " stop", ",", " it's", " x", "'", " "}},
		{"a  b\n c", []string{"a", " ", " b", "\n", " c"}},
		{"-----BEGIN KEY-----", []string{"-----", "BEGIN", " KEY", "-----"}},
		{" +49 30", []string{" +", "49", " 30"}},
		{"a.b@c.example", []string{"a", ".", "b", "@", "c", ".", "example"}},
		{"Größe ü1", []string{"Größe", " ü1"}},
		{"\xff\xfeA", []string{"\xff", "\xfe", "A"}},
		{"\n\n", []string{"\n", "\n"}},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, pieces(tt.text)); diff != "" {
			t.Errorf("pieces(%q): %s", tt.text, diff)
		}
	}
}

func TestPiecesLoseNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		checkPieces(t, string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")))
		checkPieces(t, rapid.String().Draw(t, "text"))
		checkPieces(t, rapid.StringOf(rapid.RuneFrom([]rune(" \n-'’aB9é."))).Draw(t, "odd text"))
	})
}

func FuzzPieces(f *testing.F) {
	f.Add("Hello,  world\n'tis a-b -- c")
	f.Fuzz(func(t *testing.T, text string) { checkPieces(t, text) })
}

func checkPieces(t interface{ Fatalf(string, ...any) }, text string) {
	p := pieces(text)
	if got := strings.Join(p, ""); got != text {
		t.Fatalf("pieces of %q join to %q", text, got)
	}
	for _, one := range p {
		if one == "" {
			t.Fatalf("pieces(%q) has an empty piece", text)
		}
	}
	if got := joinTurn(turnPieces(text)); got != text {
		t.Fatalf("the turn %q comes back as %q", text, got)
	}
}
