package vulndb

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/reeve-ai/reeve/internal/attest"
)

// PredicateType is that of a snapshot's statement: its predicate is the Manifest, its subjects are the files.
const PredicateType = "https://github.com/reeve-ai/reeve/attestation/vulndb/v1"

// Sign puts a statement about a snapshot beside its manifest.
func Sign(dir string, key *attest.PrivateKey) error {
	m, err := readManifest(dir)
	if err != nil {
		return err
	}
	var subjects []attest.Resource
	for _, name := range slices.Sorted(maps.Keys(m.Ecosystems)) {
		e := m.Ecosystems[name]
		subjects = append(subjects, attest.Resource{Name: e.File, Digest: map[string]string{"sha256": e.SHA256}})
	}
	if s := m.Signals; s != nil {
		subjects = append(subjects, attest.Resource{Name: s.File, Digest: map[string]string{"sha256": s.SHA256}})
	}
	e, err := attest.Sign(PredicateType, subjects, m, key)
	if err != nil {
		return fmt.Errorf("sign snapshot: %w", err)
	}
	line, err := e.MarshalLine()
	if err != nil {
		return fmt.Errorf("sign snapshot: %w", err)
	}
	_, err = replace(filepath.Join(dir, statementFile), func(w io.Writer) error {
		_, err := w.Write(line)
		return err
	})
	return err
}

// VerifySigned checks that the manifest in dir is the one that a trusted key signed. The files are checked by DB.Verify.
func VerifySigned(dir string, keys ...*attest.PublicKey) error {
	m, err := readManifest(dir)
	if err != nil {
		return err
	}
	f, err := os.Open(filepath.Join(dir, statementFile))
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: the snapshot is not signed", attest.ErrSignature)
	}
	if err != nil {
		return fmt.Errorf("verify snapshot: %w", err)
	}
	defer f.Close()
	lines, err := attest.ReadLines(f)
	if err != nil {
		return fmt.Errorf("verify snapshot: %w", err)
	}
	s, _, err := attest.Open(lines[0], keys...)
	if err != nil {
		return fmt.Errorf("verify snapshot: %w", err)
	}
	want, err := json.Marshal(m, json.Deterministic(true))
	if err != nil {
		return fmt.Errorf("verify snapshot: %w", err)
	}
	var signed Manifest
	if s.PredicateType != PredicateType || json.Unmarshal(s.Predicate, &signed) != nil {
		return fmt.Errorf("%w: the statement is about something else", attest.ErrMalformed)
	}
	if got, err := json.Marshal(signed, json.Deterministic(true)); err != nil || string(got) != string(want) {
		return fmt.Errorf("%w: the signed manifest is another", ErrCorrupt)
	}
	return nil
}

// Export writes a snapshot with its statement as one zip, to be carried where there is no network.
func Export(dir string, w io.Writer) error {
	m, err := readManifest(dir)
	if err != nil {
		return err
	}
	names := []string{manifestFile}
	if _, err := os.Stat(filepath.Join(dir, statementFile)); err == nil {
		names = append(names, statementFile)
	}
	for _, name := range slices.Sorted(maps.Keys(m.Ecosystems)) {
		names = append(names, m.Ecosystems[name].File)
	}
	if m.Signals != nil {
		names = append(names, signalsFile)
	}
	z := zip.NewWriter(w)
	for _, name := range names {
		if err := exportFile(z, dir, name); err != nil {
			return fmt.Errorf("export snapshot: %w", err)
		}
	}
	return z.Close()
}

func exportFile(z *zip.Writer, dir, name string) error {
	f, err := os.Open(filepath.Join(dir, name))
	if err != nil {
		return err
	}
	defer f.Close()
	out, err := z.Create(name)
	if err == nil {
		_, err = io.Copy(out, f)
	}
	return err
}

// Carried puts an exported snapshot in dir. It refuses one whose files are not those of its manifest, one that goes back, and
// where keys are given one that none of them signed.
func Carried(dir, path string, keys ...*attest.PublicKey) (*Manifest, error) {
	z, err := zip.OpenReader(path)
	if err != nil {
		return nil, fmt.Errorf("import %s: no sound zip", path)
	}
	defer z.Close()
	tmp, err := os.MkdirTemp(filepath.Dir(filepath.Clean(dir)), ".reeve-vulndb-*")
	if err != nil {
		return nil, fmt.Errorf("import: %w", err)
	}
	defer os.RemoveAll(tmp)
	if err := unpackSnapshot(&z.Reader, tmp); err != nil {
		return nil, fmt.Errorf("import %s: %w", path, err)
	}
	db, err := Open(tmp)
	if err != nil {
		return nil, err
	}
	err = errors.Join(db.Verify(), db.Close())
	if err == nil && len(keys) > 0 {
		err = VerifySigned(tmp, keys...)
	}
	if err != nil {
		return nil, err
	}
	m := db.Manifest()
	if err := m.notBefore(dir); err != nil {
		return nil, err
	}
	return &m, swap(tmp, dir, &m)
}

// IsExport reports whether a zip is an exported snapshot.
func IsExport(path string) bool {
	z, err := zip.OpenReader(path)
	if err != nil {
		return false
	}
	defer z.Close()
	return slices.ContainsFunc(z.File, func(f *zip.File) bool { return f.Name == manifestFile })
}

// unpackSnapshot writes the files that a snapshot may have, by their sizes and digests bounded by the manifest.
func unpackSnapshot(z *zip.Reader, dir string) error {
	for _, f := range z.File {
		if f.Name != manifestFile && f.Name != statementFile && f.Name != signalsFile && f.Name != fileOf(trimExtension(f.Name)) {
			return fmt.Errorf("%w: it holds a file that is none of a snapshot", ErrCorrupt)
		}
		r, err := f.Open()
		if err != nil {
			return err
		}
		_, err = replace(filepath.Join(dir, f.Name), func(w io.Writer) error {
			n, err := io.Copy(w, io.LimitReader(r, maxSnapshot+1))
			if err == nil && n > maxSnapshot {
				err = fmt.Errorf("%w: a file of more than %d bytes", ErrCorrupt, int64(maxSnapshot))
			}
			return err
		})
		if err = errors.Join(err, r.Close()); err != nil {
			return err
		}
	}
	return nil
}

const maxSnapshot = 16 << 30

func trimExtension(name string) string {
	if n := len(name) - len(indexExtension); n > 0 && name[n:] == indexExtension {
		return name[:n]
	}
	return name
}

// notBefore refuses to go back behind the snapshot in dir.
func (m *Manifest) notBefore(dir string) error {
	c := collection{newest: map[string]time.Time{}}
	for name, e := range m.Ecosystems {
		c.newest[name] = e.Newest
	}
	old, err := c.compareWith(dir)
	if err != nil || old == nil || old.Signals == nil {
		return err
	}
	if m.Signals == nil || m.Signals.EPSS.Before(old.Signals.EPSS) || m.Signals.KEV.Before(old.Signals.KEV) {
		return fmt.Errorf("%w: what is known of exploitation is older, or missing", ErrRollback)
	}
	return nil
}

// swap moves the files into place, the manifest last.
func swap(from, dir string, m *Manifest) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("import: %w", err)
	}
	names := []string{}
	for _, e := range m.Ecosystems {
		names = append(names, e.File)
	}
	if m.Signals != nil {
		names = append(names, signalsFile)
	}
	_ = os.Remove(filepath.Join(dir, statementFile))
	if _, err := os.Stat(filepath.Join(from, statementFile)); err == nil {
		names = append(names, statementFile)
	}
	for _, name := range append(names, manifestFile) {
		if err := os.Rename(filepath.Join(from, name), filepath.Join(dir, name)); err != nil {
			return fmt.Errorf("import: %w", err)
		}
	}
	return nil
}
