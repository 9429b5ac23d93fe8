package custody

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/reeve-ai/reeve/internal/tlog"
)

// tileDir are the tiles below a custody directory. They are derived from the leaves: nothing is lost with them, so they are
// written without a sync, checked when the log is opened and made again where they are missing.
type tileDir struct {
	dir   string                     // custody directory
	write func(string, []byte) error // writes a file; tests put a failing one in place
	made  string                     // the directory that was made last
}

func newTileDir(dir string) *tileDir {
	return &tileDir{dir: dir, write: func(path string, b []byte) error { return os.WriteFile(path, b, 0o600) }}
}

func (d *tileDir) path(t tlog.Tile) string { return filepath.Join(d.dir, filepath.FromSlash(t.Path())) }

func (d *tileDir) read(t tlog.Tile) ([]byte, error) { return os.ReadFile(d.path(t)) }

// put writes a tile that no checkpoint covers yet: nobody reads it.
func (d *tileDir) put(t tlog.Tile, b []byte) error {
	path := d.path(t)
	if parent := filepath.Dir(path); parent != d.made {
		if err := os.MkdirAll(parent, 0o700); err != nil {
			return fmt.Errorf("make directory of tiles: %w", err)
		}
		d.made = parent
	}
	if err := d.write(path, b); err != nil {
		return fmt.Errorf("write tile: %w", err)
	}
	return nil
}

// mend writes a tile that others may be reading, unless it is there already. It reports whether it wrote.
func (d *tileDir) mend(t tlog.Tile, b []byte) (bool, error) {
	if old, err := d.read(t); err == nil && bytes.Equal(old, b) {
		return false, nil
	}
	path := d.path(t)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return false, fmt.Errorf("make directory of tiles: %w", err)
	}
	if err := d.write(path+newSuffix, b); err != nil {
		return false, errors.Join(fmt.Errorf("write tile: %w", err), ignored(os.Remove(path+newSuffix)))
	}
	if err := os.Rename(path+newSuffix, path); err != nil {
		return false, fmt.Errorf("write tile: %w", err)
	}
	return true, nil
}

// drop removes partial tiles and the folders that become empty. What cannot be removed is only litter, which verify names.
func (d *tileDir) drop(tiles []tlog.Tile) {
	for _, t := range tiles {
		path := d.path(t)
		_ = os.Remove(path)
		_ = os.Remove(filepath.Dir(path)) // fails where something is left in it
	}
	d.made = ""
}

// names calls fn for every file below tile/, with its path in the custody directory; tile is nil for one that is none.
func (d *tileDir) names(fn func(path string, t *tlog.Tile) error) error {
	root := filepath.Join(d.dir, "tile")
	return filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // none yet, or gone since the folder was listed
		}
		if err != nil || e.IsDir() {
			return err
		}
		rel, err := filepath.Rel(d.dir, path)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		if t, err := tlog.ParseTilePath(rel); err == nil && e.Type().IsRegular() {
			return fn(rel, &t)
		}
		return fn(rel, nil)
	})
}

// tidy removes partial tiles that do not belong to a tree of that size, and unfinished files.
func (d *tileDir) tidy(size uint64) error {
	return d.names(func(path string, t *tlog.Tile) error {
		switch {
		case t != nil && t.Width != tlog.TileWidth && !t.In(size):
			d.drop([]tlog.Tile{*t})
		case t == nil && filepath.Ext(path) == newSuffix:
			return ignored(os.Remove(filepath.Join(d.dir, filepath.FromSlash(path))))
		}
		return nil
	})
}

// lacking are the full tiles of a tree of that size that are missing or have no plausible length, lower levels first.
func (d *tileDir) lacking(least, size uint64) []tlog.Tile {
	var out []tlog.Tile
	look := func(t tlog.Tile, least, most int64) {
		info, err := os.Stat(d.path(t))
		if err != nil || info.Size() < least || info.Size() > most {
			out = append(out, t)
		}
	}
	for n := least / tlog.TileWidth; n < size/tlog.TileWidth; n++ {
		look(tlog.Entries(n, tlog.TileWidth), 2*tlog.TileWidth, tlog.MaxBundle)
	}
	for level, hashes := 0, size; hashes >= tlog.TileWidth; level, hashes = level+1, hashes/tlog.TileWidth {
		for n := range hashes / tlog.TileWidth {
			look(tlog.Tile{Level: level, Index: n, Width: tlog.TileWidth}, tlog.TileSize, tlog.TileSize)
		}
	}
	return out
}

// remake makes one full tile again: from leaves, or from the tiles below it.
func (d *tileDir) remake(t tlog.Tile, leaves func(from, to uint64, fn func(leaf []byte, h Hash) error) error) error {
	var b []byte
	if t.Level <= 0 {
		err := leaves(t.First(), t.First()+tlog.TileWidth, func(leaf []byte, h Hash) (err error) {
			if t.IsEntries() {
				b, err = tlog.AppendEntry(b, leaf)
			} else {
				b = append(b, h[:]...)
			}
			return err
		})
		if err != nil {
			return err
		}
	} else {
		nodes := tlog.NewTileNodes((t.Index+1)<<8<<(8*uint(t.Level)), d.read)
		for i := range uint64(tlog.TileWidth) {
			h, err := nodes.Node(8*uint(t.Level), t.Index*tlog.TileWidth+i)
			if err != nil {
				return err
			}
			b = append(b, h[:]...)
		}
	}
	_, err := d.mend(t, b)
	return err
}

// dropBundles removes the bundles of which all leaves come before least.
func (d *tileDir) dropBundles(least uint64) error {
	return d.names(func(_ string, t *tlog.Tile) error {
		if t == nil || !t.IsEntries() || t.First()+tlog.TileWidth > least {
			return nil
		}
		if err := os.Remove(d.path(*t)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		_ = os.Remove(filepath.Dir(d.path(*t))) // fails where something is left in it
		return nil
	})
}

// wider reads a partial tile from whatever wider one lies at its place: as it is in a tree of size, or full.
func (d *tileDir) wider(size uint64) func(tlog.Tile) ([]byte, error) {
	return func(t tlog.Tile) ([]byte, error) {
		b, err := d.read(t.Full())
		for _, p := range tlog.PartialTiles(size) {
			if errors.Is(err, fs.ErrNotExist) && p.Level == t.Level && p.Index == t.Index {
				b, err = d.read(p)
			}
		}
		if errors.Is(err, fs.ErrNotExist) && t.Level > 0 {
			return d.fromBelow(t)
		}
		return b, err
	}
}

// fromBelow makes a tile from the full ones below it.
func (d *tileDir) fromBelow(t tlog.Tile) ([]byte, error) {
	var out []byte
	for i := range t.Width {
		raw, err := d.read(tlog.Tile{Level: t.Level - 1, Index: t.Index*tlog.TileWidth + uint64(i), Width: tlog.TileWidth})
		if err != nil {
			return nil, err
		}
		hashes, err := tlog.ParseTile(raw, tlog.TileWidth)
		if err != nil {
			return nil, err
		}
		var r tlog.Range
		for _, h := range hashes {
			r.Add(h)
		}
		root := r.Root()
		out = append(out, root[:]...)
	}
	return out, nil
}

// without are the tiles of a that are not in b.
func without(a, b []tlog.Tile) []tlog.Tile {
	return slices.DeleteFunc(slices.Clone(a), func(t tlog.Tile) bool { return slices.Contains(b, t) })
}
