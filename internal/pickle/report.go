package pickle

// Import is one (module, name) pair that the stream asks the unpickler to import.
type Import struct {
	Module, Name string
	Pos          int64    // offset of the first opcode that asks for it
	Op           string   // that opcode
	Count        int      // how often it is asked for
	Calls        int      // how often it is called (REDUCE, OBJ, INST, NEWOBJ, NEWOBJ_EX)
	Resolved     int      // of getattr: calls that are told as an import of their own, "Class.member"
	Function     bool     // called by REDUCE, so it may be any callable; NEWOBJ and its kin call only classes' __new__
	Args         []string // constant strings among the arguments of its calls; at most maxArgs of at most maxArg bytes
}

// Rule names one thing that no pickle of good faith does, or that the machine cannot decide.
type Rule string

// The violations. All but those of Malformed tell that something runs that cannot be known from the stream.
const (
	ComputedImport Rule = "computed-import"  // STACK_GLOBAL with operands that are not constants
	ComputedCall   Rule = "computed-call"    // a call of something that is not an import
	ExtensionCode  Rule = "extension-code"   // EXT1, EXT2, EXT4: the import is in the reader's registry
	BuildGlobal    Rule = "build-on-import"  // BUILD sets attributes of an imported module or class
	StoreIntoOther Rule = "store-into-other" // SETITEM, APPEND … on an import or on what cannot take items
	FrameCrossed   Rule = "frame-crossed"    // an opcode begins in a frame and ends outside, or frames nest
	TooMuch        Rule = "too-much"         // a limit of the machine was reached
	Expansion      Rule = "expansion"        // containers nested through the memo grow without bound when they are written out
	Malformed      Rule = "malformed"        // not a pickle any more: what comes after was not read
	NoStop         Rule = "no-stop"          // the stream ends without STOP
	OutOfStorage   Rule = "out-of-storage"   // a tensor reaches beyond the storage that it is given
)

// Violation is a Rule at a place.
type Violation struct {
	Rule   Rule
	Pos    int64
	Detail string // what was met; never content of the stream but names of imports
}

// Array is raw array data of joblib that stands between the opcodes and was skipped.
type Array struct{ Pos, Bytes int64 }

// Storage is a storage of torch that the stream refers to by a persistent id.
type Storage struct {
	Class string // such as FloatStorage
	Key   string // names the member of the archive with its bytes
	Count int64  // elements
	Pos   int64
}

// Report is what one stream would do. Lists are bounded; Opcodes and End tell how far the machine came.
type Report struct {
	Protocol   int // highest of its PROTO opcodes, 0 without one
	Imports    []*Import
	Violations []Violation
	Arrays     []Array
	Storages   []Storage
	Nested     []*Report // pickles in constant bytes and texts, which somebody may load later; positions are relative to them
	Persistent int       // persistent ids: names for things outside of the stream
	Opcodes    int64     // opcodes executed
	End        int64     // offset behind the last opcode that was executed
	Stopped    bool      // STOP was reached
	Text       string    // the value at STOP where it is a constant string or integer (torch's magic number), in decimal
}

// Failed reports whether the stream broke off.
func (r *Report) Failed() bool { return !r.Stopped }

func (r *Report) violate(rule Rule, pos int64, detail string) {
	for i := range r.Violations {
		if v := &r.Violations[i]; v.Rule == rule && v.Detail == detail {
			return
		}
	}
	if len(r.Violations) < maxViolations {
		r.Violations = append(r.Violations, Violation{rule, pos, detail})
	}
}
