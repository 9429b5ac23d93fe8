package lifecycle

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestBetween asks for spans of time while the clock jumps forth and back: no record of the span lies outside of what is told, whatever
// the sizes of the batches were.
func TestBetween(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		x := &Index{path: t.TempDir() + "/" + IndexFile}
		if err := x.open(t.Context()); err != nil {
			t.Fatal(err)
		}
		defer x.db.Close()
		jumps := rapid.SliceOfN(rapid.Int64Range(-5, 20), 1, 40).Draw(r, "jumps")
		var times []int64
		now := int64(1_000_000)
		for len(jumps) > 0 {
			n := rapid.IntRange(1, len(jumps)).Draw(r, "batch")
			tx, err := x.db.BeginTx(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			b := &batch{x: x, tx: tx, last: x.last}
			for _, jump := range jumps[:n] {
				for range 300 { // records at one time
					if err := b.stretch(t.Context(), uint64(len(times)), now); err != nil {
						t.Fatal(err)
					}
					times = append(times, now)
				}
				now += jump * int64(time.Second)
			}
			if err := b.last.write(t.Context(), tx); err != nil {
				t.Fatal(err)
			}
			if err := tx.Commit(); err != nil {
				t.Fatal(err)
			}
			x.last, jumps = b.last, jumps[n:]
			if rapid.Bool().Draw(r, "reopen") {
				x.last = stretch{}
				if err := x.last.load(t.Context(), x.db); err != nil || x.last != b.last {
					t.Fatalf("%+v came back as %+v: %v", b.last, x.last, err)
				}
			}
		}
		since := rapid.SampledFrom(times).Draw(r, "since")
		until := since + rapid.Int64Range(0, 60).Draw(r, "for")*int64(time.Second)
		from, to, err := x.between(t.Context(), time.Unix(0, since), time.Unix(0, until))
		if err != nil {
			t.Fatal(err)
		}
		for seq, at := range times {
			if at >= since && at < until && (uint64(seq) < from || uint64(seq) >= to) {
				r.Fatalf("record %d lies between the times and not in [%d, %d)", seq, from, to)
			}
		}
		if whole, end, err := x.between(t.Context(), time.Time{}, time.Time{}); whole != 0 || end < uint64(len(times)) || err != nil {
			r.Fatalf("no bounds: [%d, %d), %v", whole, end, err)
		}
	})
}
