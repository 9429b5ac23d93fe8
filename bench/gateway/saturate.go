package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
)

// saturateMain sends more than the gateway can take. Every answer is either a whole 200 whose two records are in the
// log, or a clear 503; nothing is dropped silently and no other error appears.
func saturateMain(args []string) {
	runtime.LockOSThread() // children die with this thread
	fs := flag.NewFlagSet("saturate", flag.ExitOnError)
	bin := fs.String("reeve", "./reeve", "the reeve binary")
	d := fs.Duration("d", 10*time.Second, "how long")
	c := fs.Int("c", 512, "most requests in flight")
	factor := fs.Float64("x", 3, "offered load as a multiple of what 32 connections reach")
	queue := fs.Int("queue", 0, "records that may wait for the log (custody.queue); 0: as shipped. A short one makes the 503s appear")
	_ = fs.Parse(args) // exits on an error
	os.Exit(trial(*bin, func(r *reeve) (result, error) {
		if *queue > 0 {
			path := filepath.Join(filepath.Dir(r.data), "reeve.yaml")
			if err := os.WriteFile(path, fmt.Appendf(nil, "version: 1\ncustody: {queue: %d}\n", *queue), 0o600); err != nil {
				return nil, err
			}
			r.extra = []string{"--config", path}
		}
		return saturate(r, *d, *c, *factor)
	}))
}

func saturate(r *reeve, d time.Duration, c int, factor float64) (result, error) {
	if err := r.start(); err != nil {
		return nil, err
	}
	c32, _ := findScenario("c32")
	p := r.spec(c32)
	p.d, p.warm = 2*time.Second, time.Second
	capacity := runLoad(p).RPS
	book := newLedger()
	p = r.observed(scenario{name: "saturate", kind: "chat", c: c, rate: capacity * factor}, book)
	p.d = d
	res := runLoad(p)
	r.signal(syscall.SIGTERM)
	lost, lostBegun, err := book.missing(r.data)
	if err != nil {
		return nil, err
	}
	leaves, err := r.verify()
	if err != nil {
		return nil, err
	}
	return result{
		{"capacity_rps", capacity},
		{"offered_rps", capacity * factor},
		{"answered_rps", res.RPS},
		{"answers_200", float64(len(book.whole))},
		{"answers_503", float64(book.statuses[503])},
		{"acknowledged_lost", float64(len(lost))},
		{"cut_failed", float64(len(book.begun))},
		{"unanswered_failed", float64(book.statuses[0])},
		{"begun_lost", float64(len(lostBegun))},
		{"bad_answers", float64(book.bad())},
		{"leaves", float64(leaves)},
		{"rss_peak_mb", res.PeakMB},
	}, book.complain()
}
