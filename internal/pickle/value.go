package pickle

// kind is what the machine knows of a value.
type kind uint8

const (
	kOpaque  kind = iota // a value without behaviour: number, bytes, list … whose content does not matter
	kString              // a constant string
	kInt                 // a constant integer
	kTuple               // items are known, at most maxItems of them
	kDict                // a dict; its constant keys are in the machine's heap
	kList                // list, set or bytearray
	kImport              // an imported module attribute
	kObject              // what a call returned
	kPersist             // what the reader returns for a persistent id
	kUnknown             // anything: it may be callable
)

// value is a symbolic value. The zero value is an opaque one.
type value struct {
	kind  kind
	whole bool   // text holds the whole string
	num   int64  // kInt: the number; containers: their place in the machine's weights
	text  string // kString: its first maxText bytes; kInt: a number too large for num, in decimal
	x     *extra
}

// extra is what only some values have.
type extra struct {
	made    *Import // kImport: which; kObject: what was called to make it
	items   []value // kTuple: its items, nil where none of them matters; kObject: arguments of the call
	members []member
	count   int64 // kPersist: elements of a storage of torch
}

// member is an entry of a dict under one of the names that the machine looks for.
type member struct {
	name string
	v    value
}

func (v *value) made() *Import {
	if v.x == nil {
		return nil
	}
	return v.x.made
}

func (v *value) items() []value {
	if v.x == nil {
		return nil
	}
	return v.x.items
}

func (v *value) member(name string) (value, bool) {
	if v.x != nil {
		for i := range v.x.members {
			if v.x.members[i].name == name {
				return v.x.members[i].v, true
			}
		}
	}
	return value{}, false
}

func (v *value) isConstant() bool { return v.kind == kString && v.whole }

// isContainer reports whether the value can hold others.
func (v *value) isContainer() bool { return v.kind == kTuple || v.kind == kDict || v.kind == kList }

// plain reports whether nothing about the value matters to what comes later.
func (v *value) plain() bool { return v.kind == kOpaque }
