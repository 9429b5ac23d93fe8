package custody

import (
	"crypto/rand"
	"crypto/sha256"
	"hash/crc32"
	"time"

	"github.com/reeve-ai/reeve/internal/keyring"
)

// entry is one record on its way to the disk. Entries are pooled; their buffers are reused.
type entry struct {
	kind   kind
	id     ID
	seq    uint64
	body   []byte // frame without its tail
	leaf   Hash   // RFC 6962 leaf hash
	crc    uint32 // of body
	wait   bool   // somebody waits on done
	done   chan struct{}
	err    error // set before done is signalled
	size   int64 // bytes accounted in the queue
	w      leafWriter
	random [dekSize + saltSize + keyring.NonceSize]byte // data key, salt, nonce
	aad    [aadSize]byte
}

// maxPooledBody bounds the buffers that pooled entries keep.
const maxPooledBody = 256 << 10

func newEntry() *entry {
	return &entry{done: make(chan struct{}, 1), w: leafWriter{sha: sha256.New()}}
}

// draft is what a record says, before it has a place in the order.
type draft struct {
	kind    kind
	id      ID
	subject *keyring.Subject // makes commitments; nil for none
	sealed  bool             // the payload and the salt are sealed under the subject's key
	salt    Salt             // zero: a fresh one

	request       *Request
	outcome       *Outcome
	event         *Event
	actor         string // commitment to who acted in an event
	start         time.Time
	data          []byte // payload of an event
	input, output []byte
	hasIn, hasOut bool
	limit         int    // bytes of input and output that are kept
	ref           uint64 // aborted: sequence number of the intent
}

// build writes the frame of d at its place in the order. Nothing in it can fail: a place that is taken must be filled.
func (e *entry) build(d *draft, seq uint64) {
	e.kind, e.id, e.seq, e.err = d.kind, d.id, seq, nil
	_, _ = rand.Read(e.random[:]) // never fails: crypto/rand ends the process instead
	if d.salt.IsZero() {
		d.salt = Salt(e.random[dekSize:])
	}
	w := &e.w
	w.b = append(e.body[:0], make([]byte, frameHead)...)
	w.salt = &d.salt
	var h holes
	if d.event != nil {
		h = e.writeEvent(d)
	} else {
		h = e.writeLeaf(d)
	}
	leafEnd := len(w.b)
	sealing := uint8(0)
	if d.sealed {
		w.b = e.seal(w.b, d, &h)
		digest := sha256.Sum256(w.b[leafEnd:])
		fillHole(w.b[h.sealed:], &digest)
		sealing = sealingV1
	}
	putFrameHead(w.b, d.kind, sealing, leafEnd-frameHead, seq, d.id)
	e.leaf = leafHashIn(w.b[frameHead-1 : leafEnd])
	e.crc = crc32.Checksum(w.b, castagnoli)
	e.body, w.b, w.salt = w.b, nil, nil
}

// holes are the places in the leaf for hashes of what is sealed. 0 means that there is none.
type holes struct{ prompt, response, data, sealed int }

// writeLeaf writes the leaf but for its holes. The calls stand in the order of the keys.
func (e *entry) writeLeaf(d *draft) (h holes) {
	w := &e.w
	r, o := d.request, d.outcome
	var none Request
	if r == nil {
		r = &none
	}
	start := len(w.b)
	w.name("access", r.Access)
	w.name("access_entities", r.AccessEntities)
	w.name("access_policy", r.AccessPolicy)
	w.name("access_rule", r.AccessRule)
	w.name("access_rules", r.AccessRules)
	if d.subject != nil {
		if d.request != nil {
			w.text("actor_c", d.subject.Actor())
		}
		if d.sealed {
			w.text("alg", algSealed)
		}
		if r.App != "" {
			w.text("app_c", d.subject.Commit("app", r.App))
		}
	}
	w.name("authn", r.Authn)
	w.flag("best_effort", r.BestEffort)
	if o != nil {
		w.tally("c_delivered", o.Delivered)
		w.tally("c_produced", o.Produced)
	}
	if d.hasIn {
		h.prompt = w.hole("c_prompt")
	}
	if d.hasOut {
		h.response = w.hole("c_response")
	}
	if o != nil {
		w.number("chunks", o.Chunks)
	}
	w.flag("cut", len(d.input) > d.limit || len(d.output) > d.limit)
	w.name("dialect", r.Dialect)
	if o != nil {
		w.name("finish", o.Finish)
		w.guards(r.GuardIn, o.GuardOut)
		w.number("http", int64(o.HTTPStatus))
		w.flag("intended", o.Intended)
	} else {
		w.guards(r.GuardIn)
	}
	if d.sealed {
		id := d.subject.ID()
		w.hash("kek", id[:])
	}
	w.name("key_id", r.KeyID)
	w.text("kind", kindNames[d.kind])
	w.name("label_in", r.LabelIn)
	w.name("label_model", r.LabelModel)
	if o != nil {
		w.name("label_out", o.LabelOut)
	}
	w.name("label_sent", r.LabelSent)
	w.name("label_session", r.LabelSession)
	w.name("model", r.Model)
	if o != nil {
		w.tallied("n_delivered", o.Delivered)
		w.tallied("n_produced", o.Produced)
	}
	w.number("n_prompt", int64(len(d.input)))
	w.number("n_response", int64(len(d.output)))
	w.name("op", r.Op)
	w.id("parent", r.Parent)
	w.name("policy", r.Policy)
	if d.kind == kindAborted {
		w.seq("ref", d.ref)
	}
	if o != nil {
		w.name("refusal", o.Refusal)
		w.name("result", o.Result)
	}
	w.name("roles", r.RoleDigest)
	w.name("route", r.Route)
	if o != nil {
		w.name("rule", o.Rule)
	}
	if d.sealed {
		h.sealed = w.hole("sealed")
	}
	w.seq("seq", e.seq)
	if r.Source != "" && d.subject != nil {
		w.text("source_c", d.subject.Commit("source", r.Source))
	}
	w.name("span_id", r.SpanID)
	w.flag("stream", r.Stream)
	if o != nil {
		w.time("t_end", o.End)
	}
	w.time("t_start", d.start)
	if o != nil {
		w.number("tokens_in", o.TokensIn)
		w.number("tokens_out", o.TokensOut)
	}
	w.name("trace_id", r.TraceID)
	w.id("ulid", d.id)
	w.name("upstream", r.Upstream)
	if o != nil {
		w.micros("us_custody", o.CustodyTime)
		w.micros("us_first", o.FirstChunk)
		w.micros("us_guard", o.GuardTime)
		w.micros("us_queue", o.QueueTime)
		w.micros("us_upstream", o.UpstreamTime)
	}
	w.text("v", leafVersions[d.kind])
	w.b[start] = '{'
	w.b = append(w.b, '}')
	return h
}

func (w *leafWriter) tally(key string, t *Tally) {
	if t != nil {
		sum := t.sum()
		w.hash(key, sum[:])
	}
}

func (w *leafWriter) tallied(key string, t *Tally) {
	if t != nil {
		w.number(key, t.n)
	}
}

// release empties the entry for its next use.
func (e *entry) release() {
	if cap(e.body) > maxPooledBody {
		e.body = nil
	}
	e.body = e.body[:0]
}
