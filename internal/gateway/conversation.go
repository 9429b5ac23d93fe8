package gateway

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/store"
)

// Marks keeps the high-water marks of conversations beyond this process. *store.DB is one. It is safe for concurrent use,
// and every method is durable when it returns nil.
type Marks interface {
	// Stamp differs after any process has changed a mark; negative means unknown. It is called for every request.
	Stamp() int64
	// Marks returns what was changed after a version, at most limit, and the version up to which that is complete.
	Marks(ctx context.Context, since int64, limit int) ([]store.Mark, int64, error)
	// Mark returns one mark; false where there is none.
	Mark(ctx context.Context, id string) (store.Mark, bool, error)
	// RaiseMark joins a label into a mark and returns what it is then.
	RaiseMark(context.Context, store.Mark) (store.Mark, error)
	// DropMarks forgets what ended before a time.
	DropMarks(context.Context, time.Time) error
}

// Conversations say how conversations are told apart and how long one may rest before another begins. Zero values take
// the defaults.
type Conversations struct {
	Marks  Marks         // nil: kept in memory only, and lost with the process
	Window time.Duration // rest after which an API key without conversation ids begins anew; default 30 min
	Life   time.Duration // rest after which a conversation with an id is forgotten; default 30 days
	ByKey  bool          // ids that callers send are not believed: all requests of a key are one conversation
	Most   int           // marks kept in memory; default 100,000
}

// conversationHeader names the conversation that a request belongs to, among those of its caller. Its other form is
// the member metadata.conversation_id of a request in the OpenAI dialect.
const conversationHeader = "Reeve-Conversation"

// maxConversation bounds the id of a conversation, in bytes.
const maxConversation = 128

// talk is the conversation of one exchange.
type talk struct {
	id   [16]byte
	life time.Duration
}

// conversations remember how far the labels of conversations have risen (the high-water mark of Bell and LaPadula's
// model for subjects that keep what they read). A conversation without a mark is at public, so only those that have
// left public take memory.
type conversations struct {
	opts Conversations

	mu      sync.RWMutex
	known   map[[16]byte]mark // guarded by mu
	stamp   atomic.Int64      // of the store when known was brought up to date
	version int64             // guarded by mu: of the store, that known has
	partial bool              // guarded by mu: known has not all marks of the store
	dropped time.Time         // guarded by mu: when ended marks were dropped last
}

type mark struct {
	label      reeve.Label
	seen, ends time.Time
}

func newConversations(o Conversations) (*conversations, error) {
	o.Window = orDefault(o.Window, 30*time.Minute)
	o.Life = orDefault(o.Life, 30*24*time.Hour)
	o.Most = orDefault(o.Most, 100_000)
	c := &conversations{opts: o, known: map[[16]byte]mark{}}
	c.stamp.Store(-1)
	if o.Marks == nil {
		return c, nil
	}
	return c, c.refresh(context.Background())
}

// talkOf finds the conversation of a request. Ids count among those of one principal, so nobody can name another's.
func (c *conversations) talkOf(principal, key, named string) talk {
	kind, name, life := "key", key, c.opts.Window
	if named != "" && !c.opts.ByKey {
		kind, name, life = "id", named, c.opts.Life
	}
	h := sha256.New()
	for _, part := range [...]string{kind, principal, name} {
		h.Write([]byte{byte(len(part) >> 8), byte(len(part))})
		h.Write([]byte(part))
	}
	var sum [sha256.Size]byte
	h.Sum(sum[:0])
	return talk{id: [16]byte(sum[:16]), life: life}
}

// of is the mark of a conversation now. An error means that nobody can tell, and then nothing may be served.
func (c *conversations) of(ctx context.Context, t talk, now time.Time) (reeve.Label, error) {
	if err := c.current(ctx); err != nil {
		return reeve.Label{}, err
	}
	c.mu.RLock()
	m, found := c.known[t.id]
	partial := c.partial
	c.mu.RUnlock()
	if !found && partial {
		kept, stored, err := c.opts.Marks.Mark(ctx, hex.EncodeToString(t.id[:]))
		if err != nil {
			return reeve.Label{}, err
		}
		if m, found = markOf(&kept), stored; found {
			c.keep(t.id, m)
		}
	}
	if !found || !now.Before(m.ends) {
		return reeve.Label{}, nil
	}
	if now.Sub(m.seen) > t.life/8 { // it goes on: tell the store now and then
		if err := c.put(ctx, t, m.label, now); err != nil {
			return reeve.Label{}, err
		}
	}
	return m.label, nil
}

// raise joins a label into the mark of a conversation. It is durable, and known to whoever asks later, when raise
// returns nil.
func (c *conversations) raise(ctx context.Context, t talk, l reeve.Label, now time.Time) error {
	c.mu.RLock()
	m, found := c.known[t.id]
	c.mu.RUnlock()
	if l.IsZero() || found && now.Before(m.ends) && m.label.Dominates(l) {
		return nil
	}
	return c.put(ctx, t, l, now)
}

// errFull says that too many conversations have left public for a memory that has no store behind it.
var errFull = errors.New("too many conversations with a label")

func (c *conversations) put(ctx context.Context, t talk, l reeve.Label, now time.Time) error {
	m := mark{l, now, now.Add(t.life + t.life/8)}
	if c.opts.Marks == nil {
		return c.join(t.id, m, now)
	}
	kept, err := c.opts.Marks.RaiseMark(ctx, store.Mark{ID: hex.EncodeToString(t.id[:]), Label: l, Seen: m.seen, Ends: m.ends})
	if err != nil {
		return err
	}
	c.keep(t.id, markOf(&kept))
	return c.tidy(ctx, now)
}

// join is put without a store.
func (c *conversations) join(id [16]byte, m mark, now time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	old, found := c.known[id]
	if found && now.Before(old.ends) {
		m.label = m.label.Join(old.label)
	}
	if !found && len(c.known) >= c.opts.Most {
		for k, v := range c.known {
			if !now.Before(v.ends) {
				delete(c.known, k)
			}
		}
		if len(c.known) >= c.opts.Most {
			return errFull
		}
	}
	c.known[id] = m
	return nil
}

// keep puts a mark of the store into memory, in place of any other where it is full.
func (c *conversations) keep(id [16]byte, m mark) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.keepLocked(id, m)
}

func (c *conversations) keepLocked(id [16]byte, m mark) {
	old, found := c.known[id]
	if found && m.seen.Before(old.ends) && !m.label.Dominates(old.label) {
		return // what is known is newer
	}
	if !found && len(c.known) >= c.opts.Most {
		for k := range c.known {
			delete(c.known, k)
			c.partial = true
			break
		}
	}
	c.known[id] = m
}

// current brings memory up to what other processes have put into the store.
func (c *conversations) current(ctx context.Context) error {
	if c.opts.Marks == nil {
		return nil
	}
	if s := c.opts.Marks.Stamp(); s >= 0 && s == c.stamp.Load() {
		return nil
	}
	return c.refresh(ctx)
}

// page is how many marks are read at once.
const page = 1000

func (c *conversations) refresh(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	stamp := c.opts.Marks.Stamp() // before the read: a later change is then seen again
	for {
		marks, version, err := c.opts.Marks.Marks(ctx, c.version, page)
		if err != nil {
			return err
		}
		for i := range marks {
			var id [16]byte
			if n, err := hex.Decode(id[:], []byte(marks[i].ID)); err == nil && n == len(id) {
				c.keepLocked(id, markOf(&marks[i]))
			}
		}
		c.version = version
		if len(marks) < page {
			break
		}
	}
	c.stamp.Store(stamp)
	return nil
}

// tidy drops what has ended, from store and memory, once an hour.
func (c *conversations) tidy(ctx context.Context, now time.Time) error {
	c.mu.Lock()
	due := now.Sub(c.dropped) > time.Hour
	if due {
		c.dropped = now
		for k, m := range c.known {
			if !now.Before(m.ends) {
				delete(c.known, k)
			}
		}
	}
	c.mu.Unlock()
	if !due {
		return nil
	}
	return c.opts.Marks.DropMarks(ctx, now.Add(-time.Hour))
}

func markOf(m *store.Mark) mark { return mark{m.Label, m.Seen, m.Ends} }

// converse finds the conversation of an exchange and its mark.
func (g *Gateway) converse(x *exchange) *reeve.Refusal {
	named, refusal := x.conversationID()
	if refusal != nil {
		return refusal
	}
	key := x.session.SessionID
	if key == "" && x.session.Key != nil {
		key = x.session.Key.ID
	}
	x.talk = g.talks.talkOf(x.session.Principal.ID, key, named)
	var err error
	if x.mark, err = g.talks.of(x.r.Context(), x.talk, x.start); err != nil {
		return g.noMark(x, err)
	}
	return nil
}

func (g *Gateway) noMark(x *exchange, err error) *reeve.Refusal {
	g.opts.Diagnostics.Error("the label of a conversation cannot be kept", "exchange", x.id.String(), "error", err)
	return &reeve.Refusal{
		Status: http.StatusServiceUnavailable, Code: "labels_unavailable", Rule: "label/conversation",
		Message: "The label of the conversation cannot be read or kept now, so nothing is served.", Remedy: "Try again; tell the operator if it lasts.",
	}
}

// conversationID is the id that the caller gave, in the header, in the body, or in both alike; "" for none.
func (x *exchange) conversationID() (string, *reeve.Refusal) {
	values := x.r.Header[conversationHeader]
	if len(values) > 1 {
		return "", badConversation()
	}
	named := ""
	if len(values) == 1 {
		if named = values[0]; !conversationText(named) {
			return "", badConversation()
		}
	}
	d := &x.req.Doc
	if x.ep.Method != http.MethodPost || d.Len() == 0 {
		return named, nil
	}
	i := d.Member(d.Member(0, "metadata"), "conversation_id")
	if i < 0 {
		return named, nil
	}
	if !d.IsString(i) {
		return "", badConversation()
	}
	text := string(d.Text(i))
	if !conversationText(text) || named != "" && named != text {
		return "", badConversation()
	}
	return text, nil
}

func conversationText(s string) bool {
	if s == "" || len(s) > maxConversation {
		return false
	}
	for i := range len(s) {
		if s[i] < 0x21 || s[i] > 0x7e {
			return false
		}
	}
	return true
}

func badConversation() *reeve.Refusal {
	return &reeve.Refusal{
		Status: http.StatusBadRequest, Code: "invalid_request", Rule: "gateway/conversation",
		Message: "The id of the conversation is not 1 to 128 printable characters without spaces, or stands twice and differs.",
		Remedy:  "Send one id in the header " + conversationHeader + " or in metadata.conversation_id.",
	}
}
