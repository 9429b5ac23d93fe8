package gate

import (
	"fmt"
	"testing"

	"github.com/reeve-ai/reeve/internal/attest"
)

// A model of many files: the time must grow with their number, not with its square.
func BenchmarkEvaluate(b *testing.B) {
	for _, n := range []int{100, 1000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			w := newWorld(b)
			files := make([]attest.File, 0, n)
			w.ev.Files, w.ev.Scans = nil, map[string]Scanned{}
			for i := range n {
				f := textFile(fmt.Sprintf("shard-%06d.safetensors", i), fmt.Sprint(i))
				files = append(files, f)
				w.ev.Files = append(w.ev.Files, File{f, Weights})
				w.ev.Scans[f.Path] = Scanned{SHA256: f.SHA256, Verdict: "clean"}
			}
			out, err := attest.FolderMaterial("out", files)
			w.check(err)
			w.train.Outputs = []attest.Material{out}
			w.scan.Files = nil
			for _, f := range files {
				w.scan.Files = append(w.scan.Files, attest.ScannedFile{File: f, Verdict: "clean"})
			}
			w.scan.Model, err = attest.NewTree(files)
			w.check(err)
			w.scan.Counts = map[string]int64{"clean": int64(n)}
			p, ev := w.policy(), w.evidence()
			for b.Loop() {
				if r := Evaluate(p, ev, noon); r.Verdict != Pass {
					b.Fatal(r.Verdict, r.Violations, r.Missing)
				}
			}
		})
	}
}
