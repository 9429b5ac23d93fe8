package rollup

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/reeve-ai/reeve/internal/custody"
	"github.com/reeve-ai/reeve/internal/keyring"
)

// fakeLog is a log in memory. Only records below size can be read.
type fakeLog struct {
	records []custody.Stored
	size    uint64
	fail    error // of the next walk, in its middle
}

func (l *fakeLog) Size() (uint64, error) { return l.size, nil }

func (l *fakeLog) Leaves(from, to uint64, fn func(*custody.Stored) error) error {
	for i := from; i < min(to, l.size); i++ {
		if l.fail != nil && i == (from+to)/2 {
			err := l.fail
			l.fail = nil
			return err
		}
		if err := fn(&l.records[i]); err != nil {
			return err
		}
	}
	return nil
}

func (l *fakeLog) add(kind string, id custody.ID, members string) {
	seq := len(l.records)
	version := map[bool]string{true: "inference", false: kind}[kind == "intent" || kind == "outcome" || kind == "aborted"]
	leaf := fmt.Sprintf(`{%s,"kind":%q,"seq":%d,"ulid":%q,"v":"reeve.%s/1"}`, members, kind, seq, id, version)
	l.records = append(l.records, custody.Stored{Seq: uint64(seq), Kind: kind, ID: id, Leaf: []byte(leaf)})
	l.size = uint64(len(l.records))
}

var begin = time.Date(2026, 11, 20, 23, 50, 0, 0, time.UTC)

func stamp(d time.Duration) string { return begin.Add(d).Format("2006-01-02T15:04:05.000000000Z") }

// exchange adds intent and outcome.
func (l *fakeLog) exchange(n int, at time.Duration, model, result, label string) {
	id := custody.NewID(begin.Add(at).Add(time.Duration(n)))
	l.add("intent", id, fmt.Sprintf(`"guard":[{"action":"mask","n":2,"rule":"pii/email","stage":"in"}],"label_in":"internal","model":%q,"route":"/api/chat","t_start":%q`, model, stamp(at)))
	l.outcome(id, at, result, label)
}

func (l *fakeLog) outcome(id custody.ID, at time.Duration, result, label string) {
	l.add("outcome", id, fmt.Sprintf(`"http":200,"intended":true,"label_out":%q,"result":%q,"t_end":%q,"t_start":%q,"tokens_in":7,"tokens_out":5,"us_guard":40`, label, result, stamp(at+300*time.Millisecond), stamp(at)))
}

func open(t testing.TB, dir string, l Source) *Store {
	t.Helper()
	s, err := Open(t.Context(), dir, l, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func catchUp(t testing.TB, s *Store) {
	t.Helper()
	if err := s.CatchUp(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// dump is everything that the file says.
func dump(t testing.TB, s *Store) string {
	t.Helper()
	var b strings.Builder
	for _, q := range []string{
		`SELECT name || '=' || hex(value) FROM meta ORDER BY name`,
		`SELECT id || ' ' || kind || ' ' || a || ' ' || b || ' ' || c || ' ' || d || ' ' || e FROM series ORDER BY id`,
		`SELECT grain || ' ' || t || ' ' || series || ' ' || n || ' ' || tokens_in || ' ' || tokens_out || ' ' || us || ' ' || us_guard || ' ' || us_custody FROM counts ORDER BY grain, t, series`,
		`SELECT seq || ' ' || t || ' ' || act || ' ' || object || ' ' || names FROM acts ORDER BY seq`,
		`SELECT n || ' ' || hex(ulid) || ' ' || about FROM waiting ORDER BY n`,
	} {
		rows, err := s.db.Query(q)
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			var line string
			if err := rows.Scan(&line); err != nil {
				t.Fatal(err)
			}
			b.WriteString(line + "\n")
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		rows.Close()
	}
	return b.String()
}

func TestSeries(t *testing.T) {
	l := &fakeLog{}
	for i := range 20 {
		l.exchange(i, time.Duration(i)*time.Minute, map[bool]string{true: "small", false: "large"}[i%4 == 0], map[bool]string{true: "blocked", false: "ok"}[i%5 == 0], "confidential{PII}")
	}
	l.add("admin", custody.NewID(begin), fmt.Sprintf(`"act":"key.create","result":"ok","t_start":%q`, stamp(0)))
	s := open(t, t.TempDir(), l)
	from, to := begin, begin.Add(20*time.Minute)

	all, err := s.Series(t.Context(), Query{From: from, To: to})
	if err != nil {
		t.Fatal(err)
	}
	if len(all.Lines) != 1 || len(all.Lines[0].Points) != 20 || all.Grain != Minute || all.Behind != 0 {
		t.Fatalf("one line of twenty minutes wanted: %+v", all)
	}
	want := Sums{Start: from, N: 20, TokensIn: 140, TokensOut: 100, Took: 6 * time.Second, Guard: 800 * time.Microsecond}
	if diff := cmp.Diff(want, all.Lines[0].Total); diff != "" {
		t.Error("(-want +got):\n" + diff)
	}
	type count map[string]int64
	for _, tt := range []struct {
		name string
		q    Query
		want count
	}{
		{"by model", Query{By: Model}, count{"large": 15, "small": 5}},
		{"by verdict of a model", Query{By: Verdict, Where: map[Dim]string{Model: "small"}}, count{"ok": 4, "blocked": 1}}, // minutes 0, 4, 8, 12, 16; 0 is blocked
		{"by label", Query{By: Label}, count{"confidential{PII}": 20}},
		{"matches by rule", Query{Kind: Matches, By: Rule}, count{"pii/email": 40}},
		{"hits by rule", Query{Kind: Hits, By: Rule}, count{"pii/email": 20}},
		{"events", Query{Kind: Events, By: Act}, count{"key.create": 1}},
		{"by day", Query{By: Route, Grain: Day}, count{"/api/chat": 20}},
		{"nothing", Query{By: Route, Where: map[Dim]string{Model: "absent"}}, count{}},
	} {
		tt.q.From, tt.q.To = from, to
		lines, err := s.Totals(t.Context(), tt.q)
		if err != nil {
			t.Fatal(err)
		}
		got := count{}
		for _, l := range lines {
			got[l.Name] = l.Total.N
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Error(tt.name + " (-want +got):\n" + diff)
		}
	}
	took, err := s.Quantiles(t.Context(), Query{From: from, To: to}, 0.5, 0.99)
	if err != nil || took[0] < 256*time.Millisecond || took[1] > 512*time.Millisecond {
		t.Errorf("300 ms lie between 256 and 512: %v %v", took, err)
	}
	if diff := cmp.Diff([]string{"large", "small"}, s.Names(Exchanges, Model)); diff != "" {
		t.Error(diff)
	}
}

func TestQueryRefuses(t *testing.T) {
	s := open(t, t.TempDir(), &fakeLog{})
	for name, q := range map[string]Query{
		"kind":   {Kind: "people", From: begin, To: begin.Add(time.Hour)},
		"by":     {By: Act, From: begin, To: begin.Add(time.Hour)},
		"where":  {Where: map[Dim]string{Act: "x"}, From: begin, To: begin.Add(time.Hour)},
		"empty":  {From: begin, To: begin},
		"zero":   {},
		"grain":  {From: begin, To: begin.Add(time.Hour), Grain: Grain(time.Second)},
		"points": {From: begin, To: begin.AddDate(2, 0, 0), Grain: Minute},
	} {
		if _, err := s.Series(t.Context(), q); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if r, err := s.Series(t.Context(), Query{From: begin, To: begin.AddDate(0, 0, 400)}); err != nil || len(r.Lines[0].Points) != 401 {
		t.Errorf("400 days: %v", err)
	}
}

// TestRebuiltIsEqual: however the log is cut into batches, with restarts between them and batches that fail, the file is
// the same as one that is made from the whole log at once.
func TestRebuiltIsEqual(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		dir, err := os.MkdirTemp(t.TempDir(), "")
		if err != nil {
			rt.Fatal(err)
		}
		l, whole := &fakeLog{}, &fakeLog{}
		var waiting []custody.ID
		for i, n := 0, rapid.IntRange(1, 60).Draw(rt, "records"); i < n; i++ {
			at := time.Duration(rapid.IntRange(0, 5*24*3600).Draw(rt, "at")) * time.Second
			id := custody.NewID(begin.Add(time.Duration(i) * time.Second))
			switch rapid.IntRange(0, 3).Draw(rt, "what") {
			case 0:
				whole.exchange(i, at, rapid.SampledFrom([]string{"a", "b", "c"}).Draw(rt, "model"), "ok", "public")
			case 1:
				whole.add("intent", id, fmt.Sprintf(`"model":"late","route":"/v1/chat/completions","t_start":%q`, stamp(at)))
				waiting = append(waiting, id)
			case 2:
				if len(waiting) > 0 {
					whole.outcome(waiting[0], at, "cut", "internal")
					waiting = waiting[1:]
				}
			case 3:
				whole.add("admin", id, fmt.Sprintf(`"act":"incident.open","names":{"rule":"drift"},"object":"i%d","result":"ok","t_start":%q`, i, stamp(at)))
			}
		}
		if whole.size == 0 {
			return
		}
		l.records = whole.records
		s := open(t, dir, l)
		for l.size < whole.size {
			l.size += rapid.Uint64Range(1, whole.size-l.size).Draw(rt, "step")
			if rapid.Bool().Draw(rt, "failure") {
				l.fail = os.ErrPermission
				if err := s.CatchUp(t.Context()); err == nil {
					rt.Fatal("the failure was not told")
				}
			}
			catchUp(t, s)
			if rapid.Bool().Draw(rt, "restart") {
				s.Close()
				s = open(t, dir, l)
			}
		}
		again, err := os.MkdirTemp(t.TempDir(), "")
		if err != nil {
			rt.Fatal(err)
		}
		fresh := open(t, again, whole)
		catchUp(t, fresh)
		if diff := cmp.Diff(dump(t, fresh), dump(t, s)); diff != "" {
			rt.Fatal("(-whole +parts):\n" + diff)
		}
		fresh.Close()
		s.Close()
	})
}

// TestOtherLog: rollups of another log, or of another format, are made anew.
func TestOtherLog(t *testing.T) {
	dir := t.TempDir()
	one, other := &fakeLog{}, &fakeLog{}
	one.exchange(0, 0, "one", "ok", "public")
	other.exchange(1, 0, "other", "ok", "public")
	s := open(t, dir, one)
	catchUp(t, s)
	s.Close()
	s = open(t, dir, other)
	catchUp(t, s)
	if diff := cmp.Diff([]string{"other"}, s.Names(Exchanges, Model)); diff != "" {
		t.Error(diff)
	}
	if _, err := s.db.Exec(`PRAGMA user_version = 99`); err != nil {
		t.Fatal(err)
	}
	s.Close()
	if s = open(t, dir, one); s.Next() != 0 {
		t.Error("another format was read")
	}
	s.Close()
	if err := os.WriteFile(filepath.Join(dir, File), []byte("this is no database, whatever its name says"), 0o600); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir, one)
	catchUp(t, s)
	if s.Next() != one.size {
		t.Error("a damaged file was not made anew")
	}
}

// TestBounds: a caller who invents models makes neither names nor series without end, and nothing goes uncounted.
func TestBounds(t *testing.T) {
	l := &fakeLog{}
	const n = 3 * 200
	for i := range n {
		l.exchange(i, time.Second, fmt.Sprintf("model-%d", i), "ok", "public")
	}
	s := open(t, t.TempDir(), l)
	lines, err := s.Totals(t.Context(), Query{By: Model, From: begin, To: begin.Add(time.Minute)})
	if err != nil {
		t.Fatal(err)
	}
	sum := int64(0)
	for _, l := range lines {
		sum += l.Total.N
	}
	if len(lines) != maxNames[Model]+1 || sum != n || lines[0].Name != Other {
		t.Errorf("%d lines, %d exchanges, first %q", len(lines), sum, lines[0].Name)
	}
}

// TestPrunes: minutes and hours go when their time is up, days stay.
func TestPrunes(t *testing.T) {
	l := &fakeLog{}
	l.exchange(0, 0, "m", "ok", "public")
	l.exchange(1, 200*24*time.Hour, "m", "ok", "public")
	s := open(t, t.TempDir(), l)
	catchUp(t, s)
	for g, want := range map[Grain]int64{Minute: 0, Hour: 0, Day: 1} {
		lines, err := s.Totals(t.Context(), Query{From: begin, To: begin.Add(time.Minute), Grain: g})
		if err != nil || lines[0].Total.N != want {
			t.Errorf("%s: %+v %v", time.Duration(g), lines, err)
		}
	}
}

// TestRealLog counts what the custody log itself wrote.
func TestRealLog(t *testing.T) {
	dir := t.TempDir()
	ring, err := keyring.Open(keyring.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer ring.Close()
	log, err := custody.Open(custody.Options{Dir: dir, Keys: ring})
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	now := time.Now().UTC().Truncate(time.Minute)
	for i := range 5 {
		id := custody.NewID(now)
		req := custody.Request{
			Subject: "s", Route: "/api/chat", Model: "llama", LabelIn: "confidential{HEALTH,PII}", Policy: "p",
			GuardIn: []custody.GuardResult{{Rule: "pii/email", Stage: "in", Action: 2, Count: 3}},
		}
		if err := log.Intent(&custody.Intent{ID: id, Start: now, Request: req, Input: []byte("x")}); err != nil {
			t.Fatal(err)
		}
		if err := log.Outcome(&custody.Outcome{ID: id, Start: now, End: now.Add(time.Second), Request: &req, Intended: true, Result: map[bool]string{true: "blocked", false: "ok"}[i == 0], Rule: map[bool]string{true: "secrets/key"}[i == 0], TokensIn: 2, GuardTime: time.Millisecond}); err != nil {
			t.Fatal(err)
		}
	}
	reader, err := log.Reader()
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	s := open(t, dir, reader)
	lines, err := s.Totals(t.Context(), Query{By: Rule, From: now, To: now.Add(time.Minute), Where: map[Dim]string{Model: "llama", Label: "confidential{HEALTH,PII}", Route: "/api/chat"}})
	if err != nil || len(lines) != 2 || lines[0].Total.N != 4 || lines[1].Name != "secrets/key" || lines[0].Total.Guard != 4*time.Millisecond {
		t.Errorf("%+v %v", lines, err)
	}
	matches, err := s.Totals(t.Context(), Query{Kind: Matches, By: Action, From: now, To: now.Add(time.Minute)})
	if err != nil || len(matches) != 1 || matches[0].Name != "mask" || matches[0].Total.N != 15 {
		t.Errorf("%+v %v", matches, err)
	}
}
