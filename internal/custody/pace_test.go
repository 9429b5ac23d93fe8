package custody

import (
	"errors"
	"testing"
	"time"
)

// A follower does all there is in quiet moments, and a fortieth of the time while the log is busy.
func TestPace(t *testing.T) {
	now, size := time.Unix(1790000000, 0), uint64(1_000_000)
	p := NewPace(func() (uint64, error) { return size, nil }, func() time.Time { return now })
	steps := 0
	work := func(left int) {
		t.Helper()
		err := p.Work(func() (bool, error) {
			steps++
			left--
			now = now.Add(10 * time.Millisecond)
			return left > 0, nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	pass := func(d time.Duration, records uint64) { now, size = now.Add(d), size+records }
	expect := func(want int, when string) {
		t.Helper()
		if steps != want {
			t.Errorf("%s: %d steps, not %d", when, steps, want)
		}
		steps = 0
	}

	work(30)
	expect(30, "nothing is known yet")
	pass(time.Second, 100)
	work(5)
	expect(5, "a quiet log")
	pass(100*time.Millisecond, 2000)
	work(1000) // notices within paceLook
	steps = 0
	for range 100 { // ten seconds of 20,000 records a second
		pass(100*time.Millisecond, 2000)
		work(1000)
	}
	if steps < 20 || steps > 30 {
		t.Errorf("a busy log: %d steps of 10 ms in ten seconds", steps)
	}
	steps = 0
	for range 100 { // and where each step takes all there is
		pass(100*time.Millisecond, 2000)
		work(1)
	}
	if steps < 20 || steps > 30 {
		t.Errorf("a busy log, read to its end each time: %d steps of 10 ms in ten seconds", steps)
	}
	steps = 0
	pass(time.Minute, 10)
	work(7)
	expect(7, "quiet again")
	now = now.Add(-time.Hour) // the clock is set back
	work(3)
	expect(3, "another time")

	broken := errors.New("no log")
	p = NewPace(func() (uint64, error) { return 0, broken }, func() time.Time { return now })
	if err := p.Work(func() (bool, error) { return false, nil }); !errors.Is(err, broken) {
		t.Errorf("a size that cannot be told: %v", err)
	}
}
