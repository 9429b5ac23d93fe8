package pickle

import (
	"math/bits"
	"strings"
)

// storage is what torch's reader returns for a persistent id: ('storage', class, key, location, number of elements), or with a view behind.
func (m *machine) storage(id *value) value {
	v := value{kind: kPersist}
	items := id.items()
	if len(items) < 5 || items[0].text != "storage" || items[1].kind != kImport || items[4].kind != kInt || items[4].text != "" {
		return v
	}
	key := items[2].text
	if items[2].kind == kInt {
		key = ""
	}
	v.x = &extra{count: items[4].num}
	if len(m.r.Storages) < maxStorages {
		m.r.Storages = append(m.r.Storages, Storage{items[1].made().Name, key, items[4].num, m.at})
	}
	return v
}

// checkTensor compares shape and strides of a tensor with its storage: (storage, offset, size, stride, …). A reader that trusts them
// reads or writes memory that is not the tensor's (CVE-2026-24747, CVE-2025-32434).
func (m *machine) checkTensor(made *Import, args []value) {
	if made.Module != "torch._utils" || !strings.HasPrefix(made.Name, "_rebuild_tensor") && made.Name != "_rebuild_qtensor" || len(args) < 4 {
		return
	}
	if args[0].kind != kPersist || args[0].x == nil || args[1].kind != kInt || args[2].kind != kTuple || args[3].kind != kTuple {
		return
	}
	size, stride := args[2].items(), args[3].items()
	last := uint64(args[1].num)
	bad := args[1].num < 0 || len(size) != len(stride)
	for i := 0; i < len(size) && !bad; i++ {
		n, by := size[i], stride[i]
		if n.kind != kInt || by.kind != kInt || len(size) >= maxItems {
			return
		}
		if n.num == 0 {
			return // it has no elements
		}
		hi, reach := bits.Mul64(uint64(n.num-1), uint64(by.num))
		last += reach
		bad = n.num < 0 || by.num < 0 || n.text != "" || by.text != "" || hi != 0 || last < reach || last > 1<<62
	}
	if bad || last >= uint64(max(args[0].x.count, 0)) {
		m.r.violate(OutOfStorage, m.at, "")
	}
}
