package model

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"slices"
	"strings"
)

// Limits of the GGUF format (ggml, docs/gguf.md) and of what is kept of it.
const (
	maxGGUFKey    = 65535
	maxGGUFName   = 64
	maxGGUFDims   = 4
	maxGGUFText   = 1 << 20 // bytes kept of a text value; templates are kept whole up to maxTemplate
	maxGGUFPairs  = 1 << 20
	maxGGUFDepth  = 4
	maxTemplate   = 16 << 20
	maxGGUFValues = 4096 // values kept
)

var errGGUF = errors.New("not as the format asks")

// ggufType is how many bytes a block of so many elements takes.
type ggufType struct{ elements, bytes uint64 }

// ggufTypes are the types of ggml by number; numbers that ggml has removed are missing.
var ggufTypes = map[uint32]ggufType{
	0: {1, 4}, 1: {1, 2}, 2: {32, 18}, 3: {32, 20}, 6: {32, 22}, 7: {32, 24}, 8: {32, 34}, 9: {32, 36},
	10: {256, 84}, 11: {256, 110}, 12: {256, 144}, 13: {256, 176}, 14: {256, 210}, 15: {256, 292}, 16: {256, 66}, 17: {256, 74}, 18: {256, 98},
	19: {256, 50}, 20: {32, 18}, 21: {256, 110}, 22: {256, 82}, 23: {256, 136}, 24: {1, 1}, 25: {1, 2}, 26: {1, 4}, 27: {1, 8}, 28: {1, 8},
	29: {256, 56}, 30: {1, 2}, 34: {256, 54}, 35: {256, 66}, 39: {32, 17},
}

// GGUF is the header of a GGUF file.
type GGUF struct {
	Version uint32
	Tensors uint64
	Values  map[string]any // strings, integers as int64, floats, bools, and arrays of strings as []string; other arrays as their length
	Types   map[uint32]int // number of tensors by type
	Params  uint64         // elements of all tensors
	DataAt  int64          // where the tensors begin
	End     int64          // behind the last tensor and its padding
}

// gguf checks a GGUF file and the templates in it.
func (j *job) gguf(where string, r *io.SectionReader, depth int) {
	g, err := ReadGGUF(r)
	if err != nil {
		j.note(Invalid, "gguf", where, err.Error(), "take the file from its source again")
	}
	if g == nil {
		return
	}
	if err == nil && r.Size() > g.End {
		j.around(where, io.NewSectionReader(r, g.End, r.Size()-g.End), depth)
	}
	if err != nil || r.Size() > g.End {
		j.trailing(where, r, depth)
	}
	for key, v := range g.Values {
		if !strings.Contains(key, "chat_template") {
			continue
		}
		if text, ok := v.(string); ok {
			j.template(within(where, key), text)
		}
	}
}

// ReadGGUF reads and checks the header of a GGUF file of version 2 or 3, and that its tensors lie within the file without overlap.
// Where it fails it returns what it read before, too.
func ReadGGUF(r *io.SectionReader) (*GGUF, error) {
	p := &ggufReader{r: bufio.NewReaderSize(io.NewSectionReader(r, 0, r.Size()), 64<<10), size: r.Size()}
	g := &GGUF{Values: map[string]any{}, Types: map[uint32]int{}}
	magic := p.uint(4)
	if magic == 0x47475546 || magic == 0x46554747 && p.peekBig() {
		return g, fmt.Errorf("%w: big-endian files are not read", errGGUF)
	}
	g.Version = uint32(p.uint(4))
	if g.Version != 2 && g.Version != 3 {
		return g, fmt.Errorf("%w: version %d", errGGUF, g.Version)
	}
	g.Tensors = p.uint(8)
	pairs := p.uint(8)
	if g.Tensors > maxTensors || g.Tensors > uint64(p.left())/(8+4+4+8) || pairs > uint64(p.left())/(8+4+1) || pairs > maxGGUFPairs {
		return g, fmt.Errorf("%w: %d tensors and %d values cannot be in so few bytes", errGGUF, g.Tensors, pairs)
	}
	for range pairs {
		if err := p.pair(g); err != nil {
			return g, err
		}
	}
	return g, p.tensors(g)
}

type ggufReader struct {
	r    *bufio.Reader
	at   int64
	size int64
	err  error
}

func (p *ggufReader) left() int64 { return p.size - p.at }

func (p *ggufReader) peekBig() bool {
	b, err := p.r.Peek(4)
	return err == nil && b[0] == 0 && b[1] == 0
}

// uint reads a little-endian number; after the end it is 0 and err is set.
func (p *ggufReader) uint(n int) uint64 {
	var b [8]byte
	if p.err == nil {
		_, p.err = io.ReadFull(p.r, b[:n])
		p.at += int64(n)
	}
	return binary.LittleEndian.Uint64(b[:])
}

// text reads a string and keeps the first limit bytes.
func (p *ggufReader) text(limit uint64) (string, uint64, error) {
	n := p.uint(8)
	if p.err != nil || n > uint64(p.left()) {
		return "", n, fmt.Errorf("%w: a text of %d bytes ends behind the file", errGGUF, n)
	}
	b := make([]byte, min(n, limit))
	_, p.err = io.ReadFull(p.r, b)
	p.skip(n - uint64(len(b)))
	p.at += int64(len(b))
	return string(b), n, p.err
}

func (p *ggufReader) skip(n uint64) {
	for n > 0 && p.err == nil {
		k, err := p.r.Discard(int(min(n, 1<<30)))
		n -= uint64(k)
		p.at += int64(k)
		p.err = err
	}
}

func (p *ggufReader) pair(g *GGUF) error {
	key, n, err := p.text(maxGGUFKey + 1)
	if err != nil {
		return err
	}
	if n > maxGGUFKey || n == 0 || !isGGUFKey(key) {
		return fmt.Errorf("%w: a key that is no key", errGGUF)
	}
	if _, twice := g.Values[key]; twice {
		return fmt.Errorf("%w: a key stands twice", errGGUF)
	}
	limit := uint64(maxGGUFText)
	if strings.Contains(key, "chat_template") {
		limit = maxTemplate + 1
	}
	v, err := p.value(uint32(p.uint(4)), limit, 0)
	if err != nil {
		return err
	}
	if len(g.Values) < maxGGUFValues || strings.Contains(key, "chat_template") {
		g.Values[key] = v
	}
	return nil
}

func isGGUFKey(key string) bool {
	for i := range len(key) {
		if key[i] <= ' ' || key[i] > '~' {
			return false
		}
	}
	return true
}

// ggufWidth is the size of a scalar by its type; 0 for strings and arrays.
func ggufWidth(t uint32) (int, bool) {
	widths := [...]int{1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8}
	if int(t) >= len(widths) {
		return 0, false
	}
	return widths[t], true
}

func (p *ggufReader) value(t uint32, limit uint64, depth int) (any, error) {
	width, known := ggufWidth(t)
	switch {
	case p.err != nil:
		return nil, fmt.Errorf("%w: it ends in the middle", errGGUF)
	case !known:
		return nil, fmt.Errorf("%w: a value of unknown type", errGGUF)
	case t == 8:
		s, _, err := p.text(limit)
		return s, err
	case t == 9:
		return p.array(depth)
	}
	n := p.uint(width)
	if p.err != nil {
		return nil, fmt.Errorf("%w: it ends in the middle", errGGUF)
	}
	switch t {
	case 7:
		if n > 1 {
			return nil, fmt.Errorf("%w: a truth value that is neither", errGGUF)
		}
		return n == 1, nil
	case 6, 12:
		return fmt.Sprintf("float:%x", n), nil
	case 1:
		return int64(int8(n)), nil
	case 3:
		return int64(int16(n)), nil
	case 5:
		return int64(int32(n)), nil
	}
	return int64(n), nil
}

// array reads an array and keeps its texts where there are few, its length otherwise.
func (p *ggufReader) array(depth int) (any, error) {
	t, n := uint32(p.uint(4)), p.uint(8)
	width, known := ggufWidth(t)
	if p.err != nil || !known || depth >= maxGGUFDepth {
		return nil, fmt.Errorf("%w: an array of unknown type or too deep", errGGUF)
	}
	if least := uint64(max(width, 8)); width > 0 && n > uint64(p.left())/uint64(width) || width == 0 && n > uint64(p.left())/least {
		return nil, fmt.Errorf("%w: an array of %d values ends behind the file", errGGUF, n)
	}
	if width > 0 {
		p.skip(n * uint64(width))
		return int64(n), p.err
	}
	var texts []string
	for range n {
		v, err := p.value(t, maxGGUFKey, depth+1)
		if err != nil {
			return nil, err
		}
		if s, ok := v.(string); ok && n <= 256 {
			texts = append(texts, s)
		}
	}
	if texts != nil {
		return texts, nil
	}
	return int64(n), nil
}

type ggufSpan struct{ from, to uint64 }

// tensors reads the list of tensors and checks where they lie.
func (p *ggufReader) tensors(g *GGUF) error {
	align := uint64(32)
	if v, ok := g.Values["general.alignment"].(int64); ok {
		if v < 8 || v%8 != 0 || v > 1<<20 {
			return fmt.Errorf("%w: alignment %d", errGGUF, v)
		}
		align = uint64(v)
	}
	spans := make([]ggufSpan, 0, min(g.Tensors, 1<<16))
	names := map[string]bool{}
	for range g.Tensors {
		name, n, err := p.text(maxGGUFName + 1)
		if err != nil {
			return err
		}
		if n > maxGGUFName || names[name] {
			return fmt.Errorf("%w: a tensor's name is too long or stands twice", errGGUF)
		}
		names[name] = true
		s, err := p.tensor(g, align)
		if err != nil {
			return err
		}
		spans = append(spans, s)
	}
	g.DataAt = (p.at + int64(align) - 1) / int64(align) * int64(align)
	end := uint64(0)
	for _, s := range spans { // writers put tensors in the order of their list
		if s.from < end {
			return fmt.Errorf("%w: tensors overlap", errGGUF)
		}
		end = s.to
	}
	if g.DataAt > p.size && end > 0 || end > uint64(max(p.size-g.DataAt, 0)) {
		return fmt.Errorf("%w: a tensor ends behind the file", errGGUF)
	}
	g.End = g.DataAt + int64(end+align-1)/int64(align)*int64(align)
	return nil
}

func (p *ggufReader) tensor(g *GGUF, align uint64) (ggufSpan, error) {
	dims := p.uint(4)
	if p.err != nil || dims > maxGGUFDims {
		return ggufSpan{}, fmt.Errorf("%w: a tensor of %d dimensions", errGGUF, dims)
	}
	elements := uint64(1)
	for range dims {
		hi, lo := bits.Mul64(elements, p.uint(8))
		if elements = lo; hi != 0 || lo > 1<<60 {
			return ggufSpan{}, fmt.Errorf("%w: a tensor of impossible shape", errGGUF)
		}
	}
	number, offset := uint32(p.uint(4)), p.uint(8)
	t, known := ggufTypes[number]
	if p.err != nil || !known {
		return ggufSpan{}, fmt.Errorf("%w: a tensor of unknown type %d", errGGUF, number)
	}
	if elements%t.elements != 0 || offset%align != 0 || offset > 1<<60 {
		return ggufSpan{}, fmt.Errorf("%w: a tensor at an impossible place", errGGUF)
	}
	g.Types[number]++
	g.Params += elements
	hi, size := bits.Mul64(elements/t.elements, t.bytes)
	if hi != 0 || size > 1<<60 {
		return ggufSpan{}, fmt.Errorf("%w: a tensor of impossible size", errGGUF)
	}
	return ggufSpan{offset, offset + size}, nil
}

// ggufTypeNames are the names of ggml's types.
var ggufTypeNames = map[uint32]string{
	0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 6: "Q5_0", 7: "Q5_1", 8: "Q8_0", 9: "Q8_1", 10: "Q2_K", 11: "Q3_K", 12: "Q4_K", 13: "Q5_K", 14: "Q6_K", 15: "Q8_K",
	16: "IQ2_XXS", 17: "IQ2_XS", 18: "IQ3_XXS", 19: "IQ1_S", 20: "IQ4_NL", 21: "IQ3_S", 22: "IQ2_S", 23: "IQ4_XS", 24: "I8", 25: "I16", 26: "I32", 27: "I64",
	28: "F64", 29: "IQ1_M", 30: "BF16", 34: "TQ1_0", 35: "TQ2_0", 39: "MXFP4",
}

// GGUFTypeNames spells the types of tensors, the most frequent first.
func GGUFTypeNames(types map[uint32]int) string {
	var numbers []uint32
	for n := range types {
		numbers = append(numbers, n)
	}
	slices.SortFunc(numbers, func(a, b uint32) int {
		if types[a] != types[b] {
			return types[b] - types[a]
		}
		return int(a) - int(b)
	})
	var names []string
	for _, n := range numbers {
		names = append(names, ggufTypeNames[n])
	}
	return strings.Join(names, ",")
}
