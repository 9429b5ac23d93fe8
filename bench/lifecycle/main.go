// Command lifecycle measures what a person's request costs: records of one subject are written into a new log, then they are
// indexed, found, exported with one proof each and erased. It prints one JSON object a line.
//
//	go run ./bench/lifecycle -records 10000
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"golang.org/x/sys/unix"

	"github.com/reeve-ai/reeve/internal/custody"
	"github.com/reeve-ai/reeve/internal/keyring"
	"github.com/reeve-ai/reeve/internal/lifecycle"
)

func main() {
	records := flag.Int("records", 10_000, "records of the subject (two for each exchange)")
	others := flag.Int("others", 10_000, "records of other subjects, between them")
	size := flag.Int("bytes", 2048, "bytes of each text")
	dir := flag.String("dir", "", "where the data directory is made (default: the temporary folder)")
	flag.Parse()
	if err := run(context.Background(), *records, *others, *size, *dir); err != nil {
		fmt.Fprintln(os.Stderr, "lifecycle:", err)
		os.Exit(1)
	}
}

type house struct {
	dir    string
	ring   *keyring.Ring
	log    *custody.Log
	reader *custody.Reader
	keeper *lifecycle.Custodian
}

func run(ctx context.Context, records, others, size int, parent string) (err error) {
	dir, err := os.MkdirTemp(parent, "reeve-lifecycle-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	h := &house{dir: filepath.Join(dir, "data")}
	if err := h.open(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	for _, step := range []struct {
		name string
		do   func() error
	}{
		{"write", func() error { return h.write(records, others, size) }},
		{"index", func() error { _, err := h.keeper.InForce(ctx); return err }},
		{"search", func() error {
			_, err := h.keeper.Search(ctx, lifecycle.SearchRequest{Query: lifecycle.Query{Subject: "key:a", Kind: "exchange"}})
			return err
		}},
		{"export", func() error { return h.export(ctx, filepath.Join(dir, "bundle")) }},
		{"verify_bundle", func() error { return h.verify(filepath.Join(dir, "bundle")) }},
		{"erase", func() error { return h.erase(ctx) }},
		{"index_anew", func() error { return h.anew(ctx) }},
	} {
		if err := timed(step.name, records+others, step.do); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
	}
	return nil
}

// timed prints how long a step took, and the CPU time of this process in it.
func timed(name string, records int, do func() error) error {
	began, cpu := time.Now(), cpuTime()
	if err := do(); err != nil {
		return err
	}
	took := time.Since(began)
	return print(map[string]any{
		"step": name, "ms": took.Milliseconds(), "cpu_ms": (cpuTime() - cpu).Milliseconds(), "records_per_s": int(float64(records) / took.Seconds()),
	})
}

func cpuTime() time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func print(v any) error {
	b, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		return err
	}
	_, err = fmt.Println(string(b))
	return err
}

func (h *house) open(ctx context.Context) (err error) {
	if h.ring, err = keyring.Open(keyring.Options{Dir: h.dir}); err != nil {
		return err
	}
	if h.log, err = custody.Open(custody.Options{Dir: h.dir, Keys: h.ring}); err != nil {
		return err
	}
	if h.reader, err = h.log.Reader(); err != nil {
		return err
	}
	h.keeper, err = lifecycle.Open(ctx, h.options())
	return err
}

func (h *house) options() lifecycle.Options {
	return lifecycle.Options{Dir: h.dir, Log: lifecycle.Provable(h.log, h.dir), Reader: h.reader, Keys: h.ring}
}

func (h *house) close() error {
	return errors.Join(h.keeper.Close(), h.reader.Close(), h.log.Close(), h.ring.Close())
}

// write puts exchanges on record from 256 goroutines, as many callers would.
func (h *house) write(records, others, size int) error {
	const callers = 256
	subjects := make(chan string)
	var wg sync.WaitGroup
	errs := make(chan error, callers)
	for range callers {
		wg.Go(func() {
			for s := range subjects {
				if err := h.talk(s, size); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	go func() {
		for i := range max(records, others) / 2 {
			if i < records/2 {
				subjects <- "key:a"
			}
			if i < others/2 {
				subjects <- fmt.Sprintf("key:b%d", i%100)
			}
		}
		close(subjects)
	}()
	wg.Wait()
	select {
	case err := <-errs:
		return err
	default:
		return nil
	}
}

func (h *house) talk(subject string, size int) error {
	text := []byte(strings.Repeat("where is my parcel? ", size/20+1)[:size])
	now := time.Now()
	id := custody.NewID(now)
	about := custody.Request{Subject: subject, Route: "/v1/chat/completions", Dialect: "openai", Op: "chat", Model: "bot", LabelIn: "internal{PII}"}
	if err := h.log.Intent(&custody.Intent{ID: id, Start: now, Request: about, Input: text}); err != nil {
		return err
	}
	return h.log.Outcome(&custody.Outcome{ID: id, Start: now, End: time.Now(), Request: &about, Intended: true, Output: text, Result: "ok", LabelOut: "internal{PII}"})
}

// export goes through the archive as a command does.
func (h *house) export(ctx context.Context, dir string) error {
	r, w := io.Pipe()
	go func() {
		w.CloseWithError(h.keeper.Export(ctx, lifecycle.ExportRequest{Subject: "key:a", Actor: "bench"}, w))
	}()
	n, err := lifecycle.Unpack(r, dir)
	if err != nil {
		return err
	}
	return print(map[string]any{"bundle_files": n})
}

func (h *house) verify(dir string) error {
	r, err := custody.VerifyBundle(dir, custody.VerifyOptions{})
	if err == nil && !r.OK {
		err = fmt.Errorf("the bundle does not verify: %v", r.Problems)
	}
	return err
}

func (h *house) erase(ctx context.Context) error {
	r, err := h.keeper.Erase(ctx, lifecycle.EraseRequest{Subject: "key:a", Reason: "bench", Actor: "bench"})
	if err != nil {
		return err
	}
	r.Proof = ""
	return print(map[string]any{"receipt": r})
}

// anew deletes the index and has it made from the log.
func (h *house) anew(ctx context.Context) error {
	if err := h.keeper.Close(); err != nil {
		return err
	}
	if err := os.Remove(filepath.Join(h.dir, lifecycle.IndexFile)); err != nil {
		return err
	}
	var err error
	h.keeper, err = lifecycle.Open(ctx, h.options())
	return err
}
