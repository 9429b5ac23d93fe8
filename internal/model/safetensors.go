package model

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// maxSafetensorsHeader is the limit of the format's own reader, in bytes.
const maxSafetensorsHeader = 100_000_000

// maxTensors bounds the tensors of one file; the largest mixtures of experts have some 100,000 in all their files.
const maxTensors = 400_000

// safetensorsBits are the bits of one element of each type.
var safetensorsBits = map[string]uint64{
	"BOOL": 8, "U8": 8, "I8": 8, "I16": 16, "U16": 16, "F16": 16, "BF16": 16, "I32": 32, "U32": 32, "F32": 32, "F64": 64, "I64": 64, "U64": 64,
	"F8_E4M3": 8, "F8_E5M2": 8, "F8_E8M0": 8, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "C64": 64,
}

type safetensorsEntry struct {
	DType   string    `json:"dtype"`
	Shape   []uint64  `json:"shape"`
	Offsets [2]uint64 `json:"data_offsets"`
}

var errSafetensors = errors.New("not as the format asks")

// safetensors checks a file as its format asks (huggingface/safetensors, README): a header of JSON without duplicate names, tensors
// that cover the rest of the file without overlap and without holes.
func (j *job) safetensors(where string, r *io.SectionReader, depth int) {
	spans, err := safetensorsSpans(r)
	if err != nil {
		j.note(Invalid, "safetensors", where, err.Error(), "take the file from its source again")
		j.trailing(where, r, depth)
		return
	}
	var h [8]byte
	_, _ = r.ReadAt(h[:], 0)
	data := 8 + int64(binary.LittleEndian.Uint64(h[:]))
	for _, s := range spans[:min(len(spans), 20_000)] { // the bytes of a tensor may be a pickle, which a loader could be led to
		j.storage(where, io.NewSectionReader(r, data+int64(s[0]), int64(s[1]-s[0])))
	}
}

func checkSafetensors(r *io.SectionReader) error {
	_, err := safetensorsSpans(r)
	return err
}

// safetensorsSpans checks a file and returns where its tensors lie, in order.
func safetensorsSpans(r *io.SectionReader) ([][2]uint64, error) {
	var h [8]byte
	if _, err := r.ReadAt(h[:], 0); err != nil {
		return nil, fmt.Errorf("%w: no header", errSafetensors)
	}
	n := binary.LittleEndian.Uint64(h[:])
	if n > maxSafetensorsHeader || int64(n) > r.Size()-8 {
		return nil, fmt.Errorf("%w: a header of %d bytes", errSafetensors, n)
	}
	if n > maxJSONText && longestString(io.NewSectionReader(r, 8, int64(n))) > maxJSONText {
		return nil, fmt.Errorf("%w: a text in the header is too long", errSafetensors)
	}
	data := uint64(r.Size()) - 8 - n
	spans, err := readSafetensorsHeader(io.NewSectionReader(r, 8, int64(n)))
	if err != nil {
		return nil, err
	}
	slices.SortFunc(spans, func(a, b [2]uint64) int {
		if a[0] != b[0] {
			return int(min(max(int64(a[0])-int64(b[0]), -1), 1))
		}
		return int(min(max(int64(a[1])-int64(b[1]), -1), 1))
	})
	at := uint64(0)
	for _, s := range spans {
		if s[0] != at {
			return nil, fmt.Errorf("%w: tensors overlap or leave a hole at byte %d of the data", errSafetensors, min(at, s[0]))
		}
		at = s[1]
	}
	if at != data {
		return nil, fmt.Errorf("%w: the tensors end at byte %d of the data, the file at %d", errSafetensors, at, data)
	}
	return spans, nil
}

// readSafetensorsHeader returns where the tensors lie.
func readSafetensorsHeader(r io.Reader) ([][2]uint64, error) {
	d := jsontext.NewDecoder(r) // rejects duplicate names and invalid UTF-8
	if t, err := d.ReadToken(); err != nil || t.Kind() != '{' {
		return nil, fmt.Errorf("%w: the header is no JSON object", errSafetensors)
	}
	var spans [][2]uint64
	for d.PeekKind() == '"' {
		t, err := d.ReadToken()
		if err != nil {
			return nil, badHeader(err)
		}
		if t.String() == "__metadata__" {
			var meta map[string]string
			if err := json.UnmarshalDecode(d, &meta); err != nil {
				return nil, fmt.Errorf("%w: __metadata__ is more than texts", errSafetensors)
			}
			continue
		}
		var e safetensorsEntry
		if err := json.UnmarshalDecode(d, &e, json.RejectUnknownMembers(true)); err != nil {
			return nil, badHeader(err)
		}
		if err := e.check(); err != nil {
			return nil, err
		}
		if len(spans) >= maxTensors {
			return nil, fmt.Errorf("%w: more than %d tensors", errSafetensors, maxTensors)
		}
		spans = append(spans, e.Offsets)
	}
	if t, err := d.ReadToken(); err != nil || t.Kind() != '}' {
		return nil, badHeader(err)
	}
	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: something follows the JSON object", errSafetensors)
	}
	return spans, nil
}

func badHeader(err error) error {
	if errors.Is(err, jsontext.ErrDuplicateName) {
		return fmt.Errorf("%w: a name stands twice in the header", errSafetensors)
	}
	return fmt.Errorf("%w: the header is damaged", errSafetensors)
}

// check compares the size that type and shape give with that of the offsets.
func (e *safetensorsEntry) check() error {
	width, known := safetensorsBits[e.DType]
	if !known {
		return fmt.Errorf("%w: a tensor of an unknown type", errSafetensors)
	}
	n := width
	for _, d := range e.Shape {
		hi, lo := bits.Mul64(n, d)
		if hi != 0 {
			return fmt.Errorf("%w: a tensor of impossible shape", errSafetensors)
		}
		n = lo
	}
	if e.Offsets[1] < e.Offsets[0] || n%8 != 0 || n/8 != e.Offsets[1]-e.Offsets[0] {
		return fmt.Errorf("%w: a tensor's shape and its bytes disagree", errSafetensors)
	}
	return nil
}

// Safetensors is what the header of a safetensors file shows.
type Safetensors struct {
	Params uint64   // elements of all tensors
	Types  []string // of its tensors, sorted
}

// ReadSafetensors reads and checks the header of a safetensors file.
func ReadSafetensors(r *io.SectionReader) (*Safetensors, error) {
	if err := checkSafetensors(r); err != nil {
		return nil, err
	}
	var h [8]byte
	if _, err := r.ReadAt(h[:], 0); err != nil {
		return nil, err
	}
	header := map[string]jsontext.Value{}
	if err := json.UnmarshalRead(io.NewSectionReader(r, 8, int64(binary.LittleEndian.Uint64(h[:]))), &header); err != nil {
		return nil, badHeader(err)
	}
	s := &Safetensors{}
	for name, v := range header {
		if name == "__metadata__" {
			continue
		}
		var e safetensorsEntry
		if err := json.Unmarshal(v, &e); err != nil {
			return nil, badHeader(err)
		}
		s.Params += (e.Offsets[1] - e.Offsets[0]) * 8 / safetensorsBits[e.DType]
		if !slices.Contains(s.Types, e.DType) {
			s.Types = append(s.Types, e.DType)
		}
	}
	slices.Sort(s.Types)
	return s, nil
}
