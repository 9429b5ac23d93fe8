package model

import (
	"io"
	"strings"
)

// onnxDomains are the sets of operators that runtimes bring along. Others come from libraries that a program loads.
var onnxDomains = newSet(`ai.onnx ai.onnx.ml ai.onnx.training ai.onnx.preview ai.onnx.preview.training com.microsoft com.microsoft.nchwc com.microsoft.experimental
	com.microsoft.mlfeaturizers com.ms.internal.nhwc com.microsoft.dml pkg.onnxscript.torch_lib pkg.onnxscript.torch_lib.common pkg.torch.2.0 org.pytorch.aten`)

type onnxScan struct {
	j      *job
	where  string
	custom map[string]bool
	local  map[string]bool // domains of functions that the model itself defines
}

// onnx walks a model of ONNX (onnx/onnx.proto): operators of unknown domains, and tensors kept in files outside of its folder.
func (j *job) onnx(where string, r *io.SectionReader) {
	s := onnxScan{j: j, where: where, custom: map[string]bool{}, local: map[string]bool{}}
	err := newWire(r).each(func(f field) error {
		w := newWire(r).into(f)
		switch {
		case f.kind != 2:
		case f.number == 7:
			return s.graph(w, 0)
		case f.number == 25:
			return s.function(w)
		case f.number == 20:
			return w.each(func(g field) error {
				if g.kind == 2 && (g.number == 1 || g.number == 2) {
					return s.graph(w.into(g), 1)
				}
				return nil
			})
		}
		return nil
	})
	if err != nil {
		j.note(Invalid, "damaged", where, "the model is no sound protocol buffer", "take the file from its source again")
	}
	for d := range s.custom {
		if !s.local[d] {
			j.note(Review, "onnx-domain", where, "operators of a library of its own are used", "have the library reviewed that brings them")
			break
		}
	}
}

func (s *onnxScan) graph(w *wire, depth int) error {
	if depth > maxWireDepth {
		return errWire
	}
	return w.each(func(f field) error {
		switch {
		case f.kind != 2:
		case f.number == 1:
			return s.node(w.into(f), depth)
		case f.number == 5:
			return s.tensor(w.into(f))
		case f.number == 15:
			return w.into(f).each(func(g field) error {
				if g.kind == 2 && (g.number == 1 || g.number == 2) {
					return s.tensor(w.into(g))
				}
				return nil
			})
		}
		return nil
	})
}

func (s *onnxScan) function(w *wire) error {
	return w.each(func(f field) error {
		switch {
		case f.kind == 2 && f.number == 7:
			return s.node(w.into(f), 1)
		case f.kind == 2 && f.number == 10:
			s.local[w.text(f)] = true
		}
		return nil
	})
}

func (s *onnxScan) node(w *wire, depth int) error {
	return w.each(func(f field) error {
		switch {
		case f.kind == 2 && f.number == 7:
			if d := w.text(f); d != "" && !onnxDomains[d] {
				s.custom[d] = true
			}
		case f.kind == 2 && f.number == 4 && (w.text(f) == "PyOp" || w.text(f) == "PythonOp"):
			s.j.note(Malicious, "onnx-python", s.where, "an operator runs Python code", "do not load this model")
		case f.kind == 2 && f.number == 5:
			return s.attribute(w.into(f), depth)
		}
		return nil
	})
}

func (s *onnxScan) attribute(w *wire, depth int) error {
	return w.each(func(f field) error {
		switch {
		case f.kind != 2:
		case f.number == 5 || f.number == 10:
			return s.tensor(w.into(f))
		case f.number == 6 || f.number == 11:
			return s.graph(w.into(f), depth+1)
		}
		return nil
	})
}

// tensor looks at where a tensor's bytes lie (CVE-2022-25882, CVE-2024-27318, CVE-2025-51480).
func (s *onnxScan) tensor(w *wire) error {
	return w.each(func(f field) error {
		if f.kind != 2 || f.number != 13 {
			return nil
		}
		key, value := "", ""
		err := w.into(f).each(func(g field) error {
			switch {
			case g.kind == 2 && g.number == 1:
				key = w.text(g)
			case g.kind == 2 && g.number == 2:
				value = w.text(g)
			}
			return nil
		})
		clean := strings.ReplaceAll(value, `\`, "/")
		if key == "location" && (strings.HasPrefix(clean, "/") || strings.Contains("/"+clean+"/", "/../") || strings.Contains(clean, ":") || strings.Contains(clean, "\x00")) {
			s.j.note(Malicious, "path-traversal", s.where, "a tensor is kept in a file outside of the model's folder", "do not load this model")
		}
		return err
	})
}
