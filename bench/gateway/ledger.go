package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// ledger is what clients know: the exchanges whose whole answer they hold, and those that had only begun.
// The log must know at least as much.
type ledger struct {
	mu       sync.Mutex
	whole    []string       // the answer came with its last byte
	begun    []string       // the header came, the end did not
	statuses map[int]int    // answers by HTTP status; 0: none came
	others   map[string]int // answers that are neither the mock's, nor cut off, nor 503, by what is wrong with them
}

func newLedger() *ledger { return &ledger{statuses: map[int]int{}, others: map[string]int{}} }

// observe takes the end of one exchange; for loadSpec.observe.
func (l *ledger) observe(r *reader, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.statuses[r.status]++
	switch {
	case err == nil && r.exchange == "":
		l.others["no Reeve-Exchange header"]++
	case err == nil:
		l.whole = append(l.whole, r.exchange)
	case r.status == 200 && r.exchange != "":
		l.begun = append(l.begun, r.exchange)
	}
	var wrong errAnswer
	if errors.As(err, &wrong) || r.status != 0 && r.status != 200 && r.status != 503 {
		l.others[fmt.Sprintf("%d: %.500v", r.status, err)]++
	}
}

// latest gives up to n of the exchanges that were answered whole since the mark, the newest first.
func (l *ledger) latest(since, n int) (ids []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := len(l.whole) - 1; i >= since && len(ids) < n; i-- {
		ids = append(ids, l.whole[i])
	}
	return ids
}

func (l *ledger) wholeCount() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.whole)
}

// missing reads the log's segments as plain bytes and gives the exchanges that do not occur in enough records: two for
// an answer that came whole (intent and outcome), one for an answer that had begun. It knows nothing of the format but
// that a leaf spells its exchange id, so it is a second witness beside custody show.
func (l *ledger) missing(data string) (whole, begun []string, err error) {
	count := map[string]int{}
	for _, id := range append(l.whole[:len(l.whole):len(l.whole)], l.begun...) {
		count[id] = 0
	}
	if len(count) == 0 {
		return nil, nil, nil
	}
	err = filepath.WalkDir(filepath.Join(data, "custody"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		tally(b, count)
		return nil
	})
	if err != nil {
		return nil, nil, fmt.Errorf("read the log: %w", err)
	}
	for _, id := range l.whole {
		if count[id] < 2 {
			whole = append(whole, id)
		}
	}
	for _, id := range l.begun {
		if count[id] < 1 {
			begun = append(begun, id)
		}
	}
	return whole, begun, nil
}

// tally counts the quoted strings of b that are keys of count.
func tally(b []byte, count map[string]int) {
	for {
		i := bytes.IndexByte(b, '"')
		if i < 0 {
			return
		}
		b = b[i+1:]
		j := bytes.IndexByte(b, '"')
		if j < 0 {
			return
		}
		if n, known := count[string(b[:j])]; known {
			count[string(b[:j])] = n + 1
			b = b[j+1:]
		}
	}
}
