package keyring

import (
	"fmt"
	"testing"
)

// BenchmarkSubject is what each record asks of the ring: the subject's key from memory, and one wrap.
func BenchmarkSubject(b *testing.B) {
	r, err := Open(Options{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()
	names := make([]string, 1000)
	for i := range names {
		names[i] = fmt.Sprint("user:", i)
		if _, err := r.Subject(names[i]); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("get", func(b *testing.B) {
		b.ReportAllocs()
		for i := range b.N {
			if _, err := r.Subject(names[i%len(names)]); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("wrap", func(b *testing.B) {
		s, err := r.Subject(names[0])
		if err != nil {
			b.Fatal(err)
		}
		nonce, key, out := make([]byte, NonceSize), make([]byte, 64), make([]byte, 0, 128)
		b.ReportAllocs()
		for range b.N {
			out = s.Wrap(out[:0], nonce, key, nil)
		}
	})
}
