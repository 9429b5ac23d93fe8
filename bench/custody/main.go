// Command custody measures the custody log beside Tessera's POSIX log and an SQLite table with the same durability. It prints one
// JSON object a line; each says how busy the machine was with other things.
//
//	go run . -seconds 10                 all steps on a small log, with the peers
//	go run . -records 10000000 -bytes 512 -peers=false    the same steps on a large one
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

type options struct {
	seconds  time.Duration
	records  int // in the log before anything is measured
	bytes    int
	inFlight int
	peers    bool
	dir      string
}

func main() {
	var o options
	flag.DurationVar(&o.seconds, "for", 5*time.Second, "length of each step")
	flag.IntVar(&o.records, "records", 0, "records that are in the log before anything is measured")
	flag.IntVar(&o.bytes, "bytes", 2048, "bytes of each payload")
	flag.IntVar(&o.inFlight, "inflight", 512, "records that wait at once")
	flag.BoolVar(&o.peers, "peers", true, "measure Tessera and SQLite too")
	parent := flag.String("dir", "", "where the logs are made (default: the temporary folder)")
	flag.Parse()
	if err := run(&o, *parent); err != nil {
		fmt.Fprintln(os.Stderr, "custody:", err)
		os.Exit(1)
	}
}

func run(o *options, parent string) (err error) {
	if o.dir, err = os.MkdirTemp(parent, "reeve-custody-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(o.dir)) }()
	say("machine", map[string]any{"cpus": runtime.NumCPU(), "go": runtime.Version(), "load": load(), "bytes": o.bytes, "in_flight": o.inFlight})
	if err := ours(o); err != nil {
		return err
	}
	if !o.peers {
		return nil
	}
	if err := measure("append sqlite", o, o.inFlight, sqlite); err != nil {
		return err
	}
	return measure("append tessera", o, o.inFlight, tesseraPOSIX)
}

// appender makes one record durable.
type appender func(worker int) error

// measure runs workers for a while and tells rate, latency and CPU.
func measure(name string, o *options, workers int, open func(o *options) (appender, func() error, error)) error {
	add, done, err := open(o)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	defer func() { _ = done() }()
	var wg sync.WaitGroup
	var failed atomic.Pointer[error]
	took := make([][]time.Duration, workers)
	began, cpu := time.Now(), cpuTime()
	deadline := began.Add(o.seconds)
	for w := range workers {
		wg.Go(func() {
			for at := time.Now(); at.Before(deadline) && failed.Load() == nil; {
				if err := add(w); err != nil {
					failed.Store(&err)
				}
				next := time.Now()
				took[w] = append(took[w], next.Sub(at))
				at = next
			}
		})
	}
	wg.Wait()
	if err := failed.Load(); err != nil {
		return fmt.Errorf("%s: %w", name, *err)
	}
	elapsed, used := time.Since(began), cpuTime()-cpu
	all := slices.Concat(took...)
	slices.Sort(all)
	say(name, map[string]any{
		"per_second": int(float64(len(all)) / elapsed.Seconds()), "p50_ms": ms(all[len(all)/2]), "p99_ms": ms(all[len(all)*99/100]),
		"cpu_us": float64(used.Microseconds()) / float64(len(all)), "cpus_used": used.Seconds() / elapsed.Seconds(), "load": load(),
	})
	return nil
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func say(step string, values map[string]any) {
	values["step"] = step
	b, err := json.Marshal(values)
	if err != nil {
		panic(err)
	}
	fmt.Println(string(b))
}

func cpuTime() time.Duration {
	var r syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &r)
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

func load() string {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.Join(strings.Fields(string(b))[:1], "")
}

// diskUse is what the files of a folder take, holes left out.
func diskUse(dir string) (bytes int64, err error) {
	err = filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			bytes += info.Sys().(*syscall.Stat_t).Blocks * 512
		}
		return err
	})
	return bytes, err
}
