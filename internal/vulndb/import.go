package vulndb

import (
	"archive/zip"
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/reeve-ai/reeve"
)

// ImportOptions say what a snapshot is made from.
type ImportOptions struct {
	Sources []string // zip files of advisories (all.zip of osv.dev) and folders with one JSON file an advisory
	Clock   reeve.Clock
}

// Import makes a snapshot in dir, which replaces the one that is there. It refuses to go back: an ecosystem whose youngest advisory is
// older than before, or that is missing, is ErrRollback. An advisory that cannot be read fails the import.
func Import(dir string, o ImportOptions) (*Manifest, error) {
	now := o.Clock().UTC().Truncate(time.Second)
	c := collection{now: now, byPackage: map[[2]string]map[string]Advisory{}, newest: map[string]time.Time{}, records: map[string]map[string]bool{}}
	m := &Manifest{Format: formatVersion, Imported: now, Ecosystems: map[string]Ecosystem{}}
	for _, s := range o.Sources {
		source, err := c.add(s)
		if err != nil {
			return nil, fmt.Errorf("import %s: %w", s, err)
		}
		m.Sources = append(m.Sources, source)
	}
	if len(c.byPackage) == 0 {
		return nil, errors.New("import: no advisory about a package was found")
	}
	old, err := c.compareWith(dir)
	if err != nil {
		return nil, err
	}
	if old != nil {
		m.Signals = old.Signals // they are imported by themselves
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("import: %w", err)
	}
	if err := c.write(dir, m); err != nil {
		return nil, fmt.Errorf("import: %w", err)
	}
	return m, nil
}

// collection are advisories by package while they are gathered.
type collection struct {
	now       time.Time
	byPackage map[[2]string]map[string]Advisory // by id
	newest    map[string]time.Time
	records   map[string]map[string]bool
}

func (c *collection) add(path string) (Source, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Source{}, err
	}
	s := Source{Name: filepath.Base(path)}
	if info.IsDir() {
		err = filepath.WalkDir(path, func(p string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() || !strings.HasSuffix(p, ".json") {
				return err
			}
			f, err := os.Open(p)
			if err != nil {
				return err
			}
			defer f.Close()
			return c.read(&s, d.Name(), f)
		})
		return s, err
	}
	return s, c.addZip(&s, path)
}

func (c *collection) addZip(s *Source, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.Copy(h, f)
	if err != nil {
		return err
	}
	s.SHA256 = hex.EncodeToString(h.Sum(nil))
	z, err := zip.NewReader(f, n)
	if err != nil {
		return errors.New("no sound zip of advisories")
	}
	for _, member := range z.File {
		if !strings.HasSuffix(member.Name, ".json") {
			continue
		}
		r, err := member.Open()
		if err == nil {
			err = errors.Join(c.read(s, member.Name, r), r.Close())
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *collection) read(s *Source, name string, r io.Reader) error {
	text, err := io.ReadAll(io.LimitReader(r, maxRecord+1))
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	record, err := parseRecord(text)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	s.Records++
	for key, a := range record.kept() {
		ecosystem := key[0]
		modified := record.Modified
		if modified.After(c.now) {
			modified = c.now // a date to come would keep out every later snapshot
		}
		if modified.After(c.newest[ecosystem]) {
			c.newest[ecosystem] = modified
		}
		if record.Withdrawn != nil {
			continue
		}
		if c.byPackage[key] == nil {
			c.byPackage[key] = map[string]Advisory{}
		}
		c.byPackage[key][a.ID] = a
		if c.records[ecosystem] == nil {
			c.records[ecosystem] = map[string]bool{}
		}
		c.records[ecosystem][a.ID] = true
	}
	return nil
}

// compareWith refuses to go back behind the snapshot in dir, and returns its manifest, nil where there is none.
func (c *collection) compareWith(dir string) (*Manifest, error) {
	old, err := readManifest(dir)
	if errors.Is(err, ErrNone) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	for name, e := range old.Ecosystems {
		if c.newest[name].Before(e.Newest) {
			return nil, fmt.Errorf("%w: the youngest advisory of %s is of %s, before of %s", ErrRollback, name,
				c.newest[name].Format(time.RFC3339), e.Newest.Format(time.RFC3339))
		}
	}
	return old, nil
}

// write puts the files and then the manifest in place. Between the two a reader finds files that the manifest does not know, which
// Verify tells; a reader that has them open keeps the old ones.
func (c *collection) write(dir string, m *Manifest) error {
	byEcosystem := map[string][]string{}
	for key := range c.byPackage {
		byEcosystem[key[0]] = append(byEcosystem[key[0]], key[1])
	}
	for ecosystem, names := range byEcosystem {
		// Sorted as search compares: by the bytes of the beginning of the line.
		slices.SortFunc(names, func(a, b string) int { return strings.Compare(string(linePrefix(a)), string(linePrefix(b))) })
		e := Ecosystem{Packages: len(names), Records: len(c.records[ecosystem]), Newest: c.newest[ecosystem]}
		var err error
		e.Stored, err = replace(filepath.Join(dir, fileOf(ecosystem)), func(w io.Writer) error { return c.writeLines(w, ecosystem, names) })
		if err != nil {
			return err
		}
		m.Ecosystems[ecosystem] = e
	}
	return m.write(dir)
}

// write puts a manifest in place, and removes the statement about the one that was there.
func (m *Manifest) write(dir string) error {
	text, err := json.Marshal(m, json.Deterministic(true))
	if err != nil {
		return err
	}
	if err := os.Remove(filepath.Join(dir, statementFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	_, err = replace(filepath.Join(dir, manifestFile), func(w io.Writer) error {
		_, err := w.Write(append(text, '\n'))
		return err
	})
	return err
}

func (c *collection) writeLines(w io.Writer, ecosystem string, names []string) error {
	for _, name := range names {
		e := entry{Name: name}
		for _, a := range c.byPackage[[2]string{ecosystem, name}] {
			e.Advisories = append(e.Advisories, a)
		}
		slices.SortFunc(e.Advisories, func(a, b Advisory) int { return strings.Compare(a.ID, b.ID) })
		line, err := json.Marshal(e)
		if err == nil {
			_, err = w.Write(append(line, '\n'))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// replace writes a file whole or not at all.
func replace(path string, fill func(io.Writer) error) (Stored, error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".reeve-*")
	if err != nil {
		return Stored{}, err
	}
	h, b := sha256.New(), newBlockSums()
	w := bufio.NewWriterSize(io.MultiWriter(f, h, b), 1<<20)
	err = errors.Join(fill(w), w.Flush(), f.Chmod(0o644), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return Stored{}, errors.Join(err, os.Remove(f.Name()))
	}
	b.end()
	return Stored{File: filepath.Base(path), SHA256: hex.EncodeToString(h.Sum(nil)), Size: b.size, Blocks: b.sums}, nil
}
