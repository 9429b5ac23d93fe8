package model_test

import (
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/reeve-ai/reeve/internal/model"
)

// BenchmarkHeader checks the headers of files of 10 GB, which are sparse, with 300 tensors.
func BenchmarkHeader(b *testing.B) {
	const tensors, size = 300, 10_000_000_000
	each := uint64(size/tensors) / 64 * 64
	var entries []string
	gguf := binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64([]byte("GGUF\x03\x00\x00\x00"), tensors), 0)
	for i := range uint64(tensors) {
		name := fmt.Sprintf("layers.%d.weight", i)
		entries = append(entries, fmt.Sprintf(`%q:{"dtype":"F16","shape":[%d],"data_offsets":[%d,%d]}`, name, each/2, i*each, (i+1)*each))
		gguf = append(binary.LittleEndian.AppendUint64(gguf, uint64(len(name))), name...)
		gguf = binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint32(gguf, 1), each/2)
		gguf = binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint32(gguf, 1), i*each)
	}
	header := "{" + strings.Join(entries, ",") + "}"
	safetensors := append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header...)
	open := func(name string, head []byte) *io.SectionReader {
		f, err := os.Create(filepath.Join(b.TempDir(), name))
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { f.Close() })
		total := int64(len(head)+31)/32*32 + int64(each*tensors)
		if name == "m.safetensors" {
			total = int64(len(head)) + int64(each*tensors)
		}
		if _, err := f.Write(head); err != nil {
			b.Fatal(err)
		}
		if err := f.Truncate(total); err != nil {
			b.Fatal(err)
		}
		return io.NewSectionReader(f, 0, total)
	}
	st, gg := open("m.safetensors", safetensors), open("m.gguf", gguf)
	b.Run("safetensors", func(b *testing.B) {
		for b.Loop() {
			if _, err := model.ReadSafetensors(st); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("gguf", func(b *testing.B) {
		for b.Loop() {
			if _, err := model.ReadGGUF(gg); err != nil {
				b.Fatal(err)
			}
		}
	})
}
