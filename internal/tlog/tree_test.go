package tlog_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"pgregory.net/rapid"

	"github.com/reeve-ai/reeve/internal/tlog"
)

func TestTilePaths(t *testing.T) {
	for _, tt := range []struct {
		tile tlog.Tile
		path string
	}{
		{tlog.Tile{Level: 0, Index: 0, Width: 256}, "tile/0/000"},
		{tlog.Tile{Level: 0, Index: 1234067, Width: 256}, "tile/0/x001/x234/067"},
		{tlog.Tile{Level: 2, Index: 1000, Width: 17}, "tile/2/x001/000.p/17"},
		{tlog.Tile{Level: 63, Index: 999, Width: 255}, "tile/63/999.p/255"},
		{tlog.Entries(7, 256), "tile/entries/007"},
		{tlog.Entries(1<<56, 1), "tile/entries/x072/x057/x594/x037/x927/936.p/1"},
	} {
		if got := tt.tile.Path(); got != tt.path {
			t.Errorf("%+v: %s, want %s", tt.tile, got, tt.path)
		}
		if got, err := tlog.ParseTilePath(tt.path); err != nil || got != tt.tile {
			t.Errorf("%s: %+v %v", tt.path, got, err)
		}
	}
	for _, bad := range []string{
		"", "tile", "tile/0", "tile/0/", "tile/00/000", "tile/64/000", "tile/-1/000", "tile/0/1", "tile/0/0000", "tile/0/x000/001",
		"tile/0/001/001", "tile/0/x001/x001", "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/01", "tile/0/000.p", "tile/0/000.p/",
		"tile/8/0/000", "tile/entries/+00", "tile/0/000 ", "Tile/0/000", "tile/0/x999/x999/x999/x999/x999/x999/x999/999",
	} {
		if got, err := tlog.ParseTilePath(bad); err == nil {
			t.Errorf("%q is read as %+v", bad, got)
		}
	}
}

func TestPartialTiles(t *testing.T) {
	for _, tt := range []struct {
		size uint64
		want []string
	}{
		{0, nil},
		{255, []string{"tile/entries/000.p/255", "tile/0/000.p/255"}},
		{256, []string{"tile/1/000.p/1"}},
		{70000, []string{"tile/entries/273.p/112", "tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1"}},
		{65536, []string{"tile/2/000.p/1"}},
	} {
		var got []string
		for _, tile := range tlog.PartialTiles(tt.size) {
			got = append(got, tile.Path())
			if !tile.In(tt.size) || tile.In(tt.size+1) && tile.Level < 1 {
				t.Errorf("%s: in %d %v, in the next %v", tile.Path(), tt.size, tile.In(tt.size), tile.In(tt.size+1))
			}
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%d: %s", tt.size, diff)
		}
	}
}

func entry(i int) []byte { return fmt.Appendf(nil, "entry %d", i) }

// grow builds a tree of n leaves and calls at for each size.
func grow(t testing.TB, n int, at func(size int, b *tlog.Builder)) store {
	t.Helper()
	s := store{}
	b := tlog.NewBuilder(s.put)
	for i := range n {
		if err := b.Add(entry(i), tlog.LeafHash(entry(i))); err != nil {
			t.Fatal(err)
		}
		if at != nil {
			at(i+1, b)
		}
	}
	if err := b.Partial(s.put); err != nil {
		t.Fatal(err)
	}
	return s
}

// TestRoots holds the builder, the compact range and the tiles against each other at every size, over two levels of tiles.
func TestRoots(t *testing.T) {
	const n = 70000
	var r tlog.Range
	roots := make([]tlog.Hash, n+1)
	roots[0] = r.Root()
	s := grow(t, n, func(size int, b *tlog.Builder) {
		r.Add(tlog.LeafHash(entry(size - 1)))
		roots[size] = r.Root()
		if size%97 == 0 && b.Root() != roots[size] {
			t.Fatalf("roots differ at %d", size)
		}
	})
	if !r.Valid() {
		t.Error("the range is not valid")
	}
	nodes := tlog.NewTileNodes(n, s.read)
	for size := 0; size <= n; size += 313 {
		if got, err := tlog.RootAt(nodes, uint64(size)); err != nil || got != roots[size] {
			t.Fatalf("root at %d from tiles: %v", size, err)
		}
	}
}

// TestResume shows that a builder that goes on from tiles makes the same tiles.
func TestResume(t *testing.T) {
	want := grow(t, 66000, nil)
	for _, at := range []int{0, 1, 255, 256, 257, 511, 65535, 65536, 65537} {
		s := grow(t, at, nil)
		b := tlog.NewBuilder(s.put)
		if err := b.Resume(uint64(at), s.read); err != nil {
			t.Fatalf("resume at %d: %v", at, err)
		}
		for i := at; i < 66000; i++ {
			if err := b.Add(entry(i), tlog.LeafHash(entry(i))); err != nil {
				t.Fatal(err)
			}
		}
		if err := b.Partial(s.put); err != nil {
			t.Fatal(err)
		}
		for tile, bytes := range want {
			if string(s[tile]) != string(bytes) {
				t.Errorf("resumed at %d: %s differs", at, tile.Path())
			}
		}
	}
	s := grow(t, 300, nil)
	s[tlog.Tile{Level: 0, Index: 1, Width: 44}][5] ^= 1
	if err := tlog.NewBuilder(s.put).Resume(300, s.read); err == nil {
		t.Error("a tile that does not fit its entries is taken over")
	}
}

// TestProofs makes proofs for drawn sizes and holds them against transparency-dev/merkle; a changed proof must fail.
func TestProofs(t *testing.T) {
	const n = 1100
	var roots []tlog.Hash
	var r tlog.Range
	roots = append(roots, r.Root())
	s := grow(t, n, func(size int, _ *tlog.Builder) {
		r.Add(tlog.LeafHash(entry(size - 1)))
		roots = append(roots, r.Root())
	})
	nodes := tlog.NewTileNodes(n, s.read)
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.Uint64Range(1, n).Draw(t, "size")
		index := rapid.Uint64Range(0, size-1).Draw(t, "index")
		old := rapid.Uint64Range(0, size).Draw(t, "old")
		leaf := tlog.LeafHash(entry(int(index)))
		inclusion, err := tlog.Inclusion(nodes, index, size)
		if err != nil {
			t.Fatal(err)
		}
		if err := tlog.VerifyInclusion(leaf, index, size, inclusion, roots[size]); err != nil {
			t.Fatal(err)
		}
		if err := proof.VerifyInclusion(rfc6962.DefaultHasher, index, size, leaf[:], slices(inclusion), roots[size][:]); err != nil {
			t.Fatal(err)
		}
		consistency, err := tlog.Consistency(nodes, old, size)
		if err != nil {
			t.Fatal(err)
		}
		if err := tlog.VerifyConsistency(old, size, consistency, roots[old], roots[size]); err != nil {
			t.Fatal(err)
		}
		if old > 0 {
			if err := proof.VerifyConsistency(rfc6962.DefaultHasher, old, size, slices(consistency), roots[old][:], roots[size][:]); err != nil {
				t.Fatal(err)
			}
		}
		mustFail(t, inclusion, func(p []tlog.Hash) error { return tlog.VerifyInclusion(leaf, index, size, p, roots[size]) })
		mustFail(t, consistency, func(p []tlog.Hash) error { return tlog.VerifyConsistency(old, size, p, roots[old], roots[size]) })
	})
}

func slices(p []tlog.Hash) [][]byte {
	out := [][]byte{}
	for i := range p {
		out = append(out, p[i][:])
	}
	return out
}

// mustFail changes a proof in every place and shortens and lengthens it.
func mustFail(t *rapid.T, p []tlog.Hash, verify func([]tlog.Hash) error) {
	for i := range p {
		p[i][i%tlog.HashSize] ^= 1
		if verify(p) == nil {
			t.Fatalf("hash %d changed and not noticed", i)
		}
		p[i][i%tlog.HashSize] ^= 1
	}
	if verify(append(p[:len(p):len(p)], tlog.Hash{})) == nil {
		t.Fatal("a longer proof passes")
	}
	if len(p) > 0 && verify(p[:len(p)-1]) == nil {
		t.Fatal("a shorter proof passes")
	}
}

// TestProofsAgree gives both verifiers proofs that do not fit and wants the same answer.
func TestProofsAgree(t *testing.T) {
	const n = 64
	var roots []tlog.Hash
	var r tlog.Range
	roots = append(roots, r.Root())
	s := grow(t, n, func(size int, _ *tlog.Builder) {
		r.Add(tlog.LeafHash(entry(size - 1)))
		roots = append(roots, r.Root())
	})
	nodes := tlog.NewTileNodes(n, s.read)
	rapid.Check(t, func(t *rapid.T) {
		draw := rapid.Uint64Range(1, n)
		size, claimed := draw.Draw(t, "size"), draw.Draw(t, "claimed")
		index := rapid.Uint64Range(0, size-1).Draw(t, "index")
		at := rapid.Uint64Range(0, n-1).Draw(t, "at")
		p, err := tlog.Inclusion(nodes, index, size)
		if err != nil {
			t.Fatal(err)
		}
		leaf := tlog.LeafHash(entry(int(at)))
		ours := tlog.VerifyInclusion(leaf, at, claimed, p, roots[claimed])
		theirs := proof.VerifyInclusion(rfc6962.DefaultHasher, at, claimed, leaf[:], slices(p), roots[claimed][:])
		if (ours == nil) != (theirs == nil) {
			t.Fatalf("inclusion: ours %v, theirs %v", ours, theirs)
		}
		old, claimedOld := draw.Draw(t, "old"), draw.Draw(t, "claimed old")
		p, err = tlog.Consistency(nodes, min(old, size), size)
		if err != nil {
			t.Fatal(err)
		}
		ours = tlog.VerifyConsistency(claimedOld, claimed, p, roots[claimedOld], roots[claimed])
		theirs = proof.VerifyConsistency(rfc6962.DefaultHasher, claimedOld, claimed, slices(p), roots[claimedOld][:], roots[claimed][:])
		if (ours == nil) != (theirs == nil) {
			t.Fatalf("consistency: ours %v, theirs %v", ours, theirs)
		}
	})
}

func TestProofsOfNothing(t *testing.T) {
	s := grow(t, 3, nil)
	nodes := tlog.NewTileNodes(3, s.read)
	if _, err := tlog.Inclusion(nodes, 3, 3); err == nil {
		t.Error("a leaf beyond the tree has a proof")
	}
	if _, err := tlog.Consistency(nodes, 4, 3); err == nil {
		t.Error("a smaller tree follows from a larger one")
	}
	if _, err := tlog.Inclusion(nodes, 1, 4); err == nil {
		t.Error("a tree beyond the tiles has a proof")
	}
	empty := tlog.EmptyRoot()
	if tlog.VerifyConsistency(0, 0, nil, empty, empty) != nil || tlog.VerifyConsistency(0, 0, nil, empty, tlog.Hash{}) == nil {
		t.Error("empty trees")
	}
}
