package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/reeve-ai/reeve/internal/custody"
	"github.com/reeve-ai/reeve/internal/keyring"
	"github.com/reeve-ai/reeve/internal/tlog"
)

// house is a data directory with its log.
type house struct {
	o    *options
	dir  string
	keys *keyring.Ring
	log  *custody.Log
	text []byte

	payload atomic.Int64 // bytes of texts written so far
}

// ours runs all steps on one log.
func ours(o *options) (err error) {
	h := &house{o: o, dir: filepath.Join(o.dir, "reeve"), text: make([]byte, max(o.bytes, 4096))}
	_, _ = rand.Read(h.text)
	if h.keys, err = keyring.Open(keyring.Options{Dir: h.dir}); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.keys.Close()) }()
	if err := h.open(); err != nil {
		return err
	}
	for _, step := range []func() error{
		func() error { return h.preload(o.records) },
		func() error { return measure("append", o, o.inFlight, h.appender) },
		func() error { return measure("append one at a time", o, 1, h.appender) },
		h.exchange, h.publish, h.seal, h.prove, h.restart, h.verify,
	} {
		if err := step(); err != nil {
			return errors.Join(err, h.log.Close())
		}
	}
	return nil
}

func (h *house) open() (err error) {
	h.log, err = custody.Open(custody.Options{Dir: h.dir, Keys: h.keys})
	return err
}

func (h *house) outcome(size int) *custody.Outcome {
	now := time.Now()
	h.payload.Add(int64(size))
	return &custody.Outcome{
		ID: custody.NewID(now), Start: now, End: now, Output: h.text[:size], Result: "ok", HTTPStatus: 200, Finish: "stop", TokensIn: 211, TokensOut: 187,
		Request: &custody.Request{
			Subject: "key-7f3a", KeyID: "7f3a", Authn: "key", RoleDigest: "sha256:0f343b0931126a20f133d67c2b018a3b", Source: "192.0.2.0/24", App: "client/1.52",
			TraceID: "4bf92f3577b34da6a3ce929d0e0e4736", SpanID: "00f067aa0ba902b7", Route: "openai.chat", Dialect: "openai", Op: "chat",
			Model: "support-bot", Upstream: "local", Policy: "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
			Access: "allow", AccessRule: "access/role", LabelIn: "internal",
		},
	}
}

func (h *house) appender(o *options) (appender, func() error, error) {
	return func(int) error { return h.log.Outcome(h.outcome(o.bytes)) }, func() error { return nil }, nil
}

// preload writes records without waiting for each.
func (h *house) preload(n int) error {
	if n == 0 {
		return nil
	}
	began := time.Now()
	var left atomic.Int64
	left.Store(int64(n))
	var wg sync.WaitGroup
	for range h.o.inFlight {
		wg.Go(func() {
			for left.Add(-1) >= 0 {
				for h.log.Outcome(h.outcome(h.o.bytes)) != nil {
					time.Sleep(time.Millisecond)
				}
			}
		})
	}
	wg.Wait()
	say("preload", map[string]any{"records": n, "per_second": int(float64(n) / time.Since(began).Seconds()), "load": load()})
	return nil
}

// exchange is the CPU that an exchange of 4 KiB in and 4 KiB out costs: two seals, two leaves.
func (h *house) exchange() error {
	const n = 20000
	var left atomic.Int64
	left.Store(n)
	var wg sync.WaitGroup
	ref, began := reference(), cpuTime()
	for range 32 {
		wg.Go(func() {
			for left.Add(-1) >= 0 {
				o := h.outcome(4096)
				o.Intended = true
				h.payload.Add(4096)
				in := &custody.Intent{ID: o.ID, Start: o.Start, Request: *o.Request, Input: h.text[:4096]}
				for h.log.Intent(in) != nil {
					time.Sleep(time.Millisecond)
				}
				for h.log.Outcome(o) != nil {
					time.Sleep(time.Millisecond)
				}
			}
		})
	}
	wg.Wait()
	used := float64((cpuTime() - began).Nanoseconds()) / 1e3 / n
	ref = (ref + reference()) / 2
	say("exchange of 4 KiB in and out", map[string]any{"cpu_us": used, "cpu_us_of_a_quiet_core": used * quiet / ref, "load": load()})
	return nil
}

// publish is how long a record waits for the checkpoint that covers it, at a thousand records a second.
func (h *house) publish() error {
	var mu sync.Mutex
	var took []time.Duration
	var wg sync.WaitGroup
	errs := make(chan error, 1)
	for deadline := time.Now().Add(h.o.seconds); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		wg.Go(func() {
			r, err := h.log.Event(&custody.Event{Kind: custody.EventScan, Act: "bench"})
			began := time.Now()
			if err == nil {
				err = h.log.Published(context.Background(), r.Seq)
			}
			if err != nil {
				select {
				case errs <- err:
				default:
				}
			}
			mu.Lock()
			took = append(took, time.Since(began))
			mu.Unlock()
		})
	}
	wg.Wait()
	select {
	case err := <-errs:
		return err
	default:
	}
	slices.Sort(took)
	say("leaf to published checkpoint", map[string]any{"p50_ms": ms(took[len(took)/2]), "p99_ms": ms(took[len(took)*99/100]), "load": load()})
	return nil
}

// seal splits all segments and tells the room they take.
func (h *house) seal() error {
	waiting, began, cpu := h.log.Stats(), time.Now(), cpuTime()
	if err := h.log.Seal(context.Background()); err != nil {
		return err
	}
	s := h.log.Stats()
	used := int64(0)
	for _, dir := range []string{"wal", "leaves", "payload", "tile"} {
		n, err := diskUse(filepath.Join(h.dir, "custody", dir))
		if err != nil {
			return err
		}
		used += n
	}
	payload := h.payload.Load()
	say("seal", map[string]any{
		"segments": s.Sealed - waiting.Sealed, "seconds": time.Since(began).Seconds(), "cpu_s": (cpuTime() - cpu).Seconds(),
		"records": s.Size, "disk_bytes_per_record": float64(used) / float64(s.Size),
		"bar_bytes_per_record": 1.15*float64(payload)/float64(s.Size) + 1024, "load": load(),
	})
	return nil
}

// prove builds and verifies proofs of records here and there.
func (h *house) prove() error {
	p, err := custody.OpenProver(h.dir)
	if err != nil {
		return err
	}
	defer p.Close()
	size := p.Checkpoint().Size
	var took []time.Duration
	for i := range uint64(2000) {
		seq := i * 7919 % size
		began := time.Now()
		leaf, err := p.Leaf(seq)
		if err != nil {
			return err
		}
		hashes, err := p.Hashes(seq, leaf)
		if err != nil {
			return err
		}
		if err := tlog.VerifyInclusion(tlog.LeafHash(leaf), seq, size, hashes, p.Checkpoint().Root); err != nil {
			return fmt.Errorf("proof of record %d: %w", seq, err)
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	say("inclusion proof, built and verified", map[string]any{"p50_ms": ms(took[len(took)/2]), "p99_ms": ms(took[len(took)*99/100]), "leaves": size, "load": load()})
	return nil
}

// restart closes the log and opens it again.
func (h *house) restart() error {
	if err := h.log.Close(); err != nil {
		return err
	}
	began := time.Now()
	if err := h.open(); err != nil {
		return err
	}
	say("restart, all sealed", map[string]any{"seconds": time.Since(began).Seconds(), "records": h.log.Stats().Size, "load": load()})
	return nil
}

// verify checks the whole log as anybody could.
func (h *house) verify() error {
	if err := h.log.Close(); err != nil {
		return err
	}
	began, cpu := time.Now(), cpuTime()
	r, err := custody.Verify(h.dir, custody.VerifyOptions{})
	if err != nil {
		return err
	}
	if !r.OK {
		return fmt.Errorf("the log does not verify: %v", r.Problems)
	}
	took, used := time.Since(began).Seconds(), (cpuTime() - cpu).Seconds()
	bytes, err := diskUse(filepath.Join(h.dir, "custody", "payload"))
	if err != nil {
		return err
	}
	say("verify", map[string]any{
		"leaves": r.Leaves, "seconds": took, "leaves_per_second": int(float64(r.Leaves) / took), "payload_mb_per_second": int(float64(bytes) / 1e6 / took),
		"leaves_per_cpu_second": int(float64(r.Leaves) / used), "payload_mb_per_cpu_second": int(float64(bytes) / 1e6 / used), "load": load(),
	})
	return nil
}
