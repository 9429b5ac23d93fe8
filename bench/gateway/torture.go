package main

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"syscall"
	"time"
)

// tortureMain kills the gateway under load, again and again, and asks the log for every exchange that a client was told of.
//
// A client that holds the last byte of an answer holds an acknowledged exchange: intent and outcome must be in the log
// whatever happened next. One that saw the header must find the intent. kill -9 leaves the page cache alone, so this
// shows that nothing is acknowledged before it is written; that it is also synced is for a test with a faulty disk.
func tortureMain(args []string) {
	runtime.LockOSThread() // children die with this thread
	fs := flag.NewFlagSet("torture", flag.ExitOnError)
	bin := fs.String("reeve", "./reeve", "the reeve binary")
	kills := fs.Int("kills", 200, "how often to kill")
	shows := fs.Int("show", 3, "exchanges to look up with custody show after each kill, the latest first")
	seed := fs.Uint64("seed", 1, "of the times between kills")
	_ = fs.Parse(args) // exits on an error
	os.Exit(trial(*bin, func(r *reeve) (result, error) { return torture(r, *kills, *shows, *seed) }))
}

func torture(r *reeve, kills, shows int, seed uint64) (result, error) {
	book, random := newLedger(), rand.New(rand.NewPCG(seed, 9))
	shown, unseen, leaves := 0, 0, uint64(0)
	for n := range kills {
		if err := r.start(); err != nil {
			return nil, fmt.Errorf("start %d: %w", n+1, err)
		}
		mark := book.wholeCount()
		loads := []*load{
			newLoad(r.observed(scenario{name: "plain", kind: "chat", c: 24}, book)),
			newLoad(r.observed(scenario{name: "stream", kind: "chat", stream: true, c: 8}, book)),
			newLoad(r.observed(scenario{name: "ndjson", kind: "ollama-chat", stream: true, c: 4}, book)),
		}
		for _, l := range loads {
			l.start()
		}
		time.Sleep(100*time.Millisecond + time.Duration(random.IntN(300))*time.Millisecond)
		if r.died() {
			return nil, fmt.Errorf("round %d: serve ended by itself: %s", n+1, r.cmd.ProcessState)
		}
		r.signal(syscall.SIGKILL)
		for _, l := range loads {
			l.stop()
		}
		if err := r.start(); err != nil {
			return nil, fmt.Errorf("start after kill %d: %w", n+1, err)
		}
		var err error
		if leaves, err = r.verify(); err != nil {
			return nil, fmt.Errorf("after kill %d: %w", n+1, err)
		}
		for _, id := range book.latest(mark, shows) {
			shown++
			if records, err := r.shown(id); err != nil || records < 2 {
				unseen++
				fmt.Fprintf(os.Stderr, "kill %d: exchange %s has %d records: %v\n", n+1, id, records, err)
			}
		}
		r.signal(syscall.SIGKILL)
		if (n+1)%10 == 0 {
			fmt.Fprintf(os.Stderr, "%d kills, %d exchanges acknowledged, %d leaves\n", n+1, book.wholeCount(), leaves)
		}
	}
	if err := r.start(); err != nil { // the last start closes what the last kill left open
		return nil, err
	}
	r.signal(syscall.SIGTERM)
	lost, lostBegun, err := book.missing(r.data)
	if err != nil {
		return nil, err
	}
	for _, id := range append(lost, lostBegun...) {
		fmt.Fprintln(os.Stderr, "lost:", id)
	}
	return result{
		{"kills", float64(kills)},
		{"acknowledged", float64(len(book.whole))},
		{"acknowledged_lost", float64(len(lost))},
		{"begun", float64(len(book.begun))},
		{"begun_lost", float64(len(lostBegun))},
		{"shown", float64(shown)},
		{"shown_lost", float64(unseen)},
		{"leaves", float64(leaves)},
		{"bad_answers", float64(book.bad())},
	}, book.complain()
}
