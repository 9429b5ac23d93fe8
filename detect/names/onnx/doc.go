// Package onnx tags names with a token-classification model of the user's own, in ONNX format. It is built only with the
// tag "onnx"; the product does not need it.
//
// The model runs in pure Go, so only a small set of operators is known (see operators in ops.go): enough for classifiers
// over embeddings with dense layers, not for transformers. A model with another operator is refused when it is opened,
// by the operator's name. Whoever needs transformers implements inspect.Tagger over a runtime of their own.
package onnx
