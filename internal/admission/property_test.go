package admission

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"pgregory.net/rapid"
)

// However files, links, verdicts and the runtime's loads follow each other: what goes out was made from bytes of which each
// file was a subject of one verdict.
func TestWhatIsServedWasAttested(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		g := newGate(t)
		dir, err := os.MkdirTemp(t.TempDir(), "models")
		if err != nil {
			t.Fatal(err)
		}
		texts := []string{"good", "evil", "other"}
		paths := []string{filepath.Join(dir, "a", "w"), filepath.Join(dir, "b", "w")}
		for _, p := range paths {
			write(t, p, "good")
		}
		link := filepath.Join(dir, "current")
		turn := func(to string) {
			_ = os.Symlink(to, link+".new")
			_ = os.Rename(link+".new", link)
		}
		turn("a")
		served := filepath.Join(link, "w")
		// memory is what the runtime has loaded; it loads when it is asked and has nothing.
		memory := ""
		load := func() {
			if memory == "" {
				b, _ := os.ReadFile(served)
				memory = string(b)
			}
		}
		r := &plain{paths: []string{served}, settle: func() { memory = "" }}
		s := newStage(t, Enforce, r, g.shelf())
		attested := map[string]bool{}
		act := func(label string) {
			switch rapid.SampledFrom([]string{"write", "replace", "turn", "load", "unload", "attest", "round", "nothing"}).Draw(rt, label) {
			case "write":
				write(t, rapid.SampledFrom(paths).Draw(rt, "path"), rapid.SampledFrom(texts).Draw(rt, "text"))
			case "replace":
				replace(t, rapid.SampledFrom(paths).Draw(rt, "path"), rapid.SampledFrom(texts).Draw(rt, "text"))
			case "turn":
				turn(rapid.SampledFrom([]string{"a", "b"}).Draw(rt, "to"))
			case "load":
				load()
			case "unload":
				memory = ""
			case "attest":
				text := rapid.SampledFrom([]string{"good", "other"}).Draw(rt, "text")
				g.verdict(text, nil, text)
				attested[text] = true
			case "round":
				s.Round(context.Background())
			}
		}
		for range rapid.IntRange(1, 12).Draw(rt, "steps") {
			act("step")
			made := ""
			if s.serve(func() { act("while it answers"); load(); made = memory; act("after it was made") }) && !attested[made] {
				rt.Fatalf("an answer of %q went out", made)
			}
		}
		if err := s.local.Close(); err != nil {
			t.Fatal(err)
		}
	})
}
