package witness

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/reeve-ai/reeve/internal/tlog"
)

// Options say whom a witness believes and how it signs.
type Options struct {
	Dir     string                     // holds the state; must exist
	Logs    []*tlog.Key                // keys of the logs; the key's name is the log's origin
	Signers []*tlog.Signer             // cosign, each with a key of its own: cosignature/v1, ML-DSA-44 or both
	Clock   func() time.Time           // default time.Now
	Told    func(Event)                // called for each request that names a known log, not concurrently for one log; may be nil
	write   func(string, []byte) error // replaces a file; tests put a failing one in place
}

// Event is one request to the witness, for its diary.
type Event struct {
	Origin string
	Old    uint64 // size that was cosigned last
	Size   uint64 // size that was asked for
	Code   int    // HTTP status
}

// Server is a witness. It is an http.Handler and safe for concurrent use. One process may serve a directory: see Open.
type Server struct {
	o    Options
	logs map[string]*log // by origin; never changes
	hex  map[string]*log // by SHA-256 of the origin
	lock io.Closer
	mux  *http.ServeMux
}

// log is what the witness knows about one log.
type log struct {
	origin string
	path   string
	keys   []*tlog.Key

	mu   sync.Mutex
	last *tlog.SignedCheckpoint // nil: none yet
}

// Open takes the directory's lock and reads the state. A state that cannot be read is an error: a witness that forgot
// would cosign a log that went back.
func Open(o Options) (*Server, error) {
	if len(o.Logs) == 0 || len(o.Signers) == 0 {
		return nil, errors.New("witness: no log or no key to sign with")
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.write == nil {
		o.write = replace
	}
	lock, err := takeLock(o.Dir)
	if err != nil {
		return nil, err
	}
	s := &Server{o: o, logs: map[string]*log{}, hex: map[string]*log{}, lock: lock, mux: http.NewServeMux()}
	for _, k := range o.Logs {
		s.add(k)
	}
	for _, l := range s.logs {
		if err := s.load(l); err != nil {
			return nil, errors.Join(err, lock.Close())
		}
	}
	s.mux.HandleFunc("POST /add-checkpoint", s.addCheckpoint)
	s.mux.HandleFunc("GET /{origin}/checkpoint", s.checkpoint)
	return s, nil
}

// Close gives the lock back.
func (s *Server) Close() error { return s.lock.Close() }

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

func (s *Server) add(k *tlog.Key) {
	l := s.logs[k.Name]
	if l == nil {
		sum := sha256.Sum256([]byte(k.Name))
		name := hex.EncodeToString(sum[:])
		l = &log{origin: k.Name, path: statePath(s.o.Dir, name)}
		s.logs[k.Name], s.hex[name] = l, l
	}
	l.keys = append(l.keys, k)
}

// checkpoint serves the last cosigned checkpoint of a log.
func (s *Server) checkpoint(w http.ResponseWriter, r *http.Request) {
	l := s.hex[r.PathValue("origin")]
	if l == nil {
		http.NotFound(w, r)
		return
	}
	l.mu.Lock()
	last := l.last
	l.mu.Unlock()
	if last == nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(last.Marshal())
}

func (s *Server) addCheckpoint(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, tlog.MaxAddCheckpoint))
	if err != nil {
		http.Error(w, "the message is too long or cut off", http.StatusBadRequest)
		return
	}
	a, err := tlog.ParseAddCheckpoint(body)
	if err != nil {
		http.Error(w, "not an add-checkpoint message", http.StatusBadRequest)
		return
	}
	l := s.logs[a.Checkpoint.Origin]
	if l == nil {
		http.Error(w, "unknown log", http.StatusNotFound)
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	old := l.size()
	sigs, refused := s.cosign(l, a)
	code := http.StatusOK
	if refused != nil {
		code = refused.code
	}
	if s.o.Told != nil {
		s.o.Told(Event{Origin: l.origin, Old: old, Size: a.Checkpoint.Size, Code: code})
	}
	switch {
	case refused == nil:
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		for i := range sigs {
			_, _ = io.WriteString(w, sigs[i].Line())
		}
	case code == http.StatusConflict:
		w.Header().Set("Content-Type", tlog.SizeType)
		w.WriteHeader(code)
		fmt.Fprintf(w, "%d\n", old)
	default:
		http.Error(w, refused.text, code)
	}
}

func (l *log) size() uint64 {
	if l.last == nil {
		return 0
	}
	return l.last.Size
}

// refusal is why a checkpoint is not cosigned.
type refusal struct {
	code int
	text string
}

// cosign checks a checkpoint in the order of tlog-witness, makes it durable and signs it. The log must be locked.
func (s *Server) cosign(l *log, a *tlog.AddCheckpoint) ([]tlog.Signature, *refusal) {
	c := a.Checkpoint
	if signed, err := c.Verify(l.keys...); err != nil || len(signed) == 0 {
		return nil, &refusal{http.StatusForbidden, "no valid signature of the log"}
	}
	if a.Old > c.Size {
		return nil, &refusal{http.StatusBadRequest, "the old size is larger than that of the checkpoint"}
	}
	if a.Old != l.size() {
		return nil, &refusal{http.StatusConflict, ""}
	}
	root := tlog.EmptyRoot()
	if l.last != nil {
		root = l.last.Root
	}
	if tlog.VerifyConsistency(a.Old, c.Size, a.Proof, root, c.Root) != nil {
		return nil, &refusal{http.StatusUnprocessableEntity, "the tree does not go on from the one that was cosigned"}
	}
	now := s.o.Clock()
	var sigs []tlog.Signature
	for _, signer := range s.o.Signers {
		sig, err := signer.Sign(&c.Checkpoint, now)
		if err != nil {
			return nil, &refusal{http.StatusInternalServerError, "cannot sign"}
		}
		sigs = append(sigs, sig)
	}
	seen := s.withOurs(c, sigs)
	if err := s.o.write(l.path, seen.Marshal()); err != nil {
		return nil, &refusal{http.StatusServiceUnavailable, "cannot keep the checkpoint"}
	}
	l.last = seen
	return sigs, nil
}

// withOurs is the checkpoint with our signatures under it, those of others left out but for the log's.
func (s *Server) withOurs(c *tlog.SignedCheckpoint, sigs []tlog.Signature) *tlog.SignedCheckpoint {
	out := &tlog.SignedCheckpoint{Checkpoint: c.Checkpoint, Note: tlog.Note{Text: c.Note.Text}}
	for i := range c.Sigs {
		for _, k := range s.logs[c.Origin].keys {
			if k.ID == c.Sigs[i].ID && k.Name == c.Sigs[i].Name {
				out.Sigs = append(out.Sigs, c.Sigs[i])
			}
		}
	}
	out.Sigs = append(out.Sigs, sigs...)
	return out
}
