package inspect

import (
	"testing"

	"github.com/reeve-ai/reeve/detect"
	"github.com/reeve-ai/reeve/internal/dataset"
)

func TestWithout(t *testing.T) {
	in, err := New(Options{Detect: detect.Options{Rules: []string{"pii/email"}}})
	if err != nil {
		t.Fatal(err)
	}
	text := []byte("jane@acme.com joe@acme.com")
	b := &dataset.Block{Text: text, To: len(text), Fields: []dataset.Field{{End: len(text)}}}
	less := in.Without(func(text []byte) bool { return string(text) == "joe@acme.com" }, "1")
	var s Scratch
	if n, m := len(in.Block(nil, b, &s)), len(less.Block(nil, b, &s)); n != 2 || m != 1 {
		t.Errorf("%d and %d hits", n, m)
	}
	if in.Version() == less.Version() || less.Version() == in.Without(nil, "").Version() {
		t.Error("one version for two answers")
	}
}
