package backup

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/custody"
	"github.com/reeve-ai/reeve/internal/keyring"
	"github.com/reeve-ai/reeve/internal/store"
)

// RestoreOptions say what to put back, and where.
type RestoreOptions struct {
	Backups []string // folders or tar files that together hold log and keys
	Dir     string   // data directory to make; must not exist, or be empty
	Root    string   // root key provider
	Ledgers []string // erasure ledgers, or data directories that hold one
	Lost    bool     // there is no later ledger: what was erased since the backup is not known
	Clock   reeve.Clock
}

// Restored says what a restore did.
type Restored struct {
	SchemaVersion int       `json:"schema_version"`
	Dir           string    `json:"dir"`
	Made          time.Time `json:"made"`         // when the oldest of the backups was made
	Leaves        uint64    `json:"leaves"`       // records in the restored log
	Ledger        int       `json:"ledger"`       // keys that are known to be destroyed
	ErasedAgain   int       `json:"erased_again"` // of them, those that a backup still had
	Forgotten     int       `json:"forgotten"`    // rows of reeve.db that named somebody who was erased since
	Record        string    `json:"record"`       // id of the record of this restore
}

// ErrNoLedger says that nothing was given that tells what was erased since the backup.
var ErrNoLedger = errors.New("what was erased since the backup is not known")

// ErrBroken says that the log in a backup does not verify.
var ErrBroken = errors.New("the log in the backup is broken")

// Restore makes a data directory from backups. It works beside its place and moves the whole there at the end, so that a restore that
// fails leaves nothing. Before that, the log is verified, and every key is destroyed again that a ledger or an erasure record in the log names;
// the first records of the restored log say so. The server then overwrites what was sealed under those keys.
func Restore(ctx context.Context, o RestoreOptions) (out *Restored, err error) {
	if len(o.Ledgers) == 0 && !o.Lost {
		return nil, ErrNoLedger
	}
	if err := vacant(o.Dir); err != nil {
		return nil, err
	}
	parent, err := filepath.Abs(filepath.Dir(filepath.Clean(o.Dir)))
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(parent, 0o700); err != nil {
		return nil, err
	}
	tmp, err := os.MkdirTemp(parent, ".reeve-restore-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(tmp)
	staged := filepath.Join(tmp, "data")
	manifests, err := Unpack(ctx, o.Backups, staged)
	if err != nil {
		return nil, err
	}
	out = &Restored{SchemaVersion: 1, Dir: o.Dir}
	for _, m := range manifests {
		if out.Made.IsZero() || m.Made.Before(out.Made) {
			out.Made = m.Made
		}
	}
	if err := o.settle(ctx, staged, out); err != nil {
		return nil, err
	}
	if err := vacant(o.Dir); err != nil {
		return nil, err
	}
	if err := os.Remove(o.Dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err := os.Rename(staged, o.Dir); err != nil {
		return nil, fmt.Errorf("move the restored directory to its place: %w", err)
	}
	return out, syncDir(parent)
}

// vacant refuses a directory that holds anything.
func vacant(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if len(entries) > 0 {
		return fmt.Errorf("restore to %s: %w", dir, ErrExists)
	}
	return nil
}

// settle verifies what was unpacked, destroys what must stay destroyed and puts both on record.
func (o *RestoreOptions) settle(ctx context.Context, dir string, out *Restored) (err error) {
	for _, name := range []string{"keys.db", "custody"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			return fmt.Errorf("the backups do not hold %s: give one of the log and one of the keys, or one of both: %w", name, ErrNotBackup)
		}
	}
	report, err := custody.Verify(dir, custody.VerifyOptions{NoTiles: true})
	if err != nil {
		return fmt.Errorf("verify the restored log: %w", err)
	}
	if !report.OK {
		return fmt.Errorf("%w: %s", ErrBroken, &report.Problems[0])
	}
	out.Leaves = report.Leaves
	ring, err := keyring.Open(keyring.Options{Dir: dir, Root: o.Root, Clock: o.Clock})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ring.Close()) }()
	log, err := custody.Open(custody.Options{Dir: dir, Keys: ring, Clock: o.Clock})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	gone, err := o.ledger(ring)
	if err != nil {
		return err
	}
	told, err := erasedIn(dir)
	if err != nil {
		return fmt.Errorf("read erasures from the log: %w", err)
	}
	for id := range told {
		gone = append(gone, id)
	}
	if out.Forgotten, err = forget(ctx, dir, ring, gone); err != nil {
		return fmt.Errorf("erase again: %w", err)
	}
	destroyed, err := ring.DestroyKEKs(gone)
	if err != nil {
		return fmt.Errorf("erase again: %w", err)
	}
	all, err := ring.Ledger()
	if err != nil {
		return err
	}
	out.Ledger, out.ErasedAgain = len(all), len(destroyed)
	return o.record(log, all, told, out)
}

// forget clears from reeve.db who was erased since it was copied. It knows them by their keys, which the copy still has.
func forget(ctx context.Context, dir string, ring *keyring.Ring, gone []keyring.KEKID) (rows int, err error) {
	if _, err := os.Stat(filepath.Join(dir, store.FileName)); errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	db, err := store.Open(ctx, dir)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	c, err := db.Changes(ctx, -1)
	if err != nil {
		return 0, err
	}
	var principals []string
	for i := range c.Keys {
		principals = append(principals, "key:"+c.Keys[i].ID)
	}
	for i := range c.Users {
		principals = append(principals, "user:"+c.Users[i].ID)
	}
	erased := map[keyring.KEKID]bool{}
	for _, id := range gone {
		erased[id] = true
	}
	for _, p := range principals {
		ids, err := ring.SubjectKEKs(p)
		if err != nil {
			return rows, err
		}
		if slices.ContainsFunc(ids, func(id keyring.KEKID) bool { return erased[id] }) {
			n, err := db.ForgetPrincipal(ctx, p)
			if err != nil {
				return rows, err
			}
			rows += n
		}
	}
	return rows, nil
}

// ledger reads what was destroyed from all ledgers.
func (o *RestoreOptions) ledger(ring *keyring.Ring) (gone []keyring.KEKID, err error) {
	for _, path := range o.Ledgers {
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			path = filepath.Join(path, keyring.LedgerFile)
		}
		f, err := os.Open(path)
		if err != nil {
			return nil, fmt.Errorf("open erasure ledger: %w", err)
		}
		list, err := ring.ReadLedger(f)
		if err := errors.Join(err, f.Close()); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		for _, e := range list {
			gone = append(gone, e.KEK)
		}
	}
	return gone, nil
}

// erasedIn are the keys that erasure records of a log name.
func erasedIn(dir string) (map[keyring.KEKID]bool, error) {
	r, err := custody.OpenReader(dir)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	size, err := r.Size()
	if err != nil {
		return nil, err
	}
	gone := map[keyring.KEKID]bool{}
	err = r.Range(0, size, func(s *custody.Stored) error {
		if s.Kind != custody.EventErasure {
			return nil
		}
		ids, err := keksOf(s.Leaf)
		if err != nil {
			return fmt.Errorf("record %d: %w", s.Seq, err)
		}
		for _, id := range ids {
			gone[id] = true
		}
		return nil
	})
	return gone, err
}

func keksOf(leaf []byte) (ids []keyring.KEKID, err error) {
	var l struct {
		Keks []string `json:"keks"`
	}
	if err := json.Unmarshal(leaf, &l); err != nil {
		return nil, errors.New("leaf is malformed")
	}
	for _, text := range l.Keks {
		b, err := base64.RawURLEncoding.DecodeString(text)
		if err != nil || len(b) != len(keyring.KEKID{}) {
			return nil, errors.New("leaf with a malformed key id")
		}
		ids = append(ids, keyring.KEKID(b))
	}
	return ids, nil
}

// keksPerRecord keeps the record of an erasure within a leaf's size.
const keksPerRecord = 400

// record puts on record which keys are destroyed that the log does not tell of yet, and the restore. An erasure that is begun is taken up by
// the next server (internal/lifecycle), which overwrites the payloads.
func (o *RestoreOptions) record(log *custody.Log, all []keyring.Erased, told map[keyring.KEKID]bool, out *Restored) error {
	var untold []keyring.KEKID
	for _, e := range all {
		if !told[e.KEK] {
			untold = append(untold, e.KEK)
		}
	}
	for len(untold) > 0 {
		n := min(len(untold), keksPerRecord)
		_, err := log.Event(&custody.Event{Kind: custody.EventErasure, Actor: "operator", Act: "erasure.begin", Result: "restored", Keks: untold[:n]})
		if err != nil {
			return fmt.Errorf("record the erasures: %w", err)
		}
		untold = untold[n:]
	}
	result := "ok"
	if o.Lost {
		result = "ledger-lost"
	}
	receipt, err := log.Event(&custody.Event{
		Kind: custody.EventAdmin, Actor: "operator", Act: "custody.restore", Result: result,
		Numbers: map[string]uint64{
			"leaves": out.Leaves, "ledger": uint64(out.Ledger), "erased_again": uint64(out.ErasedAgain), "backup_ms": uint64(out.Made.UnixMilli()),
		},
	})
	if err != nil {
		return fmt.Errorf("record the restore: %w", err)
	}
	out.Record = receipt.ID.String()
	return nil
}
