package pickle

import (
	"strings"
	"unicode/utf8"
)

// behave executes the opcodes that import, call and build.
func (m *machine) behave(op byte) error {
	switch op {
	case opGlobal:
		return m.global()
	case opStackGlobal:
		return m.stackGlobal()
	case opInst:
		return m.inst()
	case opObj:
		return m.obj()
	case opReduce:
		return m.reduce()
	case opNewObj, opNewObjEx:
		return m.newObj(op)
	case opBuild:
		return m.build()
	case opExt1, opExt2, opExt4:
		return m.extension(op)
	case opPersID, opBinPersID:
		return m.persistent(op)
	}
	return malformed("no such opcode")
}

// names reads the two lines of GLOBAL and INST.
func (m *machine) names(op byte) (*Import, error) {
	module, whole1, err := m.s.line(maxText)
	if err != nil {
		return nil, err
	}
	name, whole2, err := m.s.line(maxText)
	if err != nil {
		return nil, err
	}
	if !whole1 || !whole2 {
		m.r.violate(ComputedImport, m.at, "a name too long to keep")
	}
	return m.imported(module, name, op)
}

// imported notes an import.
func (m *machine) imported(module, name string, op byte) (*Import, error) {
	if !utf8.ValidString(module) || !utf8.ValidString(name) {
		return nil, malformed("import of a name that is no UTF-8")
	}
	key := [2]string{module, name}
	i := m.imports[key]
	if i == nil {
		if len(m.imports) >= maxImports {
			return nil, limitError("imports")
		}
		i = &Import{Module: module, Name: name, Pos: m.at, Op: opNames[op]}
		m.imports[key] = i
		m.r.Imports = append(m.r.Imports, i)
	}
	i.Count++
	return i, nil
}

func (m *machine) global() error {
	i, err := m.names(opGlobal)
	if err != nil {
		return err
	}
	return m.push(value{kind: kImport, x: m.bare(i)})
}

func (m *machine) stackGlobal() error {
	name, err := m.pop()
	if err != nil {
		return err
	}
	module, err := m.pop()
	if err != nil {
		return err
	}
	if !name.isConstant() || !module.isConstant() {
		m.r.violate(ComputedImport, m.at, "")
		return m.push(value{kind: kUnknown})
	}
	i, err := m.imported(module.text, name.text, opStackGlobal)
	if err != nil {
		return err
	}
	return m.push(value{kind: kImport, x: m.bare(i)})
}

func (m *machine) inst() error {
	i, err := m.names(opInst)
	if err != nil {
		return err
	}
	args, err := m.popMark()
	if err != nil {
		return err
	}
	return m.push(m.called(opInst, &value{kind: kImport, x: m.bare(i)}, args))
}

func (m *machine) obj() error {
	items, err := m.popMark()
	if err != nil {
		return err
	}
	if len(items) == 0 {
		return malformed("OBJ without a class")
	}
	return m.push(m.called(opObj, &items[0], items[1:]))
}

func (m *machine) reduce() error {
	args, err := m.pop()
	if err != nil {
		return err
	}
	f, err := m.pop()
	if err != nil {
		return err
	}
	return m.push(m.called(opReduce, &f, args.items()))
}

func (m *machine) newObj(op byte) error {
	n := 2
	if op == opNewObjEx {
		n = 3
	}
	from := len(m.stack) - n
	if from < m.bottom() {
		return malformed("stack underflow")
	}
	items := m.stack[from:]
	m.stack = m.stack[:from]
	return m.push(m.called(op, &items[0], items[1].items()))
}

// called is what a call returns.
func (m *machine) called(op byte, f *value, args []value) value {
	if f.kind != kImport {
		detail := opNames[op]
		if made := f.made(); made != nil {
			detail += " of what " + made.Module + "." + made.Name + " returned"
		}
		m.r.violate(ComputedCall, m.at, detail)
		return value{kind: kUnknown}
	}
	made := f.made()
	made.Calls++
	made.Function = made.Function || op != opNewObj && op != opNewObjEx
	collect(made, args, 2)
	m.checkTensor(made, args)
	if v, ok := m.attribute(made, args); ok {
		return v
	}
	if reconstructs(made) && len(args) > 0 && args[0].kind == kImport {
		made = args[0].made()
		made.Calls++
		args = args[1:]
	}
	return value{kind: kObject, x: &extra{made: made, items: append([]value(nil), args...)}}
}

// attribute resolves getattr(import, constant), by which Python pickles members of enumerations and methods of classes, to an import with a dot.
func (m *machine) attribute(made *Import, args []value) (value, bool) {
	if made.Name != "getattr" || made.Module != "builtins" && made.Module != "__builtin__" || len(args) != 2 || args[0].kind != kImport || !args[1].isConstant() {
		return value{}, false
	}
	of := args[0].made()
	i, err := m.imported(of.Module, of.Name+"."+args[1].text, opReduce)
	if err != nil {
		return value{}, false
	}
	made.Resolved++
	return value{kind: kImport, x: m.bare(i)}, true
}

// reconstructs reports whether a call of i makes an object of the class that is its first argument.
func reconstructs(i *Import) bool {
	return (i.Module == "copyreg" || i.Module == "copy_reg") && (i.Name == "_reconstructor" || i.Name == "__newobj__" || i.Name == "__newobj_ex__")
}

// collect keeps the constant strings among arguments.
func collect(i *Import, args []value, depth int) {
	for k := range args {
		v := &args[k]
		if v.kind == kTuple && depth > 0 {
			collect(i, v.items(), depth-1)
		}
		if v.kind != kString || len(i.Args) >= maxArgs {
			continue
		}
		i.Args = append(i.Args, strings.Clone(v.text[:min(len(v.text), maxArg)]))
	}
}

// build is BUILD: it calls __setstate__, or sets attributes.
func (m *machine) build() error {
	state, err := m.pop()
	if err != nil {
		return err
	}
	target, err := m.top()
	if err != nil {
		return err
	}
	switch target.kind {
	case kImport:
		made := target.made()
		m.r.violate(BuildGlobal, m.at, made.Module+"."+made.Name)
	case kObject:
		return m.built(target, &state)
	default:
		m.r.violate(StoreIntoOther, m.at, "BUILD")
	}
	return nil
}

// extension is EXT1, EXT2, EXT4: a global out of the reader's copyreg registry.
func (m *machine) extension(op byte) error {
	width := map[byte]int{opExt1: 1, opExt2: 2, opExt4: 4}[op]
	if _, err := m.s.uint(width); err != nil {
		return err
	}
	m.r.violate(ExtensionCode, m.at, opNames[op])
	return m.push(value{kind: kUnknown})
}

// persistent asks the reader for an object by its id. The reader decides what that is; torch gives tensors' storages.
func (m *machine) persistent(op byte) error {
	m.r.Persistent++
	if op == opPersID {
		if _, _, err := m.s.line(maxText); err != nil {
			return err
		}
		return m.push(value{kind: kPersist})
	}
	id, err := m.pop()
	if err != nil {
		return err
	}
	return m.push(m.storage(&id))
}
