package custody

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
)

// minimumFile says where the log begins after retention removed whole segments. It is no proof: the retention record is.
const minimumFile = "minimum"

// minimum is the first segment that is kept, and its first record: what C2SP tlog-tiles calls the minimum index.
type minimum struct{ segment, seq uint64 }

func (m minimum) encode() []byte {
	return fmt.Appendf(nil, "segment %d\nrecord %d\n", m.segment, m.seq)
}

// decodeMinimum accepts only what encode writes.
func decodeMinimum(b []byte) (m minimum, err error) {
	if _, err := fmt.Sscanf(string(b), "segment %d\nrecord %d\n", &m.segment, &m.seq); err != nil || m.segment < 2 || string(m.encode()) != string(b) {
		return minimum{}, fmt.Errorf("%w: file %s is malformed", ErrDamaged, minimumFile)
	}
	return m, nil
}

// readMinimum reads where the log begins: at segment 1 and record 0 where nothing was removed.
func readMinimum(dir string) (minimum, error) {
	b, err := readSmall(filepath.Join(dir, minimumFile))
	if errors.Is(err, fs.ErrNotExist) {
		return minimum{segment: 1}, nil
	}
	if err != nil {
		return minimum{}, err
	}
	return decodeMinimum(b)
}
