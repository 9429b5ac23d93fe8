package pickle

import (
	"errors"
	"fmt"
)

// The limits of the machine. What goes beyond is a violation, not an error of memory.
const (
	maxText       = 512     // bytes kept of a constant string
	maxStack      = 1 << 18 // values on the stack
	maxMarks      = 1 << 16
	maxWeights    = 1 << 20 // containers whose written-out size is followed
	maxImports    = 4096
	maxArgs       = 16
	maxArg        = 256
	maxViolations = 64
	maxItems      = 16
	maxArrays     = 1 << 16
	pageValues    = 4096
	maxPages      = 256      // of the memo
	maxInner      = 8        // pickles within pickles
	maxNested     = 64       // pickles in bytes and texts
	maxNestedSize = 64 << 10 // bytes of one that are looked at
	maxStorages   = 1 << 16
	maxHeld       = 16 << 20    // bytes of texts and parts of values in the memo
	expansion     = 100_000_000 // values that a small stream may stand for
)

// machine is one run of the unpickler.
type machine struct {
	s       *Stream
	r       *Report
	stack   []value
	marks   []int
	memo    map[int64]*[pageValues]value
	put     map[int64]*[pageValues / 64]uint64 // which places of a page are filled
	next    int64                              // index of the next MEMOIZE: the number of filled places
	held    int                                // bytes of texts and parts of values in the memo
	bares   map[*Import]*extra
	lossy   bool // the memo has forgotten something
	weights []int64
	imports map[[2]string]*Import
	frame   int64 // end of the current frame, 0 outside
	at      int64 // where the current opcode begins
	depth   int   // of pickles within pickles
}

// errStop ends a run at STOP.
var errStop = errors.New("stop")

// Read runs one stream from s up to its STOP, or as far as it goes. s stands behind the last opcode executed afterwards,
// so that a following stream can be read with another call.
func Read(s *Stream) *Report { return read(s, 0) }

func read(s *Stream, depth int) *Report {
	m := newMachine(s, &Report{}, map[[2]string]*Import{}, depth)
	switch err := m.run(); {
	case errors.Is(err, errStop):
		m.finish()
	default:
		m.fail(err)
	}
	return m.r
}

func newMachine(s *Stream, r *Report, imports map[[2]string]*Import, depth int) *machine {
	return &machine{
		s: s, r: r, imports: imports, bares: map[*Import]*extra{}, weights: make([]int64, 1), depth: depth,
		memo: map[int64]*[pageValues]value{}, put: map[int64]*[pageValues / 64]uint64{},
	}
}

var errNoStop = fmt.Errorf("%w: no STOP", errEnd)

// run executes opcodes until STOP, which is errStop, or an error.
func (m *machine) run() error {
	for {
		m.at = m.s.Pos()
		m.endFrame()
		op, err := m.s.byte()
		if err != nil {
			return errNoStop
		}
		if err := m.step(op); err != nil {
			return err
		}
		m.r.Opcodes++
		m.r.End = m.s.Pos()
		if m.frame > 0 && m.r.End > m.frame {
			m.r.violate(FrameCrossed, m.at, "")
			m.frame = 0
		}
	}
}

// inner runs a pickle that stands in the stream of another, as joblib writes arrays of objects: with a stack and a memo of its own.
func (m *machine) inner() error {
	if m.depth >= maxInner {
		return limitError("pickles within pickles")
	}
	in := newMachine(m.s, m.r, m.imports, m.depth+1)
	if err := in.run(); !errors.Is(err, errStop) {
		m.at = in.at
		return err
	}
	m.r.Opcodes++
	m.r.End = m.s.Pos()
	return nil
}

func (m *machine) endFrame() {
	if m.frame > 0 && m.at >= m.frame {
		m.frame = 0
	}
}

func (m *machine) fail(err error) {
	rule := Malformed
	if errors.Is(err, errNoStop) {
		m.r.violate(NoStop, m.at, "")
		return
	}
	if errors.Is(err, errEnd) {
		rule = NoStop
	}
	var l limitError
	if errors.As(err, &l) {
		rule = TooMuch
	}
	m.r.violate(rule, m.at, err.Error())
}

func (m *machine) finish() {
	m.r.Opcodes++
	m.r.End, m.r.Stopped = m.s.Pos(), true
	if m.frame > 0 && m.r.End != m.frame {
		m.r.violate(FrameCrossed, m.at, "STOP inside a frame")
	}
}

// limitError says which limit ended the run.
type limitError string

func (e limitError) Error() string { return "more than the machine holds: " + string(e) }

func malformed(format string, args ...any) error { return fmt.Errorf(format, args...) }

// bottom is the height below which nothing can be popped: the last mark.
func (m *machine) bottom() int {
	if n := len(m.marks); n > 0 {
		return m.marks[n-1]
	}
	return 0
}

func (m *machine) push(v value) error {
	if len(m.stack) >= maxStack {
		return limitError("values on the stack")
	}
	m.stack = append(m.stack, v)
	return nil
}

func (m *machine) pop() (value, error) {
	n := len(m.stack) - 1
	if n < m.bottom() {
		return value{}, malformed("stack underflow")
	}
	v := m.stack[n]
	m.stack = m.stack[:n]
	return v, nil
}

func (m *machine) top() (*value, error) {
	n := len(m.stack) - 1
	if n < m.bottom() {
		return nil, malformed("stack underflow")
	}
	return &m.stack[n], nil
}

func (m *machine) mark() error {
	if len(m.marks) >= maxMarks {
		return limitError("marks")
	}
	m.marks = append(m.marks, len(m.stack))
	return nil
}

// popMark takes all values above the last mark. They are valid until the next push.
func (m *machine) popMark() ([]value, error) {
	n := len(m.marks) - 1
	if n < 0 {
		return nil, malformed("no mark")
	}
	from := m.marks[n]
	m.marks = m.marks[:n]
	items := m.stack[from:]
	m.stack = m.stack[:from]
	return items, nil
}

// store puts the top of the stack into the memo.
func (m *machine) store(index int64) error {
	v, err := m.top()
	if err != nil {
		return err
	}
	if index < 0 {
		return malformed("negative memo index")
	}
	page, at := index/pageValues, index%pageValues
	values, bits := m.memo[page], m.put[page]
	if bits == nil {
		if len(m.put) >= maxPages {
			m.lossy = true
			m.next++
			m.r.violate(TooMuch, m.at, "memo")
			return nil
		}
		bits = new([pageValues / 64]uint64)
		m.put[page] = bits
	}
	if bits[at/64]&(1<<(at%64)) == 0 {
		bits[at/64] |= 1 << (at % 64)
		m.next++
	}
	kept := m.kept(v)
	if values == nil {
		if kept.plain() {
			return nil
		}
		values = new([pageValues]value)
		m.memo[page] = values
	}
	values[at] = kept
	return nil
}

// kept is what the memo keeps of a value: all of it while there is room, and then what it is without what it holds.
func (m *machine) kept(v *value) value {
	kept := *v
	size := len(kept.text)
	if kept.x != nil && kept.kind != kImport {
		size += 96 + 48*(len(kept.x.items)+len(kept.x.members))
	}
	room := maxHeld
	if kept.kind == kString && size <= 64 {
		room = 2 * maxHeld // it may be the name of an import yet to come
	}
	if m.held += size; m.held <= room {
		return kept
	}
	m.held -= size
	kept.text, kept.whole = "", false
	if made := kept.made(); kept.kind == kObject && made != nil {
		kept.x = m.bare(made)
	} else if kept.kind != kImport {
		kept.x = nil
	}
	return kept
}

// bare is what is known of an import or of its object by its name alone; all values share it.
func (m *machine) bare(i *Import) *extra {
	x := m.bares[i]
	if x == nil {
		x = &extra{made: i}
		m.bares[i] = x
	}
	return x
}

// load pushes what the memo has at an index.
func (m *machine) load(index int64) error {
	if index < 0 {
		return malformed("negative memo index")
	}
	page, at := index/pageValues, index%pageValues
	bits := m.put[page]
	if bits == nil || bits[at/64]&(1<<(at%64)) == 0 {
		if m.lossy {
			return m.push(value{kind: kUnknown})
		}
		return malformed("memo has no such index")
	}
	if values := m.memo[page]; values != nil {
		return m.push(values[at])
	}
	return m.push(value{})
}
