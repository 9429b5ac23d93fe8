package custody

import (
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"fmt"
	"math/bits"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/keyring"
)

// Options say where the log lives and how it behaves. Zero values mean the defaults.
type Options struct {
	Dir             string        // data directory; the log lives in Dir/custody
	Keys            *keyring.Ring // seals payloads and signs checkpoints; required
	Origin          string        // name of the log in its checkpoints; default: what the log has, else one made from its key
	Clock           reeve.Clock   // default time.Now
	SegmentBytes    int64         // size of a segment; default 64 MiB, at least 64 KiB
	CheckpointEvery time.Duration // default 1 s
	QueueRecords    int           // records that may wait to become durable, rounded up to a power of two; default 16384
	QueueBytes      int64         // bytes that may wait; default 64 MiB
	MaxPayload      int           // bytes of one input or output that are kept; longer ones are cut and marked; default 32 MiB
	Witnesses       Witnesses     // cosign checkpoints; default none
	FS              FS            // default the real file system

	retryEvery time.Duration // between tries to write again after a failure; default 250 ms
	keepWAL    bool          // nothing is sealed in the background
}

// SigningKeyName is the name of the log's signing key in the keyring.
const SigningKeyName = "log"

func (o *Options) setDefaults() error {
	if o.Keys == nil {
		return errors.New("custody: no keyring")
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.FS == nil {
		o.FS = diskFS{}
	}
	o.SegmentBytes = max(orDefault(o.SegmentBytes, 64<<20), 64<<10)
	o.CheckpointEvery = orDefault(o.CheckpointEvery, time.Second)
	o.retryEvery = orDefault(o.retryEvery, 250*time.Millisecond)
	o.QueueBytes = orDefault(o.QueueBytes, 64<<20)
	o.MaxPayload = min(orDefault(o.MaxPayload, 32<<20), 256<<20)
	o.QueueRecords = 1 << bits.Len(uint(min(orDefault(o.QueueRecords, 16384), 1<<20)-1))
	return nil
}

func orDefault[T int | int64 | time.Duration](v, otherwise T) T {
	if v <= 0 {
		return otherwise
	}
	return v
}

// Log is the open custody log. It is safe for concurrent use.
type Log struct {
	o      Options
	fs     FS
	dir    string // Dir/custody
	walDir string
	lock   *os.File
	pool   sync.Pool

	// The queue; see commit.go.
	ring       []atomic.Pointer[entry]
	mask       uint64
	tail       atomic.Uint64 // next sequence number to give; refuseBit while nothing is taken
	head       atomic.Uint64 // records that are durable
	queued     atomic.Int64  // bytes that wait
	maxQueued  int64
	wakeWaited atomic.Uint64
	wakeAsync  atomic.Uint64
	wakeHole   atomic.Uint64
	asleep     atomic.Bool
	wake       chan struct{}
	closing    atomic.Bool
	stopped    chan struct{} // closed when the committer has ended

	// Owned by the committer.
	seg      *segment
	chain    Hash
	drain    []*entry
	suspect  bool
	timer    *time.Timer
	lastSync time.Time // when the last drain was durable
	crowd    int       // callers that waited at once of late, about

	turn     atomic.Pointer[chan error] // somebody wants a new segment
	sealing  sealing
	reserve  reserve
	watch    watch
	replaced atomic.Bool // the file of the current segment is not the one of its name any more

	treeMu  sync.Mutex
	tree    tree
	open    unanswered
	orphans []ID // exchanges whose outcome could not be written

	// Owned by the checkpointer.
	integrator *integrator
	signed     atomic.Uint64 // leaves under the newest checkpoint
	tickStop   chan struct{}
	tickDone   chan struct{}

	errMu      sync.Mutex
	lastErr    error    // why records are refused, nil while they are taken
	missing    []string // files that somebody else deleted or replaced
	tickErr    error    // why the newest checkpoint could not be written
	witnessErr error    // why a witness did not cosign the newest checkpoint
	stats      counters
	degraded   degraded
	closed     sync.Once
	closeEr    error
}

// unanswered are the exchanges with an intent and no outcome, with the sequence number of the intent.
type unanswered map[ID]uint64

func (u unanswered) note(k kind, id ID, seq uint64) {
	switch k {
	case kindIntent:
		u[id] = seq
	case kindOutcome, kindAborted:
		delete(u, id)
	}
}

// Intent makes an intent durable. It returns nil only when it is, and an error that wraps ErrUnavailable otherwise.
func (l *Log) Intent(in *Intent) error { return l.intent(in, true) }

// IntentAsync queues an intent in order and does not wait for the disk. It returns ErrUnavailable where the queue is full.
func (l *Log) IntentAsync(in *Intent) error { return l.intent(in, false) }

func (l *Log) intent(in *Intent, wait bool) error {
	subject, err := l.o.Keys.Subject(in.Subject)
	if err != nil {
		return fmt.Errorf("%w: subject key: %w", ErrUnavailable, err)
	}
	d := draft{
		kind: kindIntent, id: in.ID, subject: subject, sealed: true, request: &in.Request,
		start: in.Start, input: in.Input, hasIn: true,
	}
	return l.write(&d, wait)
}

// Outcome makes an outcome durable. It returns nil only when it is, and an error that wraps ErrUnavailable otherwise;
// the exchange is then closed by an aborted record as soon as the log can write again.
func (l *Log) Outcome(o *Outcome) error { return l.outcome(o, true) }

// OutcomeAsync queues an outcome in order and does not wait for the disk. It returns ErrUnavailable where the queue is full.
func (l *Log) OutcomeAsync(o *Outcome) error { return l.outcome(o, false) }

func (l *Log) outcome(o *Outcome, wait bool) error {
	if o.Request == nil {
		return errors.New("custody: outcome without its request")
	}
	subject, err := l.o.Keys.Subject(o.Request.Subject)
	if err != nil {
		return fmt.Errorf("%w: subject key: %w", ErrUnavailable, err)
	}
	d := draft{
		kind: kindOutcome, id: o.ID, subject: subject, sealed: true, salt: o.Salt, outcome: o,
		start: o.Start, output: o.Output, hasOut: o.Output != nil,
	}
	if !o.Intended {
		d.request, d.input, d.hasIn = o.Request, o.Input, o.Input != nil
	}
	if err := l.write(&d, wait); err != nil {
		l.orphan(kindOutcome, o.ID)
		return err
	}
	return nil
}

// Admin makes an administrative act durable. It returns nil only when it is.
func (l *Log) Admin(a *Admin) error {
	_, err := l.Event(&Event{Kind: EventAdmin, ID: a.ID, Time: a.Time, Actor: a.Actor, Act: a.Act, Object: a.Object, Result: a.Result})
	return err
}

// write is append for those who do not ask where the record stands.
func (l *Log) write(d *draft, wait bool) error {
	_, err := l.append(d, wait)
	return err
}

// append builds the record on this goroutine and hands it to the committer. It returns its place in the order.
func (l *Log) append(d *draft, wait bool) (uint64, error) {
	d.limit = l.o.MaxPayload
	size := int64(maxLeafGuess + min(len(d.input), d.limit) + min(len(d.output), d.limit) + min(len(d.data), d.limit))
	seq, ok := l.take(size)
	if !ok {
		l.stats.refused.Add(1)
		return 0, ErrUnavailable
	}
	e := l.pool.Get().(*entry)
	e.size, e.wait = size, wait
	e.build(d, seq)
	l.put(e)
	if !wait {
		return seq, nil
	}
	<-e.done
	err := e.err
	e.release()
	l.pool.Put(e)
	if err != nil {
		l.stats.refused.Add(1)
	}
	return seq, err
}

// maxLeafGuess is what a record counts in the queue beside its payload.
const maxLeafGuess = 1024

// orphan notes an exchange whose outcome is not in the log; tick closes it.
func (l *Log) orphan(k kind, id ID) {
	if k != kindOutcome && k != kindAborted {
		return
	}
	l.treeMu.Lock()
	defer l.treeMu.Unlock()
	if _, open := l.open[id]; open {
		l.orphans = append(l.orphans, id)
	}
}

// abortOrphans closes exchanges whose outcome could not be written.
func (l *Log) abortOrphans() {
	l.treeMu.Lock()
	orphans := l.orphans
	l.orphans = nil
	l.treeMu.Unlock()
	for _, id := range orphans {
		l.treeMu.Lock()
		ref, open := l.open[id]
		l.treeMu.Unlock()
		if open && l.abort(id, ref, false) != nil {
			l.orphan(kindAborted, id)
		}
	}
}

func (l *Log) abort(id ID, ref uint64, wait bool) error {
	return l.write(&draft{kind: kindAborted, id: id, start: l.o.Clock(), ref: ref}, wait)
}

// Close writes what is queued, signs the final checkpoint, cuts the zeros off behind the last record and gives the lock back.
// Records that come later get ErrUnavailable.
func (l *Log) Close() error {
	l.closed.Do(func() {
		l.closing.Store(true)
		l.tail.Or(refuseBit)
		l.nudge()
		<-l.stopped
		close(l.sealing.stop)
		<-l.sealing.done
		close(l.tickStop)
		<-l.tickDone
		err := l.checkpoint()
		if l.suspect {
			err = errors.Join(err, l.seg.file.Close())
		} else {
			err = errors.Join(err, l.seg.finish())
		}
		if err != nil {
			err = fmt.Errorf("close custody log: %w", err)
		}
		l.closeEr = errors.Join(err, l.lock.Close())
	})
	return l.closeEr
}

// defaultOrigin names a log by its key.
func defaultOrigin(key ed25519.PrivateKey) string {
	sum := leafOf(key.Public().(ed25519.PublicKey))
	return "reeve.local/" + hex.EncodeToString(sum[:4])
}

func leafOf(b []byte) Hash {
	h, _ := leafHash(nil, b)
	return h
}
