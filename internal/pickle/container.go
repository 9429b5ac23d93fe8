package pickle

import (
	"math"
	"strings"
)

// container executes the opcodes that make and fill tuples, lists, sets and dicts.
func (m *machine) container(op byte) (bool, error) {
	switch op {
	case opEmptyTuple:
		return true, m.push(value{kind: kTuple})
	case opEmptyList, opEmptySet:
		return true, m.push(m.fresh(kList))
	case opEmptyDict:
		return true, m.push(m.fresh(kDict))
	case opTuple1, opTuple2, opTuple3:
		return true, m.shortTuple(int(op-opTuple1) + 1)
	case opTuple, opList, opFrozenSet, opDict:
		items, err := m.popMark()
		if err != nil {
			return true, err
		}
		return true, m.push(m.gather(op, items))
	case opAppend:
		return true, m.fillOne()
	case opAppends, opAddItems, opSetItems:
		return true, m.fillMany(op)
	case opSetItem:
		return true, m.setItem()
	}
	return false, nil
}

// fresh is an empty container with a weight of its own.
func (m *machine) fresh(k kind) value {
	if len(m.weights) >= maxWeights {
		return value{kind: k}
	}
	m.weights = append(m.weights, 1)
	return value{kind: k, num: int64(len(m.weights) - 1)}
}

// weight is the number of values that v stands for when it is written out.
func (m *machine) weight(v *value) int64 {
	if v.isContainer() && v.num > 0 {
		return m.weights[v.num]
	}
	return 1
}

// grow adds the weight of items to a container.
func (m *machine) grow(v *value, items []value) {
	if !v.isContainer() || v.num == 0 {
		return
	}
	w := m.weights[v.num]
	for i := range items {
		if x := m.weight(&items[i]); w > math.MaxInt64-x {
			w = math.MaxInt64
		} else {
			w += x
		}
	}
	m.weights[v.num] = w
	if w > expansion && w/1000 > m.r.Opcodes {
		m.r.violate(Expansion, m.at, "")
	}
}

func (m *machine) shortTuple(n int) error {
	from := len(m.stack) - n
	if from < m.bottom() {
		return malformed("stack underflow")
	}
	items := m.stack[from:]
	m.stack = m.stack[:from]
	return m.push(m.tuple(items))
}

// tuple makes a tuple of items, which it copies as far as they matter.
func (m *machine) tuple(items []value) value {
	matters, weighs := false, false
	for i := range items {
		matters = matters || !items[i].plain()
		weighs = weighs || items[i].isContainer()
	}
	v := value{kind: kTuple}
	if weighs {
		v = m.fresh(kTuple)
		m.grow(&v, items)
	}
	if matters {
		v.x = &extra{items: append([]value(nil), items[:min(len(items), maxItems)]...)}
	}
	return v
}

// gather makes the container of TUPLE, LIST, FROZENSET and DICT.
func (m *machine) gather(op byte, items []value) value {
	switch op {
	case opTuple:
		return m.tuple(items)
	case opDict:
		v := m.fresh(kDict)
		m.grow(&v, items)
		note(&v, items)
		return v
	}
	v := m.fresh(kList)
	m.grow(&v, items)
	return v
}

func (m *machine) fillOne() error {
	item, err := m.pop()
	if err != nil {
		return err
	}
	target, err := m.top()
	if err != nil {
		return err
	}
	m.fill(opAppend, target, []value{item})
	return nil
}

func (m *machine) fillMany(op byte) error {
	items, err := m.popMark()
	if err != nil {
		return err
	}
	if op == opSetItems && len(items)%2 != 0 {
		return malformed("odd number of items")
	}
	target, err := m.top()
	if err != nil {
		return err
	}
	m.fill(op, target, items)
	return nil
}

func (m *machine) setItem() error {
	from := len(m.stack) - 2
	if from-1 < m.bottom() {
		return malformed("stack underflow")
	}
	items := m.stack[from:]
	m.stack = m.stack[:from]
	m.fill(opSetItem, &m.stack[from-1], items)
	return nil
}

// fill puts items into what stands on the stack. Objects are filled by their own methods (append, extend, add, __setitem__),
// which their import answers for.
func (m *machine) fill(op byte, target *value, items []value) {
	switch target.kind {
	case kDict, kList:
		if into := op == opSetItem || op == opSetItems; into != (target.kind == kDict) {
			m.r.violate(StoreIntoOther, m.at, opNames[op])
		}
		m.grow(target, items)
		if op == opSetItem || op == opSetItems {
			note(target, items)
		}
	case kObject:
		if made := target.made(); made != nil && strings.HasPrefix(made.Module, "torch.") { // CVE-2026-24747
			m.r.violate(StoreIntoOther, m.at, opNames[op]+" into what "+made.Module+"."+made.Name+" returned")
		}
	case kImport:
		made := target.made()
		m.r.violate(StoreIntoOther, m.at, opNames[op]+" into "+made.Module+"."+made.Name)
	default:
		m.r.violate(StoreIntoOther, m.at, opNames[op])
	}
}

// looked are the members that array looks for.
func looked(name string) bool {
	switch name {
	case "shape", "dtype", "subclass", "order", "allow_mmap", "numpy_array_alignment_bytes":
		return true
	}
	return false
}

// note keeps the members of a dict that the machine looks for.
func note(target *value, items []value) {
	for i := 0; i+1 < len(items); i += 2 {
		key := &items[i]
		if !key.isConstant() || !looked(key.text) {
			continue
		}
		if target.x == nil {
			target.x = &extra{}
		}
		if len(target.x.members) < maxItems {
			target.x.members = append(target.x.members, member{key.text, items[i+1]})
		}
	}
}
