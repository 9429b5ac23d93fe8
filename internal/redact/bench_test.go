package redact

import (
	"os"
	"path/filepath"
	"testing"
)

// BenchmarkRun redacts the development data that REEVE_TESTDATA names.
func BenchmarkRun(b *testing.B) {
	dir := os.Getenv("REEVE_TESTDATA")
	if dir == "" {
		b.Skip("REEVE_TESTDATA is not set")
	}
	in := filepath.Join(dir, "pii-dev", "pii-anon-technology.jsonl")
	info, err := os.Stat(in)
	if err != nil {
		b.Skip(err)
	}
	for _, op := range []string{"mask", "pseudonymise"} {
		b.Run(op, func(b *testing.B) {
			o := options(b, op)
			o.Force, o.Inspector = true, everything(b)
			b.SetBytes(info.Size())
			for b.Loop() {
				if _, err := Run(b.Context(), in, filepath.Join(b.TempDir(), "out.jsonl"), o); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
