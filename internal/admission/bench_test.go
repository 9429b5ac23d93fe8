package admission

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// BenchmarkAdmit is what a request pays before it goes to the runtime; p99 is told beside the mean.
func BenchmarkAdmit(b *testing.B) {
	g := newGate(b)
	g.verdict("v", nil, "weights")
	path := write(b, filepath.Join(b.TempDir(), "w"), "weights")
	s := newStage(b, Enforce, &plain{paths: []string{path}}, g.shelf())
	s.Round(context.Background())
	now := time.Now()
	b.Run("before", func(b *testing.B) {
		for b.Loop() {
			if s.Admit("local", "m").Refusal(now) != nil {
				b.Fatal("refused")
			}
		}
	})
	b.Run("after", func(b *testing.B) {
		for b.Loop() {
			if s.Admit("local", "m").Confirm(context.Background(), now) != nil {
				b.Fatal("refused")
			}
		}
	})
	b.Run("p99", func(b *testing.B) {
		took := make([]time.Duration, 0, 1<<20)
		for b.Loop() {
			began := time.Now()
			if st := s.Admit("local", "m"); st.Refusal(now) != nil || st.Confirm(context.Background(), now) != nil {
				b.Fatal("refused")
			}
			if len(took) < cap(took) {
				took = append(took, time.Since(began))
			}
		}
		slices.Sort(took)
		b.ReportMetric(float64(took[len(took)*99/100].Nanoseconds()), "p99-ns")
	})
}

// BenchmarkHash reads files from the page cache, beside the digest of as many bytes in memory.
func BenchmarkHash(b *testing.B) {
	const size, count = 256 << 20, 2
	dir, text := b.TempDir(), make([]byte, size)
	_, _ = rand.Read(text)
	var files []File
	for i := range count {
		path := filepath.Join(dir, string(rune('a'+i)))
		if err := os.WriteFile(path, text, 0o600); err != nil {
			b.Fatal(err)
		}
		files = append(files, File{Name: path, Path: path})
	}
	b.Run("files", func(b *testing.B) {
		h := NewHasher(nil)
		b.SetBytes(size * count)
		for b.Loop() {
			h.Forget()
			if _, err := h.Hash(context.Background(), files); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("memory", func(b *testing.B) {
		b.SetBytes(size)
		for b.Loop() {
			sha256.Sum256(text)
		}
	})
}
