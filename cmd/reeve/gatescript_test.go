package main

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// scriptWeights writes weights FILE WORD: a safetensors file without tensors whose metadata hold the word.
func scriptWeights(ts *testscript.TestScript, _ bool, args []string) {
	header := `{"__metadata__":{"word":"` + args[1] + `"}}`
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	ts.Check(os.MkdirAll(filepath.Dir(ts.MkAbs(args[0])), 0o755))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), append(b, header...), 0o644))
}

// scriptFill puts fill FILE WORD OF: the SHA-256 of the file OF in the place of the word.
func scriptFill(ts *testscript.TestScript, _ bool, args []string) {
	of, err := os.ReadFile(ts.MkAbs(args[2]))
	ts.Check(err)
	sum := sha256.Sum256(of)
	text, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.ReplaceAll(string(text), args[1], hex.EncodeToString(sum[:]))), 0o644))
}
