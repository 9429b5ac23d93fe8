package detect

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func addSeeds(f *testing.F) {
	for _, texts := range examples() {
		for _, text := range texts {
			f.Add([]byte(text), uint64(len(text)))
		}
	}
}

// FuzzFind checks the promises about one result: sorted, inside the text, not overlapping, with a score.
func FuzzFind(f *testing.F) {
	addSeeds(f)
	e := everything(f)
	f.Fuzz(func(t *testing.T, text []byte, _ uint64) {
		end := 0
		for _, m := range e.Find(nil, text) {
			if m.Start < end || m.End <= m.Start || m.End > len(text) || m.Score <= 0 || m.Score > 1 {
				t.Fatalf("bad match %+v in %q", m, text)
			}
			end = m.End
		}
	})
}

// FuzzStream checks that a stream, cut by the bits of a number, finds what the whole text gives.
func FuzzStream(f *testing.F) {
	addSeeds(f)
	e := everything(f)
	f.Fuzz(func(t *testing.T, text []byte, cuts uint64) {
		var chunks [][]byte
		for from := 0; from < len(text); {
			n := min(1+int(cuts&7), len(text)-from)
			cuts = cuts>>3 | cuts<<61
			chunks = append(chunks, text[from:from+n])
			from += n
		}
		got, err := streamed(e.NewStream(), chunks)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if diff := cmp.Diff(e.Find(nil, text), got); diff != "" {
			t.Fatalf("%q: (-whole +stream)\n%s", text, diff)
		}
	})
}
