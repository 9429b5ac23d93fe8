package custody

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"
	"pgregory.net/rapid"
)

func TestID(t *testing.T) {
	at := time.Date(2026, 11, 21, 12, 0, 0, 5e6, time.UTC)
	id := NewID(at)
	if got := id.Time(); !got.Equal(at) {
		t.Errorf("time %v, want %v", got, at)
	}
	back, err := ParseID(id.String())
	if err != nil || back != id {
		t.Errorf("%v came back as %v: %v", id, back, err)
	}
	if got := (ID{0: 0xff, 15: 0xff}).String(); got != "7Z00000000000000000000007Z" {
		t.Errorf("text form %s", got)
	}
	for _, bad := range []string{"", "01ARZ3NDEKTSV4RRFFQ69G5FA", "81ARZ3NDEKTSV4RRFFQ69G5FAV", "01arz3ndektsv4rrffq69g5fav", "01ARZ3NDEKTSV4RRFFQ69G5FAI", "01ARZ3NDEKTSV4RRFFQ69G5FAVX"} {
		if _, err := ParseID(bad); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		id := ID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id"))
		if back, err := ParseID(id.String()); err != nil || back != id {
			t.Fatalf("%v came back as %v: %v", id, back, err)
		}
	})
}

// TestTreeVector is the worked example of three leaves whose hashes were made by independent code.
func TestTreeVector(t *testing.T) {
	var tr tree
	want := []string{
		"022a6979e6dab7aa5ae4c3e5e45f7e977112a7e63593820dbec1ec738a24f93c",
		"57eb35615d47f34ec714cacdf5fd74608a5e8e102724e80b24b287c0c27b6a31",
		"597fcb31282d34654c200d3418fca5705c648ebf326ec73d8ddef11841f876d8",
	}
	for i, leaf := range []string{"a", "b", "c"} {
		h := leafOf([]byte(leaf))
		if got := hex.EncodeToString(h[:]); got != want[i] {
			t.Errorf("leaf %s: %s", leaf, got)
		}
		tr.add(h)
	}
	if r := tr.root(); hex.EncodeToString(r[:]) != "36642e73c2540ab121e3a6bf9545b0a24982cd830eb13d3cd19de3ce6c021ec1" {
		t.Errorf("root %x", r)
	}
	if r := (&tree{}).root(); r != sha256.Sum256(nil) {
		t.Errorf("empty root %x", r)
	}
}

// TestTreeAgainstLibrary holds our compact range beside that of transparency-dev.
func TestTreeAgainstLibrary(t *testing.T) {
	factory := compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}
	theirs := factory.NewEmptyRange(0)
	var ours tree
	for i := range 3000 {
		leaf := []byte{byte(i), byte(i >> 8)}
		ours.add(leafOf(leaf))
		if err := theirs.Append(rfc6962.DefaultHasher.HashLeaf(leaf), nil); err != nil {
			t.Fatal(err)
		}
		root, err := theirs.GetRootHash(nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := ours.root(); !bytes.Equal(got[:], root) || !ours.valid() {
			t.Fatalf("root over %d leaves differs", i+1)
		}
		if !slices.EqualFunc(ours.nodes, theirs.Hashes(), func(a Hash, b []byte) bool { return bytes.Equal(a[:], b) }) {
			t.Fatalf("range over %d leaves differs", i+1)
		}
	}
}

func TestCommitments(t *testing.T) {
	salt := NewSalt()
	m := hmac.New(sha256.New, salt[:])
	m.Write([]byte("what the client got"))
	want := m.Sum(nil)
	w := leafWriter{salt: &salt, sha: sha256.New()}
	if got := w.commit([]byte("what the client got")); !bytes.Equal(got[:], want) {
		t.Errorf("commit %x, want %x", got, want)
	}
	before := bytes.Repeat([]byte("b"), 70)
	b := append(bytes.Clone(before), "what the client got, and more"...)
	if got := commitAt(b, 70, 19, &salt); !bytes.Equal(got[:], want) || !bytes.Equal(b[:70], before) {
		t.Errorf("commitAt %x, want %x", got, want)
	}
	tally := salt.Tally()
	for _, part := range []string{"what ", "the client", "", " got"} {
		_, _ = tally.WriteString(part)
	}
	if got := tally.sum(); !bytes.Equal(got[:], want) || tally.Len() != 19 {
		t.Errorf("tally %x over %d bytes, want %x", got, tally.Len(), want)
	}
}

func drawHeader(t *rapid.T) *header {
	h := &header{
		version: rapid.SampledFrom([]uint16{1, 2}).Draw(t, "version"),
		number:  rapid.Uint64Range(1, 1<<40).Draw(t, "number"), first: rapid.Uint64Range(0, 1<<40).Draw(t, "first"),
		createdNS: rapid.Int64().Draw(t, "created"), prevEnd: rapid.Uint64().Draw(t, "end"), origin: rapid.StringMatching(`[a-z./]{0,40}`).Draw(t, "origin"),
		prevHow: rapid.SampledFrom([]ending{endClean, endSuspect}).Draw(t, "how"),
	}
	if h.number == 1 {
		h.prevHow = endNone
	}
	copy(h.chain[:], rapid.SliceOfN(rapid.Byte(), hashSize, hashSize).Draw(t, "chain"))
	for s := h.first; s > 0; s &= s - 1 {
		h.nodes = append(h.nodes, leafOf([]byte{byte(s)}))
	}
	for i := range rapid.IntRange(0, 400).Draw(t, "open") {
		h.open = append(h.open, openIntent{ID{byte(i), 1}, uint64(i)})
	}
	return h
}

func TestHeaderRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := drawHeader(t)
		b := h.encode()
		got, err := decodeHeader(b)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(h, got, cmp.AllowUnexported(header{}, openIntent{})); diff != "" {
			t.Fatal(diff)
		}
		i := rapid.IntRange(0, len(b)-1).Draw(t, "byte")
		b[i] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		if _, err := decodeHeader(b); err == nil {
			t.Fatalf("byte %d was flipped and nobody noticed", i)
		}
	})
}

func TestHeaderNewer(t *testing.T) {
	b := (&header{number: 1}).encode()
	b[9]++
	if _, err := decodeHeader(b); !errors.Is(err, ErrNewer) {
		t.Errorf("format 3: %v", err)
	}
	b[9] = 0
	if _, err := decodeHeader(b); !errors.Is(err, errNotHeader) || errors.Is(err, ErrNewer) {
		t.Errorf("format 0: %v", err)
	}
}

func FuzzHeader(f *testing.F) {
	f.Add((&header{number: 1, origin: "reeve.local/0a1b2c3d"}).encode())
	f.Add((&header{number: 2, first: 1, nodes: make([]Hash, 1), prevHow: endClean, open: []openIntent{{ID{1}, 0}}}).encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := decodeHeader(b)
		if err == nil && !bytes.Equal(h.encode(), b) {
			t.Error("a header has a second spelling")
		}
	})
}

func sampleFrame(k kind, leaf, sealed string) []byte {
	b := append(make([]byte, frameHead), leaf...)
	sealing := uint8(0)
	if sealed != "" {
		sealing = sealingV1
	}
	b = append(b, sealed...)
	putFrameHead(b, k, sealing, len(leaf), 7, ID{1, 2, 3})
	return appendFrame(nil, b, crcOf(b), 2, &Hash{9})
}

func TestFrameRoundTrip(t *testing.T) {
	b := sampleFrame(kindIntent, `{"v":"x"}`, "sealed bytes")
	f, err := decodeFrame(append(b, 1, 2, 3))
	if err != nil {
		t.Fatal(err)
	}
	want := frame{size: len(b), kind: kindIntent, sealing: sealingV1, seq: 7, id: ID{1, 2, 3}, leaf: []byte(`{"v":"x"}`), sealed: []byte("sealed bytes"), position: 2, prev: Hash{9}}
	if diff := cmp.Diff(want, f, cmp.AllowUnexported(frame{})); diff != "" {
		t.Error(diff)
	}
	if f.drain() != 5 {
		t.Errorf("drain begins at %d", f.drain())
	}
	for i := range b {
		if _, err := decodeFrame(b[:i]); err == nil || i >= 4 && !errors.Is(err, errShort) {
			t.Errorf("cut at %d: %v", i, err)
		}
		for bit := range 8 {
			c := bytes.Clone(b)
			c[i] ^= 1 << bit
			if _, err := decodeFrame(c); err == nil {
				t.Errorf("byte %d bit %d was flipped and nobody noticed", i, bit)
			}
		}
	}
	if _, err := decodeFrame(make([]byte, 100)); !errors.Is(err, errEnd) {
		t.Errorf("zeros: %v", err)
	}
}

func FuzzFrame(f *testing.F) {
	f.Add(sampleFrame(kindIntent, `{"v":"x"}`, "sealed bytes"))
	f.Add(sampleFrame(kindAdmin, `{"v":"x"}`, ""))
	f.Add(make([]byte, 64))
	f.Fuzz(func(t *testing.T, b []byte) {
		fr, err := decodeFrame(b)
		if err != nil {
			return
		}
		body := append(make([]byte, frameHead), fr.leaf...)
		body = append(body, fr.sealed...)
		putFrameHead(body, fr.kind, fr.sealing, len(fr.leaf), fr.seq, fr.id)
		if !bytes.Equal(appendFrame(nil, body, crcOf(body), fr.position, &fr.prev), b[:fr.size]) {
			t.Error("a frame has a second spelling")
		}
		if !plausible(b, fr.seq, fr.seq+1) {
			t.Error("a good frame is not plausible")
		}
	})
}

func TestLeafIsCanonicalJSON(t *testing.T) {
	keys := openRing(t, t.TempDir())
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.OneOf(rapid.String(), rapid.StringMatching(`[a-z./:{},-]{0,20}`), rapid.Just(""))
		n := rapid.OneOf(rapid.Int64Range(-1, 5), rapid.Int64Range(0, math.MaxInt64))
		guards := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) GuardResult {
			return GuardResult{Rule: word.Draw(t, "rule"), Stage: word.Draw(t, "stage"), Count: int(n.Draw(t, "count"))}
		}), 0, 40)
		r := Request{
			Subject: word.Draw(t, "subject"), KeyID: word.Draw(t, "key"), Authn: word.Draw(t, "authn"), RoleDigest: word.Draw(t, "role"), Source: word.Draw(t, "source"),
			App: word.Draw(t, "app"), TraceID: word.Draw(t, "trace"), SpanID: word.Draw(t, "span"), Parent: ID{1}, Route: word.Draw(t, "route"), Dialect: word.Draw(t, "dialect"),
			Op: word.Draw(t, "op"), Model: word.Draw(t, "model"), Upstream: word.Draw(t, "up"), Stream: rapid.Bool().Draw(t, "stream"), Policy: word.Draw(t, "policy"),
			Access: word.Draw(t, "access"), AccessRule: word.Draw(t, "access rule"), LabelIn: word.Draw(t, "label"), GuardIn: guards.Draw(t, "in"), BestEffort: true,
		}
		salt := NewSalt()
		o := Outcome{
			Request: &r, Intended: rapid.Bool().Draw(t, "intended"), Result: word.Draw(t, "result"), Refusal: word.Draw(t, "refusal"), Rule: word.Draw(t, "rule"), HTTPStatus: 200,
			Finish: word.Draw(t, "finish"), LabelOut: word.Draw(t, "out"), GuardOut: guards.Draw(t, "out"), TokensIn: n.Draw(t, "tokens"), TokensOut: n.Draw(t, "tokens"), Chunks: n.Draw(t, "chunks"),
			FirstChunk: time.Duration(n.Draw(t, "first")), End: time.Unix(0, n.Draw(t, "end")), Salt: salt, Delivered: salt.Tally(), Produced: salt.Tally(),
		}
		subject, err := keys.Subject(r.Subject)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range []*draft{
			{kind: kindIntent, request: &r, subject: subject, sealed: true, hasIn: true},
			{kind: kindOutcome, request: &r, outcome: &o, subject: subject, sealed: true, hasIn: true, hasOut: true},
			{kind: kindOutcome, outcome: &o, subject: subject, sealed: true, salt: salt},
			{kind: kindAdmin, event: &Event{Act: word.Draw(t, "act"), Object: word.Draw(t, "object"), Result: word.Draw(t, "result")}, subject: subject, actor: subject.Actor()},
			{kind: kindRetention, event: drawEvent(t), subject: subject, sealed: true, data: []byte("evidence")},
			{kind: kindAborted, ref: uint64(n.Draw(t, "ref") + 1)},
		} {
			d.id, d.start, d.limit = NewID(time.Now()), time.Unix(0, n.Draw(t, "start")), 100
			e := newEntry()
			e.build(d, rapid.Uint64Range(0, 1<<60).Draw(t, "seq"))
			f, err := decodeFrame(appendFrame(nil, e.body, e.crc, 0, &Hash{}))
			if err != nil {
				t.Fatal(err)
			}
			digest := sha256.Sum256(f.sealed)
			if _, err := checkLeaf(&f, &digest); err != nil {
				t.Fatalf("%v: %s", err, f.leaf)
			}
			checkCanonical(t, f.leaf)
			if e.leaf != leafOf(f.leaf) {
				t.Fatal("leaf hash differs")
			}
		}
	})
}

// checkCanonical compares with the standard library: decoding and encoding again with sorted keys gives the same bytes.
func checkCanonical(t *rapid.T, leaf []byte) {
	var v map[string]any
	dec := json.NewDecoder(bytes.NewReader(leaf))
	dec.UseNumber()
	if err := dec.Decode(&v); err != nil {
		t.Fatalf("%v: %s", err, leaf)
	}
	again, err := json.Marshal(v)
	if err != nil || !bytes.Equal(again, leaf) {
		t.Fatalf("not canonical: %s\nwant          %s", leaf, again)
	}
}

func TestParseLeafRefuses(t *testing.T) {
	for _, bad := range []string{
		``, `{}`, `[]`, `{"a":1}x`, `{"a":1,}`, `{"b":1,"a":2}`, `{"a":1,"a":2}`, `{"a" :1}`, `{"a":01}`, `{"a":-1}`, `{"a":1.5}`, `{"a":""}`, `{"a":"x y"}`, `{"a":"x@y"}`,
		`{"a":"\u0041"}`, `{"a":false}`, `{"a":null}`, `{"a":{}}`, `{"a":[]}`, `{"a":[1,]}`, `{"a":{"b":{"c":{"d":{"e":1}}}}}`, `{"a":tru`, `{"a":123456789012345678901}`, `{"a":"x`,
	} {
		if _, err := parseLeaf([]byte(bad)); err == nil {
			t.Errorf("%s was accepted", bad)
		}
	}
	if _, err := parseLeaf([]byte(`{"a":[{"b":1},{"b":"x"}],"c":true}`)); err != nil {
		t.Error(err)
	}
}

func FuzzLeaf(f *testing.F) {
	f.Add([]byte(`{"guard":[{"action":"mask","n":2}],"kind":"intent","seq":0,"ulid":"01M7Z17DNK91DNV0YJR1DW2XN7","v":"reeve.inference/1"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := parseLeaf(b); err != nil {
			return
		}
		var v map[string]any
		dec := json.NewDecoder(bytes.NewReader(b))
		dec.UseNumber()
		if err := dec.Decode(&v); err != nil {
			t.Fatalf("accepted what is no JSON: %v", err)
		}
		if again, err := json.Marshal(v); err != nil || !bytes.Equal(again, b) {
			t.Fatalf("accepted what is not canonical: %s", again)
		}
	})
}

func FuzzSections(f *testing.F) {
	f.Add(appendSection(appendSection(nil, sectionIn, []byte("in")), sectionOut, []byte("out")))
	f.Fuzz(func(t *testing.T, b []byte) {
		var p payload
		if p.sections(b) == nil && len(p.input)+len(p.output) > len(b) {
			t.Error("more came out than went in")
		}
	})
}
