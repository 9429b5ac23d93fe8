package custody

import (
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/reeve-ai/reeve/internal/tlog"
)

// VerifyOptions choose what Verify trusts.
type VerifyOptions struct {
	Key    string       // verifier key of the log (C2SP vkey), or several with white space between; "" means the keys beside the log
	Policy *tlog.Policy // logs and witnesses to believe; nil for none. It stands above Key
	Since  []byte       // a checkpoint that was kept elsewhere: the log must lead on from it; nil for none
	// NoTiles leaves tile/ alone: a backup has none, since they are made again from the leaves.
	NoTiles bool
}

// Verify checks the whole log of a data directory: every file, header, checksum, hash, digest, the order of the records, the tiles,
// the root under the signed checkpoint, and that what is missing is missing for a reason that the log tells. It needs no
// secret and works while the log is being written. What is wrong stands in the Report; the error says that the directory
// could not be read (or is ErrNewer, wrapped).
//
// Records behind the newest checkpoint are chained but not signed yet: who can write the directory can still cut them off.
func Verify(dir string, o VerifyOptions) (Report, error) {
	v := newVerifier(filepath.Join(dir, "custody"), o)
	if _, err := os.Stat(v.dir); err != nil {
		return v.r, fmt.Errorf("verify custody log: %w", err)
	}
	if err := v.run(); err != nil {
		return v.r, fmt.Errorf("verify custody log: %w", err)
	}
	return v.result(), nil
}

type verifier struct {
	dir     string
	o       VerifyOptions
	trusted *trusted
	cp      *tlog.SignedCheckpoint // nil: there is none, or it is not signed as it should be
	raw     []byte                 // the checkpoint
	removed uint64                 // records that retention removed: they come before the first one
	r       Report
}

func newVerifier(dir string, o VerifyOptions) *verifier {
	return &verifier{dir: dir, o: o, r: Report{SchemaVersion: 1, Problems: []Problem{}}}
}

// result finds the first bad record.
func (v *verifier) result() Report {
	for i := range v.r.Problems {
		if seq := v.r.Problems[i].Seq; seq != nil && (v.r.FirstBad == nil || *seq < *v.r.FirstBad) {
			v.r.FirstBad = seq
		}
	}
	v.r.OK = len(v.r.Problems) == 0
	return v.r
}

func (v *verifier) problemAt(file string, seq uint64, format string, args ...any) {
	v.r.Problems = append(v.r.Problems, Problem{File: file, Seq: &seq, Message: fmt.Sprintf(format, args...)})
}

// told notes in the report which key was used.
func (v *verifier) told(t *trusted, beside []*tlog.Key) {
	v.r.KeyPinned = t.pinned
	switch {
	case v.o.Key != "":
		v.r.LogKey = v.o.Key
	case len(t.keys) > 0:
		v.r.LogKey = t.keys[0].String()
	}
	if len(beside) == 0 || !t.pinned {
		return
	}
	known := slices.Clone(t.keys)
	if t.policy != nil {
		for i := range t.policy.Logs {
			known = append(known, t.policy.Logs[i].Key)
		}
	}
	if !slices.ContainsFunc(known, func(k *tlog.Key) bool { return slices.ContainsFunc(beside, k.Equal) }) {
		v.problem(logKeyFile, "this is not the key that was asked for")
	}
}

// covered notes in the report what the checkpoint covers.
func (v *verifier) covered(c *tlog.SignedCheckpoint) {
	v.r.Checkpoint, v.r.Root, v.r.Origin = c.Size, base64.StdEncoding.EncodeToString(c.Root[:]), c.Origin
}

func (v *verifier) problem(file, format string, args ...any) {
	v.r.Problems = append(v.r.Problems, Problem{File: file, Message: fmt.Sprintf(format, args...)})
}

func (v *verifier) note(file, format string, args ...any) {
	v.r.Notes = append(v.r.Notes, Problem{File: file, Message: fmt.Sprintf(format, args...)})
}

func (v *verifier) run() error {
	a := audit{dir: v.dir}
	if err := v.trust(&a); err != nil { // the checkpoint first: what it covers is in the files that are listed later
		return err
	}
	if err := v.list(); err != nil {
		return err
	}
	all, err := v.listAll()
	if err != nil {
		return err
	}
	v.files(all)
	a.clock = &clockCheck{}
	if !v.o.NoTiles {
		a.tiles = newTileCheck(v, v.r.Checkpoint, v.raw)
		if err := a.tiles.list(); err != nil {
			return err
		}
	}
	return v.walk(&a, all.numbers())
}

// files looks at the names in the directories of the segments.
func (v *verifier) files(all *listing) {
	for dir, names := range all.others {
		v.others(dir+"/", names, newSuffix)
	}
	for _, n := range all.payloads { // before its leaves are in place, a segment is not sealed yet
		if _, is := slices.BinarySearch(all.leaves, n); is {
			continue
		}
		if _, is := slices.BinarySearch(all.wal, n); !is {
			v.problem(payName(n), "this file does not belong to the log")
		}
	}
	for _, n := range all.wal {
		if _, is := slices.BinarySearch(all.leaves, n); is {
			v.note("wal/"+segmentName(n), "the segment is sealed and not removed yet")
		}
	}
}

// trust reads the log's key and the checkpoint.
func (v *verifier) trust(a *audit) error {
	b, err := readSmall(filepath.Join(v.dir, logKeyFile))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	keys, bad := ParseLogKeys(b)
	switch {
	case err != nil:
		v.problem(logKeyFile, "the log's key is missing")
	case bad != nil:
		v.problem(logKeyFile, "the log's key is damaged")
	}
	if v.trusted, err = trustFrom(&v.o, keys); err != nil {
		return err
	}
	v.told(v.trusted, keys)
	raw, err := readSmall(filepath.Join(v.dir, checkpointFile))
	if errors.Is(err, os.ErrNotExist) || len(v.trusted.keys) == 0 && v.trusted.policy == nil {
		return nil
	}
	if err != nil {
		return err
	}
	cp, err := tlog.ParseCheckpoint(raw)
	if err == nil {
		v.r.Cosigned, err = v.trusted.check(cp)
	}
	if err != nil {
		v.problem(checkpointFile, "%v", err)
		return nil
	}
	v.unchecked(checkpointFile, v.trusted, cp)
	v.cp, v.raw, a.cp = cp, raw, &cp.Checkpoint
	v.covered(cp)
	return nil
}

// list looks at every file that is not a segment.
func (v *verifier) list() error {
	entries, err := os.ReadDir(v.dir)
	if err != nil {
		return err
	}
	var other []string
	for _, e := range entries {
		switch name := e.Name(); name {
		case "lock", logKeyFile, checkpointFile:
			if !e.Type().IsRegular() {
				other = append(other, name)
			}
		case reserveFile:
			if ok, err := onlyZeros(filepath.Join(v.dir, name)); err != nil && !errors.Is(err, os.ErrNotExist) {
				return err
			} else if err == nil && !ok {
				v.problem(name, "the reserve holds something else than zeros")
			}
		case minimumFile:
			if !e.Type().IsRegular() {
				other = append(other, name)
			}
		case "wal", leafDir, payDir, "tile":
			if !e.IsDir() {
				other = append(other, name)
			}
		default:
			other = append(other, name)
		}
	}
	v.others("", other, newSuffix)
	return nil
}

// others names files that do not belong to the log. One with the ending of an unfinished file is only worth a note.
func (v *verifier) others(dir string, names []string, unfinished string) {
	for _, name := range names {
		if strings.HasSuffix(name, unfinished) {
			v.note(dir+name, "unfinished file; it is not part of the log")
			continue
		}
		v.problem(dir+name, "this file does not belong to the log")
	}
}

func (v *verifier) walk(a *audit, numbers []uint64) error {
	if len(numbers) == 0 {
		a.flag("wal", 0, "there is no segment")
	} else if err := v.segments(a, numbers); err != nil {
		return err
	}
	v.r.Leaves = a.st.next()
	v.r.Open = len(a.st.open)
	if a.tiles != nil {
		a.tiles.calm = a.cp != nil && a.cp.Size == a.st.next()
		if err := a.tiles.finish(v.r.Leaves, a.bad != nil); err != nil {
			return err
		}
	}
	if a.bad != nil {
		v.r.Problems = append(v.r.Problems, *a.bad)
	} else {
		v.missingParts(a)
		if p := a.clock.problem(); p != nil {
			v.r.Problems = append(v.r.Problems, *p)
		}
	}
	if v.o.Since != nil {
		if err := v.since(v.o.Since, v.trusted, v.cp); err != nil {
			return err
		}
	}
	if a.bad != nil {
		return nil
	}
	if a.tail.torn {
		v.note("wal/"+segmentName(a.tail.number), "what follows byte %d was never acknowledged", a.tail.end)
	}
	if a.cp == nil && v.r.LogKey != "" && a.st.next() > 0 && len(v.r.Problems) == 0 {
		v.note(checkpointFile, "no checkpoint yet: nothing is signed")
	}
	return nil
}

func (v *verifier) segments(a *audit, numbers []uint64) error {
	least, err := readMinimum(v.dir)
	if err != nil {
		v.problem(minimumFile, "%v", err)
		least = minimum{segment: 1}
	}
	s, err := openSegmentOf(v.dir, least.segment)
	if err == nil {
		if v.r.Origin == "" {
			v.r.Origin = s.h.origin
		}
		s.close()
	} else if errors.Is(err, ErrNewer) {
		return err
	}
	a.st = state{origin: v.r.Origin, chain: chainStart(v.r.Origin), open: unanswered{}}
	if least.segment > 1 && err == nil { // what came before was removed: the root under the checkpoint proves the rest
		a.st.from(s.h)
		v.removed = least.seq
		if s.h.first != least.seq {
			v.problem(minimumFile, "segment %d begins at record %d", least.segment, s.h.first)
		}
	}
	last := numbers[len(numbers)-1]
	if n := missing(numbers, least.segment); n > least.segment {
		last = n // the walk finds that it is missing when it gets there
	}
	return a.run(least.segment, last)
}

// listAll lists the segments, again where one seems to be missing: the writer may have begun two while the folder was read.
func (v *verifier) listAll() (*listing, error) {
	for try := 0; ; try++ {
		all, err := listAll(v.dir)
		if err != nil || try == 2 {
			return all, err
		}
		if least, err := readMinimum(v.dir); err != nil || missing(all.numbers(), least.segment) == 0 {
			return all, nil
		}
	}
}
