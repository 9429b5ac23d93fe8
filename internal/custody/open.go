package custody

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// Open opens or creates the log of a data directory, takes its lock and recovers: an unacknowledged tail is cut, exchanges
// without an outcome are closed by an aborted record. It returns ErrInUse, ErrNewer or ErrDamaged (wrapped) where these
// are the reason; the last one names the record.
func Open(o Options) (*Log, error) {
	if err := o.setDefaults(); err != nil {
		return nil, err
	}
	l := &Log{
		o: o, fs: o.FS, dir: filepath.Join(o.Dir, "custody"), walDir: filepath.Join(o.Dir, "custody", "wal"),
		ring: make([]atomic.Pointer[entry], o.QueueRecords), mask: uint64(o.QueueRecords - 1), maxQueued: o.QueueBytes,
		wake: make(chan struct{}, 1), stopped: make(chan struct{}), tickStop: make(chan struct{}), tickDone: make(chan struct{}),
		timer: time.NewTimer(time.Hour), open: unanswered{},
		sealing: sealing{wake: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{})},
	}
	l.timer.Stop()
	l.integrator = newIntegrator(l.dir)
	l.wakeHole.Store(neverWake)
	l.pool.New = func() any { return newEntry() }
	for _, dir := range []string{l.walDir, filepath.Join(l.dir, leafDir), filepath.Join(l.dir, payDir)} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("make custody directory: %w", err)
		}
	}
	if err := l.takeLock(); err != nil {
		return nil, err
	}
	if err := l.load(); err != nil {
		return nil, errors.Join(err, l.lock.Close())
	}
	l.follow(l.seg)
	go l.run()
	l.abortOpen()
	go l.tick()
	if o.keepWAL {
		close(l.sealing.done)
	} else {
		go l.sealLoop()
	}
	return l, nil
}

func (l *Log) checkpointPath() string { return filepath.Join(l.dir, checkpointFile) }

func (l *Log) takeLock() error {
	f, err := os.OpenFile(filepath.Join(l.dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("open lock: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		if errors.Is(err, unix.EWOULDBLOCK) {
			err = ErrInUse
		}
		return errors.Join(fmt.Errorf("lock %s: %w", l.o.Dir, err), f.Close())
	}
	l.lock = f
	return nil
}

// load reads the end of the log and opens the last segment, or makes the first.
func (l *Log) load() error {
	all, err := listAll(l.dir)
	if err != nil {
		return fmt.Errorf("list segments: %w", err)
	}
	for dir, names := range all.others {
		for _, name := range names {
			if !strings.HasSuffix(name, newSuffix) {
				continue // Verify names it
			}
			if err := os.Remove(filepath.Join(l.dir, dir, name)); err != nil { // was never part of the log
				return fmt.Errorf("remove unfinished segment: %w", err)
			}
		}
	}
	if len(all.numbers()) == 0 {
		return l.create()
	}
	return l.resume(all)
}

// sign prepares the log's key once the origin is known.
func (l *Log) sign(known string) error {
	key, err := l.o.Keys.SigningKey(SigningKeyName)
	if err != nil {
		return fmt.Errorf("log key: %w", err)
	}
	if l.o.Origin == "" {
		l.o.Origin = known
	}
	if l.o.Origin == "" {
		l.o.Origin = defaultOrigin(key)
	}
	if known != "" && known != l.o.Origin {
		return fmt.Errorf("custody log belongs to origin %q, not %q", known, l.o.Origin)
	}
	if len(l.o.Origin) > 255 {
		return errors.New("origin is longer than 255 bytes")
	}
	signers, err := newSigners(l.o.Origin, l.o.Keys)
	if err != nil {
		return err
	}
	l.integrator.signers = signers
	return l.publishKeys()
}

func (l *Log) create() error {
	if _, err := os.Stat(l.checkpointPath()); err == nil {
		return fmt.Errorf("%w: there is a checkpoint but no segment: record 0 is missing", ErrDamaged)
	}
	if err := l.sign(""); err != nil {
		return err
	}
	l.chain = chainStart(l.o.Origin)
	h := &header{number: 1, createdNS: l.o.Clock().UnixNano(), chain: l.chain, origin: l.o.Origin}
	seg, err := createSegment(l.fs, l.walDir, h, l.o.SegmentBytes)
	if err != nil {
		return err
	}
	l.seg = seg
	l.stats.segment.Store(1)
	return nil
}

// nextHeader is the header of the segment that follows the current one.
func (l *Log) nextHeader(how ending) *header {
	l.treeMu.Lock()
	defer l.treeMu.Unlock()
	t := l.tree.clone()
	return &header{
		number: l.seg.number + 1, first: t.size, createdNS: l.o.Clock().UnixNano(), chain: l.chain,
		prevEnd: uint64(l.seg.end()), prevHow: how, origin: l.o.Origin, nodes: t.nodes, open: l.open.sorted(),
	}
}

// resume reads what is not sealed yet, and all behind the newest checkpoint, and goes on from there. Of sealed segments before
// that only the heads are read: they say how the segments hang together.
func (l *Log) resume(all *listing) error {
	numbers := all.numbers()
	minimum, err := readMinimum(l.dir)
	if err != nil {
		return err
	}
	if n := missing(numbers, minimum.segment); n != 0 {
		return fmt.Errorf("%w: segment %d is missing", ErrDamaged, n)
	}
	last := numbers[len(numbers)-1]
	s, err := openSegmentOf(l.dir, last)
	if err != nil {
		return l.headerError(err)
	}
	s.close()
	if err := l.sign(s.h.origin); err != nil {
		return err
	}
	a := audit{dir: l.dir}
	if a.cp, err = l.lastCheckpoint(); err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	first, err := l.firstToRead(numbers, a.cp)
	if err != nil {
		return l.headerError(err)
	}
	if s, err = openSegmentOf(l.dir, first); err != nil {
		return l.headerError(err)
	}
	s.close()
	a.st.from(s.h)
	if err := a.run(first, last); err != nil {
		return fmt.Errorf("read custody log: %w", err)
	}
	if a.bad != nil {
		return fmt.Errorf("%w: %s", ErrDamaged, a.bad)
	}
	if err := l.goOn(&a); err != nil {
		return err
	}
	if s, err = openSegmentFile(l.walDir, last); err != nil {
		return l.headerError(err)
	}
	s.close()
	if s.h.version < formatVersion { // records of kinds that the older version does not know must not go into its segments
		return l.rotate(endClean)
	}
	return nil
}

// firstToRead is the first segment that is read whole: one that is not sealed, or the one that the checkpoint ends in. It checks
// that the sealed ones hang together.
func (l *Log) firstToRead(numbers []uint64, cp *Checkpoint) (uint64, error) {
	var before *leafHead
	unsealed, signed := uint64(0), numbers[0]
	for _, n := range numbers {
		s, err := openSegmentOf(l.dir, n)
		if err != nil {
			return 0, err
		}
		s.close()
		if h := before; h != nil && (s.h.first != h.first+h.count || s.h.chain != h.chain || s.h.prevEnd != h.walEnd) {
			return 0, fmt.Errorf("%w: record %d: segment %d does not go on where the one before ends", ErrDamaged, h.first+h.count, n)
		}
		before = nil
		if s.leaves != nil {
			before = s.leaves.h
		} else if unsealed == 0 {
			unsealed = n
		}
		if cp != nil && s.h.first <= cp.Size {
			signed = max(signed, n)
		}
	}
	switch {
	case unsealed == 0:
		return 0, fmt.Errorf("%w: record %d: the segment behind the last sealed one is missing", ErrDamaged, before.first+before.count)
	case cp == nil:
		return unsealed, nil
	}
	return min(unsealed, signed), nil
}

// headerError tells damage from a file that cannot be read.
func (l *Log) headerError(err error) error {
	if noSegment(err) {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return err
}

// missing returns the first number from base on that is not there, 0 if none.
func missing(numbers []uint64, base uint64) uint64 {
	for i, n := range numbers {
		if n != base+uint64(i) {
			return base + uint64(i)
		}
	}
	return 0
}

// goOn cuts what lies behind the last record and opens the segment for writing.
func (l *Log) goOn(a *audit) error {
	t := a.tail
	rest := make([]byte, t.end%blockSize)
	if err := readTail(filepath.Join(l.walDir, segmentName(t.number)), rest, t.end-int64(len(rest))); err != nil {
		return fmt.Errorf("read segment %d: %w", t.number, err)
	}
	seg, err := openSegment(l.fs, l.walDir, t.number, l.o.SegmentBytes, t.start, t.end, rest)
	if err != nil {
		return err
	}
	if t.size != t.end {
		if err := errors.Join(seg.file.Truncate(t.end), seg.file.Sync()); err != nil {
			return errors.Join(fmt.Errorf("cut segment %d: %w", t.number, err), seg.file.Close())
		}
	}
	if err := seg.harden(t.signed); err != nil {
		return errors.Join(fmt.Errorf("write segment %d again: %w", t.number, err), seg.file.Close())
	}
	// The process that moved the segment to its place may have died, or failed, before the name was durable.
	if err := l.fs.SyncDir(l.walDir); err != nil {
		return errors.Join(fmt.Errorf("sync %s: %w", l.walDir, err), seg.file.Close())
	}
	l.seg, l.chain, l.tree, l.open = seg, a.st.chain, a.st.tree, a.st.open
	l.head.Store(a.st.next())
	l.tail.Store(a.st.next())
	l.integrator.feed.leaves.from = a.st.next()
	l.stats.segment.Store(t.number)
	l.stats.open.Store(int64(len(l.open)))
	if a.cp != nil {
		l.signed.Store(a.cp.Size)
	}
	return nil
}

func readTail(path string, b []byte, off int64) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	_, err = f.ReadAt(b, off)
	return errors.Join(err, f.Close())
}

// abortOpen closes the exchanges that were under way when the log was last written.
func (l *Log) abortOpen() {
	l.treeMu.Lock()
	open := l.open.sorted()
	l.treeMu.Unlock()
	for _, o := range open {
		if l.abort(o.id, o.seq, true) != nil { // tick tries again
			l.orphan(kindAborted, o.id)
		}
	}
}
