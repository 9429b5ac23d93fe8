package names

import (
	_ "embed"
	"os"
	"strings"
	"testing"

	"github.com/reeve-ai/reeve/detect"
)

//go:embed testdata/forms.txt
var forms string

// readForms reads testdata/forms.txt.
func readForms(tb testing.TB) (docs []labelled) {
	tb.Helper()
	kinds := map[string]detect.Kind{"P": KindPerson, "A": KindStreetAddress, "O": KindOrganization, "L": KindLocation}
	for _, line := range strings.Split(strings.TrimSpace(forms), "\n") {
		if strings.HasPrefix(line, "#") {
			continue
		}
		line = strings.ReplaceAll(line, `\n`, "\n")
		var d labelled
		for {
			head, rest, ok := strings.Cut(line, "[")
			d.Text += head
			if !ok {
				break
			}
			name, tail, _ := strings.Cut(rest, "]")
			kind, value, _ := strings.Cut(name, ":")
			if kinds[kind] == "" {
				tb.Fatalf("no kind %q in %q", kind, line)
			}
			start := len([]rune(d.Text))
			d.Text += value
			d.Spans = append(d.Spans, truth{start, len([]rune(d.Text)), string(kinds[kind])})
			line = tail
		}
		docs = append(docs, d)
	}
	return docs
}

// TestForms asserts floors on authored texts that resemble forms and letters in twelve languages.
func TestForms(t *testing.T) {
	result := measure(t, judged(t), readForms(t), os.Getenv("SHOWFILE") == "forms")
	for kind, floor := range map[detect.Kind]float64{KindPerson: 0.88, KindStreetAddress: 0.85} {
		_, _, strict := result[kind].strict()
		p, r, f := result[kind].overlap()
		t.Logf("%s: strict F1 %.3f, overlap P %.3f R %.3f F1 %.3f", kind, strict, p, r, f)
		if f < floor {
			t.Errorf("%s: overlap F1 %.3f, want %.2f", kind, f, floor)
		}
	}
}
