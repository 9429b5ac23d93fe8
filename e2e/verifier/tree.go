package verifier

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math/bits"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"filippo.io/mldsa"
)

type hash = [32]byte

func sum(b []byte) hash { return sha256.Sum256(b) }

func node(l, r hash) hash { return sum(append(append([]byte{1}, l[:]...), r[:]...)) }

// root is MTH of RFC 6962 §2.1 over leaf hashes, word for word.
func root(d []hash) hash {
	switch len(d) {
	case 0:
		return sum(nil)
	case 1:
		return d[0]
	}
	k := 1 << (bits.Len(uint(len(d)-1)) - 1)
	return node(root(d[:k]), root(d[k:]))
}

// path is PATH of RFC 6962 §2.1.1.
func path(m int, d []hash) []hash {
	if len(d) == 1 {
		return nil
	}
	k := 1 << (bits.Len(uint(len(d)-1)) - 1)
	if m < k {
		return append(path(m, d[:k]), root(d[k:]))
	}
	return append(path(m-k, d[k:]), root(d[:k]))
}

// consistency is SUBPROOF of RFC 6962 §2.1.2 with its last argument.
func consistency(m int, d []hash, whole bool) []hash {
	if m == len(d) {
		if whole {
			return nil
		}
		return []hash{root(d)}
	}
	k := 1 << (bits.Len(uint(len(d)-1)) - 1)
	if m <= k {
		return append(consistency(m, d[:k], whole), root(d[k:]))
	}
	return append(consistency(m-k, d[k:], false), root(d[:k]))
}

// Inclusion is the proof that leaf m stands among leaves with these hashes.
func Inclusion(m int, leaves [][32]byte) [][32]byte { return path(m, leaves) }

// Consistency is the proof that leaves begin with their first m.
func Consistency(m int, leaves [][32]byte) [][32]byte {
	if m == 0 {
		return nil
	}
	return consistency(m, leaves, true)
}

// Root is the root over leaves with these hashes.
func Root(leaves [][32]byte) [32]byte { return root(leaves) }

// peaks are the roots of the perfect subtrees, the largest first.
func peaks(d []hash) []hash {
	var out []hash
	for len(d) > 0 {
		k := 1 << (bits.Len(uint(len(d))) - 1)
		out = append(out, root(d[:k]))
		d = d[k:]
	}
	return out
}

type key struct {
	name string
	id   []byte
	kind byte
	pub  []byte
}

func readKeys(text string) ([]key, error) {
	var out []key
	if !strings.HasSuffix(text, "\n") {
		return nil, errFormat
	}
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		part := strings.Split(line, "+")
		if len(part) < 3 {
			return nil, errFormat
		}
		raw, err := base64.StdEncoding.Strict().DecodeString(strings.Join(part[2:], "+"))
		if err != nil || len(raw) < 2 {
			return nil, errFormat
		}
		k := key{name: part[0], kind: raw[0], pub: raw[1:]}
		id := sum([]byte(k.name + "\n" + string(raw)))
		if k.id = id[:4]; fmt.Sprintf("%x", k.id) != part[1] {
			return nil, errors.New("the id is not that of the key")
		}
		out = append(out, k)
	}
	return out, nil
}

type checkpoint struct {
	origin string
	size   uint64
	root   hash
}

// readCheckpoint reads a checkpoint that all the keys have signed.
func readCheckpoint(text string, keys []key) (c checkpoint, err error) {
	body, sigs, ok := strings.Cut(text, "\n\n")
	lines := strings.Split(body, "\n")
	if !ok || len(lines) != 3 || !strings.HasSuffix(sigs, "\n") {
		return c, errFormat
	}
	c.origin = lines[0]
	if c.size, err = strconv.ParseUint(lines[1], 10, 64); err != nil || strconv.FormatUint(c.size, 10) != lines[1] {
		return c, errFormat
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(raw) != 32 {
		return c, errFormat
	}
	c.root = hash(raw)
	good := 0
	for line := range strings.SplitSeq(strings.TrimSuffix(sigs, "\n"), "\n") {
		word := strings.Split(line, " ")
		if len(word) != 3 || word[0] != "\u2014" {
			return c, errFormat
		}
		sig, err := base64.StdEncoding.Strict().DecodeString(word[2])
		if err != nil || len(sig) < 5 {
			return c, errFormat
		}
		for _, k := range keys {
			if k.name == word[1] && bytes.Equal(k.id, sig[:4]) {
				if !k.signed(&c, body+"\n", sig[4:]) {
					return c, errors.New("a signature is wrong")
				}
				good++
			}
		}
	}
	if good != len(keys) || c.origin != keys[0].name {
		return c, errors.New("a signature is missing, or it is the checkpoint of another log")
	}
	return c, nil
}

func (k *key) signed(c *checkpoint, text string, sig []byte) bool {
	switch {
	case k.kind == 1 && len(k.pub) == 32:
		return ed25519.Verify(k.pub, []byte(text), sig)
	case k.kind == 6 && len(sig) > 8:
		m := append([]byte("subtree/v1\n\x00"), byte(len(k.name)))
		m = append(append(m, k.name...), sig[:8]...)
		m = append(append(m, byte(len(c.origin))), c.origin...)
		m = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(m, 0), c.size)
		pub, err := mldsa.NewPublicKey(mldsa.MLDSA44(), k.pub)
		return err == nil && mldsa.Verify(pub, append(m, c.root[:]...), sig[8:], nil) == nil
	}
	return false
}

var tilePath = regexp.MustCompile(`^tile/(entries|[0-9]|[1-5][0-9]|6[0-3])/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?$`)

// tiles makes every file that should lie below tile/ and compares, and names every other one.
func (v *verifier) tiles() {
	if !v.has || uint64(len(v.leaves)) < v.cp.size {
		return
	}
	want := map[string][]byte{}
	level := v.leaves[:v.cp.size]
	for l := 0; len(level) > 0; l++ {
		var up []hash
		for i := 0; i < len(level); i += 256 {
			w := min(256, len(level)-i)
			name := number(i / 256)
			if w < 256 {
				name += ".p/" + strconv.Itoa(w)
			} else {
				up = append(up, root(level[i:i+256]))
			}
			var raw, entries []byte
			for j, h := range level[i : i+w] {
				raw = append(raw, h[:]...)
				if l == 0 {
					text := v.texts[i+j]
					entries = append(binary.BigEndian.AppendUint16(entries, uint16(len(text))), text...)
				}
			}
			want["tile/"+strconv.Itoa(l)+"/"+name] = raw
			if l == 0 {
				want["tile/entries/"+name] = entries
			}
		}
		level = up
	}
	calm := uint64(len(v.leaves)) == v.cp.size
	_ = filepath.WalkDir(filepath.Join(v.dir, "tile"), func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return nil
		}
		rel, _ := filepath.Rel(v.dir, path)
		raw, is := want[filepath.ToSlash(rel)]
		got, err := os.ReadFile(path)
		delete(want, filepath.ToSlash(rel))
		switch {
		case is && (err != nil || !bytes.Equal(raw, got)):
			v.problem("%s differs from the records", rel)
		case !is && (calm || !tilePath.MatchString(filepath.ToSlash(rel))) && !strings.HasSuffix(rel, ".new"):
			v.problem("%s does not belong to the tree", rel)
		}
		return nil
	})
	for name := range want {
		v.problem("%s is missing", name)
	}
}

// number spells a tile's number in groups of three digits.
func number(n int) string {
	out := fmt.Sprintf("%03d", n%1000)
	for n /= 1000; n > 0; n /= 1000 {
		out = fmt.Sprintf("x%03d/", n%1000) + out
	}
	return out
}
