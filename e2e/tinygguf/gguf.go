// Package tinygguf writes language models that are just big enough for a real runtime to load.
//
// A file of about half a megabyte in the GGUF version 3 format, llama architecture, is enough for Ollama and llama.cpp
// to load, stream, embed and parse tool calls, so the end-to-end suites need no download. Two kinds exist: a model of
// random weights that answers with random words, and one that recites: its weights are set so that a cue at the end of
// the prompt makes it say a given text, token by token, through the runtime's real tokenizer, sampler and parsers.
//
// The same Model always gives the same bytes. Nothing here is meant for use outside tests.
package tinygguf

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
)

// Model describes the file to write. Width, Layers and Seed of zero take the defaults named beside them.
type Model struct {
	Name   string // general.name; default "reeve-tiny"
	Width  int    // embedding length, a multiple of 8; default 64
	Layers int    // default 2
	Seed   uint64 // of the random weights; default 1
	// Template is tokenizer.chat_template, in the Jinja dialect that llama.cpp reads. Ollama takes its own from the
	// create request. Default: "role: content" lines and "assistant: ".
	Template string
	// Scripts make the model recite. Without any it says random words.
	Scripts []Script
	// Without leaves out one metadata key or one tensor by name, to see how a runtime fails.
	Without string
}

// Script is what a reciting model says when the prompt ends with Cue.
type Script struct {
	Cue    byte     // the last byte of the prompt: a digit
	Pieces []string // one token each; a leading space belongs to the piece. No piece may occur twice in a model
}

const (
	heads     = 4
	kvHeads   = 2
	context   = 512
	alignment = 32 // general.alignment is absent, so every tensor starts on 32 bytes
)

// Metadata value types and token types of the format.
const (
	typeU32, typeI32, typeF32, typeString, typeArray = 4, 5, 6, 8, 9
	tokenNormal, tokenUnknown, tokenControl          = 1, 2, 3
	tokenByte                                        = 6
	tensorF32                                        = 0
)

// Write writes the model. It fails when the description is inconsistent or w fails; nothing is written in the first case.
func Write(w io.Writer, m Model) error {
	m = m.withDefaults()
	if err := m.check(); err != nil {
		return err
	}
	vocab, err := newVocabulary(m.Scripts)
	if err != nil {
		return err
	}
	meta := metadata(m, vocab)
	var infos, data bytes.Buffer
	count := uint64(0)
	for _, t := range tensors(m, vocab) {
		if t.name == m.Without {
			continue
		}
		count++
		putTensorInfo(&infos, t, uint64(data.Len()))
		for _, x := range t.values {
			_ = binary.Write(&data, binary.LittleEndian, math.Float32bits(x)) // a bytes.Buffer takes everything
		}
		pad(&data)
	}
	var head bytes.Buffer
	head.WriteString("GGUF")
	put(&head, uint32(3), count, meta.count)
	head.Write(meta.bytes())
	head.Write(infos.Bytes())
	pad(&head)
	if _, err := w.Write(head.Bytes()); err != nil {
		return fmt.Errorf("write gguf: %w", err)
	}
	if _, err := w.Write(data.Bytes()); err != nil {
		return fmt.Errorf("write gguf: %w", err)
	}
	return nil
}

func (m Model) withDefaults() Model {
	if m.Name == "" {
		m.Name = "reeve-tiny"
	}
	if m.Width == 0 {
		m.Width = 64
	}
	if m.Layers == 0 {
		m.Layers = 2
	}
	if m.Seed == 0 {
		m.Seed = 1
	}
	if m.Template == "" {
		m.Template = "{% for m in messages %}{{m.role}}: {{m.content}}\n{% endfor %}assistant: "
	}
	return m
}

func (m Model) check() error {
	if m.Width < 2*heads || m.Width%(2*heads) != 0 {
		return fmt.Errorf("tinygguf: width %d is not a positive multiple of %d", m.Width, 2*heads)
	}
	if m.Layers < 1 {
		return fmt.Errorf("tinygguf: %d layers", m.Layers)
	}
	return nil
}

// put appends fixed-size numbers in the format's byte order.
func put(b *bytes.Buffer, values ...any) {
	for _, v := range values {
		_ = binary.Write(b, binary.LittleEndian, v) // a bytes.Buffer takes everything
	}
}

// putString appends a string as the format spells it: length in 64 bits, then the bytes.
func putString(b *bytes.Buffer, s string) {
	put(b, uint64(len(s)))
	b.WriteString(s)
}

func putTensorInfo(b *bytes.Buffer, t tensor, offset uint64) {
	putString(b, t.name)
	put(b, uint32(len(t.dims)))
	for _, d := range t.dims {
		put(b, uint64(d))
	}
	put(b, uint32(tensorF32), offset)
}

// pad fills up to the next aligned offset.
func pad(b *bytes.Buffer) {
	b.Write(make([]byte, -b.Len()&(alignment-1)))
}
