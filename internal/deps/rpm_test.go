package deps_test

import (
	"bytes"
	"database/sql"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	_ "modernc.org/sqlite"

	"github.com/reeve-ai/reeve/internal/deps"
)

// rpmBlob is a header as rpm stores it.
func rpmBlob(name, version, release string, epoch int) []byte {
	var index, data bytes.Buffer
	be := binary.BigEndian
	entry := func(tag, kind uint32, value []byte) {
		for kind == 4 && data.Len()%4 != 0 {
			data.WriteByte(0)
		}
		index.Write(be.AppendUint32(be.AppendUint32(be.AppendUint32(be.AppendUint32(nil, tag), kind), uint32(data.Len())), 1))
		data.Write(value)
	}
	entry(1000, 6, append([]byte(name), 0))
	entry(1001, 6, append([]byte(version), 0))
	entry(1002, 6, append([]byte(release), 0))
	count := uint32(3)
	if epoch > 0 {
		entry(1003, 4, be.AppendUint32(nil, uint32(epoch)))
		count++
	}
	return append(append(be.AppendUint32(be.AppendUint32(nil, count), uint32(data.Len())), index.Bytes()...), data.Bytes()...)
}

func rpmSQLite(t testing.TB, path string, blobs ...[]byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("CREATE TABLE Packages (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL)"); err != nil {
		t.Fatal(err)
	}
	for _, b := range blobs {
		if _, err := db.Exec("INSERT INTO Packages (blob) VALUES (?)", b); err != nil {
			t.Fatal(err)
		}
	}
}

// rpmNDB is a database of SUSE's kind: one page of slots, then the blobs.
func rpmNDB(blobs ...[]byte) []byte {
	le := binary.LittleEndian
	b := make([]byte, 4096)
	copy(b, "RpmP")
	le.PutUint32(b[12:], 1)
	for at := 32; at < 4096; at += 16 {
		copy(b[at:], "Slot")
	}
	for i, blob := range blobs {
		slot := b[32+16*i:]
		le.PutUint32(slot[4:], uint32(i+1))
		le.PutUint32(slot[8:], uint32(len(b)/16))
		head := append([]byte("BlbS"), le.AppendUint32(le.AppendUint32(le.AppendUint32(nil, uint32(i+1)), 0), uint32(len(blob)))...)
		b = append(append(b, head...), blob...)
		for len(b)%16 != 0 {
			b = append(b, 0)
		}
	}
	return b
}

func TestRPM(t *testing.T) {
	openssl, key := rpmBlob("openssl-libs", "3.0.7", "27.el9", 1), rpmBlob("gpg-pubkey", "1", "1", 0)
	long := rpmBlob(strings.Repeat("a", 900), "2", "1", 0) // overflows into further pages of SQLite with its neighbours
	root := t.TempDir()
	rpmSQLite(t, filepath.Join(root, "var/lib/rpm/rpmdb.sqlite"), openssl, key, long)
	if err := os.MkdirAll(filepath.Join(root, "etc"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "etc/os-release"), []byte("ID=\"rocky\"\nVERSION_ID=\"9.4\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := deps.Installed(os.DirFS(root), func(p, reason string) { t.Errorf("%s: %s", p, reason) })
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"Rocky Linux:9 openssl-libs 1:3.0.7-27.el9", "Rocky Linux:9 " + strings.Repeat("a", 900) + " 2-1"}, spelt(got)); diff != "" {
		t.Error(diff)
	}

	ndb := fstest.MapFS{
		"etc/os-release":                      {Data: []byte("ID=opensuse-leap\nVERSION_ID=15.6\n")},
		"usr/lib/sysimage/rpm/Packages.db":    {Data: rpmNDB(openssl, key)},
		"opt/conda/conda-meta/numpy-1.json":   {Data: []byte(`{"name":"numpy","version":"1.26.0","files":[]}`)},
		"opt/conda/conda-meta/history":        {Data: []byte("x")},
		"x/var/lib/rpm/Packages":              {Data: []byte("berkeley")},
		"y/var/lib/rpm/rpmdb.sqlite":          {Data: []byte("SQLite format 3\x00 and no more")},
		"usr/lib/python3/dist-packages/a.egg": {Data: []byte("x")},
	}
	var unread []string
	if got, err = deps.Installed(ndb, func(p, _ string) { unread = append(unread, p) }); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"conda-forge numpy 1.26.0", "openSUSE:Leap 15.6 openssl-libs 1:3.0.7-27.el9"}, spelt(got)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"x/var/lib/rpm/Packages", "y/var/lib/rpm/rpmdb.sqlite"}, unread); diff != "" {
		t.Error("what cannot be read is told: " + diff)
	}
}

func FuzzRPM(f *testing.F) {
	f.Add(rpmNDB(rpmBlob("a", "1", "2", 3)))
	f.Add(rpmNDB())
	f.Fuzz(func(t *testing.T, b []byte) {
		system := fstest.MapFS{"var/lib/rpm/Packages.db": {Data: b}}
		if _, err := deps.Installed(system, func(string, string) {}); err != nil {
			t.Error(err)
		}
	})
}
