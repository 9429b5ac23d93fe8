//go:build onnx

package onnx

import (
	"errors"
	"math"
	"slices"
)

// errShape means that the shapes of an operator's inputs do not fit.
var errShape = errors.New("the shapes of its inputs do not fit")

// operators are the known ones (github.com/onnx/onnx, docs/Operators.md), by name.
var operators = map[string]func(n *node, in []*tensor) (*tensor, error){
	"Identity": func(_ *node, in []*tensor) (*tensor, error) { return in[0], nil },
	"Gather":   gather,
	"MatMul":   matMul,
	"Add":      pairwise(func(a, b float32) float32 { return a + b }),
	"Sub":      pairwise(func(a, b float32) float32 { return a - b }),
	"Mul":      pairwise(func(a, b float32) float32 { return a * b }),
	"Div":      pairwise(func(a, b float32) float32 { return a / b }),
	"Relu":     each(func(v float64) float64 { return max(v, 0) }),
	"Tanh":     each(math.Tanh),
	"Sigmoid":  each(func(v float64) float64 { return 1 / (1 + math.Exp(-v)) }),
	"Softmax":  softmax,
}

func each(f func(float64) float64) func(*node, []*tensor) (*tensor, error) {
	return func(_ *node, in []*tensor) (*tensor, error) {
		out := &tensor{shape: in[0].shape, data: make([]float32, len(in[0].data))}
		for i, v := range in[0].data {
			out.data[i] = float32(f(float64(v)))
		}
		return out, nil
	}
}

// pairwise computes element by element. The second input may lack leading dimensions of the first, or be one number.
func pairwise(f func(a, b float32) float32) func(*node, []*tensor) (*tensor, error) {
	return func(_ *node, in []*tensor) (*tensor, error) {
		if len(in) != 2 {
			return nil, errShape
		}
		a, b := in[0], in[1]
		swap := len(b.data) > len(a.data)
		if swap {
			a, b = b, a
		}
		small := b.shape
		for len(small) > 0 && small[0] == 1 {
			small = small[1:]
		}
		tail := a.shape[max(0, len(a.shape)-len(small)):]
		if len(b.data) == 0 || !slices.Equal(tail, small) {
			return nil, errShape
		}
		out := &tensor{shape: a.shape, data: make([]float32, len(a.data))}
		for i, v := range a.data {
			if w := b.data[i%len(b.data)]; swap {
				out.data[i] = f(w, v)
			} else {
				out.data[i] = f(v, w)
			}
		}
		return out, nil
	}
}

// gather takes rows of the first input by the numbers in the second. A number beyond the end is an error.
func gather(n *node, in []*tensor) (*tensor, error) {
	if len(in) != 2 || len(in[0].shape) == 0 || n.axis != 0 {
		return nil, errShape
	}
	rows := in[0].shape[0]
	width := 1
	for _, d := range in[0].shape[1:] {
		width *= d
	}
	out := &tensor{shape: slices.Concat(in[1].shape, in[0].shape[1:])}
	for _, v := range in[1].data {
		i := int(v)
		if i < 0 {
			i += rows
		}
		if i < 0 || i >= rows {
			return nil, errShape
		}
		out.data = append(out.data, in[0].data[i*width:(i+1)*width]...)
	}
	return out, nil
}

// matMul multiplies the last dimension of the first input with a matrix.
func matMul(_ *node, in []*tensor) (*tensor, error) {
	if len(in) != 2 || len(in[1].shape) != 2 || len(in[0].shape) == 0 {
		return nil, errShape
	}
	a, b := in[0], in[1]
	inner, width := b.shape[0], b.shape[1]
	last := len(a.shape) - 1
	if a.shape[last] != inner || inner == 0 {
		return nil, errShape
	}
	rows := len(a.data) / inner
	out := &tensor{shape: append(slices.Clone(a.shape[:last]), width), data: make([]float32, rows*width)}
	for r := range rows {
		to := out.data[r*width : (r+1)*width]
		for k, v := range a.data[r*inner : (r+1)*inner] {
			for c, w := range b.data[k*width : (k+1)*width] {
				to[c] += v * w
			}
		}
	}
	return out, nil
}

// softmax is over the last dimension.
func softmax(n *node, in []*tensor) (*tensor, error) {
	t := in[0]
	last := len(t.shape) - 1
	if last < 0 || n.hasAxis && n.axis != -1 && n.axis != last || t.shape[last] == 0 {
		return nil, errShape
	}
	width := t.shape[last]
	out := &tensor{shape: t.shape, data: make([]float32, len(t.data))}
	for at := 0; at < len(t.data); at += width {
		row, sum := t.data[at:at+width], 0.0
		top := slices.Max(row)
		for i, v := range row {
			e := math.Exp(float64(v - top))
			out.data[at+i] = float32(e)
			sum += e
		}
		for i := range row {
			out.data[at+i] /= float32(sum)
		}
	}
	return out, nil
}
