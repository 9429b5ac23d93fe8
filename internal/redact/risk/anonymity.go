package risk

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
)

// AnonymityOptions say which columns could together point at a person.
type AnonymityOptions struct {
	Quasi     []string // names of fields
	Sensitive string   // name of the field that must differ within a class; "" for none
	K         int      // smallest class that is safe

	maxClasses int // held in memory at once; 0 means 1<<20
}

// Anonymity is what the quasi-identifiers tell.
type Anonymity struct {
	Quasi     []string `json:"quasi"`
	Sensitive string   `json:"sensitive,omitzero"`
	Records   int      `json:"records"` // with at least one quasi-identifier
	Without   int      `json:"without"` // read, but none of the quasi-identifiers is in them
	Partial   int      `json:"partial"` // with some of them only; what is missing counts as a value of its own
	Classes   int      `json:"classes"` // combinations of values
	K         int      `json:"k"`       // size of the smallest class; 0 without records
	Wanted    int      `json:"k_wanted"`
	Below     int      `json:"below"`  // records in classes smaller than wanted
	Unique    int      `json:"unique"` // records in classes of one
	L         int      `json:"l,omitzero"`
	Uniform   int      `json:"uniform,omitzero"` // classes in which all records share one sensitive value
	Histogram []Bin    `json:"histogram"`
	Readings  int      `json:"readings"` // of the data
}

// Bin counts classes by size, From to To; To 0 means and more.
type Bin struct {
	From    int `json:"from"`
	To      int `json:"to,omitzero"`
	Classes int `json:"classes"`
	Records int `json:"records"`
}

// maxL is how many different sensitive values of a class are told apart; more count as so many.
const maxL = 8

// class is a combination of quasi-identifiers.
type class struct {
	n    int
	l    int
	seen [maxL]uint32
}

func (c *class) add(sensitive uint64) {
	c.n++
	s := uint32(sensitive)
	if c.l < maxL && !slices.Contains(c.seen[:c.l], s) {
		c.seen[c.l] = s
		c.l++
	}
}

// anonymizer reads one share of the classes.
type anonymizer struct {
	o         *AnonymityOptions
	of, share uint64 // this reading counts the classes whose hash modulo of is share
	classes   map[[16]byte]*class
	open      map[int]*row // records that are not whole yet, of one file
	path      string       // of the value before
	last      int          // its record
	out       *Anonymity
	first     bool // this reading counts records
	full      bool
}

// row is what is known of a record.
type row struct {
	values []uint64 // by quasi-identifier; 0 where missing
	got    int
	secret uint64
}

// maxOpen bounds the records of a column store that wait for their other columns.
const maxOpen = 2 << 20

// CountAnonymity reads the input as often as memory demands; the answer is exact.
func CountAnonymity(ctx context.Context, in *Input, o AnonymityOptions) (*Anonymity, map[string]string, error) {
	if o.maxClasses == 0 {
		o.maxClasses = 1 << 20
	}
	readings := 0
	for of := uint64(1); ; of *= 4 {
		out := newAnonymity(&o)
		var skipped map[string]string
		full := false
		for share := uint64(0); share < of && !full; share++ {
			a := &anonymizer{o: &o, of: of, share: share, classes: map[[16]byte]*class{}, open: map[int]*row{}, out: out, first: share == 0}
			readings++
			var err error
			if skipped, err = in.read(ctx, a.value, a.flush); err != nil {
				return nil, nil, err
			}
			full = a.full
			a.count()
		}
		if !full {
			out.Readings = readings
			return out, skipped, nil
		}
	}
}

func newAnonymity(o *AnonymityOptions) *Anonymity {
	return &Anonymity{Quasi: o.Quasi, Sensitive: o.Sensitive, Wanted: o.K, Histogram: []Bin{
		{From: 1, To: 1}, {From: 2, To: 2}, {From: 3, To: 4}, {From: 5, To: 9}, {From: 10, To: 19}, {From: 20, To: 99}, {From: 100},
	}}
}

// value takes one value of a record. In row formats the record before it is whole when a new one begins; in column stores a
// record is whole when it has all columns, or at the end of the file.
func (a *anonymizer) value(v *value) error {
	if a.full {
		return nil
	}
	if v.rows && v.record != a.last || v.path != a.path {
		if err := a.flush(); err != nil {
			return err
		}
	}
	a.path, a.last = v.path, v.record
	r := a.open[v.record]
	if r == nil {
		if len(a.open) >= maxOpen {
			return fmt.Errorf("%s: more than %d records lack some of the columns: name only columns that are filled", v.path, maxOpen)
		}
		r = &row{}
		a.open[v.record] = r
	}
	if v.name == a.o.Sensitive && a.o.Sensitive != "" {
		r.secret = hashOf(v.text) | 1
	}
	if i := slices.Index(a.o.Quasi, v.name); i >= 0 {
		if r.values == nil {
			r.values = make([]uint64, len(a.o.Quasi))
		}
		if r.values[i] == 0 {
			r.got++
		}
		r.values[i] = hashOf(v.text) | 1
	}
	if !v.rows && r.got == len(a.o.Quasi) && (r.secret != 0 || a.o.Sensitive == "") {
		a.add(r)
		r.values, r.got = nil, -1 // counted
	}
	return nil
}

// flush counts the records that are open.
func (a *anonymizer) flush() error {
	for _, r := range a.open {
		if r.got >= 0 {
			a.add(r)
		}
	}
	clear(a.open)
	return nil
}

func (a *anonymizer) add(r *row) {
	if r.got == 0 {
		if a.first {
			a.out.Without++
		}
		return
	}
	if a.first {
		a.out.Records++
		if r.got < len(a.o.Quasi) {
			a.out.Partial++
		}
	}
	h := sha256.New()
	for _, x := range r.values {
		_ = binary.Write(h, binary.BigEndian, x)
	}
	key := [16]byte(h.Sum(nil))
	if binary.BigEndian.Uint64(key[:])%a.of != a.share {
		return
	}
	c := a.classes[key]
	if c == nil {
		if len(a.classes) >= a.o.maxClasses {
			a.full = true
			return
		}
		c = &class{}
		a.classes[key] = c
	}
	c.add(r.secret)
}

// count adds the classes of this share to the answer.
func (a *anonymizer) count() {
	out := a.out
	for _, c := range a.classes {
		out.Classes++
		if out.K == 0 || c.n < out.K {
			out.K = c.n
		}
		if c.n < out.Wanted {
			out.Below += c.n
		}
		if c.n == 1 {
			out.Unique++
		}
		if a.o.Sensitive != "" {
			if out.L == 0 || c.l < out.L {
				out.L = c.l
			}
			if c.l == 1 {
				out.Uniform++
			}
		}
		for i := range out.Histogram {
			if b := &out.Histogram[i]; c.n >= b.From && (b.To == 0 || c.n <= b.To) {
				b.Classes++
				b.Records += c.n
			}
		}
	}
}
