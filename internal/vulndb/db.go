package vulndb

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
)

const (
	manifestFile   = "manifest.json"
	statementFile  = "manifest.intoto.jsonl"
	formatVersion  = 1
	maxLine        = 64 << 20
	maxManifest    = 4 << 20
	indexExtension = ".osv.jsonl"
)

// Manifest says what a snapshot is.
type Manifest struct {
	Format     int                  `json:"format"`
	Imported   time.Time            `json:"imported"`
	Sources    []Source             `json:"sources"`
	Ecosystems map[string]Ecosystem `json:"ecosystems"`
}

// Source is what a snapshot was made from.
type Source struct {
	Name    string `json:"name"`
	SHA256  string `json:"sha256,omitzero"` // of the file; none for a folder
	Records int    `json:"records"`
}

// Ecosystem is one file of a snapshot.
type Ecosystem struct {
	File     string    `json:"file"`
	SHA256   string    `json:"sha256"`
	Packages int       `json:"packages"`
	Records  int       `json:"records"`
	Newest   time.Time `json:"newest_modified"` // of its advisories
}

// Newest is the time of the youngest advisory.
func (m *Manifest) Newest() time.Time {
	var t time.Time
	for _, e := range m.Ecosystems {
		if e.Newest.After(t) {
			t = e.Newest
		}
	}
	return t
}

// DB is an open snapshot.
type DB struct {
	dir      string
	manifest Manifest

	mu    sync.Mutex
	files map[string]*os.File
}

// Open opens the snapshot in dir. It returns ErrNone or ErrCorrupt (wrapped) where these are the reason.
func Open(dir string) (*DB, error) {
	m, err := readManifest(dir)
	if err != nil {
		return nil, err
	}
	return &DB{dir: dir, manifest: *m, files: map[string]*os.File{}}, nil
}

func readManifest(dir string) (*Manifest, error) {
	f, err := os.Open(filepath.Join(dir, manifestFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", dir, ErrNone)
	}
	if err != nil {
		return nil, fmt.Errorf("open vulnerability snapshot: %w", err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxManifest+1))
	if err != nil || len(b) > maxManifest {
		return nil, fmt.Errorf("%w: its manifest cannot be read", ErrCorrupt)
	}
	var m Manifest
	if err := json.Unmarshal(b, &m, json.RejectUnknownMembers(true)); err != nil {
		return nil, fmt.Errorf("%w: its manifest is no sound JSON", ErrCorrupt)
	}
	if m.Format != formatVersion {
		return nil, fmt.Errorf("%w: format %d, this program knows %d", ErrCorrupt, m.Format, formatVersion)
	}
	for name, e := range m.Ecosystems {
		if e.File != fileOf(name) {
			return nil, fmt.Errorf("%w: the manifest names a file that is none of the snapshot's", ErrCorrupt)
		}
	}
	return &m, nil
}

// fileOf is the file of an ecosystem.
func fileOf(ecosystem string) string {
	safe := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '-' {
			return r
		}
		return '_'
	}, ecosystem)
	return strings.TrimLeft(safe, ".") + indexExtension
}

// Manifest is what the snapshot says of itself.
func (db *DB) Manifest() Manifest { return db.manifest }

// Close closes the files.
func (db *DB) Close() error {
	db.mu.Lock()
	defer db.mu.Unlock()
	var all error
	for _, f := range db.files {
		all = errors.Join(all, f.Close())
	}
	clear(db.files)
	return all
}

// Verify reads every file and compares it with the manifest. It returns ErrCorrupt (wrapped) for the first that differs.
func (db *DB) Verify() error {
	for name, e := range db.manifest.Ecosystems {
		f, err := db.file(name)
		if err != nil {
			return err
		}
		h := sha256.New()
		info, err := f.Stat()
		if err == nil {
			_, err = io.Copy(h, io.NewSectionReader(f, 0, info.Size()))
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", e.File, err)
		}
		if hex.EncodeToString(h.Sum(nil)) != e.SHA256 {
			return fmt.Errorf("%w: %s has other content than the manifest says", ErrCorrupt, e.File)
		}
	}
	return nil
}

func (db *DB) file(ecosystem string) (*os.File, error) {
	db.mu.Lock()
	defer db.mu.Unlock()
	if f := db.files[ecosystem]; f != nil {
		return f, nil
	}
	e, known := db.manifest.Ecosystems[ecosystem]
	if !known {
		return nil, nil
	}
	f, err := os.Open(filepath.Join(db.dir, e.File))
	if err != nil {
		return nil, fmt.Errorf("%w: %s is missing", ErrCorrupt, e.File)
	}
	db.files[ecosystem] = f
	return f, nil
}

// Knows reports whether the snapshot has advisories for an ecosystem at all.
func (db *DB) Knows(ecosystem string) bool {
	_, known := db.manifest.Ecosystems[ecosystem]
	return known
}

// Find returns the advisories that speak of a version of a package, in the order of their ids.
func (db *DB) Find(ecosystem, name, version string) ([]Match, error) {
	f, err := db.file(ecosystem)
	if f == nil || err != nil {
		return nil, err
	}
	line, err := search(f, normal(ecosystem, name))
	if line == nil || err != nil {
		return nil, err
	}
	var e entry
	if err := json.Unmarshal(line, &e); err != nil {
		return nil, fmt.Errorf("%w: a line of %s", ErrCorrupt, fileOf(ecosystem))
	}
	var out []Match
	for i := range e.Advisories {
		a := &e.Advisories[i]
		if a.affects(ecosystem, version) {
			out = append(out, Match{ID: a.ID, Aliases: a.Aliases, Summary: a.Summary, Severity: a.Severity, Fixed: a.fixes(ecosystem, version)})
		}
	}
	return out, nil
}

// search finds the line of a name by halves. Lines begin with {"name":"…" and are sorted by the bytes of that.
func search(f *os.File, name string) ([]byte, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("search vulnerabilities: %w", err)
	}
	want := linePrefix(name)
	low, high := int64(0), info.Size()
	for low < high {
		mid := low + (high-low)/2
		start, line, err := lineAt(f, mid, high, len(want))
		if err != nil {
			return nil, err
		}
		if start >= high { // no line begins in the upper half
			high = mid
			continue
		}
		switch c := bytes.Compare(line, want); {
		case c == 0:
			return wholeLine(f, start)
		case c < 0:
			low = start + 1
		default:
			high = mid
		}
	}
	return nil, nil
}

// linePrefix is how the line of a name begins.
func linePrefix(name string) []byte {
	b, err := json.Marshal(name)
	if err != nil {
		b = []byte(`""`)
	}
	return append([]byte(`{"name":`), b...)
}

// lineAt finds the first line that begins at or after an offset, and returns its first n bytes.
func lineAt(f *os.File, at, end int64, n int) (start int64, head []byte, err error) {
	start = at
	if at > 0 {
		r := bufio.NewReaderSize(io.NewSectionReader(f, at-1, end-at+1), 4096)
		for {
			part, err := r.ReadSlice('\n')
			start += int64(len(part))
			if err == nil {
				start--
				break
			}
			if errors.Is(err, io.EOF) {
				return end, nil, nil
			}
			if !errors.Is(err, bufio.ErrBufferFull) {
				return 0, nil, fmt.Errorf("search vulnerabilities: %w", err)
			}
		}
	}
	head = make([]byte, n)
	k, err := f.ReadAt(head, start)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, nil, fmt.Errorf("search vulnerabilities: %w", err)
	}
	return start, head[:k], nil
}

func wholeLine(f *os.File, start int64) ([]byte, error) {
	r := bufio.NewReaderSize(io.NewSectionReader(f, start, maxLine), 64<<10)
	line, err := r.ReadBytes('\n')
	if err != nil {
		return nil, fmt.Errorf("%w: a line without an end", ErrCorrupt)
	}
	return line, nil
}
