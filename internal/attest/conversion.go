package attest

import "time"

// ConversionType is the type of the predicate Conversion.
const ConversionType = predicateBase + "conversion/v1"

// Conversion says that one model was written in another format or with other numbers: conversion and quantisation. Its subjects
// are all files that came out.
type Conversion struct {
	Origin     `yaml:",inline"`
	Method     string            `json:"method"`              // conversion or quantization
	Converter  Tool              `json:"converter"`           // that did it; empty where an imported file does not tell
	Format     string            `json:"format,omitzero"`     // that came out, such as gguf
	Encoding   string            `json:"encoding,omitzero"`   // of the numbers, such as Q4_K_M
	Parameters map[string]string `json:"parameters,omitzero"` //
	Command    []string          `json:"command,omitzero"`    // with secrets masked
	Started    time.Time         `json:"started,omitzero"`
	Ended      time.Time         `json:"ended,omitzero"`
	Inputs     []Material        `json:"inputs"` // the model, and files such as an importance matrix
	Outputs    []Material        `json:"outputs"`
}

// PredicateType implements Predicate.
func (*Conversion) PredicateType() string { return ConversionType }

// Check implements Predicate.
func (c *Conversion) Check(subjects []Resource) error {
	r := &rules{kind: "conversion"}
	r.origin(&c.Origin)
	r.want(c.Method == "conversion" || c.Method == "quantization", "its method is neither conversion nor quantization")
	r.want(c.Converter.Name != "" || c.Imported != nil, "the tool that converted is not named")
	r.want(len(c.Inputs) > 0, "no input")
	r.want(len(c.Outputs) > 0, "no output")
	r.want(c.Ended.IsZero() || !c.Ended.Before(c.Started), "it ended before it started")
	r.texts(c.Converter.Name, c.Converter.Version, c.Format, c.Encoding)
	r.texts(c.Command...)
	r.list(len(c.Command), "arguments")
	r.table(c.Parameters, "parameters")
	r.materials("inputs", c.Inputs)
	r.made(c.Outputs, subjects)
	return r.err
}
