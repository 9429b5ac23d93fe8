package inspect

import (
	"slices"
	"testing"

	"github.com/reeve-ai/reeve/detect"
	"github.com/reeve-ai/reeve/internal/dataset"
)

// TestReadingsOfANumber looks at a passport number that stands alone, with all its readings and with the best alone.
func TestReadingsOfANumber(t *testing.T) {
	text := []byte("text: AZ0438176\n")
	b := &dataset.Block{Format: dataset.Text, Text: text, Fields: []dataset.Field{{Start: 6, End: 15}}, To: len(text)}
	for _, all := range []bool{false, true} {
		in, err := New(Options{Detect: detect.Options{Rules: []string{"pii/*"}}, Readings: all})
		if err != nil {
			t.Fatal(err)
		}
		var kinds []detect.Kind
		for _, h := range in.Block(nil, b, &Scratch{}) {
			if h.Start != 6 || h.End != 15 {
				t.Errorf("%s at %d to %d", h.Rule.Kind, h.Start, h.End)
			}
			kinds = append(kinds, h.Rule.Kind)
		}
		if kinds[0] != "UK_PASSPORT" || slices.Contains(kinds, "IT_PASSPORT") != all {
			t.Errorf("with all readings %v: %v", all, kinds)
		}
	}
}
