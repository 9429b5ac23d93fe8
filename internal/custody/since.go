package custody

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/reeve-ai/reeve/internal/tlog"
)

// trusted are the keys and the policy that a checkpoint is held against.
type trusted struct {
	keys   []*tlog.Key  // all of them must have signed
	policy *tlog.Policy // nil: none
	pinned bool         // they came from the caller
}

// trustFrom works out whom to believe: the policy, else the key that the caller kept, else the keys beside the log.
func trustFrom(o *VerifyOptions, beside []*tlog.Key) (*trusted, error) {
	switch {
	case o.Policy != nil:
		keys, err := o.keys()
		return &trusted{policy: o.Policy, pinned: true, keys: keys}, err
	case o.Key != "":
		keys, err := o.keys()
		if err != nil {
			return nil, err
		}
		if len(keys) == 1 && slices.ContainsFunc(beside, keys[0].Equal) { // the second key is believed where the first one is
			keys = beside
		}
		return &trusted{keys: keys, pinned: true}, nil
	}
	return &trusted{keys: beside}, nil
}

// keys are the keys that the caller gave.
func (o *VerifyOptions) keys() ([]*tlog.Key, error) {
	var out []*tlog.Key
	for _, line := range strings.Fields(o.Key) {
		k, err := tlog.ParseKey(line)
		if err != nil {
			return nil, fmt.Errorf("the key that was asked for: %w", err)
		}
		out = append(out, k)
	}
	return out, nil
}

// check holds a checkpoint against what is trusted. It returns the names of the witnesses that have cosigned it.
func (t *trusted) check(c *tlog.SignedCheckpoint) ([]string, error) {
	if len(c.Extensions) > 0 {
		return nil, errExtension
	}
	for _, k := range t.keys {
		if k.Name != c.Origin {
			return nil, fmt.Errorf("checkpoint of another log: %s", c.Origin)
		}
	}
	if len(t.keys) > 0 {
		if err := c.VerifyAll(t.keys...); err != nil {
			return nil, err
		}
	}
	if t.policy == nil {
		if len(t.keys) == 0 {
			return nil, errors.New("there is no key to check it with")
		}
		return nil, nil
	}
	signed, err := t.policy.Verify(c)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, w := range t.policy.Witnesses {
		for _, s := range signed {
			if s.Key.Equal(w.Key) {
				names = append(names, w.Name)
			}
		}
	}
	return names, nil
}

// unchecked tells of signatures of keys that nobody named.
func (v *verifier) unchecked(file string, t *trusted, c *tlog.SignedCheckpoint) {
	if n := t.unchecked(c); n > 0 {
		v.note(file, "%d signatures of keys that nobody named were not checked: give a policy", n)
	}
}

func (t *trusted) unchecked(c *tlog.SignedCheckpoint) int {
	known := t.keys
	if t.policy != nil {
		for _, p := range append(t.policy.Logs[:len(t.policy.Logs):len(t.policy.Logs)], t.policy.Witnesses...) {
			known = append(known[:len(known):len(known)], p.Key)
		}
	}
	n := len(c.Sigs)
	for i := range c.Sigs {
		for _, k := range known {
			if k.ID == c.Sigs[i].ID && k.Name == c.Sigs[i].Name {
				n--
				break
			}
		}
	}
	return n
}

// since holds the log against a checkpoint that was kept elsewhere: a log that went back or forked does not lead on from it.
func (v *verifier) since(raw []byte, t *trusted, now *tlog.SignedCheckpoint) error {
	old, err := tlog.ParseCheckpoint(raw)
	if err != nil {
		return fmt.Errorf("the checkpoint to compare with: %w", err)
	}
	if now == nil {
		v.problem(checkpointFile, "there is no checkpoint; the one that was kept covers %d records", old.Size)
		return nil
	}
	if old.Origin != now.Origin {
		return fmt.Errorf("the checkpoint to compare with is of another log: %s", old.Origin)
	}
	if len(t.keys) > 0 {
		signed, err := old.Verify(t.keys...)
		if err != nil || len(signed) == 0 {
			return errors.Join(errors.New("the checkpoint to compare with is not signed by this log"), err)
		}
	}
	if old.Size > now.Size {
		v.problem(checkpointFile, "the log went back: it has %d records under its checkpoint, and had %d", now.Size, old.Size)
		return nil
	}
	if v.o.NoTiles {
		return errors.New("a backup has no tiles to compare an older checkpoint with: restore it first")
	}
	if len(v.r.Problems) > 0 {
		return nil // the tiles cannot be relied on; there are problems enough
	}
	root, err := tlog.RootAt(tlog.NewTileNodes(now.Size, newTileDir(v.dir).read), old.Size)
	if err != nil {
		return err
	}
	if root != old.Root {
		v.problem(checkpointFile, "the log was forked: its first %d records are not those that were signed before", old.Size)
		return nil
	}
	v.r.Since = &old.Size
	return nil
}
