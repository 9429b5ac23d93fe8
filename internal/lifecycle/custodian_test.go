package lifecycle

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"github.com/reeve-ai/reeve/internal/custody"
)

func (h *house) erase(subject string) (*Receipt, error) {
	return h.c.Erase(h.t.Context(), EraseRequest{Subject: subject, Reason: "gdpr-art-17", Actor: "operator"})
}

func TestErase(t *testing.T) {
	h := newHouse(t)
	mine := h.talk("key:a1", "bot", "where is my parcel", "in the post")
	h.talk("key:a2", "bot", "hello", "hello")
	other := h.talk("key:b", "bot", "of somebody else", "stays")
	r, err := h.erase("Ana")
	h.must(err)
	if r.State != StateErased || len(r.Keks) != 2 || r.Records != 5 || r.Payloads != 5 || r.Rows != 1 || r.Seq == nil || r.PayloadBytes < 30 ||
		!strings.Contains(r.Proof, "tlog-proof@v1") || len(r.SubjectC) != 2 {
		t.Errorf("%+v", r)
	}
	if x, err := h.c.Show(t.Context(), ShowRequest{ID: mine.String(), Actor: "operator"}); err != nil || !x.Erased || x.Input != nil {
		t.Errorf("%+v, %v", x, err)
	}
	if x, err := h.c.Show(t.Context(), ShowRequest{ID: other.String(), Actor: "operator"}); err != nil || x.Erased || x.Input == nil || *x.Output != "stays" {
		t.Errorf("%+v, %v", x, err)
	}
	again, err := h.erase("key:a1")
	if err != nil || again.State != StateNothing || again.Seq != nil {
		t.Errorf("a second time: %+v, %v", again, err)
	}
	if p, err := h.c.Search(t.Context(), SearchRequest{Query: Query{Subject: "key:a1"}}); err != nil || len(p.Hits) != 0 {
		t.Errorf("the index still knows %+v (%v)", p, err)
	}
	h.talk("key:a1", "bot", "again", "welcome")
	if p, err := h.c.Search(t.Context(), SearchRequest{Query: Query{Subject: "key:a1", Kind: "exchange"}}); err != nil || len(p.Hits) != 1 || !p.Hits[0].Payload {
		t.Errorf("after the erasure there is %+v (%v)", p, err)
	}
}

// Nothing in index.db leads from an erased subject to its records, also not in its free pages.
func TestEraseLeavesNothingInTheIndex(t *testing.T) {
	h := newHouse(t)
	for range 50 {
		h.talk("key:a1", "bot", "secret", "told")
	}
	h.must(h.c.index.CatchUp(t.Context()))
	keks, err := h.ring.SubjectKEKs("key:a1")
	h.must(err)
	s, err := h.ring.Subject("key:a1")
	h.must(err)
	c := commitment(t, s.Actor())
	if !inFiles(t, h.dir, IndexFile, keks[0][:]) || !inFiles(t, h.dir, IndexFile, c) {
		t.Fatal("the index does not know the subject before")
	}
	_, err = h.erase("key:a1")
	h.must(err)
	if inFiles(t, h.dir, IndexFile, keks[0][:]) || inFiles(t, h.dir, IndexFile, c) {
		t.Error("the index still knows the subject")
	}
	h.must(h.c.Close()) // made anew from the log, it forgets again
	h.must(os.Remove(filepath.Join(h.dir, IndexFile)))
	h.take()
	if inFiles(t, h.dir, IndexFile, keks[0][:]) || inFiles(t, h.dir, IndexFile, c) {
		t.Error("the index that was made anew knows the subject")
	}
}

func commitment(t *testing.T, text string) []byte {
	t.Helper()
	l := leaf{Kek: text}
	b, err := decodeCommitment(l.Kek)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// inFiles reports whether a file of the data directory, or one beside it with the same beginning, has the bytes.
func inFiles(t *testing.T, dir, name string, what []byte) bool {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, name+"*"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no %s (%v)", name, err)
	}
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(b, what) {
			return true
		}
	}
	return false
}

func TestHoldStopsErasureAndReleaseResumesIt(t *testing.T) {
	h := newHouse(t)
	mine := h.talk("key:a1", "bot", "evidence", "noted")
	holds, err := h.c.AddHold(t.Context(), HoldRequest{Scope: Scope{Subject: "key:a1"}, Reason: "case 7", Owner: "legal", Actor: "operator"})
	h.must(err)
	if len(holds) != 1 {
		t.Fatalf("%+v", holds)
	}
	r, err := h.erase("key:a1")
	var hint interface{ Hint() string }
	if !errors.Is(err, ErrHeld) || !errors.As(err, &hint) || !strings.Contains(hint.Hint(), holds[0].ID) || !strings.Contains(err.Error(), "owner legal") || r.State != StateHeld {
		t.Fatalf("%+v, %v", r, err)
	}
	if x, err := h.c.Show(t.Context(), ShowRequest{ID: mine.String()}); err != nil || x.Input == nil {
		t.Errorf("what is held cannot be read: %+v, %v", x, err)
	}
	h.must(h.c.Close()) // all of it is read back from the log
	h.take()
	f, err := h.c.InForce(t.Context())
	h.must(err)
	if diff := cmp.Diff(holds, f.Holds); diff != "" || len(f.Waiting) != 1 || f.Waiting[0].ID != r.ID || f.Waiting[0].Subjects[0] != "key:a1" {
		t.Fatalf("%+v (-was +read):\n%s", f.Waiting, diff)
	}
	out, err := h.c.ReleaseHold(t.Context(), ReleaseRequest{ID: holds[0].ID, Reason: "case closed", Actor: "operator"})
	h.must(err)
	if len(out.Erased) != 1 || out.Erased[0].ID != r.ID || out.Erased[0].State != StateErased {
		t.Fatalf("%+v", out)
	}
	if _, err := h.c.ReleaseHold(t.Context(), ReleaseRequest{ID: holds[0].ID}); !errors.Is(err, ErrNoHold) {
		t.Errorf("released twice: %v", err)
	}
	if x, err := h.c.Show(t.Context(), ShowRequest{ID: mine.String()}); err != nil || !x.Erased {
		t.Errorf("%+v, %v", x, err)
	}
}

func TestHoldOnARangeStopsTheErasureOfWhomItTouches(t *testing.T) {
	h := newHouse(t)
	h.talk("key:b", "bot", "before", "x")
	h.talk("key:a1", "bot", "in between", "x") // records 2 and 3
	holds, err := h.c.AddHold(t.Context(), HoldRequest{Scope: Scope{From: 2, To: 3}, Reason: "r", Owner: "o"})
	h.must(err)
	if _, err := h.erase("key:a1"); !errors.Is(err, ErrHeld) {
		t.Errorf("touched: %v", err)
	}
	if r, err := h.erase("key:b"); err != nil || r.State != StateErased {
		t.Errorf("not touched: %+v, %v", r, err)
	}
	if r, err := h.erase("nobody"); err != nil || r.State != StateNothing {
		t.Errorf("unknown: %+v, %v", r, err)
	}
	since, err := h.c.AddHold(t.Context(), HoldRequest{Scope: Scope{Since: h.clock()}, Reason: "r", Owner: "o"})
	h.must(err)
	out, err := h.c.ReleaseHold(t.Context(), ReleaseRequest{ID: holds[0].ID})
	h.must(err)
	if len(out.Erased) != 1 { // no record of the subject lies in the second hold
		t.Errorf("%+v", out)
	}
	out, err = h.c.ReleaseHold(t.Context(), ReleaseRequest{ID: since[0].ID})
	h.must(err)
	f, err := h.c.InForce(t.Context())
	h.must(err)
	if len(f.Waiting) != 0 || len(f.Holds) != 0 {
		t.Errorf("%+v, %+v", f, out)
	}
}

func TestHoldWantsReasonOwnerAndScope(t *testing.T) {
	h := newHouse(t)
	for name, q := range map[string]HoldRequest{
		"no scope":  {Reason: "r", Owner: "o"},
		"no reason": {Scope: Scope{Subject: "a"}, Owner: "o"},
		"no owner":  {Scope: Scope{Subject: "a"}, Reason: "r"},
	} {
		if _, err := h.c.AddHold(t.Context(), q); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
	if _, err := h.c.ReleaseHold(t.Context(), ReleaseRequest{ID: custody.NewID(h.clock()).String()}); !errors.Is(err, ErrNoHold) {
		t.Errorf("an unknown hold: %v", err)
	}
}

func TestRetention(t *testing.T) {
	h := newHouse(t)
	old := h.talk("key:a1", "bot", "old", "old")
	held := h.talk("key:b", "bot", "held", "held")
	_, err := h.c.AddHold(t.Context(), HoldRequest{Scope: Scope{Subject: "key:b"}, Reason: "r", Owner: "o"})
	h.must(err)
	h.pass(31 * Day)
	young := h.talk("key:a1", "bot", "young", "young")
	dry, err := h.c.Retain(t.Context(), RetainRequest{DryRun: true})
	h.must(err)
	if dry.Payloads != 2 || dry.Held != 3 || // the words of the hold itself are held, too
		len(dry.Records) != 0 || dry.Rules["default"] != 2 {
		t.Errorf("dry run: %+v", dry)
	}
	done, err := h.c.Retain(t.Context(), RetainRequest{})
	h.must(err)
	if diff := cmp.Diff([][2]uint64{{0, 2}}, done.Ranges); diff != "" || len(done.Records) != 1 {
		t.Errorf("%+v (-want +got):\n%s", done, diff)
	}
	for id, want := range map[custody.ID]string{old: "default", held: "hold", young: "default"} {
		e, err := h.c.Explain(t.Context(), ExplainRequest{ID: id.String()})
		h.must(err)
		if e.Records[0].Payload.Rule != want || e.Records[0].Payload.Keep == (id == old) || e.Records[0].Dropped != (id == old) {
			t.Errorf("%s: %+v", want, e.Records[0])
		}
	}
	again, err := h.c.Retain(t.Context(), RetainRequest{})
	h.must(err)
	if again.Payloads != 0 || len(again.Records) != 0 {
		t.Errorf("a second run: %+v", again)
	}
	h.must(h.c.Close()) // an index made anew knows what is gone
	h.must(os.Remove(filepath.Join(h.dir, IndexFile)))
	h.take()
	if again, err = h.c.Retain(t.Context(), RetainRequest{}); err != nil || again.Payloads != 0 {
		t.Errorf("with a new index: %+v, %v", again, err)
	}
}

// Whole segments go from the front of the log when nothing in them has to be kept.
func TestRetentionOfMetadata(t *testing.T) {
	h := newHouse(t)
	h.talk("key:a1", "bot", "old", "old")
	holds, err := h.c.AddHold(t.Context(), HoldRequest{Scope: Scope{Subject: "key:z"}, Reason: "r", Owner: "o"})
	h.must(err)
	h.must(h.log.DropPayloads(t.Context(), []uint64{0})) // ends and seals the first segment
	h.talk("key:a1", "bot", "second", strings.Repeat("x", 1000))
	h.pass(190 * Day)
	young := h.talk("key:a1", "bot", "young", "young")
	done, err := h.c.Retain(t.Context(), RetainRequest{})
	h.must(err)
	if done.First != 0 || done.Metadata != 2 { // the hold is in force: its record stays, and all behind it
		t.Errorf("under a hold: %+v", done)
	}
	_, err = h.c.ReleaseHold(t.Context(), ReleaseRequest{ID: holds[0].ID})
	h.must(err)
	for range 2 { // the first run drops payloads and seals, the second one finds whole segments
		done, err = h.c.Retain(t.Context(), RetainRequest{})
		h.must(err)
	}
	if done.First < 3 {
		t.Errorf("after the release: %+v", done)
	}
	if x, err := h.c.Show(t.Context(), ShowRequest{ID: young.String()}); err != nil || x.Input == nil {
		t.Errorf("what is young: %+v, %v", x, err)
	}
	for _, anew := range []bool{false, true} { // the rest is read back without its beginning
		h.must(h.c.Close())
		if anew {
			h.must(os.Remove(filepath.Join(h.dir, IndexFile)))
		}
		h.take()
		if p, err := h.c.Search(t.Context(), SearchRequest{Query: Query{Kind: "exchange"}}); err != nil || len(p.Hits) != 2 {
			t.Errorf("%d hits, %v", len(p.Hits), err)
		}
		if f, err := h.c.InForce(t.Context()); err != nil || len(f.Holds) != 0 {
			t.Errorf("%+v, %v", f, err)
		}
	}
	h.must(h.log.Close())
	r, err := custody.Verify(h.dir, custody.VerifyOptions{})
	if err != nil || !r.OK {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestSearch(t *testing.T) {
	h := newHouse(t)
	first := h.talk("key:a1", "bot", "1", "1")
	h.talk("key:b", "other", "2", "2")
	mid := h.clock()
	h.talk("key:a1", "bot", "3", "3")
	open := custody.NewID(h.clock())
	h.must(h.log.Intent(&custody.Intent{ID: open, Start: h.clock(), Request: custody.Request{Subject: "key:b", Model: "bot"}, Input: []byte("x")}))
	for name, c := range map[string]struct {
		q    Query
		want int
	}{
		"all":            {Query{Kind: "exchange"}, 4},
		"subject":        {Query{Subject: "key:a1", Kind: "exchange"}, 2},
		"name":           {Query{Subject: "Ana", Kind: "exchange"}, 2},
		"case of an id":  {Query{Subject: " KEY:A1", Kind: "exchange"}, 2},
		"nobody":         {Query{Subject: "nobody"}, 0},
		"model":          {Query{Model: "bot", Kind: "exchange"}, 3},
		"since":          {Query{Since: mid, Kind: "exchange"}, 2},
		"until":          {Query{Until: mid, Kind: "exchange"}, 2},
		"result":         {Query{Result: "ok", Kind: "exchange"}, 3},
		"open":           {Query{Result: "open"}, 1},
		"label":          {Query{Label: "internal{PII}"}, 3},
		"nothing":        {Query{Model: "none"}, 0},
		"model and time": {Query{Model: "bot", Until: mid}, 1},
		"access":         {Query{Kind: "access"}, 3},
	} {
		if name == "access" {
			continue // looked at below, as searches for persons leave records
		}
		p, err := h.c.Search(t.Context(), SearchRequest{Query: c.q})
		if err != nil || len(p.Hits) != c.want {
			t.Errorf("%s: %d hits, want %d (%v)", name, len(p.Hits), c.want, err)
		}
	}
	p, err := h.c.Search(t.Context(), SearchRequest{Query: Query{Kind: "access"}})
	h.must(err)
	if len(p.Hits) != 3 || p.Hits[0].Act != "search.subject" {
		t.Errorf("searches on record: %+v", p.Hits)
	}
	var seen []string
	for before := uint64(0); ; {
		p, err := h.c.Search(t.Context(), SearchRequest{Query: Query{Kind: "exchange", Limit: 1, Before: before}})
		h.must(err)
		seen = append(seen, p.Hits[0].ID)
		if before = p.Next; before == 0 {
			break
		}
	}
	if len(seen) != 4 || seen[0] != open.String() || seen[3] != first.String() {
		t.Errorf("page by page: %v", seen)
	}
}

// Where the reading cannot be recorded, nothing is shown.
func TestNothingIsShownUnrecorded(t *testing.T) {
	h := newHouse(t)
	id := h.talk("key:a1", "bot", "secret", "told")
	h.must(h.c.index.CatchUp(t.Context()))
	h.must(h.log.Close())
	if x, err := h.c.Show(t.Context(), ShowRequest{ID: id.String()}); !errors.Is(err, custody.ErrUnavailable) || x != nil {
		t.Errorf("%+v, %v", x, err)
	}
	var b bytes.Buffer
	if err := h.c.Export(t.Context(), ExportRequest{Subject: "key:a1"}, &b); !errors.Is(err, custody.ErrUnavailable) || b.Len() != 0 {
		t.Errorf("%d bytes, %v", b.Len(), err)
	}
}

func TestShowIsOnRecordBeforeAnythingIsShown(t *testing.T) {
	h := newHouse(t)
	id := h.talk("key:a1", "bot", "secret", "told")
	before, err := h.reader.Size()
	h.must(err)
	x, err := h.c.Show(t.Context(), ShowRequest{ID: id.String(), Actor: "local:root"})
	h.must(err)
	if x.Status != "ok" || *x.Input != "secret" || *x.Output != "told" || len(x.Records) != 2 {
		t.Errorf("%+v", x)
	}
	r, err := h.reader.Record(before)
	h.must(err)
	l, err := parseLeaf(r.Seq, r.Leaf)
	h.must(err)
	if l.Kind != "access" || l.Act != "payload.read" || l.Object != id.String() || l.Actor == "" {
		t.Errorf("%s", r.Leaf)
	}
	if _, err := h.c.Show(t.Context(), ShowRequest{ID: custody.NewID(h.clock()).String()}); !errors.Is(err, custody.ErrNotFound) {
		t.Errorf("an unknown id: %v", err)
	}
}

func TestExportSubject(t *testing.T) {
	h := newHouse(t)
	first := h.talk("key:a1", "bot", "where is <b>my</b> parcel", "in the post")
	h.talk("key:b", "bot", "of somebody else", "stays away")
	h.talk("key:a2", "bot", "raw \xff bytes", "")
	_, err := h.c.AddHold(t.Context(), HoldRequest{Scope: Scope{Subject: "key:a1"}, Reason: "privileged words", Owner: "legal"})
	h.must(err)
	_, err = h.c.Show(t.Context(), ShowRequest{ID: first.String(), Actor: "somebody"})
	h.must(err)
	var b bytes.Buffer
	h.must(h.c.Export(t.Context(), ExportRequest{Subject: "Ana", Actor: "operator"}, &b))
	dir := filepath.Join(t.TempDir(), "bundle")
	if n, err := Unpack(&b, dir); err != nil || n != 11 { // six records with a proof each, the reading of one among them; five files
		t.Fatalf("%d files, %v", n, err)
	}
	m := &Manifest{}
	h.must(json.Unmarshal(read(t, dir, manifestFile), m))
	if m.Kind != "subject" || m.Records != 6 || m.Payloads != 4 || len(m.Files) != 10 || len(m.Access) != 1 {
		t.Errorf("%+v", m)
	}
	for _, f := range m.Files {
		if got := sum(read(t, dir, f.Path)); got != f.SHA256 {
			t.Errorf("%s has another digest", f.Path)
		}
	}
	if r, err := custody.VerifyBundle(dir, custody.VerifyOptions{}); err != nil || !r.OK || r.Leaves != 6 {
		t.Errorf("%+v, %v", r, err)
	}
	records, page := string(read(t, dir, recordsFile)), string(read(t, dir, readableFile))
	for text, where := range map[string][2]bool{ // in the records, on the page
		"in the post": {true, true}, "stays away": {false, false}, "privileged": {false, false}, "<b>my</b>": {true, false}, "&lt;b&gt;my": {false, true},
	} {
		if got := [2]bool{strings.Contains(records, text), strings.Contains(page, text)}; got != where {
			t.Errorf("%q: %v, want %v", text, got, where)
		}
	}
	for line := range strings.Lines(records) {
		e := &Entry{}
		h.must(json.Unmarshal([]byte(line), e))
		l, err := parseLeaf(e.Seq, e.Leaf)
		h.must(err)
		for c, text := range map[string]*string{l.CPrompt: e.Input, l.CResponse: e.Output} {
			if text == nil && c != "" && e.InputBase64 == nil {
				t.Errorf("record %d: a text is missing", e.Seq)
			}
			if text != nil && hmacOf(e.Salt, *text) != c {
				t.Errorf("record %d: the salt does not open the commitment", e.Seq)
			}
		}
	}
	if err := h.c.Export(t.Context(), ExportRequest{Subject: "nobody"}, &b); !errors.Is(err, ErrNobody) {
		t.Errorf("nobody: %v", err)
	}
}

func read(t *testing.T, dir, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestExportRangeHoldsNoText(t *testing.T) {
	h := newHouse(t)
	for range 3 {
		h.talk("key:a1", "bot", "secret", "told")
	}
	for _, payloads := range []bool{false, true} {
		var b bytes.Buffer
		h.must(h.c.Export(t.Context(), ExportRequest{From: 1, To: 4, Payloads: payloads}, &b))
		dir := t.TempDir()
		_, err := Unpack(&b, dir)
		h.must(err)
		if got := bytes.Contains(read(t, dir, recordsFile), []byte("secret")); got != payloads {
			t.Errorf("text in the bundle: %v, asked for: %v", got, payloads)
		}
		if r, err := custody.VerifyBundle(dir, custody.VerifyOptions{}); err != nil || !r.OK || r.Leaves != 3 {
			t.Errorf("%+v, %v", r, err)
		}
	}
	var b bytes.Buffer
	if err := h.c.Export(t.Context(), ExportRequest{From: 5, To: 500}, &b); err == nil || b.Len() != 0 {
		t.Errorf("a range that is not there: %v", err)
	}
}

// A crash between the two records of an erasure: the keys are gone or not, and it is finished at the next start.
func TestErasureIsTakenUpAfterACrash(t *testing.T) {
	for name, destroyed := range map[string]bool{"before the keys are destroyed": false, "after": true} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			h.talk("key:a1", "bot", "secret", "told")
			keks, err := h.ring.SubjectKEKs("key:a1")
			h.must(err)
			e := Erasure{ID: custody.NewID(h.clock()).String(), Subjects: []string{"key:a1"}, Keks: keks}
			ev := h.c.erasureEvent(&e, actBegin, "begun", "operator")
			ev.Keks, ev.Subject, ev.Payload = keks, "key:a1", (&said{Subjects: e.Subjects, Reason: "r"}).seal()
			_, err = h.log.Event(ev)
			h.must(err)
			if destroyed {
				_, err = h.ring.DestroySubject("key:a1")
				h.must(err)
			}
			h.must(h.c.Close())
			h.take()
			if left, err := h.ring.SubjectKEKs("key:a1"); err != nil || len(left) != 0 {
				t.Errorf("keys that are left: %v, %v", left, err)
			}
			if begun := h.c.ledger.Begun(); len(begun) != 0 {
				t.Errorf("still begun: %+v", begun)
			}
			size, err := h.reader.Size()
			h.must(err)
			r, err := h.reader.Record(size - 1)
			h.must(err)
			if l, err := parseLeaf(r.Seq, r.Leaf); err != nil || l.Act != actErase || len(l.Keks) != 1 {
				t.Errorf("%s, %v", r.Leaf, err)
			}
		})
	}
}

// What was under way when the keys went is overwritten as soon as it is seen.
func TestWhatComesLateIsDropped(t *testing.T) {
	h := newHouse(t)
	h.talk("key:a1", "bot", "x", "y")
	s, err := h.ring.Subject("key:a1")
	h.must(err)
	_, err = h.erase("key:a1")
	h.must(err)
	h.c.noteLate(KEKID(s.ID()), 0)
	h.must(h.c.keepUp(t.Context(), custody.NewPace(h.reader.Size, h.clock)))
	if len(h.c.late) != 0 {
		t.Errorf("left: %v", h.c.late)
	}
	h.c.noteLate(KEKID{1}, 5)
	if len(h.c.late) != 0 {
		t.Error("a record under a living key was noted")
	}
}

func TestIndexIsMadeAnewWhereItDoesNotFit(t *testing.T) {
	h := newHouse(t)
	for range 20 {
		h.talk("key:a1", "bot", "x", "y")
	}
	want, err := h.c.Search(t.Context(), SearchRequest{Query: Query{Kind: "exchange"}})
	h.must(err)
	for name, spoil := range map[string]func(path string) error{
		"missing": os.Remove,
		"no database": func(path string) error {
			return os.WriteFile(path, []byte("this is no database at all, whatever"), 0o600)
		},
		"cut":            func(path string) error { return os.Truncate(path, 5000) },
		"another format": func(string) error { return pragma(h, `PRAGMA user_version = 99`) },
		"another log":    func(string) error { return pragma(h, `UPDATE meta SET value = x'00'`) },
		"ahead":          func(string) error { return pragma(h, `UPDATE records SET seq = seq + 1000`) },
	} {
		if name == "no database" || name == "cut" || name == "missing" {
			h.must(h.c.Close())
			h.must(spoil(filepath.Join(h.dir, IndexFile)))
		} else {
			h.must(spoil(""))
			h.must(h.c.Close())
		}
		h.take()
		got, err := h.c.Search(t.Context(), SearchRequest{Query: Query{Kind: "exchange"}})
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
}

func pragma(h *house, text string) error {
	_, err := h.c.index.db.Exec(text)
	return err
}

func TestEvents(t *testing.T) {
	h := newHouse(t)
	id := h.talk("key:a1", "bot", "secret", "told")
	h.must(h.log.Admin(&custody.Admin{Actor: "operator", Act: "key.create", Object: "k", Result: "ok"}))
	for format, want := range map[string][]string{
		"ocsf": {`"class_uid":6003`, `"model_name":"bot"`, `"ai_provider":"openai"`, `"completion_tokens":5`, `"confidentiality_id":5`, `"fingerprint"`, `"operation":"key.create"`},
		"otel": {`"gen_ai.request.model"`, `"gen_ai.usage.output_tokens"`, `"` + id.String() + `"`, `"name":"chat bot"`, `"kind":3`},
	} {
		var b bytes.Buffer
		h.must(h.c.Events(t.Context(), EventsRequest{Format: format}, &b))
		for _, part := range want {
			if !strings.Contains(b.String(), part) {
				t.Errorf("%s lacks %s:\n%s", format, part, b.String())
			}
		}
		if strings.Contains(b.String(), "secret") || strings.Contains(b.String(), "told") || strings.Contains(b.String(), "key:a1") {
			t.Errorf("%s has content or a name", format)
		}
		if n := strings.Count(b.String(), "\n"); n != map[string]int{"ocsf": 2, "otel": 1}[format] {
			t.Errorf("%s: %d lines", format, n)
		}
	}
	if err := h.c.Events(t.Context(), EventsRequest{Format: "cef"}, &bytes.Buffer{}); err == nil {
		t.Error("an unknown format is accepted")
	}
}

func TestIdentifiersInPayloads(t *testing.T) {
	h := newHouse(t)
	h.must(h.c.Close())
	h.opts.Identify = func(text []byte) []string {
		var out []string
		for _, word := range strings.Fields(string(text)) {
			if strings.Contains(word, "@") {
				out = append(out, word)
			}
		}
		return out
	}
	h.take()
	h.talk("key:b", "bot", "who is jane.roe@example.org please", "nobody")
	h.talk("key:b", "bot", "something else", "x")
	p, err := h.c.Search(t.Context(), SearchRequest{Query: Query{Term: "Jane.Roe@example.org"}})
	if err != nil || len(p.Hits) != 1 {
		t.Errorf("%+v, %v", p, err)
	}
	_, err = h.erase("key:b")
	h.must(err)
	if p, err = h.c.Search(t.Context(), SearchRequest{Query: Query{Term: "jane.roe@example.org"}}); err != nil || len(p.Hits) != 0 {
		t.Errorf("after the erasure: %+v, %v", p, err)
	}
}

// The words of a hold that is in force outlast every period.
func TestHoldKeepsItsOwnWords(t *testing.T) {
	h := newHouse(t)
	h.talk("key:a1", "bot", "x", "y")
	_, err := h.c.AddHold(t.Context(), HoldRequest{Scope: Scope{From: 0, To: 1}, Reason: "case 9", Owner: "legal"})
	h.must(err)
	h.pass(4000 * Day)
	_, err = h.c.Retain(t.Context(), RetainRequest{})
	h.must(err)
	h.must(h.c.Close())
	h.take()
	f, err := h.c.InForce(t.Context())
	h.must(err)
	if len(f.Holds) != 1 || f.Holds[0].Reason != "case 9" || f.Holds[0].Owner != "legal" {
		t.Errorf("%+v", f.Holds)
	}
	if _, err := h.erase(houseSubject); err == nil {
		t.Error("the key of the holds' words can be erased")
	}
}

func TestTailFollows(t *testing.T) {
	h := newHouse(t)
	h.talk("key:a1", "bot", "before", "before")
	ctx, cancel := contextOf(t)
	defer cancel()
	r, w := io.Pipe()
	go func() { w.CloseWithError(h.c.Tail(ctx, TailRequest{From: 1, Follow: true}, w)) }()
	lines := bufio.NewScanner(r)
	next := func() string {
		if !lines.Scan() {
			t.Fatalf("the tail ended: %v", lines.Err())
		}
		return lines.Text()
	}
	if got := next(); !strings.Contains(got, `"seq":1`) || !strings.Contains(got, `"kind":"outcome"`) {
		t.Errorf("first: %s", got)
	}
	h.talk("key:a1", "bot", "secret", "told")
	for _, want := range []string{`"seq":2`, `"seq":3`} {
		if got := next(); !strings.Contains(got, want) || strings.Contains(got, "secret") {
			t.Errorf("want %s: %s", want, got)
		}
	}
	cancel()
	if lines.Scan() || lines.Err() != nil {
		t.Errorf("after leaving: %s, %v", lines.Text(), lines.Err())
	}
}

// A server starts at once; what a crash interrupted is taken up in Run, and whoever asks before waits.
func TestLater(t *testing.T) {
	h := newHouse(t)
	h.talk("key:a1", "bot", "x", "y")
	h.must(h.c.Close())
	h.must(os.Remove(filepath.Join(h.dir, IndexFile)))
	h.opts.Later = true
	h.take()
	if n := h.c.index.reached.Load(); n != 0 {
		t.Errorf("%d records are indexed at the start", n)
	}
	if p, err := h.c.Search(t.Context(), SearchRequest{Query: Query{Kind: "exchange"}}); err != nil || len(p.Hits) != 1 {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestRunKeepsTheIndexUpToDate(t *testing.T) {
	h := newHouse(t)
	h.must(h.c.Close())
	h.opts.Later = true
	h.take()
	ctx, cancel := contextOf(t)
	ended := make(chan error, 1)
	go func() { ended <- h.c.Run(ctx) }()
	h.talk("key:a1", "bot", "x", "y")
	for deadline := time.Now().Add(20 * time.Second); h.c.index.reached.Load() < 2; {
		if time.Now().After(deadline) {
			t.Fatal("the index stays behind")
		}
		time.Sleep(time.Millisecond) // another goroutine has to get there
	}
	cancel()
	h.must(<-ended)
}
