package custody

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/reeve-ai/reeve/internal/tlog"
)

// BenchmarkTiles is what the integrator costs for each leaf, tiles and bundles written: leaves of 600 bytes.
func BenchmarkTiles(b *testing.B) {
	tiles := newTileDir(b.TempDir())
	builder := tlog.NewBuilder(tiles.put)
	leaf := make([]byte, 600)
	h := tlog.LeafHash(leaf)
	b.SetBytes(600)
	for b.Loop() {
		if err := builder.Add(leaf, h); err != nil {
			b.Fatal(err)
		}
	}
}

// benchLog is a closed log of n outcomes with that much payload each.
func benchLog(b *testing.B, n, payload int) string {
	b.Helper()
	dir := b.TempDir()
	l := openLog(b, dir, func(o *Options) { o.SegmentBytes, o.QueueRecords = 64<<20, 1<<17 })
	for i := range n {
		o := alone(i)
		o.Output = make([]byte, payload)
		for l.OutcomeAsync(o) != nil {
			time.Sleep(time.Millisecond)
		}
	}
	if err := l.Outcome(alone(n)); err != nil {
		b.Fatal(err)
	}
	if err := l.Close(); err != nil {
		b.Fatal(err)
	}
	return dir
}

// BenchmarkVerifyLog verifies whole logs: leaves alone, and payloads of 64 KiB.
func BenchmarkVerifyLog(b *testing.B) {
	for _, size := range []struct{ n, payload int }{{50_000, 0}, {2_000, 64 << 10}} {
		b.Run(fmt.Sprintf("payload=%d", size.payload), func(b *testing.B) {
			dir := benchLog(b, size.n, size.payload)
			b.SetBytes(int64(size.n * (size.payload + 1)))
			b.ResetTimer()
			before := cpu()
			for b.Loop() {
				if r, err := Verify(dir, VerifyOptions{}); err != nil || !r.OK {
					b.Fatal(err, r)
				}
			}
			used := (cpu() - before).Seconds()
			b.ReportMetric(float64(size.n)*float64(b.N)/b.Elapsed().Seconds(), "leaves/s")
			b.ReportMetric(float64(size.n)*float64(b.N)/used, "leaves/cpu-s")
			b.ReportMetric(float64(size.n*size.payload)*float64(b.N)/used/1e6, "MB/cpu-s")
		})
	}
}

// BenchmarkProve builds and verifies proofs of single records, each from cold, and many under one checkpoint.
func BenchmarkProve(b *testing.B) {
	dir := benchLog(b, 20_000, 0)
	b.Run("cold", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			p, err := OpenProver(dir)
			if err != nil {
				b.Fatal(err)
			}
			proof, err := p.Prove(uint64(i*7919) % 20_000)
			if err != nil || proof.Verify(tlog.LeafHash(proof.Extra)) != nil {
				b.Fatal(err)
			}
			_ = p.Close()
		}
	})
	b.Run("warm", func(b *testing.B) {
		p, err := OpenProver(dir)
		if err != nil {
			b.Fatal(err)
		}
		defer p.Close()
		for i := 0; b.Loop(); i++ {
			if _, err := p.Prove(uint64(i*7919) % 20_000); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// cpu is the time that this process has used, which a loaded machine does not change much.
func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
