package config

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
)

// settle is how long the files must be quiet before they are looked at: an editor saves in several steps.
const settle = 15 * time.Millisecond

// Watcher notices when one of some files has another content. It watches the folders, not the files, so it also sees
// editors that replace the file by a new one, files that are away for a moment, and orchestrators that turn a symbolic
// link to a new folder. What counts is the content: a touched or rewritten file with the same bytes is no change.
type Watcher struct {
	notify *fsnotify.Watcher
	paths  []string
	seen   map[string]content
	settle time.Duration
}

// content is the digest of a file, or the zero value where it cannot be read.
type content [sha256.Size]byte

// Watch calls onChange after every change of one of the files until ctx ends, and then returns nil. Calls do not
// overlap. See NewWatcher to know from which moment on changes are seen.
func Watch(ctx context.Context, paths []string, onChange func()) error {
	w, err := NewWatcher(paths)
	if err != nil {
		return err
	}
	return w.Run(ctx, onChange)
}

// NewWatcher begins to watch files and folders: what changes after it has returned is reported by Run, which must be called to release
// it. The folder of each path must exist, the file need not. Empty paths are left out.
func NewWatcher(paths []string) (*Watcher, error) {
	notify, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, &hinted{fmt.Errorf("watch files: %w", err), "reload by SIGHUP works without watching"}
	}
	w := &Watcher{notify: notify, seen: map[string]content{}, settle: settle}
	for _, p := range paths {
		if p == "" {
			continue
		}
		abs, err := filepath.Abs(p)
		if err == nil {
			err = w.follow(abs)
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("watch %s: %w", p, err), notify.Close())
		}
		w.paths = append(w.paths, abs)
		w.seen[abs] = contentOf(abs)
	}
	return w, nil
}

// follow watches the folder of the path, and the folder of the file that it leads to, which may change with a link.
// Adding a folder twice does nothing.
func (w *Watcher) follow(path string) error {
	if err := w.notify.Add(filepath.Dir(path)); err != nil {
		return err
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return w.notify.Add(path)
	}
	if target, err := filepath.EvalSymlinks(path); err == nil && target != path {
		return w.notify.Add(filepath.Dir(target))
	}
	return nil
}

// Run calls onChange for every change until ctx ends, and then returns nil.
func (w *Watcher) Run(ctx context.Context, onChange func()) error {
	defer w.notify.Close()
	quiet := time.NewTimer(w.settle) // at once: what changed before Run is reported too
	defer quiet.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case _, ok := <-w.notify.Events:
			if !ok {
				return errors.New("watching files ended")
			}
			quiet.Reset(w.settle)
		case _, ok := <-w.notify.Errors: // mostly an overflow: events were lost, so look
			if !ok {
				return errors.New("watching files ended")
			}
			quiet.Reset(w.settle)
		case <-quiet.C:
			if w.changed() {
				onChange()
			}
		}
	}
}

// changed looks at all files. A file that cannot be read now keeps its old content in memory: it is a file on its way
// to a new one, or a deleted one, and there is nothing to load either way.
func (w *Watcher) changed() bool {
	changed := false
	for _, p := range w.paths {
		_ = w.follow(p) // fails only where the folder is gone, and then there is nothing to see
		now := contentOf(p)
		if now != (content{}) && now != w.seen[p] {
			w.seen[p] = now
			changed = true
		}
	}
	return changed
}

// contentOf digests a file, or the names and contents of the files in a folder; hidden ones are left out.
func contentOf(path string) (c content) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		entries, err := os.ReadDir(path)
		if err != nil || len(entries) > 1000 {
			return content{}
		}
		h := sha256.New()
		for _, e := range entries {
			if info, err := os.Stat(filepath.Join(path, e.Name())); err == nil && info.Mode().IsRegular() && !strings.HasPrefix(e.Name(), ".") {
				inner := contentOf(filepath.Join(path, e.Name()))
				fmt.Fprintf(h, "%d:%s%x", len(e.Name()), e.Name(), inner)
			}
		}
		h.Sum(c[:0])
		return c
	}
	f, err := os.Open(path)
	if err != nil {
		return content{}
	}
	defer f.Close()
	const most = 64 << 20
	h := sha256.New()
	if _, err := io.Copy(h, io.LimitReader(f, most)); err != nil {
		return content{}
	}
	h.Sum(c[:0])
	return c
}
