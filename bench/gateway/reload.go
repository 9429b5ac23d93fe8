package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// reloadMain changes the guard policy again and again under load: no request may fail, and each new policy must be seen
// in an answer within a tenth of a second of the change.
func reloadMain(args []string) {
	runtime.LockOSThread() // children die with this thread
	fs := flag.NewFlagSet("reload", flag.ExitOnError)
	bin := fs.String("reeve", "./reeve", "the reeve binary")
	policy := fs.String("policy", "policies/guard.yaml", "the policy that is changed; a copy of it, that is")
	reloads := fs.Int("reloads", 100, "how often")
	requests := fs.Int("requests", 100_000, "requests at least, all in all")
	limit := fs.Duration("limit", 100*time.Millisecond, "longest time until an answer shows the new policy")
	_ = fs.Parse(args) // exits on an error
	os.Exit(trial(*bin, func(r *reeve) (result, error) {
		base, err := os.ReadFile(*policy)
		if err != nil {
			return nil, err
		}
		s := &switcher{r: r, base: base, path: filepath.Join(filepath.Dir(r.data), "guard.yaml"), seen: map[string]int{}}
		return s.run(*reloads, *requests, *limit)
	}))
}

// switcher writes policies and watches for their digests in the answers.
type switcher struct {
	r    *reeve
	base []byte
	path string

	answered atomic.Int64
	failed   atomic.Int64
	mu       sync.Mutex
	seen     map[string]int // answers by Reeve-Policy
	changed  chan time.Time // the first answer under a policy that was not seen before
	problem  string         // the first failure
}

// write puts policy n in place as a careful editor does: a new file, renamed over the old one.
func (s *switcher) write(n int) error {
	rule := fmt.Sprintf(`
  - id: bench/generation
    direction: both
    match: {literals: [generation-marker]}
    action: mask
    severity: low
    message: This is generation %d of the policy.
    remedy: None is needed.
    legal_basis: [none]
    owner: bench
    examples:
      match: [a generation-marker here]
      no_match: [a generation here]
`, n)
	if err := os.WriteFile(s.path+".new", append(bytes.TrimRight(s.base, "\n"), rule...), 0o600); err != nil {
		return err
	}
	return os.Rename(s.path+".new", s.path)
}

// observe is called after every exchange of the load.
func (s *switcher) observe(r *reader, err error) {
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil || r.policy == "" {
		s.failed.Add(1)
		if s.problem == "" {
			s.problem = fmt.Sprintf("policy %q: %v", r.policy, err)
		}
		return
	}
	s.answered.Add(1)
	if s.seen[r.policy]++; s.seen[r.policy] == 1 {
		select {
		case s.changed <- now:
		default:
		}
	}
}

func (s *switcher) run(reloads, requests int, limit time.Duration) (result, error) {
	s.changed = make(chan time.Time, 1)
	if err := s.write(0); err != nil {
		return nil, err
	}
	s.r.extra = []string{"--policy", s.path}
	if err := s.r.start(); err != nil {
		return nil, err
	}
	p := s.r.spec(scenario{name: "reload", kind: "chat", c: 16})
	p.observe = s.observe
	l := newLoad(p)
	l.start()
	defer l.stop()
	if err := s.await(nil); err != nil { // the first answer, under policy 0
		return nil, err
	}
	var byHand, byFile []time.Duration // after a SIGHUP, after the file's change alone
	for n := range reloads {
		if err := s.until(requests * n / reloads); err != nil {
			return nil, err
		}
		begun := time.Now()
		if err := s.write(n + 1); err != nil {
			return nil, err
		}
		took := &byFile
		if n%2 == 0 {
			took = &byHand
			s.r.signal(syscall.SIGHUP)
		}
		var at time.Time
		if err := s.await(&at); err != nil {
			return nil, fmt.Errorf("reload %d: %w", n+1, err)
		}
		*took = append(*took, at.Sub(begun))
	}
	if err := s.until(requests); err != nil {
		return nil, err
	}
	return s.result(byHand, byFile, limit), nil
}

// until waits for that many answers.
func (s *switcher) until(answers int) error {
	for s.answered.Load() < int64(answers) {
		if s.r.died() {
			return errors.New("serve ended by itself: " + s.r.cmd.ProcessState.String())
		}
		time.Sleep(time.Millisecond)
	}
	return nil
}

// await waits for an answer under a policy that was not seen before.
func (s *switcher) await(at *time.Time) error {
	select {
	case t := <-s.changed:
		if at != nil {
			*at = t
		}
		return nil
	case <-time.After(5 * time.Second):
		s.mu.Lock()
		defer s.mu.Unlock()
		return fmt.Errorf("no answer under a new policy within 5 s; %d answers, %d failed: %s", s.answered.Load(), s.failed.Load(), s.problem)
	}
}

func (s *switcher) result(byHand, byFile []time.Duration, limit time.Duration) result {
	took := slices.Sorted(slices.Values(append(slices.Clone(byHand), byFile...)))
	slices.Sort(byHand)
	slices.Sort(byFile)
	late := 0
	for _, d := range took {
		if d > limit {
			late++
		}
	}
	ms := func(d []time.Duration, share float64) float64 {
		if len(d) == 0 {
			return 0
		}
		return float64(d[min(int(share*float64(len(d))), len(d)-1)].Microseconds()) / 1000
	}
	return result{
		{"reloads", float64(len(took))},
		{"requests", float64(s.answered.Load())},
		{"requests_failed", float64(s.failed.Load())},
		{"policies_seen", float64(len(s.seen))},
		{"late_failed", float64(late)},
		{"switch_p50_ms", ms(took, .5)},
		{"switch_p99_ms", ms(took, .99)},
		{"switch_max_ms", ms(took, 1)},
		{"hangup_p50_ms", ms(byHand, .5)},
		{"hangup_max_ms", ms(byHand, 1)},
		{"file_p50_ms", ms(byFile, .5)},
		{"file_max_ms", ms(byFile, 1)},
	}
}
