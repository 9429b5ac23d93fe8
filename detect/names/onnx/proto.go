//go:build onnx

package onnx

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// ErrModel means that a file is no model that this package can run.
var ErrModel = errors.New("not a model that can be run")

// fields calls f for each field of a protobuf message (protobuf.dev/programming-guides/encoding): number, the value of
// varints and fixed-width fields, the bytes of the others.
func fields(b []byte, f func(number int, value uint64, bytes []byte) error) error {
	for len(b) > 0 {
		key, n := binary.Uvarint(b)
		if n <= 0 {
			return fmt.Errorf("%w: broken field", ErrModel)
		}
		b = b[n:]
		var value uint64
		var data []byte
		switch key & 7 {
		case 0:
			if value, n = binary.Uvarint(b); n <= 0 {
				return fmt.Errorf("%w: broken number", ErrModel)
			}
			b = b[n:]
		case 1, 5:
			size := 8
			if key&7 == 5 {
				size = 4
			}
			if len(b) < size {
				return fmt.Errorf("%w: cut short", ErrModel)
			}
			if data = b[:size]; size == 4 {
				value = uint64(binary.LittleEndian.Uint32(data))
			} else {
				value = binary.LittleEndian.Uint64(data)
			}
			b = b[size:]
		case 2:
			size, n := binary.Uvarint(b)
			if n <= 0 || size > uint64(len(b)-n) {
				return fmt.Errorf("%w: cut short", ErrModel)
			}
			data, b = b[n:n+int(size)], b[n+int(size):]
		default:
			return fmt.Errorf("%w: unknown wire type %d", ErrModel, key&7)
		}
		if err := f(int(key>>3), value, data); err != nil {
			return err
		}
	}
	return nil
}

// varints reads a packed list of numbers, or the one in value where there are no bytes.
func varints(dst []int64, value uint64, b []byte) []int64 {
	if b == nil {
		return append(dst, int64(value))
	}
	for len(b) > 0 {
		v, n := binary.Uvarint(b)
		if n <= 0 {
			return dst
		}
		dst, b = append(dst, int64(v)), b[n:]
	}
	return dst
}
