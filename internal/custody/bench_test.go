package custody

import (
	"crypto/rand"
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// cpuTime is the CPU time of this process, user and system.
func cpuTime() time.Duration {
	var r syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &r)
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// BenchmarkExchange writes pairs of intent and outcome with payloads of 1.5 KB each, so many in flight at once.
func BenchmarkExchange(b *testing.B) {
	for _, mode := range []string{"durable", "best-effort"} {
		for _, inFlight := range []int{1, 32, 512} {
			b.Run(fmt.Sprintf("%s/%d", mode, inFlight), func(b *testing.B) { benchExchange(b, inFlight, mode == "durable") })
		}
	}
}

func benchExchange(b *testing.B, inFlight int, wait bool) {
	dir := b.TempDir()
	l := openLog(b, dir, func(o *Options) { o.SegmentBytes, o.CheckpointEvery, o.QueueRecords = 64<<20, time.Second, 16384 })
	in, out := make([]byte, 1500), make([]byte, 1500)
	_, _ = rand.Read(in)
	_, _ = rand.Read(out)
	var left atomic.Int64
	left.Store(int64(b.N))
	var wg sync.WaitGroup
	b.ReportAllocs()
	b.ResetTimer()
	began := cpuTime()
	for range inFlight {
		wg.Go(func() {
			for left.Add(-1) >= 0 {
				i, o := sampleExchange(NewID(time.Now()), in, out)
				for l.intent(i, wait) != nil { // the queue of a best-effort route is full
					time.Sleep(time.Millisecond)
				}
				for l.outcome(o, wait) != nil {
					time.Sleep(time.Millisecond)
				}
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	s := l.Stats()
	b.ReportMetric(float64((cpuTime()-began).Nanoseconds())/1e3/float64(b.N), "cpu-µs/exchange")
	b.ReportMetric(float64(s.Records)/float64(max(s.Syncs, 1)), "records/sync")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "exchanges/s")
	b.ReportMetric(0, "ns/op")
}
