package gate

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"
)

// roleByExtension is what a file is for by its name.
var roleByExtension = map[string]Role{
	".safetensors": Weights, ".gguf": Weights, ".ggml": Weights, ".pt": Weights, ".pth": Weights, ".ckpt": Weights, ".bin": Weights, ".onnx": Weights, ".h5": Weights,
	".hdf5": Weights, ".keras": Weights, ".pb": Weights, ".pkl": Weights, ".pickle": Weights, ".joblib": Weights, ".dill": Weights, ".npz": Weights, ".npy": Weights, ".tflite": Weights,
	".msgpack": Weights, ".params": Weights, ".llamafile": Weights, ".mlmodel": Weights, ".nemo": Weights, ".mar": Weights, ".engine": Weights, ".model": Config,
	".json": Config, ".yaml": Config, ".yml": Config, ".jinja": Config, ".jinja2": Config, ".tiktoken": Config, ".toml": Config, ".vocab": Config, ".bpe": Config, ".spm": Config,
	".py": Code, ".so": Code, ".dll": Code, ".dylib": Code, ".sh": Code, ".ipynb": Code, ".whl": Code, ".js": Code,
	".md": Text, ".rst": Text, ".txt": Text, ".pdf": Text, ".svg": Text, ".png": Text, ".jpg": Text, ".gitattributes": Text, ".gitignore": Text,
}

// configNames have no extension that tells, or one that misleads.
var configNames = []string{"vocab.txt", "merges.txt", "Modelfile", "tokenizer.model"}

// RoleOf says what a file is for, by its first bytes where they tell, else by its name.
func RoleOf(name string, head []byte, size int64) Role {
	base := path.Base(name)
	switch {
	case looksLikeWeights(head, size):
		return Weights
	case slices.Contains(configNames, base):
		return Config
	}
	r, ok := roleByExtension[strings.ToLower(path.Ext(base))]
	switch {
	case base == "LICENSE" || base == "NOTICE" || base == "LICENCE" || base == "COPYING":
		r = Text
	case !ok:
		return Unknown
	}
	if r == Text && binaryLike(head) {
		return Unknown
	}
	return r
}

// binaryLike reports whether first bytes are no text: control characters, or bytes that are no UTF-8.
func binaryLike(head []byte) bool {
	for i := 0; i < len(head); {
		r, n := utf8.DecodeRune(head[i:])
		if r == utf8.RuneError && n <= 1 && len(head)-i >= utf8.UTFMax || r < ' ' && r != '\t' && r != '\n' && r != '\r' {
			return true
		}
		i += max(n, 1)
	}
	return false
}

// looksLikeWeights knows the formats of weights by their first bytes, whatever their names.
func looksLikeWeights(head []byte, size int64) bool {
	switch {
	case len(head) < 8:
		return false
	case bytes.HasPrefix(head, []byte("GGUF")), bytes.HasPrefix(head, []byte("\x89HDF\r\n\x1a\n")), bytes.HasPrefix(head, []byte("\x93NUMPY")):
		return true
	case head[0] == 0x80 && head[1] >= 2 && head[1] <= 5: // a pickle of protocol 2 to 5
		return true
	case len(head) > 8 && head[8] == '{': // safetensors: the length of a header of JSON
		n := binary.LittleEndian.Uint64(head)
		return n >= 2 && n <= 100_000_000 && int64(n)+8 <= size //nolint:gosec // bounded above
	case bytes.HasPrefix(head, []byte("PK\x03\x04")) && bytes.Contains(head, []byte("data.pkl")):
		return true
	case bytes.HasPrefix(head, []byte("PK\x03\x04")) && bytes.Contains(head, []byte(".npy")):
		return true
	}
	return false
}

// anything are extensions that also stand for many other things: such a file in a repository is taken for weights only
// where its first bytes say so. Inside of a target it is governed all the same.
var anything = []string{".bin", ".pb", ".params", ".msgpack", ".pkl", ".pickle", ".engine", ".mar", ".h5", ".npy", ".npz"}

// Search finds files with weights below a folder that none of the targets covers. skip are globs of paths that are not
// looked at. Files that the policy lists as models of others are left out.
func Search(ctx context.Context, root string, targets, skip []string, p *Policy) ([]string, error) {
	var out []string
	err := filepath.WalkDir(root, func(full string, d fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		rel, relErr := filepath.Rel(root, full)
		if relErr != nil {
			return relErr
		}
		rel = filepath.ToSlash(rel)
		switch {
		case err != nil:
			out = append(out, rel) // what cannot be read may be anything
			if d != nil && d.IsDir() {
				return fs.SkipDir
			}
			return nil
		case rel != "." && slices.ContainsFunc(skip, func(glob string) bool { ok, _ := path.Match(glob, rel); return ok }), d.IsDir() && (d.Name() == ".git" || d.Name() == ".reeve"):
			return skipped(d)
		case slices.ContainsFunc(targets, func(t string) bool { return t == full }):
			return skipped(d)
		case d.IsDir() || !d.Type().IsRegular() && d.Type()&fs.ModeSymlink == 0:
			return nil
		}
		if strange(full, rel, p) {
			out = append(out, rel)
		}
		return nil
	})
	slices.Sort(out)
	return out, err
}

func skipped(d fs.DirEntry) error {
	if d.IsDir() {
		return fs.SkipDir
	}
	return nil
}

// strange reports whether a file holds weights that the policy does not list.
func strange(full, rel string, p *Policy) bool {
	info, err := os.Stat(full)
	if err != nil || !info.Mode().IsRegular() {
		return false // a link that leads nowhere holds nothing
	}
	in, err := os.Open(full)
	if err != nil {
		return RoleOf(rel, nil, 0) == Weights
	}
	head := make([]byte, 64)
	n, _ := io.ReadFull(in, head)
	in.Close()
	if sure := looksLikeWeights(head[:n], info.Size()); info.Size() == 0 || !sure && (RoleOf(rel, head[:n], info.Size()) != Weights || slices.Contains(anything, strings.ToLower(path.Ext(rel)))) {
		return false
	}
	f, _, err := hashFile(full)
	return err != nil || p.other(f.SHA256) == nil
}
