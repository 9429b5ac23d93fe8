package backup

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/keyring"
	"github.com/reeve-ai/reeve/internal/store"
	"github.com/reeve-ai/reeve/internal/tlog"
)

// Options say what to copy.
type Options struct {
	Dir   string // data directory
	Dest  string // folder, or file that ends in .tar; must not exist
	Holds string // All, Keys or Log
	Clock reeve.Clock
}

// Write makes a backup. Nothing else need stop or wait for it.
func Write(ctx context.Context, o Options) (m *Manifest, err error) {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if _, err := os.Stat(filepath.Join(o.Dir, "keys.db")); err != nil {
		return nil, fmt.Errorf("back up %s: no data directory: %w", o.Dir, err)
	}
	to, err := newSink(o.Dest)
	if err != nil {
		return nil, fmt.Errorf("back up to %s: %w", o.Dest, err)
	}
	w := &writer{ctx: ctx, o: &o, to: to, files: map[string]copied{}}
	w.m = Manifest{SchemaVersion: 1, Format: format, Holds: o.Holds, Made: o.Clock().UTC(), Files: []File{}}
	if err := w.run(); err != nil {
		to.abort()
		return nil, fmt.Errorf("back up %s: %w", o.Dir, err)
	}
	return &w.m, nil
}

type writer struct {
	ctx   context.Context
	o     *Options
	to    sink
	files map[string]copied
	m     Manifest
}

// copied is a file as it was when it was read.
type copied struct {
	File
	modified time.Time
	sawSize  int64
}

func (w *writer) run() error {
	if w.o.Holds != Keys {
		if err := w.snapshot(store.FileName, snapshotStore); err != nil {
			return err
		}
		if err := w.log(); err != nil {
			return err
		}
	}
	if w.o.Holds != Log {
		if err := w.snapshot("keys.db", keyring.Snapshot); err != nil {
			return err
		}
		if err := w.file(keyring.LedgerFile); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if f, ok := w.files[keyring.LedgerFile]; ok {
			w.m.Erased = keyring.LedgerLines(f.Size)
		}
	}
	return w.finish()
}

func (w *writer) finish() error {
	keep := map[string]bool{ManifestFile: true}
	for _, name := range slices.Sorted(maps.Keys(w.files)) {
		keep[name] = true
		w.m.Files = append(w.m.Files, w.files[name].File)
	}
	b, err := json.Marshal(&w.m, jsontext.WithIndent("  "))
	if err != nil {
		return err
	}
	if err := w.to.put(ManifestFile, int64(len(b)), bytes.NewReader(b)); err != nil {
		return err
	}
	return w.to.finish(keep)
}

// snapshot copies an SQLite file through a file of its own beside the backup.
func (w *writer) snapshot(name string, take func(dir, to string) error) error {
	if _, err := os.Stat(filepath.Join(w.o.Dir, name)); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	tmp, err := os.MkdirTemp(filepath.Dir(w.o.Dest), ".reeve-backup-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	path := filepath.Join(tmp, name)
	if err := take(w.o.Dir, path); err != nil {
		return err
	}
	return w.copy(name, path)
}

// snapshotStore copies reeve.db as it is at one moment.
func snapshotStore(dir, to string) (err error) {
	q := url.Values{"_pragma": {"busy_timeout(10000)", "temp_store(MEMORY)"}}
	path := (&url.URL{Path: filepath.Join(dir, store.FileName)}).EscapedPath()
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Opaque: path, RawQuery: q.Encode()}).String())
	if err != nil {
		return fmt.Errorf("copy %s: %w", store.FileName, err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if _, err := db.Exec(`VACUUM INTO $1`, to); err != nil {
		return fmt.Errorf("copy %s: %w", store.FileName, err)
	}
	return nil
}

// file copies a file of the data directory as far as it reaches now.
func (w *writer) file(name string) error {
	return w.copy(name, filepath.Join(w.o.Dir, filepath.FromSlash(name)))
}

func (w *writer) copy(name, path string) error {
	if err := w.ctx.Err(); err != nil {
		return err
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	h := newHashing(io.LimitReader(f, info.Size()))
	if err := w.to.put(name, info.Size(), h); err != nil {
		return fmt.Errorf("copy %s: %w", name, err)
	}
	w.files[name] = copied{File{name, info.Size(), h.digest()}, info.ModTime(), info.Size()}
	return nil
}

// log copies the log. The checkpoint comes first, so that the records reach at least as far. Sealing moves a segment from wal/ to
// leaves/ and payload/ under our eyes: the walk is repeated until it has seen nothing new. Payloads are read before leaves, because a
// part that was dropped must be explained by a leaf that is in the copy.
func (w *writer) log() error {
	for _, name := range []string{"custody/checkpoint", "custody/log.pub"} {
		if err := w.file(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	w.readCheckpoint()
	for range 100 {
		if err := w.file(minimumFile); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if _, pruned := w.files[minimumFile]; pruned {
			if err := w.edge(); err != nil {
				return err
			}
		}
		for _, dir := range []string{"custody/payload", "custody/leaves", "custody/wal"} {
			if err := w.folder(dir); err != nil {
				return err
			}
		}
		if _, pruned := w.files[minimumFile]; pruned {
			if err := w.tiles(); err != nil {
				return err
			}
		}
		settled, err := w.settled()
		if err != nil || settled {
			return err
		}
	}
	return errors.New("segments are sealed faster than they are copied: copy to a faster disk")
}

// minimumFile says where the log begins, where retention removed whole segments: they and it must be of one moment.
const minimumFile = "custody/minimum"

// folder copies what is new or changed, and forgets what is gone.
func (w *writer) folder(dir string) error {
	there, err := w.list(dir)
	if err != nil {
		return err
	}
	for name, info := range there {
		if c, ok := w.files[name]; ok && c.sawSize == info.Size() && c.modified.Equal(info.ModTime()) {
			continue
		}
		if err := w.file(name); err != nil && !errors.Is(err, fs.ErrNotExist) { // gone: it is found in its new form
			return err
		}
	}
	for name := range w.files {
		if _, still := there[name]; !still && strings.HasPrefix(name, dir+"/") {
			delete(w.files, name)
		}
	}
	return nil
}

// edge copies the checkpoint anew, with the partial tiles that belong to it. They last until the next checkpoint.
func (w *writer) edge() error {
	for name := range w.files {
		if strings.Contains(name, ".p/") {
			delete(w.files, name)
		}
	}
	var err error
	for range 100 {
		if err = w.file("custody/checkpoint"); err != nil {
			return err
		}
		w.readCheckpoint()
		for _, tile := range tlog.PartialTiles(w.m.Leaves) {
			if err = w.file("custody/" + tile.Path()); err != nil {
				break
			}
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		info, again := os.Stat(filepath.Join(w.o.Dir, "custody", "checkpoint"))
		if again != nil {
			return again
		}
		if err == nil && info.ModTime().Equal(w.files["custody/checkpoint"].modified) { // all of it is of one checkpoint
			return nil
		}
	}
	return errors.Join(errors.New("the checkpoint changes faster than it is copied"), err)
}

// tiles copies the full tiles, which never change. The others are made again.
func (w *writer) tiles() error {
	root := filepath.Join(w.o.Dir, "custody", "tile")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		rel, err := filepath.Rel(w.o.Dir, path)
		if err != nil {
			return err
		}
		name := filepath.ToSlash(rel)
		if _, have := w.files[name]; have || strings.Contains(name, ".p/") || !fileName.MatchString(name) {
			return nil
		}
		if err := w.file(name); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) { // none yet, or taken away meanwhile
		return nil
	}
	return err
}

// settled reports whether leaves, payloads and the beginning of the log are still as they were copied.
func (w *writer) settled() (bool, error) {
	info, err := os.Stat(filepath.Join(w.o.Dir, filepath.FromSlash(minimumFile)))
	c, have := w.files[minimumFile]
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	if have != (err == nil) || have && !c.modified.Equal(info.ModTime()) {
		return false, nil
	}
	for _, dir := range []string{"custody/payload", "custody/leaves"} {
		there, err := w.list(dir)
		if err != nil {
			return false, err
		}
		for name, info := range there {
			if c, ok := w.files[name]; !ok || c.sawSize != info.Size() || !c.modified.Equal(info.ModTime()) {
				return false, nil
			}
		}
	}
	return true, nil
}

func (w *writer) list(dir string) (map[string]fs.FileInfo, error) {
	entries, err := os.ReadDir(filepath.Join(w.o.Dir, filepath.FromSlash(dir)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	there := map[string]fs.FileInfo{}
	for _, e := range entries {
		name := dir + "/" + e.Name()
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) || err == nil && (!info.Mode().IsRegular() || strings.HasSuffix(name, ".new") || !fileName.MatchString(name)) {
			continue // gone meanwhile, or not finished yet
		}
		if err != nil {
			return nil, err
		}
		there[name] = info
	}
	return there, nil
}

// readCheckpoint notes what the copied head says; Restore verifies it.
func (w *writer) readCheckpoint() {
	b, err := os.ReadFile(filepath.Join(w.o.Dir, "custody", "checkpoint"))
	if err != nil {
		return
	}
	lines := strings.SplitN(string(b), "\n", 4)
	if len(lines) < 4 {
		return
	}
	w.m.Origin, w.m.Root = lines[0], lines[2]
	w.m.Leaves, _ = strconv.ParseUint(lines[1], 10, 64) // not a number: none is told
}
