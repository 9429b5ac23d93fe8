package model

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/reeve-ai/reeve/internal/pickle"
)

// digestName is the SHA-256 that a file's name promises, as in layouts of OCI images (blobs/sha256/<hex>) and of Ollama (sha256-<hex>); "" for none.
func digestName(p string) string {
	p = strings.ReplaceAll(p, `\`, "/")
	base := path.Base(p)
	if hexName, ok := strings.CutPrefix(base, "sha256-"); ok {
		base = hexName
	} else if path.Base(path.Dir(p)) != "sha256" {
		return ""
	}
	if b, err := hex.DecodeString(base); err != nil || len(b) != sha256.Size {
		return ""
	}
	return strings.ToLower(base)
}

func (j *job) digestMismatch(where string) {
	j.note(Invalid, "digest-mismatch", where, "the content is not what the digest in its name promises", "take the file from its source again, and do not trust the one who changed it")
}

// memberDigest holds a member of an archive against the digest in its name.
func (j *job) memberDigest(where, name string, r *io.SectionReader) {
	want := digestName(name)
	if want == "" {
		return
	}
	h := sha256.New()
	if _, err := io.Copy(h, io.NewSectionReader(r, 0, r.Size())); err == nil && hex.EncodeToString(h.Sum(nil)) != want {
		j.digestMismatch(where)
	}
}

// descriptor is what a manifest of OCI says of a blob.
type descriptor struct {
	digest string
	size   int64
}

// blobs holds the descriptors of a manifest or an index against the blobs that lie beside it.
func (j *job) blobs(where string, found []descriptor) {
	root := ""
	switch dir := filepath.Dir(j.r.Path); {
	case where != "" || len(found) == 0:
		return
	case filepath.Base(j.r.Path) == "index.json" && isFile(filepath.Join(dir, "oci-layout")):
		root = filepath.Join(dir, "blobs")
	case filepath.Base(dir) == "sha256" && filepath.Base(filepath.Dir(dir)) == "blobs":
		root = filepath.Dir(dir)
	default:
		return
	}
	for _, d := range found[:min(len(found), 1000)] {
		algorithm, sum, ok := strings.Cut(d.digest, ":")
		if _, err := hex.DecodeString(sum); !ok || err != nil || algorithm != "sha256" && algorithm != "sha512" {
			j.note(Invalid, "oci-digest", where, "a manifest names a digest that is none", "take the image from its source again")
			continue
		}
		info, err := os.Stat(filepath.Join(root, algorithm, sum))
		switch {
		case errors.Is(err, os.ErrNotExist):
			j.note(Review, "oci-blob", where, "a manifest names blobs that are not here", "fetch the whole image, and scan again")
		case err == nil && d.size >= 0 && info.Size() != d.size:
			j.note(Invalid, "oci-blob", where, "a blob has another size than its manifest says", "take the image from its source again")
		}
	}
}

func isFile(p string) bool {
	info, err := os.Stat(p)
	return err == nil && info.Mode().IsRegular()
}

// weightIndex holds an index of weights against the shards beside it: where some are here, all have to be, and hold what the index says.
func (j *job) weightIndex(where string, weights map[string]string) {
	if where != "" || len(weights) == 0 {
		return
	}
	byFile := map[string][]string{}
	for tensor, file := range weights {
		byFile[file] = append(byFile[file], tensor)
	}
	here, missing := []string{}, false
	for file := range byFile {
		switch {
		case leadsOut(file):
		case isFile(filepath.Join(filepath.Dir(j.r.Path), file)):
			here = append(here, file)
		default:
			missing = true
		}
	}
	if len(here) == 0 {
		return
	}
	if missing {
		j.note(Invalid, "weight-index", where, "the weight index names files that are not here, beside others that are", "fetch the whole model, and scan again")
	}
	slices.Sort(here)
	for _, file := range here[:min(len(here), 1000)] {
		names, ok := shardNames(filepath.Join(filepath.Dir(j.r.Path), file))
		if !ok {
			continue
		}
		for _, tensor := range byFile[file] {
			if !names[tensor] {
				j.note(Invalid, "weight-index", where, "the weight index names tensors that the file does not have", "take the model from its source again")
				break
			}
		}
		if len(names) > len(byFile[file]) {
			j.note(Review, "weight-index", where, "a file has tensors that the weight index does not name", "find out what they are")
		}
	}
}

// shardNames are the names of the tensors of a safetensors file.
func shardNames(file string) (map[string]bool, bool) {
	f, err := os.Open(file)
	if err != nil {
		return nil, false
	}
	defer f.Close()
	var h [8]byte
	if _, err := f.ReadAt(h[:], 0); err != nil {
		return nil, false
	}
	n := binary.LittleEndian.Uint64(h[:])
	if n > maxIndexHeader {
		return nil, false
	}
	d := jsontext.NewDecoder(io.NewSectionReader(f, 8, int64(n)))
	if t, err := d.ReadToken(); err != nil || t.Kind() != '{' {
		return nil, false
	}
	names := map[string]bool{}
	for d.PeekKind() == '"' {
		t, err := d.ReadToken()
		if err != nil {
			return nil, false
		}
		if name := t.String(); name != "__metadata__" {
			names[name] = true
		}
		if err := d.SkipValue(); err != nil {
			return nil, false
		}
	}
	return names, true
}

const maxIndexHeader = 16 << 20

// skopsObject judges an object of skops, which names the class that its reader makes (skops/io/_general.py).
func (j *job) skopsObject(where, module, class string) {
	i := &pickle.Import{Module: module, Name: class, Calls: 1}
	if module == "numpy" || module == "scipy.special" || class == "function" || class == "type" { // functions and types are named by their content
		i.Calls = 0
	}
	if strings.HasPrefix(module, "builtins") && (class == "function" || class == "type" || class == "NoneType" || class == "str") {
		return
	}
	switch v, why := j.s.judgeImport(i); v {
	case Malicious:
		j.note(Malicious, "skops-object", where, "the file has its reader make "+quoteName(module, class)+": "+why, "do not load this model")
	case Review:
		j.note(Review, "skops-object", where, "the file names classes that are not known to hold data only", "have their code reviewed and pin the file by its hash")
	}
}
