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
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/reeve-ai/reeve/internal/deps"
)

const (
	manifestFile   = "manifest.json"
	statementFile  = "manifest.intoto.jsonl"
	formatVersion  = 2
	maxLine        = 64 << 20
	maxManifest    = 32 << 20
	indexExtension = ".osv.jsonl"
)

// Manifest says what a snapshot is.
type Manifest struct {
	Format     int                  `json:"format"`
	Imported   time.Time            `json:"imported"`
	Sources    []Source             `json:"sources"`
	Ecosystems map[string]Ecosystem `json:"ecosystems"`
	Signals    *Signals             `json:"signals,omitzero"` // nil where none were imported
}

// Source is what a snapshot was made from.
type Source struct {
	Name    string `json:"name"`
	SHA256  string `json:"sha256,omitzero"` // of the file; none for a folder
	Records int    `json:"records"`
}

// Stored is one file of a snapshot.
type Stored struct {
	File   string   `json:"file"`
	SHA256 string   `json:"sha256"`
	Size   int64    `json:"size"`   // bytes
	Blocks []string `json:"blocks"` // SHA-256 of each 256 KiB
}

// Ecosystem is what a snapshot has of one ecosystem.
type Ecosystem struct {
	Stored
	Packages int       `json:"packages"`
	Records  int       `json:"records"`
	Newest   time.Time `json:"newest_modified"` // of its advisories
}

func (s *Stored) open(dir string) (*blocks, error) {
	return openBlocks(filepath.Join(dir, s.File), s.File, s.Size, s.Blocks)
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

	mu      sync.Mutex
	files   map[string]*blocks
	signals *blocks
	looked  map[string]int              // look-ups by ecosystem
	places  map[string]map[string]int64 // where the line of a name begins, of ecosystems that were looked into often
	decoded map[[2]string]*entry        // what was looked up lately
}

// manyLookups is from when on reading a whole file once costs less than searching it by halves again and again.
const manyLookups = 2000

// maxDecoded bounds the entries that are kept decoded.
const maxDecoded = 4096

// Open opens the snapshot in dir. It returns ErrNone or ErrCorrupt (wrapped) where these are the reason.
func Open(dir string) (*DB, error) {
	m, err := readManifest(dir)
	if err != nil {
		return nil, err
	}
	return &DB{
		dir: dir, manifest: *m, files: map[string]*blocks{}, looked: map[string]int{}, places: map[string]map[string]int64{},
		decoded: map[[2]string]*entry{},
	}, nil
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
		return nil, fmt.Errorf("%w: format %d, this program knows %d: import it again", ErrCorrupt, m.Format, formatVersion)
	}
	if s := m.Signals; s != nil && s.File != signalsFile {
		return nil, fmt.Errorf("%w: the manifest names a file that is none of the snapshot's", ErrCorrupt)
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
	if db.signals != nil {
		all = errors.Join(all, db.signals.Close())
		db.signals = nil
	}
	return all
}

// Verify reads every file and compares it with the manifest. It returns ErrCorrupt (wrapped) for the first that differs.
func (db *DB) Verify() error {
	sums := map[string]string{}
	for _, e := range db.manifest.Ecosystems {
		sums[e.File] = e.SHA256
	}
	if s := db.manifest.Signals; s != nil {
		sums[s.File] = s.SHA256
	}
	for _, name := range slices.Sorted(maps.Keys(sums)) {
		f, err := os.Open(filepath.Join(db.dir, name))
		if err != nil {
			return fmt.Errorf("%w: %s is missing", ErrCorrupt, name)
		}
		h := sha256.New()
		_, err = io.Copy(h, f)
		if err = errors.Join(err, f.Close()); err != nil {
			return fmt.Errorf("read %s: %w", name, err)
		}
		if hex.EncodeToString(h.Sum(nil)) != sums[name] {
			return fmt.Errorf("%w: %s has other content than the manifest says", ErrCorrupt, name)
		}
	}
	return nil
}

// file is the open file of an ecosystem of the manifest. The caller holds the lock.
func (db *DB) file(ecosystem string) (*blocks, error) {
	if f := db.files[ecosystem]; f != nil {
		return f, nil
	}
	e := db.manifest.Ecosystems[ecosystem]
	f, err := e.open(db.dir)
	if err != nil {
		return nil, err
	}
	db.files[ecosystem] = f
	return f, nil
}

// Knows reports whether the snapshot has advisories for an ecosystem at all.
func (db *DB) Knows(ecosystem string) bool { return len(db.ecosystems(ecosystem)) > 0 }

// ecosystems are those of the snapshot that speak of packages of one: itself; its parts, as "Ubuntu:22.04" has "Ubuntu:22.04:LTS";
// and PyPI for conda, whose Python packages bear the same names and versions.
func (db *DB) ecosystems(name string) []string {
	var out []string
	for known := range db.manifest.Ecosystems {
		if known == name || strings.HasPrefix(known, name+":") && strings.Contains(name, ":") {
			out = append(out, known)
		}
	}
	if _, known := db.manifest.Ecosystems["PyPI"]; known && name == deps.Conda && len(out) == 0 {
		out = append(out, "PyPI")
	}
	slices.Sort(out)
	return out
}

// Find returns the advisories that speak of a version of a package, in the order of their ids, those in doubt among them.
func (db *DB) Find(ecosystem, name, version string) ([]Match, error) {
	var out []Match
	for _, part := range db.ecosystems(ecosystem) {
		e, err := db.entry(part, normal(part, name))
		if err != nil {
			return nil, err
		}
		if e == nil {
			continue
		}
		v, ok := parseVersion(part, version)
		for i := range e.Advisories {
			a := &e.Advisories[i]
			seen := slices.ContainsFunc(out, func(m Match) bool { return m.ID == a.ID })
			sure := a.affects(part, version, v, ok)
			if !seen && (sure || a.doubts(part, v, ok)) {
				out = append(out, Match{
					ID: a.ID, Aliases: a.Aliases, Summary: a.Summary, Severity: a.Severity, Fixed: a.fixes(part, v, ok), Doubt: !sure,
				})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Match) int { return strings.Compare(a.ID, b.ID) })
	return out, nil
}

// entry is what the snapshot has of a package, nil where that is nothing.
func (db *DB) entry(ecosystem, name string) (*entry, error) {
	db.mu.Lock()
	defer db.mu.Unlock()
	key := [2]string{ecosystem, name}
	if e, known := db.decoded[key]; known {
		return e, nil
	}
	line, err := db.line(ecosystem, name)
	if err != nil {
		return nil, err
	}
	var e *entry
	if line != nil {
		e = &entry{}
		if err := json.Unmarshal(line, e); err != nil || e.Name != name {
			return nil, fmt.Errorf("%w: a line of %s", ErrCorrupt, fileOf(ecosystem))
		}
	}
	if len(db.decoded) >= maxDecoded {
		clear(db.decoded)
	}
	db.decoded[key] = e
	return e, nil
}

// line is the line of a package. The caller holds the lock.
func (db *DB) line(ecosystem, name string) ([]byte, error) {
	f, err := db.file(ecosystem)
	if err != nil {
		return nil, err
	}
	if db.looked[ecosystem]++; db.looked[ecosystem] < manyLookups {
		return search(f, name)
	}
	if db.places[ecosystem] == nil {
		if db.places[ecosystem], err = placesOf(f); err != nil {
			return nil, err
		}
	}
	at, known := db.places[ecosystem][name]
	if !known {
		return nil, nil
	}
	return wholeLine(f, at)
}

// placesOf are the names of a file with the offsets of their lines.
func placesOf(f *blocks) (map[string]int64, error) {
	out := map[string]int64{}
	r := bufio.NewReaderSize(io.NewSectionReader(f, 0, 1<<62), 1<<20)
	for at := int64(0); ; {
		head, err := r.ReadSlice('\n')
		n := int64(len(head))
		if len(head) > 0 {
			var name string
			d := jsontext.NewDecoder(bytes.NewReader(bytes.TrimPrefix(head, []byte(`{"name":`))))
			if v, e := d.ReadValue(); e != nil || json.Unmarshal(v, &name) != nil {
				return nil, fmt.Errorf("%w: a line without a name", ErrCorrupt)
			}
			out[name] = at
		}
		for errors.Is(err, bufio.ErrBufferFull) {
			head, err = r.ReadSlice('\n')
			n += int64(len(head))
		}
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("search vulnerabilities: %w", err)
		}
		at += n
	}
}

// search finds the line of a name by halves. Lines begin with {"name":"…" and are sorted by the bytes of that.
func search(f *blocks, name string) ([]byte, error) {
	want := linePrefix(name)
	low, high := int64(0), f.size
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
func lineAt(f *blocks, at, end int64, n int) (start int64, head []byte, err error) {
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

func wholeLine(f *blocks, start int64) ([]byte, error) {
	r := bufio.NewReaderSize(io.NewSectionReader(f, start, maxLine), 64<<10)
	line, err := r.ReadBytes('\n')
	if errors.Is(err, ErrCorrupt) {
		return nil, err
	}
	if err != nil {
		return nil, fmt.Errorf("%w: a line without an end", ErrCorrupt)
	}
	return line, nil
}
