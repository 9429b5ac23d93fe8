package lifecycle

import (
	"archive/tar"
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// archive makes a tar archive of names, each with its own name as content.
func archive(t testing.TB, names ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, name := range names {
		if err := w.WriteHeader(&tar.Header{Name: name, Size: int64(len(name)), Mode: 0o777}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestUnpackRefuses(t *testing.T) {
	for name, b := range map[string][]byte{
		"a way out":         archive(t, "../manifest.json"),
		"an absolute path":  archive(t, "/tmp/manifest.json"),
		"another file":      archive(t, "run.sh", manifestFile),
		"another folder":    archive(t, "proofs/../../1.tlog-proof"),
		"a strange proof":   archive(t, "proofs/x.tlog-proof"),
		"the same twice":    archive(t, recordsFile, recordsFile, manifestFile),
		"no manifest":       archive(t, recordsFile),
		"cut off":           archive(t, recordsFile, manifestFile)[:600],
		"nothing":           nil,
		"no archive at all": []byte(strings.Repeat("x", 2000)),
	} {
		parent := t.TempDir()
		if _, err := Unpack(bytes.NewReader(b), filepath.Join(parent, "b")); err == nil {
			t.Errorf("%s is unpacked", name)
		}
		if names, err := os.ReadDir(parent); err != nil || len(names) != 1 {
			t.Errorf("%s: %v, %v", name, names, err)
		}
	}
	dir := t.TempDir()
	if n, err := Unpack(bytes.NewReader(archive(t, recordsFile, "proofs/0.tlog-proof", manifestFile)), dir); n != 3 || err != nil {
		t.Errorf("%d files, %v", n, err)
	}
	if _, err := Unpack(bytes.NewReader(archive(t, manifestFile)), dir); err == nil {
		t.Error("a directory that is not empty is taken")
	}
}

// FuzzUnpack: whatever the archive says, nothing is written outside of the bundle.
func FuzzUnpack(f *testing.F) {
	f.Add(archive(f, recordsFile, "proofs/12.tlog-proof", manifestFile))
	f.Add(archive(f, "../x", manifestFile))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		parent := t.TempDir()
		_, _ = Unpack(bytes.NewReader(b), filepath.Join(parent, "b"))
		err := filepath.WalkDir(parent, func(path string, e os.DirEntry, err error) error {
			rel, _ := filepath.Rel(filepath.Join(parent, "b"), path)
			if err == nil && !e.IsDir() && !bundleName(filepath.ToSlash(rel)) {
				t.Errorf("%s was written", path)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
}

// FuzzLeaf: a leaf of any bytes is read or refused, and what was read keeps its number.
func FuzzLeaf(f *testing.F) {
	f.Add([]byte(`{"kind":"hold","numbers":{"since_ns":1790000000000000000},"ranges":[[2,5]],"seq":7,"t_start":"2026-11-21T09:00:00.000000001Z","v":"reeve.hold/1"}`))
	f.Add([]byte(`{"keks":["AAAAAAAAAAAAAAAAAAAAAA"],"kind":"erasure","seq":7}`))
	f.Add([]byte(`{}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		l, err := parseLeaf(7, b)
		if err != nil {
			return
		}
		if l.Seq != 7 {
			t.Errorf("number %d", l.Seq)
		}
		s := scopeOf(l)
		_ = s.String()
		for _, id := range keksIn(l) {
			if len(hexIDs([]KEKID{id})[0]) != 32 {
				t.Error("an id of wrong length")
			}
		}
	})
}

func TestScopeRoundTrip(t *testing.T) {
	h := newHouse(t)
	for _, s := range []Scope{
		{From: 0, To: 5}, {From: 3}, {Since: at(1)}, {Until: at(9)}, {Since: at(1), Until: at(2), From: 1, To: 2}, {Subject: "key:a1", Since: at(3)},
	} {
		if _, err := h.c.AddHold(t.Context(), HoldRequest{Scope: s, Reason: "r", Owner: "o"}); err != nil {
			t.Fatal(err)
		}
		f, err := h.c.InForce(t.Context())
		h.must(err)
		if got := f.Holds[len(f.Holds)-1].Scope; got != s {
			t.Errorf("%v is read back as %v", s, got)
		}
	}
}
