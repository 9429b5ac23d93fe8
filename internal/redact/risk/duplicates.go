package risk

import (
	"bufio"
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"slices"
	"unicode"
	"unicode/utf8"
)

// MinHash with 128 functions has a standard error of at most 0.045. Bands of four find a pair of similarity 0.8 with a
// probability of over 0.999.
const (
	hashes    = 128
	bands     = 32
	perBand   = hashes / bands
	shingle   = 5 // words
	minWords  = 8 // shorter values are no texts
	unitSize  = 4*hashes + 16
	maxUnits  = 8 << 20
	bandBytes = 64 << 20 // memory for the keys of bands
)

// DuplicateOptions say what is compared.
type DuplicateOptions struct {
	Field     string  // compare only values of this field; "" means all of eight words and more
	Threshold float64 // Jaccard similarity of the shingles from which two values are near-duplicates
	Dir       string  // takes an unnamed file of digests
}

// Duplicates is how much of the text stands there more than once.
type Duplicates struct {
	Texts       int       `json:"texts"` // compared
	Clusters    int       `json:"clusters"`
	InClusters  int       `json:"in_clusters"` // texts that have a near-duplicate
	Redundant   int       `json:"redundant"`   // texts that could go and leave one of each cluster
	NotCompared int       `json:"not_compared,omitzero"`
	Threshold   float64   `json:"threshold"`
	Largest     []Cluster `json:"largest"`
}

// Cluster is a set of texts each of which is a near-duplicate of another one in it.
type Cluster struct {
	Size    int     `json:"size"`
	Members []Place `json:"members"` // the first ones
}

// Place is where a text stands.
type Place struct {
	Path   string `json:"path"`
	Record int    `json:"record"` // or line
	Field  string `json:"field,omitzero"`
}

// duplicator collects signatures in a file.
type duplicator struct {
	o      DuplicateOptions
	file   *os.File
	w      *bufio.Writer
	n      int
	over   int
	paths  []string
	names  map[string]int
	byName []string
	words  []uint64
	unit   [unitSize]byte
	parent []int32
}

// FindDuplicates compares all texts of the input.
func FindDuplicates(ctx context.Context, in *Input, o DuplicateOptions) (*Duplicates, map[string]string, error) {
	f, err := os.CreateTemp(o.Dir, ".reeve-minhash-*")
	if err != nil {
		return nil, nil, fmt.Errorf("keep signatures: %w", err)
	}
	defer f.Close()
	_ = os.Remove(f.Name()) // the file stays as long as it is open
	d := &duplicator{o: o, file: f, w: bufio.NewWriterSize(f, 1<<18), names: map[string]int{}}
	skipped, err := in.read(ctx, d.value, nil)
	if err != nil {
		return nil, nil, err
	}
	if err := d.w.Flush(); err != nil {
		return nil, nil, fmt.Errorf("keep signatures: %w", err)
	}
	if err := d.compare(ctx); err != nil {
		return nil, nil, err
	}
	out, err := d.clusters()
	return out, skipped, err
}

// value adds the signature of a text.
func (d *duplicator) value(v *value) error {
	if d.o.Field != "" && v.name != d.o.Field {
		return nil
	}
	d.words = appendWords(d.words[:0], v.text)
	if len(d.words) < minWords {
		return nil
	}
	if d.n == maxUnits {
		d.over++
		return nil
	}
	sig := signature(d.words)
	for i, h := range sig {
		binary.LittleEndian.PutUint32(d.unit[4*i:], h)
	}
	if len(d.paths) == 0 || d.paths[len(d.paths)-1] != v.path {
		d.paths = append(d.paths, v.path)
	}
	name, known := d.names[v.name]
	if !known && len(d.byName) < 1<<16 {
		name = len(d.byName)
		d.names[v.name] = name
		d.byName = append(d.byName, v.name)
	}
	place := d.unit[4*hashes:]
	binary.LittleEndian.PutUint32(place, uint32(len(d.paths)-1))
	binary.LittleEndian.PutUint32(place[4:], uint32(name))
	binary.LittleEndian.PutUint64(place[8:], uint64(v.record))
	d.n++
	_, err := d.w.Write(d.unit[:])
	return err
}

// appendWords appends a hash for each run of letters and digits, without case.
func appendWords(dst []uint64, text []byte) []uint64 {
	const offset, prime = 14695981039346656037, 1099511628211
	h, in := uint64(offset), false
	for i := 0; i < len(text); {
		r, size := rune(text[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRune(text[i:])
		}
		i += size
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			h, in = (h^uint64(unicode.ToLower(r)))*prime, true
			continue
		}
		if in {
			dst = append(dst, h)
		}
		h, in = offset, false
	}
	if in {
		dst = append(dst, h)
	}
	return dst
}

// functions are the multipliers and summands of the hash functions (Dietzfelbinger et al., 1997: the high half of a·x+b
// is 2-independent).
var functions = func() (out [hashes][2]uint64) {
	for i := range out {
		out[i] = [2]uint64{mix(uint64(2*i)) | 1, mix(uint64(2*i + 1))}
	}
	return out
}()

// signature is the least value of each function over the shingles.
func signature(words []uint64) (sig [hashes]uint32) {
	for i := range sig {
		sig[i] = ^uint32(0)
	}
	for i := 0; i+shingle <= len(words); i++ {
		x := uint64(0)
		for _, w := range words[i : i+shingle] {
			x = mix(x ^ w)
		}
		for k := range sig {
			sig[k] = min(sig[k], uint32((functions[k][0]*x+functions[k][1])>>32))
		}
	}
	return sig
}

// keyed is a text with the key of one band.
type keyed struct {
	key uint64
	id  int32
}

// compare goes through as many bands at once as memory allows.
func (d *duplicator) compare(ctx context.Context) error {
	d.parent = make([]int32, d.n)
	for i := range d.parent {
		d.parent[i] = int32(i)
	}
	at := max(1, min(bands, bandBytes/(16*max(1, d.n))))
	for first := 0; first < bands; first += at {
		if err := d.bandGroup(ctx, first, min(bands, first+at)); err != nil {
			return err
		}
	}
	return nil
}

func (d *duplicator) bandGroup(ctx context.Context, first, end int) error {
	lists := make([][]keyed, end-first)
	r := bufio.NewReaderSize(io.NewSectionReader(d.file, 0, int64(d.n)*unitSize), 1<<18)
	var unit [unitSize]byte
	for id := range d.n {
		if _, err := io.ReadFull(r, unit[:]); err != nil {
			return fmt.Errorf("read signatures: %w", err)
		}
		for b := first; b < end; b++ {
			key := uint64(b)
			for k := range perBand {
				key = mix(key ^ uint64(binary.LittleEndian.Uint32(unit[4*(b*perBand+k):])))
			}
			lists[b-first] = append(lists[b-first], keyed{key, int32(id)})
		}
	}
	for _, list := range lists {
		if err := d.join(ctx, list); err != nil {
			return err
		}
	}
	return nil
}

// join unites the texts that share the key of a band and are as similar as was asked for: each with the first of its key,
// and with the one before it.
func (d *duplicator) join(ctx context.Context, list []keyed) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	slices.SortFunc(list, func(a, b keyed) int { return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.id, b.id)) })
	first := 0
	for i := 1; i < len(list); i++ {
		if list[i].key != list[first].key {
			first = i
			continue
		}
		for _, other := range []int32{list[first].id, list[i-1].id} {
			if d.root(list[i].id) == d.root(other) {
				continue
			}
			same, err := d.similar(list[i].id, other)
			if err != nil {
				return err
			}
			if same {
				a, b := d.root(list[i].id), d.root(other)
				d.parent[max(a, b)] = min(a, b)
			}
		}
	}
	return nil
}

func (d *duplicator) root(i int32) int32 {
	for d.parent[i] != i {
		d.parent[i] = d.parent[d.parent[i]]
		i = d.parent[i]
	}
	return i
}

// similar compares two signatures.
func (d *duplicator) similar(a, b int32) (bool, error) {
	var x, y [4 * hashes]byte
	for _, u := range []struct {
		id int32
		to []byte
	}{{a, x[:]}, {b, y[:]}} {
		if _, err := d.file.ReadAt(u.to, int64(u.id)*unitSize); err != nil {
			return false, fmt.Errorf("read signatures: %w", err)
		}
	}
	same := 0
	for i := 0; i < len(x); i += 4 {
		if [4]byte(x[i:]) == [4]byte(y[i:]) {
			same++
		}
	}
	return float64(same) >= d.o.Threshold*hashes, nil
}

const (
	maxLargest = 10
	maxMembers = 5
)

// clusters counts what compare united.
func (d *duplicator) clusters() (*Duplicates, error) {
	out := &Duplicates{Texts: d.n, NotCompared: d.over, Threshold: d.o.Threshold, Largest: []Cluster{}}
	size := make([]int32, d.n)
	for i := range d.parent {
		size[d.root(int32(i))]++
	}
	var largest []int32
	for i, n := range size {
		if n < 2 {
			continue
		}
		out.Clusters++
		out.InClusters += int(n)
		out.Redundant += int(n) - 1
		largest = append(largest, int32(i))
		if len(largest) > 4*maxLargest {
			largest = top(largest, size)
		}
	}
	for _, root := range top(largest, size) {
		c := Cluster{Size: int(size[root])}
		for i := root; int(i) < d.n && len(c.Members) < maxMembers; i++ {
			if d.root(i) == root {
				p, err := d.place(i)
				if err != nil {
					return nil, err
				}
				c.Members = append(c.Members, p)
			}
		}
		out.Largest = append(out.Largest, c)
	}
	return out, nil
}

func top(list, size []int32) []int32 {
	slices.SortFunc(list, func(a, b int32) int { return cmp.Or(cmp.Compare(size[b], size[a]), cmp.Compare(a, b)) })
	return list[:min(len(list), maxLargest)]
}

func (d *duplicator) place(i int32) (Place, error) {
	var b [16]byte
	if _, err := d.file.ReadAt(b[:], int64(i)*unitSize+4*hashes); err != nil {
		return Place{}, fmt.Errorf("read signatures: %w", err)
	}
	p := Place{Path: d.paths[binary.LittleEndian.Uint32(b[:])], Record: int(binary.LittleEndian.Uint64(b[8:]))}
	if name := int(binary.LittleEndian.Uint32(b[4:])); name < len(d.byName) {
		p.Field = d.byName[name]
	}
	return p, nil
}
