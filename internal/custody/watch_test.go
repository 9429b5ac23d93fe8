package custody

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestWatch deletes, replaces and cuts files under an open log: it says so, on record and in its state, and goes on in a new segment.
func TestWatch(t *testing.T) {
	for name, harm := range map[string]func(path string) error{
		"deleted": os.Remove,
		"replaced": func(path string) error {
			return errors.Join(os.Rename(path, path+".x"), os.WriteFile(path, []byte("x"), 0o600), os.Remove(path+".x"))
		},
		"cut": func(path string) error { return os.Truncate(path, 100) },
	} {
		t.Run("segment "+name, func(t *testing.T) {
			dir := t.TempDir()
			l := openLog(t, dir, func(o *Options) { o.FS, o.retryEvery = quickFS{}, time.Millisecond })
			if err := l.Outcome(alone(1)); err != nil {
				t.Fatal(err)
			}
			l.lookAround()
			if n := l.Stats().Tampered; n != 0 {
				t.Fatalf("%d files were harmed", n)
			}
			if err := harm(filepath.Join(dir, firstSegment)); err != nil {
				t.Fatal(err)
			}
			l.lookAround()
			for l.Stats().Segment == 1 {
				time.Sleep(time.Millisecond)
			}
			waitReady(l)
			if err := l.Outcome(alone(2)); err != nil {
				t.Fatal(err)
			}
			s := l.Stats()
			if s.Tampered != 1 || s.Segment != 2 || !strings.Contains(s.LastError, "00000001.seg") {
				t.Errorf("%+v", s)
			}
			if r := mustVerify(t, dir); r.OK {
				t.Errorf("%+v", r)
			}
		})
		t.Run("sealed "+name, func(t *testing.T) {
			dir := t.TempDir()
			l := manyRecords(t, dir, 300, nil)
			if err := l.Seal(context.Background()); err != nil {
				t.Fatal(err)
			}
			l.lookAround()
			if err := harm(filepath.Join(dir, "custody", payName(1))); err != nil {
				t.Fatal(err)
			}
			for range watchSealedEvery {
				l.lookAround()
			}
			if s := l.Stats(); s.Tampered != 1 || !strings.Contains(s.LastError, payName(1)) {
				t.Errorf("%+v", s)
			}
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			if leaves := findKind(t, dir, kindIsolation); len(leaves) != 1 || !strings.Contains(leaves[0], `"object":"payload/00000001.pay"`) {
				t.Errorf("%q", leaves)
			}
		})
	}
}
