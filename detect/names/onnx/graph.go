//go:build onnx

package onnx

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
)

const (
	maxNodes    = 10000
	maxElements = 1 << 28 // of one tensor
)

// tensor is an array in row-major order. Whole numbers are kept as floats, which is exact up to 2^24.
type tensor struct {
	shape []int
	data  []float32
}

// node is one operator with its inputs and output by name.
type node struct {
	op      string
	in, out []string
	axis    int
	hasAxis bool
}

// graph is a model ready to run. It is not changed by running.
type graph struct {
	nodes  []node
	fixed  map[string]*tensor // weights
	inputs []string           // names that a run must give
	output string
}

// parseModel reads a ModelProto (onnx.proto of ONNX 1.x: field 7 is the graph).
func parseModel(b []byte) (*graph, error) {
	g := &graph{fixed: map[string]*tensor{}}
	found := false
	err := fields(b, func(number int, _ uint64, data []byte) error {
		if number == 7 {
			found = true
			return g.parse(data)
		}
		return nil
	})
	switch {
	case err != nil:
		return nil, err
	case !found || len(g.nodes) == 0 || g.output == "":
		return nil, fmt.Errorf("%w: it has no graph", ErrModel)
	}
	g.inputs = slices.DeleteFunc(g.inputs, func(name string) bool { return g.fixed[name] != nil })
	if len(g.inputs) == 0 {
		return nil, fmt.Errorf("%w: it has no input", ErrModel)
	}
	for _, n := range g.nodes {
		if operators[n.op] == nil {
			return nil, fmt.Errorf("%w: the operator %q is not known here", ErrModel, n.op)
		}
		if len(n.out) == 0 || len(n.in) == 0 {
			return nil, fmt.Errorf("%w: %s without input or output", ErrModel, n.op)
		}
	}
	return g, nil
}

// parse reads a GraphProto: 1 node, 5 initializer, 11 input, 12 output.
func (g *graph) parse(b []byte) error {
	return fields(b, func(number int, _ uint64, data []byte) error {
		switch number {
		case 1:
			n, err := parseNode(data)
			if g.nodes = append(g.nodes, n); len(g.nodes) > maxNodes {
				return fmt.Errorf("%w: more than %d nodes", ErrModel, maxNodes)
			}
			return err
		case 5:
			name, t, err := parseTensor(data)
			g.fixed[name] = t
			return err
		case 11, 12:
			return fields(data, func(field int, _ uint64, text []byte) error { // ValueInfoProto: 1 name
				if field == 1 && number == 11 {
					g.inputs = append(g.inputs, string(text))
				} else if field == 1 && g.output == "" {
					g.output = string(text)
				}
				return nil
			})
		}
		return nil
	})
}

// parseNode reads a NodeProto: 1 input, 2 output, 4 op_type, 5 attribute.
func parseNode(b []byte) (n node, err error) {
	err = fields(b, func(number int, _ uint64, data []byte) error {
		switch number {
		case 1:
			n.in = append(n.in, string(data))
		case 2:
			n.out = append(n.out, string(data))
		case 4:
			n.op = string(data)
		case 5: // AttributeProto: 1 name, 3 i
			name, value := "", int64(0)
			err := fields(data, func(field int, v uint64, text []byte) error {
				if field == 1 {
					name = string(text)
				} else if field == 3 {
					value = int64(v)
				}
				return nil
			})
			if name == "axis" {
				n.axis, n.hasAxis = int(value), true
			}
			return err
		}
		return nil
	})
	return n, err
}

// parseTensor reads a TensorProto: 1 dims, 2 data_type (1 float, 7 int64), 4 float_data, 7 int64_data, 8 name, 9 raw_data.
func parseTensor(b []byte) (name string, t *tensor, err error) {
	var dims, whole []int64
	var kind uint64
	var raw []byte
	t = &tensor{}
	err = fields(b, func(number int, value uint64, data []byte) error {
		switch number {
		case 1:
			dims = varints(dims, value, data)
		case 2:
			kind = value
		case 4:
			for ; len(data) >= 4; data = data[4:] {
				t.data = append(t.data, math.Float32frombits(binary.LittleEndian.Uint32(data)))
			}
		case 7:
			whole = varints(whole, value, data)
		case 8:
			name = string(data)
		case 9:
			raw = data
		}
		return nil
	})
	if err != nil {
		return "", nil, err
	}
	for ; kind == 1 && len(raw) >= 4; raw = raw[4:] {
		t.data = append(t.data, math.Float32frombits(binary.LittleEndian.Uint32(raw)))
	}
	for ; kind == 7 && len(raw) >= 8; raw = raw[8:] {
		whole = append(whole, int64(binary.LittleEndian.Uint64(raw)))
	}
	for _, v := range whole {
		t.data = append(t.data, float32(v))
	}
	size := 1
	for _, d := range dims {
		if d < 0 || d > maxElements || size > maxElements/int(max(d, 1)) {
			return "", nil, fmt.Errorf("%w: the tensor %q is too large", ErrModel, name)
		}
		t.shape = append(t.shape, int(d))
		size *= int(d)
	}
	if size != len(t.data) || kind != 1 && kind != 7 {
		return "", nil, fmt.Errorf("%w: the tensor %q has another size or type than it says", ErrModel, name)
	}
	return name, t, nil
}

// run computes the output for the given inputs.
func (g *graph) run(inputs map[string]*tensor) (*tensor, error) {
	values := make(map[string]*tensor, len(g.nodes))
	get := func(name string) *tensor {
		for _, from := range []map[string]*tensor{values, inputs, g.fixed} {
			if t := from[name]; t != nil {
				return t
			}
		}
		return nil
	}
	for i := range g.nodes {
		n := &g.nodes[i]
		var in []*tensor
		for _, name := range n.in {
			t := get(name)
			if t == nil {
				return nil, fmt.Errorf("%w: %s reads %q, which nothing computes", ErrModel, n.op, name)
			}
			in = append(in, t)
		}
		out, err := operators[n.op](n, in)
		if err != nil {
			return nil, fmt.Errorf("%w: %s: %w", ErrModel, n.op, err)
		}
		values[n.out[0]] = out
	}
	if out := values[g.output]; out != nil {
		return out, nil
	}
	return nil, fmt.Errorf("%w: nothing computes the output %q", ErrModel, g.output)
}
