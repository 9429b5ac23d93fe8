package custody

import (
	"errors"
	"os"
	"path/filepath"
	"sync/atomic"
)

// watch notices files of the log that somebody else deleted, replaced or cut while the log is open.
type watch struct {
	live atomic.Pointer[watched] // the segment that is written; set by the committer
	end  atomic.Int64            // of its durable frames

	// Owned by the ticker.
	sealed map[string]os.FileInfo // as they were first seen, by name below the custody directory
	ticks  int
	told   map[string]bool
}

// watched is a file as it was opened.
type watched struct {
	number uint64
	info   os.FileInfo
}

// watchSealedEvery is after how many looks at the current segment the sealed ones are looked at.
const watchSealedEvery = 8

// follow notes the segment that is written from now on.
func (l *Log) follow(s *segment) {
	info, err := os.Stat(filepath.Join(l.walDir, segmentName(s.number)))
	if err != nil {
		info = nil
	}
	l.watch.end.Store(s.end())
	l.watch.live.Store(&watched{s.number, info})
}

// lookAround compares the files with what they were. What is wrong is put on record, counted and told by Stats; a current segment
// that is not the file of its name any more is given up, so that nothing more goes where nobody finds it.
func (l *Log) lookAround() {
	if bad := l.lookLive(); bad != "" {
		l.tampered(bad)
		l.replaced.Store(true)
		l.nudge()
	}
	if l.watch.ticks++; l.watch.ticks%watchSealedEvery == 1 {
		for _, bad := range l.lookSealed() {
			l.tampered(bad)
		}
	}
}

// lookLive names the current segment where it is not what it was.
func (l *Log) lookLive() string {
	w := l.watch.live.Load()
	end := l.watch.end.Load()
	if w == nil || w.info == nil {
		return ""
	}
	name := "wal/" + segmentName(w.number)
	info, err := os.Stat(filepath.Join(l.dir, name))
	good := err == nil && os.SameFile(info, w.info) && info.Size() >= end
	if good || l.watch.live.Load() != w { // it was ended meanwhile, and perhaps sealed
		return ""
	}
	return name
}

// lookSealed names sealed files that are not what they were.
func (l *Log) lookSealed() (bad []string) {
	all, err := listAll(l.dir)
	if err != nil {
		return nil
	}
	least, err := readMinimum(l.dir)
	if err != nil {
		return []string{minimumFile}
	}
	if l.watch.sealed == nil {
		l.watch.sealed, l.watch.told = map[string]os.FileInfo{}, map[string]bool{}
	}
	for _, d := range []struct {
		numbers []uint64
		name    func(uint64) string
	}{{all.leaves, leafName}, {all.leaves, payName}} {
		for _, n := range d.numbers {
			name := d.name(n)
			if _, known := l.watch.sealed[name]; known {
				continue
			}
			if _, err := os.Stat(filepath.Join(l.walDir, segmentName(n))); err == nil {
				continue // it may be split once more
			}
			if info, err := os.Stat(filepath.Join(l.dir, name)); err == nil {
				l.watch.sealed[name] = info
			}
		}
	}
	for name, was := range l.watch.sealed {
		info, err := os.Stat(filepath.Join(l.dir, name))
		switch number, _ := numberOf(name); {
		case number < least.segment:
			delete(l.watch.sealed, name)
		case (errors.Is(err, os.ErrNotExist) || err == nil && (!os.SameFile(info, was) || info.Size() != was.Size())) && !l.watch.told[name]:
			l.watch.told[name] = true
			bad = append(bad, name)
		}
	}
	return bad
}

// numberOf is the number of a sealed file.
func numberOf(name string) (uint64, bool) {
	base := filepath.Base(name)
	return sealedNumber(base, filepath.Ext(base))
}

// tampered puts on record that a file of the log is not what it was.
func (l *Log) tampered(name string) {
	l.stats.tampered.Add(1)
	l.errMu.Lock()
	l.missing = append(l.missing, name)
	l.errMu.Unlock()
	ev := &Event{Act: "log.file", Object: name, Result: "missing"}
	_ = l.write(&draft{kind: kindIsolation, id: NewID(l.o.Clock()), start: l.o.Clock(), event: ev}, false)
}
