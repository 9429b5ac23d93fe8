package model

import "strings"

// storageWidths are the bytes of one element of torch's storages.
var storageWidths = map[string]int64{
	"FloatStorage": 4, "DoubleStorage": 8, "HalfStorage": 2, "BFloat16Storage": 2, "LongStorage": 8, "IntStorage": 4, "ShortStorage": 2, "CharStorage": 1, "ByteStorage": 1,
	"BoolStorage": 1, "ComplexFloatStorage": 8, "ComplexDoubleStorage": 16, "QInt8Storage": 1, "QUInt8Storage": 1, "QInt32Storage": 4, "UntypedStorage": 1,
}

// storageSizes holds the storages that a pickle of torch refers to against the members with their bytes: a reader that trusts the pickle
// alone reads beyond them (CVE-2025-32434 and CVE-2026-24747 are of this kind).
func (j *job) storageSizes(where string, members []*zipMember) {
	sizes := make(map[string]int64, len(members))
	for _, m := range members {
		sizes[m.name] = m.size
	}
	for _, m := range members {
		if baseName(m.name) != "data.pkl" {
			continue
		}
		member := within(where, m.name)
		folder := strings.TrimSuffix(m.name, "data.pkl") + "data/"
		for _, s := range j.storages[member] {
			width, known := storageWidths[s.Class]
			size, here := sizes[folder+s.Key]
			switch {
			case !known || s.Key == "":
			case !here:
				j.note(Invalid, "storage-missing", member, "a tensor has no bytes in the archive", "take the file from its source again")
			case s.Count < 0 || s.Count > size/width || s.Count*width != size:
				j.note(Malicious, "storage-size", member, "a tensor has another size than its bytes in the archive", "do not load this file")
			}
		}
	}
}
