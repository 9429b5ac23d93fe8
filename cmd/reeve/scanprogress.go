package main

import (
	"context"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/reeve-ai/reeve/internal/dataset"
	"github.com/reeve-ai/reeve/internal/report"
)

// progress shows how far a scan is: a bar on a terminal, a line every ten seconds elsewhere, nothing if quiet.
type progress struct {
	bytes atomic.Int64
	total atomic.Int64 // 0 until it is known
	stop  chan struct{}
	wait  sync.WaitGroup
}

func newProgress(w io.Writer, quiet bool) *progress {
	p := &progress{stop: make(chan struct{})}
	if quiet {
		return p
	}
	p.wait.Add(1)
	if terminal(w) {
		go p.bar(w)
	} else {
		go p.lines(w)
	}
	return p
}

// measure finds out how much there is to scan, beside the scan.
func (p *progress) measure(ctx context.Context, paths []string, o dataset.WalkOptions, quiet bool) {
	if quiet || len(paths) == 0 {
		return
	}
	p.wait.Add(1)
	go func() {
		defer p.wait.Done()
		total := int64(0)
		err := dataset.Walk(ctx, paths, o, func(f *dataset.File) error {
			total += f.Size
			select {
			case <-p.stop:
				return context.Canceled
			default:
				return nil
			}
		}, func(string, string) {})
		if err == nil {
			p.total.Store(total)
		}
	}()
}

// add counts bytes that were scanned. It is safe for concurrent use.
func (p *progress) add(n int64) { p.bytes.Add(n) }

// done ends the display.
func (p *progress) done() {
	close(p.stop)
	p.wait.Wait()
}

func (p *progress) bar(w io.Writer) {
	defer p.wait.Done()
	bar := progressbar.NewOptions64(-1,
		progressbar.OptionSetWriter(w), progressbar.OptionShowBytes(true), progressbar.OptionSetDescription("scanning"),
		progressbar.OptionClearOnFinish(), progressbar.OptionSetWidth(24), progressbar.OptionThrottle(100*time.Millisecond),
	)
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if total := p.total.Load(); total > 0 && bar.GetMax64() != total {
				bar.ChangeMax64(total)
			}
			_ = bar.Set64(p.bytes.Load())
		case <-p.stop:
			_ = bar.Finish()
			return
		}
	}
}

func (p *progress) lines(w io.Writer) {
	defer p.wait.Done()
	begin := time.Now()
	tick := time.NewTicker(10 * time.Second)
	defer tick.Stop()
	for {
		select {
		case now := <-tick.C:
			fmt.Fprintln(w, progressLine(p.bytes.Load(), p.total.Load(), now.Sub(begin)))
		case <-p.stop:
			return
		}
	}
}

// progressLine says how far a scan is, how fast, and when it will end if the total is known.
func progressLine(done, total int64, spent time.Duration) string {
	rate := float64(done) / max(spent.Seconds(), 1e-3)
	line := fmt.Sprintf("reeve: %s scanned, %s/s", report.Size(done), report.Size(int64(rate)))
	if total > 0 && rate > 0 {
		left := time.Duration(float64(max(total-done, 0)) / rate * float64(time.Second))
		line += fmt.Sprintf(", %d %%, %s left", done*100/max(total, 1), left.Round(time.Second))
	}
	return line
}
