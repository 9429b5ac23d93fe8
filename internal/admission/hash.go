package admission

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/reeve-ai/reeve"
)

// Measured is a file with the digest of its bytes.
type Measured struct {
	File
	SHA256   string // lower-case hex
	Identity Identity
}

// ErrMoving says that a file changed while it was looked at.
var ErrMoving = errors.New("the file is being changed")

// settled is how long a file must have rested before it is hashed. Change times come from a clock that ticks every 1 to
// 10 ms, so that a second change within a tick would not show.
const settled = 50 * time.Millisecond

// readBytes is the size of one read. Each worker has one buffer of it: memory does not grow with the models.
const readBytes = 1 << 20

// Hasher hashes files, several at once, each between two looks at its identity. What it has hashed it remembers in memory
// only, by identity. It is safe for concurrent use.
type Hasher struct {
	clock reeve.Clock
	wait  func(context.Context, time.Duration) error
	read  func(path string) // tests: called after a file was read and before it is looked at again
	slots chan []byte       // buffers of the workers

	mu   sync.Mutex
	seen map[Identity]string // guarded by mu
}

// maxSeen bounds the memory of a Hasher: about 100 bytes an entry.
const maxSeen = 50_000

// NewHasher makes one with a worker for each processor; clock may be nil.
func NewHasher(clock reeve.Clock) *Hasher {
	if clock == nil {
		clock = time.Now
	}
	h := &Hasher{clock: clock, wait: sleep, seen: map[Identity]string{}, slots: make(chan []byte, runtime.GOMAXPROCS(0))}
	for range cap(h.slots) {
		h.slots <- nil
	}
	return h
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// Forget drops what is remembered, so that everything is read again.
func (h *Hasher) Forget() {
	h.mu.Lock()
	defer h.mu.Unlock()
	clear(h.seen)
}

// Hash measures files, in their order. The first error, by order of files, ends it; one that matches ErrMoving may be gone
// when it is tried again.
func (h *Hasher) Hash(ctx context.Context, files []File) ([]Measured, error) {
	out, errs := make([]Measured, len(files)), make([]error, len(files))
	largest := make([]int, len(files)) // the largest first, so that no worker begins it when the others have ended
	sizes := make([]int64, len(files))
	for i, f := range files {
		largest[i] = i
		if info, err := os.Stat(f.Path); err == nil {
			sizes[i] = info.Size()
		}
	}
	slices.SortStableFunc(largest, func(a, b int) int {
		switch {
		case sizes[a] > sizes[b]:
			return -1
		case sizes[a] < sizes[b]:
			return 1
		}
		return 0
	})
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var all sync.WaitGroup
	for _, i := range largest {
		var buf []byte
		select {
		case <-ctx.Done():
			errs[i] = ctx.Err()
			continue
		case buf = <-h.slots:
		}
		all.Go(func() {
			if buf == nil {
				buf = make([]byte, readBytes)
			}
			defer func() { h.slots <- buf }()
			if out[i], errs[i] = h.one(ctx, files[i], buf); errs[i] != nil {
				cancel()
			}
		})
	}
	all.Wait()
	var first error
	for _, err := range errs {
		if err != nil && (first == nil || errors.Is(first, context.Canceled)) {
			first = err
		}
	}
	if first != nil {
		return nil, first
	}
	return out, nil
}

// one measures a file. What was read counts only if the open file and whatever the path leads to are, before and after, the
// same file in the same state.
func (h *Hasher) one(ctx context.Context, file File, buf []byte) (Measured, error) {
	if err := h.rest(ctx, file.Path); err != nil {
		return Measured{}, err
	}
	f, err := os.Open(file.Path)
	if err != nil {
		return Measured{}, fmt.Errorf("hash model: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return Measured{}, fmt.Errorf("hash model: %w", err)
	}
	if !info.Mode().IsRegular() {
		return Measured{}, fmt.Errorf("hash model: %s is no regular file", file.Path)
	}
	before := identityOf(info)
	m := Measured{File: file, Identity: before, SHA256: h.remembered(before)}
	fresh := m.SHA256 == ""
	if fresh {
		if m.SHA256, err = digest(ctx, f, buf); err != nil {
			return Measured{}, fmt.Errorf("hash model: %s: %w", file.Path, err)
		}
	}
	if h.read != nil {
		h.read(file.Path)
	}
	if info, err = f.Stat(); err != nil || identityOf(info) != before || lookAt(file.Path) != before {
		return Measured{}, fmt.Errorf("hash model: %s: %w", file.Path, ErrMoving)
	}
	if fresh {
		h.remember(before, m.SHA256)
	}
	return m, nil
}

// rest waits until the file has not changed for as long as its clock needs to tell.
func (h *Hasher) rest(ctx context.Context, path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("hash model: %w", err)
	}
	if age := h.clock().Sub(time.Unix(0, identityOf(info).Ctime)); age > -settled && age < settled {
		return h.wait(ctx, settled-max(age, 0))
	}
	return nil
}

func (h *Hasher) remembered(id Identity) string {
	if !exactIdentity {
		return ""
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.seen[id]
}

func (h *Hasher) remember(id Identity, sum string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.seen) >= maxSeen {
		clear(h.seen)
	}
	h.seen[id] = sum
}

func digest(ctx context.Context, f *os.File, buf []byte) (string, error) {
	sequential(f)
	sum := sha256.New()
	for {
		n, err := f.Read(buf)
		sum.Write(buf[:n])
		if err == io.EOF {
			return hex.EncodeToString(sum.Sum(nil)), nil
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return "", err
		}
	}
}

// lookAt is the identity of the file that a path leads to now; zero where there is none.
func lookAt(path string) Identity {
	info, err := os.Stat(path)
	if err != nil {
		return Identity{}
	}
	return identityOf(info)
}

// lookAtLink is the identity of a link itself, or of a file.
func lookAtLink(path string) Identity {
	info, err := os.Lstat(path)
	if err != nil {
		return Identity{}
	}
	return identityOf(info)
}
