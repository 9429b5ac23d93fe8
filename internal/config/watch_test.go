package config

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// watching starts a watcher and returns a function that waits for the next report. What must not be reported is
// proven without waiting: a later change is reported, and the reports are counted.
func watching(t *testing.T, paths ...string) (next func(), reports func() int) {
	t.Helper()
	w, err := NewWatcher(paths)
	if err != nil {
		t.Fatal(err)
	}
	w.settle = 5 * time.Millisecond
	var mu sync.Mutex
	count := 0
	told := make(chan struct{}, 100)
	ctx, cancel := context.WithCancel(t.Context())
	var run sync.WaitGroup
	run.Go(func() {
		err := w.Run(ctx, func() {
			mu.Lock()
			count++
			mu.Unlock()
			told <- struct{}{}
		})
		if err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { cancel(); run.Wait() })
	return func() { t.Helper(); <-told }, func() int { mu.Lock(); defer mu.Unlock(); return count }
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// replace writes as careful programs do: a new file that takes the old one's name.
func replace(t *testing.T, path, text string) {
	t.Helper()
	write(t, path+"~", text)
	if err := os.Rename(path+"~", path); err != nil {
		t.Fatal(err)
	}
}

func symlink(t *testing.T, target, path string) {
	t.Helper()
	if err := os.Symlink(target, path+"~"); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+"~", path); err != nil {
		t.Fatal(err)
	}
}

func TestWatchWritesAndReplacements(t *testing.T) {
	a, b := filepath.Join(t.TempDir(), "a.yaml"), filepath.Join(t.TempDir(), "b.yaml")
	write(t, a, "1")
	next, _ := watching(t, a, "", b)
	write(t, a, "2")
	next()
	replace(t, a, "3")
	next()
	write(t, b, "made later")
	next()
	if err := os.Remove(a); err != nil {
		t.Fatal(err)
	}
	write(t, a, "4 after being away")
	next()
}

func TestWatchFolder(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a.cedar"), "1")
	next, reports := watching(t, dir)
	write(t, filepath.Join(dir, "b.cedar"), "a new file")
	next()
	write(t, filepath.Join(dir, "a.cedar"), "2")
	next()
	if err := os.Remove(filepath.Join(dir, "b.cedar")); err != nil {
		t.Fatal(err)
	}
	next()
	write(t, filepath.Join(dir, ".a.cedar.swp"), "an editor's own")
	replace(t, filepath.Join(dir, "a.cedar"), "3")
	next()
	if n := reports(); n != 4 {
		t.Errorf("four changes were reported %d times", n)
	}
}

func TestWatchLeavesAloneWhatIsNoChange(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.yaml")
	write(t, path, "1")
	next, reports := watching(t, path)
	write(t, filepath.Join(dir, "neighbour.yaml"), "x")
	replace(t, path, "1")
	if err := os.Chtimes(path, time.Now(), time.Now()); err != nil {
		t.Fatal(err)
	}
	write(t, path, "2")
	next()
	write(t, path, "3")
	next()
	if n := reports(); n != 2 {
		t.Errorf("two changes were reported %d times", n)
	}
}

// An orchestrator mounts a folder ..data → ..v1 and links each file to ..data/file; an update turns ..data.
func TestWatchTurnedLinks(t *testing.T) {
	dir := t.TempDir()
	for _, v := range []string{"..v1", "..v2"} {
		if err := os.Mkdir(filepath.Join(dir, v), 0o700); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, v, "reeve.yaml"), v)
	}
	symlink(t, "..v1", filepath.Join(dir, "..data"))
	symlink(t, filepath.Join("..data", "reeve.yaml"), filepath.Join(dir, "reeve.yaml"))
	next, _ := watching(t, filepath.Join(dir, "reeve.yaml"))
	symlink(t, "..v2", filepath.Join(dir, "..data"))
	next()
	write(t, filepath.Join(dir, "..v2", "reeve.yaml"), "edited where the link leads")
	next()
}

// What happens between the start of watching and Run is not lost.
func TestWatchReportsWhatChangedBeforeRun(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.yaml")
	write(t, path, "1")
	w, err := NewWatcher([]string{path})
	if err != nil {
		t.Fatal(err)
	}
	write(t, path, "2")
	ctx, cancel := context.WithCancel(t.Context())
	if err := w.Run(ctx, cancel); err != nil { // ends by the report
		t.Error(err)
	}
}

func TestWatchNeedsTheFolder(t *testing.T) {
	if err := Watch(t.Context(), []string{filepath.Join(t.TempDir(), "none", "a.yaml")}, func() {}); err == nil {
		t.Error("a folder that does not exist is watched")
	}
}
