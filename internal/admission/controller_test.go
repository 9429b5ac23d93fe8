package admission

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/attest"
)

func TestOnlyAttestedBytesAreServed(t *testing.T) {
	later := func(d time.Duration) func(*attest.GateVerdict) {
		return func(v *attest.GateVerdict) { v.At, v.Expires = v.At.Add(d), v.Expires.Add(d) }
	}
	for _, c := range []struct {
		name  string
		lay   func(*gate)
		want  string // rule
		wants string // in the reason
	}{
		{"a verdict that names both files", func(g *gate) { g.verdict("v", nil, "weights", "adapter") }, "", ""},
		{"a verdict that names more", func(g *gate) { g.verdict("v", nil, "weights", "adapter", "readme") }, "", ""},
		{"no verdict", func(*gate) {}, RuleVerdict, "no verdict names any"},
		{"two verdicts that name one file each", func(g *gate) { g.verdict("v", nil, "weights"); g.verdict("w", nil, "adapter") }, RuleVerdict, "1 of the 2 files"},
		{"a verdict that is expired", func(g *gate) { g.verdict("v", later(-2*time.Hour), "weights", "adapter") }, RuleVerdict, "expired"},
		{"a verdict from the future", func(g *gate) { g.verdict("v", later(time.Hour), "weights", "adapter") }, RuleVerdict, "future"},
		{"a verdict within the skew of clocks", func(g *gate) { g.verdict("v", later(2*time.Minute), "weights", "adapter") }, "", ""},
		{"another policy", func(g *gate) {
			g.verdict("v", func(v *attest.GateVerdict) { v.Policy.Digest["sha256"] = strings.Repeat("2", 64) }, "weights", "adapter")
		}, RuleVerdict, "another gate policy"},
		{"a verdict that is no pass", func(g *gate) {
			g.verdict("v", func(v *attest.GateVerdict) {
				v.Verdict, v.Missing = attest.Incomplete, []attest.GateFinding{{Rule: "r", Message: "m"}}
			}, "weights", "adapter")
		}, RuleVerdict, "incomplete"},
		{"a key that nobody trusts", func(g *gate) {
			other := newGate(t)
			other.dir = g.dir
			other.verdict("v", nil, "weights", "adapter")
		}, RuleVerdict, "no key that is trusted"},
		{"a file that holds no statement", func(g *gate) { write(t, filepath.Join(g.dir, "x.intoto.jsonl"), "{}") }, RuleVerdict, "no verdict"},
	} {
		t.Run(c.name, func(t *testing.T) {
			g, dir := newGate(t), t.TempDir()
			c.lay(g)
			r := &plain{paths: []string{write(t, filepath.Join(dir, "w"), "weights"), write(t, filepath.Join(dir, "a"), "adapter")}}
			s := newStage(t, Enforce, r, g.shelf())
			if got := s.rule(); got != RulePending {
				t.Errorf("before anything is known: %q", got)
			}
			s.Round(t.Context())
			if got := s.rule(); got != c.want || !strings.Contains(s.Standings()[0].Reason, c.wants) {
				t.Errorf("rule %q, want %q; reason %q", got, c.want, s.Standings()[0].Reason)
			}
		})
	}
}

func TestModes(t *testing.T) {
	for _, c := range []struct {
		mode    Mode
		refused bool
		warning string
		note    string
	}{{Off, false, "", ""}, {Warn, false, RuleVerdict, "unattested"}, {Enforce, true, "", "unattested"}} {
		r := &plain{paths: []string{write(t, filepath.Join(t.TempDir(), "w"), "weights")}}
		s := newStage(t, c.mode, r, newGate(t).shelf())
		s.Round(t.Context())
		st := s.Admit("local", "any name")
		if got := st.Refusal(time.Now()) != nil; got != c.refused {
			t.Errorf("%s: refused %v", c.mode, got)
		}
		if got := st.Warning(time.Now()); got != c.warning {
			t.Errorf("%s: warning %q", c.mode, got)
		}
		if got := st.Note(); got != c.note {
			t.Errorf("%s: note %q", c.mode, got)
		}
	}
}

// Whatever is done to a file is noticed by the next question, without any round in between.
func TestEveryChangeIsNoticedAtOnce(t *testing.T) {
	changes := map[string]func(t *testing.T, dir, path string){
		"one byte written": func(t *testing.T, _, path string) {
			f, err := os.OpenFile(path, os.O_WRONLY, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			if _, err := f.WriteAt([]byte("W"), 0); err != nil {
				t.Fatal(err)
			}
		},
		"written and its time set back": func(t *testing.T, _, path string) {
			info, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			write(t, path, "WEIGHTS")
			if err := os.Chtimes(path, info.ModTime(), info.ModTime()); err != nil {
				t.Fatal(err)
			}
		},
		"replaced":  func(t *testing.T, _, path string) { replace(t, path, "weights") },
		"removed":   func(t *testing.T, _, path string) { _ = os.Remove(path) },
		"truncated": func(t *testing.T, _, path string) { _ = os.Truncate(path, 3) },
		"written by another name": func(t *testing.T, dir, path string) {
			other := filepath.Join(filepath.Dir(dir), "other")
			if err := os.Link(path, other); err != nil {
				t.Fatal(err)
			}
			write(t, other, "WEIGHTS")
		},
		"its folder moved away": func(t *testing.T, dir, _ string) {
			if err := os.Rename(dir, dir+".old"); err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(dir, "sub", "w"), "WEIGHTS")
		},
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			g, dir := newGate(t), filepath.Join(t.TempDir(), "models")
			g.verdict("v", nil, "weights")
			path := write(t, filepath.Join(dir, "sub", "w"), "weights")
			s := newStage(t, Enforce, &plain{paths: []string{path}}, g.shelf())
			s.Round(t.Context())
			if !s.serve(func() {}) {
				t.Fatalf("an attested model is not served: %+v", s.Standings()[0])
			}
			if s.serve(func() { change(t, dir, path) }) {
				t.Fatal("an answer went out although the file had changed while it was made")
			}
			if got := s.rule(); got == "" {
				t.Fatal("the next request is let through")
			}
		})
	}
}

func TestALinkThatIsTurned(t *testing.T) {
	g, dir := newGate(t), t.TempDir()
	g.verdict("v", nil, "weights")
	for _, at := range []string{"good", "evil"} {
		write(t, filepath.Join(dir, at, "w"), map[string]string{"good": "weights", "evil": "WEIGHTS"}[at])
	}
	turn := func(to string) {
		if err := os.Symlink(to, filepath.Join(dir, "next")); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(filepath.Join(dir, "next"), filepath.Join(dir, "current")); err != nil {
			t.Fatal(err)
		}
	}
	turn("good")
	r := &plain{paths: []string{filepath.Join(dir, "current", "w")}}
	s := newStage(t, Enforce, r, g.shelf())
	s.Round(t.Context())
	if s.serve(func() { turn("evil") }) {
		t.Fatal("served although the link was turned")
	}
	s.Round(t.Context())
	if got := s.rule(); got != RuleVerdict {
		t.Errorf("rule %q", got)
	}
	turn("good")
	s.Round(t.Context())
	if got := s.rule(); got != "" || r.settled < 2 {
		t.Errorf("the good files are back: rule %q, runtime settled %d times", got, r.settled)
	}
}

// Files that change and change back: what was loaded in between is not known, so the runtime is settled anew.
func TestThereAndBack(t *testing.T) {
	g, dir := newGate(t), t.TempDir()
	g.verdict("v", nil, "weights")
	path := write(t, filepath.Join(dir, "w"), "weights")
	r := &plain{paths: []string{path}}
	s := newStage(t, Enforce, r, g.shelf())
	s.Round(t.Context())
	before := r.settled
	if s.serve(func() { write(t, path, "WEIGHTS"); write(t, path, "weights") }) {
		t.Fatal("served")
	}
	s.Round(t.Context())
	if !s.serve(func() {}) || r.settled == before {
		t.Errorf("rule %q, settled %d times more", s.rule(), r.settled-before)
	}
}

// A file that changes while it is read, after it was read, or while the runtime forgets what it has loaded.
func TestChangesWhileItIsMeasured(t *testing.T) {
	for _, when := range []string{"read", "settle"} {
		t.Run(when, func(t *testing.T) {
			g, dir := newGate(t), t.TempDir()
			g.verdict("v", nil, "weights")
			path := write(t, filepath.Join(dir, "w"), "weights")
			r := &plain{paths: []string{path}}
			s := newStage(t, Enforce, r, g.shelf())
			swap := func() { write(t, path, "WEIGHTS") }
			if when == "read" {
				s.hasher.read = func(string) { swap() }
			} else {
				r.settle = swap
			}
			s.Round(t.Context())
			if got := s.rule(); got == "" || s.serve(func() {}) {
				t.Fatalf("rule %q", got)
			}
			s.hasher.read, r.settle = nil, nil
			replace(t, path, "weights")
			s.Round(t.Context())
			if got := s.rule(); got != "" {
				t.Errorf("it has come to rest with the right bytes, and the rule is %q", got)
			}
		})
	}
}

func TestVerdictsComeAndGo(t *testing.T) {
	g := newGate(t)
	path := write(t, filepath.Join(t.TempDir(), "w"), "weights")
	s := newStage(t, Enforce, &plain{paths: []string{path}}, g.shelf())
	s.Round(t.Context())
	file := g.verdict("v", nil, "weights")
	s.Round(t.Context())
	if got := s.rule(); got != "" {
		t.Fatalf("with a verdict: %q", got)
	}
	if r := s.Admit("local", "m").Refusal(time.Now().Add(2 * time.Hour)); r == nil || r.Rule != RuleExpired {
		t.Errorf("after its end: %+v", r)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	s.Round(t.Context())
	if got := s.rule(); got != RuleVerdict {
		t.Errorf("without it: %q", got)
	}
	want := []string{"admission.refuse " + RuleVerdict, "admission.admit ", "admission.refuse " + RuleVerdict}
	if d := cmp.Diff(want, s.recorded()); d != "" {
		t.Error("on record (-want +got):\n", d)
	}
}

func TestAnotherPolicyComesIntoForce(t *testing.T) {
	g := newGate(t)
	g.verdict("v", nil, "weights")
	judge := NewVerdicts(Trust{Policy: testPolicy, Keys: []*attest.PublicKey{g.key.Public()}})
	path := write(t, filepath.Join(t.TempDir(), "w"), "weights")
	s := newStage(t, Enforce, &plain{paths: []string{path}}, NewShelf([]string{g.dir}, judge))
	s.Round(t.Context())
	if got := s.rule(); got != "" {
		t.Fatal(got)
	}
	judge.Set(Trust{Policy: strings.Repeat("3", 64), Keys: []*attest.PublicKey{g.key.Public()}})
	s.Round(t.Context())
	if got := s.rule(); got != RuleVerdict {
		t.Errorf("under another policy: %q", got)
	}
}

func TestBreakGlass(t *testing.T) {
	path := write(t, filepath.Join(t.TempDir(), "w"), "weights")
	s := newStage(t, Enforce, &plain{paths: []string{path}}, newGate(t).shelf())
	s.Round(t.Context())
	for _, bad := range []struct {
		reason string
		life   time.Duration
	}{{"short", time.Hour}, {"a reason that is long enough", 25 * time.Hour}, {"a reason that is long enough", 0}} {
		if _, err := s.Allow("local", "m", "user:ada", bad.reason, bad.life); !errors.Is(err, ErrAllowance) {
			t.Errorf("%v: %v", bad, err)
		}
	}
	if _, err := s.Allow("local", "m", "user:ada", "the gate is down, ticket 17", time.Hour); err != nil {
		t.Fatal(err)
	}
	st := s.Admit("local", "m")
	if st.Refusal(time.Now()) != nil || st.Note() != "allowed" {
		t.Errorf("allowed: %+v", st)
	}
	if r := st.Refusal(time.Now().Add(61 * time.Minute)); r == nil || r.Rule != RuleExpired {
		t.Errorf("it does not end by itself: %+v", r)
	}
	replace(t, path, "WEIGHTS")
	s.Round(t.Context())
	if got := s.rule(); got == "" {
		t.Error("other bytes are allowed too")
	}
	replace(t, path, "weights")
	s.Round(t.Context())
	if got := s.rule(); got != "" {
		t.Errorf("the same bytes again: %q", got)
	}
	if was, err := s.Revoke("local", "m", "user:bob"); !was || err != nil || s.rule() != RuleVerdict {
		t.Errorf("revoked: %v %v %q", was, err, s.rule())
	}
	if got := strings.Join(s.recorded(), ";"); !strings.Contains(got, "admission.allow") || !strings.Contains(got, "admission.revoke") {
		t.Errorf("on record: %s", got)
	}
}

// Where nothing can be recorded nothing is admitted.
func TestNoRecordNoAdmission(t *testing.T) {
	g := newGate(t)
	g.verdict("v", nil, "weights")
	path := write(t, filepath.Join(t.TempDir(), "w"), "weights")
	full := errors.New("the disk is full")
	s := newStage(t, Enforce, &plain{paths: []string{path}}, g.shelf(), func(o *Options, _ *LocalOptions) { o.Record = func(Event) error { return full } })
	s.Round(t.Context())
	if got := s.rule(); got != RulePending {
		t.Errorf("rule %q", got)
	}
	if _, err := s.Allow("local", "m", "user:ada", "a reason that is long enough", time.Hour); !errors.Is(err, full) {
		t.Errorf("allowed: %v", err)
	}
}

func TestUnlistedModels(t *testing.T) {
	g := newGate(t)
	g.verdict("v", nil, "weights")
	good, evil := write(t, filepath.Join(t.TempDir(), "w"), "weights"), write(t, filepath.Join(t.TempDir(), "w"), "WEIGHTS")
	r := &many{files: map[string]string{"good": good, "evil": evil}}
	s := newStage(t, Enforce, r, g.shelf(), func(o *Options, _ *LocalOptions) { o.Rules, o.Otherwise = nil, Enforce })
	s.Round(t.Context())
	for name, want := range map[string]string{"good": "", "GOOD": "", "evil": RuleVerdict, "EVIL": RuleVerdict, "other": RuleUnknown} {
		got := ""
		if refused := s.Admit("local", name).Refusal(time.Now()); refused != nil {
			got = refused.Rule
		}
		if got != want {
			t.Errorf("%s: rule %q, want %q", name, got, want)
		}
	}
}

// many is a runtime with a model for each file, whose names are the same in any case.
type many struct{ files map[string]string }

func (m *many) Canonical(name string) string { return strings.ToLower(name) }
func (m *many) Models(context.Context) ([]string, error) {
	return sortedKeys(m.files), nil
}

func (m *many) Files(_ context.Context, model string) ([]File, error) {
	return fileOrFolder(m.files[model])
}
func (m *many) Settle(context.Context, string, []Measured) error { return nil }

func TestLabelOfAVerdict(t *testing.T) {
	for text, want := range map[string]reeve.Label{
		"": {}, "internal": reeve.NewLabel(reeve.Internal), "confidential{PII}": reeve.NewLabel(reeve.Confidential, "PII"), "???": reeve.NewLabel(reeve.Restricted),
	} {
		if got := LabelOf(text); got.String() != want.String() {
			t.Errorf("%q reads as %s", text, got)
		}
	}
	var none *Standing
	if none.Label().Level != reeve.Public || (&Standing{}).Label().Level != reeve.Public {
		t.Error("a model without a verdict has a label")
	}
	if l := (&Standing{Verdict: &Verdict{Label: reeve.NewLabel(reeve.Confidential)}}).Label(); l.Level != reeve.Confidential {
		t.Errorf("its verdict says %s", l)
	}
}
