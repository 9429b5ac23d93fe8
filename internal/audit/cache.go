package audit

import (
	"bufio"
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

// The cache of a run is two files named after everything that could change its result: rules, version, options and the
// paths that were asked for. The index lists the files in the order of the walk, so that the next run reads it beside its
// own walk and holds one entry at a time; the bodies hold findings, without any value. Both are written anew by every run
// and take the place of the old ones only when they are complete. Whatever cannot be read is forgotten.

const cacheMagic = "reeve cache 2\n"

// piece is what the cache knows of a chunk.
type piece struct {
	size           int64
	sum            digest
	lines, records int64
	at             int64 // of the body in the file of bodies
	tags, finds    int   // lengths of the body's parts
	tally          int
	check          digest

	body *body // nil until it is loaded
}

// body is the large part of a piece.
type body struct {
	tags  []byte // for each line: 8 bytes of digest, then its length as uvarint; empty if lines are not independent
	finds []byte // what an encoder wrote
	tally []byte // of finds
}

// entry is what the cache knows of a file.
type entry struct {
	path   string
	stamp  stamp // zero if only the pieces are to be trusted
	binary bool
	pieces []*piece
}

// cache is the cache of one run. The zero value is off. lookup is for the feeder alone, put and close are for the emitter
// alone, load is for anyone.
type cache struct {
	name   string // path of the files without their endings
	key    [16]byte
	hasher *hasher // of the emitter
	reader *hasher // of the feeder
	roots  []string

	old    *bufio.Reader // of the old index; nil if there is none
	oldF   *os.File
	bodies *os.File // old ones
	ahead  *entry   // read and not yet looked for

	index, body   *bufio.Writer
	indexF, bodyF *os.File
	at            int64
	err           error

	interrupted bool // the old cache is that of an interrupted run
}

var errCacheOff = errors.New("the cache cannot be written")

func (c *cache) on() bool { return c != nil && c.name != "" }

// openCache opens what an earlier run left and starts anew beside it. A folder that cannot be written turns the cache off.
func openCache(o *Options, roots []string) (*cache, error) {
	if o.Cache == "" || o.Values || o.Explain || roots == nil {
		return &cache{}, nil
	}
	c := &cache{name: filepath.Join(o.Cache, cacheName(o, roots)), roots: roots}
	if err := makeFolder(o.Cache); err != nil {
		return &cache{}, nil
	}
	c.openOld()
	if c.old == nil {
		if _, err := rand.Read(c.key[:]); err != nil {
			return nil, err
		}
	}
	var err error
	if c.hasher, err = newHasher(c.key); err != nil {
		return nil, err
	}
	if c.reader, err = newHasher(c.key); err != nil {
		return nil, err
	}
	if err := c.create(); err != nil {
		c.closeOld()
		return &cache{}, nil
	}
	return c, nil
}

// Interrupted reports whether an interrupted run of the same paths and options left something to go on from.
func Interrupted(paths []string, o Options) bool {
	if o.Cache == "" {
		return false
	}
	c := &cache{name: filepath.Join(o.Cache, cacheName(&o, paths)), roots: paths}
	c.openOld()
	c.closeOld()
	return c.interrupted
}

// makeFolder makes the folder, which tells git to leave it alone.
func makeFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	ignore := filepath.Join(dir, ".gitignore")
	if _, err := os.Lstat(ignore); err == nil {
		return nil
	}
	return os.WriteFile(ignore, []byte("*\n"), 0o600)
}

// cacheName is a digest of all that results depend on besides the files.
func cacheName(o *Options, roots []string) string {
	h := sha256.New()
	fmt.Fprintf(h, "%s\x00%s\x00%s\x00%q\x00%+v\x00%s\x00%s", cacheMagic, Rules(o), build(), roots, o.Limits, o.Root, o.Allow.valuesDigest(o.Today))
	if dir, err := os.Getwd(); err == nil {
		fmt.Fprintf(h, "\x00%s", dir)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// build tells this program from another: a development build has no version that would.
func build() string {
	name := ""
	if info, ok := debug.ReadBuildInfo(); ok {
		name = info.Main.Version
		for _, s := range info.Settings {
			if strings.HasPrefix(s.Key, "vcs.") {
				name += " " + s.Value
			}
		}
	}
	if exe, err := os.Executable(); err == nil {
		if info, err := os.Stat(exe); err == nil {
			name += fmt.Sprint(" ", info.Size(), info.ModTime().UnixNano())
		}
	}
	return name
}

func (c *cache) create() error {
	var err error
	if c.indexF, err = os.CreateTemp(filepath.Dir(c.name), filepath.Base(c.name)+".index-*"); err != nil {
		return err
	}
	if c.bodyF, err = os.CreateTemp(filepath.Dir(c.name), filepath.Base(c.name)+".bodies-*"); err != nil {
		c.indexF.Close()
		os.Remove(c.indexF.Name())
		return err
	}
	c.index, c.body = bufio.NewWriterSize(c.indexF, 64<<10), bufio.NewWriterSize(c.bodyF, 256<<10)
	// Index and bodies carry the same number, so that a crash between two renames is seen.
	var id [16]byte
	if _, err := rand.Read(id[:]); err != nil {
		return err
	}
	c.write(c.body, []byte(cacheMagic), id[:])
	c.at = int64(len(cacheMagic) + len(id))
	c.write(c.index, []byte(cacheMagic), id[:], c.key[:], []byte{0})
	return nil
}

func (c *cache) write(w *bufio.Writer, parts ...[]byte) {
	for _, b := range parts {
		if _, err := w.Write(b); err != nil && c.err == nil {
			c.err = fmt.Errorf("%w: %w", errCacheOff, err)
		}
	}
}

// put appends a file's entry. Bodies that are not loaded are copied from the old cache; an entry whose bodies cannot be
// had is left out.
func (c *cache) put(e *entry) {
	if !c.on() {
		return
	}
	b := binary.AppendUvarint(nil, uint64(len(e.path)))
	b = append(b, e.path...)
	for _, v := range [...]int64{e.stamp.size, e.stamp.modified, e.stamp.changed, int64(e.stamp.inode)} {
		b = binary.LittleEndian.AppendUint64(b, uint64(v))
	}
	flag := byte(0)
	if e.binary {
		flag = 1
	}
	b = binary.AppendUvarint(append(b, flag), uint64(len(e.pieces)))
	for _, p := range e.pieces {
		if p.body != nil {
			c.putBody(p)
		}
		b = append(b, p.sum[:]...)
		for _, v := range [...]int64{p.size, p.lines, p.records, p.at, int64(p.tags), int64(p.finds), int64(p.tally)} {
			b = binary.AppendUvarint(b, uint64(v))
		}
		b = append(b, p.check[:]...)
	}
	c.frame(b)
}

// putBody writes a piece's body, once, and lets go of it.
func (c *cache) putBody(p *piece) {
	p.at, p.tags, p.finds, p.tally = c.at, len(p.body.tags), len(p.body.finds), len(p.body.tally)
	if p.check == (digest{}) {
		p.check = p.body.check(c.hasher)
	}
	c.write(c.body, p.body.tags, p.body.finds, p.body.tally)
	c.at += int64(p.tags + p.finds + p.tally)
	p.body = nil
}

// check is the digest of all parts.
func (b *body) check(h *hasher) digest {
	d, e, f := h.sum(b.tags), h.sum(b.finds), h.sum(b.tally)
	for i := range d {
		d[i] ^= e[(i+5)%len(e)] ^ f[(i+7)%len(f)]
	}
	return d
}

func (c *cache) frame(b []byte) {
	sum := c.hasher.sum(b)
	c.write(c.index, binary.LittleEndian.AppendUint32(nil, uint32(len(b))), sum[:], b)
}

// close makes the new cache the cache. The rest of the old one is kept if the run was interrupted.
func (c *cache) close(interrupted bool) error {
	if !c.on() {
		return nil
	}
	if interrupted {
		for e := c.take(); e != nil; e = c.take() {
			if c.loadAll(e) {
				c.put(e)
			}
		}
	}
	defer c.closeOld()
	c.frame(nil) // the end
	for _, w := range []*bufio.Writer{c.index, c.body} {
		if err := w.Flush(); err != nil && c.err == nil {
			c.err = fmt.Errorf("%w: %w", errCacheOff, err)
		}
	}
	if interrupted && c.err == nil {
		_, c.err = c.indexF.WriteAt([]byte{1}, int64(len(cacheMagic)+32))
	}
	err := errors.Join(c.err, c.indexF.Close(), c.bodyF.Close())
	if err == nil {
		err = errors.Join(os.Rename(c.bodyF.Name(), c.name+".bodies"), os.Rename(c.indexF.Name(), c.name+".index"))
	}
	if err != nil {
		_ = os.Remove(c.bodyF.Name())
		_ = os.Remove(c.indexF.Name())
		return fmt.Errorf("%w: %w", errCacheOff, err)
	}
	prune(filepath.Dir(c.name))
	return nil
}

// prune keeps the newest caches of a folder.
func prune(dir string) {
	const keep = 8
	names, _ := filepath.Glob(filepath.Join(dir, "*.index"))
	at := func(name string) time.Time {
		info, err := os.Stat(name)
		if err != nil {
			return time.Time{}
		}
		return info.ModTime()
	}
	slices.SortFunc(names, func(a, b string) int { return at(b).Compare(at(a)) })
	for _, name := range names[min(keep, len(names)):] {
		_ = os.Remove(name)
		_ = os.Remove(strings.TrimSuffix(name, ".index") + ".bodies")
	}
}

func (c *cache) openOld() {
	index, err := os.Open(c.name + ".index")
	if err != nil {
		return
	}
	bodies, err := os.Open(c.name + ".bodies")
	if err != nil {
		_ = index.Close()
		return
	}
	head := make([]byte, len(cacheMagic)+33)
	twin := make([]byte, len(cacheMagic)+16)
	c.oldF, c.bodies = index, bodies
	r := bufio.NewReaderSize(index, 64<<10)
	_, err1 := io.ReadFull(r, head)
	_, err2 := io.ReadFull(bodies, twin)
	if err1 != nil || err2 != nil || string(head[:len(twin)]) != string(twin) || !strings.HasPrefix(string(head), cacheMagic) {
		c.closeOld()
		return
	}
	copy(c.key[:], head[len(twin):])
	c.interrupted = head[len(head)-1] == 1
	c.old = r
	if c.reader, err = newHasher(c.key); err != nil {
		c.closeOld()
	}
}

func (c *cache) closeOld() {
	if c.oldF != nil {
		_ = c.oldF.Close()
		_ = c.bodies.Close()
	}
	c.old, c.oldF, c.bodies = nil, nil, nil
}

// lookup returns what the old cache has of the file, or nil. Paths are asked for in the order of the walk.
func (c *cache) lookup(path string) *entry {
	if !c.on() {
		return nil
	}
	for {
		e := c.peek()
		if e == nil {
			return nil
		}
		switch order := c.compare(e.path, path); {
		case order > 0:
			return nil
		case order == 0:
			c.ahead = nil
			return e
		}
		c.ahead = nil
	}
}

func (c *cache) peek() *entry {
	if c.ahead == nil {
		c.ahead = c.read()
	}
	return c.ahead
}

// take returns the next entry of the old cache.
func (c *cache) take() *entry {
	e := c.peek()
	c.ahead = nil
	return e
}

// compare orders paths as the walk does: by the argument they lie in, then folder by folder.
func (c *cache) compare(a, b string) int {
	return cmp.Or(cmp.Compare(c.rank(a), c.rank(b)), compareWalk(a, b))
}

func (c *cache) rank(path string) int {
	for i, root := range c.roots {
		if root = filepath.ToSlash(filepath.Clean(root)); root == "." || path == root || strings.HasPrefix(path, strings.TrimSuffix(root, "/")+"/") {
			return i
		}
	}
	return len(c.roots)
}

func compareWalk(a, b string) int {
	for {
		x, restA, moreA := strings.Cut(a, "/")
		y, restB, moreB := strings.Cut(b, "/")
		if order := strings.Compare(x, y); order != 0 || !moreA || !moreB {
			return cmp.Or(order, cmp.Compare(len(restA), len(restB)))
		}
		a, b = restA, restB
	}
}

// maxEntry bounds the memory for an entry: 64 MiB are the pieces of a file of a terabyte.
const maxEntry = 64 << 20

// read reads the next entry of the old index. At its end, and where it is broken, the rest is forgotten.
func (c *cache) read() *entry {
	if c.old == nil {
		return nil
	}
	var head [20]byte
	if _, err := io.ReadFull(c.old, head[:]); err != nil {
		c.old = nil
		return nil
	}
	n := binary.LittleEndian.Uint32(head[:])
	if n == 0 || n > maxEntry {
		c.old = nil
		return nil
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(c.old, b); err != nil || c.reader.sum(b) != digest(head[4:]) {
		c.old = nil
		return nil
	}
	return parseEntry(b)
}

// parseEntry reads what put wrote.
func parseEntry(b []byte) *entry {
	d := decoder{buf: b}
	e := &entry{path: string(d.bytes(d.uvarint()))}
	var numbers [4]int64
	for i := range numbers {
		if raw := d.bytes(8); raw != nil {
			numbers[i] = int64(binary.LittleEndian.Uint64(raw))
		}
	}
	e.stamp = stamp{numbers[0], numbers[1], numbers[2], uint64(numbers[3])}
	if flag := d.bytes(1); flag != nil {
		e.binary = flag[0] == 1
	}
	n := d.uvarint()
	for ; n > 0 && d.err == nil; n-- {
		p := &piece{}
		copy(p.sum[:], d.bytes(16))
		p.size, p.lines, p.records, p.at = int64(d.uvarint()), int64(d.uvarint()), int64(d.uvarint()), int64(d.uvarint())
		p.tags, p.finds, p.tally = int(d.uvarint()), int(d.uvarint()), int(d.uvarint())
		copy(p.check[:], d.bytes(16))
		e.pieces = append(e.pieces, p)
	}
	if d.err != nil || len(d.buf) > 0 {
		return nil
	}
	return e
}

// maxBody bounds the memory for a piece's body.
const maxBody = 64 << 20

// load reads the body of an old piece. h belongs to the caller.
func (c *cache) load(p *piece, h *hasher) *body {
	if p.body != nil {
		return p.body
	}
	if min(p.tags, p.finds, p.tally) < 0 || max(p.tags, p.finds, p.tally) > maxBody || c.bodies == nil {
		return nil
	}
	b := make([]byte, p.tags+p.finds+p.tally)
	if _, err := c.bodies.ReadAt(b, p.at); err != nil {
		return nil
	}
	tally := p.tags + p.finds
	out := &body{tags: b[:p.tags:p.tags], finds: b[p.tags:tally:tally], tally: b[tally:]}
	if out.check(h) != p.check {
		return nil
	}
	return out
}

func (c *cache) loadAll(e *entry) bool {
	for _, p := range e.pieces {
		if p.body = c.load(p, c.hasher); p.body == nil {
			return false
		}
	}
	return true
}
