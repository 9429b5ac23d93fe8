package inspect

import (
	"strings"
	"testing"

	"github.com/reeve-ai/reeve/detect"
	"github.com/reeve-ai/reeve/internal/dataset"
)

func TestExplain(t *testing.T) {
	text := []byte("her social security number: 536-22-" + "1234 now")
	b := &dataset.Block{Format: dataset.Text, Text: text, Fields: []dataset.Field{{End: len(text)}}, To: len(text)}
	for _, least := range []float32{0, 0.5} {
		in, err := New(Options{Detect: detect.Options{Rules: []string{"pii/us-ssn"}, MinScore: least}})
		if err != nil {
			t.Fatal(err)
		}
		hits := in.Block(nil, b, &Scratch{})
		if len(hits) != 1 {
			t.Fatalf("%d hits, want 1", len(hits))
		}
		got := in.Explain(b, &hits[0])
		if !strings.Contains(got, "near it: ") || !strings.Contains(got, "social security") {
			t.Errorf("no context words in %q", got)
		}
		if strings.Contains(got, "of at least 0.50") != (least > 0) {
			t.Errorf("least %.2f: %q", least, got)
		}
		if strings.Contains(got, "1234") {
			t.Error("the value is told")
		}
		unknown := Hit{Rule: &detect.Rule{Description: "a name"}, Score: 1}
		if got := in.Explain(b, &unknown); got != "a name; score 1.00 by the tagger of names" {
			t.Errorf("of the tagger: %q", got)
		}
	}
}
