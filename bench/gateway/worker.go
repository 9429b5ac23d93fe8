package main

import (
	"bufio"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// load is one run in progress: its connections, and what they have counted while measuring was on.
type load struct {
	spec    loadSpec
	request []byte
	due     chan time.Time // open loop: when each request should have been sent; nil in a closed loop
	quit    chan struct{}
	wg      sync.WaitGroup

	measuring        atomic.Bool
	reqs, errs, toks atomic.Int64 // toks: stamped tokens that arrived in the measured time, of whole and of unfinished streams
	firstErr         atomic.Value
	workers          []*worker
}

// worker is one connection. Its samples belong to its goroutine until load.stop returns.
type worker struct {
	load           *load
	conn           net.Conn
	reader         *reader
	lat, ttft, tok []int64 // nanoseconds
}

func newLoad(p loadSpec) *load {
	l := &load{spec: p, request: p.requestBytes(p.s.gapUS), quit: make(chan struct{}), workers: make([]*worker, p.s.c)}
	if p.s.rate > 0 {
		l.due = make(chan time.Time, 1<<16)
	}
	for i := range l.workers {
		l.workers[i] = &worker{load: l, reader: l.newReader()}
	}
	return l
}

func (l *load) newReader() *reader {
	s, ep := l.spec.s, endpoints[l.spec.s.kind]
	r := &reader{key: ep.key, sse: ep.sse, stream: s.stream, stamped: s.gapUS > 0, seen: func() {
		if l.measuring.Load() {
			l.toks.Add(1)
		}
	}}
	if s.gapUS == 0 && s.kind != "embeddings" {
		r.want = answer(nTokens)
	}
	return r
}

func (l *load) start() {
	for i, w := range l.workers {
		l.wg.Go(func() {
			if gap := l.spec.s.gapUS; gap > 0 { // spread the streams evenly over a stream's duration
				time.Sleep(time.Duration(gap*nTokens*i/len(l.workers)) * time.Microsecond)
			}
			w.run()
		})
	}
	if l.due != nil {
		l.wg.Go(l.tick)
	}
}

func (l *load) stop() {
	close(l.quit)
	l.wg.Wait()
}

// samples gives all workers' measurements; only after stop.
func (l *load) samples() (lat, ttft, tok []int64) {
	for _, w := range l.workers {
		lat, ttft, tok = append(lat, w.lat...), append(ttft, w.ttft...), append(tok, w.tok...)
	}
	return lat, ttft, tok
}

// tick hands out the times at which requests are due, however late the workers are.
func (l *load) tick() {
	gap := time.Duration(float64(time.Second) / l.spec.s.rate)
	for next := time.Now(); ; {
		select {
		case <-l.quit:
			return
		default:
		}
		for now := time.Now(); !next.After(now); next = next.Add(gap) {
			select {
			case l.due <- next:
			default:
			}
		}
		time.Sleep(min(time.Until(next), time.Millisecond))
	}
}

// next waits for the worker's turn and gives the time that its latency counts from; ok is false at the end of the run.
func (l *load) next() (start time.Time, ok bool) {
	if l.due == nil {
		select {
		case <-l.quit:
			return start, false
		default:
			return time.Time{}, true
		}
	}
	select {
	case <-l.quit:
		return start, false
	case start = <-l.due:
		return start, true
	}
}

func (w *worker) run() {
	defer w.hangUp()
	for {
		start, ok := w.load.next()
		if !ok {
			return
		}
		keep, start, err := w.exchange(start)
		w.count(start, err)
		if observe := w.load.spec.observe; observe != nil {
			observe(w.reader, err)
		}
		if err != nil || !keep {
			w.hangUp()
		}
		if err != nil && w.load.due == nil {
			time.Sleep(5 * time.Millisecond)
		}
	}
}

// exchange sends the request and reads the answer. A zero start becomes the time of sending.
func (w *worker) exchange(start time.Time) (keep bool, from time.Time, err error) {
	if w.conn == nil {
		if w.conn, err = dial(w.load.spec.base); err == nil {
			w.reader.br = bufio.NewReaderSize(w.conn, 32<<10)
		}
	}
	if start.IsZero() {
		start = time.Now()
	}
	if err != nil {
		w.conn = nil
		w.reader.forget()
		return false, start, err
	}
	_ = w.conn.SetDeadline(time.Now().Add(60 * time.Second))
	if _, err = w.conn.Write(w.load.request); err != nil {
		w.reader.forget()
		return false, start, err
	}
	keep, err = w.reader.response(start)
	return keep, start, err
}

func (w *worker) count(start time.Time, err error) {
	lat := time.Since(start)
	if !w.load.measuring.Load() {
		return
	}
	if err != nil {
		w.load.errs.Add(1)
		w.load.firstErr.CompareAndSwap(nil, err.Error())
		return
	}
	w.load.reqs.Add(1)
	w.lat = append(w.lat, int64(lat))
	if w.load.spec.s.stream {
		w.ttft = append(w.ttft, w.reader.ttft)
		w.tok = append(w.tok, w.reader.tok...)
	}
}

func (w *worker) hangUp() {
	if w.conn != nil {
		_ = w.conn.Close()
		w.conn = nil
	}
}
