package custody

import (
	"errors"
	"runtime"
	"time"
)

const (
	maxDrainRecords = 1024
	maxDrainBytes   = 4 << 20
	asyncDelay      = 20 * time.Millisecond // longest time that a record nobody waits for stays in memory
	asyncRecords    = 256                   // so many of them are written at once
	neverWake       = ^uint64(0)
	lingerFor       = 2 * time.Millisecond // longest wait after a sync while a crowd is at work
	lingerCrowd     = 4                    // so many callers waiting at once are a crowd
	lingerMax       = 128                  // so many records are never waited for longer
	refuseBit       = 1 << 63
)

// The queue is a ring of places. A caller takes the next sequence number, fills its entry outside of any lock and puts it
// into the place of that number; the committer takes entries strictly in order. A place that is taken is always filled.

// take takes a place in the order. It reports false where the log refuses or the queue is full.
func (l *Log) take(size int64) (uint64, bool) {
	if l.queued.Add(size) > l.maxQueued && size < l.queued.Load() {
		l.queued.Add(-size)
		return 0, false
	}
	for {
		t := l.tail.Load()
		if t&refuseBit != 0 || t-l.head.Load() >= uint64(len(l.ring)) {
			l.queued.Add(-size)
			return 0, false
		}
		if l.tail.CompareAndSwap(t, t+1) {
			return t, true
		}
	}
}

// put hands a filled entry to the committer and wakes it where it sleeps for this.
func (l *Log) put(e *entry) {
	seq, wait := e.seq, e.wait
	l.ring[seq&l.mask].Store(e)
	mark := &l.wakeWaited
	if !wait {
		mark = &l.wakeAsync
	}
	if seq+1 >= mark.Load() || seq == l.wakeHole.Load() {
		l.nudge()
	}
}

// nudge wakes the committer where it sleeps.
func (l *Log) nudge() {
	if l.asleep.Load() && l.asleep.CompareAndSwap(true, false) {
		l.wake <- struct{}{}
	}
}

// sleepOnHole parks the committer until the place at the head of the ring, which somebody has taken, is filled.
func (l *Log) sleepOnHole() {
	head := l.head.Load()
	l.wakeWaited.Store(neverWake)
	l.wakeAsync.Store(neverWake)
	l.wakeHole.Store(head)
	l.asleep.Store(true)
	if l.ring[head&l.mask].Load() == nil || !l.asleep.CompareAndSwap(true, false) {
		<-l.wake
	}
	l.wakeHole.Store(neverWake)
}

// sleep parks the committer until a record that is waited for reaches waited, one that is not reaches async, or d passed (0: no limit).
func (l *Log) sleep(waited, async uint64, d time.Duration) {
	l.wakeWaited.Store(waited)
	l.wakeAsync.Store(async)
	l.asleep.Store(true)
	if l.due(waited, async) {
		if l.asleep.CompareAndSwap(true, false) {
			return
		}
		<-l.wake
		return
	}
	if d == 0 {
		<-l.wake
		return
	}
	l.timer.Reset(d)
	select {
	case <-l.wake:
		l.timer.Stop()
	case <-l.timer.C:
		if !l.asleep.CompareAndSwap(true, false) {
			<-l.wake
		}
	}
}

// due is what a caller could have missed between looking at the marks and the committer's falling asleep.
func (l *Log) due(waited, async uint64) bool {
	if l.closing.Load() || l.turn.Load() != nil || l.replaced.Load() {
		return true
	}
	tail := l.tail.Load() &^ refuseBit
	for seq := l.head.Load(); seq < tail; seq++ {
		e := l.ring[seq&l.mask].Load()
		if e != nil && (e.wait && seq+1 >= waited || !e.wait && seq+1 >= async) {
			return true
		}
	}
	return false
}

// run is the committer. It ends when the log is closing and everything is written.
func (l *Log) run() {
	defer close(l.stopped)
	for {
		l.gather()
		l.turnSegment()
		if l.replaced.Swap(false) {
			l.fail(errReplaced)
			if !l.recover() {
				return
			}
			continue
		}
		n := l.collect()
		if n == 0 {
			if l.closing.Load() && l.head.Load() == l.tail.Load()&^refuseBit {
				_ = l.tellNow()
				return
			}
			if l.backlog() > 0 {
				l.sleepOnHole()
			}
			continue
		}
		if err := l.commit(); err != nil {
			l.fail(err)
			if !l.recover() {
				return
			}
		}
	}
}

// gather sleeps until there is something to write, and a little longer where that makes the drain larger.
func (l *Log) gather() {
	head := l.head.Load()
	if l.closing.Load() {
		return
	}
	if l.tail.Load() == head {
		l.sleep(0, 0, 0)
	}
	waited := l.anyWaits()
	if !waited && l.backlog() < asyncRecords {
		l.sleep(0, head+asyncRecords, asyncDelay)
	}
	l.linger()
}

func (l *Log) backlog() uint64 { return l.tail.Load()&^refuseBit - l.head.Load() }

func (l *Log) anyWaits() bool {
	tail := l.tail.Load() &^ refuseBit
	for seq := l.head.Load(); seq < tail; seq++ {
		if e := l.ring[seq&l.mask].Load(); e != nil && e.wait {
			return true
		}
	}
	return false
}

// linger waits a little for records that are likely to come, where several callers are at work: every sync costs the same
// however many it serves. A caller who is alone never waits here.
// A crowd is who waits, or who has an exchange open: streams wait only twice and are open for long in between.
func (l *Log) linger() {
	crowd := max(l.crowd, len(l.open))
	if crowd < lingerCrowd {
		return
	}
	left := lingerFor - time.Since(l.lastSync)
	want := uint64(min(crowd, lingerMax))
	if left <= 0 || l.backlog() >= want {
		return
	}
	head := l.head.Load()
	l.sleep(head+want, head+max(want, asyncRecords), left)
}

// collect takes the filled entries at the head of the ring, in order, as far as one drain may go.
func (l *Log) collect() int {
	l.drain = l.drain[:0]
	size := 0
	tail := l.tail.Load() &^ refuseBit
	for seq := l.head.Load(); seq < tail && len(l.drain) < maxDrainRecords && size < maxDrainBytes; seq++ {
		place := &l.ring[seq&l.mask]
		e := place.Load()
		if e == nil {
			break
		}
		n := len(e.body) + frameTail
		if len(l.drain) > 0 && !l.seg.fits(size+n) {
			break // the rest goes to the next segment
		}
		place.Store(nil)
		l.drain = append(l.drain, e)
		size += n
	}
	return len(l.drain)
}

// commit makes the drain durable and tells those who wait.
func (l *Log) commit() error {
	first := l.drain[0]
	if l.seg.end() > l.seg.start && !l.seg.fits(len(first.body)+frameTail) {
		if err := l.rotate(endClean); err != nil {
			return &soundError{err}
		}
	}
	chain := l.chain
	for i, e := range l.drain {
		l.seg.append(e.body, e.crc, uint32(i), &chain)
		chain = chainNext(&chain, &e.leaf)
	}
	began := time.Now()
	if err := l.seg.flush(); err != nil {
		return err
	}
	l.chain = chain
	l.settle(time.Since(began))
	return nil
}

// settle notes a durable drain and lets its callers go.
func (l *Log) settle(took time.Duration) {
	size := int64(0)
	l.treeMu.Lock()
	for _, e := range l.drain {
		size += e.size
		l.tree.add(e.leaf)
		l.open.note(e.kind, e.id, e.seq)
	}
	unanswered := len(l.open)
	l.treeMu.Unlock()
	n := uint64(len(l.drain))
	l.stats.records.Add(n)
	l.stats.bytes.Add(uint64(size))
	l.stats.syncs.Add(1)
	l.stats.syncTime.Add(int64(took))
	l.stats.lastBatch.Store(int64(n))
	l.stats.maxBatch.Store(max(l.stats.maxBatch.Load(), int64(n)))
	l.stats.open.Store(int64(unanswered))
	l.queued.Add(-size)
	l.head.Add(n)
	l.watch.end.Store(l.seg.end())
	l.integrator.feed.add(l.drain)
	l.lastSync = time.Now()
	l.crowd = (l.crowd + int(n) + int(l.backlog())) / 2
	for i, e := range l.drain {
		l.drain[i] = nil
		l.answer(e, nil)
	}
	l.drain = l.drain[:0]
}

// answer gives an entry back to who waits for it, or to the pool.
func (l *Log) answer(e *entry, err error) {
	if e.wait {
		e.err = err
		e.done <- struct{}{}
		return
	}
	if err != nil {
		l.stats.lost.Add(1)
		l.orphan(e.kind, e.id)
	}
	l.pool.Put(e)
}

// fail refuses everything that waits: nothing of it is known to be durable. Its places are given again later.
func (l *Log) fail(err error) {
	l.setError(err)
	l.degraded.begin(l.o.Clock(), err)
	l.stats.failures.Add(1)
	tail := l.tail.Or(refuseBit) &^ refuseBit
	size := int64(0)
	for _, e := range l.drain {
		size += e.size
		l.answer(e, ErrUnavailable)
	}
	for seq := l.head.Load() + uint64(len(l.drain)); seq < tail; seq++ {
		place := &l.ring[seq&l.mask]
		var e *entry
		for e = place.Load(); e == nil; e = place.Load() {
			runtime.Gosched() // the caller is still building it
		}
		place.Store(nil)
		size += e.size
		l.answer(e, ErrUnavailable)
	}
	l.drain = l.drain[:0]
	l.queued.Add(-size)
	l.failed(err)
}

// failed gives up what was appended to the segment, and the segment where frames of it were touched.
func (l *Log) failed(err error) {
	var sound *soundError
	l.suspect = l.suspect || !errors.As(err, &sound)
	l.seg.forget()
}

// recover tries to become able to write again until it can or the log is closed. It reports false for closed.
func (l *Log) recover() bool {
	fresh, told := false, false // a segment was begun; a full disk was put on record
	for {
		l.timer.Reset(l.o.retryEvery)
		<-l.timer.C
		if l.closing.Load() {
			return false
		}
		if err := l.tryAgain(&fresh, &told); err != nil {
			l.setError(err)
			continue
		}
		l.setError(nil)
		l.tail.Store(l.head.Load())
		if l.closing.Load() { // Close may have refused just before
			l.tail.Or(refuseBit)
		}
		return true
	}
}

// errReplaced says that the file of the segment is not the one of its name any more.
var errReplaced = errors.New("the segment was deleted, replaced or cut by somebody else")

// tryAgain begins a segment after a failure. On a full disk it gives the reserve up and says so on record; records are taken
// again only when the reserve could be made anew.
func (l *Log) tryAgain(fresh, told *bool) error {
	full := isFull(l.lastError())
	if full && !*told {
		l.giveReserve()
	}
	if !*fresh {
		if err := l.beginAgain(); err != nil {
			return err
		}
		*fresh = true
	}
	if full && !*told {
		if err := l.tellNow(); err != nil {
			*fresh = !l.suspect
			return err
		}
		*told = true
		l.degraded.begin(l.o.Clock(), l.lastError()) // for what is refused from now on
	}
	if *told {
		return l.keepReserve()
	}
	return nil
}

func (l *Log) beginAgain() error {
	how := endClean
	if l.suspect {
		how = endSuspect
	}
	if err := l.rotate(how); err != nil {
		return err
	}
	l.suspect = false
	return nil
}

// rotate ends the segment and begins the next one.
func (l *Log) rotate(how ending) error {
	old := l.seg
	next, err := createSegment(l.fs, l.walDir, l.nextHeader(how), l.o.SegmentBytes)
	if err != nil {
		return err
	}
	l.seg = next
	l.follow(next)
	l.stats.segment.Store(next.number)
	defer l.wakeSealer()
	if err := old.finish(); err != nil && how == endClean {
		l.setError(err) // the frames are durable; only zeros are left behind them
	}
	return nil
}
